"""Records the tensor operations of one training step, and writes them as one function in C."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from ninja_tui.engine.recording.dispatch import OperatorMode
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.codegen.draws import Ahead
from ninja_tui.engine.training.codegen.kernels import C_TYPES, PANEL_ROWS, PRELUDE, Ref, Unsupported, pointwise
from ninja_tui.engine.training.codegen.operations import write
from ninja_tui.engine.training.recipe import Recipe
from ninja_tui.engine.training.step import Part
from ninja_tui.lesson.model import gradient_name

_MADE = frozenset(
    [
        "zeros",
        "ones",
        "full",
        "arange",
        "eye",
        "scalar_tensor",
        "empty",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "new_zeros",
        "new_ones",
        "new_full",
        "new_empty",
        "lift_fresh",
        "linspace",
        "empty_strided",
        "new_empty_strided",
    ]
)
"""Operations whose result is the same in every step: it is put there anew."""
MOST_OPERATIONS = 2000
"""A step that takes more, such as a loop over the batch, is not worth the compiler's time."""


@dataclass(frozen=True)
class Source:
    """The text of ``int steps(count, buffers, rates, losses)``, and what goes into ``buffers``: tensors, in order.

    The first ``ahead`` of them are replaced by what is drawn ahead; ``scratch`` bytes come last.
    """

    text: str
    tensors: tuple[torch.Tensor, ...]
    ahead: int
    scratch: int


@dataclass
class _Kernel:
    code: str
    reads: set[str]
    writes: set[str]


@dataclass
class _Trace:
    """Buffers by where their memory is, and the kernels so far."""

    buffers: dict[int, tuple[str, torch.Tensor]] = field(default_factory=dict)
    outer: list[tuple[str, torch.Tensor]] = field(default_factory=list)
    inner: list[tuple[str, str, int]] = field(default_factory=list)
    kernels: list[_Kernel] = field(default_factory=list)
    writable: set[str] = field(default_factory=set)
    alive: list[Any] = field(default_factory=list)

    def outside(self, tensor: torch.Tensor, *, writable: bool) -> str:
        """The buffer of a tensor that is there before the step."""
        name = f"b{len(self.outer)}"
        self.outer.append((name, tensor))
        self.buffers[_storage(tensor)] = (name, tensor)
        if writable:
            self.writable.add(name)
        return name

    def ref(self, tensor: torch.Tensor) -> Ref:
        """Where the elements of ``tensor`` are; raises Unsupported for a dtype that C code is not written for."""
        dtype = str(tensor.dtype).removeprefix("torch.")
        if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
            raise Unsupported(f"a {type(tensor).__name__}")
        if dtype not in C_TYPES or tensor.layout is not torch.strided or not tensor.numel():
            raise Unsupported(f"a tensor of {tensor.dtype}")
        if _storage(tensor) not in self.buffers:
            self.outside(_whole(tensor), writable=False)
        return Ref(
            self.buffers[_storage(tensor)][0], int(tensor.storage_offset()), tuple(tensor.shape), tensor.stride(), dtype
        )

    def made(self, tensor: torch.Tensor) -> Ref:
        """A buffer for what an operation gives."""
        name = f"t{len(self.inner)}"
        self.buffers[_storage(tensor)] = (name, tensor)
        ref = self.ref(tensor)
        elements = tensor.untyped_storage().nbytes() // tensor.element_size()
        self.inner.append((name, C_TYPES[ref.dtype], elements))
        self.writable.add(name)
        return ref

    def add(self, code: str, reads: Sequence[Ref], writes: Sequence[Ref]) -> None:
        """One more kernel; raises Unsupported where it would change a tensor that the step has not made."""
        if any(ref.buffer not in self.writable for ref in writes):
            raise Unsupported("a change to a tensor that is no parameter")
        if len(self.kernels) >= MOST_OPERATIONS:
            raise Unsupported(f"a step of more than {MOST_OPERATIONS} operations")
        self.kernels.append(_Kernel(code, {ref.buffer for ref in reads}, {ref.buffer for ref in writes}))


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _whole(tensor: torch.Tensor) -> torch.Tensor:
    """All elements of the memory that ``tensor`` is a part of."""
    elements = tensor.untyped_storage().nbytes() // tensor.element_size()
    return torch.as_strided(tensor.detach(), (elements,), (1,), 0)


class _Record(OperatorMode):
    def __init__(self, trace: _Trace) -> None:
        super().__init__()
        self._trace = trace

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        trace = self._trace
        name = func._schema.name.removeprefix("aten::")
        if not func._schema.name.startswith("aten::") or "out" in kwargs:
            raise Unsupported(func._schema.name)
        operands = _refs((list(args), kwargs), trace) if name not in _MADE else ([], {})
        result = func(*args, **kwargs)
        outs = list(result) if isinstance(result, tuple | list) else [result]
        trace.alive.append((args, kwargs, result))
        if not all(isinstance(each, torch.Tensor) for each in outs) or not outs:
            raise Unsupported(name)
        if name in _MADE:
            self._constant(outs[0], name)
        elif func._schema.is_mutable or not all(_storage(each) in trace.buffers for each in outs):
            refs = [trace.ref(each) if _storage(each) in trace.buffers else trace.made(each) for each in outs]
            reads = [each for each in _leaves(operands) if isinstance(each, Ref)]
            trace.add(write(name, operands[0], operands[1], refs), reads, refs)
        return result

    def _constant(self, tensor: torch.Tensor, name: str) -> None:
        trace = self._trace
        if _storage(tensor) in trace.buffers:  # torch.tensor(…), which later code may change
            raise Unsupported(name)
        ref = trace.made(tensor)
        if name.startswith(("empty", "new_empty")):
            return
        if tensor.dtype is not torch.bool and bool((tensor == tensor.reshape(-1)[0]).all()):
            trace.add(pointwise(ref, "{0}", [tensor.reshape(-1)[0].item()]), [], [ref])
            return
        copy = tensor.detach().clone(memory_format=torch.contiguous_format)
        trace.alive.append(copy)
        source = trace.ref(copy)
        trace.add(pointwise(ref, "{0}", [source]), [source], [ref])


