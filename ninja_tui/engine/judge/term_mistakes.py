"""Mistakes in one of several terms: places in which one statement uses a node, or paths through the graph behind it."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import weights_of
from ninja_tui.engine.judge.scaling import told_factor
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

MOST_TERMS = 6
DEEPEST = 6
"""Statements that a path through the graph is followed down."""
DIRECT = frozenset({"add", "sub", "rsub"})

Terms = dict[str, torch.Tensor]
"""What is added up to a gradient, by the words for its path."""


def one_term(attempt: Attempt) -> Finding | None:
    """A term that is missing, has another sign or another factor, where the others are right."""
    base = attempt if attempt.uses_upstream else attempt.at_home()
    factors = _factors(base)
    if factors is None or all(factor == 1.0 for factor in factors.values()):
        return None
    other = base.elsewhere(*((World.LOCAL,) if attempt.uses_upstream else (World.FRESH,)))
    there = None if other is None else _factors(other)
    if not attempt.uses_upstream and (there is None or there.keys() != factors.keys()):
        return None
    off = [words for words, factor in factors.items() if factor != 1.0]
    if len(off) == len(factors) and len(off) > 1:
        return None
    first = off[0]
    right = f"{len(factors) - len(off)} of {len(factors)} terms {'is' if len(factors) - len(off) == 1 else 'are'} right"
    return _told(attempt, base, first, right, factors[first], None if there is None else there.get(first))


def _told(
    attempt: Attempt, base: Attempt, words: str, right: str, factor: float, other_factor: float | None
) -> Finding | None:
    present = frozenset(attempt.consumers)
    if factor == 0.0:
        return Finding(Kind.MISSING_PATH, f"{right}; missing: the one {words}", present)
    if factor == -1.0:
        return Finding(Kind.SIGN, f"{right}; the one {words} has the wrong sign", present)
    same = other_factor is not None and math.isclose(factor, other_factor, rel_tol=CLOSE)
    if not same and not attempt.uses_upstream:
        return None
    named = told_factor(base, factor, factor if same else other_factor)
    by = f"the factor {named}" if named else "a factor"
    return Finding(Kind.SCALE, f"{right}; the one {words} is off by {by}", present)


def _factors(attempt: Attempt) -> dict[str, float] | None:
    """The factor of each term in the answer; None where they do not add up to it."""
    actual = attempt.fitted()
    if actual is None:
        return None
    terms = _terms(attempt)
    least = CLOSE * largest_entry(attempt.expected)
    terms = {words: term for words, term in terms.items() if largest_entry(term) > least}
    if not 2 <= len(terms) <= MOST_TERMS:
        return None
    factors = weights_of(actual, list(terms.values()))
    return None if factors is None else dict(zip(terms, factors, strict=True))


def _terms(attempt: Attempt) -> Terms:
    """The terms of a gradient: by the places that use the node, or by the paths that lead from it."""
    found: Terms = {}
    for index in attempt.consumers:
        uses = attempt.statements.uses(index, attempt.node, attempt.upstream)
        if len(uses) > 1:
            for operation, part in uses:
                where = "that uses it directly" if operation in DIRECT else f"through {operation}"
                words = f"{where} in {attempt.consumer_names([index])}"
                found[words if words not in found else f"{words} (another)"] = part
    if found:
        rest = {index: part for index, part in attempt.parts.items() if index not in _using(attempt)}
        return found | {f"through {attempt.consumer_names([index])}": part for index, part in rest.items()}
    return {
        f"through {' and '.join(f'`{attempt.shown_name(name)}`' for name in path)}": term
        for path, term in _paths(attempt, attempt.node, DEEPEST, ()).items()
    }


def _using(attempt: Attempt) -> list[int]:
    return [
        index
        for index in attempt.consumers
        if len(attempt.statements.uses(index, attempt.node, attempt.upstream)) > 1
    ]


def _paths(attempt: Attempt, node: str, depth: int, seen: tuple[str, ...]) -> dict[tuple[str, ...], torch.Tensor]:
    """What each path contributes to the gradient of ``node``, down to gradients that the answer reads."""
    terms: dict[tuple[str, ...], torch.Tensor] = {}
    parts = attempt.statements.contributions(node, attempt.upstream)
    for index, part in parts.items():
        bound = attempt.bound_by(index)
        further = {}
        if len(bound) == 1 and depth and bound[0] not in attempt.upstream_read() and bound[0] not in seen:
            further = _paths(attempt, bound[0], depth - 1, (*seen, node))
        if len(further) < 2 or len(terms) + len(further) > MOST_TERMS:
            terms[tuple(bound)] = part
            continue
        for path, above in further.items():
            through = attempt.statements.contributions(node, {**attempt.upstream, bound[0]: above}).get(index)
            if through is not None:
                terms[(bound[0], *path)] = through
    return terms
