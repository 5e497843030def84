"""Computes parts of a record again, on other values and in float64."""

from __future__ import annotations

import contextlib
import enum
import functools
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.recording.record import Leaf, Number, Operation, Record, Root, Use

NO_DERIVATIVE = re.compile(r"not differentiable with respect to argument '(\w+)'")
"""What PyTorch says where an operation has no derivative of an argument, such as a running mean."""
NOT_REPEATED = frozenset({"generator", "layout", "device", "pin_memory"})
"""Arguments that say nothing of values."""
Values = dict[Number, torch.Tensor]
Dtypes = Mapping[torch.dtype, torch.dtype]
"""By dtype of the program that in which it is computed again."""
RAISED = (RuntimeError, IndexError, ValueError, TypeError)
"""What operations raise on values that they cannot take; anything else is a fault of ours, and is not caught."""
DOUBLED = {
    torch.float32: torch.float64,
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.complex64: torch.complex128,
}
WIDENED = {torch.float16: torch.float32, torch.bfloat16: torch.float32}

ANY_STRIDES: dict[Callable[..., Any], Callable[..., Any]] = {
    torch.ops.aten.view.default: torch.ops.aten.reshape.default,
    torch.ops.aten._unsafe_view.default: torch.ops.aten.reshape.default,
}
"""A value that stands in the place of another may lie in memory in another order."""


class Paths(enum.Enum):
    """Which operations a gradient flows through."""

    ALL = enum.auto()
    TRACKED = enum.auto()
    """Those that autograd has tracked."""


def singled(leaf: Leaf, dtypes: Dtypes) -> torch.Tensor:
    """The value of a leaf as the program has it, but for ``dtypes``."""
    if leaf.root is Root.LITERAL and leaf.value.dtype is torch.float64:
        return leaf.value.to(dtypes.get(leaf.dtype, leaf.dtype))
    return leaf.value.to(dtypes.get(leaf.value.dtype, leaf.value.dtype))


def with_gradient(value: torch.Tensor) -> torch.Tensor:
    """``value``, of which autograd gives a gradient from now on, if it holds numbers of that kind."""
    if not value.requires_grad and (value.is_floating_point() or value.is_complex()):
        value.requires_grad_()
    return value


def doubled(tensor: torch.Tensor) -> torch.Tensor:
    """``tensor`` in float64, or complex128; as it is where it holds no such numbers."""
    dtype = DOUBLED.get(tensor.dtype)
    return tensor if dtype is None else tensor.to(dtype)


