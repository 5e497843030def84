"""The name that somebody meant who wrote one that there is not."""

from __future__ import annotations

import builtins
import difflib
from collections.abc import Iterable

ALIKE = 0.66
"""How alike two names are, from 0 to 1, of which one may be meant for the other."""
MOST_MORE = 3
"""Characters that one of them may have more than the other."""


def did_you_mean(error: BaseException, names: Iterable[str]) -> str:
    """``; did you mean `zeros_like`?`` for a name or an attribute that is not there; else nothing.

    Plain names are looked for among ``names`` and Python's own.
    """
    wanted = getattr(error, "name", None)
    if not isinstance(wanted, str) or not isinstance(error, NameError | AttributeError):
        return ""
    try:
        known = [*names, *dir(builtins)] if isinstance(error, NameError) else dir(error.obj)
    except Exception:  # an object of a person's own may answer `dir` with anything
        return ""
    found = closest(wanted, known)
    return f"; did you mean `{found}`?" if found else ""


def closest(wanted: str, known: Iterable[str]) -> str | None:
    """The public name in ``known`` that is most like ``wanted``; none for a gradient that is not there yet."""
    names = set(known)
    if wanted.startswith("d") and wanted[1:].removeprefix("_") in names:
        return None
    near = [
        name for name in sorted(names, key=str)
        if isinstance(name, str) and not name.startswith("_") and abs(len(name) - len(wanted)) <= MOST_MORE
    ]  # fmt: skip
    found = difflib.get_close_matches(wanted, near, 1, ALIKE)
    return found[0] if found else None
