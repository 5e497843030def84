"""All wrong answers.

The kind that is expected follows from the rule and from the mathematics of the node; no judge was asked.
"""

from __future__ import annotations

import ast
from collections import Counter

from tests.engine.corpus.by_hand import by_hand
from tests.engine.corpus.mutant import Mutant
from tests.engine.corpus.rules import (
    everywhere,
    matrix_rules,
    path_rules,
    shape_rules,
    sign_rules,
    sum_rules,
    upstream_rules,
)


def mutants() -> list[Mutant]:
    """All of them, without repetition of the same code for the same node."""
    found: dict[tuple[str, str], Mutant] = {}
    for rule in (everywhere, sum_rules, sign_rules, path_rules, matrix_rules, shape_rules, upstream_rules, by_hand):
        for mutant in rule():
            found.setdefault((mutant.node, ast.unparse(ast.parse(mutant.code))), mutant)
    return list(found.values())


def names(items: list[tuple[str, str]]) -> list[str]:
    """Readable and distinct names of (node, rule)."""
    total, seen = Counter(items), Counter[tuple[str, str]]()
    ids = []
    for item in items:
        seen[item] += 1
        ids.append("-".join(item) + (f"-{seen[item]}" if total[item] > 1 else ""))
    return ids
