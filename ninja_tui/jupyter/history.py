"""The cells of a session that are judged: those that ran, as far as they ran, in their order."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ninja_tui.lesson.syntax.fragment import parsed
from ninja_tui.lesson.syntax.names import changed, stored_names

MAGICS = re.compile(r"\s*(?:[\w, ]+=\s*)?%?(?:ninja(?:\s+[^=.(\[\s].*)?|(?:re|un)?load_ext\s+ninja_tui)\s*$")
"""A line that is a magic of ours."""
RAISED = " raised an error; "
_GOES_ON = re.compile(r"[\s#)\]}]|(?:else|elif|except|finally)\b|$")
"""A line that begins no statement at the top of a cell."""


@dataclass(frozen=True)
class Executed:
    """A cell that ran: the ``number`` of its prompt, and its code as it was typed.

    ``cell_id`` is that of the notebook's cell, where there is one. ``stopped`` is the line that raised, None where none
    did; 0: nothing of it ran.
    """

    number: int
    code: str
    cell_id: str | None = None
    stopped: int | None = None


@dataclass(frozen=True)
class History:
    """The code of a session by the number of its prompt, and ``notes`` on what is left out."""

    codes: dict[int, str]
    notes: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no code."""
        return not any(code.strip() for code in self.codes.values())


def history_of(cells: Sequence[Executed]) -> History:
    """What is judged of ``cells``.

    A cell that raised is there up to the statement that did; and that one too, unless what it was to bind was bound
    later on: it is judged as an error then, where the error is still there.
    """
    codes: dict[int, str] = {}
    notes: list[str] = []
    for position, cell in enumerate(cells):
        code = without_magics(cell.code)
        if cell.stopped is None:
            codes[cell.number] = code
            continue
        later = cells[position + 1 :]
        is_mended = _is_mended(cell, code, later)
        codes[cell.number] = _as_far_as(code, cell.stopped, with_it=not is_mended)
        if not is_mended:
            notes += _left_out(cell, code, codes[cell.number])
    return History(codes, tuple(notes))


def with_left_out(told: Sequence[str], left_out: Sequence[str]) -> tuple[str, ...]:
    """The notes of a report and those of a history: an error that both speak of is told once."""
    notes = list(told)
    for note in left_out:
        where, _, rest = note.partition(RAISED)
        same = [index for index, each in enumerate(notes) if rest and each.startswith(f"{where}: ")]
        if same:
            notes[same[0]] += f"; {rest}"
        else:
            notes.append(note)
    return tuple(notes)


def _left_out(cell: Executed, code: str, judged: str) -> Iterator[str]:
    """A sentence on what of a cell did not run."""
    if cell.stopped == 0:
        yield f"In [{cell.number}] did not run, and is left out"
    elif judged.rstrip() != code.rstrip():
        yield f"In [{cell.number}], line {cell.stopped}{RAISED}what stands below is left out"


def without_magics(code: str) -> str:
    """The code of a cell without the lines that are magics of ours: nothing stands there, or in a block ``pass``."""
    return "\n".join(_nothing(line) if MAGICS.match(line) else line for line in code.split("\n"))


def _nothing(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass" if indent else ""


def before_magic(code: str) -> str:
    """What of a cell stands above the first of our magics: what has run when that one does."""
    lines = code.split("\n")
    end = next((number for number, line in enumerate(lines) if MAGICS.match(line)), len(lines))
    return "\n".join([*lines[:end], *map(_nothing, lines[end : end + 1])]).rstrip("\n")


def _is_mended(cell: Executed, code: str, later: Sequence[Executed]) -> bool:
    """Whether a cell that raised has run again since, or what its statement was to bind is bound."""
    if cell.cell_id is not None and any(each.cell_id == cell.cell_id for each in later):
        return True
    if cell.stopped == 0:
        return bool(later)
    raised = parsed(_statement_at(code, cell.stopped or 1))
    names = _bound(raised)
    done = {name for each in later if each.stopped is None for name in _bound(parsed(without_magics(each.code)))}
    return bool(names) and names <= done


def _bound(tree: ast.Module | None) -> set[str]:
    return set() if tree is None else {name for statement in tree.body for name in stored_names(statement)}


def _as_far_as(code: str, line: int, *, with_it: bool) -> str:
    """The code up to the statement at the top of the cell that holds ``line``."""
    if line == 0:
        return ""
    start, end = _span(code.split("\n"), line)
    return "\n".join(code.split("\n")[: end if with_it else start])


def _statement_at(code: str, line: int) -> str:
    lines = code.split("\n")
    start, end = _span(lines, line)
    return "\n".join(lines[start:end])


def _span(lines: Sequence[str], line: int) -> tuple[int, int]:
    """The lines, from 0, of the statement at the top of a cell that holds ``line``, the end excluded."""
    tree = parsed("\n".join(lines))
    if tree is not None:
        for statement in tree.body:
            first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
            if first <= line <= (statement.end_lineno or first):
                return first - 1, statement.end_lineno or first
    begins = [number for number, text in enumerate(lines) if not _GOES_ON.match(text)]
    start = max((number for number in begins if number < line), default=0)
    return start, min((number for number in begins if number >= line), default=len(lines))


def names_touched(code: str) -> frozenset[str]:
    """The names that a cell binds or changes; none where it is no Python but for magics."""
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in without_magics(code).split("\n")]
    tree = parsed("\n".join(lines))
    statements = [] if tree is None else tree.body
    return frozenset(name for each in statements for name in stored_names(each) | changed(each))
