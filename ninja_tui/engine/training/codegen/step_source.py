"""From a recipe to one function that trains: minibatch, forward, backward, update.

The function has nothing of a particular network in it. Its arguments are the learning rates of its steps, what was
drawn ahead for them, and a list that takes the losses, each from before its step's update.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.codegen.draws import Ahead, plan_ahead
from ninja_tui.engine.training.recipe import Recipe, live
from ninja_tui.engine.training.step import PREFIX, StepFragment
from ninja_tui.lesson.syntax.rewrite import globals_to_nonlocals, replace_ranges

_FILENAME = f"<{PREFIX}train>"
_TEMPLATE = f"""\
def {PREFIX}train({PREFIX}rates, {PREFIX}ahead, {PREFIX}losses):
    for {PREFIX}rate, {PREFIX}drawn in zip({PREFIX}rates, {PREFIX}ahead):
        pass
"""
_FIRST_LINE = 3
"""Of what stands in the loop."""


@dataclass(frozen=True)
class _Placed:
    """A statement of the function; ``fragment`` is None where it is none of the step's."""

    tree: ast.Module
    fragment: StepFragment | None = None


@dataclass(frozen=True)
class _Span:
    """The lines of the function in which ``fragment`` stands."""

    first: int
    last: int
    fragment: StepFragment


@dataclass(frozen=True)
class Generated:
    """A compiled training function, ``train(rates, ahead, losses)``, with what was planned for it.

    ``rebinds`` are the lesson's names that a step rebinds; each step begins with the lesson's values for them.
    """

    train: Callable[[Iterable[float], Iterable[Any], list[Any]], None]
    ahead: Ahead | None
    rebinds: frozenset[str]
    spans: tuple[_Span, ...]
    filename: str = _FILENAME

    def where(self, line: int) -> tuple[StepFragment, int] | None:
        """The statement that stands in ``line`` of the function, and the line of that statement's file."""
        for span in self.spans:
            if span.first <= line <= span.last:
                return span.fragment, span.fragment.line + line - span.first if span.fragment.line else 0
        return None


def generate(recipe: Recipe, namespace: Namespace) -> Generated:
    """The function for ``recipe``, which runs in ``namespace``, and binds there what it reads.

    Raises SyntaxError for a statement that cannot stand in a function, such as ``from torch import *``.
    """
    ahead = _plan_ahead(recipe, namespace)
    recorded = [*_minibatch(recipe, ahead), *_forward(recipe), *map(_placed, recipe.autograd())]
    unrecorded = [*map(_placed, recipe.answers), *map(_placed, recipe.update())]
    _bind_ranges([*recorded, *unrecorded], recipe, namespace)
    function, loop = _template()
    middle = _FIRST_LINE + sum(_lines(each.tree) for each in recorded)
    spans = _append(recorded, loop.body, _FIRST_LINE)
    body = _no_grad(loop.body) if recipe.with_autograd else loop.body
    spans += _append(unrecorded, body, middle)
    rebinds = _bind_constants(function, loop, recipe, namespace)
    ast.fix_missing_locations(function)
    exec(compile(function, _FILENAME, "exec"), namespace)
    return Generated(namespace.pop(f"{PREFIX}train"), ahead, rebinds, tuple(spans))


def _placed(fragment: StepFragment) -> _Placed:
    return _Placed(fragment.module(), fragment)


def _plan_ahead(recipe: Recipe, namespace: Namespace) -> Ahead | None:
    rest = (*recipe.forward, *recipe.backward)
    read = {name for fragment in rest for name in fragment.reads}
    bound = {name for fragment in rest for name in fragment.binds} | set(recipe.parameters)
    return plan_ahead([fragment.module() for fragment in recipe.minibatch], namespace, read, bound)


