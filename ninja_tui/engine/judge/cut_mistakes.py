"""A right gradient that goes through a function it should not: without its sign, cut off, or its sign alone."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.plain_mistakes import entries, nonzero
from ninja_tui.engine.judge.scaling import whole_factor
from ninja_tui.engine.protocol.verdict import Kind

CUT_WORDS: tuple[tuple[Callable[[torch.Tensor], torch.Tensor], Kind, str], ...] = (
    (torch.abs, Kind.SIGN, "without its sign"),
    (lambda part: -part.abs(), Kind.SIGN, "with a minus sign throughout, whatever its own is"),
    (torch.relu, Kind.MASK, "with 0 for what is negative in it"),
    (lambda part: -torch.relu(-part), Kind.MASK, "with 0 for what is positive in it"),
    (torch.sign, Kind.WRONG_DERIVATIVE, "with its sign alone, and not its size"),
)
"""What is done to a gradient, and the words for it."""


def never_crossed(attempt: Attempt) -> Finding | None:
    """A mask that is forgotten, where all of this minibatch passes, and nothing does with other numbers."""
    home = attempt.at_home()
    if home is attempt or not home.right or attempt.vacuous:
        return None
    reached = [attempt.upstream[name] for index in attempt.consumers for name in attempt.bound_by(index)]
    actual = attempt.fitted()
    if actual is None or not reached or not all(bool((each != 0).any()) for each in reached):
        return None
    if bool((attempt.expected != 0).any()) or not bool((actual != 0).any()):
        return None
    wrong = nonzero(actual)
    subject, _ = entries(wrong)
    get = "get" if subject[0].isdigit() and int(wrong.sum().item()) > 1 else "gets"
    message = f"with other numbers, {subject} {get} a gradient and should not: nothing passes there"
    return Finding(Kind.MASK, message, frozenset(attempt.consumers))


def sign_lost(attempt: Attempt) -> Finding | None:
    """Right but for the sign of some entries, in every world."""
    for each in attempt.everywhere():
        actual = each.fitted()
        if actual is None or bool(each.differs(actual.abs(), each.expected.abs()).any()):
            return None
    told, where = attempt.told()
    actual = told.fitted()
    wrong = None if actual is None else told.differs(actual, told.expected)
    if wrong is None or not bool(wrong.any()):
        return None
    subject, _ = entries(wrong)
    has = "have" if subject[0].isdigit() and int(wrong.sum().item()) > 1 else "has"
    rest = ", the others are right" if subject[0].isdigit() else ""
    return Finding(Kind.SIGN, f"{where}{subject} {has} the wrong sign{rest}", frozenset(attempt.consumers))


def goes_through(attempt: Attempt) -> Finding | None:
    """A function of the right gradient, or of one path of it, or of each."""
    if whole_factor(attempt) is not None:
        return None
    for function, kind, words in CUT_WORDS:
        message = _cut_by(attempt, function, words)
        if message is not None:
            return Finding(kind, message, frozenset(attempt.consumers))
    return _cut_off(attempt)


def _cut_by(attempt: Attempt, function: Callable[[torch.Tensor], torch.Tensor], words: str) -> str | None:
    """What is said where ``function``, which does to a gradient what ``words`` say, explains the answer."""
    attempts = attempt.everywhere()
    if _through(attempts, lambda each: function(each.expected)):
        return f"it is the gradient {words}"
    if len(attempt.parts) < 2:
        return None
    if _through(attempts, lambda each: torch.stack([function(part) for part in each.parts.values()]).sum(0)):
        return f"each of {len(attempt.parts)} paths is in it {words}"

    def one_path(index: int) -> Callable[[Attempt], torch.Tensor]:
        return lambda each: each.expected - each.parts[index] + function(each.parts[index])

    for index in attempt.parts:
        if _through(attempts, one_path(index)):
            return f"the path through {attempt.consumer_names([index])} is in it {words}; the others are right"
    return None


def _through(attempts: list[Attempt], made: Callable[[Attempt], torch.Tensor]) -> bool:
    """Whether every world shows it, on more than single numbers that are so by chance."""
    for each in attempts:
        actual = each.fitted()
        try:
            gap = None if actual is None else actual - made(each)
        except (RuntimeError, KeyError):
            return False
        if gap is None or largest_entry(gap) > CLOSE * max(largest_entry(each.expected), largest_entry(each.actual)):
            return False
    return sum(each.actual.numel() for each in attempts) > 2


def _cut_off(attempt: Attempt) -> Finding | None:
    """What is beyond two bounds has come to lie on them."""
    told, where = attempt.told()
    actual = told.fitted()
    if actual is None or told.actual.shape != told.expected.shape:
        return None
    low, high = float(actual.min().item()), float(actual.max().item())
    wrong = told.differs(actual, told.expected)
    bounded = told.expected.clamp(low, high)
    if bool(wrong.all()) or not bool(wrong.any()) or bool(told.differs(actual, bounded).any()):
        return None
    bounds = sorted({float(value) for value in actual[wrong].tolist()})
    within = set(actual[~wrong].tolist()) - set(bounds)
    if len(within) < 2 or len(bounds) > 2 or not _same_bounds(attempt, bounds, int(wrong.sum().item())):
        return None
    subject, verb = entries(wrong)
    at = " or ".join(f"{bound + 0.0:g}" for bound in bounds)  # and not -0
    message = f"{where}{subject} {verb} cut off at {at}; the others are right"
    return Finding(Kind.MASK, message, frozenset(attempt.consumers))


def _same_bounds(attempt: Attempt, bounds: list[float], count: int) -> bool:
    """Whether several entries lie on a bound, or the bounds are found in another world."""
    if count > len(bounds):
        return True
    for each in attempt.everywhere():
        values = set(each.actual.reshape(-1).tolist())
        if each is not attempt and not set(bounds) <= values:
            return False
    return len(attempt.everywhere()) > 1
