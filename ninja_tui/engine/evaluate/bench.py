"""A lesson's reference worker and the runners of its answers, driven from a process that has no PyTorch."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ninja_tui.engine.evaluate.hand_over import hand_over
from ninja_tui.engine.evaluate.runner import Runner
from ninja_tui.engine.evaluate.supply import Copy, Start, Supply, opened
from ninja_tui.engine.protocol.judging import (
    Columns,
    CompareGradient,
    Evidence,
    FetchUpstream,
    FindUnseeded,
    ForeseeTrials,
    InspectTensor,
    JudgeAnswer,
    JudgeFunctions,
    LessonRun,
    Plan,
    PlanTrials,
    PokeElement,
    Reading,
    RunForward,
    RunLesson,
    Unseeded,
    UpstreamGradient,
)
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.programs import TryFunctions
from ninja_tui.engine.protocol.recent import Recent
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.engine.protocol.views import Poke, PokeRequest, TensorView, ViewRequest
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Endpoint, Role, Template, Worker, WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson, Origin, gradient_name
from ninja_tui.lesson.read import LESSONS

R = TypeVar("R")
JUDGING = 30.0
"""Seconds that the reference may take for one request."""
TRYING = 10.0
"""Seconds that the backward of a lesson's own Functions may take."""
MOST_PLANS = 64 << 20
"""Bytes of upstream gradients that are kept for further answers to the same nodes."""


@dataclass(frozen=True)
class Options:
    """The choices of a session: a seed in place of the lesson's, and texts in the place of data files.

    ``data`` is a person's own data file, ``setup`` a script that defines what a free-form lesson lacks, and ``part``
    says which of a file's forward passes is meant.
    """

    seed: int | None = None
    served: tuple[tuple[str, str], ...] = ()
    data: pathlib.Path | None = None
    setup: pathlib.Path | None = None
    part: int = 1


@dataclass(frozen=True)
class Facts:
    """What running a lesson showed: ``shapes`` of the nodes, ``names`` with a tensor's shape or another's kind.

    ``singles`` has the value and autograd's gradient of each node that is a single number; ``attributes`` are those of
    each module, and under ``Tensor`` those of every tensor. ``functions`` are verdicts on the lesson's own
    ``autograd.Function``s, without plain passes.
    """

    loss: float
    seed: int | None
    torch: str
    shapes: dict[str, tuple[int, ...]]
    names: dict[str, tuple[int, ...] | str]
    singles: dict[str, tuple[float, float]] = field(default_factory=dict)
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: tuple[Verdict, ...] = ()


