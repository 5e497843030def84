"""What kind of wrong: a kind and one sentence, drawn from what an answer gave, that teach and do not tell.

A mistake is looked for where it shows best: with random upstream gradients if the answer depends on them, so that
nothing is small or sparse by chance.
"""

from __future__ import annotations

import enum
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import torch

from ninja_tui.engine.compare import largest_entry
from ninja_tui.engine.factors import factor_name, powers
from ninja_tui.engine.inspect import place_of
from ninja_tui.engine.looks import Look

if TYPE_CHECKING:
    from ninja_tui.engine.judge import Evidence
    from ninja_tui.engine.reckoning import Reckoning

CLOSE = 1e-7
"""Two gradients are the same if no entry differs by more than this share of the largest."""
SIZES = re.compile(r"size|shape|dimension|broadcast|inconsistent", re.IGNORECASE)
DTYPES = re.compile(r"dtype|scalar type|Float did not match|expected .*Float", re.IGNORECASE)


class Kind(enum.StrEnum):
    """The kinds of mistake."""

    SHAPE = "shape"
    NOT_SUMMED = "not-summed"
    OVER_SUMMED = "over-summed"
    TRANSPOSED = "transposed"
    SIGN = "sign"
    SCALE = "scale"
    MISSING_PATH = "missing-path"
    EXTRA_PATH = "extra-path"
    NO_UPSTREAM = "no-upstream"
    ELEMENTWISE = "elementwise-for-matmul"
    LOST_DUPLICATES = "lost-duplicates"
    ALIASING = "aliasing"
    CLOBBERED = "clobbered"
    READS_GRAD = "reads-grad"
    NON_FINITE = "non-finite"
    WRONG_POWER = "wrong-power"
    CONSTANT_OFFSET = "constant-offset"
    WRONG_DTYPE = "wrong-dtype"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """A kind and its sentence. ``present`` are the consumers whose paths are in the answer; None if unknown."""

    kind: Kind
    message: str
    present: frozenset[int] | None = None

    def plain(self) -> dict[str, str]:
        """As in the JSON report."""
        return {"kind": str(self.kind), "message": self.message}


