"""A file's answers in the order in which they run, cut where one is complete, each with its verdict."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from ninja_tui.engine.evaluate.program import Course, stays
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.program import Answer, Program, ProgramStatement
from ninja_tui.lesson.solutions import is_mark
from ninja_tui.lesson.syntax.standalone import is_call_of
from ninja_tui.replay import LessonReport
from ninja_tui.report.sentences import sentences_on

DEAD = frozenset({Status.ERROR, Status.TIMEOUT})
COMPARING = "cmp"


@dataclass(frozen=True)
class Piece:
    """The statements up to the one that completes ``answers``; of those that do not run the code is a comment.

    A piece without code, whose one verdict is MISSING, stands for a node that the file does not answer. The last
    piece may complete nothing, and so may one that changes gradients of earlier answers, those of ``damaged``.
    """

    code: str
    verdicts: tuple[Verdict, ...]
    reads: frozenset[str] = frozenset()
    damaged: tuple[Verdict, ...] = ()

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes whose answers are complete."""
        return tuple(verdict.node for verdict in self.verdicts)

    @cached_property
    def compared(self) -> tuple[Verdict, ...]:
        """The verdicts on gradients that are there to be compared."""
        return tuple(each for each in self.verdicts if each.status not in DEAD and each.status is not Status.MISSING)

    @property
    def replaced(self) -> tuple[Verdict, ...]:
        """The verdicts on gradients in whose place what follows gets autograd's."""
        return (*(each for each in self.verdicts if not stays(each)), *self.damaged)


def pieces_of(report: LessonReport) -> tuple[Piece, ...]:
    """All pieces of a file's answers to a lesson, in its order; what is missing stands where the walk has it.

    What is missing and read comes before it is read. Without answers to a lesson there are none.
    """
    if report.answered is None:
        return ()
    program = report.answered.read()
    verdicts = {(verdict.node, verdict.line): verdict for verdict in report.verdicts}
    written = list(_written(program, report.answered.lines, verdicts, report.course))
    walk = {node.name: place for place, node in enumerate(report.answered.lesson.nodes)}
    for missing in _missing(report, program):
        place = walk[missing.node]

        def comes_after(piece: Piece, gradient: str = missing.gradient, place: int = place) -> bool:
            later = bool(piece.nodes) and min(walk[node] for node in piece.nodes) > place
            return gradient in piece.reads or later

        at = next((index for index, piece in enumerate(written) if comes_after(piece)), len(written))
        written.insert(at, Piece("", (missing,)))
    return tuple(written)


def _missing(report: LessonReport, program: Program) -> list[Verdict]:
    """Nodes without an answer: those that the lesson asks for, and others whose gradients the answers read."""
    assert report.answered is not None
    lesson = report.answered.lesson
    asked = {verdict.node: verdict for verdict in report.verdicts if verdict.status is Status.MISSING}
    answered = {answer.node for answer in program.answers}
    read = {name for step in program.steps for name in step.reads}
    found: list[Verdict] = []
    for node in lesson.nodes:
        if node.name in asked:
            found.append(asked[node.name])
        elif node.name not in answered and node.gradient in read:
            found.append(Verdict(node.name, Status.MISSING, (), named=node.gradient))
    return found


def _written(
    program: Program, lines: tuple[str, ...], verdicts: dict[tuple[str, int | None], Verdict], course: Course
) -> Iterator[Piece]:
    """The pieces of what stands in the file."""
    dead, alive = set(course.broken), set[int]()
    for answer in program.answers:
        (dead if _verdict_on(answer, verdicts).status in DEAD else alive).update(answer.steps)
    dead -= alive - course.broken
    ends = {answer.last for answer in program.answers} | course.mended.keys() | {len(program.steps) - 1}
    start = 0
    for end in sorted(ends):
        code = _Code(program.steps, lines)
        parts = [code.of(index, runs=index not in dead) for index in range(start, end + 1)]
        reads = frozenset(itertools.chain.from_iterable(program.steps[index].reads for index in range(start, end + 1)))
        on = tuple(_verdict_on(answer, verdicts) for answer in program.ending_at(end))
        text = "\n".join(filter(None, parts))
        if text or on:
            damaged = tuple(_latest(program, end, gradient, verdicts) for gradient in course.mended.get(end, ()))
            yield Piece(text, on, reads, damaged)
        start = end + 1


def _verdict_on(answer: Answer, verdicts: dict[tuple[str, int | None], Verdict]) -> Verdict:
    blank = Verdict(answer.node, Status.ERROR, (), line=answer.line, named=answer.gradient, error="it was not judged")
    return verdicts.get((answer.node, answer.line), blank)


def _latest(program: Program, step: int, gradient: str, verdicts: dict[tuple[str, int | None], Verdict]) -> Verdict:
    """The verdict on the last answer named ``gradient`` that is complete before ``step``."""
    complete = (answer for answer in program.answers if answer.gradient == gradient and answer.last < step)
    return _verdict_on(max(complete, key=lambda answer: answer.last), verdicts)


class _Code:
    """The text of statements, with the comments above them and behind them."""

    def __init__(self, steps: tuple[ProgramStatement, ...], lines: tuple[str, ...]) -> None:
        self._steps, self._lines = steps, lines

    def of(self, index: int, *, runs: bool) -> str:
        """The statement number ``index``; as a comment where it does not run."""
        step = self._steps[index]
        if is_call_of(step.code, COMPARING):
            return ""
        before = self._steps[index - 1].end_line if index else 0
        after = self._steps[index + 1].line if index + 1 < len(self._steps) else len(self._lines) + 1
        alone = before < step.line and step.end_line < after and step.end_line <= len(self._lines)
        code = "\n".join(self._lines[step.line - 1 : step.end_line]) if alone else step.code
        above = [line for line in self._lines[before : step.line - 1] if line.startswith("#") and not is_mark(line)]
        return "\n".join([*above, code.rstrip() if runs else commented(code)])


def commented(code: str) -> str:
    """Code as comments."""
    return "\n".join(f"# {line}".rstrip() for line in code.split("\n"))


def sentences_of(verdict: Verdict) -> list[str]:
    """The sentences on an answer where what is upstream of it is right, or stands in."""
    return [each for each in sentences_on(verdict) if not (verdict.adrift and each == verdict.note)]


def gradients_of(verdicts: Iterable[Verdict]) -> str:
    """``dprobs, dh``."""
    return ", ".join(verdict.gradient for verdict in verdicts)
