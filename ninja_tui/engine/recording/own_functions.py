"""Notes each call of a ``torch.autograd.Function``: what its forward pass gave, and what its backward made of that.

Both are operations of the record. What stands here is where they begin and end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.autograd.function import BackwardCFunction, Function, _SingleLevelFunction

from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.function_calls import PLAIN, Called, alike, follows
from ninja_tui.engine.recording.function_classes import (
    LIBRARIES,
    argument_names,
    in_order,
    is_own,
    line_of,
    name_of,
    upstream_names,
)
from ninja_tui.engine.recording.numbers_left import Change, NumbersLeft, times
from ninja_tui.engine.recording.operators import same
from ninja_tui.engine.recording.record import (
    BackwardRun,
    FunctionCall,
    FunctionInput,
    FunctionOutput,
    Number,
    Use,
)
from ninja_tui.engine.recording.values import Values

MOST_ALIKE = 2
"""Calls of the same operations on the same shapes of which each is judged."""
MOST_CALLS = 40
"""Calls of one class of which each is judged."""
MOST_HELD = 256 << 20
"""Bytes of inputs that are kept."""
OTHER_SIZES = [-1.0, 4.0, -4.0, 0.1]
"""Of the inputs where a Function chooses in Python what it computes: multiples of those that it had."""
Apply = Callable[..., Any]


@dataclass
class _Seen:
    alike: dict[object, int] = field(default_factory=dict)
    calls: int = 0


def _bare(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """What ``Function.apply`` itself calls."""
    return torch._C._FunctionBase.__dict__["apply"].__get__(None, cls)(*args, **kwargs)


class OwnFunctions:
    """The calls that are made while ``values`` are recorded. Within ``watched()`` functions of torch's are seen."""

    def __init__(self, values: Values, watched: Callable[[], contextlib.AbstractContextManager[object]]) -> None:
        self._values, self._watched = values, watched
        self.numbers = NumbersLeft(values)
        self.libraries = LIBRARIES
        """Folders whose Functions are no person's own."""
        self._running = 0
        self._forward: list[Called] = []
        self._backward = 0
        self._trying = self._tries_all = False
        self._seen: dict[Any, _Seen] = {}
        self._kept: dict[Any, list[Called]] = {}
        self._unknown: set[Any] = set()
        self._held = 0

    @property
    def in_forward(self) -> bool:
        """Whether a Function's forward pass runs."""
        return bool(self._forward)

    @property
    def inside(self) -> bool:
        """Whether a Function's own code runs, forward or backward."""
        return bool(self._forward) or self._backward > 0 or self._trying

    def makes_leaves(self, number: Number) -> bool:
        """Whether a leaf of autograd's is one that a Function has made for itself: no parameter."""
        made = bool(self._forward) and self._values.record.made_by[number] >= self._forward[0].first
        return made or self._backward > 0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Calls within it are noted."""
        function: Any = Function  # its ``apply`` is a method, and no attribute for a type checker
        node: Any = BackwardCFunction
        apply, made = function.__dict__["apply"], node.__dict__.get("__init__")
        steps = {name: node.__dict__[name] for name in ("apply", "apply_boxed") if name in node.__dict__}
        base: Any = _SingleLevelFunction  # where an ``apply`` comes by that was taken before
        before, bare = base.__dict__.get("apply"), base.apply.__func__ if "apply" in base.__dict__ else _bare
        entered: list[Any] = []

        def applied(cls: Any, *args: Any, **kwargs: Any) -> Any:
            entered.append(cls)
            depth = len(entered)
            try:
                return self._applied(cls, args, kwargs, apply.__func__)
            finally:
                del entered[depth - 1 :]

        def applied_below(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if entered and entered[-1] is cls:
                entered[-1] = None
                return bare(cls, *args, **kwargs)
            return self._applied(cls, args, kwargs, bare) if issubclass(cls, Function) else bare(cls, *args, **kwargs)

        def created(ctx: Any, *args: Any, **kwargs: Any) -> None:
            if self._forward and self._forward[-1].node is None:
                self._forward[-1].node = ctx
                ctx._recorded = self._forward[-1]

        def stepped(original: Apply) -> Apply:
            def step(ctx: Any, *args: Any) -> Any:
                return self._stepped(ctx, args, original)

            return step

        function.apply, base.apply = classmethod(applied), classmethod(applied_below)
        node.__init__ = created
        for name, original in steps.items():
            setattr(node, name, stepped(original))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            function.apply = apply
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
            known = {place for called in kept if called.differentiated for place in called.asked}
            again: list[tuple[Called, float]] = []
            for called in kept:
                if not called.differentiated and not known.issuperset(called.asked):
                    again.append((called, 1.0))
                    known |= called.asked
            if not known:
                again.append((kept[0], 1.0))
            if any(map(self._chooses, kept)):
                again += [(kept[0], size) for size in OTHER_SIZES]
            for called, size in again:
                with contextlib.suppress(Exception):  # forward on other values; of a backward it is noted before
                    self._call_again(called, times(size))
        self.numbers.settle(list(self._kept.values()), self._call_again)

    def _chooses(self, called: Called) -> bool:
        """Whether a truth value has left PyTorch in a call."""
        call = called.call
        runs = [each for each in (call, None if call is None else call.backward) if each is not None]
        return any(
            each.decides and run.first <= each.step <= run.last for each in self._values.record.escapes for run in runs
        )

    def _call_again(self, called: Called, change: Change) -> None:
        self._trying, self._tries_all = True, not called.asked
        try:
            self._differentiate(called, change)
        finally:
            self._trying = self._tries_all = False

    def _differentiate(self, called: Called, change: Change) -> None:
        args, leaves = list(called.args), list[torch.Tensor]()
        for index, given in enumerate(called.inputs):
            if isinstance(args[index], torch.Tensor) and args[index].is_floating_point():
                with self._values.paused(), torch.no_grad():
                    args[index] = change(args[index])
                if given.needed or self._tries_all:
                    leaves.append(args[index].requires_grad_())
                    with torch.enable_grad():
                        args[index] = args[index].clone()  # forward may change in place what is no leaf
        with torch.enable_grad():
            result = called.cls.apply(*args)
            outputs = result if isinstance(result, tuple | list) else (result,)
            flowing = [each for each in outputs if isinstance(each, torch.Tensor) and each.requires_grad]
            if not flowing or not leaves:
                return
            with self._values.paused():
                weights = [torch.randn(each.shape, dtype=each.dtype) for each in flowing]
            # one number: grad_outputs would have autograd import half a second of symbolic shapes
            total = torch.stack([(each * weight).sum() for each, weight in zip(flowing, weights, strict=True)]).sum()
            torch.autograd.grad(total, leaves, allow_unused=True)

    @property
    def _notes(self) -> bool:
        return self._running > 0 and not self._values.is_paused

    def _applied(self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any], apply: Apply) -> Any:
        if not self._notes:
            return apply(cls, *args, **kwargs)
        given = self._transformed(cls, args, kwargs)
        if given is None:
            return apply(cls, *args, **kwargs)
        args = self._apart(given)
        called = self._begun(cls, args)
        self._forward.append(called)
        try:
            result = apply(cls, *args)
        except BaseException:
            if self._backward:  # a checkpoint repeats a call, and ends it when it has what was saved
                last, record = len(self._values.record.steps), self._values.record
                record.functions.append(
                    FunctionCall(name_of(cls), line_of(cls), called.inputs, (), called.first, last, own=False)
                )
            raise
        finally:
            self._forward.pop()
            called.node = None  # it holds the graph
        self._ended(called, result)
        return result

    def _transformed(self, cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The arguments by their places; None where a call cannot be followed, which is noted."""
        if torch._C._are_functorch_transforms_active():
            self._not_judged(cls, len(args), "it is called within a transformation of torch.func's")
            return None
        given = in_order(cls, args, kwargs)
        if given is None:
            self._not_judged(cls, len(args), "it is called with arguments by name")
        return given

    def _not_judged(self, cls: Any, count: int, reason: str) -> None:
        """Notes a call of which nothing is known; once for each class."""
        if not is_own(cls, self.libraries) or cls in self._unknown:
            return
        self._unknown.add(cls)
        steps = len(self._values.record.steps)
        inputs = tuple(FunctionInput(name, None, needed=True) for name in argument_names(cls, count))
        run = BackwardRun((), (), steps, steps, error=f"could not be judged: {reason}")
        call = FunctionCall(name_of(cls), line_of(cls), inputs, (), steps, steps, values=(None,) * count, backward=run)
        self._values.record.functions.append(call)

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
        names, keeps = argument_names(cls, len(args)), is_own(cls, self.libraries)
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
                values.append(arg.detach().clone() if keeps else None)  # before forward changes it in place
        self._mark(each.number for each in inputs)
        return Called(cls, args, tuple(inputs), tuple(values), len(self._values.record.steps))

    def _mark(self, numbers: Iterable[Number | None]) -> None:
        """A step between what happens within a call and beside it: of what leaves PyTorch only the step is known."""
        number = next((each for each in numbers if each is not None), None)
        if number is not None:
            self._values.call(same, (Use(number),))

    def _ended(self, called: Called, result: Any) -> None:
        record = self._values.record
        self.numbers.end(called, result)
        last = len(record.steps)
        self._mark(each.number for each in called.inputs)
        outputs = tuple(
            FunctionOutput(
                self._values.number(each) if isinstance(each, torch.Tensor) else None, follows(each, called)
            )
            for each in (result if isinstance(result, tuple | list) else (result,))
        )  # fmt: skip
        call = FunctionCall(
            name=name_of(called.cls),
            line=line_of(called.cls),
            inputs=called.inputs,
            outputs=outputs,
            first=called.first,
            last=last,
            upstream_names=upstream_names(called.cls, len(outputs)),
            own=is_own(called.cls, self.libraries),
            tried=self._tries_all,
        )
        if call.own and self._is_new(called, call) and self._has_room(called):
            call = replace(call, values=called.values)
            given = zip(called.args, called.values, strict=True)
            called.args = tuple(arg if value is None else value for arg, value in given)
            self._kept.setdefault(called.cls, []).append(called)
        else:
            called.args = ()
        called.values = ()
        called.call = call
        record.functions.append(call)

    def _has_room(self, called: Called) -> bool:
        """Whether there is room for the inputs of another call."""
        size = sum(each.nbytes for each in called.values if each is not None and each.layout is torch.strided)
        if self._held + size <= MOST_HELD:
            self._held += size
            return True
        if called.cls not in self._kept:
            self._not_judged(called.cls, len(called.args), "its inputs are too large to be kept")
        return False

    def _is_new(self, called: Called, call: FunctionCall) -> bool:
        """Whether a call differs enough from those before it to be judged for itself."""
        steps = self._values.record.steps[call.first : call.last]
        tensors = tuple(
            (tuple(arg.shape), arg.dtype) if isinstance(arg, torch.Tensor) else arg if isinstance(arg, PLAIN) else None
            for arg in called.args
        )
        key = (tensors, tuple(each.needed for each in call.inputs), tuple(map(alike, steps)))
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
            last = len(self._values.record.steps)
            reason = f"its backward raises {message_of(error)}"
            self._note(called, BackwardRun(upstream, (), first, last, error=reason))
            raise
        finally:
            self._backward -= 1
        gradients = result if isinstance(result, tuple) or boxed else (result,)
        returned = tuple(self._values.number(each) if isinstance(each, torch.Tensor) else None for each in gradients)
        changed = any(
            number is not None and self._values.number(each) != number
            for each, number in zip(tensors, upstream, strict=True)
        )
        last = len(self._values.record.steps)
        self._mark(upstream)
        is_list = isinstance(result, list) and not boxed
        refused = "its backward returns a list, and autograd takes a tuple" if is_list else ""
        self._note(called, BackwardRun(upstream, returned, first, last, refused, changed))
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
