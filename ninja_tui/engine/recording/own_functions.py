"""Notes each call of a ``torch.autograd.Function``: what its forward pass gave, and what its backward made of that.

Both are operations of the record. What stands here is where they begin and end.
"""

from __future__ import annotations

import contextlib
import dis
import inspect
import sysconfig
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction, Function, _SingleLevelFunction

from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.memory import forget
from ninja_tui.engine.recording.operators import outside, same
from ninja_tui.engine.recording.record import (
    BackwardRun,
    FunctionCall,
    FunctionInput,
    FunctionOutput,
    Leaf,
    Number,
    Operation,
    Record,
    Root,
    Use,
)
from ninja_tui.engine.recording.values import Values

MOST_ALIKE = 2
"""Calls of the same operations on the same shapes of which each is judged."""
MOST_CALLS = 24
"""Calls of one class of which each is judged."""
OTHER_SIZES = [-1.0, 4.0, -4.0, 0.1]
"""Of the inputs where a Function chooses in Python what it computes: multiples of those that it had."""
LONGEST_NAME = 60
PLAIN = (bool, int, float, str, type(None))
LIBRARIES = tuple({str(Path(sysconfig.get_path(name))) for name in ("stdlib", "purelib", "platlib")})
Apply = Callable[..., Any]


@dataclass
class Called:
    """A call that goes on: its class, its arguments, and its node of autograd's graph once there is one."""

    cls: Any
    args: tuple[Any, ...]
    inputs: tuple[FunctionInput, ...]
    values: tuple[torch.Tensor | None, ...]
    first: int
    call: FunctionCall | None = None
    node: Any = None
    differentiated: bool = False


@dataclass
class _Seen:
    alike: dict[object, int] = field(default_factory=dict)
    calls: int = 0


