"""One node of one network as the diagnosis sees it: in each world what an answer must give, path by path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.decide import Result
from ninja_tui.engine.judge.graph import Graph, Steps
from ninja_tui.engine.judge.trials import Trial
from ninja_tui.engine.protocol.worlds import World

"""The most that float64's rounding is of float32's, with room for longer sums."""


@dataclass(frozen=True)
class Target:
    """One node in one world: ``expected`` is the sum of ``parts``, one for each consumer (by its index)."""

    expected: torch.Tensor
    parts: dict[int, torch.Tensor]


class Case:
    """The trial that tells most of each kind: the first that an answer fails, or else the first."""

    def __init__(
        self,
        graph: Graph,
        node: str,
        results: Sequence[Result],
        reference: torch.Tensor,
        *,
        vacuous: frozenset[str],
        gradient_name: Callable[[str], str],
    ) -> None:
        self.graph = graph
        self.gradient_name = gradient_name
        self.vacuous = vacuous
        self._reference = reference
        self._chosen: dict[World, Trial] = {}
        for result in sorted(results, key=lambda each: each.holds):
            self._chosen.setdefault(result.trial.kind, result.trial)
        local = self._chosen[World.LOCAL]
        self._chosen |= {World.CHAINED: local, World.FLOAT32: local}
        self._upstream: dict[World, dict[str, torch.Tensor]] = {}
        self._targets: dict[World, Target] = {}
        self._node = node

    def statements(self, world: World) -> Steps:
        """The steps of the network on the values of ``world``, in float64."""
        return Steps(self.graph, self.graph.network.worlds()[self._trial(world).world])

    def upstream(self, world: World) -> dict[str, torch.Tensor]:
        """The gradients of all nodes in ``world``, by name."""
        if world not in self._upstream:
            trial = self._trial(world)
            names, network = self.graph.names, self.graph.network
            numbers = [number for number in names if number in network.computed]
            gradients = network.worlds()[trial.world].pulled(numbers, trial.weights)
            self._upstream[world] = {names[number]: gradients[number] for number in numbers}
        return self._upstream[world]

    def _trial(self, world: World) -> Trial:
        return self._chosen.get(world, self._chosen[World.LOCAL])

    def shown_name(self, name: str) -> str:
        """The name of a tensor or a gradient as the program has it."""
        return name

    def upstream_nodes(self, node: str) -> list[str]:
        """The nodes whose gradients flow into ``node``, without the loss, whose gradient is 1 always."""
        losses = self.graph.network.losses
        return [self.graph.names[number] for number in self.graph.below(node) if number not in losses]

    def target(self, world: World, node: str) -> Target:
        """What an answer to ``node`` must give in ``world``."""
        if world not in self._targets:
            self._targets[world] = self._target(world, node)
        return self._targets[world]

    def _target(self, world: World, node: str) -> Target:
        if world is World.FLOAT32:
            return Target(self._reference, {})
        return Target(self._trial(world).expected, self.statements(world).contributions(node, self.upstream(world)))


def chosen_actuals(results: Sequence[Result]) -> Mapping[World, torch.Tensor]:
    """By kind of trial what an answer gave in the one that a ``Case`` chooses."""
    actuals: dict[World, torch.Tensor] = {}
    seen: set[World] = set()
    for result in sorted(results, key=lambda each: each.holds):
        if result.trial.kind not in seen:
            seen.add(result.trial.kind)
            if result.actual is not None:
                actuals[result.trial.kind] = result.actual
    return actuals
