"""Which gradient belongs to which tensor, by the file's own habit of naming them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from difflib import get_close_matches

from ninja_tui.lesson.syntax.comparisons import Pair

USUAL_TEMPLATES = ("d{}", "d_{}")
"""How most people name the gradient of a tensor."""
RARER_TEMPLATES = (
    "dl_d_{}", "dl_d{}", "dL_d{}", "dL_d_{}", "dl{}", "dL{}", "dloss_d{}", "dloss_d_{}", "dLd{}",
    "dldx_{}", "grad_{}", "g_{}", "{}_grad", "{}_g", "grad{}", "delta_{}", "del_{}", "D{}", "d{}_", "my_d{}",
    "d{}_manual", "manual_d{}", "{}_bar", "d_loss_d_{}", "d_loss_{}", "dloss_{}", "dJ_d{}", "d{}_dloss",
)  # fmt: skip
"""Other ways, for files that name at least two gradients so."""
NEAR = 0.9
"""How like two names are (from 0 to 1, as difflib has it) of which one may be the other misspelt."""

MOST_COMPARED = 20_000
"""Pairs of names of which it is asked whether one is the other misspelt: that takes its time."""


def naming_habit(names: AbstractSet[str], nodes: Collection[str], pairs: Iterable[Pair]) -> Callable[[str], str | None]:
    """Which node a gradient's name is of, by the way in which the file names gradients."""
    patterns = [*USUAL_TEMPLATES]
    templates = [*RARER_TEMPLATES, *_templates(pairs)]
    compared = {(pair.node, pair.gradient) for pair in pairs}
    for template in templates:
        uses = sum(template.format(node) in names for node in nodes)
        if uses >= 2 or any(template.format(node) == gradient for node, gradient in compared):
            patterns.append(template)
    node_of: dict[str, str] = {}
    for template in patterns:
        for node in nodes:
            node_of.setdefault(template.format(node), node)
    unnamed = set(nodes) - {node_of[name] for name in names & node_of.keys()}
    node_of |= _misspelt(names - node_of.keys(), patterns, unnamed)
    return lambda name: node_of.get(name) if name not in nodes else None


def _misspelt(names: Collection[str], patterns: Iterable[str], nodes: Collection[str]) -> dict[str, str]:
    """Which of ``names`` is nearly that of one of ``nodes``: ``dw1`` for ``W1``, ``dnorms_logits`` for ``norm_logits``.

    They may differ in case and underscores, and long ones in a letter, but in no digit.
    """
    node_of: dict[str, str] = {}
    plain: dict[str, set[str]] = {}
    for template in patterns:
        for node in nodes:
            plain.setdefault(_plain(template.format(node)), set()).add(node)
    few = len(names) * len(plain) <= MOST_COMPARED
    for name in sorted(names):
        near = [_plain(name)] if _plain(name) in plain else []
        if not near and few:
            near = get_close_matches(_plain(name), plain, n=2, cutoff=NEAR)
        near = [each for each in near if _digits(each) == _digits(name)]
        if len(near) == 1 and len(plain[near[0]]) == 1:
            (node_of[name],) = plain[near[0]]
    named = Counter(node_of.values())
    return {name: node for name, node in node_of.items() if named[node] == 1}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)


def _templates(pairs: Iterable[Pair]) -> list[str]:
    """The patterns that at least two ``pairs`` follow: ``dloss_by_{}`` of ``dloss_by_h`` for ``h``."""
    templates = [
        pair.gradient.replace(pair.node, "{}")
        for pair in pairs
        if len(pair.node) > 1 and pair.gradient.count(pair.node) == 1 and re.fullmatch(r"\w+", pair.gradient)
    ]
    return [template for template, count in Counter(templates).items() if count > 1]


def template_of(names: Mapping[str, str], pairs: Iterable[Pair]) -> str:
    """How the file names gradients, with a gap for the node: as most of ``names``, which it has by node, are formed."""
    counts: Counter[str] = Counter()
    for template in (*USUAL_TEMPLATES, *RARER_TEMPLATES, *_templates(pairs)):
        counts[template] += sum(template.format(node) == gradient for node, gradient in names.items())
    best = max(counts, key=lambda template: counts[template])
    return best if counts[best] else USUAL_TEMPLATES[0]
