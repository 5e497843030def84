"""Other names for the variables of a piece of code, with its text left as it is."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import everything


def renamed(code: str, loads: Mapping[str, str], stores: Mapping[str, str]) -> str:
    """``code`` with other names where variables are read (``loads``) and where they are bound (``stores``).

    A name that is bound as a function's argument, or for a keyword, keeps its name.
    """
    tree = parse_code(code)
    lines = [line.encode() for line in code.split("\n")]
    occurrences = []
    for node in everything(tree):
        if isinstance(node, ast.Name):
            new = (loads if isinstance(node.ctx, ast.Load) else stores).get(node.id)
            if new is not None and new != node.id:
                occurrences.append((node.lineno, node.col_offset, node.id, new))
    for line, column, old, new in sorted(occurrences, reverse=True):
        text = lines[line - 1]
        if text[column : column + len(old.encode())] != old.encode():  # inside an f-string, before Python 3.12
            return ast.unparse(_Renaming(loads, stores).visit(tree))
        lines[line - 1] = text[:column] + new.encode() + text[column + len(old.encode()) :]
    return "\n".join(line.decode() for line in lines)


class _Renaming(ast.NodeTransformer):
    def __init__(self, loads: Mapping[str, str], stores: Mapping[str, str]) -> None:
        self._loads, self._stores = loads, stores

    def visit_Name(self, node: ast.Name) -> ast.Name:
        names = self._loads if isinstance(node.ctx, ast.Load) else self._stores
        return ast.copy_location(ast.Name(names.get(node.id, node.id), node.ctx), node)


def free_name(name: str, taken: set[str], number: int = 1) -> tuple[int, str]:
    """The first of ``name_1``, ``name_2`` … from ``number`` on that is not in ``taken``, to which it is added.

    Its number comes with it, for the next time.
    """
    while f"{name}_{number}" in taken:
        number += 1
    taken.add(f"{name}_{number}")
    return number, f"{name}_{number}"


def as_assignment(fragment: Fragment) -> str:
    """``x += y`` as ``x = x + y``; any other statement as it is."""
    match fragment.tree:
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value):
            assignment = ast.Assign([target], ast.BinOp(ast.Name(name), op, value))
            return ast.unparse(ast.fix_missing_locations(assignment))
    return fragment.code
