"""From a cell's text to its statements, without the parts that are no Python."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.notebook.cells import Source
from ninja_tui.lesson.notebook.magics import UNNEEDED, CellMagic, cell_call, cell_magic, replace_magic, without_calls
from ninja_tui.lesson.read import LONGEST_MESSAGE, described
from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment, cut
from ninja_tui.lesson.syntax.imports import single_imports
from ninja_tui.lesson.syntax.parsing import MOST_STATEMENTS, TooLong, parse_counted
from ninja_tui.lesson.syntax.pasted import BLANKS

_NEVER_PYTHON = re.compile("[\0\ud800-\udfff]")
_GOES_ON = re.compile(r"\s*(?:[)\]}]|(?:elif|else|except|finally)\b)")
MOST_REPAIRS = 300
"""Places of a cell that are mended one by one; what follows is left out as a whole."""
MOST_PARSED_AGAIN = 1_000_000
"""Characters of a file that are parsed again while it is mended; after that, too, what follows is left out."""


@dataclass(frozen=True)
class Dropped:
    """A statement that could not be read."""

    line: int
    message: str

    def sentence(self, place: str) -> str:
        """What is said of it, with its place in the file."""
        return one_line(f"{place} is left out: {self.message}", LONGEST_MESSAGE)


@dataclass(frozen=True)
class Noted:
    """Something that was read in a way that a person may want to know of."""

    line: int
    message: str

    def sentence(self, place: str) -> str:
        """What is said of it, with its place in the file."""
        return one_line(f"{place}: {self.message}", LONGEST_MESSAGE)


Remark = Dropped | Noted


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises UsageError for what is raised where code of the file ``path``, or made of it, cannot be read."""
    try:
        yield
    except TooLong as error:
        raise UsageError(f"{path} {error}") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{path} cannot be read: its expressions are nested too deeply") from None
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {described(error)}") from None


def fragments_of(source: Source) -> tuple[list[Fragment], list[Remark]]:
    """The top-level statements of all cells, in file order, and what there is to say on how they were read.

    Raises UsageError where they are more than can be read in time.
    """
    fragments: list[Fragment] = []
    remarks: list[Remark] = []
    effort = _Effort()
    for cell in source.cells:
        readable, of_cell = _cell_fragments(cell, effort)
        fragments += readable
        remarks += of_cell
        if len(fragments) > MOST_STATEMENTS:
            raise UsageError(f"{source.path} has more than {MOST_STATEMENTS:,} statements, and no more are read")
    return fragments, remarks


def _cell_fragments(cell: Cell, effort: _Effort) -> tuple[list[Fragment], list[Remark]]:
    lines = [without_calls(line) for line in cell.source.translate(BLANKS).split("\n")]
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    magic = cell_magic(lines[first])
    if magic is not None:
        lines[first] = ""
        if magic.runs is False:
            return [], []
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    dropped, tree = _repair(lines, effort)
    remarks: list[Remark] = [Dropped(cell.line + each.line, each.message) for each in dropped]
    if magic is not None and magic.runs is None:
        remarks = [_unknown(magic, cell.line + first, is_python=not dropped)]
        if dropped:
            return [], remarks
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


@dataclass
class _Effort:
    """What may still be spent on mending a file's cells: characters that are parsed again."""

    left: int = MOST_PARSED_AGAIN

    def spend(self, characters: int) -> None:
        """Takes it from what is left."""
        self.left -= characters


def _repair(lines: list[str], effort: _Effort) -> tuple[list[Dropped], ast.Module]:
    """Changes ``lines`` until they are Python; answers with what it drops, by line from 0, and with their tree.

    Each turn takes a magic or indentation away, or drops code for good, so it comes to an end.
    """
    dropped: list[Dropped] = []
    for turn in itertools.count():
        result = _attempt(lines)
        if isinstance(result, ast.Module):
            return dropped, result
        at = min(max(result.lineno or 1, 1), len(lines)) - 1
        if turn == MOST_REPAIRS or effort.left < 0:
            first = _start(lines, at)
            lines[first:] = [""] * (len(lines) - first)
            dropped.append(Dropped(first, result.msg))
            break
        effort.spend(
            100 + sum(map(len, lines[:at])) + sum(map(len, lines)) // 50
        )  # what is behind is only split in tokens
        if replace_magic(lines, at):
            continue
        if "unexpected indent" in result.msg and _moved_left(lines, at):
            continue
        dropped.append(Dropped(_drop(lines, at, effort), result.msg))
    result = _attempt(lines)
    return dropped, result if isinstance(result, ast.Module) else ast.Module([], [])


def _attempt(lines: list[str]) -> ast.Module | SyntaxError:
    """The tree of ``lines``, or why they are no Python, with its line where that is known."""
    code = "\n".join(lines)
    never = _NEVER_PYTHON.search(code)
    if never is not None:
        number = code.count("\n", 0, never.start())
        return SyntaxError("a character that no Python code holds", ("", number + 1, 1, lines[number]))
    try:
        return parse_counted(code)
    except SyntaxError as error:
        error.msg = error.msg or "no Python"
        return error
    except UNREADABLE as error:
        return SyntaxError(str(error) or "no Python")


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
    for number in range(at, -1, -1):
        line = lines[number]
        if line.strip() and not line[0].isspace() and line[0] not in "#)]}":
            return number
    return next((number for number, line in enumerate(lines) if line.strip()), 0)


def _drop(lines: list[str], at: int, effort: _Effort) -> int:
    """Empties the statement that holds line ``at``; answers with its first line.

    In a block ``pass`` takes its place, so that the block stays one.
    """
    first = _inner(lines, _start(lines, at), at, effort)
    indent = _indent(lines[first])
    in_block = indent and lines[first].strip() != UNNEEDED
    end = max(at, first) + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    lines[first:end] = [""] * (end - first)
    if in_block:
        lines[first] = " " * indent + UNNEEDED
    return first


def _inner(lines: list[str], first: int, at: int, effort: _Effort) -> int:
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
    effort.spend(sum(map(len, rest)))
    return at if indent and isinstance(_attempt(rest), ast.Module) else first


def _belongs(line: str, indent: int) -> bool:
    """Whether a line goes on with a statement that is indented by ``indent``."""
    if not line.strip():
        return True
    return _indent(line) > indent or (_indent(line) == indent and _GOES_ON.match(line) is not None)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
