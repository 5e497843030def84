"""The parts of what a statement computes: factors, terms, operands, calls. None where there is not exactly one."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import TypeVar

from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment
from ninja_tui.lesson.syntax.walk import everything

Computing = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return
"""A statement that holds no others, and computes something."""
Operators = type[ast.operator] | tuple[type[ast.operator], ...]
Names = Collection[str]
N = TypeVar("N", bound=ast.AST)


def computing(fragment: Fragment) -> list[Computing]:
    """The statements in ``fragment`` that compute something, in source order; none where it is no Python."""
    try:
        trees = fragment.statements
    except UNREADABLE:
        return []
    found = [
        node for tree in trees for node in everything(tree) if isinstance(node, Computing) and node.value is not None
    ]
    return sorted(found, key=lambda node: (node.lineno, node.col_offset))


def value_for(statement: Computing, name: str) -> ast.expr:
    """What ``statement`` computes for ``name``: of ``da, db = x, y`` one of two."""
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(values):
            for target, each in zip(targets, values, strict=True):
                if ast.unparse(target) == name:
                    return each
    if statement.value is None:
        raise ValueError("a statement that computes nothing")
    return statement.value


def targets(statement: Computing) -> frozenset[str]:
    """What ``statement`` assigns to, as it is written: ``dW``, ``self.dW``, ``grads['W']``, each item of a tuple."""
    match statement:
        case ast.Assign(targets=found):
            pass
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
            found = [target]
        case _:
            return frozenset()
    each = [item for target in found for item in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return frozenset(ast.unparse(item) for item in each)


def names_in(value: ast.expr) -> frozenset[str]:
    """The names that ``value`` reads."""
    return frozenset(node.id for node in _all(value, ast.Name))


def factor_with(value: ast.expr, names: Names) -> ast.expr | None:
    """The factor of a product in which a name stands."""
    return _part_with(_operands(value, ast.Mult), names)


def term_with(value: ast.expr, names: Names) -> ast.expr | None:
    """The term of a sum in which a name stands."""
    return _part_with(_operands(value, (ast.Add, ast.Sub)), names)


def factor_beside(value: ast.expr, names: Names) -> ast.expr | None:
    """The factor of a product that stands beside those in which a name is."""
    factors = _operands(value, ast.Mult)
    beside = [factor for factor in factors if not _has(factor, names)]
    return _only(beside) if len(beside) < len(factors) else None


def first_name(value: ast.expr, names: Names) -> ast.expr | None:
    """The first place in which one of the names stands."""
    found = [node for node in _all(value, ast.Name) if node.id in names]
    return min(found, key=lambda node: (node.lineno, node.col_offset), default=None)


def matrix_operand(value: ast.expr, names: Names) -> ast.expr | None:
    """The operand of a matrix product in which a name stands, with its ``.T``; else the one matrix product."""
    products = [node for node in _all(value, ast.BinOp) if isinstance(node.op, ast.MatMult)]
    operands = [operand for product in products for operand in (product.left, product.right)]
    return _only([operand for operand in operands if _has(operand, names)]) or _only(products)


def operation(value: ast.expr, operator: type[ast.operator]) -> ast.expr | None:
    """What is computed by ``operator``: all of it, or the one place where it stands."""
    match value:
        case ast.BinOp(op=op) if isinstance(op, operator):
            return value
    return _only([node for node in _all(value, ast.BinOp) if isinstance(node.op, operator)])


def call_of(value: ast.expr, names: Names) -> ast.expr | None:
    """The one call of a function or method with one of these names."""
    calls = list(_all(value, ast.Call))
    return _only([call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in names])


def attribute(value: ast.expr, name: str) -> ast.expr | None:
    """The one place where an attribute is read."""
    return _only([node for node in _all(value, ast.Attribute) if node.attr == name])


def comparison(value: ast.expr) -> ast.expr | None:
    """The one comparison."""
    return _only(list(_all(value, ast.Compare)))


def changed_item(statement: Computing) -> ast.expr | None:
    """What an assignment changes a part of: ``dC[Xb]``."""
    match statement:
        case ast.Assign(targets=[ast.Subscript() as target]) | ast.AugAssign(target=ast.Subscript() as target):
            return target
    return None


def _all(value: ast.expr, kind: type[N]) -> Iterator[N]:
    return (node for node in everything(value) if isinstance(node, kind))


def _operands(value: ast.expr, operators: Operators) -> list[ast.expr]:
    """What ``value`` is made of by ``operators``; itself alone where it is not."""
    match value:
        case ast.BinOp(left, operator, right) if isinstance(operator, operators):
            return [*_operands(left, operators), *_operands(right, operators)]
        case ast.UnaryOp(ast.USub(), operand):
            return _operands(operand, operators)
    return [value]


def _part_with(parts: Sequence[ast.expr], names: Names) -> ast.expr | None:
    return _only([part for part in parts if _has(part, names)]) if len(parts) > 1 else None


def _has(value: ast.expr, names: Names) -> bool:
    return not names_in(value).isdisjoint(names)


def _only(found: Sequence[ast.expr]) -> ast.expr | None:
    return found[0] if len(found) == 1 else None