def diagnose(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    """The mistake in a wrong answer; None for an error that says itself what it is."""
    clobbered = _clobbered(reckoning, evidence)
    if clobbered is not None:
        return clobbered
    if Look.SINGLE not in evidence.gradients:
        return _of_error(reckoning, evidence)
    case = _Case(reckoning, evidence)
    for test in case.tests():
        found = test()
        if found is not None:
            return found
    return Finding(Kind.UNKNOWN, f"of no known kind; {case.worst()}")


def _clobbered(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    if evidence.restored is None or not evidence.clobbered:
        return None
    target = reckoning.target(Look.LOCAL, evidence.node).expected
    if not _same(evidence.restored, target):
        return None
    name, node, line = evidence.clobbered[0]
    by = f"the answer to `{node}`, line {line}," if node else f"line {line}"
    return Finding(Kind.CLOBBERED, f"`{name}` is not the lesson's any more: {by} bound or changed it before")


def _of_error(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    error = evidence.errors.get(Look.SINGLE, "")
    node, statements = evidence.node, reckoning.statements
    shape = tuple(reckoning.target(Look.SINGLE, node).expected.shape)
    if evidence.reads_grad:
        return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")
    if error.startswith("RuntimeError") and DTYPES.search(error):
        return Finding(Kind.WRONG_DTYPE, "the operands have different dtypes; a gradient is floating point")
    if not (error.startswith(("RuntimeError", "IndexError", "ValueError")) and SIZES.search(error)):
        return None
    known = statements.shapes(evidence.depends)
    operands = ", ".join(f"{name} {size}" for name, size in known.items())
    told = f"operands: {operands}; d{node} must be {shape}"
    through_matrix = any(statements.multiplies_matrices(index) for index in statements.consumers(node))
    if through_matrix and evidence.multiplies and not evidence.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, f"forward is a matrix product, so backward is one too, not `*`; {told}")
    if evidence.multiplies_matrices:
        return Finding(Kind.TRANSPOSED, f"the inner sizes do not meet: which operand is to be transposed? {told}")
    return Finding(Kind.SHAPE, f"these shapes do not go together; {told}")


class _Case:
    """One wrong gradient ``given`` beside the right one ``wanted``, in the look in which the mistake shows best."""

    def __init__(self, reckoning: Reckoning, evidence: Evidence) -> None:
        from ninja_tui.engine.judge import upstream_names

        self._reckoning, self._evidence = reckoning, evidence
        self.node, self.statements = evidence.node, reckoning.statements
        self.consumers = self.statements.consumers(self.node)
        consumed = upstream_names(reckoning, self.node)
        self.uses_upstream = any(name in evidence.depends for name in consumed)
        self.has_upstream = bool(consumed)
        self.look = self._best_look()
        self.given = evidence.gradients[self.look].double()
        target = reckoning.target(self.look, self.node)
        self.wanted, self.parts = target.expected.double(), {k: v.double() for k, v in target.parts.items()}
        self.upstream = reckoning.upstream[self.look]
        self.full = self.statements.unreduced(self.node, self.upstream)
        self.columns = [list(self.statements.binds(index)) for index in self.consumers]

    def _best_look(self) -> Look:
        there = self._evidence.gradients
        random = self.uses_upstream or self.node in self._reckoning.vacuous
        order = (Look.RANDOM, Look.LOCAL) if random else (Look.LOCAL, Look.RANDOM)
        for look in order:
            if look in there and not there[look].is_complex() and not self._holds(look):
                return look
        for look in (Look.VACUOUS, Look.LOCAL, Look.RANDOM):
            if look in there:
                return look
        return Look.SINGLE

    def _holds(self, look: Look) -> bool:
        return _same(self._evidence.gradients[look], self._reckoning.target(look, self.node).expected)

    def tests(self) -> Iterator[Callable[[], Finding | None]]:
        """From what is certain to what is likely."""
        yield self.reads_grad
        yield self.wrong_dtype
        yield self.non_finite
        yield self.typed_in
        yield self.zeros
        yield self.other_shape
        yield self.weights
        yield self.transposed
        yield self.constant_offset
        yield self.lost_duplicates
        yield self.without_upstream
        yield self.other_sum
        yield self.other_path
        yield self.other_power
        yield self.elementwise

    def reads_grad(self) -> Finding | None:
        """``dh = h.grad``."""
        if not self._evidence.reads_grad:
            return None
        return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")

    def wrong_dtype(self) -> Finding | None:
        """Integers, or float64 in the float32 run."""
        single = self._evidence.gradients[Look.SINGLE]
        expected = self._reckoning.target(Look.SINGLE, self.node).expected
        if single.dtype == expected.dtype:
            return None
        names = [str(dtype).removeprefix("torch.") for dtype in (single.dtype, expected.dtype)]
        return Finding(Kind.WRONG_DTYPE, f"the gradient is {names[0]}, its tensor is {names[1]}")

    def non_finite(self) -> Finding | None:
        """NaN or infinity."""
        for gradient in (self._evidence.gradients[Look.SINGLE], self.given):
            bad = ~torch.isfinite(gradient)
            if bool(bad.any()):
                place = torch.nonzero(bad.reshape(gradient.shape))[0].tolist() if gradient.dim() else []
                return Finding(Kind.NON_FINITE, f"{int(bad.sum())} entries are not finite, the first at {place}")
        return None

    def typed_in(self) -> Finding | None:
        """Right in this minibatch only."""
        if self._holds(Look.LOCAL) and self.look is not Look.RANDOM and Look.UNIVERSE in self._evidence.gradients:
            universe = self._evidence.gradients[Look.UNIVERSE]
            if not _same(universe, self._reckoning.target(Look.UNIVERSE, self.node).expected):
                return Finding(Kind.UNKNOWN, "right for these numbers only: something in it belongs to this minibatch")
        return None

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
        if given.dim() == 2 and given.T.shape == wanted.shape and _factor(given.T, wanted) is not None:
            return Finding(Kind.TRANSPOSED, f"the transpose of it is meant: {sizes}", frozenset(self.consumers))
        if given.numel() == wanted.numel() and _factor(given.reshape(wanted.shape), wanted) == 1.0:
            return Finding(Kind.SHAPE, f"the numbers are right, the shape is not: {sizes}", frozenset(self.consumers))
        return self.not_summed() or self.other_sum() or self.impossible_shape()

    def impossible_shape(self) -> Finding | None:
        """A shape that no broadcasting brings to the tensor's."""
        if self._fitted() is not None:
            return None
        told = f"{tuple(self.given.shape)}; `{self.node}` is {tuple(self.wanted.shape)}"
        if not self.uses_upstream and self.has_upstream:
            return None
        return Finding(Kind.SHAPE, f"a gradient has its tensor's shape, and this is {told}")

    def not_summed(self) -> Finding | None:
        """What was broadcast on the way forward is summed on the way backward."""
        summed = _summed_to(self.given, self.wanted)
        if summed is None or summed.shape == self.given.shape:
            return None
        if _factor(summed, self.wanted) is None and not any(
            _factor(summed, part) is not None for part in self.parts.values()
        ):
            return None
        axes = _axes(self.given, self.wanted)
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
            wants = _reduced_axes(source, self.wanted) if needed is None else needed
            for axes in _subsets(source.dim()):
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
            if _factor(self.given, summed) is not None:
                return True
            if self.given.shape == self.wanted.shape:
                try:
                    spread = summed.expand(self.given.shape)
                except RuntimeError:
                    continue
                if _factor(self.given, spread) is not None:
                    return True
        return False

    def weights(self) -> Finding | None:
        """Each path with a factor: 0 is missing, 2 is double, -1 a sign, another a scale."""
        given = self._fitted()
        if given is None:
            return None
        factors = _weights(given, list(self.parts.values()))
        if factors is None:
            return None
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

    def transposed(self) -> Finding | None:
        """A square gradient lies on its side."""
        if self.given.dim() != 2 or self.given.T.shape != self.wanted.shape:
            return None
        if _factor(self.given.T, self.wanted) is None:
            return None
        return Finding(Kind.TRANSPOSED, "the transpose of it is meant", frozenset(self.consumers))

    def constant_offset(self) -> Finding | None:
        """Something constant is added everywhere, as by a start from ones."""
        given = self._fitted()
        if given is None:
            return None
        gap = given - self.wanted
        offset = float(gap.reshape(-1)[0].item())
        if not offset or largest_entry(gap - offset) > CLOSE * max(largest_entry(self.wanted), abs(offset)):
            return None
        return Finding(
            Kind.CONSTANT_OFFSET, f"every entry is off by the same {offset:g}: where does it start from?",
            frozenset(self.consumers),
        )  # fmt: skip

    def lost_duplicates(self) -> Finding | None:
        """An indexed assignment keeps one of the contributions to an entry that was read many times."""
        given = self._fitted()
        if given is None or len(self.consumers) != 1:
            return None
        ones = {name: torch.ones_like(tensor) for name, tensor in self.upstream.items()}
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

    def without_upstream(self) -> Finding | None:
        """The local derivative alone."""
        if self.uses_upstream or not self.has_upstream:
            return None
        random = self._reckoning.upstream[Look.RANDOM]
        parts = self._reckoning.target(Look.RANDOM, self.node).parts
        for index, part in parts.items():
            for upstream in (random[name] for name in self.statements.binds(index) if name in random):
                if any(_factor(product, part) is not None for product in _products(self.given, upstream, part)):
                    return Finding(
                        Kind.NO_UPSTREAM,
                        "the local derivative alone: the chain rule wants it times the upstream gradient "
                        f"d{self.statements.binds(index)[0]}",
                    )
        if self._evidence.depends & {f"d{name}" for name in random}:
            return None
        names = ", ".join(f"d{name}" for index in self.consumers for name in self.statements.binds(index))
        return Finding(Kind.NO_UPSTREAM, f"it does not depend on the upstream gradient: {names}")

    def other_path(self) -> Finding | None:
        """A gradient that has no business here is in it."""
        given = self._fitted()
        if given is None:
            return None
        for name, tensor in self.upstream.items():
            if f"d{name}" not in self._evidence.depends or tensor.shape != given.shape:
                continue
            if _factor(given - self.wanted, tensor) is not None:
                return Finding(Kind.EXTRA_PATH, f"d{name} is in it and should not be, or not like this")
        return None

    def other_power(self) -> Finding | None:
        """A factor of the local derivative stands to another power, or in the place of another."""
        given = self._fitted()
        if given is None:
            return None
        for index, part in self.parts.items():
            whole = self.full if self.full is not None and len(self.parts) == 1 else part
            rest = sum((other for key, other in self.parts.items() if key != index), torch.zeros_like(self.wanted))
            tensors = self.statements.operands(index)
            for names, factor in powers(tensors, whole.shape):
                tried = _summed_to(whole * factor, self.wanted)
                if tried is not None and (
                    _factor(given - rest, tried) is not None
                    or (len(self.parts) > 1 and _factor(given, tried) is not None)
                ):
                    told = " and ".join(f"`{name}`" for name in names)
                    return Finding(
                        Kind.WRONG_POWER,
                        f"{told} stands to another power than the derivative of this statement has it",
                        frozenset(self.consumers),
                    )
        return None

    def elementwise(self) -> Finding | None:
        """``*`` where the forward statement has ``@``."""
        matrix = any(self.statements.multiplies_matrices(index) for index in self.consumers)
        if matrix and self._evidence.multiplies and not self._evidence.multiplies_matrices:
            return Finding(Kind.ELEMENTWISE, "forward is a matrix product, so backward is one too, not `*`")
        return None

    def worst(self) -> str:
        """Where it is farthest off."""
        given = self._fitted()
        if given is None:
            return f"shape {tuple(self.given.shape)} for {tuple(self.wanted.shape)}"
        gap = (given - self.wanted).abs()
        return f"it is farthest off at {place_of(int(gap.argmax().item()), tuple(gap.shape))}"

    def _fitted(self) -> torch.Tensor | None:
        """``given`` in the shape of ``wanted``, where it can be broadcast to it."""
        try:
            return self.given.expand(self.wanted.shape)
        except RuntimeError:
            return None

    def _readers(self, indices: list[int]) -> str:
        return ", ".join(f"`{' '.join(self.statements.binds(index))}`" for index in indices)


def _same(given: torch.Tensor, wanted: torch.Tensor) -> bool:
    if given.shape != wanted.shape or given.is_complex():
        return False
    return bool(largest_entry(given.double() - wanted.double()) <= CLOSE * largest_entry(wanted))


def _factor(given: torch.Tensor, wanted: torch.Tensor) -> float | None:
    """The number that ``wanted`` is to be multiplied with to give ``given``; None where there is none, or 0."""
    if given.shape != wanted.shape or not bool(torch.isfinite(wanted).all()):
        return None
    square = float((wanted * wanted).sum().item())
    if square == 0.0:
        return None
    factor = float((given * wanted).sum().item()) / square
    if factor == 0.0 or largest_entry(given - factor * wanted) > CLOSE * abs(factor) * largest_entry(wanted):
        return None
    return _round(factor)


def _weights(given: torch.Tensor, parts: list[torch.Tensor]) -> list[float] | None:
    """The factors with which ``parts`` add up to ``given``; None where none do, or where they are not certain."""
    if not parts or any(part.shape != given.shape for part in parts):
        return None
    table = torch.stack([part.reshape(-1) for part in parts], 1)
    if int(torch.linalg.matrix_rank(table).item()) < len(parts):
        return None
    found = torch.linalg.lstsq(table, given.reshape(-1, 1)).solution[:, 0]
    scale = max(largest_entry(part) for part in parts)
    if largest_entry(table @ found - given.reshape(-1)) > CLOSE * scale:
        return None
    return [_round(float(value)) for value in found.tolist()]


def _round(value: float) -> float:
    """Rounding away what is rounding: 1 - 1e-12 is 1."""
    near = round(value * 2) / 2
    return near if math.isclose(value, near, rel_tol=CLOSE, abs_tol=CLOSE) else value


def _summed_to(tensor: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor | None:
    """``tensor`` summed over the axes along which ``wanted`` would be broadcast to it."""
    try:
        if torch.Size(tensor.shape) != torch.empty(wanted.shape).expand(tensor.shape).shape:
            return None
    except RuntimeError:
        return None
    return tensor.sum_to_size(wanted.shape)


def _axes(tensor: torch.Tensor, wanted: torch.Tensor) -> str:
    return ", ".join(str(axis) for axis in sorted(_reduced_axes(tensor, wanted)))


def _reduced_axes(source: torch.Tensor, wanted: torch.Tensor) -> set[int]:
    """The axes of ``source`` that are gone, or of size 1, in ``wanted``."""
    lead = source.dim() - wanted.dim()
    return {
        axis
        for axis in range(source.dim())
        if axis < lead or (wanted.shape[axis - lead] == 1 and source.shape[axis] != 1)
    }


def _subsets(count: int) -> Iterator[tuple[int, ...]]:
    for size in range(count + 1):
        yield from combinations(range(count), size)


def _products(local: torch.Tensor, upstream: torch.Tensor, part: torch.Tensor) -> Iterator[torch.Tensor]:
    """The ways in which a local derivative meets an upstream gradient."""
    try:
        product = _summed_to(local * upstream, part)
        if product is not None:
            yield product
    except RuntimeError:
        pass
    if local.dim() == 2 and upstream.dim() == 2:
        for left, right in ((upstream, local), (local, upstream), (upstream, local.T), (local.T, upstream)):
            if left.shape[1] == right.shape[0]:
                yield left @ right
