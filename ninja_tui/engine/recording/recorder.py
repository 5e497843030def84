"""Records what code does to tensors, while it runs as it always does.

Operations are seen below autograd (``TorchDispatchMode``): what is composite has become what it is made of. Numbers
in the code, reads of ``.grad`` and backward passes are seen above it (``TorchFunctionMode``).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ninja_tui.engine.recording.comparisons import Comparisons
from ninja_tui.engine.recording.dispatch import OperatorMode
from ninja_tui.engine.recording.literals import Literal, is_plain
from ninja_tui.engine.recording.memory import forget, tensors_of
from ninja_tui.engine.recording.operators import (
    NOISE,
    Operator,
    gradient_reads,
    leaky,
    name_of,
    operator,
)
from ninja_tui.engine.recording.own_functions import OwnFunctions
from ninja_tui.engine.recording.record import Backward, Escape, Leaf, Number, Operation, Root, Use
from ninja_tui.engine.recording.values import Values

aten = torch.ops.aten
WHOLE = frozenset({torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8})
LITERALS = frozenset({"tensor", "as_tensor", "scalar_tensor"})
INDEXES = frozenset({"__getitem__", "__setitem__"})
"""Make tensors of the numbers in an index, and of a number that is assigned."""
WITHOUT_MKLDNN = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
"""Have a fused form that knows no float64."""
VALUES_LEAVE = frozenset({"numpy", "tolist", "__array__", "__dlpack__"})
NUMBERS_LEAVE = frozenset({"item", "__float__"})
COMPARES = frozenset(
    {"eq", "ne", "sub", "rsub", "allclose", "isclose", "equal", "dist", "mse_loss", "l1_loss", "__eq__"}
)
"""Functions that compare, where one of their operands is a gradient of autograd's."""
SAME_VALUES = frozenset({
    "detach", "view", "reshape", "t", "transpose", "permute", "clone", "alias", "_to_copy", "squeeze", "unsqueeze",
    "flatten", "_unsafe_view", "as_strided", "select", "slice",
})  # fmt: skip
"""Operators after which a gradient of autograd's still is one."""


