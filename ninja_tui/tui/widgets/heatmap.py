"""A tensor as a picture: blue below zero, orange above, dark at zero; two rows of cells a line."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

ZERO, POSITIVE, NEGATIVE = (38, 40, 48), (255, 160, 40), (70, 150, 255)
NOT_FINITE = (255, 0, 200)
SHADES = " ░▒▓█"
WIDEST_CELL = 4

Cells = list[list[float | None]]


class Heatmap(Widget):
    """Draws ``cells``, each in -1…1, or None where nothing under it is finite."""

    cells: reactive[Cells] = reactive(list, layout=False)

    def render_line(self, y: int) -> Strip:
        """Rows ``2 y`` and ``2 y + 1`` as one line of half blocks; without colour as one line of shades."""
        cells, width = self.cells, self.size.width
        plain = self.rich_style
        if 2 * y >= len(cells) or not cells[0]:
            return Strip.blank(width, plain)
        cell_width = max(1, min(WIDEST_CELL, width // len(cells[0])))
        top = cells[2 * y]
        low = cells[2 * y + 1] if 2 * y + 1 < len(cells) else None
        if self.app.no_color:
            pairs = zip(top, low or top, strict=True)
            return Strip([Segment("".join(_shade(*pair) * cell_width for pair in pairs), plain)]).adjust_cell_length(
                width, plain
            )
        segments = []
        for column, value in enumerate(top):
            below = Color.from_rgb(*_rgb(low[column])) if low is not None else None
            style = plain + Style(color=Color.from_rgb(*_rgb(value)), bgcolor=below)
            segments.append(Segment("▀" * cell_width, style))
        return Strip(segments).adjust_cell_length(width, plain)


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
