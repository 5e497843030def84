"""Mistakes in a statement's own derivative: its operands, their powers, its mask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry, same
from ninja_tui.engine.judge.factors import EXPONENTS, FAR_EXPONENTS, Powers, powers, products
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import affine_power, factor_of, multiple_of, summed_to
from ninja_tui.engine.judge.plain_mistakes import entries
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

EPSILON = 1e-2
FEW = 4
"""A derivative of so few values is that of a function with a kink: any powers of it are alike."""
DERIVATIVE_POWERS = (-2.0, -1.0, 2.0, 3.0)


def transposed(attempt: Attempt) -> Finding | None:
    """A square gradient lies on its side, or a square operand of a matrix product does."""
    actual, expected = attempt.actual, attempt.expected
    if actual.dim() >= 2 and actual.mT.shape == expected.shape and factor_of(actual.mT, expected) is not None:
        return Finding(Kind.TRANSPOSED, "the transpose of it is meant", frozenset(attempt.consumers))
    if len(attempt.consumers) != 1 or not attempt.statements.multiplies_matrices(attempt.consumers[0], attempt.node):
        return None
    index = attempt.consumers[0]
    bound = attempt.statements.binds(index)
    for name, tensor in attempt.statements.operands(index).items():
        if name == attempt.node or tensor.dim() < 2 or tensor.shape[-1] != tensor.shape[-2]:
            continue
        upstream, values, named = attempt.upstream, {name: tensor.mT}, name
        if name in bound:
            if name not in upstream:
                continue
            upstream, values, named = {**upstream, name: upstream[name].mT}, {}, attempt.gradient_name(name)
        part = attempt.statements.with_value(index, attempt.node, values, upstream)
        if part is not None and factor_of(actual, part) is not None:
            shown = attempt.shown_name(named)
            message = f"`{shown}` lies on its side: it is to be transposed, or it is and should not be"
            return Finding(Kind.TRANSPOSED, message, frozenset(attempt.consumers))
    return None


def other_power(attempt: Attempt) -> Finding | None:
    """A factor of the local derivative stands to another power, or one that is none of it stands beside it."""
    return _by_powers(attempt, powers)


def other_product(attempt: Attempt) -> Finding | None:
    """A factor of the local derivative stands to another power, and another tensor beside it."""
    return _by_powers(attempt, products)


Candidates = Callable[[Mapping[str, torch.Tensor], torch.Size], Iterator[tuple[Powers, torch.Tensor]]]


def _by_powers(attempt: Attempt, candidates: Candidates) -> Finding | None:
    actual = attempt.fitted()
    if actual is None or (attempt.uses_upstream and attempt.world in (World.LOCAL, World.FLOAT32)):
        return None  # random upstream gradients show it, and true ones may show it by chance
    for index, part in attempt.parts.items():
        whole = _before_the_sum(attempt, part)
        for power, factor in candidates(attempt.statements.operands(index), whole.shape):
            if not _fits(attempt, index, factor) or not _fits_again(attempt, index, power):
                continue
            inside = [name for name in power if stands_in(attempt, index, name)]
            if inside:
                return _power(attempt, inside)
            (name, *others) = power
            if not others and name in attempt.statements.reads(index):
                message = f"`{attempt.shown_name(name)}` is a factor of it, and is none of this derivative"
                return Finding(Kind.WRONG_POWER, message, frozenset(attempt.consumers))
    return None


def _before_the_sum(attempt: Attempt, part: torch.Tensor) -> torch.Tensor:
    return attempt.full if attempt.full is not None and len(attempt.parts) == 1 else part


def _fits(attempt: Attempt, index: int, factor: torch.Tensor) -> bool:
    """Whether the answer is right but for ``factor`` in one of its paths."""
    actual, part = attempt.fitted(), attempt.parts.get(index)
    if actual is None or part is None:
        return False
    rest = sum((other for key, other in attempt.parts.items() if key != index), torch.zeros_like(attempt.expected))
    tried = summed_to(_before_the_sum(attempt, part) * factor, attempt.expected)
    if tried is None:
        return False
    alone = len(attempt.parts) > 1 and factor_of(actual, tried) is not None
    return alone or factor_of(actual - rest, tried) is not None


def _fits_again(attempt: Attempt, index: int, power: Powers) -> bool:
    """Whether another world shows the same, where a single number may show it by chance."""
    if attempt.actual.numel() > 1:
        return True
    other = attempt.elsewhere(World.LOCAL, World.FRESH)
    if other is None:
        return False
    operands = other.statements.operands(index)
    factor = torch.ones((), dtype=torch.float64)
    for name, exponent in power.items():
        factor = factor * operands[name] ** exponent
    return _fits(other, index, factor)


def _power(attempt: Attempt, names: list[str]) -> Finding:
    named = " and ".join(f"`{attempt.shown_name(name)}`" for name in names)
    message = f"{named}: to another power than the derivative of this statement has"
    return Finding(Kind.WRONG_POWER, message, frozenset(attempt.consumers))


def stands_in(attempt: Attempt, index: int, name: str) -> bool:
    """Whether the local derivative of a consumer holds a power of ``name``, other than the power 0."""
    value = attempt.statements.operands(index)[name]
    part = attempt.statements.contributions(attempt.node, attempt.ones()).get(index)
    if part is None:
        return False
    if name != attempt.node and name not in attempt.statements.binds(index):
        doubled = attempt.statements.with_value(index, attempt.node, {name: 2 * value}, attempt.ones())
        return doubled is not None and not same(doubled, part)
    exponents = [power for power in (*EXPONENTS, *FAR_EXPONENTS) if power == round(power) or bool((value > 0).all())]
    if value.shape != part.shape or bool((value == 0).any()):
        return False
    if part.numel() > 1:
        return any(_nearly_constant(part / value**power) for power in exponents)
    other = attempt.elsewhere(World.LOCAL, World.FRESH)
    there = None if other is None else other.statements.contributions(other.node, other.ones()).get(index)
    if other is None or there is None:
        return False
    ratio, by = part / there, value / other.statements.operands(index)[name]
    return any(same(ratio, by**power) for power in exponents)


def _nearly_constant(ratio: torch.Tensor) -> bool:
    """Up to the small number that keeps a root or a quotient from 0."""
    return bool(torch.isfinite(ratio).all()) and bool(
        (ratio - ratio.mean()).abs().max() <= EPSILON * ratio.mean().abs()
    )


def elementwise(attempt: Attempt) -> Finding | None:
    """``*`` where the forward statement has ``@``."""
    matrix = any(attempt.statements.multiplies_matrices(index, attempt.node) for index in attempt.consumers)
    if matrix and attempt.evidence.traits.multiplies and not attempt.evidence.traits.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, "forward is a matrix product, so backward is one too, not `*`")
    return None


def other_factor(attempt: Attempt) -> Finding | None:
    """A function of one tensor, entry by entry, with another factor beside the upstream gradient than its own."""
    if len(attempt.consumers) != 1 or not attempt.uses_upstream or attempt.actual.shape != attempt.expected.shape:
        return None
    index = attempt.consumers[0]
    bound = attempt.bound_by(index)
    if len(bound) != 1 or attempt.upstream[bound[0]].shape != attempt.actual.shape:
        return None
    upstream, name = attempt.upstream[bound[0]], attempt.shown_gradient(bound[0])
    everywhere = frozenset(attempt.consumers)
    if same(attempt.actual, upstream):
        message = f"{name} alone: the derivative of this statement is missing"
        matrix = attempt.statements.multiplies_matrices(index, attempt.node)
        return Finding(Kind.WRONG_DERIVATIVE if matrix else Kind.WRONG_POWER, message, everywhere)
    slope = attempt.statements.contributions(attempt.node, attempt.ones()).get(index)
    if slope is None or not same(slope * upstream, attempt.expected) or bool((upstream == 0).any()):
        return None
    factor = attempt.actual / upstream
    if not _same_for_other_upstream(attempt, bound[0], factor):
        return None
    if factor.numel() == 1:
        return _wrong_factor(attempt, name)
    several = len(set(slope.reshape(-1).tolist())) > FEW
    if several and any(multiple_of(factor, slope**power) is not None for power in DERIVATIVE_POWERS):
        return Finding(Kind.WRONG_POWER, "the derivative of this statement stands to another power", everywhere)
    tensors = {name: value for name, value in attempt.tensors.items() if value.shape == factor.shape}
    power = affine_power(slope, factor, tensors)
    if power is None:
        return _wrong_factor(attempt, name)
    its, other, kept = power
    if its == other and not kept:
        message = f"`{attempt.shown_name(its)}`: with another sign or another constant than in this derivative"
        return Finding(Kind.WRONG_DERIVATIVE, message, everywhere)
    if its == other:
        return _power(attempt, [its])
    message = f"`{attempt.shown_name(other)}` stands where `{attempt.shown_name(its)}` belongs"
    return Finding(Kind.WRONG_DERIVATIVE, message, everywhere)


def _wrong_factor(attempt: Attempt, upstream: str) -> Finding:
    told, where = attempt.told()
    subject, _ = entries(told.differs(told.actual, told.expected))
    message = f"the factor beside {upstream} is not the derivative of this statement: off in {subject}"
    if subject == "it":
        message = f"the factor beside {upstream} is not the derivative of this statement"
    return Finding(Kind.WRONG_DERIVATIVE, where + message, frozenset(attempt.consumers))


def _same_for_other_upstream(attempt: Attempt, bound: str, factor: torch.Tensor) -> bool:
    """Whether the same factor stands beside another upstream gradient: it is a function of the values alone."""
    other = attempt.elsewhere(World.FRESH) if attempt.world is World.RANDOM else None
    if other is None or other.actual.shape != factor.shape:
        return False
    gap = other.actual - factor * other.upstream[bound]
    return largest_entry(gap) <= CLOSE * max(largest_entry(other.actual), largest_entry(other.expected))


def other_operand(attempt: Attempt) -> Finding | None:
    """Another tensor stands in the place of one that the statement reads."""
    actual = attempt.fitted()
    if actual is None:
        return None
    tensors = attempt.tensors
    for index, part in attempt.parts.items():
        others = sum((other for key, other in attempt.parts.items() if key != index), torch.zeros_like(part))
        bound = attempt.statements.binds(index)
        for name, value in attempt.statements.operands(index).items():
            if name == attempt.node or name in bound or not value.is_floating_point():
                continue
            for other, instead in tensors.items():
                if other == name or instead.shape != value.shape:
                    continue
                tried = attempt.statements.with_value(index, attempt.node, {name: instead}, attempt.upstream)
                if tried is None or same(tried, part):
                    continue
                alone = actual.numel() > 1 and factor_of(actual, tried) is not None
                if (alone or same(actual, tried + others)) and _instead_again(attempt, index, name, other):
                    shown, right = attempt.shown_name(other), attempt.shown_name(name)
                    message = f"`{shown}` stands where `{right}` belongs"
                    return Finding(Kind.WRONG_DERIVATIVE, message, frozenset(attempt.consumers))
    return None


def _instead_again(attempt: Attempt, index: int, name: str, other: str) -> bool:
    """Whether another world shows the same, where a single number may show it by chance."""
    there = attempt.elsewhere(World.LOCAL, World.FRESH)
    if attempt.actual.numel() > 1:
        return True
    if there is None:
        return False
    instead = {name: there.tensors[other]}
    tried = there.statements.with_value(index, there.node, instead, there.upstream)
    others = sum((part for key, part in there.parts.items() if key != index), torch.zeros_like(there.expected))
    return tried is not None and same(there.actual, tried + others)


def factor_of_the_whole(attempt: Attempt) -> Finding | None:
    """A closed form in which a tensor of the lesson is missing as a factor, or is one too many."""
    actual = attempt.fitted()
    if actual is None or actual.numel() < 2 or attempt.vacuous:
        return None
    for name, tensor in attempt.tensors.items():
        if tensor.numel() < 2 or bool((tensor == 0).any()):
            continue
        for power in (1.0, -1.0, 2.0, -2.0):
            try:
                tried = attempt.expected * tensor**power
            except RuntimeError:
                break
            if tried.shape == actual.shape and multiple_of(actual, tried) is not None:
                message = f"all of it is off by a factor that `{attempt.shown_name(name)}` makes up"
                return Finding(Kind.WRONG_DERIVATIVE, message, frozenset(attempt.consumers))
    return None


def beside_upstream(attempt: Attempt) -> Finding | None:
    """The upstream gradient is the right one, and no other is read: what stands beside it is wrong."""
    if len(attempt.consumers) != 1 or not attempt.uses_upstream or attempt.vacuous:
        return None
    bound = attempt.bound_by(attempt.consumers[0])
    if not bound or set(attempt.upstream_read) - {attempt.node} != set(bound):
        return None
    if attempt.at_home().right:
        return None
    names = ", ".join(map(attempt.shown_gradient, bound))
    message = f"{names} is what belongs in it, but what is done with it is not the derivative of this statement"
    return Finding(Kind.WRONG_DERIVATIVE, f"{message}: {attempt.worst()}", frozenset(attempt.consumers))
