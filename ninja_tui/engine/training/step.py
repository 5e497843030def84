"""The statements of a training step, and the part of it that each belongs to."""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass
from functools import cached_property

from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import assigned, changed, reads
from ninja_tui.lesson.syntax.parsing import parse_code

PREFIX = "_ninja_"
"""Begins the names that generated code adds to a lesson's."""


class Part(enum.StrEnum):
    """The part of a training step that a statement belongs to."""

    MINIBATCH = "minibatch"
    FORWARD = "forward"
    AUTOGRAD = "autograd"
    ANSWERS = "answers"
    UPDATE = "update"


@dataclass(frozen=True)
class StepFragment(Fragment):
    """One top-level statement of a training step; its ``line`` is 0 where it stands in no file."""

    part: Part

    @classmethod
    def generated(cls, part: Part, code: str) -> StepFragment:
        """A statement that stands in no file."""
        return cls(code, 0, 0, part)

    def module(self) -> ast.Module:
        """A syntax tree of its own, which may be changed; its first line is line 1."""
        return parse_code(self.code)

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that it binds or changes in place."""
        (statement,) = self.statements
        return assigned(statement) | changed(statement)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that it reads."""
        (statement,) = self.statements
        return frozenset(reads(statement))

    @property
    def shown_code(self) -> str:
        """Its code for a person to read, without ``PREFIX``."""
        return self.code.replace(PREFIX, "")


def split(fragment: Fragment, part: Part) -> tuple[StepFragment, ...]:
    """The top-level statements of ``fragment``; raises SyntaxError.

    Calls and definitions of the notebook's ``cmp`` are left out.
    """
    statements: list[StepFragment] = []
    for statement in parse_code(fragment.code).body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="cmp"))) | ast.FunctionDef(name="cmp") | ast.Global():
                continue
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
        code = ast.get_source_segment(fragment.code, statement) or ast.unparse(statement)
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        if decorators or not _stands_alone(code):
            code = ast.unparse(statement)
        first, last = statement.lineno, statement.end_lineno or statement.lineno
        statements.append(StepFragment(code, fragment.line + first - 1, fragment.line + last - 1, part))
    return tuple(statements)


def _stands_alone(code: str) -> bool:
    try:
        return len(parse_code(code).body) == 1
    except SyntaxError:
        return False
