"""The one walk through what a statement runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def running(tree: ast.AST) -> Iterator[ast.AST]:
    """``tree`` and what runs as a part of it, in source order: bodies of functions and classes are left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))
