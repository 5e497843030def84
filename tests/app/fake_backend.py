"""A backend without processes: it answers at once with canned values, or as a test tells it to."""

from __future__ import annotations

import functools
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ninja_tui.engine.backend import Emit
from ninja_tui.engine.events import (
    CatalogueRead,
    Conflicting,
    Event,
    Failed,
    Judged,
    LessonRead,
    NotSaved,
    Opened,
    Poked,
    Rechecked,
    RunLoaded,
    RunSaved,
    Saved,
    TrainingFailed,
    TrainingOver,
    Viewed,
)
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Upstream, Verdict, Watched
from ninja_tui.engine.protocol.views import (
    Poke,
    PokeRequest,
    Statistics,
    TensorSummary,
    TensorView,
    View,
    ViewRequest,
    WorstElement,
)
from ninja_tui.engine.serial_queue import SerialQueue
from ninja_tui.engine.training.checkpoints import SavedRun
from ninja_tui.engine.training.config import Backward, Engine, Plan
from ninja_tui.engine.training.events import Begun, Checked, NameSampled, Previewed, Profiled, Progress, Trained
from ninja_tui.engine.training.messages import GradientCheck, StatementCost
from ninja_tui.engine.training.step import Part
from ninja_tui.lesson.answer_file import Conflict, Version
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.practice.variation import Round, variations
from ninja_tui.lesson.read import lesson_names
from ninja_tui.lesson.solutions import SavedAnswer, bundled_answers
from ninja_tui.lesson.syntax.answer_form import answer_form
from tests.app.canned import facts_of, heatmap_of, lesson_of, same_code, sliced_shape, solution_of, window_of


@dataclass(frozen=True)
class Question:
    """An answer to be judged; ``own_upstream`` as in ``Judged``."""

    node: str
    code: str
    shape: tuple[int, ...]
    right: bool
    own_upstream: frozenset[str]


Changes = Mapping[str, object]
"""Fields of a verdict."""


def default_verdict(question: Question) -> Verdict:
    """The lesson's own answer passes exactly, any other code fails."""
    verdict = Verdict(question.node, Status.PASS, question.shape, shape=question.shape, relative=0.0)
    if question.right:
        return replace(verdict, exact=True, approximate=True, maxdiff=0.0, probe="holds for any upstream")
    diagnosis = Diagnosis(Kind("unknown"), "no known mistake explains it")
    return replace(verdict, status=Status.FAIL, maxdiff=0.25, relative=0.5, diagnosis=diagnosis)


@dataclass
class Fakes:
    """Makes fake backends, and holds what outlives them: the solutions file, saved runs, and how they are to behave.

    ``verdicts`` scripts the verdict on a code by the fields that differ from ``default_verdict``. ``worst`` scripts the
    worst element of the difference that a code leaves.
    """

    solutions: dict[str, dict[str, SavedAnswer]] = field(default_factory=dict)
    runs: dict[Path, SavedRun] = field(default_factory=dict)
    verdicts: dict[str, Changes | Callable[[Question], Changes]] = field(default_factory=dict)
    worst: dict[str, WorstElement] = field(default_factory=dict)
    held: tuple[type, ...] = ()
    """Events of these types are held back from the start."""
    delay: float = 0.0
    """Seconds that each event takes; it then comes from another thread."""
    opening_error: str = ""
    saving_error: str = ""
    training_error: str = ""
    training_waits: bool = False
    """Steps are made by ``advance``, not at once."""
    wrong_gradients: tuple[str, ...] = ()
    """Nodes whose gradients are not autograd's on fresh minibatches."""
    costs: tuple[StatementCost, ...] = (
        StatementCost(Part.FORWARD, "logits = h @ W2 + b2", 9, 2e-6),
        StatementCost(Part.ANSWERS, "dW2 = h.T @ dlogits", 4, 6e-6),
    )
    """What the statements of a training step take."""
    engine: Engine = Engine.COMPILED
    made: list[FakeBackend] = field(default_factory=list)

    def __call__(self, lesson: str, emit: Emit) -> FakeBackend:
        """A backend for that lesson."""
        self.made.append(FakeBackend(lesson, emit, self))
        return self.made[-1]

    def practice(self, asked: Round, emit: Emit) -> FakeBackend:
        """A backend for that round of practice: the first of its forms runs."""
        self.made.append(FakeBackend(asked.lesson, emit, self, asked))
        return self.made[-1]

    def answers(self, lesson: str, **answers: str) -> Fakes:
        """The same, with these answers in the solutions file."""
        self.solutions[lesson] = {node: SavedAnswer(code) for node, code in answers.items()}
        return self


