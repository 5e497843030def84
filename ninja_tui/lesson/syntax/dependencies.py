"""Which gradients an answer depends on, from its text, and which operations it is made of."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ninja_tui.lesson.syntax.names import assigned, changed, reads
from ninja_tui.lesson.syntax.parsing import parse_code

MATRIX_PRODUCTS = frozenset({"matmul", "mm", "bmm", "einsum", "addmm", "dot", "mv", "tensordot", "outer"})
PRODUCTS = frozenset({"mul", "multiply", "mul_"})


@dataclass(frozen=True)
class Traits:
    """``depends`` are the names that the answer reads, also by way of names bound before it.

    ``multiplies`` and ``multiplies_matrices`` say whether it holds ``*`` and a matrix product; ``reads_grad``
    whether it reads the ``.grad`` of a tensor.
    """

    depends: frozenset[str]
    multiplies: bool
    multiplies_matrices: bool
    reads_grad: bool


Dependencies = dict[str, frozenset[str]]
"""For names that are no gradients, the names that they depend on."""


def dependencies_after(statements: Iterable[str], gradients: frozenset[str]) -> Dependencies:
    """What the names that ``statements`` bind depend on after them."""
    dependencies: Dependencies = {}
    for code in statements:
        for statement in parse_code(code).body:
            _follow(statement, dependencies, gradients)
    return dependencies


def traits_of(answer: Sequence[str], before: Dependencies, gradients: frozenset[str]) -> Traits:
    """The traits of the statements ``answer``, with the dependencies of the names ``before`` them.

    ``gradients`` are the names of the nodes' gradients. All code is complete Python.
    """
    dependencies = dict(before)
    depends: set[str] = set()
    statements = [statement for code in answer for statement in parse_code(code).body]
    for statement in statements:
        for name in (*reads(statement), *changed(statement)):
            depends |= {name} | dependencies.get(name, frozenset())
        _follow(statement, dependencies, gradients)
    return Traits(
        depends=frozenset(depends),
        multiplies=any(_uses(statement, ast.Mult, PRODUCTS) for statement in statements),
        multiplies_matrices=any(map(multiplies_matrices, statements)),
        reads_grad=any(_uses(statement, None, frozenset({"grad"})) for statement in statements),
    )


def multiplies_matrices(tree: ast.AST) -> bool:
    """Whether ``@`` or a function for it is in ``tree``."""
    return _uses(tree, ast.MatMult, MATRIX_PRODUCTS)


def _uses(tree: ast.AST, operator: type[ast.operator] | None, attributes: frozenset[str]) -> bool:
    return any(
        (operator is not None and isinstance(node, operator))
        or (isinstance(node, ast.Attribute) and node.attr in attributes)
        for node in ast.walk(tree)
    )


def _follow(statement: ast.stmt, dependencies: Dependencies, gradients: frozenset[str]) -> None:
    """Notes what the names that ``statement`` binds or changes depend on; gradients stand for themselves."""
    sources = reads(statement)
    for name in (assigned(statement) | changed(statement)) - gradients:
        before = dependencies.get(name, frozenset()) if name in changed(statement) else frozenset()
        dependencies[name] = before.union(sources, *(dependencies.get(source, frozenset()) for source in sources))
