"""One wrong gradient beside the right one, in the world in which the mistake shows best."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.compare import CLOSE, index_of, largest_entry, same
from ninja_tui.engine.judge.targets import Targets
from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.worlds import World


class Attempt:
    """``actual`` is what an answer gave, ``expected`` the right gradient: the sum of ``parts``, by consumer."""

    def __init__(self, targets: Targets, evidence: Evidence[torch.Tensor], world: World) -> None:
        self.targets, self.evidence = targets, evidence
        self.world = world if world in evidence.gradients else World.FLOAT32
        self.node, self.statements = evidence.node, targets.statements(self.world)
        self.consumers = self.statements.consumers(self.node)
        self.gradient_name = targets.gradient_name
        consumed = [self.gradient_name(name) for name in targets.upstream_nodes(self.node)]
        self.uses_upstream = any(name in evidence.traits.depends for name in consumed)
        self.has_upstream = bool(consumed)
        actual = evidence.gradients[self.world]
        self.actual = actual.real.double() if actual.is_complex() else actual.double()
        target = targets.target(self.world, self.node)
        self.expected, self.parts = target.expected.double(), {k: v.double() for k, v in target.parts.items()}
        self.upstream = targets.upstream[self.world]
        self.full = self.statements.unreduced(self.node, self.upstream)

    def holds(self, world: World) -> bool:
        """Whether the gradient is right in ``world``."""
        return same(self.evidence.gradients[world], self.targets.target(world, self.node).expected)

    def fitted(self) -> torch.Tensor | None:
        """``actual`` in the shape of ``expected``, where it can be broadcast to it."""
        try:
            return self.actual.expand(self.expected.shape)
        except RuntimeError:
            return None

    def worst(self) -> str:
        """Where it is farthest off."""
        actual = self.fitted()
        if actual is None:
            return f"shape {tuple(self.actual.shape)} for {tuple(self.expected.shape)}"
        gap = (actual - self.expected).abs()
        if gap.dim() == 0:
            return "another number"
        place = index_of(int(gap.argmax().item()), tuple(gap.shape))
        return f"{self.wrong_entries(actual)} of {gap.numel()} entries are off, farthest the one at {place}"

    def wrong_entries(self, actual: torch.Tensor) -> int:
        """How many entries of ``actual`` are off."""
        gap = (actual - self.expected).abs()
        return int((gap > CLOSE * largest_entry(self.expected)).sum().item())

    def consumer_names(self, indices: list[int]) -> str:
        """What the consumers bind, as text."""
        return ", ".join(f"`{' '.join(self.statements.binds(index))}`" for index in indices)

    def ones(self) -> dict[str, torch.Tensor]:
        """Ones in the place of what flows in."""
        bound = [name for index in self.consumers for name in self.statements.binds(index)]
        return {name: torch.ones_like(self.upstream[name]) for name in bound if name in self.upstream}
