"""A pane of many lines, of which only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Hashable

from rich.style import Style
from textual.content import Content
from textual.events import MouseEvent
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual


class LinesPane(ScrollView):
    """Subclasses draw a line at a time, and may have ``head``, a first line that stays where it is."""

    head: Content | None = None

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._strips: dict[tuple[Hashable, ...], Strip] = {}
        self._plain = Style.null()
        self._painted: dict[int, tuple[int, Hashable]] = {}

    def draw_line(self, index: int) -> Content | Strip:
        """The line ``index``, from 0."""
        raise NotImplementedError  # each pane draws its own; Textual's widgets have a metaclass that abc's cannot join

    def line_state(self, index: int) -> Hashable:
        """All that the line's drawing depends on: it is drawn once for each state. None: it is drawn every time."""
        return None

    def clear_cache(self) -> None:
        """Has lines drawn anew whose state is as before."""
        self._strips.clear()
        self._painted.clear()

    def show_lines(self, count: int, width: int) -> None:
        """Has so many lines of so many columns drawn anew."""
        size = Size(width, count + self._above)
        if self.virtual_size != size:
            self.virtual_size = size
            self.refresh()
        else:
            self.refresh_changed()

    def refresh_changed(self) -> None:
        """Has those rows painted anew of which the line, or its state, is another."""
        width, height = self.scrollable_content_region.size
        now = [self._line_and_state(y) for y in range(height)]
        changed = [y for y, row in enumerate(now) if row is None or row != self._painted.get(y)]
        if len(changed) * 2 > height:
            self.refresh()
        elif changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _line_and_state(self, y: int) -> tuple[int, Hashable] | None:
        """What a row shows; None where that cannot be told to be the same."""
        index = y + int(self.scroll_offset.y) - self._above
        if y == 0 and self._above:
            return -1, None
        if index >= self.virtual_size.height - self._above:
            return index, None
        state = self.line_state(index)
        return None if state is None else (index, state)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows in sight, all on one background."""
        self._plain = self.rich_style  # Textual works it out anew each time
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        width = self.scrollable_content_region.width
        index = y + int(self.scroll_offset.y) - (0 if y == 0 and self.head is not None else self._above)
        self._painted.pop(y, None)
        if y == 0 and self.head is not None:
            self._painted[y] = -1, None
            return self._fitted(self.head, width)
        if index >= self.virtual_size.height - self._above:
            self._painted[y] = index, None
            return Strip.blank(width, self._plain)
        state = self.line_state(index)
        if state is None:
            return self._fitted(self.draw_line(index), width)
        self._painted[y] = index, state
        key = (index, state, width, int(self.scroll_offset.x), self._plain, self.app.theme)
        if key not in self._strips:
            self._strips[key] = self._fitted(self.draw_line(index), width)
        return self._strips[key]

    def _fitted(self, drawn: Content | Strip, width: int) -> Strip:
        if isinstance(drawn, Content):
            drawn = Visual.to_strips(self, drawn, max(width, drawn.cell_length), 1, self.visual_style)[0]
        left = int(self.scroll_offset.x)
        return drawn.crop_extend(left, left + width, self._plain).apply_style(self._plain)

    def keep_in_sight(self, first: int, last: int) -> None:
        """Scrolls no farther than it takes to have the lines ``first`` to ``last`` in sight."""
        room = self.scrollable_content_region.height - self._above
        if room <= 0:
            return
        top = int(self.scroll_target_y)
        wanted = min(max(top, last - room + 1), first)
        if wanted != top or wanted != int(self.scroll_offset.y):
            self.scroll_to(y=max(0, wanted), animate=False, force=True)  # the bar may be still to come

    def line_at(self, event: MouseEvent) -> int | None:
        """The line under the mouse; None where there is none."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._above:
            return None
        index = offset.y - self._above + int(self.scroll_offset.y)
        return index if index < self.virtual_size.height - self._above else None

    @property
    def _above(self) -> int:
        return 0 if self.head is None else 1
