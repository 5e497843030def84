"""What an answer is measured against: for each world, the gradients that stand upstream and those expected."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.tape import Tape
from ninja_tui.engine.judge.vjp import Statements
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.worlds import Values, World

RANDOM_SEED = 20
ROUNDING = 1e-6
"""The most that float64's rounding is of float32's, with room for longer sums."""


@dataclass(frozen=True)
class Target:
    """One node in one world: ``expected`` is the sum of ``parts``, one for each consumer (by statement)."""

    expected: torch.Tensor
    parts: dict[int, torch.Tensor]


class Reckoning:
    """The worlds of one lesson: its tapes in float32 and float64, fresh values, and random upstreams."""

    def __init__(
        self, single: Tape, double: Tape, fresh: Tape, statements: dict[Values, Statements], code: LessonCode
    ) -> None:
        self._statements = statements
        self.gradient = code.gradient
        self._single, self._double, self._fresh = single, double, fresh
        self.vacuous = frozenset(name for name in double.gradients if _vacuous(single, double, name))
        one = {code.loss: torch.ones((), dtype=torch.float64)}
        generator = torch.Generator().manual_seed(RANDOM_SEED)
        random = {
            name: torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
            for name, gradient in double.gradients.items()
        }
        mixed = {name: random[name] if name in self.vacuous else g for name, g in fresh.gradients.items()}
        self.upstream: dict[World, dict[str, torch.Tensor]] = {
            World.FLOAT32: dict(single.gradients),
            World.LOCAL: double.gradients | one,
            World.CHAINED: double.gradients | one,
            World.FRESH: fresh.gradients | one,
            World.RANDOM: random | one,
            World.VACUOUS: mixed | one,
        }
        self._targets: dict[tuple[World, str], Target] = {}

    def statements(self, world: World) -> Statements:
        """The lesson's statements on the values of ``world``, in float64."""
        return self._statements[Values.FRESH if world.values is Values.FRESH else Values.FLOAT64]

    def rounding(self, node: str) -> float:
        """What a gradient of ``node`` that is 0 may come out as in float64: far less than float32's rounding."""
        gap = largest_entry(self._single.gradients[node].double() - self._double.gradients[node])
        return gap * ROUNDING

    def upstream_nodes(self, node: str) -> list[str]:
        """The nodes whose gradients flow into ``node``, without the loss, whose gradient is 1 always."""
        statements = self.statements(World.LOCAL)
        bound = [name for index in statements.consumers(node) for name in statements.binds(index)]
        return [name for name in bound if name in self.upstream[World.FLOAT32]]

    def target(self, world: World, node: str) -> Target:
        """What an answer to ``node`` must give in ``world``."""
        key = (world, node)
        if key not in self._targets:
            self._targets[key] = self._find(world, node)
        return self._targets[key]

    def _find(self, world: World, node: str) -> Target:
        if world is World.FLOAT32:
            return Target(self._single.gradients[node], {})
        parts = self.statements(world).contributions(node, self.upstream[world])
        if world in (World.LOCAL, World.CHAINED, World.FRESH):
            tape = self._fresh if world is World.FRESH else self._double
            return Target(tape.gradients[node], parts)
        return Target(torch.stack(list(parts.values())).sum(0), parts)


def _vacuous(single: Tape, double: Tape, name: str) -> bool:
    """Whether the float64 gradient is 0 up to rounding: float32's rounding errors are larger than it is."""
    gradient = double.gradients[name]
    gap = largest_entry(single.gradients[name].double() - gradient)
    return largest_entry(gradient) <= gap
