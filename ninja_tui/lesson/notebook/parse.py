"""From a cell's text to its statements, without the parts that are no Python."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from dataclasses import dataclass

from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.notebook.cells import Source
from ninja_tui.lesson.notebook.magics import UNNEEDED, CellMagic, cell_call, cell_magic, replace_magic, without_calls
from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment, cut, parsed
from ninja_tui.lesson.syntax.imports import single_imports
from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.pasted import BLANKS

_NEVER_PYTHON = re.compile("[\0\ud800-\udfff]")
MOST_REPAIRS = 300
"""Places of a cell that are mended one by one; what follows is left out as a whole."""


@dataclass(frozen=True)
class Dropped:
    """A statement that could not be read."""

    line: int
    message: str

    def sentence(self, place: str) -> str:
        """What is said of it, with its place in the file."""
        return f"{place} is left out: {self.message}"


@dataclass(frozen=True)
class Noted:
    """Something that was read in a way that a person may want to know of."""

    line: int
    message: str

    def sentence(self, place: str) -> str:
        """What is said of it, with its place in the file."""
        return f"{place}: {self.message}"


Remark = Dropped | Noted


def fragments_of(source: Source) -> tuple[list[Fragment], list[Remark]]:
    """The top-level statements of all cells, in file order, and what there is to say on how they were read."""
    fragments: list[Fragment] = []
    remarks: list[Remark] = []
    for cell in source.cells:
        readable, of_cell = _cell_fragments(cell)
        fragments += readable
        remarks += of_cell
    return fragments, remarks


def _cell_fragments(cell: Cell) -> tuple[list[Fragment], list[Remark]]:
    lines = [without_calls(line) for line in cell.source.translate(BLANKS).split("\n")]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = cell_magic(lines[first])
    if magic is not None:
        lines[first] = ""
        if magic.runs is False:
            return [], []
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    dropped = _repair(lines)
    remarks: list[Remark] = [Dropped(cell.line + each.line, each.message) for each in dropped]
    if magic is not None and magic.runs is None:
        remarks = [_unknown(magic, cell.line + first, is_python=not dropped)]
        if dropped:
            return [], remarks
    tree = _parsed(lines)
    if tree is None:
        return [], [Dropped(cell.line, _error(lines).msg)]
    fragments: list[Fragment] = []
    for statement in (cut(each, lines, cell.line) for each in tree.body):
        call = cell_call(statement)
        if call is None:
            fragments += single_imports(statement)
            continue
        if call.magic.runs is None:
            remarks.append(_unknown(call.magic, statement.line, is_python=True))
        if call.magic.runs is not False:
            fragments += [single for each in call.fragments for single in single_imports(each)]
    return fragments, remarks


def _unknown(magic: CellMagic, line: int, *, is_python: bool) -> Noted:
    what = "its cell runs without it" if is_python else "its cell is left out, for it is no Python"
    return Noted(line, f"the magic `%%{magic.name}` is not known here; {what}")


def _repair(lines: list[str]) -> list[Dropped]:
    """Changes ``lines`` until they are Python, if they can be; answers with what it drops, by line from 0.

    Each turn takes a magic or indentation away, or drops code for good, so it comes to an end.
    """
    dropped: list[Dropped] = []
    for _ in range(MOST_REPAIRS):
        if _parsed(lines) is not None:
            return dropped
        error = _error(lines)
        at = min(max(error.lineno or 1, 1), len(lines)) - 1
        if replace_magic(lines, at):
            continue
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
    in_block = indent and lines[first].strip() != UNNEEDED
    end = max(at, first) + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    lines[first:end] = [""] * (end - first)
    if in_block:
        lines[first] = " " * indent + UNNEEDED
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
    rest = [*lines[first:at], " " * indent + UNNEEDED, *lines[end:stop]]
    return at if indent and _parsed(rest) is not None else first


def _belongs(line: str, indent: int) -> bool:
    """Whether a line goes on with a statement that is indented by ``indent``."""
    if not line.strip():
        return True
    return _indent(line) > indent or (_indent(line) == indent and line.lstrip()[0] in ")]}")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
