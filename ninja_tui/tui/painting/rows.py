"""What is painted of a pane: the rows that have changed, and no others."""

from __future__ import annotations

from itertools import pairwise

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget


class Titled(Widget):
    """A widget with texts in its border, of which a new one has its line painted, and not the widget."""

    def write_title(self, title: Content) -> None:
        """Writes into the upper border."""
        if self._border_title is None or not title.is_same(self._border_title):
            self._border_title = title
            self._paint_border(0)

    def write_subtitle(self, subtitle: Content) -> None:
        """Writes into the lower border."""
        if self._border_subtitle is None or not subtitle.is_same(self._border_subtitle):
            self._border_subtitle = subtitle
            self._paint_border(self.outer_size.height - 1)

    def _paint_border(self, row: int) -> None:
        size = self.outer_size
        if size:
            self.refresh(Region(0, row, size.width, 1).translate(-self.content_offset))


class Rows(Titled):
    """A widget that draws row by row.

    ``room`` and ``plain``, the style of what has none, are what rows are drawn for: Textual works them out anew each
    time that it is asked.
    """

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._painted: dict[int, Strip] = {}
        self._styles: dict[tuple[str | Style, ...], RichStyle] = {}
        self.room = Size()
        self.plain = RichStyle.null()

    def draw_row(self, y: int) -> Strip:
        """The row ``y`` from the top, as wide as there is room."""
        raise NotImplementedError  # each pane draws its own; Textual's widgets have a metaclass that abc's cannot join

    def forget_rows(self) -> None:
        """Rows that were kept are drawn anew: for another room, or in another style."""
        self._styles.clear()

    def measure(self) -> None:
        """Finds out what rows are drawn for."""
        room, plain = self.scrollable_content_region.size, self.visual_style.rich_style
        if room != self.room or plain != self.plain:
            self.room, self.plain = room, plain
            self.forget_rows()

    def notify_style_update(self) -> None:
        """Another theme, or another state of the pane."""
        super().notify_style_update()
        self.forget_rows()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in sight, all on one background."""
        self.measure()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draws the row, and keeps what was drawn."""
        self._painted[y] = strip = self.draw_row(y)
        return strip

    def refresh_rows(self) -> None:
        """Has the rows painted that differ from what was painted of them."""
        self.measure()
        changed = [y for y in range(self.room.height) if self._painted.get(y) != self.draw_row(y)]
        if changed:
            self.refresh(*(Region(0, y, self.room.width, 1) for y in changed))

    def strip(self, content: Content) -> Strip:
        """One line, as it is painted. Textual's own way wraps, and has each style say where in the text it stands."""
        if "\t" in content.plain:
            content = content.expand_tabs()
        text, spans = content.plain, content.spans
        edges = sorted({0, len(text), *(edge for span in spans for edge in (span.start, span.end) if edge < len(text))})
        return Strip(
            [
                Segment(text[start:end], self._style(tuple(s.style for s in spans if s.start <= start < s.end)))
                for start, end in pairwise(edges)
            ]
        )

    def _style(self, styles: tuple[str | Style, ...]) -> RichStyle:
        if styles not in self._styles:
            every = (self.visual_style, *map(self._get_style, styles))
            self._styles[styles] = Style.combine(every).rich_style
        return self._styles[styles]
