"""The difference of a gradient from autograd's, small enough to be sent and drawn."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.views import WorstElement

MOST_ROWS, MOST_COLUMNS = 32, 64
Cells = tuple[tuple[float | None, ...], ...]
"""Rows of values in -1 to 1; None for what is not finite."""


def bounds(size: int, most: int) -> list[tuple[int, int]]:
    """The first entry and the end of each block, where ``size`` entries are drawn in at most ``most`` cells.

    Blocks may share an entry where they do not divide evenly.
    """
    count = min(size, most)
    return [(number * size // count, -(-(number + 1) * size // count)) for number in range(count)]


@dataclass(frozen=True)
class Difference:
    """A gradient minus autograd's in float32: ``shape`` is what the two broadcast to, ``table`` the rows and columns.

    A cell is the entry of largest magnitude under it (see ``bounds``) over ``scale``, the largest of all that are
    finite; None where nothing under it is finite. ``worst`` is the entry that is farthest off in the whole tensor.
    """

    shape: tuple[int, ...]
    table: tuple[int, int]
    cells: Cells
    scale: float
    worst: WorstElement
