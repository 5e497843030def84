"""Changes to a syntax tree, one place at a time."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator


def rewritten(code: str, change: Callable[[ast.AST], ast.AST | None], *, everywhere: bool = False) -> Iterator[str]:
    """``code`` with ``change`` made at one place, once for every place where it gives something; or at all at once."""
    tree = ast.parse(code)
    count = sum(1 for _ in ast.walk(tree))
    if everywhere:
        yield ast.unparse(_Changed(change).visit(tree))
        return
    for number in range(count):
        fresh = ast.parse(code)  # parsing is cheaper than copying a tree
        place = list(ast.walk(fresh))[number]
        new = change(place)
        if new is not None:
            yield ast.unparse(ast.fix_missing_locations(_Put(place, new).visit(fresh)))


class _Put(ast.NodeTransformer):
    def __init__(self, place: ast.AST, new: ast.AST) -> None:
        self._place, self._new = place, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._place else self.generic_visit(node)


class _Changed(ast.NodeTransformer):
    def __init__(self, change: Callable[[ast.AST], ast.AST | None]) -> None:
        self._change = change

    def visit(self, node: ast.AST) -> ast.AST:
        return self._change(node) or self.generic_visit(node)


def expression(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def sums(node: ast.AST) -> ast.Call | None:
    """``node`` where it is a call of ``.sum``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="sum")):
            return node
    return None


def summand(call: ast.Call) -> ast.expr:
    assert isinstance(call.func, ast.Attribute)
    return call.func.value


def summed_with(arguments: str) -> Callable[[ast.AST], ast.AST | None]:
    """The change of a sum that gives it other arguments."""

    def change(node: ast.AST) -> ast.AST | None:
        call = sums(node)
        return None if call is None else expression(f"({ast.unparse(summand(call))}).sum({arguments})")

    return change


def averaged(node: ast.AST) -> ast.AST | None:
    """The change of a sum that makes it a mean."""
    call = sums(node)
    return (
        None if call is None else ast.Call(ast.Attribute(summand(call), "mean", ast.Load()), call.args, call.keywords)
    )
