"""A solutions file to a Report: every answer in it judged, and a network trained on them, without the app."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.own_file import OwnFileJudge
from ninja_tui.engine.evaluate.program import Comparison, ProgramJudge
from ninja_tui.engine.failures import sentence_for
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.training.config import Plan, Sources, sources
from ninja_tui.engine.training.events import Listener, NameSampled, Trained, TrainingEvent
from ninja_tui.engine.training.trainer import Trainer
from ninja_tui.engine.workers.client import WorkerError, start_server
from ninja_tui.errors import Excerpt, UsageError
from ninja_tui.lesson.classify import OwnNetwork, PercentLesson, SolutionsFile, classify
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.program import Program
from ninja_tui.lesson.read import read_lesson, read_text
from ninja_tui.lesson.solutions import LESSON_MARKER, SavedAnswer, Solutions
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.words import EVERY_LIST, word_list_text

if TYPE_CHECKING:
    from ninja_tui.lesson.notebook.discover import Definitions


@dataclass(frozen=True)
class AnsweredLesson:
    """A lesson with a file's answers to it, as they were read: what a training starts from."""

    lesson: Lesson
    program: Program
    options: Options


@dataclass(frozen=True)
class LessonReport:
    """A file's answers to one lesson: a verdict for each answer, and one for each node without any.

    Lines count in the file; in a notebook, whose cells begin at ``starts``, in its cells as one script. ``code`` has
    the statements of each answer, by its node and line.
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
    answered: AnsweredLesson | None = None
    code: Mapping[tuple[str, int], tuple[Fragment, ...]] = field(default_factory=dict)

    def code_of(self, verdict: Verdict) -> tuple[Fragment, ...]:
        """The statements of an answer; nothing for one that is missing."""
        return self.code.get((verdict.node, verdict.line or 0), ())

    @property
    def passed(self) -> int:
        """How many nodes pass: with all their answers."""
        return self.total - len({verdict.node for verdict in self.verdicts if not verdict.passed})


@dataclass(frozen=True)
class FileReport:
    """One file. ``error`` says in a sentence why it could not be used; then there are no lessons.

    ``excerpt`` is the code that the error is about, where there is any. ``notes`` say what of it was left out,
    ``unjudged`` counts the lessons that are not judged for that.
    """

    path: str
    lessons: tuple[LessonReport, ...] = ()
    error: str | None = None
    notes: tuple[str, ...] = ()
    unjudged: int = 0
    network: OwnNetwork | None = None
    excerpt: Excerpt | None = None

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
    """What ``--replay`` shows."""

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
"""Is called with a few words on what is being waited for."""


def replay(request: Request, progress: Progress = lambda _: None) -> Report:
    """Judges every file of ``request``. A file that cannot be used has an error in its place.

    Raises UsageError where the set-up file cannot be used.
    """
    from ninja_tui.lesson.notebook.discover import read_definitions  # only where a file is replayed

    setup = request.options.setup
    definitions = None if setup is None else read_definitions(setup)
    start_server()
    benches: dict[str, Workbench] = {}
    try:
        return Report(tuple(_file(path, request, definitions, benches, progress) for path in request.paths))
    finally:
        for bench in benches.values():
            bench.close()


def _file(
    path: Path, request: Request, definitions: Definitions | None, benches: dict[str, Workbench], progress: Progress
) -> FileReport:
    try:
        kind = to_judge(path, request.lesson, definitions)
        if isinstance(kind, OwnNetwork):
            return _own(path, kind, request, progress)
        return _solutions(kind, request, benches, progress)
    except UsageError as error:
        return FileReport(str(path), error=str(error), excerpt=error.excerpt)


def to_judge(path: Path, lesson: str | None, definitions: Definitions | None) -> OwnNetwork | SolutionsFile:
    """What is judged of ``path``: its network, or its answers, to ``lesson`` if that is named.

    Raises UsageError where it cannot be read, or is a notebook without a forward pass.
    """
    from ninja_tui.lesson.notebook.cells import is_notebook

    if path.is_dir() or (lesson is not None and not is_notebook(path)):
        return SolutionsFile(path, read_text(path, "the solutions file"))
    match classify(path, definitions):
        case OwnNetwork() | SolutionsFile() as kind:
            return kind
        case PercentLesson(source):
            return OwnNetwork(source, definitions)
    raise UsageError(f"{path} holds no answers")


def _solutions(file: SolutionsFile, request: Request, benches: dict[str, Workbench], progress: Progress) -> FileReport:
    solutions = Solutions(file.text, str(file.path), request.default_lesson)
    _check_answers(solutions, request)
    options = _with_word_list(request.options)
    reports: list[LessonReport] = []
    failures: list[str] = []
    for name in dict.fromkeys(section.lesson for section in solutions.sections()):
        try:
            if name not in benches:
                progress(f"starting PyTorch, and the lesson {name}")
                benches[name] = _opened(read_lesson(name), options)
            report = _lesson(benches[name], solutions, request, progress)
            lesson = benches[name].lesson
            program = solutions.program(name, [node.name for node in lesson.nodes])
            reports.append(replace(report, answered=AnsweredLesson(lesson, program, options)))
        except (WorkerError, Broken, TimedOut) as error:
            failures.append(sentence_for(error, name))
            if name in benches:
                benches.pop(name).close()
    return _report(file.path, reports, failures)


def _opened(lesson: Lesson, options: Options) -> Workbench:
    bench = Workbench(lesson, options)
    try:
        bench.open()
    except BaseException:
        bench.close()
        raise
    return bench


def _with_word_list(options: Options) -> Options:
    """The options for lessons that read word lists: ``data`` stands for whichever they read."""
    if options.data is None:
        return options
    return replace(options, served=((EVERY_LIST, word_list_text(options.data)),))


def _check_answers(solutions: Solutions, request: Request) -> None:
    """Raises UsageError for a plain script that answers nothing of the lesson it would be judged by."""
    if request.lesson is not None or LESSON_MARKER.search(solutions.text):
        return
    nodes = [node.name for node in read_lesson(request.default_lesson).nodes]
    program = solutions.program(request.default_lesson, nodes)
    if program.steps and not program.answers:
        lesson = f"the lesson `{request.default_lesson}`"
        raise UsageError(
            f"{solutions.where} holds neither a forward pass that ends in a loss nor an answer to {lesson}"
        )


def _own(path: Path, network: OwnNetwork, request: Request, progress: Progress) -> FileReport:
    program = network.program
    progress(f"starting PyTorch, and {path.name}")
    served = program.served(request.options.data)
    try:
        judged = OwnFileJudge(program, served, request.options.seed, request.timeout).judge(
            _within(str(path), progress)
        )
    except (WorkerError, Broken, TimedOut) as error:
        return FileReport(str(path), error=sentence_for(error, path.name), notes=program.notes)
    reports = [
        LessonReport(
            lesson=path.stem if number == 1 else f"{path.stem}:{number}",
            seed=judged.seed,
            loss=each.loss,
            torch=judged.torch,
            total=len({verdict.node for verdict in each.verdicts}),
            verdicts=tuple(_strict(each.verdicts, request)),
            starts=program.starts,
            code={(verdict.node, verdict.line or 0): _around(verdict, program.statements) for verdict in each.verdicts},
        )
        for number, each in enumerate(judged.passes, 1)
    ]
    return FileReport(str(path), tuple(reports), notes=(*program.notes, *judged.notes), network=network)


def _around(verdict: Verdict, statements: Iterable[Fragment]) -> tuple[Fragment, ...]:
    """The top-level statement in which a gradient is computed."""
    return tuple(each for each in statements if each.line <= (verdict.line or 0) <= each.end_line)


def _strict(verdicts: Iterable[Verdict], request: Request) -> list[Verdict]:
    """With ``--strict`` a warning is a failure."""
    if not request.strict:
        return list(verdicts)
    return [replace(each, status=Status.FAIL) if each.warnings else each for each in verdicts]


def _report(path: Path, lessons: list[LessonReport], failures: list[str], notes: tuple[str, ...] = ()) -> FileReport:
    """The report on a file of which some lessons failed: an error where none is left."""
    if not lessons and failures:
        return FileReport(str(path), error=failures[0], notes=notes)
    return FileReport(str(path), tuple(lessons), notes=(*notes, *failures), unjudged=len(failures))


def _lesson(bench: Workbench, solutions: Solutions, request: Request, progress: Progress) -> LessonReport:
    lesson = bench.lesson
    nodes = [node.name for node in lesson.nodes if node.name in bench.facts.shapes]
    program = solutions.program(lesson.name, nodes)
    saved = solutions.answers(lesson.name, nodes)
    return _judged(bench, program, saved, request, _within(solutions.where, progress))


def _within(where: str, progress: Progress) -> Progress:
    return lambda words: progress(f"{where}: {words}")


def _judged(
    bench: Workbench, program: Program, saved: Mapping[str, SavedAnswer], request: Request, progress: Progress
) -> LessonReport:
    lesson, facts = bench.lesson, bench.facts
    nodes = [node.name for node in lesson.nodes if node.name in facts.shapes]
    judge = ProgramJudge(bench, program, request.timeout)
    verdicts = judge.judge_all(lambda node: progress(bench.gradient_name(node)))
    verdicts = _strict(verdicts, request)
    answered = {answer.node for answer in program.answers}
    missing = [Verdict(node, Status.MISSING, facts.shapes[node]) for node in lesson.asks if node not in answered]
    order = {node: position for position, node in enumerate(nodes)}
    all_verdicts = sorted([*verdicts, *missing], key=lambda verdict: (order[verdict.node], verdict.line or 0))
    return LessonReport(
        lesson=lesson.name,
        seed=facts.seed,
        loss=facts.loss,
        torch=facts.torch,
        total=len(answered | set(lesson.asks)),
        verdicts=tuple(all_verdicts),
        comparisons=tuple(judge.comparisons),
        revealed=frozenset(node for node, answer in saved.items() if answer.revealed),
        starts=lesson.starts,
        code={(each.node, each.line): tuple(program.steps[step] for step in each.steps) for each in program.answers},
    )


def train(
    file: FileReport, request: Request, plan: Plan, listener: Listener, warn: Callable[[str], None]
) -> TrainingReport:
    """Trains a network on the answers of ``file``, as they were replayed.

    ``listener`` gets its events, ``warn`` what there is to know before. Raises UsageError where it cannot be trained.
    """
    report = _to_train(file, request)
    answered = report.answered or _answered(file, report, request)
    lesson, program = answered.lesson, answered.program
    failing = {verdict.node for verdict in report.verdicts if not verdict.passed}
    origin: Sources = sources(lesson, program, {node: node not in failing for node in lesson.asks}, plan.wrong)
    if origin.message and plan.backward is not plan.backward.AUTOGRAD:
        warn(f"lesson {lesson.name}: {origin.message}")
    if plan.names and lesson.predict is None:
        warn(f"lesson {lesson.name}: it has no cell `predict`, so no names are sampled")
    names: list[str] = []

    def listen(event: TrainingEvent) -> None:
        if isinstance(event, NameSampled):
            names.append(event.name)
        listener(event)

    trainer = Trainer(lesson, answered.options.seed, dict(answered.options.served), listen)
    try:
        (outcome,) = trainer.run(plan, origin)
    finally:
        trainer.close()
    return TrainingReport(lesson.name, outcome, tuple(names))


def _answered(file: FileReport, report: LessonReport, request: Request) -> AnsweredLesson:
    """What is trained of a program: the forward pass that is read from its text."""
    from ninja_tui.lesson.notebook.data_files import served_for

    if file.network is None:
        raise UsageError(f"{file.path} was not read")
    lessons = file.network.discovery.lessons
    chosen = lessons[min(file.lessons.index(report), len(lessons) - 1)]
    options = replace(request.options, served=served_for(chosen.lesson, request.options.data))
    return AnsweredLesson(chosen.to_answer, chosen.with_usual_names, options)


def _to_train(file: FileReport, request: Request) -> LessonReport:
    by_name = {lesson.lesson: lesson for lesson in file.lessons}
    if request.lesson is not None and request.lesson not in by_name:
        raise UsageError(f"{file.path} holds nothing for the lesson `{request.lesson}`")
    wanted = request.lesson or (TRAINED if TRAINED in by_name else next(iter(by_name)))
    return by_name[wanted]
