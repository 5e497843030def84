"""Trains a lesson in worker processes, and reports as it goes: the side that has no PyTorch."""

from __future__ import annotations

import contextlib
import threading
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.training.config import Backward, Engine, Plan, Sources
from ninja_tui.engine.training.events import (
    Begun,
    Checked,
    Listener,
    NameSampled,
    Previewed,
    Profiled,
    Progress,
    Trained,
)
from ninja_tui.engine.training.messages import (
    BeginTraining,
    CheckGradients,
    EvaluateSplits,
    GradientCheck,
    LoadParameters,
    OpenLesson,
    PreviewNames,
    ProfileStep,
    SampleNames,
    SaveParameters,
    SplitLosses,
    StatementCost,
    Stop,
    TrainingBegun,
    TrainSteps,
)
from ninja_tui.engine.workers.client import Role, Worker, WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Cell, Lesson, gradient_name
from ninja_tui.lesson.syntax.fragment import Fragment

R = TypeVar("R")
CHUNK = 0.15
"""Seconds of training between two reports on it."""
MOST_AT_ONCE = 100_000
"""Steps."""
PREVIEW_EVERY, PREVIEW_SHARE = 1.0, 0.018
"""Seconds between two previews of names, and the part of the time that they may take: slow ones come less often."""
TIMEOUT = 300.0
"""Seconds that one request may take: a compiler is slow."""
SETTLED, FAR = 100, 10.0
"""So many losses in a row, each so many times the first one, are no bad luck with a minibatch any more."""


class Side:
    """One network in training, in a process of its own."""

    def __init__(self, backward: Backward) -> None:
        self.backward = backward
        self.losses: array[float] = array("f")
        self.seconds = 0.0
        self.compiling = 0.0
        self.stop: Stop | None = None
        self.samples = False
        self.engine = Engine.EAGER
        self.costs: tuple[StatementCost, ...] = ()
        self._chunk = 8
        self._next_preview = 0.0
        self._worker = Worker(Role.TRAINER)

    @property
    def step(self) -> int:
        """How many steps are done."""
        return len(self.losses)

    def open(self, lesson: Lesson, code: LessonCode) -> None:
        """Runs the lesson's set-up; raises UsageError where that fails."""
        self.samples = lesson.predict is not None
        self._ask(OpenLesson(code, _fragment(lesson.calibrate), _fragment(lesson.predict)))

    def begin(self, plan: Plan, sources: Sources) -> Begun:
        """Starts afresh; raises UsageError where no step can be made."""
        begun = self._ask(
            BeginTraining(
                steps=plan.steps,
                answers=sources.answers,
                backward=self.backward,
                replaced=sources.replaced,
                batch_size=plan.batch_size,
                rates=plan.rates,
            )
        )
        self.stop, self.engine = begun.stop, begun.engine
        self.compiling = begun.seconds if begun.engine is Engine.COMPILED else 0.0
        return Begun(self.backward, _message(begun))

    def check(self, nodes: tuple[str, ...]) -> tuple[GradientCheck, ...]:
        """The person's gradients of ``nodes`` against autograd's on fresh minibatches of this network."""
        checks = self._ask(CheckGradients(nodes)).checks
        return tuple(check for check in checks if not check.missing)

    def profile(self) -> Profiled:
        """The time that each statement takes; no costs where that cannot be measured."""
        with contextlib.suppress(UsageError):
            self.costs = self._ask(ProfileStep()).statements
        return Profiled(self.backward, self.engine, self.costs)

    def preview(self, count: int) -> Previewed | None:
        """``count`` names from the parameters as they are, if it is time for some; None otherwise."""
        began = time.perf_counter()
        if not self.samples or not count or began < self._next_preview:
            return None
        try:
            names = self._ask(PreviewNames(count)).names
        except UsageError:  # said when names are sampled at the end
            self._next_preview = float("inf")
            return None
        ended = time.perf_counter()
        took = ended - began if self.step else 0.0  # the first one warms up, and nothing trains yet
        self._next_preview = ended + max(PREVIEW_EVERY, took / PREVIEW_SHARE)
        return Previewed(self.backward, self.step, names)

    def advance(self, steps: int) -> Progress:
        """Some more of ``steps`` steps: as many as take about ``CHUNK`` seconds."""
        first, began = self.step, time.perf_counter()
        reply = self._ask(TrainSteps(self._chunk))
        took = max(time.perf_counter() - began, 1e-6)
        losses = _losses(reply.losses)
        if not losses and reply.stop is None:
            raise UsageError("training: the process made no step")
        self.losses.extend(losses)
        self.seconds += took
        self.stop = reply.stop or diverged(self.losses)
        self._chunk = max(1, min(MOST_AT_ONCE, round(len(losses) * min(4.0, CHUNK / took))))
        speed = self.step / self.seconds
        return Progress(self.backward, first, self.step, steps, losses, reply.rate, speed, reply.engine)

    def trained(self) -> Trained:
        """The result: losses over whole splits, the time that each statement takes, the parameters."""
        split_losses = SplitLosses(None, None)
        if self.samples and self.step:
            split_losses = self._ask(EvaluateSplits())
        return Trained(
            side=self.backward,
            steps=self.step,
            seconds=self.seconds + self.compiling,
            losses=self.losses,
            train_loss=split_losses.train,
            val_loss=split_losses.val,
            costs=self.costs,
            parameters=self._ask(SaveParameters()).tensors,
            stop=self.stop,
        )

    def sample_name(self, seed: int | None) -> str:
        """One sampled name; a ``seed`` starts the stream of random numbers there."""
        names = self._ask(SampleNames(seed=seed)).names
        return names[0] if names else ""

    def load(self, parameters: Mapping[str, TensorData], steps: int) -> None:
        """Parameters that were saved, trained for so many ``steps``; raises UsageError where they do not fit."""
        self._ask(LoadParameters(parameters, steps))

    def close(self) -> None:
        """Ends the process."""
        self._worker.close()

    def _ask(self, request: Request[R]) -> R:
        """The reply; raises UsageError for all that goes wrong."""
        try:
            return self._worker.request(request, TIMEOUT)
        except WorkerError as error:
            raise UsageError(str(error)) from None
        except TimedOut:
            raise UsageError(f"training: no answer in {TIMEOUT:g} s, so it was ended") from None
        except Broken:
            raise UsageError("training ended its own process: it may have run out of memory") from None


