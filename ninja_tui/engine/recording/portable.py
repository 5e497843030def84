"""A record as plain data: what leaves the process that ran a person's code, to be judged in one that never did.

``packed_record`` is for the side where it ran; ``arrived.py`` reads it on the other side, and believes none of it.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.recording.operator_names import full_name
from ninja_tui.engine.recording.packing import pack
from ninja_tui.engine.recording.record import (
    Backward,
    BackwardRun,
    Comparison,
    Escape,
    FunctionCall,
    FunctionInput,
    FunctionOutput,
    Leaf,
    Number,
    Operation,
    Record,
    Root,
    Training,
    Use,
)

Generator = torch.Generator  # while a program runs, that name stands for another class
PLAIN = frozenset({int, float, bool, str, types.NoneType})
Place = int
"""The index of a tensor among ``Tensors.all``."""


class Argument(enum.StrEnum):
    """What an argument is that no plain value stands for: the only key of a mapping."""

    USE = "use"
    DTYPE = "dtype"
    COMPLEX = "complex"
    MEMORY_FORMAT = "memory_format"
    USUAL = "usual"
    """A generator, device or layout: they say nothing of values."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class PortableTensor:
    """A tensor whose dimensions lie in memory in the ``order`` given, the largest stride first; empty: as they come."""

    data: TensorData
    order: tuple[int, ...] = ()


@dataclass(frozen=True)
class PortableOperation:
    """An ``Operation``; ``function`` is the index of its name, its inputs are those among the arguments."""

    function: int
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    returned: tuple[Number | None, ...] = ()
    changed: tuple[tuple[int | str, Number], ...] = ()
    tracked: bool = True
    engine: bool = False


@dataclass(frozen=True)
class PortableLeaf:
    """A ``Leaf``; ``value`` is None where its tensor is of a kind that has no plain bytes."""

    number: Number
    value: Place | None
    root: Root
    dtype: str
    draw: PortableOperation | None = None


@dataclass(frozen=True)
class PortableComparison:
    """A ``Comparison``; a value is None where its tensor is of a kind that has no plain bytes."""

    actual: Number
    owner: Number
    value: Place | None
    reference: Place | None
    step: int
    line: int


@dataclass(frozen=True)
class PortableCall:
    """A ``FunctionCall``."""

    name: str
    line: int
    inputs: tuple[FunctionInput, ...]
    outputs: tuple[FunctionOutput, ...]
    first: int
    last: int
    upstream_names: tuple[str, ...]
    own: bool
    tried: bool
    values: tuple[Place | None, ...]
    backward: BackwardRun | None


@dataclass(frozen=True)
class PortableRecord:
    """A ``Record``. In the place of a leaf ``steps`` has its index among the ``leaves``."""

    functions: tuple[str, ...]
    leaves: tuple[PortableLeaf, ...]
    steps: tuple[int | PortableOperation, ...]
    made_by: tuple[int, ...]
    before: dict[Number, Number]
    parameters: tuple[Number, ...]
    read: dict[Number, Number]
    backwards: tuple[Backward, ...]
    comparisons: tuple[PortableComparison, ...]
    escapes: tuple[Escape, ...]
    indices: tuple[Number, ...]
    trainings: tuple[Training, ...]
    functions_called: tuple[PortableCall, ...] = ()


class Tensors:
    """Tensors as bytes, each once."""

    def __init__(self) -> None:
        self._places: dict[PortableTensor, Place] = {}

    def place(self, tensor: torch.Tensor) -> Place | None:
        """Where ``tensor`` is among ``all``; None for one that has no plain bytes."""
        try:
            order = _order(tensor)
            portable = PortableTensor(pack(tensor.permute(order) if order else tensor), order)
        except Exception:  # Refused; what has no memory, or is of a person's own class, raises whatever it likes
            return None
        return self._places.setdefault(portable, len(self._places))

    @property
    def all(self) -> tuple[PortableTensor, ...]:
        """Those that have a place, in order."""
        return tuple(self._places)


