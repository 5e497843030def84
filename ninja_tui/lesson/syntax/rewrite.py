"""Syntax trees with other expressions in the place of some: what is the same in every step is computed once."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import everything


def replace_lookups(
    statements: Sequence[ast.stmt], index: str, names: Mapping[str, str]
) -> tuple[list[ast.stmt], list[str]]:
    """Copies of ``statements`` that read ``names[A]`` in the place of ``A[index]``; and those ``A``, each once."""
    lookups = _Lookups(index, names)
    copies = [parse_code(ast.unparse(statement)).body[0] for statement in statements]
    return [lookups.visit(statement) for statement in copies], lookups.replaced


class _Lookups(ast.NodeTransformer):
    def __init__(self, index: str, names: Mapping[str, str]) -> None:
        self._index, self._names = index, names
        self.replaced: list[str] = []

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        match node:
            case ast.Subscript(value=ast.Name(id=tensor), slice=ast.Name(id=index), ctx=ast.Load()) if (
                index == self._index and tensor in self._names
            ):
                if tensor not in self.replaced:
                    self.replaced.append(tensor)
                return ast.copy_location(ast.Name(self._names[tensor], ast.Load()), node)
        return self.generic_visit(node)


def replace_ranges(tree: ast.AST, constants: Mapping[str, int], name_of: Callable[[int], str]) -> frozenset[int]:
    """Puts ``name_of(n)`` in the place of ``range(n)`` in every index of several dimensions; the ``n`` replaced.

    ``n`` is a literal or one of ``constants``. Changes ``tree``.
    """
    ranges = _Ranges(constants, name_of)
    ranges.visit(tree)
    return frozenset(ranges.replaced)


class _Ranges(ast.NodeTransformer):
    def __init__(self, constants: Mapping[str, int], name_of: Callable[[int], str]) -> None:
        self._constants, self._name_of = constants, name_of
        self.replaced: set[int] = set()

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple):
            node.slice.elts = [self._replacement(each) for each in node.slice.elts]
        return node

    def _replacement(self, index: ast.expr) -> ast.expr:
        match index:
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))], keywords=[]):
                pass
            case ast.Call(func=ast.Name(id="range"), args=[ast.Name(id=name)], keywords=[]) if name in self._constants:
                count = self._constants[name]
            case _:
                return index
        self.replaced.add(count)
        return ast.copy_location(ast.Name(self._name_of(count), ast.Load()), index)


def globals_to_nonlocals(tree: ast.AST) -> frozenset[str]:
    """Has functions in ``tree`` that say ``global x`` change the ``x`` of the function around them; the names.

    Changes ``tree``.
    """
    names: set[str] = set()
    for node in everything(tree):
        if isinstance(node, ast.FunctionDef):
            for index, statement in enumerate(node.body):
                if isinstance(statement, ast.Global):
                    node.body[index] = ast.copy_location(ast.Nonlocal(statement.names), statement)
                    names.update(statement.names)
    return frozenset(names)
