"""A tensor's heatmap, and beside it a window of its values."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from ninja_tui.tui.widgets.heatmap import Cells, cell_width, heat_line

GAP = 1


def heat_room(width: int) -> int:
    """Three fifths of the pane are for the heatmap."""
    return max(1, width * 3 // 5)


def heat_width(columns: int, width: int) -> int:
    """How wide a heatmap of so many cells in a row is, in a pane of that width."""
    return columns * cell_width(columns, heat_room(width))


class TensorGrid(Widget):
    """Draws ``cells`` and ``values`` side by side: one widget, so that no layout follows when their widths change."""

    cells: reactive[Cells] = reactive(tuple, layout=False)
    values: reactive[Sequence[Content]] = reactive(tuple, layout=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._plain = Style.null()

    def render_lines(self, crop: Region) -> list[Strip]:
        """All rows, on one background."""
        self._plain = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of cells, and one of values."""
        width, plain = self.size.width, self._plain
        left = heat_width(len(self.cells[0]), width) if self.cells and self.cells[0] else 0
        segments = heat_line(self.cells, y, left, plain, coloured=not self.app.no_color) if left else []
        heat = Strip(segments).adjust_cell_length(left + GAP, plain)
        room = max(0, width - left - GAP)
        if y >= len(self.values) or not room:
            return Strip.join([heat, Strip([Segment(" " * room, plain)])])
        line = self.values[y]
        drawn = Visual.to_strips(self, line, max(room, line.cell_length), 1, self.visual_style)[0]
        return Strip.join([heat, drawn.crop_extend(0, room, plain).apply_style(plain)])