class OwnFunctions:
    """The calls that are made while ``values`` are recorded. Within ``watched()`` calls of torch's functions are seen."""

    def __init__(self, values: Values, watched: Callable[[], contextlib.AbstractContextManager[object]]) -> None:
        self._values, self._watched = values, watched
        self.libraries = LIBRARIES
        """Folders whose Functions are no person's own."""
        self._running = 0
        self._forward: list[Called] = []
        self._backward = 0
        self._trying = False
        self._seen: dict[Any, _Seen] = {}
        self._kept: dict[Any, list[Called]] = {}

    @property
    def in_forward(self) -> bool:
        """Whether a Function's forward pass runs."""
        return bool(self._forward)

    @property
    def inside(self) -> bool:
        """Whether a Function's own code runs, forward or backward."""
        return bool(self._forward) or self._backward > 0 or self._trying

    def made_inside(self, number: Number) -> bool:
        """Whether a Function's forward pass, which runs now, has made a value."""
        return bool(self._forward) and self._values.record.made_by[number] >= self._forward[0].first

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Calls within it are noted."""
        base: Any = _SingleLevelFunction  # below ``Function.apply``, which a program may have taken before
        node: Any = BackwardCFunction
        before, made = base.__dict__.get("apply"), node.__dict__.get("__init__")
        apply: Any = torch._C._FunctionBase.__dict__["apply"] if before is None else before
        steps = {name: node.__dict__[name] for name in ("apply", "apply_boxed") if name in node.__dict__}

        def applied(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if not issubclass(cls, Function):
                return apply.__get__(None, cls)(*args, **kwargs)
            return self._applied(cls, args, kwargs, lambda of, *given, **named: apply.__get__(None, of)(*given, **named))

        def created(ctx: Any, *args: Any, **kwargs: Any) -> None:
            if self._forward and self._forward[-1].node is None:
                self._forward[-1].node = ctx
                ctx._recorded = self._forward[-1]

        def stepped(original: Apply) -> Apply:
            def step(ctx: Any, *args: Any) -> Any:
                return self._stepped(ctx, args, original)

            return step

        base.apply = classmethod(applied)
        node.__init__ = created
        for name, original in steps.items():
            setattr(node, name, stepped(original))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if before is None:
                del base.apply
            else:
                base.apply = before
            for name, original in steps.items():
                setattr(node, name, original)
            if made is None:
                del node.__init__
            else:
                node.__init__ = made

    def try_all(self) -> None:
        """Has the backward called of each Function that only ran forward, and both where Python chose what they do.

        Within ``running()``. What a call raises is noted, and goes no further.
        """
        for kept in list(self._kept.values()):
            first = kept[0]
            sizes = [] if any(each.differentiated for each in kept) else [1.0]
            sizes += OTHER_SIZES if any(map(self._chooses, kept)) else []
            for size in sizes:
                self._trying = True
                try:
                    self._call_again(first, size)
                except Exception:  # forward on other values; a backward that raises is noted before
                    continue
                finally:
                    self._trying = False

    def _chooses(self, called: Called) -> bool:
        """Whether a truth value has left PyTorch in a call."""
        call = called.call
        runs = [each for each in (call, None if call is None else call.backward) if each is not None]
        return any(
            each.decides and run.first <= each.step <= run.last for each in self._values.record.escapes for run in runs
        )

    def _call_again(self, called: Called, size: float) -> None:
        asked = any(each.needed for each in called.inputs)
        args = list(called.args)
        for index, given in enumerate(called.inputs):
            if isinstance(args[index], torch.Tensor) and args[index].is_floating_point():
                with self._values.paused(), torch.no_grad():
                    args[index] = args[index] * size
                args[index].requires_grad_(given.needed or not asked)
        with torch.enable_grad():
            result = called.cls.apply(*args)
            outputs = result if isinstance(result, tuple | list) else (result,)
            flowing = [each for each in outputs if isinstance(each, torch.Tensor) and each.requires_grad]
            inputs = [each for each in args if isinstance(each, torch.Tensor) and each.requires_grad]
            if not flowing or not inputs:
                return
            with self._values.paused():
                weights = [torch.randn(each.shape, dtype=each.dtype) for each in flowing]
            # one number: grad_outputs would have autograd import half a second of symbolic shapes
            total = torch.stack([(each * weight).sum() for each, weight in zip(flowing, weights, strict=True)]).sum()
            torch.autograd.grad(total, inputs, allow_unused=True)

    @property
    def _notes(self) -> bool:
        return self._running > 0 and not self._values.is_paused

    def _applied(self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], apply: Apply) -> Any:
        if not self._notes or kwargs or torch._C._are_functorch_transforms_active():
            return apply(cls, *args, **kwargs)
        args = self._apart(args)
        called = self._begun(cls, args)
        self._forward.append(called)
        try:
            result = apply(cls, *args)
        finally:
            self._forward.pop()
            called.node = None  # it holds the graph
        self._ended(called, result)
        return result

    def _apart(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, of which a tensor that is given twice is two."""
        seen: set[Number] = set()
        apart: list[Any] = []
        for arg in args:
            each = arg
            if isinstance(each, torch.Tensor):
                if self._values.number(each) in seen:
                    each = each.view_as(each)
                seen.add(self._values.number(each))
            apart.append(each)
        return tuple(apart)

    def _begun(self, cls: Any, args: tuple[Any, ...]) -> Called:
        names = _names(cls, len(args))
        inputs: list[FunctionInput] = []
        values: list[torch.Tensor | None] = []
        for name, arg in zip(names, args, strict=True):
            if not isinstance(arg, torch.Tensor):
                inputs.append(FunctionInput(name, None, needed=False))
                values.append(None)
                continue
            needed = arg.requires_grad and torch.is_grad_enabled()
            inputs.append(FunctionInput(name, self._values.number(arg), needed))
            with self._values.paused(), torch.no_grad():
                values.append(arg.detach().clone())  # before forward changes it in place
        first = len(self._values.record.steps)
        return Called(cls, args, tuple(inputs), tuple(values), first)

    def _ended(self, called: Called, result: Any) -> None:
        record = self._values.record
        self._cut(called, result)
        last = len(record.steps)
        outputs = tuple(
            FunctionOutput(
                self._values.number(each) if isinstance(each, torch.Tensor) else None,
                isinstance(each, torch.Tensor) and (each.is_floating_point() or each.is_complex()) and _follows(each, called),
            )
            for each in (result if isinstance(result, tuple | list) else (result,))
        )  # fmt: skip
        call = FunctionCall(
            name=_name_of(called.cls),
            line=line_of(called.cls),
            inputs=called.inputs,
            outputs=outputs,
            first=called.first,
            last=last,
            upstream_names=_upstream_names(called.cls, len(outputs)),
            own=_is_own(called.cls, self.libraries),
        )
        if call.own and self._is_new(called, call):
            call = replace(call, values=called.values)
            given = zip(called.args, called.values, strict=True)
            called.args = tuple(arg if value is None else value for arg, value in given)
            self._kept.setdefault(called.cls, []).append(called)
        else:
            called.args = ()
        called.values = ()
        called.call = call
        record.functions.append(call)

    def _cut(self, called: Called, result: Any) -> None:
        """Where a forward pass has taken numbers out of PyTorch, what it returns depends on them in a way unknown."""
        record = self._values.record
        inputs = {each.number for each in called.inputs if each.number is not None}
        if not numbers_left(record, called.first, len(record.steps), inputs):
            return
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor) and (each.is_floating_point() or each.is_complex()):
                forget(each)
                leaf = self._values.leaf(each, Root.OUTSIDE)
                self._values.adopt(each, self._values.call(outside, (Use(leaf), *map(Use, sorted(inputs)))))

    def _is_new(self, called: Called, call: FunctionCall) -> bool:
        """Whether a call differs enough from those before it to be judged for itself."""
        steps = self._values.record.steps[call.first : call.last]
        tensors = tuple(
            (tuple(arg.shape), arg.dtype) if isinstance(arg, torch.Tensor) else arg if isinstance(arg, PLAIN) else None
            for arg in called.args
        )
        key = (tensors, tuple(each.needed for each in call.inputs), tuple(map(_alike, steps)))
        seen = self._seen.setdefault(called.cls, _Seen())
        seen.alike[key] = seen.alike.get(key, 0) + 1
        if seen.alike[key] > MOST_ALIKE or seen.calls >= MOST_CALLS:
            return False
        seen.calls += 1
        return True

    def _stepped(self, ctx: Any, args: tuple[Any, ...], original: Apply) -> Any:
        """A Function's backward runs: as it always does, on gradients that are its own."""
        called = getattr(ctx, "_recorded", None)
        if not self._notes or not isinstance(called, Called) or called.call is None:
            return original(ctx, *args)
        boxed = len(args) == 1 and isinstance(args[0], list)
        given = [self._own(each) for each in (args[0] if boxed else args)]
        upstream = tuple(None if each is None else self._values.number(each) for each in given)
        first = len(self._values.record.steps)
        tensors = list(given)
        self._backward += 1
        try:
            with self._seeing():
                result = original(ctx, given) if boxed else original(ctx, *given)
        except BaseException as error:
            self._note(called, BackwardRun(upstream, (), first, len(self._values.record.steps), error=message_of(error)))
            raise
        finally:
            self._backward -= 1
        gradients = result if isinstance(result, tuple | list) else (result,)
        returned = tuple(self._values.number(each) if isinstance(each, torch.Tensor) else None for each in gradients)
        changed = any(
            number is not None and self._values.number(each) != number
            for each, number in zip(tensors, upstream, strict=True)
        )
        last = len(self._values.record.steps)
        self._note(called, BackwardRun(upstream, returned, first, last, changes_upstream=changed))
        return result

    def _seeing(self) -> contextlib.AbstractContextManager[object]:
        """Functions are not seen within a call of one that is, as ``backward()`` is."""
        return contextlib.nullcontext() if torch._C._len_torch_function_stack() else self._watched()

    def _own(self, gradient: Any) -> Any:
        """An upstream gradient in memory of its own: what shares memory with it is another value."""
        if not isinstance(gradient, torch.Tensor):
            return None
        if gradient.layout is not torch.strided:
            return gradient
        number = self._values.number(gradient)
        with self._values.paused():
            once = gradient[tuple([slice(0, 1) if step == 0 else slice(None) for step in gradient.stride()])]
            copy = once.clone().expand(gradient.shape)
        self._values.adopt(copy, self._values.call(same, (Use(number),)))
        return copy

    def _note(self, called: Called, run: BackwardRun) -> None:
        call, functions = called.call, self._values.record.functions
        if call is None or called.differentiated:
            return
        called.differentiated = True
        for index in range(len(functions) - 1, -1, -1):
            if functions[index] is call:
                functions[index] = called.call = replace(call, backward=run)
                return