class FakeBackend:
    """One session with one lesson. ``requests`` has the name and the arguments of all that was asked."""

    def __init__(self, lesson: str, emit: Emit, fakes: Fakes, asked: Round | None = None) -> None:
        self.lesson, self._listener, self._fakes = lesson_of(lesson), emit, fakes
        self.asked_for = asked
        self._own: dict[str, SavedAnswer] = {}
        """The answers of practice, which the solutions file does not get."""
        self.facts = facts_of(lesson)
        self.solution = solution_of(lesson)
        self.requests: list[tuple[str, tuple[object, ...]]] = []
        self.held: list[Event] = []
        self.closed = False
        self._held_types = fakes.held
        self._waiting: dict[str, SavedAnswer] = {}
        self.conflicts: dict[str, SavedAnswer] = {}
        """What another program has written in the place of an answer, by node."""
        self._thread = SerialQueue()
        if fakes.delay:
            self._thread.start()
        self._own_upstream: frozenset[str] = frozenset()
        self._judged: dict[str, tuple[str, Verdict]] = {}
        self._plan = Plan(0)
        self._losses: array[float] = array("f")

    # What a test does with it

    def asked(self, name: str) -> list[tuple[object, ...]]:
        """The arguments of all requests of that name, in order."""
        return [arguments for each, arguments in self.requests if each == name]

    def hold(self, *types: type) -> None:
        """Holds back events of these types from now on; others come at once."""
        self._held_types = types

    def release(self, choose: Callable[[list[Event]], list[Event]] = list) -> None:
        """Emits what is held back, or what ``choose`` makes of it, and holds nothing back any more."""
        events, self.held, self._held_types = choose(self.held), [], ()
        for event in events:
            self._emit(event)

    def emit(self, event: Event) -> None:
        """Emits an event out of turn."""
        self._emit(event)

    # Backend

    def start(self) -> None:
        self._note("start")
        if self._fakes.opening_error:
            self._emit(Failed(self._fakes.opening_error))
            return
        if self.asked_for is None:
            self._emit(LessonRead(self.lesson, dict(self._saved), bundled_answers(self.lesson)))
        else:
            form, variation = next(variations(self.lesson, self.asked_for))
            self._emit(LessonRead(form, {}, bundled_answers(form), variation))
        self._emit(CatalogueRead(self._catalogue()))
        self._emit(Opened(self.facts))
        if any(answer.code for answer in self._saved.values()):
            self._recheck()

    def prepare(self, node: str, upstream: Upstream, verdicts: Mapping[str, Verdict]) -> None:
        self._note("prepare", node, upstream, dict(verdicts))
        self._own_upstream = {
            Upstream.PASSING: frozenset(name for name, verdict in verdicts.items() if verdict.passed),
            Upstream.YOURS: frozenset(name for name, verdict in verdicts.items() if verdict.shape is not None),
            Upstream.REFERENCE: frozenset[str](),
        }[upstream]

    def judge(self, node: str, code: str) -> None:
        self._note("judge", node, code)
        verdict = self.verdict_on(node, code)
        if verdict.shape is not None:
            self._judged[node] = code, verdict
        self._emit(Judged(node, code, verdict, self._own_upstream))

    def recheck(self) -> None:
        self._note("recheck")
        self._recheck()

    def view(self, request: ViewRequest) -> None:
        self._note("view", request)
        self._emit(Viewed(request, self._view(request)))

    def poke(self, request: PokeRequest) -> None:
        self._note("poke", request)
        self._emit(Poked(request, self._poke(request)))

    def save(self, node: str, answer: SavedAnswer, walk: tuple[str, ...]) -> None:
        self._note("save", node, answer)
        self._waiting[node] = answer
        self.write()

    def write(self) -> None:
        """Writes all that waits, as far as that can be."""
        for node in [*self._waiting]:
            conflict = self.conflicts.get(node)
            if self._fakes.saving_error:
                self._emit(NotSaved(node, self._fakes.saving_error))
            elif conflict is not None:
                self._emit(Conflicting(node, Conflict(self._waiting[node], conflict)))
            else:
                before, answer = self._saved.get(node, SavedAnswer("")), self._waiting.pop(node)
                self._saved[node] = replace(answer, code=answer.code or before.code)
                self._emit(Saved(node, Path("solutions.py"), self._saved[node]))

    def settle(self, node: str, version: Version) -> None:
        self._note("settle", node, version)
        theirs = self.conflicts.pop(node, None)
        if version is Version.FILE and theirs is not None:
            self._waiting.pop(node, None)
            self._saved[node] = theirs
        self.write()

    @property
    def unsaved(self) -> Mapping[str, SavedAnswer]:
        return dict(self._waiting)

    def train(self, plan: Plan, passes: Mapping[str, bool]) -> None:
        self._note("train", plan, dict(passes))
        if self._fakes.training_error:
            self._emit(TrainingFailed(self._fakes.training_error))
            self._emit(TrainingOver())
            return
        self._plan, self._losses = plan, array("f")
        for side in plan.sides:
            self._emit(Begun(side, ""))
        if plan.sides[0] is Backward.MANUAL:
            wrong = self._fakes.wrong_gradients
            self._emit(
                Checked(
                    tuple(GradientCheck(node, (), fits=node not in wrong, relative=0.0) for node in self.lesson.asks)
                )
            )
        for side in plan.sides:
            self._emit(Profiled(side, self._fakes.engine, self._fakes.costs))
        if not self._fakes.training_waits:
            self.advance(plan.steps)
            self.finish()

    def advance(self, count: int) -> None:
        """Makes so many steps."""
        first = len(self._losses)
        losses = array("f", (3.0 / (1 + step / 100) + 0.5 for step in range(first, first + count)))
        self._losses.extend(losses)
        for side in self._plan.sides:
            if self._plan.previews:
                self._emit(Previewed(side, first, tuple(f"mo{first}na{n}" for n in range(self._plan.previews))))
            engine = self._fakes.engine
            self._emit(Progress(side, first, len(self._losses), self._plan.steps, losses, 0.1, 1000.0, engine))

    def finish(self) -> None:
        """Ends the training after the steps that are done."""
        costs, steps = self._fakes.costs, len(self._losses)
        for side in self._plan.sides:
            self._emit(Trained(side, steps, steps / 1000.0, self._losses, 2.25, 2.5, costs, {}, None))
        self._sample(self._plan.names, self._plan.sampling_seed)
        self._emit(TrainingOver())

    def pause_training(self) -> None:
        self._note("pause_training")

    def continue_training(self) -> None:
        self._note("continue_training")

    def stop_training(self) -> None:
        self._note("stop_training")
        if self._fakes.training_waits:
            self.finish()

    def sample(self, count: int, seed: int) -> None:
        self._note("sample", count, seed)
        self._sample(count, seed)
        self._emit(TrainingOver())

    def saved_runs(self, lesson: str) -> list[Path]:
        return [path for path, run in self._fakes.runs.items() if run.lesson == lesson]

    def load_run(self, path: Path) -> None:
        self._note("load_run", path)
        self._emit(RunLoaded(path, self._fakes.runs[path]))
        self._emit(TrainingOver())

    def save_run(self, run: SavedRun) -> None:
        self._note("save_run", run)
        path = Path(f"run-{run.lesson}-{len(self._fakes.runs) + 1}.npz")
        self._fakes.runs[path] = run
        self._emit(RunSaved(path))

    def close(self) -> None:
        self._note("close")
        self.closed = True
        self._thread.close()

    # Inside

    @property
    def _saved(self) -> dict[str, SavedAnswer]:
        return self._own if self.asked_for else self._fakes.solutions.setdefault(self.lesson.name, {})

    def _note(self, name: str, *arguments: object) -> None:
        self.requests.append((name, arguments))

    def _emit(self, event: Event) -> None:
        if isinstance(event, self._held_types):
            self.held.append(event)
        elif self._fakes.delay:
            self._thread.add(functools.partial(self._deliver_slowly, event))
        else:
            self._deliver(event)

    def _deliver_slowly(self, event: Event) -> None:
        time.sleep(self._fakes.delay)
        self._deliver(event)

    def _deliver(self, event: Event) -> None:
        if not self.closed:
            self._listener(event)

    def verdict_on(self, node: str, code: str) -> Verdict:
        """The scripted verdict, or the default one."""
        form, shape = answer_form(code, self.lesson.node(node).gradient), self.facts.shapes[node]
        right = same_code(form.code if form is not None else code, self.solution.get(node, ""))
        question = Question(node, code, shape, right, self._own_upstream)
        script = self._fakes.verdicts.get(code, {})
        changes = dict(script(question) if callable(script) else script)
        verdict = replace(default_verdict(question), **changes)  # type: ignore[arg-type]  # a test's own fields
        bare = form is not None and form.bare and verdict.watched is None
        return replace(verdict, watched=Watched("float32", "", shape, (0.5, 1.0))) if bare else verdict

    def _recheck(self) -> None:
        codes = {node: answer.code for node, answer in self._saved.items() if answer.code}
        verdicts = (replace(self.verdict_on(node, code), line=1) for node, code in codes.items())
        self._emit(Rechecked(tuple(verdicts)))

    def _catalogue(self) -> tuple[LessonSummary, ...]:
        lessons = [lesson_of(name) for name in lesson_names()]
        return tuple(
            LessonSummary(
                lesson.name,
                f"about {lesson.name}",
                len(lesson.asks),
                self._answered(lesson),
                lesson.notes.chapter,
                lesson.notes.part,
            )
            for lesson in lessons
        )

    def _answered(self, lesson: Lesson) -> int:
        saved = self._fakes.solutions.get(lesson.name, {})
        return sum(1 for node in lesson.asks if node in saved and saved[node].code)

    def _sample(self, count: int, seed: int) -> None:
        for side in self._plan.sides:
            for number in range(count):
                self._emit(NameSampled(side, f"ann{seed % 1000}x{number}"))

    def _view(self, request: ViewRequest) -> TensorView:
        own = request.view in (View.YOURS, View.DIFFERENCE)
        code, verdict = self._judged.get(request.tensor, ("", None))
        kind = self.facts.names.get(request.tensor, "")
        shape = verdict.shape if own and verdict is not None else kind
        if (own and verdict is None) or not isinstance(shape, tuple):
            return TensorView()
        whole = shape
        try:
            shape = sliced_shape(shape, request.slices)
        except IndexError as error:
            return TensorView(error=str(error))
        worst = self._fakes.worst.get(code)
        statistics = Statistics(-1.0, 1.0, 0.0, 0.5)
        if request.view is not View.VALUE:
            statistics = Statistics(0.0, worst.size if worst is not None and own else 0.0, 0.0, 0.0)
        return TensorView(
            TensorSummary(shape, "float32", 0.25, 0, statistics),
            heatmap_of(shape, request.frame),
            window_of(shape, request.frame, worst),
            worst if request.view is View.DIFFERENCE else None,
            whole=whole,
        )

    def _poke(self, request: PokeRequest) -> Poke:
        """What the gradient says is half of what happens."""
        if request.tensor in ("Xb", "Yb"):
            return Poke(refusal="it is int64: only floating-point numbers can be nudged")
        known = request.gradient is View.AUTOGRAD or request.tensor in self._judged
        return Poke(0.001, 2.1e-05, 1.05e-05 if known else None)
