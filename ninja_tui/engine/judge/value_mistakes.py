"""Mistakes that the numbers alone show: a dtype, an entry that is not finite, an offset, zeros."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World


def reads_grad(attempt: Attempt) -> Finding | None:
    """``dh = h.grad``."""
    if not attempt.evidence.traits.reads_grad:
        return None
    return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")


def wrong_dtype(attempt: Attempt) -> Finding | None:
    """Integers, or float64 in the float32 run."""
    single = attempt.evidence.gradients[World.FLOAT32]
    expected = attempt.targets.target(World.FLOAT32, attempt.node).expected
    if single.dtype == expected.dtype:
        return None
    names = [str(dtype).removeprefix("torch.") for dtype in (single.dtype, expected.dtype)]
    return Finding(Kind.WRONG_DTYPE, f"the gradient is {names[0]}, its tensor is {names[1]}")


def non_finite(attempt: Attempt) -> Finding | None:
    """NaN or infinity."""
    for gradient in (attempt.evidence.gradients[World.FLOAT32], attempt.actual):
        bad = ~torch.isfinite(gradient)
        if bool(bad.any()):
            place = torch.nonzero(bad.reshape(gradient.shape))[0].tolist() if gradient.dim() else []
            return Finding(Kind.NON_FINITE, f"entries that are not finite: {int(bad.sum())}; the first at {place}")
    return None


def typed_in(attempt: Attempt) -> Finding | None:
    """Right in this minibatch only."""
    there = attempt.evidence.gradients
    if not (World.LOCAL in there and World.FRESH in there and attempt.holds(World.LOCAL)):
        return None
    if attempt.holds(World.FRESH):
        return None
    return Finding(Kind.UNKNOWN, "right for these numbers only: something in it belongs to this minibatch")


def zeros(attempt: Attempt) -> Finding | None:
    """Nothing arrives."""
    if largest_entry(attempt.actual) > 0 or largest_entry(attempt.expected) == 0:
        return None
    message = f"every entry is 0, so no path is in it; missing: {attempt.consumer_names(attempt.consumers)}"
    return Finding(Kind.MISSING_PATH, message, frozenset())


def constant_offset(attempt: Attempt) -> Finding | None:
    """Something constant is added everywhere, as by a start from ones."""
    actual = attempt.fitted()
    if actual is None or actual.numel() == 1:  # a single number is off by a constant always
        return None
    gap = actual - attempt.expected
    offset = float(gap.reshape(-1)[0].item())
    limit = CLOSE * max(largest_entry(attempt.expected), largest_entry(gap))
    untouched = (gap.abs() > limit) & (attempt.expected == 0)
    if bool(untouched.any()) and bool(((gap.abs() <= limit) | untouched).all()):
        start = float(gap[untouched][0].item())
        if bool(((attempt.expected - start).abs() > limit).all()):
            offset, gap = start, torch.where(untouched, gap, start)
    if not offset or largest_entry(gap - offset) > limit:
        return None
    return Finding(
        Kind.CONSTANT_OFFSET, f"every entry is off by the same {offset:g}: where does it start from?",
        frozenset(attempt.consumers),
    )  # fmt: skip


def lost_duplicates(attempt: Attempt) -> Finding | None:
    """An indexed assignment keeps one of the contributions to an entry that was read many times."""
    actual = attempt.fitted()
    if actual is None or len(attempt.consumers) != 1:
        return None
    ones = attempt.ones()
    uses = attempt.statements.contributions(attempt.node, ones).get(attempt.consumers[0])
    if uses is None or not bool((uses == uses.round()).all()) or not bool((uses > 1).any()):
        return None
    once = uses <= 1
    gap = (actual - attempt.expected).abs()
    if not bool(once.any()) or float(gap[once].max().item()) > CLOSE * largest_entry(attempt.expected):
        return None
    most = int(uses.max().item())
    return Finding(
        Kind.LOST_DUPLICATES,
        f"entries of `{attempt.node}` that are read more than once (up to {most} times) do not get the sum of it all",
        frozenset(attempt.consumers),
    )
