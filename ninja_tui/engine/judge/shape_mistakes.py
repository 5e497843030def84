"""Mistakes of shape: another shape, summed too little or too far."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry, same
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import axes_told, factor_of, multiple_of, reduced_axes, subsets, summed_to
from ninja_tui.engine.protocol.verdict import Kind


def other_shape(attempt: Attempt) -> Finding | None:
    """The right numbers in another shape, summed too little or too far, or transposed; or a shape of its own."""
    actual, expected = attempt.actual, attempt.expected
    if actual.shape == expected.shape:
        return None
    sizes = f"{tuple(actual.shape)} for {tuple(expected.shape)}"
    everywhere = frozenset(attempt.consumers)
    if actual.dim() == 2 and actual.T.shape == expected.shape and factor_of(actual.T, expected) is not None:
        return Finding(Kind.TRANSPOSED, f"the transpose of it is meant: {sizes}", everywhere)
    if actual.numel() == expected.numel() and factor_of(actual.reshape(expected.shape), expected) == 1.0:
        return Finding(Kind.SHAPE, f"the numbers are right, the shape is not: {sizes}", everywhere)
    return not_summed(attempt) or other_sum(attempt) or _of_another(attempt) or impossible_shape(attempt)


def impossible_shape(attempt: Attempt) -> Finding | None:
    """A shape that no broadcasting brings to the tensor's."""
    if attempt.fitted() is not None:
        return None
    if not attempt.uses_upstream and attempt.has_upstream:
        return None
    return _belongs_elsewhere(attempt)


def misplaced(attempt: Attempt) -> Finding | None:
    """A shape that broadcasting brings to the tensor's, and that belongs to another tensor."""
    if attempt.actual.shape == attempt.expected.shape or attempt.actual.numel() == attempt.expected.numel():
        return None
    if attempt.actual.numel() == 1 or (not attempt.uses_upstream and attempt.has_upstream):
        return None
    return _belongs_elsewhere(attempt)


def _belongs_elsewhere(attempt: Attempt) -> Finding:
    shapes = f"{tuple(attempt.actual.shape)}; `{attempt.shown_name(attempt.node)}` is {tuple(attempt.expected.shape)}"
    return Finding(Kind.SHAPE, f"a gradient has its tensor's shape, and this is {shapes}")


def _of_another(attempt: Attempt) -> Finding | None:
    """The gradient of another node, where its shape shows that it cannot be this one's."""
    home = attempt.at_home()
    for name, gradient in home.upstream.items():
        if name != attempt.node and gradient.numel() > 1 and same(home.actual, gradient):
            shapes = f"{tuple(home.actual.shape)}; `{home.shown_name(home.node)}` is {tuple(home.expected.shape)}"
            if name in attempt.upstream_read:
                continue
            return Finding(Kind.SHAPE, f"this is the gradient of `{home.shown_name(name)}`, {shapes}", frozenset())
    return None


def not_summed(attempt: Attempt) -> Finding | None:
    """What was broadcast on the way forward is summed on the way backward."""
    summed = summed_to(attempt.actual, attempt.expected)
    if summed is None or summed.numel() == attempt.actual.numel():
        return None
    if factor_of(summed, attempt.expected) is None and not any(
        factor_of(summed, part) is not None for part in attempt.parts.values()
    ):
        return None
    return Finding(
        Kind.NOT_SUMMED,
        f"not summed over {axes_told(reduced_axes(attempt.actual, attempt.expected))}: "
        f"`{attempt.shown_name(attempt.node)}` {tuple(attempt.expected.shape)} was broadcast there, "
        f"and this is {tuple(attempt.actual.shape)}",
        frozenset(attempt.consumers),
    )


def other_sum(attempt: Attempt) -> Finding | None:
    """Summed over axes where it should not be, or over others than it should."""
    fitted = attempt.fitted()
    if attempt.at_home().right and not attempt.vacuous:
        return None
    if fitted is not None and multiple_of(fitted, attempt.expected) is not None:
        return None  # all is alike along that axis: a sum of it is a multiple
    whole = None if attempt.full is None else reduced_axes(attempt.full, attempt.expected)
    for source, wants in ((attempt.full, whole), (attempt.expected, set[int]())):
        if source is None or wants is None:
            continue
        for axes in subsets(source.dim()):
            long = {axis for axis in axes if source.shape[axis] > 1}
            if not axes or long == wants or len(long) < len(axes):
                continue
            summed = _summed(attempt, source, axes)
            if summed is not None:
                return _axes_off(attempt, summed, long, wants)
    return None


def _axes_off(attempt: Attempt, summed: str, axes: set[int], wants: set[int]) -> Finding:
    extra, lacking = axes - wants, wants - axes
    right = axes & wants
    everywhere = frozenset(attempt.consumers)
    if lacking:
        node = attempt.shown_name(attempt.node)
        done = f"{summed} over {axes_told(axes)}; " if axes else f"not {summed}: "
        return Finding(Kind.NOT_SUMMED, f"{done}`{node}` was broadcast along {axes_told(wants)}", everywhere)
    also = f" as well: {axes_told(right)} {'is' if len(right) == 1 else 'are'} right" if right else ""
    return Finding(Kind.OVER_SUMMED, f"{summed} too far: over {axes_told(extra)}{also}", everywhere)


def _summed(attempt: Attempt, source: torch.Tensor, axes: tuple[int, ...]) -> str | None:
    """``summed`` or ``averaged`` if ``actual`` is this sum up to a factor, as it is or spread over the shape again."""
    total = source.sum(axes, keepdim=True)
    if largest_entry(total) <= CLOSE * largest_entry(source):
        return None  # any constant is a multiple of what is left of rounding
    factor = None
    if attempt.actual.numel() == total.numel() and attempt.actual.squeeze().shape == total.squeeze().shape:
        factor = factor_of(attempt.actual.squeeze(), total.squeeze())
    elif attempt.actual.shape == attempt.expected.shape:
        spread = _spread(total, attempt.actual.shape) or _spread(source.sum(axes), attempt.actual.shape)
        factor = None if spread is None else factor_of(attempt.actual, spread[0])
    if factor is None:
        return None
    count = math.prod(source.shape[axis] for axis in axes)
    averaged = math.isclose(factor * count, 1.0, rel_tol=CLOSE)
    alike = largest_entry(total - total.reshape(-1)[0]) <= CLOSE * largest_entry(total)
    if alike and not averaged and not math.isclose(factor, 1.0, rel_tol=CLOSE):
        return None  # any constant is a multiple of another
    return "averaged" if averaged else "summed"


def _spread(total: torch.Tensor, shape: torch.Size) -> tuple[torch.Tensor] | None:
    try:
        return (total.expand(shape),)
    except RuntimeError:
        return None
