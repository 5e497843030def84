"""One file to a report: every answer in it judged, or every gradient that it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.own_file import OwnFileJudge
from ninja_tui.engine.evaluate.program import Comparison, Course, ProgramJudge
from ninja_tui.engine.failures import sentence_for
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import OwnNetwork, PercentLesson, SolutionsFile, classify
from ninja_tui.lesson.files import is_reachable_folder
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.program import Answer, Program
from ninja_tui.lesson.read import lesson_names, no_such_lesson, read_lesson, read_text
from ninja_tui.lesson.solutions import LESSON_MARKER, SavedAnswer, Solutions
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import assigned, changed
from ninja_tui.lesson.words import EVERY_LIST, word_list_text
from ninja_tui.replay.limits import Stopped, Workers
from ninja_tui.replay.paths import handed_in, hidden_from
from ninja_tui.replay.reports import AnsweredLesson, FileReport, LessonReport
from ninja_tui.replay.request import Progress, Request

if TYPE_CHECKING:
    from ninja_tui.lesson.notebook.discover import Definitions

LARGEST_HASHED = 1 << 26
"""Bytes of a file beyond which it is not known again."""


class FileJudge:
    """Judges files, one after another; the lessons that they answer stay open from one to the next.

    With ``lone`` it judges one file that a person named, which may name a folder as its lesson.
    """

    def __init__(
        self, request: Request, definitions: Definitions | None, workers: Workers, progress: Progress, *, lone: bool
    ) -> None:
        self._request, self._definitions, self._workers, self._lone = request, definitions, workers, lone
        self._tell = progress
        self._benches: dict[str, Workbench] = {}
        self._options: Options | None = None
        self._handed_in = frozenset[Path]()

    def judge(self, path: Path) -> FileReport:
        """The report on a file, an error where it cannot be used. Raises Stopped where no time is left for it."""
        sha256 = None if self._lone else digest_of(path)
        return self.judge_read(path, lambda: to_judge(path, self._request.lesson, self._definitions), sha256)

    def judge_read(
        self, path: Path, read: Callable[[], OwnNetwork | SolutionsFile], sha256: str | None = None
    ) -> FileReport:
        """The same for what ``read`` gives, which may raise UsageError. ``path`` is what stands in the report."""
        self._workers.begin_file()
        try:
            kind = read()
            report = self._own(path, kind) if isinstance(kind, OwnNetwork) else self._solutions(kind)
            complete = not report.unjudged and all(each.stopped is None for each in report.lessons)
            return replace(report, sha256=sha256 if complete else None)
        except Stopped:
            self._close_benches()
            raise
        except UsageError as error:
            return FileReport(str(path), error=str(error), excerpt=error.excerpt, sha256=sha256)
        except OSError as error:
            return FileReport(str(path), error=f"{path} cannot be read: {error.strerror or error}")
        finally:
            self._workers.end_file()

    def interrupt(self) -> None:
        """Ends what is under way, at once; from whichever thread."""
        self._workers.interrupt()

    def close(self) -> None:
        """Ends all processes."""
        self._close_benches()
        self._workers.close()

    def _close_benches(self) -> None:
        for bench in self._benches.values():
            bench.close()
        self._benches.clear()

    def _progress(self, words: str) -> None:
        self._workers.check()
        self._tell(words)

    def _within(self, where: str) -> Progress:
        return lambda words: self._progress(f"{where}: {words}")

    def _solutions(self, file: SolutionsFile) -> FileReport:
        solutions = Solutions(file.text, str(file.path), self._request.default_lesson)
        _check_answers(solutions, self._request)
        reports: list[LessonReport] = []
        failures: list[str] = []
        for name in dict.fromkeys(section.lesson for section in solutions.sections()):
            try:
                reports.append(self._lesson(self._bench(name), name, solutions))
                if reports[-1].stopped is not None:
                    self._close_benches()
            except (WorkerError, Broken, TimedOut) as error:
                failures.append(sentence_for(error, name))
                if name in self._benches:
                    self._benches.pop(name).close()
            except Stopped as error:
                if not reports:
                    raise
                failures.append(f"lesson {name} is not judged: {error}")
                self._close_benches()
        return _report(file.path, reports, failures)

    def _bench(self, name: str) -> Workbench:
        """The lesson called ``name``, opened."""
        if name not in self._benches:
            self._progress(f"starting PyTorch, and the lesson {name}")
            self._options = self._options or _with_word_list(self._request.options)
            copy = None if self._lone else self._workers.copy  # a template pays from the second file on
            bench = Workbench(self._read_lesson(name), self._options, self._workers.start, copy)
            try:
                bench.open()
            except BaseException:
                bench.close()
                raise
            self._benches[name] = bench
        return self._benches[name]

    def _read_lesson(self, name: str) -> Lesson:
        """The lesson that a file is for. A folder is one only where the person named it, and not a stranger's file."""
        if name not in lesson_names():
            named = self._request.lesson
            if named is not None and name in (named, Path(named).name):
                return read_lesson(named)
            if not self._lone:
                raise no_such_lesson(name)
        return read_lesson(name)

    def _lesson(self, bench: Workbench, name: str, solutions: Solutions) -> LessonReport:
        lesson, facts = bench.lesson, bench.facts
        walk = [node.name for node in lesson.nodes]
        nodes = [node for node in walk if node in facts.shapes]
        program = solutions.program(name, nodes)
        judged = self._judged(bench, program, solutions.where)
        answered = {answer.node for answer in program.answers}
        missing = [Verdict(node, Status.MISSING, facts.shapes[node]) for node in lesson.asks if node not in answered]
        order = {node: position for position, node in enumerate(nodes)}
        verdicts = [*self._strict(judged.verdicts), *missing]
        return LessonReport(
            lesson=lesson.name,
            seed=facts.seed,
            loss=facts.loss,
            torch=facts.torch,
            total=len(answered | set(lesson.asks)),
            verdicts=tuple(sorted(verdicts, key=lambda verdict: (order[verdict.node], verdict.line or 0))),
            comparisons=judged.comparisons,
            revealed=_revealed(solutions.answers(name, nodes)),
            starts=lesson.starts,
            answered=AnsweredLesson(
                lesson, lambda: solutions.program(name, walk), self._options or Options(), solutions.lines(name)
            ),
            stopped=judged.stopped,
            course=judged.course,
            code={
                (each.node, each.line): tuple(program.steps[step] for step in each.steps) for each in program.answers
            },
        )

    def _judged(self, bench: Workbench, program: Program, where: str) -> _Judged:
        """The verdicts on a program; where time is over, those that there are, and a word on the others."""
        progress = self._within(where)
        judge: ProgramJudge | None = None
        try:
            judge = ProgramJudge(bench, program, self._request.timeout)
            if not self._lone or self._request.watch:
                bench.make_ahead()  # for the next file
            verdicts = judge.judge_all(lambda node: progress(bench.gradient_name(node)))
            return _Judged(tuple(verdicts), tuple(judge.comparisons), judge.course)
        except Stopped as error:
            stopped, shapes = f"not judged: {error}", bench.facts.shapes
            so_far = {} if judge is None else judge.judged
            verdicts = [
                so_far.get(number) or _without_time(answer, shapes[answer.node], stopped)
                for number, answer in enumerate(program.answers)
            ]
            if judge is None:
                return _Judged(tuple(verdicts), (), Course(), stopped)
            return _Judged(tuple(verdicts), tuple(judge.comparisons), judge.course, stopped)

    def _hidden_from(self, path: Path) -> frozenset[Path]:
        if path.resolve() not in self._handed_in:  # the first one, or one that has come while others are watched
            self._handed_in = handed_in(self._request.paths)
        return hidden_from(path, self._request.paths, self._handed_in)

    def _own(self, path: Path, network: OwnNetwork) -> FileReport:
        program = network.program
        self._progress(f"starting PyTorch, and {path.name}")
        options = self._request.options
        hidden = frozenset[Path]() if self._lone else self._hidden_from(path)
        served = program.served(options.data, hidden)
        judge = OwnFileJudge(
            program, served, options.seed, self._request.timeout, self._workers.start, options.differences
        )
        try:
            judged = judge.judge(self._within(str(path)))
        except (WorkerError, Broken, TimedOut) as error:
            return FileReport(str(path), error=sentence_for(error, path.name), notes=program.notes)
        reports = [
            LessonReport(
                lesson=path.stem if number == 1 else f"{path.stem}:{number}",
                seed=judged.seed,
                loss=each.loss,
                torch=judged.torch,
                total=len({verdict.node for verdict in each.verdicts}),
                verdicts=tuple(self._strict(each.verdicts)),
                starts=program.starts,
                code={
                    (verdict.node, verdict.line or 0): _code_of(verdict, each.verdicts, program.statements)
                    for verdict in each.verdicts
                },
            )
            for number, each in enumerate(judged.passes, 1)
        ]
        return FileReport(str(path), tuple(reports), notes=(*program.notes, *judged.notes), network=network)

    def _strict(self, verdicts: Iterable[Verdict]) -> list[Verdict]:
        """With ``--strict`` a warning is a failure."""
        if not self._request.strict:
            return list(verdicts)
        return [replace(each, status=Status.FAIL) if each.warnings else each for each in verdicts]


