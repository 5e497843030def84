"""The names of a file that its forward pass does without, and that an answer may use: ``np``, ``math``, ``n``."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import chain

from ninja_tui.lesson.notebook.slice import Dataflow
from ninja_tui.lesson.syntax.effects import Effects
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import imported_modules, or_nothing
from ninja_tui.lesson.syntax.literals import computes_numbers
from ninja_tui.lesson.syntax.names import BUILTINS

INSTALLED = frozenset({"torch", "numpy"})
"""Packages that are always here; others may take their time, or anything else."""


def own_names(
    flow: Dataflow, used: Collection[int], bound: Collection[str], taken: Collection[str]
) -> Iterator[Fragment]:
    """The imports of a track, and the numbers that it binds once, that are not among the statements ``used``.

    They read nothing but what is ``bound`` before them, and bind no name that is bound or ``taken``.
    """
    known, others = {*bound, *BUILTINS}, set(taken)
    once = _bound_once(flow)
    for index, effects in enumerate(flow.effects):
        names = effects.defines
        if index in used or not names or names & known or names & others:
            continue
        if _is_import(effects):
            known |= names
            yield or_nothing(effects.fragment)
        elif names <= once and effects.reads <= known and computes_numbers(effects.tree):
            known |= names
            yield effects.fragment


def _bound_once(flow: Dataflow) -> set[str]:
    touched = Counter(chain.from_iterable(effects.defines | effects.direct_changes for effects in flow.effects))
    return {name for name, count in touched.items() if count == 1}


def _is_import(effects: Effects) -> bool:
    if not isinstance(effects.tree, ast.Import | ast.ImportFrom) or "*" in effects.defines:
        return False
    modules = {module.split(".")[0] for module in imported_modules([effects.fragment])}
    return modules <= INSTALLED | sys.stdlib_module_names
