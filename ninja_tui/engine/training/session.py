"""One lesson, the training that was begun on it, and its parameters as they are now."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Refused
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.packing import pack, unpack
from ninja_tui.engine.training.config import Engine
from ninja_tui.engine.training.faster import costs_of
from ninja_tui.engine.training.gradcheck import gradcheck
from ninja_tui.engine.training.loop import Loop
from ninja_tui.engine.training.messages import (
    BeginTraining,
    CheckGradients,
    EvaluateSplits,
    GradientChecks,
    LoadParameters,
    NetworkParameters,
    OpenLesson,
    PreviewNames,
    ProfileStep,
    SampledNames,
    SampleNames,
    SaveParameters,
    SplitLosses,
    StepProfile,
    StepsTrained,
    TrainingBegun,
    TrainSteps,
)
from ninja_tui.engine.training.parameters import Parameters
from ninja_tui.engine.training.recipe import recipe_of, split_all
from ninja_tui.engine.training.sampling import Sampler
from ninja_tui.engine.training.step import Part, StepFragment
from ninja_tui.engine.training.stepping import statement_seconds
from ninja_tui.engine.workers.setup import set_up
from ninja_tui.lesson.model import gradient_name

RATES = (0.1, 0.01)
"""The learning rates of a lesson that has none."""
WORTH_COMPILING = 5_000
"""Steps from which on compiling pays for itself, where it is not asked for."""


@dataclass(frozen=True)
class _Opened:
    """A lesson whose set-up has run; ``initial`` are its names as they were then."""

    code: LessonCode
    namespace: Namespace
    initial: Namespace
    parameters: Parameters
    sampler: Sampler

    def reset(self) -> None:
        """Everything as the set-up left it; the namespace stays the same dict, which the set-up's functions read."""
        self.parameters.reset()
        self.sampler.forget()
        random.seed(0)
        torch.manual_seed(0)
        self.namespace.clear()
        self.namespace.update(self.initial)

    def resize(self, steps: int, batch_size: int | None) -> None:
        """Other numbers of steps and of rows in a minibatch; raises Refused where the latter cannot be chosen."""
        namespace = self.namespace
        if isinstance(namespace.get("steps"), int):
            namespace["steps"] = steps
        if batch_size is None or namespace.get("batch_size") == batch_size:
            return
        if not isinstance(namespace.get("batch_size"), int):
            raise Refused(f"{self.code.where}: the set-up binds no batch_size, so it cannot be chosen")
        if batch_size < 1:
            raise Refused("a minibatch has at least one row")
        if namespace.get("n") == namespace["batch_size"]:
            namespace["n"] = batch_size
        namespace["batch_size"] = batch_size


@dataclass(frozen=True)
class _Rates:
    """The learning rate of each step: the request's, the lesson's, or ``RATES``."""

    request: BeginTraining
    namespace: Namespace

    def __call__(self, step: int) -> float:
        half = step >= self.request.steps // 2
        if self.request.rates is not None:
            return self.request.rates[half]
        schedule = self.namespace.get("learning_rate")
        return float(schedule(step)) if callable(schedule) else RATES[half]


@dataclass(frozen=True)
class _Run:
    """A training that was begun; ``answers`` are all of the request's, also those that autograd replaces."""

    steps: int
    answers: tuple[StepFragment, ...]
    loop: Loop
    rates: _Rates