@dataclass(frozen=True)
class _Judged:
    """The verdicts on a program; ``stopped`` is the error of those for which no time was left."""

    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...]
    course: Course
    stopped: str | None = None


def digest_of(path: Path) -> str | None:
    """The SHA-256 of a file; None for what is none, or too large to be read twice."""
    import hashlib  # loads OpenSSL: only where there are many files

    try:
        if not path.is_file() or path.stat().st_size > LARGEST_HASHED:
            return None
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _with_word_list(options: Options) -> Options:
    """The options for lessons that read word lists: ``data`` stands for whichever they read."""
    if options.data is None:
        return options
    return replace(options, served=((EVERY_LIST, word_list_text(options.data)),))


def to_judge(path: Path, lesson: str | None, definitions: Definitions | None) -> OwnNetwork | SolutionsFile:
    """What is judged of ``path``: its network, or its answers, to ``lesson`` if that is named.

    Raises UsageError where it cannot be read, or is a notebook without a forward pass.
    """
    from ninja_tui.lesson.notebook.cells import is_notebook

    if is_reachable_folder(path) or (lesson is not None and not is_notebook(path)):
        return SolutionsFile(path, read_text(path, "the solutions file"))
    match classify(path, definitions):
        case OwnNetwork() | SolutionsFile() as kind:
            return kind
        case PercentLesson(source):
            return OwnNetwork(source, definitions)
    raise UsageError(f"{path} holds no answers")


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


