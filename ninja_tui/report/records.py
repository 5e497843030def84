"""What a report says of a file, as data: what JSON holds, and what all other forms are made of.

A record is small and whole: it needs neither the file nor what was judged, and can be read back.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from ninja_tui.engine.protocol.difference import Difference
from ninja_tui.engine.protocol.verdict import Diagnosis, Status, Verdict
from ninja_tui.errors import Excerpt
from ninja_tui.formatting import visible
from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.replay import FileReport, LessonReport
from ninja_tui.report.caret import meant
from ninja_tui.report.sentences import sentences_on

LONGEST_LINE = 1000
"""Characters of a line of code."""
Number = float | str | None
"""A number, ``nan`` or ``inf``."""


@dataclass(frozen=True)
class NodeRecord:
    """One answer, or a node without any. ``line`` counts in the file, or in the ``cell`` of a notebook.

    It is where the answer begins; in a notebook, where ``code`` may stand in another cell, it is where that does.

    ``sentences`` is what there is to say on it, and ``code`` the lines of it that this is about. ``difference`` is no
    part of a report in JSON.
    """

    node: str
    gradient: str
    line: int | None
    status: Status
    shape: tuple[int, ...] | None
    expected_shape: tuple[int, ...]
    exact: bool
    approximate: bool
    maxdiff: Number
    relative: Number
    warnings: tuple[str, ...]
    diagnosis: Diagnosis | None
    error: str | None
    cell: int | None = None
    revealed: bool = False
    sentences: tuple[str, ...] = ()
    code: tuple[Excerpt, ...] = ()
    difference: Difference | None = None


@dataclass(frozen=True)
class LessonRecord:
    """A file's answers to one lesson."""

    lesson: str
    seed: int | None
    loss: Number
    passed: int
    total: int
    nodes: tuple[NodeRecord, ...]

    def by_node(self) -> dict[str, list[NodeRecord]]:
        """The answers of each node, in the order of the walk."""
        found: dict[str, list[NodeRecord]] = {}
        for node in self.nodes:
            found.setdefault(node.node, []).append(node)
        return found


@dataclass(frozen=True)
class FileRecord:
    """One file; ``error`` says why it could not be used. ``torch`` is the version that judged it."""

    path: str
    status: Status
    error: str | None
    lessons: tuple[LessonRecord, ...]
    notes: tuple[str, ...] = ()
    internal: bool = False
    sha256: str | None = None
    torch: str | None = None


@dataclass
class Tally:
    """What all files of a run come to."""

    files: int = 0
    lessons: int = 0
    passed: int = 0
    total: int = 0
    internal: int = 0
    torch: str | None = None
    by_status: dict[Status, int] = field(default_factory=dict)

    def add(self, record: FileRecord) -> None:
        """Counts one more file."""
        self.files += 1
        self.lessons += len(record.lessons)
        self.passed += sum(lesson.passed for lesson in record.lessons)
        self.total += sum(lesson.total for lesson in record.lessons)
        self.internal += record.internal
        self.torch = self.torch or record.torch
        self.by_status[record.status] = self.by_status.get(record.status, 0) + 1

    @staticmethod
    def of(records: Iterable[FileRecord]) -> Tally:
        """All of them counted."""
        tally = Tally()
        for record in records:
            tally.add(record)
        return tally


def record_of(file: FileReport) -> FileRecord:
    """What is told of a file."""
    return FileRecord(
        path=file.path,
        status=file.status,
        error=file.error,
        lessons=tuple(map(_lesson, file.lessons)),
        notes=file.notes,
        internal=file.internal,
        sha256=file.sha256,
        torch=next((lesson.torch for lesson in file.lessons), None),
    )


def _lesson(lesson: LessonReport) -> LessonRecord:
    return LessonRecord(
        lesson=lesson.lesson,
        seed=lesson.seed,
        loss=number(lesson.loss),
        passed=lesson.passed,
        total=lesson.total,
        nodes=tuple(_node(verdict, lesson) for verdict in lesson.verdicts),
    )


def _node(verdict: Verdict, lesson: LessonReport) -> NodeRecord:
    code = _meant(verdict, lesson)
    cell, line = place_of(verdict, lesson)
    return NodeRecord(
        node=verdict.node,
        gradient=verdict.gradient,
        line=line,
        status=verdict.status,
        shape=verdict.shape,
        expected_shape=verdict.expected_shape,
        exact=verdict.exact,
        approximate=verdict.approximate,
        maxdiff=number(verdict.maxdiff),
        relative=number(verdict.relative),
        warnings=tuple(map(str, verdict.warnings)),
        diagnosis=verdict.diagnosis,
        error=verdict.error,
        cell=cell,
        revealed=verdict.node in lesson.revealed,
        sentences=tuple(sentences_on(verdict)),
        code=tuple(_excerpt(each, lesson) for each in code),
        difference=verdict.difference,
    )


def place_of(verdict: Verdict, lesson: LessonReport) -> tuple[int | None, int | None]:
    """The cell, and the line in it, of an answer: of what of its code is shown, or of its beginning.

    A file without cells has no first, and what stands nowhere no second.
    """
    if verdict.line is None or not lesson.starts:
        return None, verdict.line
    code = _meant(verdict, lesson)
    return cell_and_line(code[0].line if code else verdict.line, lesson.starts)


def _meant(verdict: Verdict, lesson: LessonReport) -> list[Excerpt]:
    """The lines that an answer which does not pass is about."""
    if verdict.passed or not lesson.has_judged(verdict):
        return []
    return meant(lesson.code_of(verdict), verdict)


def _excerpt(excerpt: Excerpt, lesson: LessonReport) -> Excerpt:
    _, line = cell_and_line(excerpt.line, lesson.starts)
    end = min(excerpt.end, LONGEST_LINE)
    return Excerpt(line, visible(excerpt.code[:LONGEST_LINE]), min(excerpt.start, end), end)


def number(value: float | None) -> Number:
    """``value``, which JSON cannot hold where it is not finite."""
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf"
