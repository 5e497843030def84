"""What is kept from one session to the next: the settings, read from a TOML file."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from platformdirs import user_config_path

from ninja_tui.engine.protocol.verdict import Upstream
from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.files import exists, read_bytes

UPSTREAMS = {each.name.lower(): each for each in Upstream}
"""The choices of upstream gradients, as the file names them."""
Value = TypeVar("Value")
LARGEST_FILE = 1_000_000
"""Bytes of the file."""
LARGEST = 999
"""The most columns or rows that a pane may be given."""


@dataclass(frozen=True)
class Settings:
    """What a person has chosen.

    An empty ``theme`` leaves it to the terminal. ``questions`` is whether the walk forward asks for a shape before it
    shows the tensor; ``other_sizes`` is whether practice changes the sizes of a lesson. ``sizes`` has columns or rows
    by pane, ``keys`` the keys of commands by name, as ``f8,ctrl+n``.
    """

    theme: str = ""
    upstream: Upstream = Upstream.PASSING
    pane: str = ""
    questions: bool = True
    other_sizes: bool = False
    sizes: Mapping[str, int] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


DEFAULTS = Settings()


@dataclass(frozen=True)
class Known:
    """The names that settings may have as values."""

    themes: Collection[str]
    panes: Collection[str]


@dataclass(frozen=True)
class Reading:
    """The settings of a file, and a sentence on each thing in it that is not used.

    A file that is not ``usable`` is not to be written either.
    """

    settings: Settings = DEFAULTS
    problems: tuple[str, ...] = ()
    usable: bool = True


def config_path() -> Path:
    """The file of the settings; ``NINJA_TUI_CONFIG`` names another one."""
    path = os.environ.get("NINJA_TUI_CONFIG")
    return Path(path) if path else user_config_path("ninja-tui", appauthor=False) / "config.toml"


def read_settings(path: Path, known: Known) -> Reading:
    """What the file says, the defaults where it says nothing or nothing that can be used. Raises nothing."""
    try:
        if str(path) == os.devnull or not exists(path):
            return Reading()
        text = read_bytes(path, "the file", LARGEST_FILE).decode("utf-8")
    except UsageError as error:
        return _unusable(str(error).removeprefix(f"the file {path} "))
    except UnicodeDecodeError:
        return _unusable("is not UTF-8")
    import tomllib  # only where there is a file: it takes milliseconds to load

    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # of a number of too many digits, too
        return _unusable(f"is not TOML: {one_line(str(error))}")
    return _settings(table, known)


def _unusable(reason: str) -> Reading:
    problem = f"the file {reason}; the defaults hold, and nothing is kept until it is mended"
    return Reading(DEFAULTS, (problem,), usable=False)


def _settings(table: Mapping[str, object], known: Known) -> Reading:
    problems: list[str] = []

    def read(name: str, check: Callable[[object], Value], default: Value) -> Value:
        if name not in table:
            return default
        try:
            return check(table[name])
        except ValueError as error:
            problems.append(f"{name}: {error}")
            return default

    problems += [unknown("setting", name, SETTINGS) for name in table if name not in SETTINGS]
    settings = Settings(
        theme=read("theme", lambda value: _one_of(value, ("", *known.themes)), DEFAULTS.theme),
        upstream=read("upstream", lambda value: UPSTREAMS[_one_of(value, UPSTREAMS)], DEFAULTS.upstream),
        pane=read("pane", lambda value: _one_of(value, ("", *known.panes)), DEFAULTS.pane),
        questions=read("questions", _truth, DEFAULTS.questions),
        other_sizes=read("other_sizes", _truth, DEFAULTS.other_sizes),
        sizes=read("sizes", _sizes, DEFAULTS.sizes),
        keys=read("keys", _keys, DEFAULTS.keys),
    )
    return Reading(settings, tuple(problems))


SETTINGS = tuple(DEFAULTS.__dataclass_fields__)


def unknown(kind: str, name: str, names: Collection[str]) -> str:
    """A sentence on a name that is none, with the nearest that is."""
    near = difflib.get_close_matches(name, names, 1)
    return f"there is no {kind} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def _one_of(value: object, names: Collection[str]) -> str:
    if isinstance(value, str) and value in names:
        return value
    near = difflib.get_close_matches(str(value), names, 1)
    guess = f"did you mean {near[0]!r}?" if near else f"it is one of {', '.join(name for name in names if name)}"
    raise ValueError(f"there is no {value!r}; {guess}")


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _sizes(value: object) -> dict[str, int]:
    sizes = _table(value)
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= LARGEST:
            raise ValueError(f"{name} = {size!r} is not a whole number between 1 and {LARGEST}")
    return cast(dict[str, int], sizes)


def _keys(value: object) -> dict[str, str]:
    keys = _table(value)
    for name, key in keys.items():
        if not isinstance(key, str):
            raise ValueError(f"{name} = {key!r} is no text, such as 'f8,ctrl+n'")
    return cast(dict[str, str], keys)


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is no table")
    return value
