"""The known mistakes: each test compares what an answer gave with what a mistake of one kind would give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.factors import factor_name
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import (
    CLOSE,
    axes_told,
    factor_of,
    reduced_axes,
    same,
    subsets,
    summed_to,
    weights_of,
)
from ninja_tui.engine.judge.local_mistakes import elementwise, masked, other_factor, other_power, transposed
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.workers.views import place_of

if TYPE_CHECKING:
    from ninja_tui.engine.judge.judge import Evidence
    from ninja_tui.engine.judge.targets import Reckoning


class Mistakes:
    """One wrong gradient ``given`` beside the right one ``wanted``, in the world in which the mistake shows best."""

    def __init__(self, reckoning: Reckoning, evidence: Evidence, world: World) -> None:
        self._reckoning, self.evidence = reckoning, evidence
        self.world = world if world in evidence.gradients else World.FLOAT32
        self.node, self.statements = evidence.node, reckoning.statements(self.world)
        self.consumers = self.statements.consumers(self.node)
        self.gradient = reckoning.gradient
        consumed = [self.gradient(name) for name in reckoning.upstream_nodes(self.node)]
        self.uses_upstream = any(name in evidence.depends for name in consumed)
        self.has_upstream = bool(consumed)
        given = evidence.gradients[self.world]
        self.given = given.real.double() if given.is_complex() else given.double()
        target = reckoning.target(self.world, self.node)
        self.wanted, self.parts = target.expected.double(), {k: v.double() for k, v in target.parts.items()}
        self.upstream = reckoning.upstream[self.world]
        self.full = self.statements.unreduced(self.node, self.upstream)

    def _holds(self, world: World) -> bool:
        return same(self.evidence.gradients[world], self._reckoning.target(world, self.node).expected)

    def tests(self) -> Iterator[Callable[[], Finding | None]]:
        """From what is certain to what is likely."""
        yield self.reads_grad
        yield self.wrong_dtype
        yield self.non_finite
        yield self.typed_in
        yield self.zeros
        yield self.other_shape
        yield self.weights
        yield lambda: transposed(self)
        yield self.constant_offset
        yield self.lost_duplicates
        yield self.path_summed
        yield self.other_upstream
        yield self.without_upstream
        yield self.other_sum
        yield self.other_path
        yield lambda: other_power(self)
        yield lambda: elementwise(self)
        yield lambda: masked(self)
        yield lambda: other_factor(self)

    def reads_grad(self) -> Finding | None:
        """``dh = h.grad``."""
        if not self.evidence.reads_grad:
            return None
        return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")

    def wrong_dtype(self) -> Finding | None:
        """Integers, or float64 in the float32 run."""
        single = self.evidence.gradients[World.FLOAT32]
        expected = self._reckoning.target(World.FLOAT32, self.node).expected
        if single.dtype == expected.dtype:
            return None
        names = [str(dtype).removeprefix("torch.") for dtype in (single.dtype, expected.dtype)]
        return Finding(Kind.WRONG_DTYPE, f"the gradient is {names[0]}, its tensor is {names[1]}")

    def non_finite(self) -> Finding | None:
        """NaN or infinity."""
        for gradient in (self.evidence.gradients[World.FLOAT32], self.given):
            bad = ~torch.isfinite(gradient)
            if bool(bad.any()):
                place = torch.nonzero(bad.reshape(gradient.shape))[0].tolist() if gradient.dim() else []
                return Finding(Kind.NON_FINITE, f"entries that are not finite: {int(bad.sum())}; the first at {place}")
        return None

    def typed_in(self) -> Finding | None:
        """Right in this minibatch only."""
        there = self.evidence.gradients
        if not (World.LOCAL in there and World.FRESH in there and self._holds(World.LOCAL)):
            return None
        if self._holds(World.FRESH):
            return None
        return Finding(Kind.UNKNOWN, "right for these numbers only: something in it belongs to this minibatch")

    def zeros(self) -> Finding | None:
        """Nothing arrives."""
        if largest_entry(self.given) > 0 or largest_entry(self.wanted) == 0:
            return None
        message = f"every entry is 0, so no path is in it; missing: {self._readers(self.consumers)}"
        return Finding(Kind.MISSING_PATH, message, frozenset())

    def other_shape(self) -> Finding | None:
        """The right numbers in another shape, summed too little or too far, or transposed."""
        given, wanted = self.given, self.wanted
        if given.shape == wanted.shape:
            return None
        sizes = f"{tuple(given.shape)} for {tuple(wanted.shape)}"
        if given.dim() == 2 and given.T.shape == wanted.shape and factor_of(given.T, wanted) is not None:
            return Finding(Kind.TRANSPOSED, f"the transpose of it is meant: {sizes}", frozenset(self.consumers))
        if given.numel() == wanted.numel() and factor_of(given.reshape(wanted.shape), wanted) == 1.0:
            return Finding(Kind.SHAPE, f"the numbers are right, the shape is not: {sizes}", frozenset(self.consumers))
        return self.not_summed() or self.other_sum() or self.impossible_shape()

    def impossible_shape(self) -> Finding | None:
        """A shape that no broadcasting brings to the tensor's."""
        if self.fitted() is not None:
            return None
        told = f"{tuple(self.given.shape)}; `{self.node}` is {tuple(self.wanted.shape)}"
        if not self.uses_upstream and self.has_upstream:
            return None
        return Finding(Kind.SHAPE, f"a gradient has its tensor's shape, and this is {told}")

    def not_summed(self) -> Finding | None:
        """What was broadcast on the way forward is summed on the way backward."""
        summed = summed_to(self.given, self.wanted)
        if summed is None or summed.numel() == self.given.numel():
            return None
        if factor_of(summed, self.wanted) is None and not any(
            factor_of(summed, part) is not None for part in self.parts.values()
        ):
            return None
        axes = axes_told(self.given, self.wanted)
        return Finding(
            Kind.NOT_SUMMED,
            f"not summed over axis {axes}: `{self.node}` {tuple(self.wanted.shape)} was broadcast there, "
            f"and this is {tuple(self.given.shape)}",
            frozenset(self.consumers),
        )

    def other_sum(self) -> Finding | None:
        """Summed over axes where it should not be, or over others than it should."""
        for source, needed in ((self.wanted, set[int]()), (self.full, None)):
            if source is None:
                continue
            wants = reduced_axes(source, self.wanted) if needed is None else needed
            for axes in subsets(source.dim()):
                if set(axes) == wants or not axes:
                    continue
                if not self._is_sum(source.sum(axes, keepdim=True), source.sum(axes)):
                    continue
                summed = ", ".join(map(str, axes))
                if set(axes) > wants:
                    extra = ", ".join(str(axis) for axis in axes if axis not in wants)
                    message = f"summed too far: over axis {extra} as well"
                    return Finding(Kind.OVER_SUMMED, message, frozenset(self.consumers))
                needed_axes = ", ".join(map(str, sorted(wants)))
                message = f"summed over axis {summed}; `{self.node}` was broadcast along axis {needed_axes}"
                return Finding(Kind.NOT_SUMMED, message, frozenset(self.consumers))
        return None

    def _is_sum(self, kept: torch.Tensor, dropped: torch.Tensor) -> bool:
        """Whether ``given`` is one of these sums, up to a factor, as it is or spread over the tensor's shape again."""
        for summed in (kept, dropped):
            if factor_of(self.given, summed) is not None:
                return True
            if self.given.shape == self.wanted.shape:
                try:
                    spread = summed.expand(self.given.shape)
                except RuntimeError:
                    continue
                if factor_of(self.given, spread) is not None:
                    return True
        return False

    def weights(self) -> Finding | None:
        """Each path with a factor: 0 is missing, 2 is double, -1 a sign, another a scale."""
        given = self.fitted()
        if given is None:
            return None
        whole = factor_of(given, self.wanted)
        if whole is not None:
            return self._scaled(whole, "every entry", frozenset(self.consumers))
        factors = weights_of(given, list(self.parts.values()))
        if factors is None:
            return None
        if not any(factors) and not self.uses_upstream and self.has_upstream:
            return self.without_upstream()
        by = dict(zip(self.parts, factors, strict=True))
        there = frozenset(index for index, factor in by.items() if factor != 0)
        if any(factor == 0 for factor in factors) and all(factor in (0.0, 1.0, -1.0) for factor in factors):
            missing = self._readers([index for index, factor in by.items() if factor == 0])
            message = f"{len(there)} of {len(by)} paths; missing: the one through {missing}"
            return Finding(Kind.MISSING_PATH, message, there)
        if len(set(factors)) == 1:
            return self._scaled(factors[0], "every entry", there)
        index, factor = next((index, factor) for index, factor in by.items() if factor != 1.0)
        if factor == 2.0:
            return Finding(Kind.EXTRA_PATH, f"the path through {self._readers([index])} is counted twice", there)
        if factor == 0.0:
            message = f"{len(there)} of {len(by)} paths; missing: the one through {self._readers([index])}"
            return Finding(Kind.MISSING_PATH, message, there)
        return self._scaled(factor, f"the path through {self._readers([index])}", there)

    def _scaled(self, factor: float, what: str, there: frozenset[int]) -> Finding | None:
        if factor == 1.0:
            return None
        if factor == -1.0:
            return Finding(Kind.SIGN, f"{what} has the wrong sign", there)
        sizes = {size for tensor in (self.given, self.wanted, *self.upstream.values()) for size in tensor.shape}
        named = factor_name(factor, sizes, self.statements.count)
        return Finding(Kind.SCALE, f"{what} is off by the factor {named}", there)

    def constant_offset(self) -> Finding | None:
        """Something constant is added everywhere, as by a start from ones."""
        given = self.fitted()
        if given is None or given.numel() == 1:  # a single number is off by a constant always
            return None
        gap = given - self.wanted
        offset = float(gap.reshape(-1)[0].item())
        limit = CLOSE * max(largest_entry(self.wanted), largest_entry(gap))
        untouched = (gap.abs() > limit) & (self.wanted == 0)
        if bool(untouched.any()) and bool(((gap.abs() <= limit) | untouched).all()):
            start = float(gap[untouched][0].item())
            if bool(((self.wanted - start).abs() > limit).all()):
                offset, gap = start, torch.where(untouched, gap, start)
        if not offset or largest_entry(gap - offset) > limit:
            return None
        return Finding(
            Kind.CONSTANT_OFFSET, f"every entry is off by the same {offset:g}: where does it start from?",
            frozenset(self.consumers),
        )  # fmt: skip

    def lost_duplicates(self) -> Finding | None:
        """An indexed assignment keeps one of the contributions to an entry that was read many times."""
        given = self.fitted()
        if given is None or len(self.consumers) != 1:
            return None
        ones = self._ones()
        uses = self.statements.contributions(self.node, ones).get(self.consumers[0])
        if uses is None or not bool((uses == uses.round()).all()) or not bool((uses > 1).any()):
            return None
        once = uses <= 1
        gap = (given - self.wanted).abs()
        if not bool(once.any()) or float(gap[once].max().item()) > CLOSE * largest_entry(self.wanted):
            return None
        most = int(uses.max().item())
        return Finding(
            Kind.LOST_DUPLICATES,
            f"entries of `{self.node}` that are read more than once (up to {most} times) do not get the sum of it all",
            frozenset(self.consumers),
        )

    def _ones(self) -> dict[str, torch.Tensor]:
        """Ones in the place of what flows in."""
        bound = [name for index in self.consumers for name in self.statements.binds(index)]
        return {name: torch.ones_like(self.upstream[name]) for name in bound if name in self.upstream}

    def other_upstream(self) -> Finding | None:
        """Another gradient, or nothing, stands where a consumer's belongs: in all paths, or in one."""
        given = self.fitted()
        if given is None or not self.has_upstream:
            return None
        nodes = self._reckoning.upstream[World.FLOAT32]
        read = [name for name in nodes if self.gradient(name) in self.evidence.depends]
        for index in self.parts:
            bound = [name for name in self.statements.binds(index) if name in self.upstream]
            rest = [part for other, part in self.parts.items() if other != index]
            shape = self.upstream[bound[0]].shape if bound else None
            for other in (*read, None):
                if other in bound or (other is not None and self.upstream[other].shape != shape):
                    continue
                instead = {
                    name: torch.ones_like(self.upstream[name]) if other is None else self.upstream[other]
                    for name in bound
                }
                part = self.statements.contributions(self.node, {**self.upstream, **instead}).get(index)
                if part is None or part.shape != given.shape:
                    continue
                if factor_of(given, part) is None and not self._without(given, [part, *rest]):
                    continue
                right = ", ".join(map(self.gradient, bound))
                if other is not None:
                    it = self.gradient(other)
                    return Finding(Kind.NO_UPSTREAM, f"{it} stands where the upstream gradient {right} belongs")
                return Finding(Kind.NO_UPSTREAM, f"the local derivative alone, without the upstream gradient {right}")
        ones = self._ones()
        everywhere = list(self.statements.contributions(self.node, ones).values())
        if len(everywhere) > 1 and same(given, torch.stack(everywhere).sum(0)):
            return Finding(Kind.NO_UPSTREAM, "the local derivatives alone, without any upstream gradient")
        return None

    def _without(self, given: torch.Tensor, parts: list[torch.Tensor]) -> bool:
        """Whether ``given`` is a sum of ``parts``, the first of which is really in it."""
        factors = weights_of(given, parts) if len(parts) > 1 else None
        return factors is not None and factors[0] != 0

    def without_upstream(self) -> Finding | None:
        """The local derivative alone."""
        if self.uses_upstream or not self.has_upstream:
            return None
        random = self._reckoning.upstream[World.RANDOM]
        if self.evidence.depends & {self.gradient(name) for name in random}:
            return None
        names = ", ".join(self.gradient(name) for index in self.consumers for name in self.statements.binds(index))
        if self.evidence.node in self._reckoning.vacuous:
            why = "the true gradient is 0, and only a formula of that could be told right from wrong"
        else:
            why = f"as a closed form it is wrong: {self.worst()}"
        return Finding(Kind.NO_UPSTREAM, f"it reads no upstream gradient ({names}), and {why}")

    def path_summed(self) -> Finding | None:
        """One of several paths is summed too far."""
        given = self.fitted()
        if given is None or len(self.parts) < 2 or not self.uses_upstream:
            return None
        for index, part in self.parts.items():
            if not any(self.gradient(name) in self.evidence.depends for name in self.statements.binds(index)):
                continue
            rest = given - sum((other for key, other in self.parts.items() if key != index), torch.zeros_like(part))
            for axes in subsets(part.dim()):
                if axes and factor_of(rest, part.sum(axes, keepdim=True).expand(part.shape)) is not None:
                    message = f"the path through {self._readers([index])} is summed too far"
                    return Finding(Kind.OVER_SUMMED, message, frozenset(self.consumers))
        return None

    def other_path(self) -> Finding | None:
        """A gradient that has no business here is in it."""
        given = self.fitted()
        if given is None:
            return None
        for name, tensor in self.upstream.items():
            if self.gradient(name) not in self.evidence.depends or tensor.shape != given.shape:
                continue
            if factor_of(given - self.wanted, tensor) is not None:
                return Finding(Kind.EXTRA_PATH, f"{self.gradient(name)} is in it and should not be, or not like this")
        return None

    def worst(self) -> str:
        """Where it is farthest off."""
        given = self.fitted()
        if given is None:
            return f"shape {tuple(self.given.shape)} for {tuple(self.wanted.shape)}"
        gap = (given - self.wanted).abs()
        if gap.dim() == 0:
            return "another number"
        place = place_of(int(gap.argmax().item()), tuple(gap.shape))
        return f"{self.wrong_entries(given)} of {gap.numel()} entries are off, farthest the one at {place}"

    def wrong_entries(self, given: torch.Tensor) -> int:
        """How many entries of ``given`` are off."""
        gap = (given - self.wanted).abs()
        return int((gap > CLOSE * largest_entry(self.wanted)).sum().item())

    def fitted(self) -> torch.Tensor | None:
        """``given`` in the shape of ``wanted``, where it can be broadcast to it."""
        try:
            return self.given.expand(self.wanted.shape)
        except RuntimeError:
            return None

    def _readers(self, indices: list[int]) -> str:
        return ", ".join(f"`{' '.join(self.statements.binds(index))}`" for index in indices)
