"""The walks through syntax trees. What only says how a name is used, or which operator it is, is left out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_LEAVES = frozenset({
    "id", "ctx", "op", "ops", "attr", "arg", "name", "asname", "module", "level", "conversion", "simple", "is_async",
    "type_comment", "type_ignores", "tag", "kind", "rest", "kwd_attrs",
})  # fmt: skip
"""Fields that hold no nodes, or none that are looked at."""
_CHILDLESS = (ast.Constant, ast.Name, ast.Global, ast.Nonlocal, ast.MatchSingleton, ast.alias)
_fields: dict[type, tuple[str, ...]] = {}


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below ``node``, in source order as ``ast.iter_child_nodes`` has it."""
    fields = _fields.get(type(node))
    if fields is None:
        fields = _fields[type(node)] = _fields_of(type(node))
    found: list[ast.AST] = []
    for name in fields:
        value = getattr(node, name, None)
        if type(value) is list:
            found += value
        elif value is not None:
            found.append(value)
    return [each for each in found if each is not None] if None in found else found


def _fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    if issubclass(kind, _CHILDLESS):
        return ()
    leaves = _LEAVES - {"name"} if kind.__name__ == "TypeAlias" else _LEAVES
    return tuple(name for name in kind._fields if name not in leaves)


def everything(tree: ast.AST) -> list[ast.AST]:
    """``tree`` and all nodes below it, in the order of ``ast.walk``."""
    nodes = [tree]
    for node in nodes:
        nodes += children(node)
    return nodes


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """``tree`` and what runs as a part of it, in source order: bodies of functions and classes are left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting += reversed(children(node))
