"""Decides whether an answer is right, from what it gave in each trial.

LOCAL and FRESH must hold. If RANDOM and ALONE hold too, the formula is right for any upstream. If they do not, the
answer is a closed form (it reads no gradient), or it leans on a structure that is really there: SCALED tells it from a
sign or a size that was taken for granted, VACUOUS from one that only seems to be there because a gradient is 0. For a
gradient that is itself 0 up to rounding, RANDOM decides alone.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.compare import broadcasts, distance, largest_entry
from ninja_tui.engine.judge.trials import PASSING, Reads, Trial
from ninja_tui.engine.protocol.verdict import Warning
from ninja_tui.engine.protocol.worlds import World

CLOSED_FORM = "closed form: needs none of its consumers' gradients"
ANY_UPSTREAM = "holds for any upstream"
OWN_BRANCH = "holds for any upstream, in the branch that its own numbers take"
ENLARGED = 1e2
"""How much more than of other gradients rounding may leave of one that is 0 since its parts cancel."""
OWN_NUMBERS = "judged on its own numbers only: some of them leave PyTorch on the way"


@dataclass(frozen=True)
class Result:
    """What an answer gave in a trial, or what it raised there."""

    trial: Trial
    actual: torch.Tensor | None
    error: str = ""

    @functools.cached_property
    def holds(self) -> bool:
        """Whether it is right, after broadcasting."""
        trial = self.trial
        return self.actual is not None and _within(self.actual, trial.expected, trial.margin)

    @functools.cached_property
    def holds_nearly(self) -> bool:
        """Whether it is right up to rounding that has been made large on the way, as by ``1 / sqrt(eps)``."""
        trial = self.trial
        return self.actual is not None and _within(self.actual, trial.expected, trial.margin + ENLARGED * trial.floor)

    @property
    def off(self) -> float:
        """The largest difference over the largest entry; infinite where nothing can be compared."""
        return float("inf") if self.actual is None else distance(self.actual, self.trial.expected)


@dataclass(frozen=True)
class Decision:
    """Whether an answer passes, for which upstream gradients (``probe``), and with which warnings."""

    passed: bool = True
    probe: str | None = None
    warnings: tuple[Warning, ...] = ()


FAILS = Decision(passed=False)


def close(actual: torch.Tensor, expected: torch.Tensor, floor: float) -> bool:
    """Whether two gradients are the same up to float64's rounding."""
    return _within(actual, expected, PASSING * largest_entry(expected) + floor)


def _within(actual: torch.Tensor, expected: torch.Tensor, margin: float) -> bool:
    """Whether no entry differs by more than ``margin``, after broadcasting."""
    if actual.is_complex() or not broadcasts(actual.shape, expected.shape):
        return False
    if actual.numel() > expected.numel():
        return False
    gap = actual.double() - expected.double()
    return largest_entry(gap) <= margin


def decide(results: Sequence[Result], reads: Reads, *, vacuous: bool, upstream: bool) -> Decision:
    """The decision on an answer. ``upstream``: there are gradients, beside that of the loss, that it could read."""

    def holds(*worlds: World) -> bool:
        return all(each.holds for each in results if each.trial.kind in worlds)

    tried = {each.trial.kind for each in results}
    if vacuous:
        return _on_vacuous(results, reads)
    if not holds(World.LOCAL, World.FRESH):
        return FAILS
    if not reads.all:
        if not upstream:
            return Decision(probe=ANY_UPSTREAM)
        return Decision(probe=CLOSED_FORM, warnings=(Warning.CLOSED_FORM,))
    if holds(World.RANDOM, World.ALONE):
        return Decision(probe=ANY_UPSTREAM)
    if not holds(World.RANDOM) and World.RANDOM in tried and holds(World.VACUOUS) and _is_affine(results):
        return Decision(probe="", warnings=(Warning.STRUCTURE,))
    return FAILS


def _is_affine(results: Sequence[Result]) -> bool:
    """Whether what an answer makes of its upstream gradients is a multiple of them, plus something without them.

    So its value at a multiple of the gradients follows from those at the gradients and at none: no sign is lost, and
    nothing clamped.
    """
    for scaled in (each for each in results if each.trial.kind is World.SCALED):
        here = [each for each in results if each.trial.world == scaled.trial.world and each.actual is not None]
        plain = next((each for each in here if each.trial.kind is World.FRESH), None)
        silent = next((each for each in here if each.trial.kind is World.ALONE), None)
        if scaled.holds:
            continue
        if plain is None or silent is None or scaled.actual is None or plain.actual is None or silent.actual is None:
            return False
        factor = _factor(scaled.trial, plain.trial)
        follows = silent.actual + factor * (plain.actual - silent.actual)
        if not close(scaled.actual, follows, scaled.trial.floor + PASSING * largest_entry(scaled.actual)):
            return False
    return True


def _factor(scaled: Trial, plain: Trial) -> float:
    """By how much the gradients of one trial are those of the other."""
    largest = max(plain.upstream, key=lambda number: largest_entry(plain.upstream[number]))
    one, other = scaled.upstream[largest].reshape(-1), plain.upstream[largest].reshape(-1)
    at = int(other.abs().argmax())
    return float(one[at] / other[at])


def _on_vacuous(results: Sequence[Result], reads: Reads) -> Decision:
    random = [each for each in results if each.trial.kind in (World.RANDOM, World.ALONE)]
    if random and all(each.holds_nearly for each in random):
        return Decision(probe=ANY_UPSTREAM)
    if reads.all:
        return FAILS
    at_home = [each for each in results if each.trial.kind in (World.LOCAL, World.FRESH)]
    computed = [each.actual for each in at_home if each.actual is not None]
    cancels = len(computed) == len(at_home) and all(each.holds for each in at_home)
    if cancels and all(largest_entry(each) > 0 for each in computed):
        return Decision(probe=CLOSED_FORM, warnings=(Warning.CLOSED_FORM,))
    return FAILS
