"""Submitted code, across sessions: one JSON string a line in the user's state directory."""

from __future__ import annotations

import json
import os
from pathlib import Path

from platformdirs import user_state_path

MOST = 500


def history_path() -> Path:
    """The file of the history; ``NINJA_TUI_HISTORY`` names another one."""
    path = os.environ.get("NINJA_TUI_HISTORY")
    return Path(path) if path else user_state_path("ninja-tui", appauthor=False) / "history.jsonl"


class History:
    """Entries from oldest to newest, and the current one. Without a usable file, it holds this session's entries."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries = _read(path)
        self._at = len(self._entries)
        self._draft = ""

    def add(self, code: str) -> None:
        """Appends an entry, unless it repeats the last; the next step back goes to it."""
        if code and self._entries[-1:] != [code]:
            self._entries.append(code)
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(code) + "\n")
            except OSError:
                pass  # a read-only home costs the history, nothing else
        self._at = len(self._entries)

    def step(self, by: int, current: str) -> str | None:
        """The entry before or after the current one; None at either end. ``current`` itself is the newest of all."""
        if self._at == len(self._entries):
            self._draft = current
        at = self._at + by
        if not 0 <= at <= len(self._entries):
            return None
        self._at = at
        return self._draft if at == len(self._entries) else self._entries[at]


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[-MOST:]
    except (OSError, UnicodeDecodeError):
        return []
    entries = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, str):
            entries.append(entry)
    return entries
