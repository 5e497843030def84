"""Mistakes that the numbers alone show: a dtype, an entry that is not finite, an offset, zeros."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge import plain_mistakes as plain
from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.scaling import told_factor, whole_factor
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

NOTHING = 1e-10
"""An answer below this share of the right one is 0 up to rounding."""


def reads_grad(attempt: Attempt) -> Finding | None:
    """``dh = h.grad``."""
    if not attempt.evidence.traits.reads_grad:
        return None
    return Finding(Kind.READS_GRAD, "autograd's own gradient is read: it is to be computed here")


def wrong_dtype(attempt: Attempt) -> Finding | None:
    """Integers, or float64 in the float32 run."""
    single = attempt.evidence.gradients[World.FLOAT32]
    expected = attempt.targets.expected(World.FLOAT32)
    return None if single.dtype == expected.dtype else plain.wrong_dtype(single.dtype, expected.dtype)


def non_finite(attempt: Attempt) -> Finding | None:
    """NaN or infinity, in the answer or in autograd's own gradient."""
    gradients = (attempt.evidence.gradients[World.FLOAT32], attempt.at_home().actual, attempt.actual)
    return plain.not_finite(attempt.targets.expected(World.FLOAT32), *gradients)


def typed_in(attempt: Attempt) -> Finding | None:
    """Right in this minibatch only, with nothing of what flows in."""
    return None if attempt.uses_upstream else by_chance(attempt)


def by_chance(attempt: Attempt) -> Finding | None:
    """Right in this minibatch only."""
    there = attempt.evidence.gradients
    if not (World.LOCAL in there and World.FRESH in there and attempt.holds(World.LOCAL)):
        return None
    if attempt.holds(World.FRESH):
        return None
    message = "right for these numbers only: something in it belongs to them, or holds for them by chance"
    return Finding(Kind.UNKNOWN, message)


def zeros(attempt: Attempt) -> Finding | None:
    """Nothing arrives."""
    home = attempt.at_home()
    least = NOTHING * largest_entry(attempt.expected)
    if largest_entry(attempt.expected) == 0 or largest_entry(attempt.actual) > least:
        return None
    if not attempt.vacuous and largest_entry(home.actual) > NOTHING * largest_entry(home.expected):
        return None
    exactly = largest_entry(attempt.actual) == 0
    if not exactly and attempt.has_upstream and not attempt.uses_upstream:
        return None
    zero = "0" if exactly and largest_entry(home.actual) == 0 else "0 up to rounding"
    message = f"every entry is {zero}, so no path is in it; missing: {attempt.consumer_names(attempt.consumers)}"
    return Finding(Kind.MISSING_PATH, message, frozenset())


def constant_offset(attempt: Attempt) -> Finding | None:
    """Something constant is added everywhere, as by a start from ones."""
    found = _offset(attempt)
    if found is None or _is_forgotten_factor(attempt):
        return None
    told, where = attempt.told()
    at_home = _offset(told)
    if at_home is None:
        return None
    (offset, _), (told_offset, wrong) = found, at_home
    subject, verb = plain.entries(wrong)
    number = f"the same {offset:g}" if math.isclose(offset, told_offset, rel_tol=CLOSE) else "one and the same number"
    rest = "" if bool(wrong.all()) else "; the others are right"
    return Finding(
        Kind.CONSTANT_OFFSET,
        f"{where}{subject} {verb} off by {number}{rest}: where does it start from?",
        frozenset(attempt.consumers),
    )


def _is_forgotten_factor(attempt: Attempt) -> bool:
    """Whether one number stands for another everywhere: a sign or a size forgotten is likelier than a start."""
    if not all(_is_constant(each) for each in (attempt, attempt.at_home())):
        return False
    whole = whole_factor(attempt)
    return whole is not None and (whole[0] == -1.0 or told_factor(attempt, *whole) is not None)


def _is_constant(attempt: Attempt) -> bool:
    """Whether all entries that were given are alike, and all that should have been."""
    return all(plain.is_constant(each, CLOSE) for each in (attempt.actual, attempt.expected))


def _offset(attempt: Attempt) -> tuple[float, torch.Tensor] | None:
    """What is added, and where; None where it is not one number."""
    actual = attempt.fitted()
    if actual is None or actual.numel() == 1:  # a single number is off by a constant always
        return None
    gap = actual - attempt.expected
    limit = CLOSE * max(largest_entry(attempt.expected), largest_entry(gap))
    untouched = (gap.abs() > limit) & (attempt.expected == 0)
    if bool(untouched.any()) and bool(((gap.abs() <= limit) | untouched).all()):
        start = float(gap[untouched][0].item())
        if bool(((attempt.expected - start).abs() > limit).all()) and int(untouched.sum().item()) > 1:
            return (start, untouched) if largest_entry(gap[untouched] - start) <= limit else None
    off = gap.abs() > limit
    if not bool(off[attempt.expected != 0].any()):
        return None
    offset = float(gap[off][0].item())
    some = int(off.sum().item()) > 1 and (bool(off.all()) or int((~off & (attempt.expected != 0)).sum().item()) > 1)
    return (offset, off) if some and largest_entry(gap[off] - offset) <= limit else None


def lost_duplicates(attempt: Attempt) -> Finding | None:
    """An indexed assignment keeps one of the contributions to an entry that was read many times."""
    actual = attempt.fitted()
    if actual is None:
        return None
    for uses in attempt.statements.contributions(attempt.node, attempt.ones()).values():
        if not bool((uses == uses.round()).all()) or not bool((uses > 1).any()):
            continue
        once = uses <= 1
        gap = (actual - attempt.expected).abs()
        if bool(once.any()) and float(gap[once].max().item()) <= CLOSE * largest_entry(attempt.expected):
            return _duplicates(attempt, uses)
    return None


def _duplicates(attempt: Attempt, uses: torch.Tensor) -> Finding:
    most = int(uses.max().item())
    read = f"entries of `{attempt.shown_name(attempt.node)}` that are read more than once (up to {most} times)"
    return Finding(Kind.LOST_DUPLICATES, f"{read} do not get the sum of it all", frozenset(attempt.consumers))
