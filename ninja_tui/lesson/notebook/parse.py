"""From a cell's text to its statements, without the parts that are no Python."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass

from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.notebook.cells import Source
from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment, cut, parsed
from ninja_tui.lesson.syntax.imports import single_imports
from ninja_tui.lesson.syntax.parsing import parse_code

_MAGIC = re.compile(r"(?:[%!].*|\?+[\w.]+.*|[\w.]+\?+)\s*$")
_SHELL_VALUE = re.compile(r"[\w, ]+=\s*[!%]\S")
_FOREIGN_CELL = re.compile(r"%%(?!(?:time|timeit|capture|prun|memit|cache|debug|script python|python)\b)\w+")
_BLANKS = str.maketrans({"\u00a0": " ", "\u200b": None, "\ufeff": None, "\f": " "})
_NEVER_PYTHON = re.compile("[\0\ud800-\udfff]")
_UNNEEDED = "pass"
MOST_REPAIRS = 300
"""Places of a cell that are mended one by one; what follows is left out as a whole."""


@dataclass(frozen=True)
class Dropped:
    """A statement that could not be read."""

    line: int
    message: str


def fragments_of(source: Source) -> tuple[list[Fragment], list[Dropped]]:
    """The top-level statements of all cells, in file order, and what had to be left out."""
    fragments: list[Fragment] = []
    dropped: list[Dropped] = []
    for cell in source.cells:
        readable, unreadable = _cell_fragments(cell)
        fragments += readable
        dropped += unreadable
    return fragments, dropped


def _cell_fragments(cell: Cell) -> tuple[list[Fragment], list[Dropped]]:
    lines = cell.source.translate(_BLANKS).split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _FOREIGN_CELL.match(first.strip()):
        return [], []
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    if _parsed(lines) is None:
        lines = [_without_magic(line) for line in lines]
    dropped = _repair(lines)
    tree = _parsed(lines)
    if tree is None:
        return [], [Dropped(cell.line, _error(lines).msg)]
    statements = [cut(statement, lines, cell.line) for statement in tree.body]
    fragments = [each for statement in statements for each in single_imports(statement)]
    return fragments, [Dropped(cell.line + each.line, each.message) for each in dropped]


def _repair(lines: list[str]) -> list[Dropped]:
    """Changes ``lines`` until they are Python, if they can be; answers with what it drops, by line from 0.

    Each turn takes indentation away, or drops code for good, so it comes to an end.
    """
    dropped: list[Dropped] = []
    for _ in range(MOST_REPAIRS):
        if _parsed(lines) is not None:
            return dropped
        error = _error(lines)
        at = min(max(error.lineno or 1, 1), len(lines)) - 1
        if "unexpected indent" in error.msg and _moved_left(lines, at):
            continue
        dropped.append(Dropped(_drop(lines, at), error.msg))
    if _parsed(lines) is None:
        error = _error(lines)
        first = _start(lines, min(max(error.lineno or 1, 1), len(lines)) - 1)
        lines[first:] = [""] * (len(lines) - first)
        dropped.append(Dropped(first, error.msg))
    return dropped


def _parsed(lines: list[str]) -> ast.Module | None:
    return parsed("\n".join(lines))


def _error(lines: list[str]) -> SyntaxError:
    """Why ``lines`` are no Python; its line where that is known."""
    for number, line in enumerate(lines, 1):
        if _NEVER_PYTHON.search(line):
            return SyntaxError("a character that no Python code holds", ("", number, 1, line))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parse_code("\n".join(lines))
        except SyntaxError as error:
            error.msg = error.msg or "no Python"
            return error
        except UNREADABLE as error:
            return SyntaxError(str(error) or "no Python")
    return SyntaxError("no Python")


def _without_magic(line: str) -> str:
    """A line for IPython alone does nothing."""
    code = line.lstrip()
    for_ipython = _MAGIC.match(code) or _SHELL_VALUE.match(code)
    return f"{line[: len(line) - len(code)]}{_UNNEEDED}" if for_ipython else line


def _moved_left(lines: list[str], at: int) -> bool:
    """Takes the indentation off the block that begins in line ``at``; False where that has none."""
    indent = _indent(lines[at])
    if not indent:
        return False
    end = at
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) >= indent):
        end += 1
    outer = next((line for line in reversed(lines[:at]) if line.strip()), "")
    left = min(_indent(outer), indent - 1)
    for number in range(at, end):
        lines[number] = " " * left + lines[number][indent:] if lines[number].strip() else ""
    return True


def _start(lines: list[str], at: int) -> int:
    """The first line of the top-level statement that holds line ``at``; else the first line that is not empty."""
    starts = [n for n, line in enumerate(lines) if line.strip() and not line[0].isspace() and line[0] not in "#)]}"]
    before = [n for n in starts if n <= at]
    return before[-1] if before else next((n for n, line in enumerate(lines) if line.strip()), 0)


def _drop(lines: list[str], at: int) -> int:
    """Empties the statement that holds line ``at``; answers with its first line.

    In a block ``pass`` takes its place, so that the block stays one.
    """
    first = _inner(lines, _start(lines, at), at)
    indent = _indent(lines[first])
    in_block = indent and lines[first].strip() != _UNNEEDED
    end = max(at, first) + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    lines[first:end] = [""] * (end - first)
    if in_block:
        lines[first] = " " * indent + _UNNEEDED
    return first


def _inner(lines: list[str], first: int, at: int) -> int:
    """The line ``at``, where the block that begins in line ``first`` is sound without that one line."""
    if at <= first or not lines[at].strip():
        return first
    indent = _indent(lines[at])
    end = at + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    stop = end
    while stop < len(lines) and _belongs(lines[stop], 0):
        stop += 1
    rest = [*lines[first:at], " " * indent + _UNNEEDED, *lines[end:stop]]
    return at if indent and _parsed(rest) is not None else first


def _belongs(line: str, indent: int) -> bool:
    """Whether a line goes on with a statement that is indented by ``indent``."""
    if not line.strip():
        return True
    return _indent(line) > indent or (_indent(line) == indent and line.lstrip()[0] in ")]}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
