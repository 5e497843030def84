"""An error in a piece of Python, with the place to point at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodeError:
    """What is wrong, without its place; ``source`` is the line of code, of which it is the ``line``th from 1.

    It goes from ``column`` up to ``end_column``, which is excluded; both are characters, counted from 1. 0 is
    unknown.
    """

    message: str
    line: int = 0
    column: int = 0
    end_column: int = 0
    source: str = ""

    @property
    def where(self) -> str:
        """``line 2, column 5``, as far as it is known."""
        known = (("line", self.line), ("column", self.column))
        return ", ".join(f"{word} {number}" for word, number in known if number)

    @property
    def caret(self) -> str:
        """The line that points at the place when it stands under ``source``; empty where the column is unknown."""
        if not self.column:
            return ""
        before = "".join(
            "\t" if each == "\t" else " " for each in self.source[: self.column - 1].ljust(self.column - 1)
        )
        return before + "^" * max(1, self.end_column - self.column)


def syntax_error(error: SyntaxError, code: str) -> CodeError:
    """Of an error of Python's parser in ``code``."""
    line, column = error.lineno or 0, max(error.offset or 0, 0)
    lines = code.split("\n")
    source = lines[line - 1] if 0 < line <= len(lines) else ""
    on_one_line = error.end_lineno in (None, line)
    end = (error.end_offset or 0) if on_one_line else len(source) + 1
    return CodeError(error.msg or "invalid syntax", line, column if line else 0, max(end, 0), source)


def error_at(message: str, code: str, line: int, columns: tuple[int, int] | None) -> CodeError:
    """Of an error that the ``line``th line of ``code`` raised, in those ``columns``: bytes from 0, as Python counts."""
    lines = code.split("\n")
    if not 0 < line <= len(lines):
        return CodeError(message)
    source = lines[line - 1]
    if columns is None:
        return CodeError(message, line, source=source)
    start, end = (len(source.encode()[:column].decode(errors="ignore")) for column in columns)
    return CodeError(message, line, start + 1, max(end, start + 1) + 1, source)
