"""A piece of code with its lines: the one type for it everywhere."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ninja_tui.lesson.syntax.parsing import parse_code

UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What ``ast.parse`` raises for a text that is no Python, or too deep for it."""


@dataclass(frozen=True)
class Fragment:
    """Code that stands in the lines ``line`` to ``end_line`` of its file, counted from 1.

    Trees are parsed once and shared: nobody changes them. Their lines count in ``code``.
    """

    code: str
    line: int
    end_line: int

    @classmethod
    def at(cls, code: str, line: int) -> Fragment:
        """``code`` whose first line is ``line``."""
        return cls(code, line, line + code.count("\n"))

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """The parsed statements; raises what ``ast.parse`` raises."""
        return tuple(parse_code(self.code).body)

    @property
    def tree(self) -> ast.stmt:
        """The tree of its first statement, for a fragment that is one; raises IndexError for one without any."""
        return self.statements[0]

    def with_code(self, code: str) -> Fragment:
        """Other code in the same lines."""
        return Fragment(code, self.line, self.end_line)


def parsed(code: str) -> ast.Module | None:
    """The tree of ``code``; None where it is no Python."""
    try:
        return parse_code(code)
    except UNREADABLE:
        return None


def first_line_of(tree: ast.stmt) -> int:
    """The line in which a statement begins: that of its first decorator, if it has any."""
    decorators: list[ast.expr] = getattr(tree, "decorator_list", [])
    return min([tree.lineno, *(decorator.lineno for decorator in decorators)])


def cut(tree: ast.stmt, lines: Sequence[str], first_line: int = 1) -> Fragment:
    """The statement ``tree`` of ``lines``, without the others on its lines and without its block's indentation.

    ``first_line`` is the file's line of the first of ``lines``.
    """
    first, last = first_line_of(tree), tree.end_lineno or tree.lineno
    part = list(lines[first - 1 : last])
    part[-1] = part[-1].encode()[: tree.end_col_offset].decode()
    code = "\n".join(part)
    start = lines[tree.lineno - 1].encode()[: tree.col_offset].decode()
    if start.strip():  # after another statement on the same line
        code = code.removeprefix(start)
    elif tree.col_offset:
        code = textwrap.dedent(code)
        if parsed(code) is None:
            code = ast.unparse(tree)
    return Fragment(code, first + first_line - 1, last + first_line - 1)


def inner_fragments(fragment: Fragment, body: Sequence[ast.stmt]) -> list[Fragment]:
    """The fragments of ``body``, statements inside ``fragment``."""
    lines = fragment.code.split("\n")
    return [cut(statement, lines, fragment.line) for statement in body]
