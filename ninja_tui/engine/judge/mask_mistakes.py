"""Mistakes of a mask: entries get a gradient that should not, get none that should, or that of another branch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.scaling import entries, nonzero
from ninja_tui.engine.protocol.verdict import Kind

MOST_BRANCHES = 4
"""The local derivative of a piecewise linear function has few values."""


def forgotten(attempt: Attempt) -> Finding | None:
    """All that passed forward is right, and what did not gets a gradient as well; or some of what passed gets none."""
    for rest, part, index in _paths(attempt):
        passed, given, wrong = nonzero(part), nonzero(rest), attempt.differs(rest, part)
        if not bool(wrong.any()) or not bool((passed & ~wrong).any()):
            continue
        lost = bool((wrong & passed).any())
        if not bool((wrong & passed & given).any()) and not (lost and attempt.at_home().right):
            return _told(attempt, index)
    return None


def other_entries(attempt: Attempt) -> Finding | None:
    """The entries that get a gradient are not those that were picked."""
    for rest, part, index in _paths(attempt):
        passed, given, wrong = nonzero(part), nonzero(rest), attempt.differs(rest, part)
        if bool(passed.all()) or not bool(passed.any()) or not bool(given.any()) or bool((passed == given).all()):
            continue
        right = bool((passed & given & ~wrong).any())
        if right or 2 * int((passed != given).sum().item()) > int(wrong.sum().item()):
            return _told(attempt, index)
    return None


def other_branch(attempt: Attempt) -> Finding | None:
    """A function with a kink has another derivative on either side of it, and entries have that of the wrong side."""
    for rest, part, index in _paths(attempt):
        wrong = attempt.differs(rest, part)
        if not bool(wrong.any()) or bool(wrong.all()):
            continue
        turned = not bool(attempt.differs(-rest, part)[wrong].any())
        kinked = _branches(attempt, index)
        if not (turned or kinked) or not bool((nonzero(part) & ~wrong).any()):
            continue
        if attempt.at_home().right and not turned:
            continue
        told, where = attempt.told()
        home = next(((r, p) for r, p, i in _paths(told) if i == index), None)
        if home is None:
            continue
        off = told.differs(*home)
        subject, verb = entries(off)
        kind = Kind.MASK if kinked else Kind.SIGN
        if turned:
            has = "has" if verb == "is" else "have"
            message = f"{subject} {has} the wrong sign, the others are right"
        else:
            message = f"{subject} {verb} off, the others are right: each side of a kink has a derivative of its own"
        return Finding(kind, where + message, frozenset(attempt.consumers))
    return None


def _branches(attempt: Attempt, index: int) -> bool:
    """Whether a consumer's derivative takes few values, and more than one beside 0."""
    slope = attempt.statements.contributions(attempt.node, attempt.ones()).get(index)
    if slope is None or slope.numel() <= MOST_BRANCHES:
        return False
    values = set(slope.reshape(-1).tolist())
    return len(values) <= MOST_BRANCHES and len(values - {0.0}) > 1


def _paths(attempt: Attempt) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
    """For each path what is left of the answer without the others, and what should be."""
    actual = attempt.actual
    if actual.shape != attempt.expected.shape or actual.numel() < 2:
        return
    for index, part in attempt.parts.items():
        if largest_entry(part) <= CLOSE * largest_entry(attempt.expected):
            continue
        others = sum((other for key, other in attempt.parts.items() if key != index), torch.zeros_like(part))
        yield actual - others, part, index


def _told(attempt: Attempt, index: int) -> Finding | None:
    """How many entries get a gradient and should not, and how many get none."""
    told, where = attempt.told()
    for rest, part, at in _paths(told):
        if at != index:
            continue
        passed, given = nonzero(part), told.differs(rest, torch.zeros_like(rest))
        extra, lost = int((given & ~passed).sum().item()), int((~given & passed).sum().item())
        through = f" on the path through {attempt.consumer_names([index])}" if len(attempt.parts) > 1 else ""
        of = f" of {part.numel()} entries"
        words = []
        if extra:
            words.append(f"{extra}{of} {_get(extra)} a gradient{through} and should not")
        if lost:
            nothing = "none" if extra else f"no gradient{through}"
            words.append(f"{lost}{'' if extra else of} {_get(lost)} {nothing} and should")
        return Finding(Kind.MASK, where + ", ".join(words), frozenset(attempt.consumers)) if words else None
    return None


def _get(count: int) -> str:
    return "gets" if count == 1 else "get"