def _order(tensor: torch.Tensor) -> tuple[int, ...]:
    """How the dimensions of a tensor lie in memory; empty where they lie as they come."""
    if tensor.layout is not torch.strided or tensor.is_contiguous():
        return ()
    return tuple(sorted(range(tensor.dim()), key=tensor.stride, reverse=True))


class _Functions:
    """The full names of functions, each once."""

    def __init__(self) -> None:
        self._indices: dict[Callable[..., Any], int] = {}
        self.names: list[str] = []

    def index(self, function: Callable[..., Any]) -> int:
        if function not in self._indices:
            self._indices[function] = len(self.names)
            self.names.append(full_name(function))
        return self._indices[function]


def packed_record(record: Record, tensors: Tensors) -> PortableRecord:
    """``record`` as plain data, whose tensors are among ``tensors``."""
    functions = _Functions()
    leaves: list[PortableLeaf] = []
    steps: list[int | PortableOperation] = []
    for step in record.steps:
        if isinstance(step, Leaf):
            steps.append(len(leaves))
            leaves.append(_leaf(step, functions, tensors))
        else:
            steps.append(_operation(step, functions))
    return PortableRecord(
        functions=tuple(functions.names),
        leaves=tuple(leaves),
        steps=tuple(steps),
        made_by=tuple(record.made_by),
        before=record.before,
        parameters=tuple(record.parameters),
        read=record.read,
        backwards=tuple(record.backwards),
        comparisons=tuple(_comparison(each, tensors) for each in record.comparisons),
        escapes=tuple(record.escapes),
        indices=tuple(sorted(record.indices)),
        trainings=tuple(record.trainings),
        functions_called=tuple(_call(each, tensors) for each in record.functions),
    )


def _leaf(leaf: Leaf, functions: _Functions, tensors: Tensors) -> PortableLeaf:
    draw = None if leaf.draw is None else _operation(leaf.draw, functions)
    return PortableLeaf(leaf.number, tensors.place(leaf.value), leaf.root, name_of_dtype(leaf.dtype), draw)


def _operation(step: Operation, functions: _Functions) -> PortableOperation:
    return PortableOperation(
        functions.index(step.function), _arguments(step.args), _named(step.kwargs),
        step.returned, step.changed, step.tracked, step.engine,
    )  # fmt: skip


def _comparison(comparison: Comparison, tensors: Tensors) -> PortableComparison:
    return PortableComparison(
        comparison.actual, comparison.owner, tensors.place(comparison.value), tensors.place(comparison.reference),
        comparison.step, comparison.line,
    )  # fmt: skip


def _call(call: FunctionCall, tensors: Tensors) -> PortableCall:
    values = tuple(None if each is None else tensors.place(each) for each in call.values)
    return PortableCall(
        call.name, call.line, call.inputs, call.outputs, call.first, call.last, call.upstream_names, call.own,
        call.tried, values, call.backward,
    )  # fmt: skip


def _arguments(args: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([arg if type(arg) in PLAIN else _argument(arg) for arg in args])


def _named(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return {key: arg if type(arg) in PLAIN else _argument(arg) for key, arg in kwargs.items()}


def _argument(arg: Any) -> Any:
    match arg:
        case Use(number):
            return {Argument.USE.value: number}
        case list() | tuple():
            return list(_arguments(arg))
        case torch.dtype():
            return {Argument.DTYPE.value: name_of_dtype(arg)}
        case complex():
            return {Argument.COMPLEX.value: [arg.real, arg.imag]}
        case torch.memory_format():
            return {Argument.MEMORY_FORMAT.value: str(arg).removeprefix("torch.")}
        case Generator():
            return {Argument.USUAL.value: "generator"}
        case torch.device():
            return {Argument.USUAL.value: "device"}
        case torch.layout():
            return {Argument.USUAL.value: "layout"}
    return {Argument.UNKNOWN.value: type(arg).__name__}


def name_of_dtype(dtype: torch.dtype) -> str:
    """``float32`` for ``torch.float32``."""
    return str(dtype).removeprefix("torch.")
