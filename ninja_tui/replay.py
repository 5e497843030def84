"""A solutions file to a Report: every answer in it judged, and a network trained on them, without the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import Comparison, Rerun
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.training.config import Plan, Sources, sources
from ninja_tui.engine.training.trainer import Named, Tell, Told, Trained, Trainer
from ninja_tui.engine.workers.client import WorkerError, start_server
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.notebook.cells import NOTEBOOK
from ninja_tui.lesson.program import Program
from ninja_tui.lesson.read import read_lesson, read_text
from ninja_tui.lesson.solutions import LESSON_MARKER, SavedAnswer, Solutions, read_solutions

if TYPE_CHECKING:
    from ninja_tui.lesson.notebook.discover import Discovery


@dataclass(frozen=True)
class LessonReport:
    """A file's answers to one lesson: a verdict for each answer, and one for each node without any.

    Lines count in the file; in a notebook, whose cells begin at ``starts``, in its cells as one script.
    """

    lesson: str
    seed: int | None
    loss: float
    torch: str
    total: int
    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...] = ()
    revealed: frozenset[str] = frozenset()
    starts: tuple[int, ...] = ()

    @property
    def passed(self) -> int:
        """How many nodes pass: with all their answers."""
        return self.total - len({verdict.node for verdict in self.verdicts if not verdict.passed})


@dataclass(frozen=True)
class FileReport:
    """One file. ``error`` says in a sentence why it could not be used; then there are no lessons.

    ``notes`` say what of it was left out.
    """

    path: str
    lessons: tuple[LessonReport, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Pass where every node of every lesson in it passes."""
        if self.error is not None:
            return Status.ERROR
        complete = self.lessons and all(lesson.passed == lesson.total for lesson in self.lessons)
        return Status.PASS if complete else Status.FAIL


