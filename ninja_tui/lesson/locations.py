"""Where a line stands, as a person sees it: in a notebook that is a cell, and a line of it."""

from __future__ import annotations


class Prompts(tuple[int, ...]):
    """The lines in which the cells of a session of IPython begin: each is told by its prompt, ``In [3]``."""


def place(line: int, starts: tuple[int, ...]) -> str:
    """The place of ``line``, for cells that begin in the lines ``starts``; without any the line itself."""
    cell, within = cell_and_line(line, starts)
    if cell is None:
        return f"line {line}"
    return f"{f'In [{cell}]' if isinstance(starts, Prompts) else f'cell {cell}'}, line {within}"


def cell_and_line(line: int, starts: tuple[int, ...]) -> tuple[int | None, int]:
    """The number of the cell that holds ``line``, and its line there; (None, ``line``) where there are no cells."""
    before = [start for start in starts if start <= line]
    return (len(before), line - before[-1] + 1) if before else (None, line)
