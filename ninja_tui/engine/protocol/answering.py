"""Requests to the worker that runs a person's code, and its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ninja_tui.engine.protocol.judging import PlannedTrial, Reading, UpstreamGradient
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Request
from ninja_tui.engine.protocol.tensor_data import TensorData


@dataclass(frozen=True)
class SetUp(Request[Done]):
    """Runs the lesson's set-up and draws its minibatch, and for fresh values another one."""

    reply: ClassVar[type] = Done
    lesson: LessonCode


@dataclass(frozen=True)
class LoadValues(Request[Done]):
    """Puts the forward pass's values in place; the statements ``carried`` bind what is no tensor, and run again."""

    reply: ClassVar[type] = Done
    values: tuple[dict[str, TensorData], ...]
    carried: tuple[int, ...]


@dataclass(frozen=True)
class Begin(Request[Done]):
    """Starts a run; the tensors called ``names``, which code may change, are the run's own."""

    reply: ClassVar[type] = Done
    names: tuple[str, ...]


@dataclass(frozen=True)
class PutGradient(Request[Done]):
    """Binds the upstream gradient of ``node`` to ``name``; without a ``gradient`` what is there is taken for it."""

    reply: ClassVar[type] = Done
    node: str
    name: str
    gradient: UpstreamGradient | None = None


@dataclass(frozen=True)
class Ping(Request[Done]):
    """Asks whether the process still answers."""

    reply: ClassVar[type] = Done


@dataclass(frozen=True)
class Bound:
    """What a name is bound to: its ``kind`` (a class's name; empty for nothing), and the tensor, if it is one.

    ``text`` is how Python writes what is none.
    """

    kind: str = ""
    tensor: TensorData | None = None
    text: str = ""


@dataclass(frozen=True)
class Compared:
    """A call of ``cmp``: its label, the node, and the gradient that was compared."""

    label: str
    node: str
    gradient: TensorData


@dataclass(frozen=True)
class Outcome:
    """What running code did.

    ``error`` is empty where it went well; ``line`` is the one that raised, 0 for none, and ``columns`` where in it:
    bytes from 0, the end excluded. ``gradients`` has what was asked for by name, and ``readings`` what each was
    computed from. ``changed`` are gradients that it changed, and ``clobbered`` names of the lesson that it bound anew
    or changed.
    """

    error: str = ""
    line: int = 0
    output: str = ""
    gradients: Mapping[str, Bound] | None = None
    readings: Mapping[str, Reading] | None = None
    changed: tuple[str, ...] = ()
    clobbered: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()
    columns: tuple[int, int] | None = None


@dataclass(frozen=True)
class RunStatement(Request[Outcome]):
    """Executes one statement, whose first line is ``line``, for good.

    Gradients called ``take`` are read afterwards; those called ``watch`` are not to change, unless as ``bound``,
    the gradients that the statement is there for.
    """

    reply: ClassVar[type] = Outcome
    code: str
    line: int
    take: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class TryAnswer(Request[Outcome]):
    """Executes an answer that binds ``gradient`` on a copy of the run, which stays as it was.

    The names ``restore`` have the lesson's values.
    """

    reply: ClassVar[type] = Outcome
    code: str
    gradient: str
    watch: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replayed:
    """What a gradient came out as in each trial, or the error there; ``chained`` and what follows as in Evidence."""

    results: tuple[TensorData | None, ...]
    errors: tuple[str, ...]
    chained: TensorData | None = None
    isolated: TensorData | None = None
    rounded_to: str = ""


@dataclass(frozen=True)
class ReplayGradient(Request[Replayed]):
    """Computes ``gradient``, as it was last run or tried, in other worlds.

    ``code`` is the answer's, for what has to run again since it leaves PyTorch on its way.
    """

    reply: ClassVar[type] = Replayed
    gradient: str
    trials: tuple[PlannedTrial, ...]
    code: str