class Recorder(Values):
    """Records into ``record`` within ``running()``."""

    def __init__(self) -> None:
        super().__init__()
        self._engine = 0
        self.functions = OwnFunctions(self, lambda: _Functions(self))
        self.comparisons = Comparisons(self.record, self.number)
        self._literal: Literal | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """What happens to tensors within it is recorded."""
        with self.recording(), _Functions(self), _Operators(self), self.functions.running():
            yield

    def execute(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls an operator, and records the call."""
        if self.is_paused:
            return function(*args, **kwargs)
        kind = operator(function)
        if kind.opaque:
            result = function(*args, **kwargs)
            forget(result)
            return result
        if kind.fresh:
            return self._lifted(function, args, kwargs)
        inputs: list[Number] = []
        used, named = self._used(args, inputs), self._used_by_name(kwargs, inputs)
        self.record.attempted = kind.name
        result = function(*args, **kwargs)
        self.record.attempted = ""
        if kind.escapes:
            self._escape(args[0], inputs)
            return result
        again = aten.alias.default if kind.name == "detach" and self.functions.in_forward else function
        self._append(kind, Operation(again, used, named, tuple(inputs), ()), args, kwargs, result)
        return result

    def _escape(self, tensor: Any, numbers: list[Number]) -> None:
        decides = isinstance(tensor, torch.Tensor) and tensor.dtype is torch.bool
        self.record.escapes += [Escape(number, len(self.record.steps), decides) for number in numbers]
        if isinstance(tensor, torch.Tensor) and tensor.dtype in WHOLE:
            self.record.indices.update(numbers)

    def _append(
        self, kind: Operator, call: Operation, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
    ) -> None:
        changed = [(place, tensor) for place, tensor in kind.changed(args, kwargs) if isinstance(tensor, torch.Tensor)]
        returned = tensors_of(result)
        fresh = [
            tensor
            for tensor in returned
            if tensor is not None and not any(tensor is other for _, other in changed) and not self.is_current(tensor)
        ]
        if kind.name in NOISE and changed:
            self._leaky(call, changed[-1][1], returned[0])
            return
        if kind.draws(call.args, call.kwargs):
            self._drawn(call, [*fresh, *(tensor for _, tensor in changed)], in_place=bool(changed))
            return
        numbers = {id(tensor): self.record.new() for tensor in fresh}
        after = [(place, self.record.new()) for place, _ in changed]
        self.record.steps.append(
            Operation(
                call.function, call.args, call.kwargs, call.inputs,
                tuple(None if tensor is None else numbers.get(id(tensor)) for tensor in returned),
                tuple(after), torch.is_grad_enabled() or self.functions.in_forward, bool(self._engine),
            )
        )  # fmt: skip
        for tensor in fresh:
            self.tag(tensor, numbers[id(tensor)])
        for (_, tensor), (_, number) in zip(changed, after, strict=True):
            self.changed(tensor, number)
        if kind.name in SAME_VALUES and fresh and call.inputs:
            self._still_a_gradient(call.inputs[0], numbers[id(fresh[0])])

    def _drawn(self, call: Operation, tensors: list[torch.Tensor], *, in_place: bool) -> None:
        for tensor in tensors:
            with self.paused(), torch.no_grad():
                value = tensor.detach().clone()
            number = self.record.new()
            self.record.steps.append(Leaf(number, value, Root.DRAWN, tensor.dtype, call))
            if in_place:
                self.changed(tensor, number)
            else:
                self.tag(tensor, number)

    def _leaky(self, call: Operation, noise: torch.Tensor, result: torch.Tensor) -> None:
        """``rrelu``: the slopes are drawn, and what it gives is computed with them."""
        before = call.args[0]
        self._drawn(call, [noise], in_place=True)
        number = self.call(leaky, (before, Use(self.number(noise))))
        if self.is_current(result):
            self.changed(result, number)
        else:
            self.tag(result, number)

    def _lifted(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A tensor that has just been made of what is no tensor."""
        result = function(*args, **kwargs)
        if isinstance(result, torch.Tensor):
            forget(result)
            exact = None
            if self._literal is not None and result.is_floating_point():
                with self.paused(), contextlib.suppress(Exception):
                    exact = torch.tensor(self._literal.numbers, dtype=torch.float64)
            known = self._literal is not None and (
                not result.is_floating_point() or (exact is not None and exact.shape == result.shape)
            )
            self.leaf(result, Root.LITERAL if known else Root.OUTSIDE, exact if known else None)
        return result

    def _used(self, args: Sequence[Any], inputs: list[Number]) -> tuple[Any, ...]:
        return tuple(self._use(arg, inputs) for arg in args)

    def _used_by_name(self, kwargs: dict[str, Any], inputs: list[Number]) -> dict[str, Any]:
        return {key: self._use(arg, inputs) for key, arg in kwargs.items()}

    def _use(self, arg: Any, inputs: list[Number]) -> Any:
        if isinstance(arg, torch.Tensor):
            number = self.number(arg)
            inputs.append(number)
            if arg.requires_grad and arg.is_leaf and not self.functions.makes_leaves(number):
                self.record.parameters[number] = True
            return Use(number)
        if isinstance(arg, list | tuple) and any(isinstance(each, torch.Tensor) for each in arg):
            return [self._use(each, inputs) for each in arg]
        return arg

    def _still_a_gradient(self, number: Number, after: Number) -> None:
        if number in self.record.read:
            self.record.read[after] = self.record.read[number]

    def called(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls a function of torch's, and notes what cannot be seen below autograd."""
        if self.is_paused:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        if any(map(_is_wrapped, args)):
            return self._within_functorch(name, function, args, kwargs)
        if name == "__get__" and gradient_reads(function):
            return self._read(function, args, kwargs)
        if name in ("backward", "grad") and not isinstance(function, property):
            return self._backward(name, function, args, kwargs)
        if name == "__deepcopy__":
            return self._copied(function, args, kwargs)
        if name in COMPARES or name in VALUES_LEAVE or name in NUMBERS_LEAVE:
            self._compares(name, args)
        if name in LITERALS or name in INDEXES:
            numbers = args[2:] if name in INDEXES else args or kwargs.get("data", ())
            plain = bool(numbers) and is_plain(numbers[0])
            self._literal = Literal(numbers[0] if plain else None) if plain or name in INDEXES else None
            try:
                return function(*args, **kwargs)
            finally:
                self._literal = None
        if name in WITHOUT_MKLDNN:
            with _without_mkldnn():
                return function(*args, **kwargs)
        return function(*args, **kwargs)

    def _compares(self, name: str, args: tuple[Any, ...]) -> None:
        """A function is called that compares, or that gives values away which may be compared elsewhere."""
        tensors = [arg for arg in args[:2] if isinstance(arg, torch.Tensor)]
        with self.paused(), torch.no_grad():
            if name in COMPARES and len(tensors) == 2:
                self.comparisons.met(*tensors)
            elif name not in COMPARES and tensors:
                self.comparisons.left(tensors[0])
        if name in VALUES_LEAVE and tensors:
            self._escape(tensors[0], [self.number(tensors[0])])
            if name != "tolist":
                self.functions.numbers.shares_memory()

    def _within_functorch(self, name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Calls what is called on a wrapper of ``torch.func``'s, which has no memory of its own."""
        differentiates = name in ("backward", "grad")
        self._engine += differentiates
        try:
            return function(*args, **kwargs)
        finally:
            self._engine -= differentiates

    def _read(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        gradient = function(*args, **kwargs)
        if isinstance(gradient, torch.Tensor):
            self.record.read[self.number(gradient)] = self.number(args[0])
        return gradient

    def _backward(self, name: str, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A backward pass of autograd's: where it starts, and whose gradients it gives."""
        given = dict(
            zip(("outputs", "inputs", "seeds") if name == "grad" else ("outputs", "seeds"), args, strict=False)
        )
        seeds = kwargs.get("grad_outputs", kwargs.get("gradient", kwargs.get("grad_tensors", given.get("seeds"))))
        outputs = _flatten(kwargs.get("outputs", kwargs.get("tensors", given.get("outputs"))))
        inside = self.functions.inside or (name == "grad" and self._is_inside_an_answer(outputs))
        padded = [*_flatten(seeds), *[None] * len(outputs)]
        for output, seed in zip(outputs, padded, strict=False):
            if isinstance(output, torch.Tensor) and not inside:
                number = None if not isinstance(seed, torch.Tensor) else self.number(seed)
                self.record.backwards.append(Backward(self.number(output), number, len(self.record.steps)))
        self._engine += 1
        try:
            result = function(*args, **kwargs)
        finally:
            self._engine -= 1
        if name == "grad" and not inside:
            owners = _flatten(kwargs.get("inputs", given.get("inputs")))
            for owner, gradient in zip(owners, _flatten(result), strict=False):
                if isinstance(gradient, torch.Tensor) and isinstance(owner, torch.Tensor):
                    self.record.read[self.number(gradient)] = self.number(owner)
        return result

    def _is_inside_an_answer(self, outputs: Sequence[Any]) -> bool:
        """Whether ``torch.autograd.grad`` computes a step of a backward pass by hand: there was one of another loss."""
        losses = {each.loss for each in self.record.backwards}
        own = {self.number(each) for each in outputs if isinstance(each, torch.Tensor)}
        return bool(losses) and not own & losses

    def _copied(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self.paused():
            copy = function(*args, **kwargs)
        if isinstance(copy, torch.Tensor) and isinstance(args[0], torch.Tensor):
            forget(copy)
            self.tag(copy, self.number(args[0]))
        return copy


class _Operators(OperatorMode):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._recorder.execute(func, args, kwargs or {})


class _Functions(TorchFunctionMode):
    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._recorder.called(func, args, kwargs or {})


def _is_wrapped(value: Any) -> bool:
    """Whether a value is, or holds, a tensor within a transformation of ``torch.func``'s."""
    if isinstance(value, list | tuple) and value:
        value = value[0]
    return isinstance(value, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(value)


@contextlib.contextmanager
def _without_mkldnn() -> Iterator[None]:
    before = torch._C._get_mkldnn_enabled()
    torch._C._set_mkldnn_enabled(False)  # noqa: FBT003  # it takes no keyword
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(before)


def operator_name(step: Operation) -> str:
    """The name of an operator, without its overload."""
    return name_of(step.function)


def _flatten(value: Any) -> list[Any]:
    return [value] if isinstance(value, torch.Tensor) or value is None else list(value)
