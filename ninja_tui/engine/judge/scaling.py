"""Whether a gradient is off by one factor, and how that factor is told: as the person's own numbers have it."""

from __future__ import annotations

import math
from dataclasses import replace

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE
from ninja_tui.engine.judge.factors import factor_name, scalar_name
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import factor_of, multiple_of
from ninja_tui.engine.judge.plain_mistakes import off_by_factor
from ninja_tui.engine.protocol.worlds import World


def whole_factor(attempt: Attempt) -> tuple[float, float | None] | None:
    """The factor in this world and on the person's own numbers; None where the whole is off by more than one.

    Between single numbers there is a factor always: one counts only if another world has the same, or a scalar's.
    """
    actual = attempt.fitted()
    if actual is None:
        return None
    factor = multiple_of(actual, attempt.expected)
    if factor is None:
        return None
    other = attempt.at_home()
    if other is attempt or attempt.vacuous or other.right:
        other = attempt.elsewhere(World.RANDOM, World.FRESH, World.VACUOUS) or attempt
    fitted = other.fitted()
    there = None if fitted is None else multiple_of(fitted, other.expected)
    home = factor if attempt.world is World.LOCAL else there
    if other.world is not World.LOCAL and attempt.world is not World.LOCAL:
        home = None
    if attempt.expected.numel() > 1:
        return factor, home
    if factor_of(actual, attempt.expected) is not None:
        return factor, home
    if there is None or (
        not math.isclose(factor, there, rel_tol=CLOSE) and not _by_scalar(attempt, factor, other, there)
    ):
        return None
    return (factor, home) if told_factor(attempt, factor, home) else None


def told_factor(attempt: Attempt, factor: float, home_factor: float | None) -> str | None:
    """The factor's name, where it is the same everywhere or made of one of the network's scalars."""
    if home_factor is None or math.isclose(factor, home_factor, rel_tol=CLOSE):
        numbers = attempt.numbers()
        return factor_name(factor, numbers if home_factor is None else replace(numbers, scalars=_shown(attempt)))
    return _by_scalar(attempt, factor, attempt.at_home(), home_factor)


def _shown(attempt: Attempt) -> dict[str, float]:
    return {attempt.shown_name(name): value for name, value in attempt.at_home().scalars().items()}


def _by_scalar(attempt: Attempt, factor: float, other: Attempt, other_factor: float) -> str | None:
    """The name of a scalar of the network of which the factor is made in both worlds, with its value in the other."""
    here, there = _all_scalars(attempt), _all_scalars(other)
    for name in here.keys() & there.keys():
        told = scalar_name(other_factor, attempt.shown_name(name), there[name])
        if told is not None and scalar_name(factor, name, here[name]) is not None:
            return told
    return None


def _all_scalars(attempt: Attempt) -> dict[str, float]:
    far = {name: float(value.item()) for name, value in attempt.tensors.items() if value.numel() == 1}
    near = attempt.scalars()
    return near if attempt.expected.numel() == 1 else {**far, **near}


def scaled(attempt: Attempt, factors: tuple[float, float | None], what: str, present: frozenset[int]) -> Finding | None:
    """The finding for a factor; ``what`` is off by it, by default all entries that are not 0."""
    factor, home_factor = factors
    if factor == 1.0:
        return None
    told, where = attempt.told()
    named = None if factor == -1.0 else told_factor(attempt, factor, home_factor)
    return replace(off_by_factor(factor, named, told.expected, what, where), present=present)
