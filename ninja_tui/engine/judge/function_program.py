"""One call of an ``autograd.Function`` as a little program of its own: its forward pass, a loss, and its backward.

Nothing before the call is in it, and nothing after: its inputs are parameters, its upstream gradients those of any
loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.recording.draws import generator, is_structured
from ninja_tui.engine.recording.function_calls import numbers_left
from ninja_tui.engine.recording.operators import same
from ninja_tui.engine.recording.record import (
    BackwardRun,
    Escape,
    FunctionCall,
    Leaf,
    Number,
    Operation,
    Record,
    Root,
    Use,
)
from ninja_tui.engine.recording.recorder import SAME_VALUES, operator_name
from ninja_tui.engine.recording.replay import Replay

aten = torch.ops.aten
VIEWS = SAME_VALUES | {"part_of", "same", "expand", "diagonal", "unfold", "split", "chunk", "narrow", "unbind"}
JITTER = 0.01
"""Share by which inputs are moved that are 0, or alike: there a maximum or a threshold has no derivative."""
ROUNDS = frozenset({"round", "floor", "ceil", "trunc", "fix", "sign", "sgn", "heaviside"})
"""Operations that a straight-through estimator takes for the identity."""
SAMPLES = frozenset({"bernoulli", "bernoulli_", "multinomial", "poisson", "binomial"})
"""Operations that draw whole numbers from a distribution which their arguments tell."""


class Unfollowed(Exception):
    """Why a call cannot be judged; the text is for a person."""


def taken(gradient: torch.Tensor, shape: list[int], dtype: torch.dtype) -> torch.Tensor:
    """A returned gradient as autograd takes it: summed to the shape of its input, and of its type."""
    return gradient.sum_to_size(shape).to(dtype)


@dataclass(frozen=True)
class CallProgram:
    """``inputs`` are values by their place among the arguments, ``outputs`` those by theirs that a gradient flows into.

    ``returned`` are the gradients of the inputs as autograd takes them, ``places`` the upstream gradients, each with
    its output.
    """

    record: Record
    loss: Number
    inputs: dict[int, Number]
    outputs: dict[int, Number]
    returned: dict[int, Number]
    places: dict[Number, Number]

    @property
    def only_upstream(self) -> Number | None:
        """The upstream gradient, where there is one, of a single number."""
        (place, *others) = self.places
        step = self.record.step_of(place)
        weight = self.record.step_of(step.inputs[0])
        single = not others and isinstance(weight, Leaf) and weight.value.numel() == 1
        return place if single else None

    def constant(self, value: torch.Tensor) -> Number:
        """A new value: ``value``, whatever the inputs are."""
        number = self.record.new()
        self.record.steps.append(Leaf(number, value, Root.LITERAL, value.dtype))
        return number

    def multiplied(self, number: Number, factor: Number) -> Number:
        """A new value: the product of two."""
        product = self.record.new()
        operation = Operation(aten.mul.Tensor, (Use(number), Use(factor)), {}, (number, factor), (product,))
        self.record.steps.append(operation)
        return product


def judged_places(call: FunctionCall) -> list[int]:
    """The arguments of which a gradient is judged: those of which one was asked for.

    Where none was, those of which backward returns one.
    """
    asked = [place for place, each in enumerate(call.inputs) if each.needed]
    asked = asked or [place for place, value in enumerate(call.values) if value is not None and _is_real(value)]
    if not call.tried or call.backward is None:
        return asked
    returned = call.backward.returned
    return [place for place in asked if place < len(returned) and returned[place] is not None] or asked


def unfollowed(record: Record, call: FunctionCall, run: BackwardRun) -> str:
    """Why what a call computes cannot be followed; empty where it can be."""
    inputs = {each.number for each in call.inputs if each.number is not None}
    if numbers_left(record, call.first, call.last, inputs):
        return "its forward takes numbers out of PyTorch"
    if numbers_left(record, run.first, run.last, inputs | {each for each in run.upstream if each is not None}):
        return "its backward takes numbers out of PyTorch"
    return ""


def call_program(
    record: Record, call: FunctionCall, run: BackwardRun, *, moved: bool = True, through: bool = False
) -> CallProgram:
    """The program of one call. ``moved``: inputs that are 0 or alike are not quite so; ``through``: what rounds does
    not.

    Raises Unfollowed.
    """
    return _Building(record, call, run, moved=moved, through=through).program()


class _Building:
    def __init__(self, record: Record, call: FunctionCall, run: BackwardRun, *, moved: bool, through: bool) -> None:
        self._from, self._call, self._run = record, call, run
        self._moved, self._through = moved, through
        self._record = Record()
        self._numbers: dict[Number, Number] = {}

    def program(self) -> CallProgram:
        call, run = self._call, self._run
        inputs = self._inputs()
        outputs = {
            place: each.number
            for place, each in enumerate(call.outputs)
            if each.differentiable and each.number is not None and run.upstream[place] is not None
        }
        if not outputs:
            raise Unfollowed("no gradient flows into what it returns")
        returned = {place: run.returned[place] for place in inputs if place < len(run.returned)}
        wanted = [number for number in returned.values() if number is not None]
        self._repeats(wanted)
        escapes = self._escapes()
        self._copy([*outputs.values(), *(each.number for each in escapes)])
        apart, weights, loss = self._loss(outputs)
        upstream = self._upstream(weights)
        self._copy(wanted)
        places = {self._numbers[number]: apart[place] for number, place in upstream.items() if place is not None}
        taken_as = {place: self._taken(place, number) for place, number in returned.items() if number is not None}
        end = len(self._record.steps)
        self._record.escapes += [Escape(self._numbers[each.number], end, each.decides) for each in escapes]
        self._record.indices |= {self._numbers[each.number] for each in escapes if each.number in self._from.indices}
        return CallProgram(self._record, loss, inputs, apart, taken_as, places)

    def _inputs(self) -> dict[int, Number]:
        places: dict[int, Number] = {}
        for place, (given, value) in enumerate(zip(self._call.inputs, self._call.values, strict=True)):
            if given.number is None or value is None:
                continue
            real = _is_real(value)
            number = self._leaf(moved(value, place) if real and self._moved else value, given.number)
            if real and (given.needed or not is_structured(value)):
                self._record.parameters[number] = True
            places[place] = number
        return places

    def _repeats(self, wanted: list[Number]) -> None:
        """Takes the inputs of a call that was made to repeat this one, as a checkpoint does, for this one's."""
        call, record = self._call, self._from
        needed: set[int] | None = None
        for other in record.functions:
            if other.first < call.last or other.backward or (other.name, other.line) != (call.name, call.line):
                continue
            needed = set(record.needed(wanted, self._numbers)) if needed is None else needed
            pairs = [
                (one.number, again.number, value)
                for one, again, value in zip(call.inputs, other.inputs, call.values, strict=False)
                if one.number in self._numbers and again.number is not None and value is not None
            ]
            numbers = [number for _, number, _ in pairs]
            if not any(record.made_by[number] in needed for number in numbers):
                continue
            with torch.no_grad():
                values = Replay(record, numbers, dtype=torch.float32).run({})
            if all(torch.equal(values[number], value) for _, number, value in pairs):
                self._numbers |= {again: self._numbers[one] for one, again, _ in pairs if one is not None}

    def _escapes(self) -> list[Escape]:
        """What left PyTorch and decided what is computed."""
        parts = (self._call, self._run)
        return [
            each
            for each in self._from.escapes
            if any(part.first <= each.step <= part.last for part in parts)
            and (each.decides or each.number in self._from.indices)
            and each.number < len(self._from.made_by)
        ]

    def _upstream(self, weights: Mapping[int, Number]) -> dict[Number, int | None]:
        """The gradients that backward was given, each a value of its own, by the output that it is of."""
        given: dict[Number, int | None] = {}
        for place, number in enumerate(self._run.upstream):
            if number is None:
                continue
            given[number] = place if place in weights else None
            if place in weights:
                self._numbers[number] = self._operation(same, Use(weights[place]))
                continue
            output = self._call.outputs[place].number
            if output is None:
                raise Unfollowed("it returns what is no tensor, and is given a gradient of it")
            self._copy([output])
            self._numbers[number] = self._operation(aten.zeros_like.default, Use(self._numbers[output]))
        return given

    def _loss(self, outputs: Mapping[int, Number]) -> tuple[dict[int, Number], dict[int, Number], Number]:
        """A number in which every output counts by itself, even where one was computed from another.

        With the outputs as they are in it, and what each is multiplied with, which is its gradient.
        """
        apart: dict[int, Number] = {}
        weights: dict[int, Number] = {}
        parts: list[Number] = []
        values = self._values(outputs.values())
        for place, number in outputs.items():
            apart[place] = self._operation(aten.alias.default, Use(self._numbers[number]))
            drawn = torch.randn(values[number].shape, generator=generator(977 + place))
            weights[place] = self._leaf(drawn.to(values[number].dtype))
            weighed = self._operation(aten.mul.Tensor, Use(apart[place]), Use(weights[place]))
            parts.append(self._operation(aten.sum.default, Use(weighed)))
        total = parts[0]
        for part in parts[1:]:
            total = self._operation(aten.add.Tensor, Use(total), Use(part))
        return apart, weights, total

    def _values(self, numbers: Iterable[Number]) -> dict[Number, torch.Tensor]:
        wanted = list(numbers)
        with torch.no_grad():
            values = Replay(self._record, [self._numbers[each] for each in wanted], dtype=torch.float32).run({})
        return {each: values[self._numbers[each]] for each in wanted}

    def _taken(self, place: int, number: Number) -> Number:
        value = self._call.values[place]
        if value is None:
            raise Unfollowed("an input is no plain tensor")
        return self._operation(taken, Use(self._numbers[number]), list(value.shape), value.dtype)

    def _copy(self, wanted: Iterable[Number]) -> None:
        """Takes over the steps that compute ``wanted``."""
        memory = self._memory
        for index in self._from.needed(wanted, self._numbers):
            step = self._from.steps[index]
            if set(step.outputs) & memory:
                raise Unfollowed("it reads memory of which its input is a part")
            if any(each in self._numbers for each in step.outputs):
                continue
            if isinstance(step, Leaf):
                copied = self._record.new()
                self._numbers[step.number] = copied
                self._record.steps.append(Leaf(copied, step.value, step.root, step.dtype, self._draw(step)))
                if step.number in self._from.parameters:
                    self._record.parameters[copied] = True
                continue
            self._step(step)

    def _draw(self, leaf: Leaf) -> Operation | None:
        """How a leaf was drawn, where that needs no value that is not here."""
        draw = leaf.draw
        if draw is None or any(each not in self._numbers for each in draw.inputs):
            return None
        return self._renumbered(draw, draw.function)

    def _step(self, step: Operation) -> None:
        function: Callable[..., Any] = step.function
        args = step.args
        if self._through and self._is_forward(step) and operator_name(step) in ROUNDS and isinstance(args[0], Use):
            function, args = same, args[:1]
        numbers = {number: self._record.new() for number in step.outputs}
        self._numbers |= numbers
        copied = self._renumbered(step, function, args)
        returned = tuple(None if each is None else numbers[each] for each in step.returned)
        changed = tuple((at, numbers[number]) for at, number in step.changed)
        self._record.steps.append(
            Operation(copied.function, copied.args, copied.kwargs, copied.inputs, returned, changed)
        )

    def _is_forward(self, step: Operation) -> bool:
        return any(self._call.first <= self._from.made_by[number] < self._call.last for number in step.outputs)

    def _renumbered(
        self, step: Operation, function: Callable[..., Any], args: tuple[Any, ...] | None = None
    ) -> Operation:
        inputs: list[Number] = []

        def renumbered(arg: Any) -> Any:
            if isinstance(arg, Use):
                number = self._numbers[arg.number]
                inputs.append(number)
                return Use(number)
            return [renumbered(each) for each in arg] if isinstance(arg, list) else arg

        given = tuple([renumbered(each) for each in (step.args if args is None else args)])
        named = {} if args is not None and function is same else {k: renumbered(v) for k, v in step.kwargs.items()}
        return Operation(function, given, named, tuple(inputs), step.returned, step.changed)

    @property
    def _memory(self) -> set[Number]:
        """The values in the memory of which inputs are a part."""
        found: set[Number] = set()
        inputs = {each.number for each in self._call.inputs if each.number is not None}
        waiting = list(inputs)
        while waiting:
            step = self._from.step_of(waiting.pop())
            views = isinstance(step, Operation) and operator_name(step) in VIEWS and bool(step.inputs)
            if views and step.inputs[0] not in found:
                found.add(step.inputs[0])
                waiting.append(step.inputs[0])
        return found - inputs

    def _leaf(self, value: torch.Tensor, of: Number | None = None) -> Number:
        number = self._record.new()
        self._record.steps.append(Leaf(number, value, Root.OUTSIDE, value.dtype))
        if of is not None:
            self._numbers[of] = number
        return number

    def _operation(self, function: Callable[..., Any], *args: Any) -> Number:
        number = self._record.new()
        inputs = tuple(arg.number for arg in args if isinstance(arg, Use))
        self._record.steps.append(Operation(function, args, {}, inputs, (number,)))
        return number


