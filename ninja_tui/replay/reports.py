"""What a replay gives: a report a file, in it one a lesson, in it a verdict an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.evaluate.program import Comparison, Course
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.training.events import Trained
from ninja_tui.errors import Excerpt
from ninja_tui.lesson.classify import OwnNetwork
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.program import Program
from ninja_tui.lesson.syntax.fragment import Fragment


@dataclass(frozen=True)
class AnsweredLesson:
    """A lesson with a file's answers to it: what a training starts from. ``read`` gives the answers, as they stand.

    ``lines`` are those of the file; those that belong to other lessons are empty.
    """

    lesson: Lesson
    read: Callable[[], Program]
    options: Options
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class LessonReport:
    """A file's answers to one lesson: a verdict for each answer, and one for each node without any.

    Lines count in the file; in a notebook, whose cells begin at ``starts``, in its cells as one script. ``code`` has
    the statements of each answer, by its node and line. ``stopped`` is the error of answers for which no time was left.
    ``course`` is that of the statements which ``answered`` reads.
    """

    lesson: str
    seed: int | None
    loss: float | None
    torch: str
    total: int
    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...] = ()
    revealed: frozenset[str] = frozenset()
    starts: tuple[int, ...] = ()
    answered: AnsweredLesson | None = None
    stopped: str | None = None
    code: Mapping[tuple[str, int], tuple[Fragment, ...]] = field(default_factory=dict)
    course: Course = field(default_factory=Course)

    def code_of(self, verdict: Verdict) -> tuple[Fragment, ...]:
        """The statements of an answer; nothing for one that is missing."""
        return self.code.get((verdict.node, verdict.line or 0), ())

    def has_judged(self, verdict: Verdict) -> bool:
        """Whether there was time left for an answer."""
        return self.stopped is None or verdict.error != self.stopped

    @property
    def passed(self) -> int:
        """How many nodes pass: with all their answers."""
        return self.total - len({verdict.node for verdict in self.verdicts if not verdict.passed})


@dataclass(frozen=True)
class FileReport:
    """One file. ``error`` says in a sentence why it could not be used; then there are no lessons.

    ``excerpt`` is the code that the error is about, where there is any. ``notes`` say what of it was left out,
    ``unjudged`` counts the lessons that are not judged for that. ``internal``: the error is one of ninja-tui itself.
    ``sha256`` is that of the file, where what is said here would be said of it again.
    """

    path: str
    lessons: tuple[LessonReport, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()
    unjudged: int = 0
    network: OwnNetwork | None = None
    excerpt: Excerpt | None = None
    internal: bool = False
    sha256: str | None = None

    @property
    def status(self) -> Status:
        """Pass where every node of every lesson in it passes."""
        if self.error is not None:
            return Status.ERROR
        judged = self.lessons and not self.unjudged
        complete = judged and all(lesson.passed == lesson.total for lesson in self.lessons)
        return Status.PASS if complete else Status.FAIL


@dataclass(frozen=True)
class TrainingReport:
    """A lesson's network trained on a file's answers, and the names that it invents."""

    lesson: str
    outcome: Trained
    names: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What ``replay`` and ``train`` show."""

    files: tuple[FileReport, ...]
    training: TrainingReport | None = None