def numbers_left(record: Record, first: int, last: int, known: Collection[Number]) -> bool:
    """Whether in some steps of a record numbers that depend on ``known`` values became Python's, or an array's.

    Truth values and whole numbers do not count: they decide what is computed, and are looked at as such.
    """
    return any(
        first <= each.step <= last
        and not each.decides
        and each.number not in record.indices
        and not record.ancestors(each.number, known).isdisjoint(known)
        for each in record.escapes
    )


def _alike(step: Leaf | Operation) -> object:
    """What two steps have in common that do the same to other tensors."""
    if isinstance(step, Leaf):
        return None
    return step.function, tuple(arg if isinstance(arg, PLAIN) else None for arg in step.args)


def _follows(output: torch.Tensor, called: Called) -> bool:
    """Whether a gradient flows into an output; where none flows at all, it might."""
    return output.requires_grad or not any(each.needed for each in called.inputs)


def _name_of(cls: Any) -> str:
    return str(getattr(cls, "__name__", "Function"))[:LONGEST_NAME]


def _is_own(cls: Any, libraries: tuple[str, ...]) -> bool:
    """Whether a class is neither PyTorch's nor another library's."""
    filename = getattr(_backward_code(cls), "co_filename", "")
    return bool(filename) and not filename.startswith(libraries)


