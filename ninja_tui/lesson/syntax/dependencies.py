"""What the text of an answer tells: which gradients it depends on, and what it is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ninja_tui.lesson.syntax.names import assigned, changed, reads


@dataclass(frozen=True)
class Traits:
    """``depends`` are the names that the answer reads, also by way of names bound before it.

    ``multiplies`` and ``multiplies_matrices`` say whether it holds ``*`` and a matrix product; ``reads_grad``
    whether it reads somebody's ``.grad``.
    """

    depends: frozenset[str]
    multiplies: bool
    multiplies_matrices: bool
    reads_grad: bool


MATRIX_PRODUCTS = frozenset({"matmul", "mm", "bmm", "einsum", "addmm", "dot", "mv", "tensordot", "outer"})


Behind = dict[str, frozenset[str]]
"""For names that are no gradients, the names that they depend on."""


def behind(before: Iterable[str], gradients: frozenset[str]) -> Behind:
    """What the names that the statements ``before`` bind depend on."""
    found: Behind = {}
    for code in before:
        for statement in ast.parse(code).body:
            _follow(statement, found, gradients)
    return found


def traits_of(answer: Sequence[str], before: Behind, gradients: frozenset[str]) -> Traits:
    """The traits of the statements ``answer``, which follow others (see ``behind``); all complete Python.

    ``gradients`` are the names of the nodes' gradients.
    """
    known = dict(before)
    depends: set[str] = set()
    statements: list[ast.stmt] = []
    nodes: list[ast.AST] = []
    for code in answer:
        for statement in ast.parse(code).body:
            for name in (*reads(statement), *changed(statement)):
                depends |= {name} | known.get(name, frozenset())
            _follow(statement, known, gradients)
            statements.append(statement)
            nodes.extend(ast.walk(statement))
    return Traits(
        depends=frozenset(depends),
        multiplies=any(
            isinstance(node, ast.Mult) or (isinstance(node, ast.Attribute) and node.attr in ("mul", "multiply", "mul_"))
            for node in nodes
        ),
        multiplies_matrices=multiplies_matrices(statements),
        reads_grad=any(isinstance(node, ast.Attribute) and node.attr == "grad" for node in nodes),
    )


def multiplies_matrices(trees: Iterable[ast.AST]) -> bool:
    """Whether ``@`` or a function for it stands in ``trees``."""
    return any(
        isinstance(node, ast.MatMult) or (isinstance(node, ast.Attribute) and node.attr in MATRIX_PRODUCTS)
        for tree in trees
        for node in ast.walk(tree)
    )


def _follow(statement: ast.stmt, found: Behind, gradients: frozenset[str]) -> None:
    """Notes what the names that ``statement`` binds or changes depend on; gradients stand for themselves."""
    sources = reads(statement)
    for name in (assigned(statement) | changed(statement)) - gradients:
        known = found.get(name, frozenset()) if name in changed(statement) else frozenset()
        found[name] = known.union(sources, *(found.get(source, frozenset()) for source in sources))
