"""Submitted code, across sessions: one JSON object a line in the user's state directory."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from platformdirs import user_state_path

from ninja_tui.lesson.syntax.completeness import Completeness, binds, completeness

MOST = 2000


def history_path() -> Path:
    """The file of the history; ``NINJA_TUI_HISTORY`` names another one."""
    path = os.environ.get("NINJA_TUI_HISTORY")
    return Path(path) if path else user_state_path("ninja-tui", appauthor=False) / "history.jsonl"


@dataclass(frozen=True)
class Place:
    """Where code was submitted: a lesson, and its node. Both are empty in a file of before there were places."""

    lesson: str = ""
    node: str = ""


@dataclass(frozen=True)
class Entry:
    """What was submitted there."""

    code: str
    place: Place = Place()


class History:
    """What was submitted for a node, from oldest to newest, and the current entry.

    Without a usable file, it holds this session's entries.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read(path)
        self._place = Place()
        self._codes: list[str] = []
        self._at = 0
        self._draft = ""

    def go(self, place: Place, gradient: str) -> None:
        """From here on the entries are those of ``place``; of those without a place the ones that bind its gradient."""
        self._place = place
        self._codes = [each.code for each in self._entries if _belongs(each, place, gradient)]
        self._at = len(self._codes)

    def add(self, code: str) -> None:
        """Appends an entry, unless it repeats the last one here; the next step back goes to it."""
        if code and self._codes[-1:] != [code]:
            self._codes.append(code)
            self._entries.append(Entry(code, self._place))
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps({"code": code, **asdict(self._place)}) + "\n")
            except OSError:
                pass  # a read-only home costs the history, nothing else
        self._at = len(self._codes)

    def step(self, by: int, current: str) -> str | None:
        """The entry before or after the current one; None at either end. ``current`` itself is the newest of all."""
        if self._at == len(self._codes):
            self._draft = current
        at = self._at + by
        if not 0 <= at <= len(self._codes):
            return None
        self._at = at
        return self._draft if at == len(self._codes) else self._codes[at]


def _belongs(entry: Entry, place: Place, gradient: str) -> bool:
    if entry.place != Place():
        return entry.place == place
    complete = gradient in entry.code and completeness(entry.code)[0] is Completeness.COMPLETE
    return complete and binds(entry.code, gradient)


def _read(path: Path) -> list[Entry]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[-MOST:]
    except (OSError, UnicodeDecodeError):
        return []
    return [entry for line in lines if (entry := _entry(line)) is not None]


def _entry(line: str) -> Entry | None:
    """What a line holds: an object, or only its code, as they were before there were places."""
    try:
        read = json.loads(line)
    except ValueError:
        return None
    match read:
        case str():
            return Entry(read)
        case {"code": str(code), "lesson": str(lesson), "node": str(node)}:
            return Entry(code, Place(lesson, node))
    return None
