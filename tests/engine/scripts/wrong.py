"""Wrong scripts: one statement of the backward pass changed as people get it wrong.

The kind that is expected follows from the rule; no judge was asked. What a rule makes is kept only where autograd
says that it is wrong.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from tests.engine.scripts import truth
from tests.engine.scripts.mistakes import Mistake, blunt_mistakes, statement_mistakes, value_mistakes
from tests.engine.scripts.script import Script, assembled
from tests.engine.scripts.sites import Site, replaced, site_of, sites
from tests.engine.scripts.spreading import spread

MOST = 32
"""Wrong scripts of one network."""


@dataclass(frozen=True)
class Mutant:
    """A wrong script: ``gradient`` is what its changed statement gives, ``kinds`` the kinds expected (empty: any).

    ``anywhere``: another gradient may be the one that is told: the changed one is a step on the way, or one of several,
    or was only to be masked, and is right of a tensor further up.
    """

    script: str
    gradient: str
    rule: str
    code: str
    kinds: frozenset[str]
    hand: str
    text: str
    anywhere: bool


@functools.cache
def mutants(script: Script) -> tuple[Mutant, ...]:
    """Those by hand, and then by rules: as many as ``MOST``, of as many rules and statements as there are."""
    kept: dict[str, Mutant] = {}
    for site, mistake in chain(_by_hand(script), _by_rules(script)):
        if len(kept) >= MOST:
            break
        mutant = _mutant(script, site, mistake)
        key = ast.unparse(ast.parse(mutant.hand)) if mutant is not None else ""
        if mutant is not None and key not in kept and truth.is_wrong(script, mutant.hand):
            kept[key] = mutant
    return tuple(kept.values())


def _mutant(script: Script, site: Site, mistake: Mistake) -> Mutant | None:
    hand = replaced(script, site, mistake.code)
    try:
        ast.parse(hand)
    except SyntaxError:
        return None
    kinds = frozenset(mistake.kinds)
    several = site.code.startswith("return")
    anywhere = site.masks or several or site.gradient not in script.gradients
    text = assembled(script, hand)
    return Mutant(script.name, site.gradient, mistake.rule, mistake.code, kinds, hand, text, anywhere)


def _by_hand(script: Script) -> Iterator[tuple[Site, Mistake]]:
    for statement, wrong in script.wrong.items():
        site = site_of(script, statement)
        for code, kind in wrong:
            yield site, Mistake("by-hand", code, (kind,) if kind else ())


def _by_rules(script: Script) -> Iterator[tuple[Site, Mistake]]:
    names = truth.executed(script, script.hand)
    queues: list[list[tuple[Site, Mistake]]] = []
    for site in sites(script):
        made = list(statement_mistakes(site))
        if site.value and not site.starts:
            made += value_mistakes(site, names)
        if site.value and not site.starts and not site.masks:
            made += blunt_mistakes(site, names)
        queues.append([(site, mistake) for mistake in made])
    return spread(queues, lambda candidate: candidate[1].rule, script.name)
