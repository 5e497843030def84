"""Requests to the worker that runs a whole program, to the one that judges its gradients, and their replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninja_tui.engine.protocol.judging import Operand
from ninja_tui.engine.protocol.messages import Done, Request
from ninja_tui.engine.protocol.verdict import Diagnosis, Verdict
from ninja_tui.lesson.syntax.fragment import Fragment


@dataclass(frozen=True)
class BeginProgram(Request[Done]):
    """A program is to be run; ``where`` is its file's name, ``served`` are texts by the names of files."""

    reply: ClassVar[type] = Done
    where: str
    served: dict[str, str]
    seed: int | None


@dataclass(frozen=True)
class FailedOperation:
    """An operator that raised ``message``; the tensors that its statement names, and their numbers in the record."""

    operator: str
    operands: tuple[Operand, ...]
    numbers: tuple[int, ...]
    message: str


@dataclass(frozen=True)
class StatementFailure:
    """A statement that raised ``message``, of the class ``kind``: its first line, and the line that raised.

    ``columns`` are the part of that line: bytes from 0, the end excluded. ``operation`` is what it was about to do.
    """

    line: int
    at: int
    kind: str
    message: str
    columns: tuple[int, int] | None = None
    operation: FailedOperation | None = None


@dataclass(frozen=True)
class StatementRun:
    """What running a statement did; ``shortened``: a loop that trains was ended before its time."""

    failure: StatementFailure | None = None
    shortened: bool = False


@dataclass(frozen=True)
class RunProgramStatement(Request[StatementRun]):
    """Runs the next statement of the program."""

    reply: ClassVar[type] = StatementRun
    statement: Fragment


@dataclass(frozen=True)
class TryFunctions(Request[Done]):
    """Has the backward of each ``autograd.Function`` called which the program has not had called."""

    reply: ClassVar[type] = Done


@dataclass(frozen=True)
class RecognizedAnswer:
    """A gradient that the program computes: the name that it binds, its lines, and its shape."""

    gradient: str
    line: int
    end_line: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class RecognizedProgram:
    """What there is to judge: ``answers``; and ``wanted``, nodes whose gradients are compared or named and not there.

    ``loss`` is False where the program has none. ``tensors``: whether it computes with tensors at all. ``functions``:
    it has an ``autograd.Function`` of its own, whose rows are the last of ``answers``.
    """

    answers: tuple[RecognizedAnswer, ...]
    loss: bool
    tensors: bool
    seed: int | None
    torch: str
    functions: bool = False


@dataclass(frozen=True)
class RecognizeGradients(Request[RecognizedProgram]):
    """Finds the gradients in the program whose record was given.

    With ``differences`` each verdict holds the gradient's difference from autograd's.
    """

    reply: ClassVar[type] = RecognizedProgram
    differences: bool = False


@dataclass(frozen=True)
class JudgedGradient:
    """The verdict on an answer; None for what is no gradient. ``backward`` numbers the backward passes of a program.

    ``loss`` is that pass's.
    """

    verdict: Verdict | None
    backward: int = 0
    loss: float = 0.0


@dataclass(frozen=True)
class JudgeGradient(Request[JudgedGradient]):
    """Judges the answer number ``index``; those before it were judged."""

    reply: ClassVar[type] = JudgedGradient
    index: int


@dataclass(frozen=True)
class Reconsidered:
    """Verdicts that others have changed, by the index of their answer."""

    judged: tuple[tuple[int, JudgedGradient], ...]


@dataclass(frozen=True)
class ReconsiderGradients(Request[Reconsidered]):
    """Looks again at answers, now that all of them are judged."""

    reply: ClassVar[type] = Reconsidered


@dataclass(frozen=True)
class UnansweredNode:
    """A node without an answer, its gradient's name, its shape, and what is wrong with an attempt that raised."""

    node: str
    gradient: str
    shape: tuple[int, ...]
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class UnansweredNodes:
    """Nodes without an answer, in the order of the walk back."""

    nodes: tuple[UnansweredNode, ...]
    loss: float


@dataclass(frozen=True)
class FindUnanswered(Request[UnansweredNodes]):
    """The nodes that ``names`` of gradients belong to; all nodes where there are no names.

    ``attempts`` are those of these gradients that raised.
    """

    reply: ClassVar[type] = UnansweredNodes
    names: tuple[str, ...]
    attempts: dict[str, FailedOperation]
