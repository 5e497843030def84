"""Where in a file an error was raised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ninja_tui.lesson.syntax.code_error import CodeError, error_at
from ninja_tui.lesson.syntax.fragment import Fragment


def raised_in(
    statements: Iterable[Fragment], message: str, line: int, columns: tuple[int, int] | None
) -> CodeError | None:
    """The error that the file's ``line`` raised, in those ``columns``: in the first of the statements that has it.

    None where none of them has.
    """
    for statement in statements:
        if statement.line <= line <= statement.end_line:
            found = error_at(message, statement.code, line - statement.line + 1, columns)
            return replace(found, line=line) if found.line else None
    return None
