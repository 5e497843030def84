"""One wrong gradient beside the right one, in the world in which the mistake shows best."""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import torch

from ninja_tui.engine.judge.case import Case
from ninja_tui.engine.judge.compare import CLOSE, farthest, index_of, largest_entry, same
from ninja_tui.engine.judge.evidence import Observed
from ninja_tui.engine.judge.factors import Numbers
from ninja_tui.engine.protocol.worlds import World

MOST_TENSORS = 60
"""Tensors of a lesson that are tried in the place of another."""


WORLDS = (World.LOCAL, World.FRESH, World.RANDOM, World.ALONE, World.SCALED)


def holds(targets: Case, evidence: Observed, world: World) -> bool:
    """Whether an answer is right in ``world``. Numbers that are typed in have no more digits than float32."""
    single = evidence.gradients.get(World.FLOAT32)
    if world is World.LOCAL and single is not None and torch.equal(single, targets.expected(World.FLOAT32)):
        return True
    return same(evidence.gradients[world], targets.expected(world))


class Attempt:
    """``actual`` is what an answer gave, ``expected`` the right gradient: the sum of ``parts``, by consumer."""

    def __init__(self, targets: Case, evidence: Observed, world: World) -> None:
        self.targets, self.evidence = targets, evidence
        self.world = world if world in evidence.gradients else World.FLOAT32
        self.node, self.statements = evidence.node, targets.statements(self.world)
        self.consumers = self.statements.consumers(self.node)
        self.gradient_name = targets.gradient_name
        self.has_upstream = bool(targets.upstream_nodes(self.node))
        actual = evidence.gradients[self.world]
        self.actual = actual.real.double() if actual.is_complex() else actual.double()
        target = targets.target(self.world, self.node)
        self.expected, self.parts = target.expected.double(), {k: v.double() for k, v in target.parts.items()}
        self.upstream = targets.upstream(self.world)
        self.vacuous = self.node in targets.vacuous
        self.uses_upstream = any(name != self.node for name in self.upstream_read)
        self._elsewhere: dict[World, Attempt] = {}

    @cached_property
    def full(self) -> torch.Tensor | None:
        """The gradient before the sum over axes along which the node was broadcast; None where nothing was."""
        return self.statements.unreduced(self.node, self.upstream)

    @cached_property
    def right(self) -> bool:
        """Whether the gradient is right in this world."""
        return self.holds(self.world)

    def at_home(self) -> Attempt:
        """The same attempt on the person's own minibatch: what a sentence says is counted there."""
        return self._home

    @cached_property
    def _home(self) -> Attempt:
        return self.elsewhere(World.LOCAL) or self

    def told(self) -> tuple[Attempt, str]:
        """The attempt that a sentence is about, and the words for where: a person's own numbers, if they show it."""
        home = self.at_home()
        if self.vacuous and home is not self:
            return self, "for any upstream gradient "
        return (self, "with other numbers, ") if home.right and home is not self else (home, "")

    def elsewhere(self, *worlds: World) -> Attempt | None:
        """The same attempt in the first of ``worlds`` in which there is one; None where there is none."""
        there = [world for world in worlds if world is not self.world and world in self.evidence.gradients]
        if not there:
            return None
        if there[0] not in self._elsewhere:
            self._elsewhere[there[0]] = Attempt(self.targets, self.evidence, there[0])
        return self._elsewhere[there[0]]

    def in_world(self, world: World) -> Attempt | None:
        """The same attempt in ``world``."""
        return self if self.world is world else self.elsewhere(world)

    def everywhere(self) -> list[Attempt]:
        """The same attempt in all worlds in which its own formula alone is tried; this one where there are none."""
        found = (self.in_world(world) for world in WORLDS if world in self.evidence.gradients)
        return [each for each in found if each is not None] or [self]

    def holds(self, world: World) -> bool:
        """Whether the gradient is right in ``world``."""
        return holds(self.targets, self.evidence, world)

    def fitted(self) -> torch.Tensor | None:
        """``actual`` in the shape of ``expected``, where it can be broadcast to it."""
        try:
            return self.actual.expand(self.expected.shape)
        except RuntimeError:
            return None

    def worst(self) -> str:
        """Where it is farthest off on the person's own numbers, or else where it is off at all."""
        told, where = self.told()
        return where + told.farthest()

    def farthest(self) -> str:
        """Where it is farthest off in this world."""
        actual = self.fitted()
        if actual is None:
            return f"shape {tuple(self.actual.shape)} for {tuple(self.expected.shape)}"
        gap = (actual - self.expected).abs()
        if gap.dim() == 0:
            return "another number"
        place = index_of(farthest(gap), tuple(gap.shape))
        wrong = self.wrong_entries(actual)
        return f"{wrong} of {gap.numel()} entries {'is' if wrong == 1 else 'are'} off, farthest the one at {place}"

    def wrong_entries(self, actual: torch.Tensor) -> int:
        """How many entries of ``actual`` are off."""
        return int(self.differs(actual, self.expected).sum().item())

    def differs(self, actual: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
        """Where the two differ by more than rounding, as seen from this gradient's largest entry."""
        return (actual - expected).abs() > CLOSE * largest_entry(self.expected)

    def consumer_names(self, indices: list[int]) -> str:
        """What the consumers bind, as text."""
        return ", ".join(f"`{self._names(self.statements.binds(index))}`" for index in indices)

    def shown_name(self, name: str) -> str:
        """A name as the person's file has it; every name in a sentence goes through here."""
        return self.targets.shown_name(name)

    def shown_gradient(self, node: str) -> str:
        """The name of a node's gradient, as the person's file has it."""
        return self.shown_name(self.gradient_name(node))

    def _names(self, names: tuple[str, ...]) -> str:
        return " ".join(map(self.shown_name, names))

    def ones(self) -> dict[str, torch.Tensor]:
        """Ones in the place of what flows in."""
        bound = [name for index in self.consumers for name in self.statements.binds(index)]
        return {name: torch.ones_like(self.upstream[name]) for name in bound if name in self.upstream}

    @cached_property
    def upstream_read(self) -> list[str]:
        """The nodes whose gradients the answer reads."""
        return [name for name in self.upstream if self._reads(name)]

    def _reads(self, node: str) -> bool:
        try:
            return self.gradient_name(node) in self.evidence.traits.depends
        except KeyError:  # the loss of a part of a file has no gradient of its own
            return False

    def bound_by(self, index: int) -> list[str]:
        """Those names that a consumer binds whose gradients flow in."""
        return [name for name in self.statements.binds(index) if name in self.upstream]

    def scalars(self) -> dict[str, float]:
        """The single numbers that the node's consumers read and bind beside it."""
        operands = [each for index in self.consumers for each in self.statements.operands(index).items()]
        return {
            name: float(value.item())
            for name, value in operands
            if value.numel() == 1 and name != self.node and not value.is_complex()
        }

    @cached_property
    def tensors(self) -> dict[str, torch.Tensor]:
        """The lesson's tensors that some statement on the way to the loss reads or binds."""
        found: dict[str, torch.Tensor] = {}
        for node in self.upstream:
            for index in self.statements.consumers(node):
                if len(found) < MOST_TENSORS:
                    found |= self.statements.operands(index)
        return {name: value.double() for name, value in found.items() if value.is_floating_point()}

    def numbers(self) -> Numbers:
        """What a factor may be made of: sizes about the node, of axes and of all entries along the first of them."""
        operands = [each.shape for index in self.consumers for each in self.statements.operands(index).values()]
        near = [self.actual.shape, self.expected.shape, *operands]
        whole = {math.prod(shape[: axis + 1]) for shape in near for axis in range(len(shape))}
        bound = [self.upstream[name].shape for index in self.consumers for name in self.bound_by(index)]
        summed = {shape[0] for shape in bound if shape}
        for shape in bound:
            pairs = itertools.zip_longest(reversed(shape), reversed(self.expected.shape), fillvalue=1)
            summed |= {max(pair) for pair in pairs if 1 in pair}
        return Numbers(
            self.statements.count, frozenset(whole | {size for shape in near for size in shape}), frozenset(summed)
        )
