"""Requests to the reference worker, which holds a lesson's gradients, and its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.protocol.views import TensorView, ViewRequest
from ninja_tui.engine.protocol.worlds import Values, World
from ninja_tui.lesson.syntax.dependencies import Traits

T = TypeVar("T")


@dataclass(frozen=True)
class Clobbered:
    """A name of the lesson that the answer to ``node``, which ends in ``where``, has bound or changed."""

    name: str
    node: str
    where: str


@dataclass(frozen=True)
class Evidence(Generic[T]):
    """What is known of one answer to ``node``: its gradient, or its error, in each world, and what its text shows.

    ``restored`` is its LOCAL gradient with the lesson's values for the names in ``clobbered``. ``T`` is TensorData
    between processes, and a tensor in the judge.
    """

    node: str
    gradients: Mapping[World, T]
    errors: Mapping[World, str]
    traits: Traits
    restored: T | None = None
    clobbered: tuple[Clobbered, ...] = ()


@dataclass(frozen=True)
class LessonRun:
    """A lesson that has run: ``shapes`` of its gradients by node, ``values`` that answers run on.

    ``names`` has, for what code may name, a tensor's shape or another object's kind. ``carried`` are the statements
    that bind what is no tensor, which is not sent.
    """

    loss: float
    seed: int | None
    torch: str
    shapes: dict[str, tuple[int, ...]]
    names: dict[str, tuple[int, ...] | str]
    values: dict[Values, dict[str, TensorData]]
    carried: tuple[int, ...]


@dataclass(frozen=True)
class RunLesson(Request[LessonRun]):
    """Runs a lesson and its backward pass; whatever is asked next is about it."""

    reply: ClassVar[type] = LessonRun
    lesson: LessonCode


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
class UpstreamGradients:
    """The upstream gradient of one node, by world."""

    by_world: dict[World, TensorData]


@dataclass(frozen=True)
class FetchUpstream(Request[UpstreamGradients]):
    """The upstream gradients of ``node``."""

    reply: ClassVar[type] = UpstreamGradients
    node: str


@dataclass(frozen=True)
class Fingerprints:
    """Digests of the data that each part of a lesson binds or changes, by name."""

    setup: dict[str, str] = field(default_factory=dict)
    minibatch: dict[str, str] = field(default_factory=dict)
    forward: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FingerprintLesson(Request[Fingerprints]):
    """Runs a lesson with ``seed`` for the global generators."""

    reply: ClassVar[type] = Fingerprints
    lesson: LessonCode
    seed: int


@dataclass(frozen=True)
class InspectTensor(Request[TensorView]):
    """Asks for a view of a tensor."""

    reply: ClassVar[type] = TensorView
    request: ViewRequest
