"""Reads a record that came as plain data from a process where anything may have run: all of it is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.recording.errors import LONGEST_MESSAGE
from ninja_tui.engine.recording.function_classes import LONGEST_NAME
from ninja_tui.engine.recording.operator_names import function_called
from ninja_tui.engine.recording.operators import absent
from ninja_tui.engine.recording.packing import unpack
from ninja_tui.engine.recording.portable import (
    PLAIN,
    Argument,
    Place,
    PortableCall,
    PortableComparison,
    PortableLeaf,
    PortableOperation,
    PortableRecord,
    PortableTensor,
)
from ninja_tui.engine.recording.record import (
    BackwardRun,
    Comparison,
    FunctionCall,
    Leaf,
    Number,
    Operation,
    Record,
    Use,
)

V = TypeVar("V")
NO_NUMBER = torch.tensor(float("nan"))
"""In the place of a tensor that has no plain bytes."""
DEEPEST = 4
"""Lists in lists among the arguments of an operation."""
LAST_LINE = 1 << 30
MEMORY_FORMATS = {
    str(each).removeprefix("torch."): each
    for each in (torch.contiguous_format, torch.preserve_format, torch.channels_last, torch.channels_last_3d)
}
USUAL: dict[str, object] = {
    "generator": torch.Generator(), "device": torch.device("cpu"), "layout": torch.strided
}  # fmt: skip


class _Unknown(Exception):
    """An operation cannot be called here; the text says why."""


def arrived_tensors(portable: Sequence[PortableTensor]) -> list[torch.Tensor]:
    """The tensors; raises Broken where bytes and shape do not fit."""
    return [_tensor(each) for each in portable]


def _tensor(portable: PortableTensor) -> torch.Tensor:
    order = portable.order
    if not portable.data.is_whole or (order and sorted(order) != list(range(len(portable.data.shape)))):
        raise Broken("no tensor")
    try:
        value = unpack(portable.data)
    except Refused as error:
        raise Broken(str(error)) from None
    return value.permute([order.index(each) for each in range(len(order))]) if order else value


def arrived_record(portable: PortableRecord, tensors: Sequence[torch.Tensor]) -> Record:
    """The record; raises Broken for what is none. What cannot be computed here is ``absent``, with a reason."""
    return _Reading(portable, tensors).record()


def item(items: Sequence[V], index: int, what: str) -> V:
    """``items[index]``; raises Broken where there is none."""
    if not 0 <= index < len(items):
        raise Broken(f"no such {what}")
    return items[index]


class _Reading:
    def __init__(self, portable: PortableRecord, tensors: Sequence[torch.Tensor]) -> None:
        self._portable, self._tensors = portable, tensors
        self._functions = [function_called(name) for name in portable.functions]
        self._made_by = portable.made_by

    def record(self) -> Record:
        portable, made_by = self._portable, self._made_by
        if any(not 0 <= step < len(portable.steps) for step in made_by):
            raise Broken("a value that no step made")
        steps = [self._step(index, each) for index, each in enumerate(portable.steps)]
        return Record(
            steps=steps,
            made_by=list(made_by),
            before=self._earlier(portable.before),
            parameters=dict.fromkeys(map(self._value, portable.parameters), True),
            read={self._value(number): self._value(owner) for number, owner in portable.read.items()},
            backwards=[each for each in portable.backwards if self._are_values(each.loss, each.seed)],
            comparisons=list(map(self._comparison, portable.comparisons)),
            escapes=[each for each in portable.escapes if self._are_values(each.number)],
            indices=set(map(self._value, portable.indices)),
            trainings=list(portable.trainings),
            functions=list(map(self._call, portable.functions_called)),
        )

    def _value(self, number: Number) -> Number:
        if not 0 <= number < len(self._made_by):
            raise Broken("no such value")
        return number

    def _are_values(self, *numbers: Number | None) -> bool:
        """True; raises Broken where one of them is no value."""
        return all(each is None or self._value(each) == each for each in numbers)

    def _earlier(self, before: Mapping[Number, Number]) -> dict[Number, Number]:
        if any(not 0 <= earlier < number < len(self._made_by) for number, earlier in before.items()):
            raise Broken("a value before itself")
        return dict(before)

    def _comparison(self, portable: PortableComparison) -> Comparison:
        places = portable.value, portable.reference
        value, reference = (NO_NUMBER if place is None else self._tensor(place) for place in places)
        actual, owner = self._value(portable.actual), self._value(portable.owner)
        return Comparison(actual, owner, value, reference, portable.step, portable.line)

    def _call(self, portable: PortableCall) -> FunctionCall:
        numbers = [*(each.number for each in portable.inputs), *(each.number for each in portable.outputs)]
        self._are_values(*numbers)
        self._is_part(portable)
        names = (portable.name, *portable.upstream_names, *(each.name for each in portable.inputs))
        if any(len(name) > LONGEST_NAME or not name.isprintable() for name in names):
            raise Broken("no name")
        if not 0 <= portable.line <= LAST_LINE:
            raise Broken("no line")
        if portable.values and len(portable.values) != len(portable.inputs):
            raise Broken("other inputs than there are")
        run = portable.backward
        if run is not None:
            self._is_part(run)
            self._are_values(*run.upstream, *run.returned)
            if len(run.error) > 2 * LONGEST_MESSAGE:
                raise Broken("no error")
            if len(run.upstream) != len(portable.outputs):
                raise Broken("other gradients than there are outputs")
        values = tuple(None if place is None else self._tensor(place) for place in portable.values)
        return FunctionCall(
            portable.name, portable.line, portable.inputs, portable.outputs, portable.first, portable.last,
            portable.upstream_names, portable.own, portable.tried, values, run,
        )  # fmt: skip

    def _is_part(self, part: PortableCall | BackwardRun) -> None:
        if not 0 <= part.first <= part.last <= len(self._portable.steps):
            raise Broken("no part of the record")

    def _tensor(self, place: Place) -> torch.Tensor:
        return item(self._tensors, place, "tensor")

    def _step(self, index: int, step: int | PortableOperation) -> Leaf | Operation:
        read = self._operation(step, index) if isinstance(step, PortableOperation) else self._leaf(step, index)
        if any(self._made_by[self._value(number)] != index for number in read.outputs):
            raise Broken("a value that another step made")
        return read

    def _leaf(self, place: int, index: int) -> Leaf | Operation:
        leaf = item(self._portable.leaves, place, "leaf")
        if leaf.value is None:
            return Operation(absent, (f"a tensor of {leaf.dtype} that is no plain tensor",), {}, (), (leaf.number,))
        value, dtype = self._tensor(leaf.value), _dtype(leaf.dtype)
        return Leaf(leaf.number, value, leaf.root, dtype, self._draw(leaf, index))

    def _draw(self, leaf: PortableLeaf, index: int) -> Operation | None:
        """How it was drawn; None where it cannot be drawn again."""
        draw = None if leaf.draw is None else self._operation(leaf.draw, index)
        return None if draw is None or draw.function is absent else draw

    def _operation(self, portable: PortableOperation, index: int) -> Operation:
        inputs: list[Number] = []
        reason = ""
        try:
            args = tuple([self._argument(each, inputs) for each in portable.args])
            kwargs = {key: self._argument(each, inputs) for key, each in portable.kwargs.items()}
            function = self._function(portable.function)
        except _Unknown as unknown:
            reason = str(unknown)
        if any(self._made_by[number] >= index for number in inputs):
            raise Broken("an operation on what comes later")
        if reason:
            outputs = (*portable.returned, *(number for _, number in portable.changed))
            return Operation(absent, (reason, *map(Use, inputs)), {}, tuple(inputs), outputs)
        for place, _ in portable.changed:
            if not isinstance(kwargs.get(place) if isinstance(place, str) else item(args, place, "argument"), Use):
                raise Broken("a change of what is no tensor")
        return Operation(
            function, args, kwargs, tuple(inputs), portable.returned, portable.changed,
            portable.tracked, portable.engine,
        )  # fmt: skip

    def _function(self, index: int) -> Callable[..., Any]:
        function = item(self._functions, index, "function")
        if function is None:
            name = self._portable.functions[index]
            raise _Unknown(f"`{name}` is no operation of PyTorch's own on tensors, and is not computed again here")
        return function

    def _argument(self, data: Any, inputs: list[Number], depth: int = 0) -> Any:
        if type(data) in PLAIN:
            return data
        if isinstance(data, list) and depth < DEEPEST:
            return [self._argument(each, inputs, depth + 1) for each in data]
        if not isinstance(data, dict) or len(data) != 1:
            raise Broken("no argument")
        ((kind, value),) = data.items()
        match kind, value:
            case (Argument.USE, int()):
                inputs.append(self._value(value))
                return Use(value)
            case (Argument.DTYPE, str()):
                return _dtype(value)
            case (Argument.COMPLEX, [float() as real, float() as imaginary]):
                return complex(real, imaginary)
            case (Argument.MEMORY_FORMAT, str()) if value in MEMORY_FORMATS:
                return MEMORY_FORMATS[value]
            case (Argument.USUAL, str()) if value in USUAL:
                return USUAL[value]
            case (Argument.UNKNOWN, str()):
                raise _Unknown(f"an operation is called with a {value}, and is not computed again here")
        raise Broken("no argument")


def _dtype(name: str) -> torch.dtype:
    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise Broken("no such dtype")
    return dtype