def _minibatch(recipe: Recipe, ahead: Ahead | None) -> list[_Placed]:
    if ahead is None:
        return [*map(_placed, recipe.minibatch)]
    statements = [
        _Placed(tree, fragment)
        for fragment, tree in zip(recipe.minibatch, ahead.statements, strict=True)
        if tree.body
    ]  # fmt: skip
    if not ahead.names:
        return statements
    return [_Placed(ast.parse(f"({', '.join(ahead.names)},) = {PREFIX}drawn")), *statements]


def _forward(recipe: Recipe) -> list[_Placed]:
    """The forward pass, and the statement that takes the loss."""
    statements = live(recipe.forward, {recipe.loss}, recipe.backward)
    loss = f"{recipe.loss}{'.detach()' if recipe.with_autograd else ''}"
    return [*map(_placed, statements), _Placed(ast.parse(f"{PREFIX}losses.append({loss})"))]


def _bind_ranges(statements: Sequence[_Placed], recipe: Recipe, namespace: Namespace) -> None:
    """Puts a tensor in the place of ``range(n)`` in an index, where ``n`` is the same in every step.

    PyTorch takes longer to make a tensor of a range than to index with it.
    """
    bound = {name for fragment in recipe.statements() for name in fragment.binds}
    if "range" in bound or "range" in namespace:
        return
    constants = {name: value for name, value in namespace.items() if isinstance(value, int) and name not in bound}
    for statement in statements:
        for count in replace_ranges(statement.tree, constants, lambda count: f"{PREFIX}rows_{count}"):
            namespace[f"{PREFIX}rows_{count}"] = torch.arange(count)


def _template() -> tuple[ast.Module, ast.For]:
    """The function, and the loop in it, which is empty."""
    module = ast.parse(_TEMPLATE)
    function = module.body[0]
    assert isinstance(function, ast.FunctionDef)
    loop = function.body[0]
    assert isinstance(loop, ast.For)
    loop.body = []
    return module, loop


def _no_grad(body: list[ast.stmt]) -> list[ast.stmt]:
    """The empty body of a ``with torch.no_grad()`` that is appended to ``body``."""
    (unrecorded,) = ast.parse("with torch.no_grad():\n    pass").body
    assert isinstance(unrecorded, ast.With)
    unrecorded.body = []
    body.append(unrecorded)
    return unrecorded.body


def _append(statements: Sequence[_Placed], body: list[ast.stmt], line: int) -> list[_Span]:
    """Appends ``statements`` to ``body``, the first of them in ``line``."""
    spans: list[_Span] = []
    for statement in statements:
        length = _lines(statement.tree)
        ast.increment_lineno(statement.tree, line - 1)
        body += statement.tree.body
        if statement.fragment is not None:
            spans.append(_Span(line, line + length - 1, statement.fragment))
        line += length
    return spans


def _lines(tree: ast.Module) -> int:
    """The lines of a statement that begins in line 1."""
    (statement,) = tree.body
    return statement.end_lineno or 1


def _bind_constants(function: ast.Module, loop: ast.For, recipe: Recipe, namespace: Namespace) -> frozenset[str]:
    """Has each step begin with the lesson's values for the names that it rebinds; those names.

    The values, and the parameters, stand in ``namespace`` under names that begin with ``PREFIX``.
    """
    for name in globals_to_nonlocals(function):
        loop.body[:0] = _reset(name)
        namespace[f"{PREFIX}{name}"] = namespace.get(name)
    rebinds = _local_names(function) & (namespace.keys() | vars(builtins).keys())
    loop.body[:0] = [statement for name in sorted(rebinds) for statement in _reset(name)]
    for name in (*rebinds, *recipe.parameters):
        namespace[f"{PREFIX}{name}"] = namespace[name] if name in namespace else getattr(builtins, name)
    return frozenset(rebinds)


def _reset(name: str) -> list[ast.stmt]:
    return ast.parse(f"{name} = {PREFIX}{name}").body


def _local_names(function: ast.Module) -> set[str]:
    """The names that are local to the function; raises SyntaxError."""
    table = symtable.symtable(ast.unparse(function), "<step>", "exec").get_children()[0]
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()}
    return {name for name in names if not name.startswith(PREFIX)}
