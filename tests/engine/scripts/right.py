"""Right scripts: the same gradients, written otherwise. What a rule makes is kept only where autograd agrees."""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.engine.scripts import truth
from tests.engine.scripts.rewordings import statement_rewordings, value_rewordings
from tests.engine.scripts.script import Script, assembled
from tests.engine.scripts.sites import replaced, site_of, sites
from tests.engine.scripts.spreading import spread

MOST_BY_RULES = 5
"""Right scripts of one network that rules make of a statement."""


@dataclass(frozen=True)
class Variant:
    """A right script: the rule that made it, and which gradient belongs to which tensor in it."""

    script: str
    rule: str
    code: str
    hand: str
    compare: str
    gradients: Mapping[str, str]
    text: str


@functools.cache
def variants(script: Script) -> tuple[Variant, ...]:
    """The script itself, those by hand, those of the whole text, and some of a statement."""
    kept: dict[str, Variant] = {}
    by_rules = 0
    for variant in (_itself(script), *_by_hand(script), *_of_all(script), *_by_rules(script)):
        if by_rules == MOST_BY_RULES:
            break
        key = ast.unparse(ast.parse(variant.text))
        if key not in kept and truth.is_right(script, variant.hand, variant.compare, variant.gradients):
            kept[key] = variant
            by_rules += variant.rule not in WRITTEN
    return tuple(kept.values())


WRITTEN = ("itself", "by-hand", "no-grad", "grad_x", "d_x", "grads[x]", "in-a-function")


def _changed(script: Script, rule: str, code: str, hand: str) -> Variant:
    text = assembled(script, hand)
    return Variant(script.name, rule, code, hand, script.compare, script.gradients, text)


def _itself(script: Script) -> Variant:
    return _changed(script, "itself", "", script.hand)


def _by_hand(script: Script) -> Iterator[Variant]:
    for statement, codes in script.right.items():
        site = site_of(script, statement)
        for code in codes:
            yield _changed(script, "by-hand", code, replaced(script, site, code))


def _of_all(script: Script) -> Iterator[Variant]:
    hand = script.hand.strip("\n")
    if "def " not in hand and "no_grad" not in hand:
        yield _changed(
            script, "no-grad", "with torch.no_grad():", f"with torch.no_grad():\n{textwrap.indent(hand, '    ')}\n"
        )
    own = [gradient for gradient in script.gradients if gradient.isidentifier()]
    if len(own) < len(script.gradients):
        return
    for rule, pattern in (("grad_x", "grad_{}"), ("d_x", "d_{}"), ("grads[x]", "grads['{}']")):
        new = {gradient: pattern.format(gradient.removeprefix("d")) for gradient in own}
        before = "grads = {}\n" if "[" in pattern else ""
        renamed = [_renamed(text, new) for text in (script.hand, script.compare)]
        if renamed[0] is not None and renamed[1] is not None:
            gradients = {new[gradient]: tensor for gradient, tensor in script.gradients.items()}
            text = assembled(script, before + renamed[0], renamed[1])
            yield Variant(script.name, rule, pattern, before + renamed[0], renamed[1], gradients, text)
    if "def " not in hand and "with " not in hand:
        listed = ", ".join(own)
        body = textwrap.indent(hand, "    ")
        code = f"def backward():\n{body}\n    return {listed}\n\n\n{listed} = backward()\n"
        yield _changed(script, "in-a-function", f"{listed} = backward()", code)


def _renamed(text: str, new: Mapping[str, str]) -> str | None:
    """``text`` with gradients named otherwise; None where a name is put together from strings."""
    if "'d' +" in text:
        return None
    words = "|".join(sorted(map(re.escape, new), key=len, reverse=True))
    return re.sub(rf"(?<![\w.'\"])({words})\b(?!['\"=])", lambda match: new[match.group(1)], text)


def _by_rules(script: Script) -> Iterator[Variant]:
    queues: list[list[Variant]] = []
    for site in sites(script):
        found = list(statement_rewordings(site, script))
        if site.value and not site.starts and not site.masks:
            found += [(rule, site.around(code)) for rule, code in value_rewordings(site.value)]
        queues.append([_changed(script, rule, code, replaced(script, site, code)) for rule, code in found])
    return spread(queues, lambda variant: variant.rule, script.name)
