"""Mistakes of shape: another shape, summed too little or too far."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import axes_told, factor_of, reduced_axes, subsets, summed_to
from ninja_tui.engine.protocol.verdict import Kind


def other_shape(attempt: Attempt) -> Finding | None:
    """The right numbers in another shape, summed too little or too far, or transposed."""
    actual, expected = attempt.actual, attempt.expected
    if actual.shape == expected.shape:
        return None
    sizes = f"{tuple(actual.shape)} for {tuple(expected.shape)}"
    if actual.dim() == 2 and actual.T.shape == expected.shape and factor_of(actual.T, expected) is not None:
        return Finding(Kind.TRANSPOSED, f"the transpose of it is meant: {sizes}", frozenset(attempt.consumers))
    if actual.numel() == expected.numel() and factor_of(actual.reshape(expected.shape), expected) == 1.0:
        return Finding(Kind.SHAPE, f"the numbers are right, the shape is not: {sizes}", frozenset(attempt.consumers))
    return not_summed(attempt) or other_sum(attempt) or impossible_shape(attempt)


def impossible_shape(attempt: Attempt) -> Finding | None:
    """A shape that no broadcasting brings to the tensor's."""
    if attempt.fitted() is not None:
        return None
    shapes = f"{tuple(attempt.actual.shape)}; `{attempt.node}` is {tuple(attempt.expected.shape)}"
    if not attempt.uses_upstream and attempt.has_upstream:
        return None
    return Finding(Kind.SHAPE, f"a gradient has its tensor's shape, and this is {shapes}")


def not_summed(attempt: Attempt) -> Finding | None:
    """What was broadcast on the way forward is summed on the way backward."""
    summed = summed_to(attempt.actual, attempt.expected)
    if summed is None or summed.numel() == attempt.actual.numel():
        return None
    if factor_of(summed, attempt.expected) is None and not any(
        factor_of(summed, part) is not None for part in attempt.parts.values()
    ):
        return None
    axes = axes_told(attempt.actual, attempt.expected)
    return Finding(
        Kind.NOT_SUMMED,
        f"not summed over axis {axes}: `{attempt.node}` {tuple(attempt.expected.shape)} was broadcast there, "
        f"and this is {tuple(attempt.actual.shape)}",
        frozenset(attempt.consumers),
    )


def other_sum(attempt: Attempt) -> Finding | None:
    """Summed over axes where it should not be, or over others than it should."""
    for source, needed in ((attempt.expected, set[int]()), (attempt.full, None)):
        if source is None:
            continue
        wants = reduced_axes(source, attempt.expected) if needed is None else needed
        for axes in subsets(source.dim()):
            if set(axes) == wants or not axes:
                continue
            if not _is_sum(attempt, source.sum(axes, keepdim=True), source.sum(axes)):
                continue
            summed = ", ".join(map(str, axes))
            if set(axes) > wants:
                extra = ", ".join(str(axis) for axis in axes if axis not in wants)
                message = f"summed too far: over axis {extra} as well"
                return Finding(Kind.OVER_SUMMED, message, frozenset(attempt.consumers))
            needed_axes = ", ".join(map(str, sorted(wants)))
            message = f"summed over axis {summed}; `{attempt.node}` was broadcast along axis {needed_axes}"
            return Finding(Kind.NOT_SUMMED, message, frozenset(attempt.consumers))
    return None


def _is_sum(attempt: Attempt, kept: torch.Tensor, dropped: torch.Tensor) -> bool:
    """Whether ``actual`` is one of these sums, up to a factor, as it is or spread over the tensor's shape again."""
    for summed in (kept, dropped):
        if factor_of(attempt.actual, summed) is not None:
            return True
        if attempt.actual.shape == attempt.expected.shape:
            try:
                spread = summed.expand(attempt.actual.shape)
            except RuntimeError:
                continue
            if factor_of(attempt.actual, spread) is not None:
                return True
    return False