def _refs(value: Any, trace: _Trace) -> Any:
    if isinstance(value, torch.Tensor):
        return trace.ref(value)
    if isinstance(value, list | tuple):
        return [_refs(each, trace) for each in value]
    if isinstance(value, dict):
        return {key: _refs(each, trace) for key, each in value.items()}
    return value


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, Ref):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for each in value for leaf in _leaves(each)] if isinstance(value, list | tuple) else [value]


class _OneHot(TorchFunctionMode):
    """``F.one_hot`` reads the values of its argument; a comparison does not."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func is torch.nn.functional.one_hot:
            classes = (kwargs or {}).get("num_classes", args[1] if len(args) > 1 else -1)
            if classes > 0:
                return (args[0].unsqueeze(-1) == torch.arange(classes)).long()
        return func(*args, **(kwargs or {}))


def trace_step(recipe: Recipe, namespace: Namespace, ahead: Ahead, drawn: Sequence[torch.Tensor]) -> Source:
    """One step as C, for the minibatch ``drawn`` (by ``ahead.names``, without the dimension of steps).

    Changes the parameters where the answers do. Raises Unsupported, or whatever the person's code raises.
    """
    trace = _Trace()
    run: Namespace = {**namespace, **dict(zip(ahead.names, drawn, strict=True))}
    for tensor in drawn:
        trace.outside(tensor, writable=False)
    parameters = {name: namespace[name] for name in recipe.parameters}
    for value in parameters.values():
        trace.outside(_whole(value), writable=True)
    with _OneHot(), _Record(trace):
        with torch.no_grad():
            for tree in ahead.statements:
                exec(compile(tree, "<minibatch>", "exec"), run)
        for statement in recipe.statements():
            if statement.part in (Part.MINIBATCH, Part.UPDATE):
                continue
            recorded = statement.part in (Part.FORWARD, Part.AUTOGRAD)
            if not recorded:
                _note_loss(trace, run[recipe.loss])
            with torch.set_grad_enabled(recipe.with_autograd and recorded):
                exec(compile(statement.module(), f"<{statement.part}>", "exec"), run)
        _note_loss(trace, run[recipe.loss])
    for name, value in parameters.items():
        gradient = run[gradient_name(name)].detach()
        if name in recipe.reshaped:
            gradient = gradient.reshape(value.shape)
        to, by = trace.ref(value), trace.ref(gradient)
        trace.add(pointwise(to, "{0} - rate * {1}", [to, by]), [to, by], [to])
    return _source(trace, {trace.ref(value).buffer for value in parameters.values()}, len(drawn))


def _note_loss(trace: _Trace, loss: torch.Tensor) -> None:
    if "losses" in trace.writable:
        return
    trace.writable.add("losses")
    ref = trace.ref(loss)
    trace.add(f"losses[k] = {ref.at(['0'] * len(ref.shape))};", [ref], [Ref("losses", 0, (), (), "float32")])


def _source(trace: _Trace, parameters: set[str], ahead: int) -> Source:
    live = {"losses", *parameters}
    code: list[str] = []
    used: set[str] = set(parameters)
    for kernel in reversed(trace.kernels):
        if kernel.writes & live:
            live |= kernel.reads
            used |= kernel.reads | kernel.writes
            code.append(kernel.code)
    declared, offset = [], 0
    for number, (name, tensor) in enumerate(trace.outer):
        ctype = C_TYPES[str(tensor.dtype).removeprefix("torch.")]
        step = f" + k * {tensor.untyped_storage().nbytes() // tensor.element_size()}" if number < ahead else ""
        if name in used:
            declared.append(f"{ctype} *restrict {name} = ({ctype} *)buffers[{number}]{step};")
    for name, ctype, elements in trace.inner:
        if name in used:
            declared.append(f"{ctype} *restrict {name} = ({ctype} *)((char *)buffers[{len(trace.outer)}] + {offset});")
            offset += -(-elements * 8 // 64) * 64
    body = "\n".join([*declared, *reversed(code)])
    text = (
        f"{PRELUDE}\nstatic float panel[{PANEL_ROWS} * PANEL] __attribute__((aligned(64)));\n"
        "int steps(int64_t count, void **buffers, const float *rates, float *losses) {\n"
        f"for (int64_t k = 0; k < count; k++) {{\nfloat rate = rates[k];\n{body}\n}}\nreturn 0;\n}}\n"
    )
    return Source(text, tuple(tensor for _, tensor in trace.outer), ahead, offset)
