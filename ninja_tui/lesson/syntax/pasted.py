"""Code that somebody copied from elsewhere, made Python again, and put where it belongs in an answer."""

from __future__ import annotations

import ast
import re
import textwrap

from ninja_tui.lesson.syntax.fragment import parsed

BLANKS = str.maketrans({"\u00a0": " ", "\u200b": None, "\ufeff": None, "\f": " "})
"""What looks like a space, or like nothing, and is no Python."""
_PROMPT = re.compile(r"\s*(?:>>>|In \[\d+\]:)(?: |$)")
_GOES_ON = re.compile(r"\s*\.\.\.:?(?: |$)")
_BINDS = re.compile(r"\w+\s*(?:[-+*/@]|//|\*\*)?=(?!=)")


def mended(text: str) -> str:
    """``text`` without the marks of a Python prompt and what it answered, fences, and an indentation of all lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(BLANKS).split("\n")
    if any(_PROMPT.match(line) for line in lines):
        lines = [line for line in lines if _PROMPT.match(line) or _GOES_ON.match(line)]
        lines = [(_GOES_ON if _GOES_ON.match(line) else _PROMPT).sub("", line, count=1) for line in lines]
    lines = [line for line in lines if not line.lstrip().startswith("```")]
    code = _dedented("\n".join(lines)).lstrip("\n")
    ends_block = code.endswith("\n") and code.rstrip().rpartition("\n")[2].startswith(" ")
    return code.rstrip() + ("\n" if ends_block else "")


def _dedented(code: str) -> str:
    """Without the indentation that all lines have, or all but the first, from which on it was copied."""
    code = textwrap.dedent(code)
    first, break_, rest = code.partition("\n")
    if not break_ or parsed(code) is not None:
        return code
    other = f"{first}\n{textwrap.dedent(rest)}"
    return other if parsed(other) is not None else code


def pasted(before: str, after: str, text: str, gradient: str) -> tuple[str, str]:
    """An answer's code up to the cursor and behind it, once ``text`` is pasted between ``before`` and ``after``.

    Where nothing stands there but ``d<node> =``, what binds a name itself takes its place.
    """
    begun = before.strip() in ("", f"{gradient} =") and not after.strip()
    if not begun and "\n" not in text.strip("\r\n").replace("\r", "\n"):
        return before + text.strip("\r\n").translate(BLANKS), after
    code = mended(text)
    if begun and _stands_alone(code):
        return code, after
    margin = before.rpartition("\n")[2]
    if margin and not margin.strip():
        code = textwrap.indent(code, margin).removeprefix(margin)
    return before + code, after


def _stands_alone(code: str) -> bool:
    """Whether it does not begin with an expression, which would go behind ``=``."""
    tree = parsed(code)
    if tree is None or code.startswith("#"):
        return code.startswith("#") or _BINDS.match(code) is not None
    return bool(tree.body) and not isinstance(tree.body[0], ast.Expr)
