"""What a wrong answer is: its node, the rule that made it, and the kinds that name its mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

WRONG_AXIS = frozenset({"not-summed", "over-summed"})
"""A sum over the wrong axis lacks one sum and has one too many."""
ROWS_ALIKE = frozenset({"over-summed", "scale"})
"""Every row of dbndiff2 is the same, so that a sum over the rows is n times a row."""
WRONG_UPSTREAM = frozenset({"no-upstream", "extra-path"})
"""Another gradient in the place of the upstream one: the one is missing, the other does not belong."""
SIGN_INSIDE = frozenset({"sign", "wrong-derivative"})
"""A sign within the local derivative: no entry has the wrong sign, yet a sign makes it another factor."""
OTHER_FACTOR = frozenset({"wrong-derivative"})
"""Another function in the place of the local derivative: a wrong factor, if not quite a power."""
ONES_OR_SCALE = frozenset({"no-upstream", "scale"})
"""The local derivative summed is counts_sum, and -counts_sum / n is the closed form: off by the factor -n as well."""
CLOSED_FORM = frozenset({"no-upstream", "unknown", "constant-offset"})
"""A closed form gone wrong: it reads no upstream gradient, as a closed form may, and no kind says more."""
NO_KIND = frozenset({"unknown"})
"""None of the kinds says what is wrong."""


@dataclass(frozen=True)
class Elsewhere:
    """What a mutant does to another node."""

    node: str
    status: str
    kind: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mutant:
    """A wrong answer to ``node``. Without ``kinds`` the answer itself passes, and the harm is done ``elsewhere``."""

    node: str
    rule: str
    code: str
    kinds: frozenset[str]
    status: str = "fail"
    elsewhere: tuple[Elsewhere, ...] = ()
    warnings: tuple[str, ...] = ()


def mutants_of(
    node: str, rule: str, codes: Iterator[str] | list[str], *kinds: str, status: str = "fail"
) -> Iterator[Mutant]:
    for code in codes:
        yield Mutant(node, rule, code, frozenset(kinds), status)
