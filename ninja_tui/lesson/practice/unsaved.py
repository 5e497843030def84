"""Answers of practice: they are held as long as the app is open, and no file ever has them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from ninja_tui.lesson.answer_file import Version, Written
from ninja_tui.lesson.solutions import SavedAnswer, Solutions


class UnsavedAnswers:
    """Stands where an ``AnswerFile`` stands, and writes nothing: an answer is told to be kept at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lesson = ""
        self._submitted: dict[str, SavedAnswer] = {}
        self._holding = threading.Lock()

    def open(self, lesson: str, walk: Sequence[str]) -> Mapping[str, SavedAnswer]:
        """No answers, whatever the solutions file has."""
        self._lesson = lesson
        return {}

    def read(self) -> tuple[Solutions, Mapping[str, SavedAnswer]]:
        """A file without answers."""
        return Solutions("", str(self.path), self._lesson), {}

    def submit(self, lesson: str, node: str, answer: SavedAnswer, walk: Sequence[str]) -> None:
        """Takes ``answer``."""
        with self._holding:
            self._submitted[node] = answer

    def settle(self, node: str, version: Version) -> None:
        """Nothing: there is no file that another program could change."""

    @property
    def waiting(self) -> Mapping[str, SavedAnswer]:
        """No answer waits for a disk."""
        return {}

    def write(self) -> Written:
        """Tells what was submitted since the last time."""
        with self._holding:
            saved, self._submitted = self._submitted, {}
        return Written(saved)

    def other_program(self) -> int | None:
        """None: there is no file."""
        return None

    def close(self) -> None:
        """Nothing is open."""
