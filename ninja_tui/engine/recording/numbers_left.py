"""Floating-point numbers that a Function takes out of PyTorch: what it computes with them is not known.

Some are idle, such as those that it prints. Called on other inputs, it does the same operations then, with the same
numbers among their arguments.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from ninja_tui.engine.recording.function_calls import Called, numbers_left
from ninja_tui.engine.recording.memory import forget
from ninja_tui.engine.recording.operators import outside, same
from ninja_tui.engine.recording.record import Leaf, Number, Operation, Record, Root, Use
from ninja_tui.engine.recording.values import Values

Change = Callable[[torch.Tensor], torch.Tensor]
"""Makes another input of one."""
SIZES = (-1.0, 4.0, -4.0, 0.1, 100.0)
"""Multiples of inputs: for other branches that such a number may choose."""
DRAWS = 2


def times(size: float) -> Change:
    """A multiple."""
    return lambda tensor: tensor * size


def drawn(tensor: torch.Tensor) -> torch.Tensor:
    """Other numbers of the same signs; positive ones for zeros."""
    noise = torch.rand(tensor.shape, dtype=tensor.dtype)
    return torch.where(tensor == 0, 0.1 + noise, tensor * (0.5 + noise))


class NumbersLeft:
    """The numbers that leave PyTorch in calls of Functions."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._record = values.record
        self._cut: list[Called] = []
        self._arrays: list[int] = []
        self._ended: list[Called] = []

    def shares_memory(self) -> None:
        """Notes that an array has a tensor's memory, which may change unseen from now on."""
        self._arrays.append(len(self._record.steps))

    def end(self, called: Called, result: Any) -> None:
        """Notes the end of a forward pass. What it returns depends on numbers that have left in a way unknown."""
        self._ended.append(called)
        del self._ended[:-1]
        inputs = {each.number for each in called.inputs if each.number is not None}
        if not numbers_left(self._record, called.first, len(self._record.steps), inputs):
            return
        self._cut.append(called)
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor) and (each.is_floating_point() or each.is_complex()):
                before = self._values.number(each)
                forget(each)
                leaf = self._values.leaf(each, Root.OUTSIDE)
                made = self._values.call(outside, (Use(leaf), *map(Use, sorted(inputs))))
                self._values.adopt(each, made)
                called.cuts.append((made, before))

    def settle(self, calls: Iterable[list[Called]], again: Callable[[Called, Change], None]) -> None:
        """Takes ``calls`` whose numbers are idle for what they are without those. ``again`` calls one once more."""
        released: list[Called] = []
        for of_class in calls:
            idle: list[Called] = []
            for called in list(of_class):
                known = any(self._are_alike(one, called) for one in idle)
                if not known and self._leaves(called) and self._is_idle(called, again):
                    idle.append(called)
            others = [*of_class, *(each for each in self._cut if any(each.cls is one.cls for one in idle))]
            released += [each for each in others if any(self._are_alike(one, each) for one in idle)]
        self._release(released)

    def _leaves(self, called: Called) -> bool:
        call = called.call
        if call is None or call.backward is None:
            return False
        inputs = {each.number for each in call.inputs if each.number is not None}
        known = inputs | {each for each in call.backward.upstream if each is not None}
        return numbers_left(self._record, call.first, call.last, inputs) or numbers_left(
            self._record, call.backward.first, call.backward.last, known
        )

    def _is_idle(self, called: Called, again: Callable[[Called, Change], None]) -> bool:
        if any(first <= step <= last for first, last in _ranges(called) for step in self._arrays):
            return False
        for change in [*[drawn] * DRAWS, *map(times, SIZES)]:
            self._ended.clear()
            with contextlib.suppress(Exception):  # other inputs are not what it was written for
                again(called, change)
                if not self._ended or not self._are_alike(called, self._ended[-1]):
                    return False
                continue
            if change is drawn:
                return False
        return True

    def _are_alike(self, one: Called, other: Called) -> bool:
        """Whether two calls do the same to what they are given; of one that ran only forward: there."""
        if one.cls is not other.cls or one.call is None or other.call is None or one.call.backward is None:
            return False
        pairs = _Pairs(self._record)
        given = [[each.number for each in call.inputs] for call in (one.call, other.call)]
        made = [[number for number, _ in called.cuts] for called in (one, other)]
        forward = [self._operations(call.first, call.last) for call in (one.call, other.call)]
        if not (pairs.meet(*given) and pairs.meet(*made) and pairs.agree(*forward)):
            return False
        here, there = one.call.backward, other.call.backward
        if there is None:
            return True
        backward = [self._operations(run.first, run.last) for run in (here, there)]
        return (
            pairs.meet(here.upstream, there.upstream)
            and pairs.agree(*backward)
            and len(here.returned) == len(there.returned)
            and all(map(pairs.use, here.returned, there.returned))
        )

    def _operations(self, first: int, last: int) -> list[Operation]:
        steps = self._record.steps[first:last]
        return [each for each in steps if isinstance(each, Operation) and each.function is not outside]

    def _release(self, idle: Sequence[Called]) -> None:
        ranges = [each for called in idle for each in _ranges(called)]
        for called in idle:
            for made, before in called.cuts:
                place = self._record.made_by[made]
                self._record.steps[place] = Operation(same, (Use(before),), {}, (before,), (made,))
        self._record.escapes = [
            each
            for each in self._record.escapes
            if each.decides or not any(first <= each.step <= last for first, last in ranges)
        ]


def _ranges(called: Called) -> list[tuple[int, int]]:
    call = called.call
    return [(each.first, each.last) for each in (call, call and call.backward) if each is not None]


class _Pairs:
    """Which value of one call has the place of which value of another."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._pairs: dict[Number, Number] = {}

    def meet(self, ones: Sequence[Number | None], others: Sequence[Number | None]) -> bool:
        """Notes that values have each other's place; False where there are more of some than of the others."""
        for one, other in zip(ones, others, strict=False):
            if (one is None) != (other is None):
                return False
            if one is not None and other is not None:
                self._pairs[one] = other
        return len(ones) == len(others)

    def agree(self, ones: Sequence[Operation], others: Sequence[Operation]) -> bool:
        """Whether operations are the same, on values in each other's place."""
        return len(ones) == len(others) and all(map(self._agrees, ones, others))

    def _agrees(self, one: Operation, other: Operation) -> bool:
        return (
            one.function is other.function
            and self._argument(list(one.args), list(other.args))
            and self._argument(list(one.kwargs.items()), list(other.kwargs.items()))
            and [place for place, _ in one.changed] == [place for place, _ in other.changed]
            and self.meet(one.returned, other.returned)
            and self.meet([number for _, number in one.changed], [number for _, number in other.changed])
        )

    def _argument(self, one: Any, other: Any) -> bool:
        if isinstance(one, Use) and isinstance(other, Use):
            return self.use(one.number, other.number)
        if isinstance(one, list | tuple) and type(one) is type(other):
            return len(one) == len(other) and all(map(self._argument, one, other))
        return type(one) is type(other) and bool(one == other)

    def use(self, one: Number | None, other: Number | None) -> bool:
        """Whether two values have each other's place, or are the same for both calls."""
        if one is None or other is None or one in self._pairs:
            return one is other if one is None or other is None else self._pairs[one] == other
        if one == other:
            return True
        a, b = self._record.step_of(one), self._record.step_of(other)
        if not (isinstance(a, Leaf) and isinstance(b, Leaf)) or a.root is not b.root:
            return False
        if a.root is not Root.DRAWN and not (a.value.shape == b.value.shape and torch.equal(a.value, b.value)):
            return False
        self._pairs[one] = other
        return True
