"""The app's side of the workbench: threads that wait for workers, so that nobody else has to.

Requests return at once; what comes of them is told to ``tell`` from a thread. Of requests to judge code as it is
typed, and of requests to look at a tensor, only the newest is carried out.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge, stays
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.events import (
    Failed,
    Judged,
    LessonRead,
    News,
    NotSaved,
    Opened,
    Rechecked,
    RunLoaded,
    RunSaved,
    Saved,
    Shelf,
    TrainingFailed,
    TrainingOver,
    Viewed,
)
from ninja_tui.engine.protocol.verdict import Upstream, Verdict
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.training.checkpoints import SavedRun, free_path, load_run, save_run
from ninja_tui.engine.training.config import Plan, Sources, Wrong, sources
from ninja_tui.engine.training.trainer import Trainer
from ninja_tui.engine.workers.client import WorkerError, start_server
from ninja_tui.errors import UsageError
from ninja_tui.lesson.catalogue import lesson_summaries
from ninja_tui.lesson.model import Lesson, Origin
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.solutions import SavedAnswer, Solutions, read_solutions, save_answer

RECHECK_TIMEOUT = 10.0


class _Line(threading.Thread):
    """A thread that does one thing after another; jobs of the same ``kind`` replace each other while they wait."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._jobs: deque[tuple[str, Callable[[], None]]] = deque()
        self._changed = threading.Condition()
        self._over = False

    def add(self, kind: str, job: Callable[[], None]) -> None:
        with self._changed:
            if kind:
                self._jobs = deque(waiting for waiting in self._jobs if waiting[0] != kind)
            self._jobs.append((kind, job))
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._over = True
            self._jobs.clear()
            self._changed.notify()

    def run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._over)
                if self._over:
                    return
                _, job = self._jobs.popleft()
            job()


