"""A piece of code with its lines: the one type for it everywhere."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Fragment:
    """Code that stands in the lines ``line`` to ``end_line`` of its file, counted from 1."""

    code: str
    line: int
    end_line: int

    @classmethod
    def at(cls, code: str, line: int) -> Fragment:
        """``code`` whose first line is ``line``."""
        return cls(code, line, line + code.count("\n"))

    @cached_property
    def statements(self) -> list[ast.stmt]:
        """The parsed statements, whose lines count in ``code``; raises what ``ast.parse`` raises."""
        return ast.parse(self.code).body
