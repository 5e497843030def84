"""The backend with worker processes: threads that wait for them, so that the app never does."""

from __future__ import annotations

import contextlib
import enum
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ninja_tui.engine.backend import Emit
from ninja_tui.engine.evaluate.bench import Facts, Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge, stays
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.events import (
    CatalogueRead,
    ChangedOutside,
    Conflicting,
    Event,
    Failed,
    Judged,
    LessonRead,
    NotSaved,
    Opened,
    OpenElsewhere,
    Poked,
    Rechecked,
    RunLoaded,
    RunSaved,
    RunsUnlocked,
    Saved,
    TrainingFailed,
    TrainingOver,
    Viewed,
)
from ninja_tui.engine.failures import FAILURES, sentence_for
from ninja_tui.engine.protocol.verdict import Upstream, Verdict
from ninja_tui.engine.protocol.views import PokeRequest, ViewRequest
from ninja_tui.engine.serial_queue import Job, SerialQueue
from ninja_tui.engine.training.checkpoints import SavedRun, free_path, load_run, save_run, saved_paths
from ninja_tui.engine.training.config import Plan, sources
from ninja_tui.engine.training.trainer import Trainer
from ninja_tui.engine.workers.client import protection, start_server
from ninja_tui.errors import UsageError
from ninja_tui.lesson.answer_file import AnswerFile, Version, Written
from ninja_tui.lesson.catalogue import lesson_summaries
from ninja_tui.lesson.model import Lesson, Origin
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.practice.unsaved import UnsavedAnswers
from ninja_tui.lesson.practice.variation import Round, variations
from ninja_tui.lesson.read import is_bundled
from ninja_tui.lesson.solutions import SavedAnswer, Solutions, bundled_answers

RECHECK_TIMEOUT = 10.0
"""Seconds that one answer of the file may take."""
WRITE_TIMEOUT = 5.0
"""Seconds that are waited for answers to be written."""
AGAIN, LATEST = 3.0, 30.0
"""Seconds after which answers that could not be written are tried again: at first, and at most."""


class _Kind(enum.Enum):
    """Requests of which only the newest counts."""

    PREPARE = enum.auto()
    JUDGE = enum.auto()
    RECHECK = enum.auto()
    VIEW = enum.auto()
    POKE = enum.auto()
    SAMPLE = enum.auto()


