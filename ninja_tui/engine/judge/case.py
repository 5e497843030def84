"""One node of one network as the diagnosis sees it: in each world what an answer must give, path by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.decide import Result
from ninja_tui.engine.judge.graph import Graph, Steps
from ninja_tui.engine.judge.trials import Trial
from ninja_tui.engine.protocol.recent import Recent
from ninja_tui.engine.protocol.worlds import World

MOST_KEPT = 64 << 20
"""Bytes of gradients that are kept for further wrong answers."""


@dataclass(frozen=True)
class Target:
    """One node in one world: ``expected`` is the sum of ``parts``, one for each consumer (by its index)."""

    expected: torch.Tensor
    parts: dict[int, torch.Tensor]


class Backwards:
    """What follows from trials alone, such as all gradients of their backward passes: wrong answers meet it again."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._gradients: Recent[int, tuple[Trial, dict[str, torch.Tensor]]] = Recent(MOST_KEPT)
        self._parts: Recent[tuple[int, str], tuple[Trial, dict[int, torch.Tensor]]] = Recent(MOST_KEPT)

    def gradients(self, trial: Trial) -> dict[str, torch.Tensor]:
        """The gradients of all nodes, by name."""
        kept = self._gradients.get(id(trial))  # one that is kept is alive: no other has its id
        if kept is not None:
            return kept[1]
        names, network = self._graph.names, self._graph.network
        numbers = [number for number in names if number in network.computed]
        pulled = network.worlds()[trial.world].pulled(numbers, trial.weights)
        gradients = {names[number]: pulled[number] for number in numbers}
        self._gradients.put(id(trial), (trial, gradients), _bytes_of(gradients.values()))
        return gradients

    def parts(self, trial: Trial, node: str) -> dict[int, torch.Tensor]:
        """By consumer what flows from it into ``node``."""
        kept = self._parts.get((id(trial), node))
        if kept is not None:
            return kept[1]
        steps = Steps(self._graph, self._graph.network.worlds()[trial.world])
        parts = steps.contributions(node, self.gradients(trial))
        self._parts.put((id(trial), node), (trial, parts), _bytes_of(parts.values()))
        return parts


def _bytes_of(tensors: Iterable[torch.Tensor]) -> int:
    return sum(each.nbytes for each in tensors)


class Case:
    """The trial that tells most of each kind: the first that an answer fails, or else the first."""

    def __init__(
        self,
        backwards: Backwards,
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
        self._backwards = backwards
        self._node = node

    def statements(self, world: World) -> Steps:
        """The steps of the network on the values of ``world``, in float64."""
        return Steps(self.graph, self.graph.network.worlds()[self._trial(world).world])

    def upstream(self, world: World) -> dict[str, torch.Tensor]:
        """The gradients of all nodes in ``world``, by name."""
        return self._backwards.gradients(self._trial(world))

    def _trial(self, world: World) -> Trial:
        return self._chosen.get(world, self._chosen[World.LOCAL])

    def shown_name(self, name: str) -> str:
        """The name of a tensor or a gradient as the program has it."""
        return name

    def upstream_nodes(self, node: str) -> list[str]:
        """The nodes whose gradients flow into ``node``, without the loss, whose gradient is 1 always."""
        losses = self.graph.network.losses
        return [self.graph.names[number] for number in self.graph.below(node) if number not in losses]

    def expected(self, world: World) -> torch.Tensor:
        """What the answer must give in ``world``."""
        return self._reference if world is World.FLOAT32 else self._trial(world).expected

    def target(self, world: World, node: str) -> Target:
        """What an answer to ``node`` must give in ``world``, path by path."""
        parts = {} if world is World.FLOAT32 else self._backwards.parts(self._trial(world), node)
        return Target(self.expected(world), parts)


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
