"""A pane of many lines, of which only those in sight are drawn."""

from __future__ import annotations

from collections.abc import Hashable

from textual.content import Content
from textual.events import MouseEvent
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ninja_tui.tui.painting.rows import Rows


class LinesPane(Rows, ScrollView):
    """Subclasses draw a line at a time, and may have ``head``, a first line that stays where it is.

    The bar has its column always, so that no layout follows when there are more lines, or fewer.
    """

    DEFAULT_CSS = """
    LinesPane {
        overflow-y: scroll;
        scrollbar-background: $background;
        scrollbar-background-hover: $background;
        scrollbar-background-active: $background;
    }
    """
    head: Content | None = None
    virtual_size = Reactive(Size(), repaint=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._strips: dict[int, tuple[Hashable, int, Strip]] = {}
        self._top = 0

    def draw_line(self, index: int) -> Content:
        """The line ``index``, from 0."""
        raise NotImplementedError  # each pane draws its own; Textual's widgets have a metaclass that abc's cannot join

    def line_state(self, index: int) -> Hashable:
        """All that the line's drawing depends on: it is drawn once for each state. None: it is drawn every time."""
        return None

    def forget_rows(self) -> None:
        """Has lines drawn anew whose state is as before."""
        super().forget_rows()
        self._strips.clear()
        self._painted.clear()

    def show_lines(self, count: int, width: int) -> None:
        """Has so many lines of so many columns, of which those that have changed are painted."""
        size = Size(width, count + self._above)
        if self.virtual_size != size:
            self.virtual_size = size
            self._scroll_update(size)
        self.refresh_rows()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines are in sight."""
        if self.show_vertical_scrollbar:
            self.vertical_scrollbar.position = new_value
        if round(old_value) != round(new_value):
            self.refresh_rows()

    def draw_row(self, y: int) -> Strip:
        """One row of the pane."""
        index = y + int(self.scroll_offset.y) - (0 if y == 0 and self.head is not None else self._above)
        self._painted.pop(y, None)
        if y == 0 and self.head is not None:
            return self._fitted(self.head)
        if index >= self.virtual_size.height - self._above:
            return Strip.blank(self.room.width, self.plain)
        state, left = self.line_state(index), int(self.scroll_offset.x)
        kept = self._strips.get(index)
        if kept is not None and state is not None and kept[:2] == (state, left):
            return kept[2]
        strip = self._fitted(self.draw_line(index))
        self._strips[index] = state, left, strip
        return strip

    def _fitted(self, drawn: Content) -> Strip:
        left = int(self.scroll_offset.x)
        return self.strip(drawn).crop_extend(left, left + self.room.width, self.plain)

    def keep_in_sight(self, first: int, last: int) -> None:
        """Scrolls no farther than it takes to have the lines ``first`` to ``last`` in sight."""
        room = self.scrollable_content_region.height - self._above
        if room > 0:
            self._scroll_up_to(min(max(int(self.scroll_target_y), last - room + 1), first))

    def follow(self, first: int, last: int) -> None:
        """Has the lines in sight: where they are not, in the middle, so that the next steps scroll nothing.

        After a resize, such as that of a pane that had the whole screen, they stand where they stood.
        """
        room = self.scrollable_content_region.height - self._above
        if room <= 0:
            return
        tops = int(self.scroll_target_y), self._top
        shown = [top for top in tops if top <= first <= last < top + room]
        if not shown:
            self._top = max(0, min(first, (first + last + 1 - room) // 2, self.virtual_size.height - room))
        self._scroll_up_to(shown[0] if shown else self._top)

    def _scroll_up_to(self, line: int) -> None:
        if not (line == int(self.scroll_target_y) == int(self.scroll_offset.y)):
            self.scroll_to(y=max(0, line), animate=False, force=True)

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
