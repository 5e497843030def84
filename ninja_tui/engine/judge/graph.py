"""The nodes of a network, and autograd's VJP of each step from one to the next, for any upstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from ninja_tui.engine.judge.network import Network, World
from ninja_tui.engine.judge.uses import Use, uses_of
from ninja_tui.engine.recording.operators import name_of
from ninja_tui.engine.recording.record import Number, Operation
from ninja_tui.engine.recording.replay import RAISED, Replay
from ninja_tui.engine.recording.slices import MATRIX_PRODUCTS

Gradients = Mapping[str, torch.Tensor]


class Graph:
    """Nodes by name, in the order in which they came about. ``groups`` are the names that one step binds together."""

    def __init__(
        self,
        network: Network,
        numbers: Mapping[str, Number],
        groups: Sequence[tuple[str, ...]],
        count: int | None = None,
    ) -> None:
        self.network = network
        self.numbers = dict(numbers)
        self.names = {number: name for name, number in reversed(self.numbers.items())}
        self.count = count
        self.groups = [tuple(name for name in group if name in self.numbers) for group in groups]
        self.replays = [self._replay(group) for group in self.groups]
        self._reads = [self._inputs(replay) for replay in self.replays]
        self.consumers: dict[str, list[int]] = {}
        for index, names in enumerate(self._reads):
            for name in names:
                self.consumers.setdefault(name, []).append(index)

    def name(self, number: Number) -> str:
        """The name of a value, which becomes a node where it was none."""
        if number not in self.names:
            name = f"what {self._reader(number)} reads"
            self.names[number] = name
            self.numbers[name] = number
            self.consumers[name] = self._next(number)
        return self.names[number]

    def _reader(self, number: Number) -> str:
        """The first node that is computed from a value, by its name."""
        for index, replay in enumerate(self.replays):
            if any(number in step.inputs for step in replay.operations):
                return f"`{self.groups[index][0]}`"
        return f"value {number}"

    def _next(self, number: Number) -> list[int]:
        """The steps in which a value that bears no name is used."""
        return [
            index
            for index, replay in enumerate(self.replays)
            if any(number in step.inputs for step in replay.operations)
        ]

    def depends_on_parameters(self, number: Number) -> bool:
        """Whether a value depends on a parameter of the network."""
        return bool(self.network.record.ancestors(number) & set(self.network.parameters))

    def reads(self, index: int) -> tuple[str, ...]:
        """The nodes that a step reads."""
        return self._reads[index]

    def below(self, name: str) -> list[Number]:
        """The values of the nodes that come next on the way to the loss."""
        return [self.numbers[each] for index in self.consumers.get(name, ()) for each in self.groups[index]]

    def multiplies_matrices(self, index: int, node: str) -> bool:
        """Whether ``node``, or what a step computes from it, stands in a matrix product there."""
        reached = {self.numbers[node]}
        for step in self.replays[index].operations:
            if not reached.isdisjoint(_factors(step)):
                return True
            if not reached.isdisjoint(step.inputs):
                reached.update(step.outputs)
        return False

    def _replay(self, group: tuple[str, ...]) -> Replay:
        wanted = [self.numbers[name] for name in group]
        computed = set(wanted) - set(self.network.parameters)
        return Replay(self.network.record, wanted, set(self.numbers.values()) - computed)

    def _inputs(self, replay: Replay) -> tuple[str, ...]:
        used = dict.fromkeys(number for step in replay.operations for number in step.inputs if number in replay.given)
        return tuple(self.names[number] for number in used)


class Steps:
    """The steps of a graph on the values of one world."""

    def __init__(self, graph: Graph, world: World) -> None:
        self._graph, self._world = graph, world

    def consumers(self, node: str) -> list[int]:
        """The steps that read ``node`` on the way to the loss."""
        return list(self._graph.consumers.get(node, ()))

    def reads(self, index: int) -> tuple[str, ...]:
        """The nodes that a step reads."""
        return self._graph.reads(index)

    def binds(self, index: int) -> tuple[str, ...]:
        """The nodes that a step binds."""
        return self._graph.groups[index]

    def multiplies_matrices(self, index: int, node: str) -> bool:
        """Whether ``node``, or what a step computes from it, stands in a matrix product there."""
        return self._graph.multiplies_matrices(index, node)

    def operands(self, index: int) -> dict[str, torch.Tensor]:
        """The tensors that a step reads and binds."""
        names = (*self.reads(index), *self.binds(index))
        return {name: self._value(name) for name in names}

    @property
    def count(self) -> int | None:
        """The program's ``n``, if it has one."""
        return self._graph.count

    def contributions(self, node: str, upstream: Gradients) -> dict[int, torch.Tensor]:
        """For each step that reads ``node`` its part of the gradient, for these upstream gradients."""
        parts = {index: self._part(index, node, self._value(node), upstream) for index in self.consumers(node)}
        return {index: part for index, part in parts.items() if part is not None}

    def uses(self, index: int, node: str, upstream: Gradients) -> list[tuple[str, torch.Tensor]]:
        """What each place in which a step uses ``node`` contributes, with the operation there (``var``)."""
        return [(use.operation, use.part) for use in self.each_use(index, node, upstream)]

    def each_use(self, index: int, node: str, upstream: Gradients) -> list[Use]:
        """The places in which a step uses ``node``."""
        leaf = self._value(node).detach().clone().requires_grad_()
        weighed = self._weighed(index, node, leaf, upstream)
        return [] if weighed is None else uses_of(weighed, leaf)

    def with_value(self, index: int, node: str, values: Gradients, upstream: Gradients) -> torch.Tensor | None:
        """A step's contribution to ``node`` where other tensors had these ``values``; None where it cannot run."""
        try:
            return self._part(index, node, self._value(node), upstream, values)
        except RAISED:
            return None

    def unreduced(self, node: str, upstream: Gradients) -> torch.Tensor | None:
        """The gradient before the sum over axes along which ``node`` was broadcast; None where nothing was."""
        consumers = self.consumers(node)
        value = self._value(node)
        if len(consumers) != 1:
            return None
        output = self._value(self.binds(consumers[0])[0])
        if output.shape == value.shape:
            return None
        try:
            return self._part(consumers[0], node, value.expand(output.shape).clone(), upstream)
        except RAISED:
            return None

    def _value(self, name: str) -> torch.Tensor:
        return self._world.value(self._graph.numbers[name])

    def _part(
        self, index: int, node: str, value: torch.Tensor, upstream: Gradients, instead: Gradients | None = None
    ) -> torch.Tensor | None:
        leaf = value.detach().clone().requires_grad_()
        weighed = self._weighed(index, node, leaf, upstream, instead)
        if weighed is None:
            return None
        gradient: torch.Tensor | None = torch.autograd.grad(weighed, leaf, allow_unused=True)[0]
        return gradient

    def _weighed(
        self, index: int, node: str, leaf: torch.Tensor, upstream: Gradients, instead: Gradients | None = None
    ) -> torch.Tensor | None:
        """One number whose gradient is the contribution: grad_outputs would import half a second of symbolic shapes."""
        numbers, replay = self._graph.numbers, self._graph.replays[index]
        used = {number for step in replay.operations for number in step.inputs if number in replay.given}
        given = {number: self._world.value(number) for number in used}
        known = self._world.values
        given |= {each.number: self._world.value(each.number) for each in replay.leaves if each.number in known}
        given |= {numbers[name]: tensor for name, tensor in (instead or {}).items() if name in numbers}
        given[numbers[node]] = leaf
        with torch.enable_grad():
            values = replay.run(given)
            pairs = [(values[numbers[name]], upstream[name]) for name in self.binds(index) if name in upstream]
            pairs = [(output, weight) for output, weight in pairs if output.requires_grad]
            if not pairs:
                return None
            return torch.stack([(output * weight.reshape(output.shape)).sum() for output, weight in pairs]).sum()


def _factors(step: Operation) -> tuple[Number, ...]:
    """The operands of a matrix product that are multiplied, without a bias; none of another operation."""
    name = name_of(step.function)
    if name not in MATRIX_PRODUCTS:
        return ()
    return step.inputs[1:] if "add" in name else step.inputs[:2]
