"""The code that answers a node: what binds its gradient, or ends in an expression that is to be it."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.completeness import binds
from ninja_tui.lesson.syntax.parsing import parse_code


@dataclass(frozen=True)
class AnswerForm:
    """``code`` binds the gradient. ``bare``: it was an expression without a name, in that ``line``, from ``column``.

    Then ``inserted`` characters more stand before it than the person typed.
    """

    code: str
    bare: bool = False
    line: int = 0
    column: int = 0
    inserted: int = 0

    def as_typed(self, error: CodeError) -> CodeError:
        """The place of an error in the code as it was typed."""
        if not self.bare or error.line != self.line or not error.column:
            return error
        source = error.source[: self.column] + error.source[self.column + self.inserted :]
        back = min(self.inserted, max(0, error.column - 1 - self.column))
        return replace(error, column=error.column - back, end_column=error.end_column - back, source=source)


def answer_form(code: str, gradient: str) -> AnswerForm | None:
    """The complete code ``code`` as an answer that binds ``gradient``; None where it is none.

    Of code that does not bind it the last statement counts, if that is an expression.
    """
    if binds(code, gradient):
        return AnswerForm(code)
    body = parse_code(code).body
    if not body or not isinstance(body[-1], ast.Expr):
        return None
    line = body[-1].lineno
    lines = code.split("\n")
    column = len(lines[line - 1].encode()[: body[-1].col_offset].decode())
    prefix = f"{gradient} = "
    lines[line - 1] = f"{lines[line - 1][:column]}{prefix}{lines[line - 1][column:]}"
    return AnswerForm("\n".join(lines), bare=True, line=line, column=column, inserted=len(prefix))
