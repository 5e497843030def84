"""Minibatches drawn ahead: one call of ``torch.randint`` for many steps, from the same stream of random numbers."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType
from typing import Any

import torch

from ninja_tui.lesson.syntax.names import assigned, changed, reads

OWN = "_ninja_"
"""How the names begin that generated code adds to a lesson's."""


@dataclass(frozen=True)
class Ahead:
    """A minibatch cell whose draw and whose look-ups ``A[ix]`` are done for many steps at once.

    ``statements`` are those of the cell with what was drawn in their place (empty where nothing is left to do);
    ``names`` are the names that ``draw`` gives values for, ``looked_up`` the tensors (None: the indices themselves).
    """

    statements: tuple[ast.Module, ...]
    names: tuple[str, ...]
    looked_up: tuple[str | None, ...]
    bounds: CodeType
    namespace: dict[str, Any]

    def tensors(self, steps: int) -> list[torch.Tensor]:
        """What ``steps`` draws give, one tensor a name, steps first: (steps, minibatch, …)."""
        low, high, size, generator = eval(self.bounds, self.namespace)
        drawn = torch.randint(low, high, (steps, size), generator=generator)
        return [drawn if name is None else self.namespace[name][drawn] for name in self.looked_up]

    def draw(self, steps: int) -> Iterable[tuple[torch.Tensor, ...]]:
        """The same step by step: the values of ``names``."""
        found = self.tensors(steps)
        return zip(*(tensor.unbind(0) for tensor in found), strict=True) if found else [()] * steps


def plan_ahead(
    cell: Sequence[ast.Module], namespace: dict[str, Any], step_reads: Collection[str], step_binds: Collection[str]
) -> Ahead | None:
    """How to draw ahead for the statements of ``cell``; None where the cell has to run as it stands.

    That is wherever something else might draw from the same generator. ``step_reads`` and ``step_binds`` are the
    names that the rest of a step reads, and binds or changes.
    """
    statements = [tree.body[0] for tree in cell]
    found = [(at, draw) for at, statement in enumerate(statements) if (draw := _draw_in(statement))]
    if len(found) != 1:
        return None
    at, (index, bounds, generator) = found[0]
    bound = {name for statement in statements for name in assigned(statement) | changed(statement)} | set(step_binds)
    steady = {name for name in namespace if name not in bound}
    others = [name for number, each in enumerate(statements) if number != at for name in reads(each)]
    once = sum(index in assigned(statement) | changed(statement) for statement in statements) == 1
    if (
        not once
        or not set(reads(bounds)) <= steady
        or index in {name for each in statements[:at] for name in reads(each)}
    ):
        return None
    if any(_may_draw(namespace.get(name), namespace[generator]) for name in {*others, *step_reads}):
        return None
    lookup = _LookUp(index, {name for name in steady if isinstance(namespace[name], torch.Tensor)})
    rest = [
        ast.Module([lookup.visit(each)], []) if number > at else tree
        for number, (each, tree) in enumerate(
            zip((ast.parse(ast.unparse(each)).body[0] for each in statements), cell, strict=True)
        )
    ]
    names, looked_up = [f"{OWN}{name}" for name in lookup.found], list[str | None](lookup.found)
    drawn = ast.Module([], [])
    if index in step_reads or any(index in reads(tree) for tree in rest[at + 1 :]):
        drawn = ast.parse(f"{index} = {OWN}drawn_{index}")
        names.append(f"{OWN}drawn_{index}")
        looked_up.append(None)
    code = compile(ast.fix_missing_locations(ast.Expression(bounds)), "<draw>", "eval")
    return Ahead((*rest[:at], drawn, *rest[at + 1 :]), tuple(names), tuple(looked_up), code, namespace)


def _draw_in(statement: ast.stmt) -> tuple[str, ast.expr, str] | None:
    """Of ``ix = torch.randint(low, high, (k,), generator=g)``: ``ix``, the expression (low, high, k, g), and ``g``."""
    match statement:
        case ast.Assign(
            targets=[ast.Name(id=index)],
            value=ast.Call(
                func=ast.Attribute(value=ast.Name(id="torch"), attr="randint"),
                args=[*limits, ast.Tuple(elts=[size]) | ast.List(elts=[size])],
                keywords=[ast.keyword(arg="generator", value=ast.Name(id=generator) as source)],
            ),
        ) if len(limits) in (1, 2):
            low: ast.expr = ast.Constant(0) if len(limits) == 1 else limits[0]
            return index, ast.Tuple([low, limits[-1], size, source], ast.Load()), generator
    return None


def _may_draw(value: object, generator: object) -> bool:
    """Whether code that reads ``value`` might draw from ``generator``: it is that, or the lesson's own function."""
    if isinstance(value, ModuleType | torch.Tensor | int | float | str):
        return False
    return (
        value is generator
        or isinstance(value, FunctionType)
        or (
            isinstance(value, list | tuple | dict)
            and (any(each is generator for each in (value.values() if isinstance(value, dict) else value)))
        )
    )


class _LookUp(ast.NodeTransformer):
    """Puts a name in the place of every ``A[ix]``; ``found`` lists the ``A``."""

    def __init__(self, index: str, tensors: Collection[str]) -> None:
        self._index, self._tensors = index, tensors
        self.found: list[str] = []

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        match node:
            case ast.Subscript(value=ast.Name(id=tensor), slice=ast.Name(id=index), ctx=ast.Load()) if (
                index == self._index and tensor in self._tensors
            ):
                if tensor not in self.found:
                    self.found.append(tensor)
                return ast.copy_location(ast.Name(f"{OWN}{tensor}", ast.Load()), node)
        return self.generic_visit(node)
