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
DIRECT = frozenset({"+", "-", "rsub"})

Terms = dict[str, torch.Tensor]
"""What is added up to a gradient, by the words for its path."""


def one_term(attempt: Attempt) -> Finding | None:
    """A term that is missing, has another sign or another factor, where the others are right."""
    base = attempt if attempt.uses_upstream else attempt.at_home()
    terms = _terms_in(base)
    if terms is None:
        return None
    factors = _factors(base, terms)
    if factors is None:
        return None
    other = base.elsewhere(World.LOCAL if attempt.uses_upstream else World.FRESH)
    there = None if other is None else _factors(other, _terms_in(other))
    if not attempt.uses_upstream and (there is None or there.keys() != factors.keys()):
        return None
    off = {words: factor for words, factor in factors.items() if factor != 1.0}
    if not off or len(off) == len(factors):
        return None
    told = _told(attempt, off, there or {})
    if told is None:
        return None
    return Finding(told.kind, f"{_counted(len(factors), len(off))}; {told.message}", frozenset(attempt.consumers))


def _counted(count: int, off: int) -> str:
    return f"{count - off} of {count} terms {'is' if count - off == 1 else 'are'} right"


def _told(attempt: Attempt, off: dict[str, float], there: dict[str, float]) -> Finding | None:
    missing = [words for words, factor in off.items() if factor == 0.0]
    if missing:
        return Finding(Kind.MISSING_PATH, f"missing: the one {', and the one '.join(missing)}")
    words, factor = next(iter(off.items()))
    if factor == -1.0:
        return Finding(Kind.SIGN, f"the one {words} has the wrong sign")
    same = words in there and math.isclose(factor, there[words], rel_tol=CLOSE)
    if not same and not attempt.uses_upstream:
        return None
    named = told_factor(attempt, factor, factor if same else there.get(words))
    return Finding(Kind.SCALE, f"the one {words} is off by {f'the factor {named}' if named else 'a factor'}")


def other_form(attempt: Attempt) -> Finding | None:
    """One term of another form: what is off is that term, each column or row of it times a number."""
    base = attempt if attempt.uses_upstream else attempt.at_home()
    actual, terms = base.fitted(), _terms_in(base)
    if actual is None or terms is None or actual.dim() < 2:
        return None
    gap = actual - base.expected
    off = [words for words, term in terms.items() if _by_line(gap, term)]
    if len(off) != 1:
        return None
    message = f"{_counted(len(terms), 1)}; the one {off[0]} is not"
    return Finding(Kind.WRONG_DERIVATIVE, message, frozenset(attempt.consumers))


def _by_line(gap: torch.Tensor, term: torch.Tensor) -> bool:
    """Whether along some axis ``gap`` is a multiple of ``term``, everywhere another one."""
    for axis in range(term.dim()):
        square = (term * term).sum(axis, keepdim=True)
        if term.shape[axis] > 1 and bool((square > 0).all()):
            factor = (gap * term).sum(axis, keepdim=True) / square
            if largest_entry(gap - factor * term) <= CLOSE * largest_entry(gap):
                return True
    return False


def _factors(attempt: Attempt, terms: Terms | None) -> dict[str, float] | None:
    """The factor of each term in the answer; None where they do not add up to it."""
    actual = attempt.fitted()
    factors = None if actual is None or terms is None else weights_of(actual, list(terms.values()))
    return None if factors is None or terms is None else dict(zip(terms, factors, strict=True))


def _terms_in(attempt: Attempt) -> Terms | None:
    """The terms that are not 0, where they are a few."""
    least = CLOSE * largest_entry(attempt.expected)
    terms = {words: term for words, term in _terms(attempt).items() if largest_entry(term) > least}
    return terms if 2 <= len(terms) <= MOST_TERMS else None


def _terms(attempt: Attempt) -> Terms:
    """The terms of a gradient: by the places that use the node, or by the paths that lead from it."""
    found: Terms = {}
    for index in attempt.consumers:
        uses = attempt.statements.uses(index, attempt.node, attempt.upstream)
        if len(uses) > 1:
            for operation, part in uses:
                where = "that uses it directly" if operation in DIRECT else f"through `{operation}`"
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
        index for index in attempt.consumers if len(attempt.statements.uses(index, attempt.node, attempt.upstream)) > 1
    ]


def _paths(attempt: Attempt, node: str, depth: int, seen: tuple[str, ...]) -> dict[tuple[str, ...], torch.Tensor]:
    """What each path contributes to the gradient of ``node``, down to gradients that the answer reads."""
    terms: dict[tuple[str, ...], torch.Tensor] = {}
    parts = attempt.statements.contributions(node, attempt.upstream)
    for index, part in parts.items():
        bound = attempt.bound_by(index)
        further = {}
        if len(bound) == 1 and depth and bound[0] not in attempt.upstream_read and bound[0] not in seen:
            further = _paths(attempt, bound[0], depth - 1, (*seen, node))
        if len(further) < 2 or len(terms) + len(further) > MOST_TERMS:
            terms[tuple(bound)] = part
            continue
        for path, above in further.items():
            through = attempt.statements.contributions(node, {**attempt.upstream, bound[0]: above}).get(index)
            if through is not None:
                terms[(bound[0], *path)] = through
    return terms
