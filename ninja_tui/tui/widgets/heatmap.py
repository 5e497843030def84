"""A tensor as a picture: blue below zero, orange above, dark at zero; two rows of cells a line."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style

ZERO, POSITIVE, NEGATIVE = (38, 40, 48), (255, 160, 40), (70, 150, 255)
NOT_FINITE = (255, 0, 200)
SHADES = " ░▒▓█"
WIDEST_CELL = 4

Cells = tuple[tuple[float | None, ...], ...]
"""Rows of values in -1 to 1; None for what is not finite."""


def cell_width(columns: int, room: int) -> int:
    """How wide each cell is where so many are to have ``room``."""
    return max(1, min(WIDEST_CELL, room // max(1, columns)))


def heat_line(cells: Cells, y: int, width: int, plain: Style, *, coloured: bool) -> list[Segment]:
    """Rows ``2 y`` and ``2 y + 1`` as one line of half blocks; without colour as one line of shades."""
    if 2 * y >= len(cells) or not cells[0]:
        return []
    wide = cell_width(len(cells[0]), width)
    top = cells[2 * y]
    low = cells[2 * y + 1] if 2 * y + 1 < len(cells) else None
    if not coloured:
        pairs = zip(top, low or top, strict=True)
        return [Segment("".join(_shade(*pair) * wide for pair in pairs), plain)]
    return [
        Segment("▀" * wide, plain + _style(_rgb(value), _rgb(low[column]) if low is not None else None))
        for column, value in enumerate(top)
    ]


@lru_cache(maxsize=4096)
def _style(upper: tuple[int, int, int], lower: tuple[int, int, int] | None) -> Style:
    below = Color.from_rgb(*lower) if lower is not None else None
    return Style(color=Color.from_rgb(*upper), bgcolor=below)


def _shade(upper: float | None, lower: float | None) -> str:
    if upper is None or lower is None:
        return "!"
    return SHADES[round(max(abs(upper), abs(lower)) * (len(SHADES) - 1))]


def _rgb(value: float | None) -> tuple[int, int, int]:
    if value is None:
        return NOT_FINITE
    end = POSITIVE if value > 0 else NEGATIVE
    share = abs(value) ** 0.5  # the eye sees small values better so
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(ZERO, end, strict=True))
    return red, green, blue
