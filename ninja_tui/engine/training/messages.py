"""Requests to the worker that trains, and its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import CODE, Done, Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.training.config import Backward, Engine
from ninja_tui.engine.training.step import Part
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.vectorize import Cause


@dataclass(frozen=True)
class Stop:
    """Where and why a training cannot go on: at ``step`` (from 0), in ``code``, which stands in ``line``.

    ``tensor`` is the name of the one that is not finite, if that is why; ``line`` is 0 where the code stands in no
    file.
    """

    step: int
    message: str
    part: Part | None = None
    code: str = ""
    line: int = 0
    tensor: str = ""


@dataclass(frozen=True)
class OpenLesson(Request[Done]):
    """Runs a lesson's set-up; ``calibrate`` and ``predict`` are the cells that sampling needs.

    Refused where the set-up cannot be run, or a parameter is no tensor.
    """

    reply: ClassVar[type] = Done
    lesson: LessonCode
    calibrate: Fragment | None = None
    predict: Fragment | None = None


@dataclass(frozen=True)
class TrainingBegun:
    """What is to be known of a training before its first step, which is tried and undone.

    ``replaced`` are the nodes whose gradient is autograd's, ``rebinds`` the lesson's names that the answers rebind
    (each step begins with the lesson's values), ``changes`` the parameters that the answers change themselves (the
    update comes on top), and ``reshaped`` those whose gradient has another shape and as many elements.
    ``drawn_ahead``: one call draws the minibatches of many steps. ``seconds`` is what compiling took; ``not_compiled``
    says why steps run eagerly although they were to be compiled.
    """

    engine: Engine
    replaced: tuple[str, ...]
    rebinds: tuple[str, ...]
    changes: tuple[str, ...]
    reshaped: tuple[str, ...]
    drawn_ahead: bool
    seconds: float
    not_compiled: str
    stop: Stop | None


@dataclass(frozen=True)
class BeginTraining(Request[TrainingBegun]):
    """Starts from the lesson's own parameters.

    ``answers`` stand in file order; the gradients of the nodes ``replaced`` are autograd's. ``rates`` are the learning
    rates of the first and the second half of the steps. Without ``rates`` and ``batch_size``: the lesson's.
    Refused where no step can be made.
    """

    reply: ClassVar[type] = TrainingBegun
    steps: int
    answers: tuple[Fragment, ...] = ()
    backward: Backward = Backward.MANUAL
    replaced: tuple[str, ...] = ()
    batch_size: int | None = None
    rates: tuple[float, float] | None = None
    engine: Engine = Engine.AUTO


@dataclass(frozen=True)
class StepsTrained:
    """The ``losses`` (float32, one a step) of the steps that a request made; ``step`` counts all steps so far.

    ``rate`` is the last step's learning rate. After a stop the parameters are those before the step in which it began.
    """

    step: int
    losses: TensorData
    rate: float
    engine: Engine
    stop: Stop | None


@dataclass(frozen=True)
class TrainSteps(Request[StepsTrained]):
    """Trains ``count`` steps, or as many as are left."""

    reply: ClassVar[type] = StepsTrained
    count: int


@dataclass(frozen=True)
class GradientCheck:
    """The gradient of ``node`` that the answers give, against autograd's; the worst of several minibatches.

    ``fits`` says whether it is right with autograd's gradients upstream, ``fits_chained`` with the answers' own.
    ``maxdiff`` is the largest difference of two entries, ``relative`` the same over autograd's largest entry; both are
    None where there is nothing to compare. ``error`` is what an answer raised, or why its value is no gradient.
    ``missing``: there is no answer.
    """

    node: str
    expected_shape: tuple[int, ...]
    shape: tuple[int, ...] | None = None
    fits: bool = False
    fits_chained: bool = False
    maxdiff: float | None = None
    relative: float | None = None
    error: str = ""
    missing: bool = False


@dataclass(frozen=True)
class GradientChecks:
    """One check a node."""

    checks: tuple[GradientCheck, ...]


@dataclass(frozen=True)
class CheckGradients(Request[GradientChecks]):
    """Compares the answers' gradients of ``nodes`` with autograd's on fresh minibatches; nothing is trained."""

    reply: ClassVar[type] = GradientChecks
    nodes: tuple[str, ...]
    minibatches: int = 3


@dataclass(frozen=True)
class Faster:
    """A statement that was tried in the place of another: it gave the same, in ``seconds``."""

    code: str = field(metadata=CODE)
    seconds: float


@dataclass(frozen=True)
class StatementCost:
    """The ``seconds`` that one statement takes of a step as Python runs it, in the median.

    For a person's statement that takes a large part of the step: its ``cause``, where the form shows one, and what does
    the same ``faster``, where such a thing was found.
    """

    part: Part
    code: str = field(metadata=CODE)
    line: int
    seconds: float
    cause: Cause | None = None
    faster: Faster | None = None

    @property
    def is_answer(self) -> bool:
        """Whether the person wrote it."""
        return self.part is Part.ANSWERS


@dataclass(frozen=True)
class StepProfile:
    """The cost of every statement, in the order in which they run."""

    statements: tuple[StatementCost, ...]


@dataclass(frozen=True)
class ProfileStep(Request[StepProfile]):
    """Times the statements over at most ``steps`` steps and about ``seconds``; nothing is trained."""

    reply: ClassVar[type] = StepProfile
    steps: int = 50
    seconds: float = 0.3


@dataclass(frozen=True)
class SplitLosses:
    """The mean cross-entropy over each whole split; None where the set-up binds no such data."""

    train: float | None
    val: float | None


@dataclass(frozen=True)
class EvaluateSplits(Request[SplitLosses]):
    """Computes the losses over whole splits; refused where the lesson has no cell ``predict``."""

    reply: ClassVar[type] = SplitLosses


@dataclass(frozen=True)
class SampledNames:
    """Names that the network invented."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class SampleNames(Request[SampledNames]):
    """Samples ``count`` names of at most ``longest`` characters.

    With a ``seed`` the stream of random numbers starts there; without, it goes on.
    """

    reply: ClassVar[type] = SampledNames
    count: int = 1
    seed: int | None = None
    longest: int = 50


@dataclass(frozen=True)
class PreviewNames(Request[SampledNames]):
    """Samples ``count`` names while a training goes on, which then goes on as if none had been.

    One that ``longest`` cuts ends in an ellipsis.
    """

    reply: ClassVar[type] = SampledNames
    count: int
    longest: int = 20


@dataclass(frozen=True)
class NetworkParameters:
    """The parameters by name."""

    tensors: Mapping[str, TensorData]


@dataclass(frozen=True)
class SaveParameters(Request[NetworkParameters]):
    """Asks for the parameters as they are now."""

    reply: ClassVar[type] = NetworkParameters


@dataclass(frozen=True)
class LoadParameters(Request[Done]):
    """Puts other values in the place of the parameters, trained for ``step`` steps.

    Refused where one is missing or has another shape or dtype.
    """

    reply: ClassVar[type] = Done
    tensors: Mapping[str, TensorData]
    step: int
