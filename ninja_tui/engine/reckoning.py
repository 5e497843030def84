"""What an answer is measured against: for each look, the gradients that stand upstream and those expected."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ninja_tui.engine.compare import largest_entry
from ninja_tui.engine.lesson_code import LessonCode
from ninja_tui.engine.looks import BASES, Look
from ninja_tui.engine.tape import Tape
from ninja_tui.engine.vjp import Statements

RANDOM_SEED = 20
ROUNDING = 1e-6
"""The most that float64's rounding is of float32's, with room for longer sums."""


@dataclass(frozen=True)
class Target:
    """One node in one look: ``expected`` is the sum of ``parts``, one for each consumer (by statement)."""

    expected: torch.Tensor
    parts: dict[int, torch.Tensor]


class Reckoning:
    """The looks of one lesson: its tapes in float32 and float64, another universe's, and random upstreams."""

    def __init__(
        self, single: Tape, double: Tape, universe: Tape, statements: dict[str, Statements], code: LessonCode
    ) -> None:
        self._statements = statements
        self.gradient = code.gradient
        self._single, self._double, self._universe = single, double, universe
        self.vacuous = frozenset(name for name in double.gradients if _vacuous(single, double, name))
        one = {code.loss: torch.ones((), dtype=torch.float64)}
        generator = torch.Generator().manual_seed(RANDOM_SEED)
        random = {
            name: torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
            for name, gradient in double.gradients.items()
        }
        mixed = {name: random[name] if name in self.vacuous else g for name, g in universe.gradients.items()}
        self.upstream: dict[Look, dict[str, torch.Tensor]] = {
            Look.SINGLE: dict(single.gradients),
            Look.LOCAL: double.gradients | one,
            Look.CHAINED: double.gradients | one,
            Look.UNIVERSE: universe.gradients | one,
            Look.RANDOM: random | one,
            Look.VACUOUS: mixed | one,
        }
        self._targets: dict[tuple[Look, str], Target] = {}

    def statements(self, look: Look) -> Statements:
        """The lesson's statements on the values of ``look``, in float64."""
        return self._statements["universe" if BASES[look] == "universe" else "float64"]

    def rounding(self, node: str) -> float:
        """What a gradient of ``node`` that is 0 may come out as in float64: far less than float32's rounding."""
        gap = largest_entry(self._single.gradients[node].double() - self._double.gradients[node])
        return gap * ROUNDING

    def upstream_nodes(self, node: str) -> list[str]:
        """The nodes whose gradients flow into ``node``, without the loss, whose gradient is 1 always."""
        statements = self.statements(Look.LOCAL)
        bound = [name for index in statements.consumers(node) for name in statements.binds(index)]
        return [name for name in bound if name in self.upstream[Look.SINGLE]]

    def target(self, look: Look, node: str) -> Target:
        """What an answer to ``node`` must give in ``look``."""
        key = (look, node)
        if key not in self._targets:
            self._targets[key] = self._find(look, node)
        return self._targets[key]

    def _find(self, look: Look, node: str) -> Target:
        if look is Look.SINGLE:
            return Target(self._single.gradients[node], {})
        parts = self.statements(look).contributions(node, self.upstream[look])
        if look in (Look.LOCAL, Look.CHAINED, Look.UNIVERSE):
            tape = self._universe if look is Look.UNIVERSE else self._double
            return Target(tape.gradients[node], parts)
        return Target(torch.stack(list(parts.values())).sum(0), parts)


def _vacuous(single: Tape, double: Tape, name: str) -> bool:
    """Whether the float64 gradient is 0 up to rounding: float32's rounding errors are larger than it is."""
    gradient = double.gradients[name]
    gap = largest_entry(single.gradients[name].double() - gradient)
    return largest_entry(gradient) <= gap