def _backward_code(cls: Any) -> CodeType | None:
    for name in ("backward", "vjp"):
        function = getattr(cls, name, None)
        if function is not None and function is not getattr(Function, name):
            code = getattr(inspect.unwrap(function), "__code__", None)
            if isinstance(code, CodeType):
                return code
    return None


def line_of(cls: Any) -> int:
    """The line of the ``return`` of a Function's backward; where there are several, that of its ``def``; 0: unknown."""
    code = _backward_code(cls)
    if code is None:
        return 0
    returns = {each.positions.lineno for each in dis.get_instructions(code) if each.opname.startswith("RETURN")
               and each.positions is not None and each.positions.lineno != code.co_firstlineno}  # fmt: skip
    lines = [each for each in returns if each]
    return int(lines[0]) if len(lines) == 1 else int(code.co_firstlineno)


def _names(cls: Any, count: int) -> list[str]:
    """The names of the arguments of a Function's forward pass, without ``ctx``."""
    skipped = 0 if cls.setup_context is not Function.setup_context else 1
    names = _argument_names(getattr(cls, "forward", None), skipped, count)
    return _unique(names)


def _upstream_names(cls: Any, count: int) -> tuple[str, ...]:
    """The names that a Function's backward has for its upstream gradients."""
    function = getattr(cls, "backward", None)
    function = getattr(cls, "vjp", None) if function is Function.backward else function
    return tuple(_unique(_argument_names(function, 1, count)))


def _argument_names(function: Any, skipped: int, count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())[skipped:]
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for each in parameters:
        if each.kind is inspect.Parameter.VAR_POSITIONAL:
            names += [f"{each.name}[{index}]" for index in range(count - len(names))]
        else:
            names.append(each.name)
    names += [f"argument {index + 1}" for index in range(len(names), count)]
    return [name[:LONGEST_NAME] for name in names[:count]]


def _unique(names: Sequence[str]) -> list[str]:
    return [name if name not in names[:index] else f"{name} #{index + 1}" for index, name in enumerate(names)]