def moved(value: torch.Tensor, place: int) -> torch.Tensor:
    """``value``, where it has zeros or numbers twice, with others very near."""
    if not value.numel() or (len(torch.unique(value)) == value.numel() and bool((value != 0).all())):
        return value
    size = float(value.double().square().mean().sqrt()) or 1.0
    drawn = torch.randn(value.shape, generator=generator(31 + place), dtype=torch.float64)
    by_zero = drawn.abs() if bool((value >= 0).all()) else drawn
    shifted = torch.where(value == 0, JITTER * size * by_zero, value.double() * (1 + JITTER * drawn.clamp(-2, 2)))
    return shifted.to(value.dtype)


def rounds(record: Record, call: FunctionCall) -> bool:
    """Whether a forward pass rounds, or takes a sign."""
    steps = record.steps[call.first : call.last]
    return any(isinstance(step, Operation) and operator_name(step) in ROUNDS for step in steps)


def draws_from(record: Record, call: FunctionCall, place: int) -> bool:
    """Whether a forward pass draws numbers with probabilities that it computes from the argument in this place."""
    number = call.inputs[place].number
    assert number is not None
    draws = [step.draw for step in record.steps[call.first : call.last] if isinstance(step, Leaf)]
    told = [each for draw in draws if draw and operator_name(draw) in SAMPLES for each in draw.inputs]
    return any(number in record.ancestors(each, {number}) for each in told)


def is_identity(record: Record, call: FunctionCall) -> bool:
    """Whether a forward pass returns what it was given as it is: its backward is meant to be another."""
    steps = record.steps[call.first : call.last]
    return all(isinstance(step, Operation) and operator_name(step) in UNCHANGED for step in steps)


UNCHANGED = frozenset({"view_as", "view", "alias", "clone", "detach", "same", "contiguous", "_to_copy"})
"""Operations that give what they are given."""


def _is_real(value: torch.Tensor) -> bool:
    return value.is_floating_point() or value.is_complex()
