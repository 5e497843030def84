"""The values of assignments: numbers and lists that are written out, and what is computed."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ninja_tui.lesson.syntax.names import target_names
from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import everything

NUMBERS = (
    ast.Constant, ast.Name, ast.Attribute, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Tuple, ast.Call,
    ast.operator, ast.unaryop, ast.expr_context,
)  # fmt: skip
"""What a number is computed with."""
SIZES = frozenset({"len", "int", "float", "sqrt", "log", "size", "numel"})
"""What gives a number, and does nothing else."""


def bound_numbers(statements: Iterable[ast.stmt]) -> dict[str, int]:
    """The whole numbers that ``statements`` bind: ``batch_size = 32``, ``block_size: int = 3``."""
    numbers: dict[str, int] = {}
    for statement in statements:
        match statement:
            case (
                ast.Assign(targets=[target], value=ast.Constant(value=int() as value))
                | ast.AnnAssign(target=target, value=ast.Constant(value=int() as value))
            ):
                numbers |= dict.fromkeys(target_names(target), value)
    return numbers


def bound_lists(statements: Iterable[ast.stmt]) -> dict[str, tuple[str, ...]]:
    """The lists of names that ``statements`` bind: ``parameters = [C, W1]``, ``asks = ["logits"]``."""
    lists: dict[str, tuple[str, ...]] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[target], value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
                names = [e.id if isinstance(e, ast.Name) else getattr(e, "value", None) for e in elements]
                if all(isinstance(name, str) for name in names):
                    lists |= dict.fromkeys(target_names(target), tuple(map(str, names)))
    return lists


def computed_values(code: str) -> list[str]:
    """The expressions whose values the statements of ``code`` bind or show, without plain names and constants."""
    values = [getattr(statement, "value", None) for statement in parse_code(code).body]
    plain = ast.Name | ast.Constant
    return [ast.unparse(value) for value in values if isinstance(value, ast.expr) and not isinstance(value, plain)]


def computes_numbers(tree: ast.stmt) -> bool:
    """Whether it binds names to numbers, written out or computed from others, or from sizes."""
    match tree:
        case ast.Assign(targets=[ast.Name() | ast.Tuple()], value=value) if not isinstance(value, ast.Name):
            return all(isinstance(part, NUMBERS) and _is_size(part) for part in everything(value))
    return False


def _is_size(part: ast.AST) -> bool:
    """Whether a part of an expression, if it is a call, gives a number."""
    match part:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in SIZES
        case ast.Call():
            return False
        case ast.Constant(value=value):
            return isinstance(value, int | float)
    return True