def _code_of(verdict: Verdict, verdicts: Iterable[Verdict], statements: Sequence[Fragment]) -> tuple[Fragment, ...]:
    """The top-level statement in which a gradient is computed, and those that go on to change that answer."""
    line, name = verdict.line or 0, verdict.gradient
    found = [each for each in statements if each.line <= line <= each.end_line]
    if not found or name not in assigned(found[-1].tree):
        return tuple(found)
    others = [each.line for each in verdicts if each.gradient == name and each.line is not None and each.line > line]
    for each in statements:
        if each.line <= found[0].end_line:
            continue
        if name in assigned(each.tree) or any(other <= each.end_line for other in others):
            break
        if name in changed(each.tree):
            found.append(each)
    return tuple(found)


def _without_time(answer: Answer, shape: tuple[int, ...], error: str) -> Verdict:
    return Verdict(answer.node, Status.TIMEOUT, shape, line=answer.line, named=answer.gradient, error=error)


def _revealed(saved: Mapping[str, SavedAnswer]) -> frozenset[str]:
    return frozenset(node for node, answer in saved.items() if answer.revealed)


def _report(path: Path, lessons: list[LessonReport], failures: list[str]) -> FileReport:
    """The report on a file of which some lessons failed: an error where none is left."""
    if not lessons and failures:
        return FileReport(str(path), error=failures[0])
    return FileReport(str(path), tuple(lessons), notes=tuple(failures), unjudged=len(failures))
