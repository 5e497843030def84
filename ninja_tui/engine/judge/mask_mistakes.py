"""Mistakes of a mask: entries get a gradient that should not, get none that should, or that of another branch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.plain_mistakes import entries, nonzero
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
        wrong, slopes = attempt.differs(rest, part), _slopes(attempt, part, index)
        if not bool(wrong.any()):
            continue
        turned = not bool(attempt.differs(-rest, part)[wrong].any())
        some = bool((nonzero(part) & ~wrong).any())
        if (not some or not (turned or slopes)) and not _swapped(attempt, rest, index, slopes):
            continue
        if attempt.at_home().right and not turned:
            continue
        told, where = attempt.told()
        home = next(((r, p) for r, p, i in _paths(told) if i == index), None)
        if home is None:
            continue
        off = told.differs(*home)
        subject, verb = entries(off)
        path = f" on the path through {attempt.consumer_names([index])}" if len(attempt.parts) > 1 else ""
        right = path if bool(off.all()) else f"{path}, the others are right"
        if turned:
            message = f"{subject} {'has' if verb == 'is' else 'have'} the wrong sign{right}"
        else:
            message = f"{subject} {verb} off{right}: each side of a kink has a derivative of its own"
        return Finding(Kind.MASK if slopes else Kind.SIGN, where + message, frozenset(attempt.consumers))
    return None


def _slopes(attempt: Attempt, part: torch.Tensor, index: int) -> frozenset[float]:
    """The values of a consumer's derivative, entry by entry, where they are few, and more than one beside 0."""
    slope, bound = attempt.statements.contributions(attempt.node, attempt.ones()).get(index), attempt.bound_by(index)
    if slope is None or slope.numel() <= MOST_BRANCHES or len(bound) != 1:
        return frozenset()
    upstream = attempt.upstream[bound[0]]
    if upstream.shape != slope.shape or bool(attempt.differs(slope * upstream, part).any()):
        return frozenset()
    values = frozenset(slope.reshape(-1).tolist())
    return values if len(values) <= MOST_BRANCHES and len(values - {0.0}) > 1 else frozenset()


def _swapped(attempt: Attempt, rest: torch.Tensor, index: int, slopes: frozenset[float]) -> bool:
    """Whether each entry has the derivative of one side or the other."""
    if len(slopes) < 2:
        return False
    upstream = attempt.upstream[attempt.bound_by(index)[0]]
    fitting = torch.stack([~attempt.differs(rest, slope * upstream) for slope in slopes])
    used = sum(bool((each & ~fitting[:place].any(0)).any()) for place, each in enumerate(fitting))
    return bool(fitting.any(0).all()) and used > 1


def _paths(attempt: Attempt) -> Iterator[tuple[torch.Tensor, torch.Tensor, int]]:
    """For each path what is left of the answer without the others, and what should be.

    Where each path has entries of its own, an entry is that path's alone, whatever stands there.
    """
    actual = attempt.actual
    if actual.shape != attempt.expected.shape or actual.numel() < 2:
        return
    for index, part in attempt.parts.items():
        if largest_entry(part) <= CLOSE * largest_entry(attempt.expected):
            continue
        others = [other for key, other in attempt.parts.items() if key != index]
        if _apart(attempt):
            elsewhere = sum((nonzero(other) for other in others), torch.zeros_like(part, dtype=torch.bool))
            yield actual.masked_fill(elsewhere, 0.0), part, index
        else:
            yield actual - sum(others, torch.zeros_like(part)), part, index


def _apart(attempt: Attempt) -> bool:
    """Whether there are several paths, and no entry is on two of them."""
    reached = [nonzero(part).int() for part in attempt.parts.values()]
    return len(reached) > 1 and bool((torch.stack(reached).sum(0) <= 1).all())


def _told(attempt: Attempt, index: int) -> Finding | None:
    """How many entries get a gradient and should not, and how many get none."""
    told, where = attempt.told()
    for rest, part, at in _paths(told):
        if at != index:
            continue
        passed, given = nonzero(part), told.differs(rest, torch.zeros_like(rest))
        extra, lost = int((given & ~passed).sum().item()), int((~given & passed).sum().item())
        if lost == part.numel():
            return None  # nothing arrives at all: no mask is so
        nobodys = extra and _apart(told)  # what no path leads to is on none
        one_of = len(attempt.parts) > 1 and not nobodys
        through = f" on the path through {attempt.consumer_names([index])}" if one_of else ""
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
