"""Requests to the reference worker, which holds a lesson's gradients, and its replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import Poke, PokeRequest, TensorView, ViewRequest

T = TypeVar("T")
MANY = 400
"""Operations of an answer from which on it is tried in fewer worlds."""


@dataclass(frozen=True)
class Clobbered:
    """A name of the lesson that the answer to ``node``, which ends in ``where``, has bound or changed."""

    name: str
    node: str
    where: str


@dataclass(frozen=True)
class Operand:
    """A tensor that code names, and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Reading:
    """What a gradient was computed from: the gradients of ``nodes`` and the lesson's tensors ``names``.

    ``operations`` counts the operations on the way. ``by_autograd``: autograd has computed a part of it,
    ``reads_grad``: a ``.grad`` is a part of it, and ``escapes``: a part of it came from outside PyTorch, so that only
    these numbers are known. ``bends``: it takes another branch on other numbers, as ``abs`` does. ``cancels``: large
    numbers in it add up to nearly nothing. ``operands`` are the tensors that the code names, where it raised.
    """

    nodes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    operations: int = 0
    multiplies: bool = False
    multiplies_matrices: bool = False
    by_autograd: bool = False
    reads_grad: bool = False
    escapes: bool = False
    bends: bool = False
    cancels: bool = False
    operands: tuple[Operand, ...] = ()

    @property
    def decides_trials(self) -> tuple[frozenset[str], bool, bool]:
        """All of it on which it depends in which trials an answer is tried."""
        return frozenset(self.nodes), self.operations > MANY, self.bends


@dataclass(frozen=True)
class Evidence(Generic[T]):
    """What is known of one answer to ``node``: its ``gradient`` in float32, and what it gave in each trial, in order.

    Where there is none, ``error`` says why, and ``errors`` by trial. ``chained`` is what it gives with the person's own
    gradients upstream, ``restored`` in the first trial with the lesson's values for the names in ``clobbered``.
    ``isolated`` is what it gives in float32 with the reference's gradients upstream, where ``gradient`` is far from
    what it gives with them in float64; ``rounded_to`` the half precision that takes digits of it on the way. ``T`` is
    TensorData between processes, and a tensor in the judge.
    """

    node: str
    reading: Reading
    gradient: T | None = None
    results: tuple[T | None, ...] = ()
    errors: tuple[str, ...] = ()
    chained: T | None = None
    isolated: T | None = None
    rounded_to: str = ""
    error: str = ""
    restored: T | None = None
    clobbered: tuple[Clobbered, ...] = ()
    left_out: frozenset[int] = frozenset()
    """Trials that say nothing, since the code would have taken another branch."""


@dataclass(frozen=True)
class PlannedTrial:
    """A trial of an answer: in the world of that number, with these upstream gradients, by node."""

    world: int
    upstream: dict[str, TensorData]


@dataclass(frozen=True)
class Plan:
    """The trials of one answer; the first is at home, with the reference upstream."""

    trials: tuple[PlannedTrial, ...]


@dataclass(frozen=True)
class PlanTrials(Request[Plan]):
    """Asks how an answer to ``node`` is to be tried; never holds that node's own gradient."""

    reply: ClassVar[type] = Plan
    node: str
    reading: Reading


@dataclass(frozen=True)
class ForeseeTrials(Request[Done]):
    """Has computed what the trials of an answer to ``node`` are likely to need, before there is one."""

    reply: ClassVar[type] = Done
    node: str


@dataclass(frozen=True)
class LessonRun:
    """A lesson that has run: ``shapes`` of its gradients by node, ``values`` that answers run on.

    ``names`` has, for what code may name, a tensor's shape or another object's kind. ``values`` are those of the
    program in float32, and then, in float64, those of each world, its own first. ``carried`` are the statements that
    bind what is no tensor, which is not sent. ``singles`` has value and gradient of each node that is a single number,
    ``attributes`` those of each module that code may name, and under ``Tensor`` those of every tensor.
    """

    loss: float
    seed: int | None
    torch: str
    shapes: dict[str, tuple[int, ...]]
    names: dict[str, tuple[int, ...] | str]
    values: tuple[dict[str, TensorData], ...]
    carried: tuple[int, ...]
    singles: dict[str, tuple[float, float]]
    attributes: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class RunLesson(Request[LessonRun]):
    """Runs a lesson and its backward pass; whatever is asked next is about it.

    With ``differences`` each verdict holds the answer's difference from autograd's gradient.
    """

    reply: ClassVar[type] = LessonRun
    lesson: LessonCode
    differences: bool = False


@dataclass(frozen=True)
class JudgeAnswer(Request[Verdict]):
    """The verdict on an answer; where it gave no gradient, its status is ERROR."""

    reply: ClassVar[type] = Verdict
    evidence: Evidence[TensorData]


@dataclass(frozen=True)
class Columns:
    """The notebook's ``cmp``: ``maxdiff`` is None where the shapes do not broadcast."""

    exact: bool
    approximate: bool
    maxdiff: float | None


@dataclass(frozen=True)
class CompareGradient(Request[Columns]):
    """What the notebook's ``cmp`` gives for ``gradient`` and the gradient of ``node`` in float32."""

    reply: ClassVar[type] = Columns
    node: str
    gradient: TensorData


@dataclass(frozen=True)
class UpstreamGradient:
    """Autograd's gradient of one node in float32, and in float64."""

    single: TensorData
    double: TensorData


@dataclass(frozen=True)
class FetchUpstream(Request[UpstreamGradient]):
    """The gradient of ``node``, to be put in the place of a person's."""

    reply: ClassVar[type] = UpstreamGradient
    node: str


@dataclass(frozen=True)
class Unseeded:
    """Names that hold other numbers from run to run, by the part of a lesson that binds them."""

    setup: tuple[str, ...] = ()
    minibatch: tuple[str, ...] = ()
    forward: tuple[str, ...] = ()


@dataclass(frozen=True)
class FindUnseeded(Request[Unseeded]):
    """Runs a lesson twice, with different seeds for the global generators, and compares."""

    reply: ClassVar[type] = Unseeded
    lesson: LessonCode


@dataclass(frozen=True)
class JudgedFunctions:
    """What there is to say on the ``autograd.Function``s of a lesson: the verdicts that are no plain passes."""

    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class JudgeFunctions(Request[JudgedFunctions]):
    """Judges the backward of each ``autograd.Function`` that the lesson's forward pass has called."""

    reply: ClassVar[type] = JudgedFunctions


@dataclass(frozen=True)
class RunForward(Request[Done]):
    """Runs a lesson's forward pass, whose record is then to be taken."""

    reply: ClassVar[type] = Done
    lesson: LessonCode


@dataclass(frozen=True)
class InspectTensor(Request[TensorView]):
    """Asks for a view of a tensor."""

    reply: ClassVar[type] = TensorView
    request: ViewRequest


@dataclass(frozen=True)
class PokeElement(Request[Poke]):
    """Nudges an element of a tensor, and computes the loss again."""

    reply: ClassVar[type] = Poke
    request: PokeRequest
