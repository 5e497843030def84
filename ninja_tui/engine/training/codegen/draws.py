"""Minibatches drawn ahead: one call of ``torch.randint`` for many steps, from the same stream of random numbers."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType, ModuleType

import torch

from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.step import PREFIX
from ninja_tui.lesson.syntax.names import assigned, changed, reads
from ninja_tui.lesson.syntax.rewrite import replace_lookups


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
    namespace: Namespace

    def tensors(self, steps: int) -> list[torch.Tensor]:
        """The draws of ``steps`` steps, one tensor a name, steps first: (steps, minibatch, …)."""
        low, high, size, generator = eval(self.bounds, self.namespace)
        drawn = torch.randint(low, high, (steps, size), generator=generator)
        return [drawn if name is None else self.namespace[name][drawn] for name in self.looked_up]

    def draw(self, steps: int) -> Iterable[tuple[torch.Tensor, ...]]:
        """The same step by step: the values of ``names``."""
        tensors = self.tensors(steps)
        return zip(*(tensor.unbind(0) for tensor in tensors), strict=True) if tensors else [()] * steps


@dataclass(frozen=True)
class _Draw:
    """``index = torch.randint(low, high, (size,), generator=g)``; ``bounds`` is the tuple (low, high, size, g)."""

    index: str
    bounds: ast.expr
    generator: str


def plan_ahead(
    cell: Sequence[ast.Module], namespace: Namespace, step_reads: Collection[str], step_binds: Collection[str]
) -> Ahead | None:
    """How to draw ahead for the statements of ``cell``; None where the cell has to run as it stands.

    That is wherever something else might draw from the same generator. ``step_reads`` and ``step_binds`` are the
    names that the rest of a step reads, and binds or changes.
    """
    statements = [tree.body[0] for tree in cell]
    draws = [(at, draw) for at, statement in enumerate(statements) if (draw := _draw_in(statement))]
    if len(draws) != 1:
        return None
    at, draw = draws[0]
    before, after = statements[:at], statements[at + 1 :]
    bound = {name for statement in statements for name in assigned(statement) | changed(statement)} | set(step_binds)
    constant = namespace.keys() - bound
    others = [name for statement in (*before, *after) for name in reads(statement)]
    if not _is_bound_once(draw.index, statements) or not set(reads(draw.bounds)) <= constant:
        return None
    if any(draw.index in reads(statement) for statement in before):
        return None
    if any(_may_draw(namespace.get(name), namespace[draw.generator]) for name in {*others, *step_reads}):
        return None
    tensors = {name: f"{PREFIX}{name}" for name in constant if isinstance(namespace[name], torch.Tensor)}
    rest, looked_up = replace_lookups(after, draw.index, tensors)
    names = [tensors[name] for name in looked_up]
    sources: list[str | None] = [*looked_up]
    drawn = ast.Module([], [])
    if draw.index in step_reads or any(draw.index in reads(statement) for statement in rest):
        names.append(f"{PREFIX}drawn_{draw.index}")
        sources.append(None)
        drawn = ast.parse(f"{draw.index} = {names[-1]}")
    code = compile(ast.fix_missing_locations(ast.Expression(draw.bounds)), "<draw>", "eval")
    trees = (*cell[:at], drawn, *(ast.Module([statement], []) for statement in rest))
    return Ahead(trees, tuple(names), tuple(sources), code, namespace)


def _is_bound_once(name: str, statements: Sequence[ast.stmt]) -> bool:
    return sum(name in assigned(statement) | changed(statement) for statement in statements) == 1


def _draw_in(statement: ast.stmt) -> _Draw | None:
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
            return _Draw(index, ast.Tuple([low, limits[-1], size, source], ast.Load()), generator)
    return None


def _may_draw(value: object, generator: object) -> bool:
    """Whether code that reads ``value`` might draw from ``generator``: it is that, or a function of the lesson."""
    if isinstance(value, ModuleType | torch.Tensor | int | float | str):
        return False
    if value is generator or isinstance(value, FunctionType):
        return True
    if not isinstance(value, list | tuple | dict):
        return False
    return any(each is generator for each in (value.values() if isinstance(value, dict) else value))
