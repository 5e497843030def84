"""What there is to say on one gradient."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ninja_tui.engine.protocol.verdict import Verdict, Warning
from ninja_tui.testing.lines import Line


class Word(enum.StrEnum):
    """What is worth a word beside a gradient that is right."""

    ONE_BRANCH = "one branch of what reads it is never taken, whatever the numbers tried: it is not judged there"
    OWN_BRANCH = "an `if` takes the same branch on all numbers tried: the other one is not judged"
    OWN_NUMBERS = "judged on these inputs alone: numbers leave PyTorch, as with `.item()`, and on others it raises"
    BY_NUMBERS = "judged on numbers alone, to 4 digits: some of them leave PyTorch on the way, as with `.item()`"
    SHAPE = "right, in another shape than its tensor's"
    SUMMED = "right once it is summed to the shape of its tensor, which autograd does"
    SURROGATE = "a surrogate gradient: not the derivative of its forward"
    CHANGES_UPSTREAM = "it changes the upstream gradient in place, which others may read"
    USES_AUTOGRAD = "autograd computes it inside the backward: right, and not by hand"


@dataclass(frozen=True)
class Judgement:
    """The gradient of the input ``name``, judged. ``words`` are worth a look beside a pass."""

    name: str
    verdict: Verdict
    line: Line | None = None
    words: tuple[Word, ...] = ()


WORDS = {
    Warning.ONE_BRANCH: Word.ONE_BRANCH,
    Warning.SHAPE: Word.SHAPE,
    Warning.SUMMED: Word.SUMMED,
    Warning.SURROGATE: Word.SURROGATE,
    Warning.CHANGES_UPSTREAM: Word.CHANGES_UPSTREAM,
    Warning.USES_AUTOGRAD: Word.USES_AUTOGRAD,
}


def words_for(verdict: Verdict) -> tuple[Word, ...]:
    """The words for the warnings beside a pass."""
    return tuple(WORDS[each] for each in verdict.warnings if each in WORDS) if verdict.passed else ()