class Desk:
    """One session with one lesson and one solutions file."""

    def __init__(self, name: str, path: Path, options: Options, tell: Callable[[News], None]) -> None:
        start_server()  # before an app takes the standard streams, which the server's start needs
        self._name, self._path, self._options, self._tell = name, path, options, tell
        self._bench: Workbench | None = None
        self._live: LiveJudge | None = None
        self._place: Place | None = None
        self._judging, self._viewing, self._filing, self._training = _Line(), _Line(), _Line(), _Line()
        self._trainer: Trainer | None = None
        self._closed = False

    def start(self) -> None:
        """Begins to read and run the lesson."""
        for line in self._lines:
            line.start()
        self._judging.add("", self._guarded(self._open))
        # not on the line that files answers, which every step of the walk waits for
        self._training.add("", self._guarded(lambda: self._tell(Shelf(tuple(lesson_summaries(self._path))))))

    def prepare(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> None:
        """Makes ready to judge answers to ``node``, with the upstream gradients that ``upstream`` asks for."""

        def job() -> None:
            self._place = self._find_place(node, upstream, verdicts)
            self._ready().prepare(self._place)

        self._judging.add("prepare", self._guarded(job))

    def judge(self, node: str, code: str) -> None:
        """Judges ``code``, complete Python, as the answer to ``node``."""

        def job() -> None:
            place = self._place if self._place and self._place.node == node else Place(node)
            self._tell(Judged(node, code, self._ready().evaluate(code, place), place.kept))

        self._judging.add("judge", self._guarded(job))

    def recheck(self) -> None:
        """Judges everything in the solutions file."""
        self._judging.add("recheck", self._guarded(self._recheck))

    def view(self, request: dict[str, Any]) -> None:
        """Looks at a tensor: see ``Reference.inspect``."""
        bench = self._bench
        if bench is not None:
            self._viewing.add("view", self._guarded(lambda: self._tell(Viewed(request, bench.inspect(request)))))

    def save(self, node: str, answer: SavedAnswer, walk: tuple[str, ...]) -> None:
        """Writes an answer into the solutions file."""

        def job() -> None:
            try:
                save_answer(self._path, self._name, node, answer, walk)
            except UsageError as error:
                self._tell(NotSaved(node, str(error)))
            else:
                self._tell(Saved(node, self._path))

        self._filing.add("", job)

    def train(self, plan: Plan, passes: Mapping[str, bool]) -> None:
        """Trains with the answers in the file, of which ``passes`` tells by node whether they are right."""

        def job() -> None:
            self._written()
            trainer = self._trainer_ready()
            bench = self._bench
            if bench is None:
                raise UsageError("PyTorch is still starting")
            trainer.run(plan, self.sources(bench.lesson, passes, plan.wrong))

        self._training.add("", self._trains(job))

    def sources(self, lesson: Lesson, passes: Mapping[str, bool], wrong: Wrong) -> Sources:
        """Where the gradients of a training would come from, by the file as it is now."""
        program = self._solutions().program(self._name, [node.name for node in lesson.nodes])
        return sources(lesson, program, passes, wrong)

    def sample(self, count: int, seed: int) -> None:
        """Has what was trained invent more names."""
        self._training.add("sample", self._trains(lambda: self._trainer_ready().sample(count, seed)))

    def load_run(self, path: Path) -> None:
        """Puts a saved run in the place of what was trained."""

        def job() -> None:
            run = load_run(path)
            self._trainer_ready().load(run.parameters, run.steps)
            self._tell(RunLoaded(path, run))

        self._training.add("", self._trains(job))

    def save_run(self, run: SavedRun) -> None:
        """Writes a trained network beside the solutions file."""

        def job() -> None:
            path = free_path(self.folder, run.lesson)
            try:
                save_run(path, run)
            except UsageError as error:
                self._tell(TrainingFailed(str(error)))
            else:
                self._tell(RunSaved(path))

        self._filing.add("", job)

    @property
    def trainer(self) -> Trainer | None:
        """What trains, to be paused and stopped; None before the first training."""
        return self._trainer

    @property
    def folder(self) -> Path:
        """Where the solutions file is, and saved runs."""
        return self._path.absolute().parent

    @property
    def _lines(self) -> tuple[_Line, ...]:
        return self._judging, self._viewing, self._filing, self._training

    def _trainer_ready(self) -> Trainer:
        bench = self._bench
        if bench is None:
            raise UsageError("PyTorch is still starting")
        if self._trainer is None:
            self._trainer = Trainer(bench.lesson, self._options.seed, dict(self._options.served), self._tell)
        return self._trainer

    def _trains(self, job: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                job()
            except UsageError as error:
                if not self._closed:
                    self._tell(TrainingFailed(str(error)))
            if not self._closed:
                self._tell(TrainingOver())

        return guarded

    def close(self) -> None:
        """Waits for what is being written, and ends all processes."""
        self._closed = True
        self._written()
        for line in self._lines:
            line.end()
        if self._trainer:
            self._trainer.stop()
            self._trainer.close()
        if self._live:
            self._live.close()
        if self._bench:
            self._bench.close()

    def _open(self) -> None:
        lesson = open_lesson(self._name, self._options.setup, self._options.part)
        self._name = lesson.name
        if lesson.origin is Origin.DISCOVERED:
            from ninja_tui.lesson.notebook.data_files import served_for

            self._options = replace(self._options, served=served_for(lesson, self._options.data))
        nodes = [node.name for node in lesson.nodes]
        saved = self._solutions().answers(self._name, nodes)
        own = read_solutions(lesson.solution, self._name).answers(self._name, nodes) if lesson.solution else {}
        self._tell(LessonRead(lesson, saved, {node: answer.code for node, answer in own.items()}))
        bench = Workbench(lesson, self._options)
        facts = bench.open()
        self._bench, self._live = bench, LiveJudge(bench)
        self._tell(Opened(facts))
        if any(answer.code for answer in saved.values()):
            self._recheck()
        bench.make_ahead()

    def _recheck(self) -> None:
        bench = self._bench
        if bench is None:
            return
        program = self._solutions().program(self._name, list(bench.facts.shapes))
        worst: dict[str, Verdict] = {}
        for verdict in ProgramJudge(bench, program, RECHECK_TIMEOUT).judge_all():
            if verdict.node not in worst or worst[verdict.node].passed:
                worst[verdict.node] = verdict
        self._tell(Rechecked(tuple(worst.values())))

    def _find_place(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> Place:
        """Where an answer to ``node`` stands in the file as it is now."""
        self._written()
        bench = self._bench
        if bench is None:
            raise RuntimeError("the lesson is not open")
        nodes = [each.name for each in bench.lesson.nodes]
        try:
            solutions = self._solutions()
            program = solutions.program(self._name, nodes)
            before = solutions.line_of(self._name, node, nodes)
        except UsageError:
            return Place(node)
        steps = tuple(step for step in program.steps if step.line - 1 < before)
        own = {
            Upstream.PASSING: frozenset(name for name, verdict in verdicts.items() if stays(verdict)),
            Upstream.YOURS: frozenset(name for name, verdict in verdicts.items() if verdict.shape is not None),
            Upstream.REFERENCE: frozenset[str](),
        }
        return Place.after(node, steps, program.answers, own[upstream])

    def _written(self) -> None:
        """Returns when what was to be saved is saved."""
        done = threading.Event()
        self._filing.add("", done.set)
        if self._filing.is_alive():
            done.wait(5.0)

    def _ready(self) -> LiveJudge:
        if self._live is None:
            raise UsageError("the lesson is not open")
        return self._live

    def _solutions(self) -> Solutions:
        if not self._path.exists():
            return Solutions("", str(self._path), self._name)
        return read_solutions(self._path, self._name)

    def _guarded(self, job: Callable[[], None]) -> Callable[[], None]:
        def guarded() -> None:
            try:
                job()
            except (UsageError, WorkerError) as error:
                self._fail(str(error))
            except (Broken, TimedOut):
                self._fail("a worker process ended; start ninja-tui again, nothing saved is lost")

        return guarded

    def _fail(self, reason: str) -> None:
        if not self._closed:
            self._tell(Failed(reason))