@dataclass(frozen=True, slots=True)
class _Call:
    """An operation made ready: ``places`` of its arguments are filled with values, ``copied`` ones with copies."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    places: tuple[tuple[int, Number], ...]
    nested: bool
    copied: tuple[int | str, ...]
    returned: tuple[Number | None, ...]
    changed: tuple[tuple[int | str, Number], ...]
    detached: bool
    constants: list[int]

    @property
    def outputs(self) -> Iterator[Number]:
        """The values that it makes."""
        yield from (number for number in self.returned if number is not None)
        yield from (number for _, number in self.changed)


class Replay:
    """The steps that compute ``wanted`` from ``given`` values, made ready to run many times.

    ``paths`` says whether what ran without autograd is a path of a gradient; ``dtype`` is float64, or float32 for
    the numbers of the program itself, in which half precision is float32 where they are ``widened``.
    """

    def __init__(
        self,
        record: Record,
        wanted: Iterable[Number],
        given: Container[Number] = frozenset(),
        paths: Paths | None = None,
        dtype: torch.dtype = torch.float64,
        *,
        widened: bool = False,
    ) -> None:
        self._double = dtype is torch.float64
        self._dtypes = DOUBLED if self._double else WIDENED if widened else {}
        self.wanted = tuple(wanted)
        self.given = given
        steps = [record.steps[index] for index in record.needed(self.wanted, self.given)]
        self.leaves = tuple(step for step in steps if isinstance(step, Leaf))
        self.operations = tuple(step for step in steps if isinstance(step, Operation))
        self._paths = paths or Paths.ALL

    @functools.cached_property
    def _calls(self) -> list[_Call]:
        """Made when they are needed: of much that is recorded only what it was computed from is asked."""
        return [_ready(step, self._paths, self._dtypes) for step in self.operations]

    def run(self, given: Mapping[Number, torch.Tensor], *, differentiable: bool = False) -> Values:
        """All values that are computed on the way; ``differentiable``: autograd gives the gradient of any of them.

        Raises what an operation raises on these values.
        """
        values: Values = dict(given)
        for leaf in self.leaves:
            if leaf.number not in values:
                value = doubled(leaf.value) if self._double else singled(leaf, self._dtypes)
                values[leaf.number] = with_gradient(value.clone()) if differentiable else value
        with double_precision() if self._double else contextlib.nullcontext():
            for call in self._calls:
                _execute(call, values, given)
                if differentiable:
                    for number in call.outputs:
                        with_gradient(values[number])
        return values


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    """Within it new floating-point tensors are float64."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _ready(step: Operation, paths: Paths, dtypes: Dtypes) -> _Call:
    copied = tuple([place for place, _ in step.changed])
    places: list[tuple[int, Number]] = []
    args = list(step.args)
    lists: list[Any] = []
    for index, arg in enumerate(args):
        if isinstance(arg, Use):
            places.append((index, arg.number))
        elif isinstance(arg, list):
            lists.append(arg)
        elif isinstance(arg, torch.dtype):
            args[index] = dtypes.get(arg, arg)
    kwargs: dict[str, Any] = {}
    for key, arg in step.kwargs.items():
        if key not in NOT_REPEATED:
            kwargs[key] = dtypes.get(arg, arg) if isinstance(arg, torch.dtype) else arg
            lists.append(arg)
    return _Call(
        ANY_STRIDES.get(step.function, step.function), tuple(args), kwargs, tuple(places),
        _any_use(lists), copied, step.returned,
        step.changed, paths is Paths.TRACKED and not step.tracked, [],
    )  # fmt: skip


def _any_use(args: Iterable[Any]) -> bool:
    return any(isinstance(arg, Use) or (isinstance(arg, list) and _any_use(arg)) for arg in args)


def _filled(arg: Any, values: Values) -> Any:
    if isinstance(arg, Use):
        return values[arg.number]
    if isinstance(arg, list):
        return [_filled(each, values) for each in arg]
    return arg


def _execute(call: _Call, values: Values, given: Mapping[Number, torch.Tensor]) -> None:
    args: list[Any] = list(call.args)
    kwargs = call.kwargs
    if call.nested:
        args = [_filled(arg, values) for arg in args]
        kwargs = {key: _filled(arg, values) for key, arg in kwargs.items()}
    else:
        for place, number in call.places:
            args[place] = values[number]
    for at in call.copied:
        if isinstance(at, int):
            args[at] = args[at].clone()
        else:
            kwargs = {**kwargs, at: kwargs[at].clone()}
    result = _result(call, args, kwargs)
    returned = call.returned
    if len(returned) == 1 and isinstance(result, torch.Tensor):
        if returned[0] is not None and returned[0] not in given:
            values[returned[0]] = result
    else:
        for output, tensor in zip(returned, _flat(result), strict=False):
            if output is not None and output not in given:
                values[output] = tensor
    for at, after in call.changed:
        if after not in given:
            values[after] = args[at] if isinstance(at, int) else kwargs[at]


def _result(call: _Call, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What an operation gives; arguments of which it has no derivative are no path of a gradient."""
    if call.detached:
        with torch.no_grad():
            return call.function(*args, **kwargs)
    for place in call.constants:
        args[place] = args[place].detach()
    try:
        return call.function(*args, **kwargs)
    except RuntimeError as error:
        schema: Any = getattr(call.function, "_schema", None)
        named = NO_DERIVATIVE.search(str(error)) if schema is not None else None
        names = [argument.name for argument in schema.arguments] if named else []
        if named is None or named[1] not in names or names.index(named[1]) >= len(args):
            raise
        call.constants.append(names.index(named[1]))
    return _result(call, args, kwargs)


def _flat(result: Any) -> Iterator[Any]:
    if isinstance(result, list | tuple):
        for each in result:
            yield from _flat(each)
    else:
        yield result
