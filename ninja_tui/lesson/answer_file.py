"""The solutions file while it is open: answers wait here until they are on the disk, and what others write is seen."""

from __future__ import annotations

import enum
import io
import logging
import threading
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.solutions import SavedAnswer, Solutions
from ninja_tui.lesson.writing import (
    Presence,
    clear_parts,
    keep_whole,
    locked_folder,
    refuse_read_only,
    target_of,
    write_whole,
)
from ninja_tui.log import trace_of

_log = logging.getLogger(__name__)
NOTHING = SavedAnswer("")


class Version(enum.Enum):
    """Which of two answers to a node is kept: what the app holds, or what the file does."""

    MINE = "mine"
    FILE = "file"


@dataclass(frozen=True)
class Conflict:
    """Two answers to a node: the one to be written, and that of another program, over which it would go."""

    mine: SavedAnswer
    theirs: SavedAnswer


@dataclass(frozen=True)
class Written:
    """What came of writing. Answers in ``saved`` are on the disk; ``problem`` is a sentence why ``waiting`` are not.

    ``changed`` are answers that another program has written, or taken away.
    """

    saved: Mapping[str, SavedAnswer] = field(default_factory=dict)
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    changed: Mapping[str, SavedAnswer] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()
    problem: str = ""


class AnswerFile:
    """One lesson's answers in a file that others may write too. Its methods may be called from any thread.

    An answer is written over what the file then holds. What others did to other nodes stays; the same node, changed by
    another program since it was last read, is a conflict, until ``settle`` says which is kept. A file that is gone or
    empty is written as it was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._presence: Presence | None = None
        self._lesson, self._walk = "", tuple[str, ...]()
        self._text = ""
        self._foreign: dict[str, SavedAnswer] = {}
        self._waiting: dict[str, SavedAnswer] = {}
        self._holding = threading.Lock()
        self._file = threading.Lock()

    def open(self, lesson: str, walk: Sequence[str]) -> Mapping[str, SavedAnswer]:
        """The answers of ``lesson`` by node; ``walk`` are its nodes. Raises UsageError."""
        with self._file:
            self._lesson, self._walk = lesson, tuple(walk)
            try:
                with locked_folder(target_of(self.path)):
                    clear_parts(target_of(self.path))
            except OSError:
                pass  # what cannot be written may be read
            solutions = self._read()
            self._text = solutions.text
            return solutions.answers(lesson, walk)

    def read(self) -> tuple[Solutions, Mapping[str, SavedAnswer]]:
        """The file as it is now, and the answers that another program has changed. Raises UsageError."""
        with self._file:
            solutions = self._read()
            return solutions, self._look(solutions)

    def submit(self, lesson: str, node: str, answer: SavedAnswer, walk: Sequence[str]) -> None:
        """Has ``answer`` wait to be written; without code it is a mark at what the file holds."""
        with self._holding:
            if not self._lesson:
                self._lesson, self._walk = lesson, tuple(walk)
            before = self._waiting.get(node, NOTHING)
            self._waiting[node] = replace(answer, code=answer.code or before.code)

    def settle(self, node: str, version: Version) -> None:
        """The answer of another program to ``node`` is gone over, or taken over."""
        with self._holding:
            self._foreign.pop(node, None)
            if version is Version.FILE:
                self._waiting.pop(node, None)

    @property
    def waiting(self) -> dict[str, SavedAnswer]:
        """Answers that are not on the disk."""
        with self._holding:
            return dict(self._waiting)

    def write(self) -> Written:
        """Writes all that waits."""
        waiting = self.waiting
        if not waiting:
            return Written()
        try:
            return self._write(waiting)
        except Exception as error:
            _log.error("%s", trace_of(error))
        each = [self._written_alone(node, answer) for node, answer in waiting.items()]  # one is what it is about
        return Written(
            {node: answer for one in each for node, answer in one.saved.items()},
            {node: conflict for one in each for node, conflict in one.conflicts.items()},
            {node: answer for one in each for node, answer in one.changed.items()},
            tuple(node for one in each for node in one.waiting),
            next((one.problem for one in each if one.problem), ""),
        )

    def _written_alone(self, node: str, answer: SavedAnswer) -> Written:
        """What came of writing one answer, whatever it is that goes wrong."""
        try:
            return self._write({node: answer})
        except UnicodeError:
            reason = "its encoding does not have all characters of the answer"
        except Exception as error:
            reason = f"{type(error).__name__} in ninja-tui itself"
        return Written(waiting=(node,), problem=f"{self.path} cannot be written: {reason}")

    def _write(self, waiting: Mapping[str, SavedAnswer]) -> Written:
        """What came of writing; raises what is no fault of the file."""
        with self._file:
            try:
                target = target_of(self.path)
                with locked_folder(target):
                    return self._merge(target, waiting)
            except UsageError as error:
                problem = str(error)
            except FileNotFoundError:
                problem = f"{self.path} cannot be written: its folder does not exist"
            except OSError as error:
                problem = f"{self.path} cannot be written: {error.strerror or error}"
            return Written(waiting=tuple(waiting), problem=problem)

    def _merge(self, target: Path, waiting: Mapping[str, SavedAnswer]) -> Written:
        refuse_read_only(target)
        raw = target.read_bytes() if target.exists() else b""
        solutions = self._read()
        changed = self._look(solutions)
        conflicts, saved = self._conflicts(waiting), dict[str, SavedAnswer]()
        held = solutions.answers(self._lesson, self._walk)
        before = solutions.text
        for node in [each for each in waiting if each not in conflicts]:
            saved[node] = _merged(waiting[node], held.get(node, NOTHING))
            if saved[node] != held.get(node):
                solutions = solutions.with_answer(self._lesson, node, saved[node], self._walk)
        if solutions.text != before or (saved and not raw):
            write_whole(target, _encoded(solutions.text, raw))
        elif saved:
            keep_whole(target)
        self._text = solutions.text
        with self._holding:
            for node in saved:
                if self._waiting.get(node) == waiting[node]:
                    del self._waiting[node]
                if waiting[node].code:
                    self._foreign.pop(node, None)
        return Written(saved, conflicts, changed)

    def _conflicts(self, waiting: Mapping[str, SavedAnswer]) -> dict[str, Conflict]:
        conflicts = {}
        with self._holding:
            for node, mine in waiting.items():
                theirs = self._foreign.get(node)
                if theirs is not None and mine.code and theirs.code != mine.code:
                    conflicts[node] = Conflict(mine, theirs)
        return conflicts

    def _look(self, solutions: Solutions) -> Mapping[str, SavedAnswer]:
        """What another program has changed since the file was last seen; its answers are not written over unasked."""
        if solutions.text == self._text:
            return {}
        was = Solutions(self._text, str(self.path), self._lesson).answers(self._lesson, self._walk)
        now = solutions.answers(self._lesson, self._walk)
        changed = {node: now.get(node, NOTHING) for node in self._walk if was.get(node) != now.get(node)}
        with self._holding:
            for node, theirs in changed.items():
                if not theirs.code:
                    self._foreign.pop(node, None)
                elif node not in was or theirs.code != was[node].code:
                    self._foreign[node] = theirs
        self._text = solutions.text
        return changed

    def _read(self) -> Solutions:
        """The file; as it was last seen where there is none any more, or nothing in it."""
        text = read_text(self.path, "the solutions file") if self.path.exists() else ""
        return Solutions(text if text.strip() else self._text, str(self.path), self._lesson)

    def other_program(self) -> int | None:
        """The process id of another app that has the file open; None where there is none."""
        if self._presence is None:
            self._presence = Presence(target_of(self.path))
        return self._presence.other()

    def close(self) -> None:
        """Others may have the file for themselves."""
        if self._presence is not None:
            self._presence.close()


def _merged(answer: SavedAnswer, held: SavedAnswer) -> SavedAnswer:
    """``answer`` over ``held``: what was shown once was shown."""
    return SavedAnswer(answer.code or held.code, answer.revealed or held.revealed, max(answer.hints, held.hints))


def _encoded(text: str, before: bytes) -> bytes:
    """``text`` in the encoding and with the line breaks that the file has. Raises UnicodeError."""
    encoding = "utf-8"
    if before:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(before).readline)
            before.decode(encoding)
        except (SyntaxError, LookupError, UnicodeError):  # then it was read as UTF-8
            encoding = "utf-8"
    if before.count(b"\r\n") > before.count(b"\n") // 2:
        text = text.replace("\n", "\r\n")
    return text.encode(encoding)
