"""Mistakes of shape: another shape, summed too little or too far."""

from __future__ import annotations

from dataclasses import replace

from ninja_tui.engine.judge import plain_mistakes as plain
from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import same
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import factor_of, multiple_of, reduced_axes, subsets, summed_to
from ninja_tui.engine.protocol.verdict import Kind


def other_shape(attempt: Attempt) -> Finding | None:
    """The right numbers in another shape, summed too little or too far, or transposed; or a shape of its own."""
    actual, expected = attempt.actual, attempt.expected
    if actual.shape == expected.shape:
        return None
    found = plain.same_numbers(actual, expected)
    if found is not None:
        return replace(found, present=frozenset(attempt.consumers))
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
    return plain.belongs_elsewhere(attempt.shown_name(attempt.node), attempt.actual, attempt.expected)


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
    found = plain.not_summed(attempt.shown_name(attempt.node), attempt.actual, attempt.expected)
    return replace(found, present=frozenset(attempt.consumers))


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
            summed = plain.summed_over(attempt.actual, source, axes, attempt.expected.shape)
            if summed is not None:
                found = plain.axes_off(attempt.shown_name(attempt.node), summed, long, wants)
                return replace(found, present=frozenset(attempt.consumers))
    return None