@dataclass(frozen=True)
class TrainingReport:
    """A lesson's network trained on a file's answers, and the names that it invents."""

    lesson: str
    outcome: Trained
    names: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What ``--replay`` found."""

    files: tuple[FileReport, ...]
    training: TrainingReport | None = None


@dataclass(frozen=True)
class Request:
    """What to replay: ``lesson`` is for files that do not name theirs (None: ``names``); ``timeout`` is seconds an
    answer; with ``strict`` a warning is a failure.
    """

    paths: tuple[Path, ...]
    lesson: str | None = None
    options: Options = field(default_factory=Options)
    timeout: float = 10.0
    strict: bool = False

    @property
    def default_lesson(self) -> str:
        """The lesson of what stands before any marker."""
        return self.lesson or DEFAULT_LESSON


DEFAULT_LESSON = "names"
TRAINED = "train"
"""The lesson that is trained of a file with several, unless another is named."""
Progress = Callable[[str], None]
"""Is told, in a few words, what is being waited for."""


def replay(request: Request, progress: Progress = lambda _: None) -> Report:
    """Judges every file of ``request``. A file that cannot be used has an error in its place."""
    start_server()
    benches: dict[str, Workbench] = {}
    try:
        return Report(tuple(_file(path, request, benches, progress) for path in request.paths))
    finally:
        for bench in benches.values():
            bench.close()


def _file(path: Path, request: Request, benches: dict[str, Workbench], progress: Progress) -> FileReport:
    try:
        found = found_in(path, request)
        if found is not None:
            return _found(found, request, progress)
        solutions = read_solutions(path, request.default_lesson)
        reports = []
        _check_answers(path, solutions, request)
        for name in dict.fromkeys(section.lesson for section in solutions.sections()):
            if name not in benches:
                progress(f"starting PyTorch, and the lesson {name}")
                bench = Workbench(read_lesson(name), request.options)
                bench.open()
                benches[name] = bench
            reports.append(_lesson(benches[name], solutions, request, progress))
        return FileReport(str(path), tuple(reports))
    except UsageError as error:
        return FileReport(str(path), error=str(error))


def _check_answers(path: Path, solutions: Solutions, request: Request) -> None:
    """Raises UsageError for a plain script that answers nothing of the lesson it would be judged by."""
    if request.lesson is not None or LESSON_MARKER.search(solutions.text):
        return
    nodes = [node.name for node in read_lesson(request.default_lesson).nodes]
    program = solutions.program(request.default_lesson, nodes)
    if program.steps and not program.answers:
        lesson = f"the lesson `{request.default_lesson}`"
        raise UsageError(f"{path} holds neither a forward pass that ends in a loss nor an answer to {lesson}")


def found_in(path: Path, request: Request) -> Discovery | None:
    """The lessons that a script or notebook brings itself; None for a solutions file.

    Raises UsageError where a notebook cannot be read, or has no forward pass.
    """
    from ninja_tui.lesson.notebook.discover import discover, read_definitions  # only where a file is replayed

    definitions = read_definitions(request.options.setup)
    if path.suffix.lower() == NOTEBOOK:
        return discover(path, definitions)
    if request.lesson is not None or not path.is_file() or LESSON_MARKER.search(read_text(path, "the file")):
        return None
    try:
        found = discover(path, definitions)
    except (UsageError, RecursionError, MemoryError):
        return None
    own = ".backward(" in read_text(path, "the file") or all(each.self_contained for each in found.lessons)
    return found if own else None  # else it is a solutions file, which reads a lesson's names


def _found(found: Discovery, request: Request, progress: Progress) -> FileReport:
    from ninja_tui.lesson.notebook.data_files import served_for

    reports = []
    trouble: list[str] = []
    for each in found.lessons:
        progress(f"starting PyTorch, and {each.lesson.name}")
        served = served_for(each.lesson, request.options.data)
        bench = Workbench(each.lesson, replace(request.options, served=served))
        try:
            bench.open()
            program = each.program.among(bench.facts.shapes)
            reports.append(_judged(bench, program, {}, request, _within(str(found.path), progress)))
        except (UsageError, WorkerError) as error:
            trouble.append(str(error))
        except (Broken, TimedOut):
            trouble.append(f"{each.lesson.name}: a worker process ended while it was judged")
        finally:
            bench.close()
    if not reports:
        return FileReport(str(found.path), error=trouble[0], notes=found.notes)
    return FileReport(str(found.path), tuple(reports), notes=(*found.notes, *trouble))


def _lesson(bench: Workbench, solutions: Solutions, request: Request, progress: Progress) -> LessonReport:
    lesson = bench.lesson
    nodes = [node.name for node in lesson.nodes if node.name in bench.facts.shapes]
    program = solutions.program(lesson.name, nodes)
    saved = solutions.answers(lesson.name, nodes)
    return _judged(bench, program, saved, request, _within(solutions.where, progress))


def _within(where: str, progress: Progress) -> Progress:
    return lambda words: progress(f"{where}: {words}")


def _judged(
    bench: Workbench, program: Program, saved: Mapping[str, SavedAnswer], request: Request, tell: Progress
) -> LessonReport:
    lesson, facts = bench.lesson, bench.facts
    nodes = [node.name for node in lesson.nodes if node.name in facts.shapes]
    rerun = Rerun(bench, program, request.timeout)
    verdicts = rerun.judge_all(lambda node: tell(bench.gradient_name(node)))
    if request.strict:
        verdicts = [replace(each, status=Status.FAIL) if each.warnings else each for each in verdicts]
    answered = {answer.node for answer in program.answers}
    missing = [Verdict(node, Status.MISSING, facts.shapes[node]) for node in lesson.asks if node not in answered]
    order = {node: position for position, node in enumerate(nodes)}
    found = sorted([*verdicts, *missing], key=lambda verdict: (order[verdict.node], verdict.line or 0))
    return LessonReport(
        lesson=lesson.name,
        seed=facts.seed,
        loss=facts.loss,
        torch=facts.torch,
        total=len(answered | set(lesson.asks)),
        verdicts=tuple(found),
        comparisons=tuple(rerun.comparisons),
        revealed=frozenset(node for node, answer in saved.items() if answer.revealed),
        starts=lesson.starts,
    )


Word = Callable[[str], None]


def train(file: FileReport, request: Request, plan: Plan, tell: Tell, warn: Word) -> TrainingReport:
    """Trains a network on the answers of ``file``; ``tell`` hears how it goes, ``warn`` what there is to know before.

    Raises UsageError where it cannot be trained.
    """
    report = _to_train(file, request)
    lesson, program, options = _trainable(Path(file.path), report.lesson, request)
    failing = {verdict.node for verdict in report.verdicts if not verdict.passed}
    origin: Sources = sources(lesson, program, {node: node not in failing for node in lesson.asks}, plan.wrong)
    if origin.word and plan.backward is not plan.backward.AUTOGRAD:
        warn(f"lesson {lesson.name}: {origin.word}")
    if plan.names and lesson.predict is None:
        warn(f"lesson {lesson.name}: it has no cell `predict`, so no names are sampled")
    names: list[str] = []

    def hear(told: Told) -> None:
        if isinstance(told, Named):
            names.append(told.name)
        tell(told)

    trainer = Trainer(lesson, options, hear)
    try:
        (outcome,) = trainer.run(plan, origin)
    finally:
        trainer.close()
    return TrainingReport(lesson.name, outcome, tuple(names))


def _trainable(path: Path, name: str, request: Request) -> tuple[Lesson, Program, Options]:
    found = found_in(path, request)
    if found is None:
        lesson = read_lesson(name)
        nodes = [node.name for node in lesson.nodes]
        return lesson, read_solutions(path, request.default_lesson).program(lesson.name, nodes), request.options
    from ninja_tui.lesson.notebook.data_files import served_for

    each = next(each for each in found.lessons if each.lesson.name == name)
    options = replace(request.options, served=served_for(each.lesson, request.options.data))
    return each.to_answer, each.with_usual_names, options


def _to_train(file: FileReport, request: Request) -> LessonReport:
    by_name = {lesson.lesson: lesson for lesson in file.lessons}
    if request.lesson is not None and request.lesson not in by_name:
        raise UsageError(f"{file.path} holds nothing for the lesson `{request.lesson}`")
    wanted = request.lesson or (TRAINED if TRAINED in by_name else next(iter(by_name)))
    return by_name[wanted]
