"""From a cell's text to its statements, without the parts that are no Python."""

from __future__ import annotations

import ast
import re
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.notebook.cells import Source

_MAGIC = re.compile(r"(\s*)(?:[%!].*|\?+[\w.]+.*|[\w.]+\?+)\s*$")
_SHELL_VALUE = re.compile(r"(\s*)[\w, ]+=\s*[!%]\S.*$")
_FOREIGN_CELL = re.compile(r"%%(?!(?:time|timeit|capture|prun|memit|cache|debug|script python|python)\b)\w+")
_BLANKS = str.maketrans({"\u00a0": " ", "\u200b": None, "\ufeff": None, "\f": " "})
_UNNEEDED = "pass"


@dataclass(frozen=True)
class Unit:
    """One statement: its tree, its own text without indentation, and its lines in the source's text.

    ``tree`` counts its lines in ``code``.
    """

    tree: ast.stmt
    code: str
    line: int
    end_line: int


@dataclass(frozen=True)
class Dropped:
    """A statement that could not be read."""

    line: int
    message: str


def units_of(source: Source) -> tuple[list[Unit], list[Dropped]]:
    """The top-level statements of all cells, in file order, and what had to be left out."""
    units: list[Unit] = []
    dropped: list[Dropped] = []
    for cell in source.cells:
        found, lost = _cell_units(cell)
        units += found
        dropped += lost
    return units, dropped


def _cell_units(cell: Cell) -> tuple[list[Unit], list[Dropped]]:
    lines = cell.source.translate(_BLANKS).split("\n")
    first = next((line for line in lines if line.strip()), "")
    if _FOREIGN_CELL.match(first.strip()):
        return [], []
    lines = textwrap.dedent("\n".join(lines)).split("\n")
    tree = _parsed(lines)
    if tree is None:
        lines = [_without_magic(line) for line in lines]
    dropped: list[Dropped] = []
    while (tree := _parsed(lines)) is None:
        error = _error(lines)
        at = min(max(error.lineno or 1, 1), len(lines)) - 1
        if "unexpected indent" in (error.msg or "") and _moved_left(lines, at):
            continue
        lost = _drop(lines, at)
        if lost is None:
            return [], [Dropped(cell.line, error.msg or "no Python")]
        dropped.append(Dropped(cell.line + lost, error.msg or "no Python"))
    return [unit for statement in tree.body for unit in _split(statement, lines, cell.line)], dropped


def _parsed(lines: list[str]) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse("\n".join(lines))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _error(lines: list[str]) -> SyntaxError:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse("\n".join(lines))
        except SyntaxError as error:
            return error
        except (ValueError, RecursionError, MemoryError) as error:
            return SyntaxError(str(error))
    return SyntaxError("no Python")


def _without_magic(line: str) -> str:
    """A line for IPython alone does nothing."""
    match = _MAGIC.match(line) or _SHELL_VALUE.match(line)
    return f"{match[1]}{_UNNEEDED}" if match else line


def _moved_left(lines: list[str], at: int) -> bool:
    """Takes the indentation off the block that begins in line ``at``; False where that has none."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    if not indent:
        return False
    end = at
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) >= indent):
        end += 1
    outer = next((line for line in reversed(lines[:at]) if line.strip()), "")
    keep = min(len(outer) - len(outer.lstrip()), indent - 1)
    for number in range(at, end):
        lines[number] = " " * keep + lines[number][indent:] if lines[number].strip() else ""
    return True


def _drop(lines: list[str], at: int) -> int | None:
    """Empties the statement that holds line ``at``; answers with its first line, None where nothing is left."""
    starts = [n for n, line in enumerate(lines) if line.strip() and not line[0].isspace() and line[0] not in "#)]}"]
    first = max((n for n in starts if n <= at), default=None)
    if first is None:
        first = next((n for n, line in enumerate(lines) if line.strip()), None)
        if first is None:
            return None
    first = _inner(lines, first, at)
    indent = len(lines[first]) - len(lines[first].lstrip())
    end = max(at, first) + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    for number in range(first, end):
        lines[number] = ""
    if indent:
        lines[first] = " " * indent + _UNNEEDED
    return first


def _inner(lines: list[str], first: int, at: int) -> int:
    """The line ``at``, where the block that begins in line ``first`` is sound without that one line."""
    if at <= first or not lines[at].strip():
        return first
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and _belongs(lines[end], indent):
        end += 1
    rest = [*lines[first:at], " " * indent + _UNNEEDED]
    stop = end
    while stop < len(lines) and _belongs(lines[stop], 0):
        stop += 1
    return at if indent and _parsed([*rest, *lines[end:stop]]) is not None else first


def _belongs(line: str, indent: int) -> bool:
    """Whether a line goes on with a statement that is indented by ``indent``."""
    if not line.strip():
        return True
    own = len(line) - len(line.lstrip())
    return own > indent or (own == indent and line.lstrip()[0] in ")]}")


def _split(tree: ast.stmt, lines: list[str], first_line: int) -> Iterator[Unit]:
    """The statement as a unit; ``import a, b`` as two."""
    unit = unit_of(tree, lines, first_line)
    if isinstance(tree, ast.Import) and len(tree.names) > 1:
        for alias in tree.names:
            yield made(ast.unparse(ast.Import([alias])), unit.line, unit.end_line)
    else:
        yield unit


def unit_of(tree: ast.stmt, lines: list[str], first_line: int) -> Unit:
    """The unit of ``tree``, a statement of ``lines``, the first of which is ``first_line`` of the source's text."""
    decorators: list[ast.expr] = getattr(tree, "decorator_list", [])
    first = min([tree.lineno, *(decorator.lineno for decorator in decorators)])
    last = tree.end_lineno or tree.lineno
    part = lines[first - 1 : last]
    part = [*part[:-1], part[-1].encode()[: tree.end_col_offset].decode()]
    if first == tree.lineno:
        part[0] = " " * tree.col_offset + part[0].encode()[tree.col_offset :].decode()
    code = textwrap.dedent("\n".join(part))
    if _parsed(code.split("\n")) is None:
        code = ast.unparse(tree)
    return made(code, first + first_line - 1, last + first_line - 1)


def made(code: str, line: int, end_line: int | None = None) -> Unit:
    """The unit of a statement's own ``code``."""
    return Unit(ast.parse(code).body[0], code, line, line if end_line is None else end_line)


def inner_units(unit: Unit, body: list[ast.stmt]) -> list[Unit]:
    """The units of ``body``, statements inside ``unit``."""
    lines = unit.code.split("\n")
    return [part for statement in body for part in _split(statement, lines, unit.line)]
