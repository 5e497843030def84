"""A statement with the shape of every tensor written after its name."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import everything

Shape = tuple[int, ...]
LIBRARIES = ("torch", "F")
"""The names whose functions take their tensor as the first argument."""
ELEMENTWISE = frozenset(
    ("abs", "clamp", "clone", "cos", "exp", "log", "neg", "pow", "reciprocal", "relu", "sigmoid", "sin", "sqrt",
     "square", "tanh")
)  # fmt: skip
"""Functions that leave the shape of their tensor as it is."""


@dataclass(frozen=True)
class Piece:
    """A part of a statement: code as it stands, or a shape that is written after a name."""

    text: str
    is_shape: bool


def pieces(code: str, shapes: Mapping[str, Shape]) -> list[Piece]:
    """The statement ``code`` in pieces: each shape after the first mention of its name, broadcast axes marked.

    ``probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1→27)``, for the names that ``shapes`` knows.
    """
    lines = [line.encode() for line in code.split("\n")]
    starts = [0, *itertools.accumulate(len(line) + 1 for line in lines)]
    whole, parts, at = b"\n".join(lines), list[Piece](), 0
    for line, column, text in _written(parse_code(code), shapes):
        end = starts[line - 1] + column
        parts += [Piece(whole[at:end].decode(), is_shape=False), Piece(f" {text}", is_shape=True)]
        at = end
    return [*parts, Piece(whole[at:].decode(), is_shape=False)]


def _written(tree: ast.Module, shapes: Mapping[str, Shape]) -> Iterator[tuple[int, int, str]]:
    """Line and column of the end of a name, and the shape to be written there, in order; none a second time."""
    broadcast = _broadcast_names(tree, shapes)
    names = [node for node in everything(tree) if isinstance(node, ast.Name) and node.id in shapes]
    written: set[tuple[str, str]] = set()
    for node in sorted(names, key=lambda node: (node.lineno, node.col_offset)):
        text = broadcast.get(node) or str(shapes[node.id])
        if (node.id, text) not in written:
            written.add((node.id, text))
            yield node.end_lineno or node.lineno, node.end_col_offset or 0, text


def _broadcast_names(tree: ast.Module, shapes: Mapping[str, Shape]) -> dict[ast.Name, str]:
    """The names that an elementwise operation broadcasts, with their marked shapes.

    None where the shape of what is bound is not known: a mark would tell it.
    """
    results = {
        statement.value: shapes[target.id]
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and target.id in shapes
    }
    marked: dict[ast.Name, str] = {}
    for node in everything(tree) if results else ():
        if not isinstance(node, ast.BinOp) or isinstance(node.op, ast.MatMult):
            continue
        result = shape_of(node, shapes) or results.get(node)
        for operand in (node.left, node.right):
            name = operand.operand if isinstance(operand, ast.UnaryOp) else operand
            shape = shapes.get(name.id) if isinstance(name, ast.Name) else None
            if isinstance(name, ast.Name) and shape is not None and result and _spreads(shape, result):
                marked[name] = broadcast_text(shape, result)
    return marked


def broadcast_text(shape: Shape, result: Shape) -> str:
    """``(32, 1→27)`` for a shape that is broadcast to ``result``; an axis that is not there is ``→32``."""
    before = [""] * (len(result) - len(shape)) + [str(size) for size in shape]
    sizes = [one if one == str(size) else f"{one}→{size}" for one, size in zip(before, result, strict=True)]
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def shape_of(tree: ast.expr, shapes: Mapping[str, Shape]) -> Shape | None:
    """The shape that an expression has; None where its text alone does not tell it."""
    match tree:
        case ast.Name(id=name):
            return shapes.get(name)
        case ast.Constant(value=int() | float()):
            return ()
        case ast.UnaryOp(operand=operand):
            return shape_of(operand, shapes)
        case ast.BinOp(left=left, op=operator, right=right):
            one, other = shape_of(left, shapes), shape_of(right, shapes)
            if one is None or other is None:
                return None
            return product(one, other) if isinstance(operator, ast.MatMult) else broadcast(one, other)
        case ast.Attribute(value=value, attr="T"):
            shape = shape_of(value, shapes)
            return None if shape is None else shape[::-1]
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=args) if name in ELEMENTWISE:
            of_library = isinstance(value, ast.Name) and value.id in LIBRARIES
            return shape_of(args[0] if of_library and args else value, shapes)
    return None


def product(one: Shape, other: Shape) -> Shape | None:
    """The shape of a product of matrices, or of stacks of them."""
    if len(one) < 2 or len(other) < 2 or one[-1] != other[-2]:
        return None
    stack = broadcast(one[:-2], other[:-2])
    return None if stack is None else (*stack, one[-2], other[-1])


def broadcast(one: Shape, other: Shape) -> Shape | None:
    """The shape that an elementwise operation gives; None where the two do not fit."""
    pairs = [*itertools.zip_longest(reversed(one), reversed(other), fillvalue=1)]
    if any(1 not in pair and pair[0] != pair[1] for pair in pairs):
        return None
    return tuple(first if second == 1 else second for first, second in reversed(pairs))


def _spreads(shape: Shape, result: Shape) -> bool:
    """Whether it takes broadcasting to make ``result`` of ``shape``."""
    return shape != result and broadcast(shape, result) == result
