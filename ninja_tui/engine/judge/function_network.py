"""The program of one call of an ``autograd.Function`` with its network: what its forward's operations make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.function_program import ROUNDS, CallProgram, Unfollowed
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.judge.recorded import Gradient, evidence_on, passes
from ninja_tui.engine.recording.record import FunctionCall, Number, Operation
from ninja_tui.engine.recording.recorder import operator_name
from ninja_tui.engine.recording.replay import Paths, Replay

SAME = 1e-9
"""Relative difference up to which two results in float64 are the same."""


class OpenedCall:
    """The program of a call with its network, and its nodes by name."""

    def __init__(self, program: CallProgram, call: FunctionCall) -> None:
        self.call = program
        self.network = Network(program.record, [Output(program.loss)], Paths.ALL, program.inputs.values(), near=True)
        if self.network.is_complex:
            raise Unfollowed("its forward computes with complex numbers")
        home = self.network.home()
        self.names: dict[int, str] = {}
        numbers: dict[str, Number] = {}
        for place, number in program.inputs.items():
            if number in self.network.computed and home.values[number].is_floating_point():
                self.names[place] = call.inputs[place].name
                numbers[self.names[place]] = number
        gradients: dict[str, str] = {}
        for place, number in program.outputs.items():
            name = _output_name(numbers, place, len(call.outputs))
            numbers[name] = number
            gradients[name] = call.upstream_names[place] if place < len(call.upstream_names) else f"d{name}"
        graph = Graph(self.network, numbers, [(name,) for name in numbers])
        self.assessor = Assessor(graph, lambda name: gradients.get(name, f"d{name}"))
        self._single: dict[Number, torch.Tensor] = {}

    def value(self, number: Number) -> torch.Tensor:
        """A value as the program has it, for the upstream gradients of the loss here."""
        if number not in self._single:
            with torch.no_grad():
                self._single[number] = Replay(self.call.record, [number], dtype=torch.float32).run({})[number]
        return self._single[number]

    def raw_shape(self, place: int) -> tuple[int, ...]:
        """The shape of a gradient as it was returned."""
        return tuple(self.value(self.call.record.step_of(self.call.returned[place]).inputs[0]).shape)

    def shape(self, place: int) -> tuple[int, ...]:
        """The shape of an input."""
        return tuple(self.network.home().value(self.call.inputs[place]).shape)

    def reaches(self, place: int) -> bool:
        """Whether what forward returns was computed from an input at all."""
        return self.call.inputs[place] in self.network.members

    def gives_zeros(self, place: int) -> bool:
        """Whether what is returned for an input is 0, whatever was tried."""
        gradient = self.gradient(place)
        tried = evidence_on(self.assessor, self.names[place], gradient, self.call.places).results
        return all(each is None or largest_entry(each) == 0.0 for each in (gradient.value, *tried))

    def passes_zeros(self, place: int) -> bool:
        """Whether zeros are right for an input: its derivative is 0 up to rounding."""
        zeros = torch.zeros_like(self.value(self.call.inputs[place]))
        gradient = Gradient(self.call.constant(zeros), zeros, len(self.call.record.steps))
        return passes(self.assessor, self.names[place], gradient, self.call.places)

    def jumps(self, place: int) -> bool:
        """Whether forward gives other numbers for other inputs in this place, or a threshold may be why it does not."""
        number = self.call.inputs[place]
        replay = Replay(self.call.record, self.call.outputs.values(), {number})
        found: list[torch.Tensor] = []
        for world in self.network.worlds():
            with torch.no_grad():
                values = replay.run({number: world.value(number).detach()})
            found.append(torch.cat([values[each].double().flatten() for each in self.call.outputs.values()]))
        size = largest_entry(found[0])
        varies = any(largest_entry(each - found[0]) > SAME * size for each in found[1:])
        return varies or not self._is_smooth(replay.operations, number)

    def _is_smooth(self, operations: Iterable[Operation], number: Number) -> bool:
        """Whether a way leads from an input to an output along which nothing is rounded, compared or counted."""
        values, reached = self.network.home().values, {number}
        for step in operations:
            if operator_name(step) not in ROUNDS and not reached.isdisjoint(step.inputs):
                reached |= {each for each in step.outputs if each in values and values[each].is_floating_point()}
        return not reached.isdisjoint(self.call.outputs.values())

    def gradient(self, place: int) -> Gradient:
        """What is returned for an input, as autograd takes it."""
        number = self.call.returned[place]
        return Gradient(number, self.value(number), len(self.call.record.steps))

    def keeps_shape(self, place: int) -> bool:
        """Whether forward returns something of the shape of this input that was computed from it."""
        home = self.network.home()
        shapes = [tuple(home.value(each).shape) for each in self.call.outputs.values()]
        return self.reaches(place) and self.shape(place) in shapes

    def is_zero(self, place: int) -> bool:
        """Whether the derivative by an input is 0, whatever the numbers tried."""
        if place not in self.names:
            return True
        number = self.call.inputs[place]
        return all(largest_entry(world.gradient(number)) == 0.0 for world in self.network.worlds())


def _output_name(taken: Iterable[str], place: int, count: int) -> str:
    name = "output" if count == 1 else f"output[{place}]"
    return f"the {name}" if name in set(taken) else name


def sums_to(shape: Sequence[int], expected: Sequence[int]) -> bool:
    """Whether autograd takes a gradient of a shape for an input of another: it sums what broadcasting has repeated."""
    if len(shape) < len(expected):
        return False
    pairs = zip(reversed(shape), [*reversed(expected), *[1] * (len(shape) - len(expected))], strict=True)
    return all(other in (one, 1) for one, other in pairs)