class Trainer:
    """Trains a lesson as planned. ``run`` and ``sample`` block; pause, go on and stop come from other threads.

    ``seed`` replaces the lesson's; ``served`` are texts by name in the place of data files. ``listener`` is called
    with every event, in the thread that runs.
    """

    def __init__(self, lesson: Lesson, seed: int | None, served: Mapping[str, str], listener: Listener) -> None:
        self._lesson, self._listener = lesson, listener
        self._code = LessonCode.of(lesson, seed, dict(served))
        self._sides: list[Side] = []
        self._going = threading.Event()
        self._going.set()
        self._stopped = False

    def run(self, plan: Plan, sources: Sources) -> list[Trained]:
        """Checks, trains, evaluates and samples; raises UsageError where it cannot go on."""
        self.close()
        self._stopped = False
        self._going.set()
        code = self._code if plan.seed is None else replace(self._code, seed=plan.seed)
        for backward in plan.sides:
            self._listener(self._side(backward, code).begin(plan, sources))
        if self._sides[0].backward is Backward.MANUAL and self._sides[0].stop is None:
            self._listener(Checked(self._sides[0].check(self._lesson.asks)))
        for side in self._sides:
            if side.stop is None:
                self._listener(side.profile())
        self._train(plan)
        results: list[Trained] = []
        for side in self._sides:
            results.append(side.trained())
            self._listener(results[-1])
        if not self._stopped or all(side.step for side in self._sides):
            self.sample(plan.names, plan.sampling_seed)
        return results

    def sample(self, count: int, seed: int) -> None:
        """Has every side invent ``count`` names, one after the other."""
        for side in self._sides:
            if side.samples and side.stop is None:
                for number in range(count):
                    name = side.sample_name(seed if number == 0 else None)
                    self._listener(NameSampled(side.backward, name))

    def load(self, parameters: Mapping[str, TensorData], steps: int) -> None:
        """Puts a saved network in the place of the present one, to sample from it."""
        self.close()
        self._side(Backward.MANUAL, self._code).load(parameters, steps)

    def pause(self) -> None:
        """Waits with the next steps."""
        self._going.clear()

    def go_on(self) -> None:
        """No longer waits."""
        self._going.set()

    def stop(self) -> None:
        """Ends the training where it is."""
        self._stopped = True
        self._going.set()

    def close(self) -> None:
        """Ends all processes."""
        for side in self._sides:
            side.close()
        self._sides = []

    def _side(self, backward: Backward, code: LessonCode) -> Side:
        side = Side(backward)
        self._sides.append(side)
        side.open(self._lesson, code)
        return side

    def _train(self, plan: Plan) -> None:
        while not self._stopped:
            self._going.wait()
            left = [side for side in self._sides if side.step < plan.steps and side.stop is None]
            if not left or self._stopped:
                return
            for side in left:
                preview = side.preview(plan.previews)
                if preview is not None:
                    self._listener(preview)
                self._listener(side.advance(plan.steps))
                time.sleep(0)  # lets the threads that paint have their turn


def diverged(losses: Sequence[float]) -> Stop | None:
    """Where the losses left for good what they began with, if the last ``SETTLED`` all are ``FAR`` times that."""
    if len(losses) <= SETTLED or min(losses[-SETTLED:]) <= FAR * losses[0]:
        return None
    began = next(step for step in range(len(losses) - 1, -1, -1) if losses[step] <= FAR * losses[0]) + 1
    message = f"the loss diverges: it began at {losses[0]:.3g}, and has grown to {losses[-1]:.3g}"
    return Stop(began, message)


def _fragment(cell: Cell | None) -> Fragment | None:
    return None if cell is None else Fragment.at(cell.source, cell.line)


def _losses(tensor: TensorData) -> array[float]:
    """The losses of a reply; raises UsageError for another dtype than float32."""
    if tensor.dtype != "float32":
        raise UsageError("training: the process gave no losses")
    losses = array("f")
    losses.frombytes(tensor.data)
    return losses


def _message(begun: TrainingBegun) -> str:
    parts = []
    if begun.rebinds:
        parts.append(f"the answers rebind {', '.join(begun.rebinds)}: each step begins with the lesson's own")
    if begun.changes:
        parts.append(f"the answers change {', '.join(begun.changes)} themselves, and the update comes on top")
    if begun.reshaped:
        parts.append(f"{', '.join(map(gradient_name, begun.reshaped))}: reshaped to fit the parameter")
    if begun.not_compiled:
        parts.append(f"not compiled: {begun.not_compiled}")
    return "; ".join(parts)