class ProcessBackend:
    """Runs a person's code in worker processes."""

    def __init__(self, lesson: str, solutions: Path, options: Options, emit: Emit, asked: Round | None = None) -> None:
        """With ``asked`` it is practice: the lesson has other numbers, and the solutions file stays as it is."""
        start_server()  # before an app takes the standard streams, which the server's start needs
        self._lesson, self._path, self._options, self._listener = lesson, solutions, options, emit
        self._asked = asked
        self._file: AnswerFile | UnsavedAnswers = UnsavedAnswers(solutions) if asked else AnswerFile(solutions)
        self._other: int | None = None
        self._again: threading.Timer | None = None
        self._pause = AGAIN
        self._bench: Workbench | None = None
        self._live: LiveJudge | None = None
        self._place: Place | None = None
        self._trainer: Trainer | None = None
        self._judging, self._viewing, self._writing, self._training = (SerialQueue() for _ in range(4))
        self._queues = self._judging, self._viewing, self._writing, self._training
        self._closed = False

    def start(self) -> None:
        """Begins to read and run the lesson."""
        for queue in self._queues:
            queue.start()
        self._judging.add(self._guarded(self._open))
        # not in the queue that writes answers, which every step of the walk waits for
        self._training.add(self._read_catalogue)

    def prepare(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> None:
        """Makes ready to judge answers to ``node``."""

        def job() -> None:
            self._place = self._find_place(node, upstream, verdicts)
            self._opened_judge().prepare(self._place)

        self._judging.add(self._guarded(job), _Kind.PREPARE)

    def judge(self, node: str, code: str) -> None:
        """Judges ``code`` as the answer to ``node``."""

        def job() -> None:
            place = self._place if self._place and self._place.node == node else Place(node)
            self._emit(Judged(node, code, self._opened_judge().evaluate(code, place), place.kept))

        self._judging.add(self._guarded(job), _Kind.JUDGE)

    def recheck(self) -> None:
        """Judges everything in the solutions file."""
        self._judging.add(self._guarded(self._recheck), _Kind.RECHECK)

    def view(self, request: ViewRequest) -> None:
        """Computes what is shown of a tensor; nothing before the lesson has run."""
        bench = self._bench
        if bench is not None:
            self._viewing.add(self._guarded(lambda: self._emit(Viewed(request, bench.inspect(request)))), _Kind.VIEW)

    def poke(self, request: PokeRequest) -> None:
        """Nudges an element of a tensor, and computes the loss again; nothing before the lesson has run."""
        bench = self._bench
        if bench is not None:
            self._viewing.add(self._guarded(lambda: self._emit(Poked(request, bench.poke(request)))), _Kind.POKE)

    def save(self, node: str, answer: SavedAnswer, walk: tuple[str, ...]) -> None:
        """Writes an answer into the solutions file."""
        self._file.submit(self._lesson, node, answer, walk)
        self._writing.add(self._write)

    def settle(self, node: str, version: Version) -> None:
        """Says which of two answers to ``node`` is kept."""
        self._file.settle(node, version)
        self._writing.add(self._write)

    @property
    def unsaved(self) -> Mapping[str, SavedAnswer]:
        """The answers that are not on the disk, by node."""
        return self._file.waiting

    def _write(self) -> None:
        """Writes all answers that wait, and tells of it; where that fails, again after a while."""
        written = self._file.write()
        for node, answer in written.saved.items():
            self._emit(Saved(node, self._path, answer))
        for node in written.waiting:
            self._emit(NotSaved(node, written.problem))
        for node, conflict in written.conflicts.items():
            self._emit(Conflicting(node, conflict))
        self._tell_changes(written.changed)
        self._try_again(written)

    def _try_again(self, written: Written) -> None:
        """Has what could not be written tried again, once, and each time later."""
        if self._again is not None:
            self._again.cancel()
        self._pause = min(2 * self._pause, LATEST) if written.waiting else AGAIN
        if written.waiting and not self._closed:
            self._again = threading.Timer(self._pause / 2, self._writing.add, (self._write,))
            self._again.daemon = True
            self._again.start()

    def _tell_changes(self, changed: Mapping[str, SavedAnswer]) -> None:
        """Tells what other programs do with the file."""
        if changed:
            self._emit(ChangedOutside(changed))
        if (other := self._file.other_program()) != self._other:
            self._other = other
            self._emit(OpenElsewhere(other))

    def train(self, plan: Plan, passes: Mapping[str, bool]) -> None:
        """Trains with the answers in the file."""

        def job() -> None:
            self._wait_for_writes()
            bench, trainer = self._opened_bench(), self._opened_trainer()
            program = self._solutions().program(self._lesson, [node.name for node in bench.lesson.nodes])
            trainer.run(plan, sources(bench.lesson, program, passes, plan.wrong))

        self._training.add(self._training_job(job))

    def pause_training(self) -> None:
        """Waits with the next steps."""
        if self._trainer is not None:
            self._trainer.pause()

    def continue_training(self) -> None:
        """Ends the pause."""
        if self._trainer is not None:
            self._trainer.go_on()

    def stop_training(self) -> None:
        """Ends the training after the steps that are done."""
        if self._trainer is not None:
            self._trainer.stop()

    def sample(self, count: int, seed: int) -> None:
        """Has the trained network invent more names."""
        job = self._training_job(lambda: self._opened_trainer().sample(count, seed))
        self._training.add(job, _Kind.SAMPLE)

    def saved_runs(self, lesson: str) -> list[Path]:
        """The saved runs of ``lesson``, the newest first."""
        return saved_paths(self._folder, lesson)

    def load_run(self, path: Path) -> None:
        """Replaces the trained network by that of a saved run."""

        def job() -> None:
            run = load_run(path)
            self._opened_trainer().load(run.parameters, run.steps)
            self._emit(RunLoaded(path, run))

        self._training.add(self._training_job(job))

    def save_run(self, run: SavedRun) -> None:
        """Writes a trained network beside the solutions file."""

        def job() -> None:
            path = free_path(self._folder, run.lesson)
            try:
                save_run(path, run)
            except UsageError as error:
                self._emit(TrainingFailed(str(error)))
            else:
                self._emit(RunSaved(path))

        self._writing.add(job)

    def close(self) -> None:
        """Waits for what is being written, and ends all processes."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        if self._file.waiting:
            self._writing.add(self._write)
        self._wait_for_writes()
        for queue in self._queues:
            queue.close()
        if self._trainer is not None:
            self._trainer.stop()
            self._trainer.close()
        if self._live is not None:
            self._live.close()
        if self._bench is not None:
            self._bench.close()
        self._file.close()

    @property
    def _folder(self) -> Path:
        return self._path.absolute().parent

    def _read_catalogue(self) -> None:
        """The list of lessons; the walk goes on where it cannot be had."""
        with contextlib.suppress(UsageError):
            self._emit(CatalogueRead(tuple(lesson_summaries(self._path))))

    def _open(self) -> None:
        lesson = open_lesson(self._lesson, self._options.setup, self._options.part)
        self._lesson = lesson.name
        if lesson.origin is Origin.DISCOVERED:
            from ninja_tui.lesson.notebook.data_files import served_for

            self._options = replace(self._options, served=served_for(lesson, self._options.data))
        nodes = [node.name for node in lesson.nodes]
        saved = self._file.open(self._lesson, nodes)
        if self._asked is None:
            self._emit(LessonRead(lesson, saved, bundled_answers(lesson)))
            self._tell_changes({})
            self._warn_where_unlocked(lesson)
            bench = Workbench(lesson, self._options)
            facts = bench.open()
        else:
            self._warn_where_unlocked(lesson)
            bench, facts = self._varied(lesson, self._asked)
        if self._closed:  # while the lesson ran
            bench.close()
            return
        self._bench, self._live = bench, LiveJudge(bench)
        self._emit(Opened(facts))
        if any(answer.code for answer in saved.values()):
            self._recheck()
        bench.make_ahead()

    def _warn_where_unlocked(self, lesson: Lesson) -> None:
        """Tells that nothing locks in a file which is about to run. Raises WorkerError where none can."""
        if not is_bundled(lesson.path) and not protection().is_complete:
            self._emit(RunsUnlocked(lesson.path))

    def _varied(self, lesson: Lesson, asked: Round) -> tuple[Workbench, Facts]:
        """The first of the forms in which practice can ask for a gradient that runs. Raises what the last one does."""
        options = replace(self._options, seed=asked.seed)
        forms = list(variations(lesson, asked))
        for form, variation in forms:
            self._emit(LessonRead(form, {}, bundled_answers(form), variation))
            bench = Workbench(form, options)
            try:
                return bench, bench.open()
            except FAILURES:
                bench.close()
                if form is forms[-1][0] or self._closed:
                    raise
        raise AssertionError("there is no form without other sizes")

    def _recheck(self) -> None:
        bench = self._bench
        if bench is None:
            return
        program = self._solutions().program(self._lesson, list(bench.facts.shapes))
        worst: dict[str, Verdict] = {}
        for verdict in ProgramJudge(bench, program, RECHECK_TIMEOUT).judge_all():
            if verdict.node not in worst or worst[verdict.node].passed:
                worst[verdict.node] = verdict
        self._emit(Rechecked(tuple(worst.values())))

    def _find_place(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> Place:
        """Where an answer to ``node`` stands in the file as it is now."""
        self._wait_for_writes()
        nodes = [each.name for each in self._opened_bench().lesson.nodes]
        try:
            solutions = self._solutions()
            program = solutions.program(self._lesson, nodes)
            before = solutions.line_of(self._lesson, node, nodes)
        except UsageError:
            return Place(node)
        steps = tuple(step for step in program.steps if step.line - 1 < before)
        own_upstream = {
            Upstream.PASSING: frozenset(name for name, verdict in verdicts.items() if stays(verdict)),
            Upstream.YOURS: frozenset(name for name, verdict in verdicts.items() if verdict.shape is not None),
            Upstream.REFERENCE: frozenset[str](),
        }
        return Place.after(node, steps, program.answers, own_upstream[upstream])

    def _wait_for_writes(self) -> None:
        written = threading.Event()
        self._writing.add(written.set)
        if self._writing.is_alive():
            written.wait(WRITE_TIMEOUT)

    def _opened_bench(self) -> Workbench:
        if self._bench is None:
            raise UsageError("PyTorch is still starting")
        return self._bench

    def _opened_judge(self) -> LiveJudge:
        if self._live is None:
            raise UsageError("PyTorch is still starting")
        return self._live

    def _opened_trainer(self) -> Trainer:
        bench = self._opened_bench()
        if self._trainer is None:
            self._trainer = Trainer(bench.lesson, self._options.seed, dict(self._options.served), self._emit)
        return self._trainer

    def _solutions(self) -> Solutions:
        """The file as it is now."""
        solutions, changed = self._file.read()
        self._tell_changes(changed)
        return solutions

    def _guarded(self, job: Callable[[], None]) -> Job:
        def guarded() -> None:
            try:
                job()
            except FAILURES as error:
                self._emit(Failed(sentence_for(error, self._lesson)))
            except Exception as error:
                self._emit(Failed(f"{type(error).__name__} in ninja-tui itself; --log FILE writes down where"))
                raise

        return guarded

    def _training_job(self, job: Callable[[], None]) -> Job:
        def guarded() -> None:
            try:
                job()
            except UsageError as error:
                self._emit(TrainingFailed(str(error)))
            self._emit(TrainingOver())

        return guarded

    def _emit(self, event: Event) -> None:
        if not self._closed:
            self._listener(event)