class Workbench:
    """Opens a lesson; judges answers against its reference; makes runners for answers.

    ``start`` makes what carries out requests: worker processes, unless something else is to. ``copy`` makes it of a
    template; something else has none without it.
    """

    def __init__(self, lesson: Lesson, options: Options, start: Start = Worker, copy: Copy | None = None) -> None:
        self._start = start
        self.lesson = lesson
        self._gradient_names = lesson.gradients
        self._code = LessonCode.of(lesson, options.seed, dict(options.served))
        self._reference: Endpoint | None = None
        self._apart: Endpoint | None = None
        self._run: LessonRun | None = None
        self._closed = False
        self._upstream: dict[str, UpstreamGradient] = {}
        self._plans: Recent[tuple[str, frozenset[str], bool, bool], Plan] = Recent(MOST_PLANS)
        self._facts: Facts | None = None
        if copy is None and start is Worker:
            copy = Template.worker
        self._supply = Supply(self._code, start, copy if LESSONS in lesson.path.parents else None)

    def open(self) -> Facts:
        """Runs the lesson; raises UsageError where it cannot be run."""
        self._supply.prime()
        self._run = run = self._start_reference()
        absent = [name for name in self.lesson.asks if name not in run.shapes]
        if absent and self.lesson.origin is Origin.DISCOVERED and len(absent) < len(self.lesson.asks):
            present = tuple(name for name in self.lesson.asks if name in run.shapes)
            self.lesson = replace(self.lesson, asks=present)
        elif absent:
            raise UsageError(f"the loss of `{self.lesson.name}` does not depend on {', '.join(absent)}")
        functions = self._judged_functions()
        self._facts = Facts(
            run.loss, run.seed, run.torch, run.shapes, run.names, run.singles, run.attributes, functions
        )  # fmt: skip
        return self._facts

    def gradient_name(self, node: str) -> str:
        """The name under which a node's gradient stands, where no answer of a file gives it another."""
        return self._gradient_names.get(node) or gradient_name(node)

    @property
    def facts(self) -> Facts:
        """What ``open`` gave."""
        if self._facts is None:
            raise RuntimeError("the workbench is not open")
        return self._facts

    def runner(self) -> Runner:
        """A runner that has seen no gradient of this lesson; raises UsageError where there can be none."""
        if self._run is None or self._closed:
            raise UsageError("the lesson is not open")
        return Runner(self._supply.take(self._run))

    def make_ahead(self) -> None:
        """Has the next runner made in the background, so that it is there at once."""
        self._supply.prime()

    def gradient(self, node: str) -> UpstreamGradient:
        """Autograd's gradient of ``node``, to stand in the place of a person's."""
        if node not in self._upstream:
            self._upstream[node] = self._ask(FetchUpstream(node))
        return self._upstream[node]

    def plan(self, node: str, reading: Reading) -> Plan:
        """How an answer to ``node`` that reads this is to be tried."""
        key = (node, *reading.decides_trials)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._ask(PlanTrials(node, reading))
            size = sum(len(each.data) for trial in plan.trials for each in trial.upstream.values())
            self._plans.put(key, plan, size)
        return plan

    def foresee(self, node: str) -> None:
        """Has computed what the trials of an answer to ``node`` are likely to need, before there is one."""
        with contextlib.suppress(WorkerError):  # the answer will meet it again
            self._ask(ForeseeTrials(node))

    def judge(self, evidence: Evidence[TensorData]) -> Verdict:
        """The verdict on an answer; whatever it gave, it costs that answer at the most."""
        try:
            return self._ask(JudgeAnswer(evidence))
        except (WorkerError, Broken, TimedOut) as error:
            reason = "judging it took too long" if isinstance(error, TimedOut) else str(error)
            if isinstance(error, Broken):
                reason = "the judge ran out of memory"
            expected = self.facts.shapes[evidence.node]
            return Verdict(evidence.node, Status.ERROR, expected, error=f"could not be judged: {reason}")

    def compare(self, node: str, gradient: TensorData) -> Columns:
        """What the notebook's ``cmp`` gives for ``gradient`` and the gradient of ``node``."""
        return self._ask(CompareGradient(node, gradient))

    def unseeded(self) -> Unseeded:
        """The names of the lesson that hold other numbers from run to run."""
        with self._running_apart() as worker:
            return opened(worker, FindUnseeded(self._code), self._code.where)

    def inspect(self, request: ViewRequest) -> TensorView:
        """The view of a tensor."""
        return self._ask(InspectTensor(request))

    def poke(self, request: PokeRequest) -> Poke:
        """What a nudge of one element of a tensor does to the loss."""
        return self._ask(PokeElement(request))

    def close(self) -> None:
        """Ends all processes."""
        self._closed = True
        for worker in (self._apart, self._reference):
            if worker is not None:
                worker.close()
        self._supply.close()

    def _start_reference(self) -> LessonRun:
        self._reference = self._start(Role.REFERENCE)
        if not self._code.bundled:
            self._run_apart(self._reference)
        return opened(self._reference, RunLesson(self._code), self._code.where)

    def _run_apart(self, reference: Endpoint) -> None:
        """Has the lesson's code run in a process of its own, and its record given to the reference.

        A backward of its own that hangs, or ends its process, is not called in the next.
        """
        for tries in (True, False):
            with self._running_apart() as worker:
                opened(worker, RunForward(self._code), self._code.where)
                if tries:
                    try:
                        worker.request(TryFunctions(), TRYING)
                    except (WorkerError, TimedOut, Broken):
                        continue
                hand_over(worker, reference, self._code.where)
                return

    def _judged_functions(self) -> tuple[Verdict, ...]:
        if self._code.bundled:  # ours have none
            return ()
        try:
            return self._ask(JudgeFunctions()).verdicts
        except (WorkerError, Broken, TimedOut):
            told = "could not be judged: it took too long, or ended the process that judges"
            return (Verdict("autograd.Function", Status.ERROR, (), named="autograd.Function", error=told),)

    @contextlib.contextmanager
    def _running_apart(self) -> Iterator[Endpoint]:
        """Within it a process that runs the lesson's code, and nothing else."""
        self._apart = worker = self._start(Role.FORWARD)
        try:
            if self._closed:  # from another thread, while it was started
                raise UsageError("the lesson is not open")
            yield worker
        finally:
            self._apart = None
            worker.close()

    def _ask(self, request: Request[R], limit: float = JUDGING) -> R:
        """The reference's reply. One that breaks is started anew, for what is asked next."""
        if self._reference is None:
            raise RuntimeError("the workbench is not open")
        try:
            return self._reference.request(request, limit)
        except (Broken, TimedOut):
            self._reference.close()
            if not self._closed:
                self._start_reference()
            raise
