"""Statements that do nothing but compute: those whose result nobody reads can be left out."""

from __future__ import annotations

import ast

from ninja_tui.lesson.syntax.names import changed
from ninja_tui.lesson.syntax.walk import everything

BY_ANY_NAME = frozenset({"eval", "exec", "globals", "locals", "vars"})
"""Functions that read names which the text does not show."""
_PURE_BUILTINS = frozenset({"range", "len", "float", "int", "abs", "min", "max", "sum", "tuple", "list"})
_RANDOM = ("rand", "dropout", "bernoulli", "multinomial", "normal", "seed", "poisson", "exponential", "uniform")
"""Parts of the names of methods that draw random numbers."""


def only_computes(statement: ast.stmt) -> bool:
    """Whether ``statement`` is an assignment to names with no other effect, as far as its text shows."""
    if not isinstance(statement, ast.Assign) or changed(statement):
        return False
    for node in everything(statement):
        match node:
            case ast.NamedExpr() | ast.Await() | ast.Lambda():
                return False
            case ast.Call(func=ast.Name(id=name)) if name not in _PURE_BUILTINS:
                return False
            case ast.Call(func=ast.Attribute(attr=method)) if any(word in method for word in _RANDOM):
                return False
            case ast.Call(func=ast.Attribute(attr="backward" | "append" | "pop" | "extend" | "update")):
                return False
    return True