class TrainingSession:
    """Carries out the requests of ``training.messages``, one training at a time; raises Refused where it cannot."""

    def __init__(self) -> None:
        self._lesson: _Opened | None = None
        self._run: _Run | None = None
        self._step = 0

    def open(self, request: OpenLesson) -> Done:
        """Runs the lesson's set-up."""
        code = request.lesson
        namespace = set_up(code)
        for name in code.parameters:
            if not isinstance(namespace.get(name), torch.Tensor):
                raise Refused(f"{code.where}: the parameter `{name}` is no tensor")
            namespace[name] = namespace[name].detach()
        namespace["parameters"] = [namespace[name] for name in code.parameters]
        namespace["cmp"] = lambda *_: None
        namespace.setdefault(gradient_name(code.loss), torch.ones(()))
        parameters = Parameters(code.parameters, namespace)
        sampler = Sampler(code, namespace, request.calibrate, request.predict)
        self._lesson = _Opened(code, namespace, dict(namespace), parameters, sampler)
        self._run, self._step = None, 0
        return Done()

    def begin(self, request: BeginTraining) -> TrainingBegun:
        """Starts from the lesson's own parameters, and tries the first step."""
        lesson = self._opened()
        self._run, self._step = None, 0
        lesson.reset()
        lesson.resize(request.steps, request.batch_size)
        rates = _Rates(request, lesson.namespace)
        try:
            answers = split_all(request.answers, Part.ANSWERS)
            recipe = recipe_of(lesson.code, answers, request.backward, request.replaced)
            loop = Loop(recipe, lesson.namespace, lesson.parameters, rates)
        except SyntaxError as error:
            raise Refused(f"this code cannot train: {message_of(error)}") from None
        self._run = _Run(request.steps, answers, loop, rates)
        began = time.perf_counter()
        not_compiled = loop.compile() if loop.stop is None and _is_to_be_compiled(request) else ""
        changed = {name for statement in loop.recipe.answers for name in statement.binds}
        return TrainingBegun(
            engine=loop.engine,
            replaced=loop.recipe.replaced,
            rebinds=tuple(sorted(loop.generated.rebinds)),
            changes=tuple(sorted(changed & set(lesson.code.parameters))),
            reshaped=tuple(sorted(loop.recipe.reshaped)),
            drawn_ahead=loop.generated.ahead is not None,
            seconds=time.perf_counter() - began,
            not_compiled=not_compiled,
            stop=loop.stop,
        )

    def train(self, request: TrainSteps) -> StepsTrained:
        """Trains some steps."""
        run = self._begun()
        losses, stop = run.loop.advance(min(request.count, run.steps - run.loop.done))
        self._step = run.loop.done
        return StepsTrained(self._step, pack(losses), run.rates(max(self._step - 1, 0)), run.loop.engine, stop)

    def check(self, request: CheckGradients) -> GradientChecks:
        """Compares the answers' gradients with autograd's."""
        lesson, run = self._opened(), self._begun()
        recipe = replace(run.loop.recipe, answers=run.answers, replaced=())
        with lesson.parameters.untouched():
            lesson.parameters.require_gradients(needed=True)
            checks = gradcheck(recipe, lesson.namespace, request.nodes, request.minibatches)
        lesson.parameters.require_gradients(needed=run.loop.recipe.with_autograd)
        return GradientChecks(checks)

    def profile(self, request: ProfileStep) -> StepProfile:
        """Times the statements of a step."""
        lesson, stepwise = self._opened(), self._begun().loop.stepwise
        with lesson.parameters.untouched():
            try:
                spent = statement_seconds(stepwise, lesson.namespace, request.steps, request.seconds)
                return StepProfile(costs_of(stepwise, lesson.namespace, spent))
            except BaseException as error:
                raise Refused(message_of(error)) from None

    def evaluate(self, _request: EvaluateSplits) -> SplitLosses:
        """Computes the losses over whole splits."""
        return self._opened().sampler.evaluate(self._step)

    def sample(self, request: SampleNames) -> SampledNames:
        """Samples names."""
        names = self._opened().sampler.sample(self._step, request.count, request.seed, request.longest)
        return SampledNames(names)

    def preview(self, request: PreviewNames) -> SampledNames:
        """Samples names from the parameters as they are; the training goes on with the random numbers it had."""
        lesson = self._opened()
        with lesson.parameters.untouched():
            return SampledNames(lesson.sampler.preview(request.count, request.longest))

    def save(self, _request: SaveParameters) -> NetworkParameters:
        """The parameters as they are now."""
        tensors = self._opened().parameters.tensors()
        return NetworkParameters({name: pack(tensor) for name, tensor in tensors.items()})

    def load(self, request: LoadParameters) -> Done:
        """Puts other values in the place of the parameters."""
        lesson = self._opened()
        lesson.parameters.load({name: unpack(tensor) for name, tensor in request.tensors.items()})
        lesson.sampler.forget()
        self._step = request.step
        return Done()

    def _opened(self) -> _Opened:
        if self._lesson is None:
            raise Refused("the lesson is not open")
        return self._lesson

    def _begun(self) -> _Run:
        if self._run is None:
            raise Refused("no training has begun")
        return self._run


def _is_to_be_compiled(request: BeginTraining) -> bool:
    is_long = request.steps >= WORTH_COMPILING
    return request.engine is Engine.COMPILED or (request.engine is Engine.AUTO and is_long)
