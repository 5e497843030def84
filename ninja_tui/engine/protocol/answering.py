"""Requests to the worker that runs a person's code, and its replies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Done, Request
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.worlds import Values, World


@dataclass(frozen=True)
class SetUp(Request[Done]):
    """Runs the lesson's set-up and draws its minibatch, and for fresh values another one."""

    reply: ClassVar[type] = Done
    lesson: LessonCode


@dataclass(frozen=True)
class LoadValues(Request[Done]):
    """Puts the forward pass's values in place; the statements ``carried`` bind what is no tensor, and run again."""

    reply: ClassVar[type] = Done
    values: dict[Values, dict[str, TensorData]]
    carried: tuple[int, ...]


@dataclass(frozen=True)
class Begin(Request[Done]):
    """Starts a run in each of ``worlds``; the tensors called ``names``, which code may change, are the run's own."""

    reply: ClassVar[type] = Done
    worlds: tuple[World, ...]
    names: tuple[str, ...]


@dataclass(frozen=True)
class PutGradient(Request[Done]):
    """Binds upstream gradients to ``name``, each in the run of its world."""

    reply: ClassVar[type] = Done
    name: str
    gradients: Mapping[World, TensorData]


@dataclass(frozen=True)
class Ping(Request[Done]):
    """Asks whether the process still answers."""

    reply: ClassVar[type] = Done


@dataclass(frozen=True)
class Bound:
    """What a name is bound to: its ``kind`` (a class's name; empty for nothing), and the tensor, if it is one."""

    kind: str = ""
    tensor: TensorData | None = None


@dataclass(frozen=True)
class Compared:
    """A call of ``cmp``: its label, the node, and the gradient that was compared."""

    label: str
    node: str
    gradient: TensorData


@dataclass(frozen=True)
class Outcome:
    """What running code did in one world.

    ``error`` is empty where it went well; ``line`` is the one that raised, 0 for none. ``gradients`` has what was
    asked for by name. ``changed`` are gradients that it changed, and ``clobbered`` names of the lesson that it bound
    anew or changed.
    """

    error: str = ""
    line: int = 0
    output: str = ""
    gradients: Mapping[str, Bound] | None = None
    changed: tuple[str, ...] = ()
    clobbered: tuple[str, ...] = ()
    compared: tuple[Compared, ...] = ()


@dataclass(frozen=True)
class Outcomes:
    """What running code did, by world. Those behind a failure in a world that comes first are left out."""

    by_world: Mapping[World, Outcome]


@dataclass(frozen=True)
class RunStatement(Request[Outcomes]):
    """Executes one statement, whose first line is ``line``, in the runs of ``worlds``, for good.

    Gradients called ``take`` are read afterwards; those called ``watch`` are not to change, unless as ``bound``,
    the gradients that the statement is there for.
    """

    reply: ClassVar[type] = Outcomes
    worlds: tuple[World, ...]
    code: str
    line: int
    take: tuple[str, ...] = ()
    watch: tuple[str, ...] = ()
    bound: tuple[str, ...] = ()


@dataclass(frozen=True)
class TryAnswer(Request[Outcomes]):
    """Executes an answer that binds ``gradient`` on a copy of each run, which stays as it was.

    The names ``restore`` have the lesson's values.
    """

    reply: ClassVar[type] = Outcomes
    worlds: tuple[World, ...]
    code: str
    gradient: str
    watch: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
