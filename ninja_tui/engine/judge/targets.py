"""What answers are compared with: for each world the upstream gradients, and those that an answer must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.tape import Tape, elsewhere, record
from ninja_tui.engine.judge.vjp import Statements
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.worlds import Values, World
from ninja_tui.engine.recording.execution import Namespace

RANDOM_SEED = 20
ROUNDING = 1e-6
"""The most that float64's rounding is of float32's, with room for longer sums."""


@dataclass(frozen=True)
class Target:
    """One node in one world: ``expected`` is the sum of ``parts``, one for each consumer (by statement)."""

    expected: torch.Tensor
    parts: dict[int, torch.Tensor]


class Targets:
    """The worlds of one lesson: its tapes in float32 and float64 and on fresh values, and random upstream gradients."""

    def __init__(self, code: LessonCode, tapes: Mapping[Values, Tape], statements: Mapping[Values, Statements]) -> None:
        self.tapes = tapes
        self.gradient_name = code.gradient
        self._statements = statements
        self._single, self._double, self._fresh = (tapes[each] for each in Values)
        double, fresh = self._double.gradients, self._fresh.gradients
        self.vacuous = frozenset(name for name in double if _vacuous(self._single, self._double, name))
        one = {code.loss: torch.ones((), dtype=torch.float64)}
        generator = torch.Generator().manual_seed(RANDOM_SEED)
        random = {
            name: torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
            for name, gradient in double.items()
        }
        mixed = {name: random[name] if name in self.vacuous else gradient for name, gradient in fresh.items()}
        self.upstream: dict[World, dict[str, torch.Tensor]] = {
            World.FLOAT32: dict(self._single.gradients),
            World.LOCAL: double | one,
            World.CHAINED: double | one,
            World.FRESH: fresh | one,
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

    def shown_name(self, name: str) -> str:
        """The name of a tensor or a gradient as the person's file has it."""
        return name

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


def targets_of(code: LessonCode, drawn: Namespace, drawn_again: Namespace) -> Targets:
    """The targets of a lesson whose set-up has run, and whose minibatch was drawn once, and once more.

    Raises Refused where the forward pass cannot be run.
    """
    tapes = {
        Values.FLOAT32: record(code, drawn, "float32"),
        Values.FLOAT64: record(code, drawn, "float64"),
        Values.FRESH: record(code, elsewhere(code, drawn_again), "float64"),
    }
    double, fresh = tapes[Values.FLOAT64], tapes[Values.FRESH]
    nodes = frozenset(double.gradients)
    statements = {
        Values.FLOAT64: Statements(code, drawn | double.objects, double.values, nodes),
        Values.FRESH: Statements(code, drawn_again | fresh.objects, fresh.values, nodes),
    }
    return Targets(code, tapes, statements)


def _vacuous(single: Tape, double: Tape, name: str) -> bool:
    """Whether the float64 gradient is 0 up to rounding: float32's rounding errors are larger than it is."""
    gradient = double.gradients[name]
    gap = largest_entry(single.gradients[name].double() - gradient)
    return largest_entry(gradient) <= gap
