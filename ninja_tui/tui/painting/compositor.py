"""What is drawn for a paint: the lines that have changed, of the widgets that are seen there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import pairwise
from typing import cast

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.timer import Timer

Span = tuple[int, int, int]
"""A line and the columns in it from the first to behind the last."""


class SparingCompositor(Compositor):
    """Has only those lines of a widget drawn that are painted, and nothing of what is behind another.

    Textual's own draws all lines of all widgets in the rectangle around everything that has changed.
    """

    def render_partial_update(self) -> ChopsUpdate | None:
        """The chops of all that has changed."""
        screen, regions = self.size.region, self._dirty_regions.copy()
        self._dirty_regions.clear()
        spans = list(self._regions_to_spans(region.intersection(screen) for region in regions))
        if not spans:
            return None
        return ChopsUpdate(self._chops(spans), spans, [cuts[1:] for cuts in self.cuts])

    def _render_chops(self, crop: Region, is_rendered_line: Callable[[int], bool]) -> Sequence[Mapping[int, Strip]]:
        """The chops of a whole screen."""
        return self._chops((y, crop.x, crop.right) for y in crop.line_range if is_rendered_line(y))

    def lines(self, crop: Region) -> list[Strip]:
        """The part of the screen that is in ``crop``, blank where the screen, at a resize, is not yet as large."""
        rows = range(crop.y, min(crop.bottom, self.size.height))
        chops = self._chops((y, crop.x, crop.right) for y in rows)
        strips = [Strip.join(chops[y].values()).crop(crop.x, crop.right).adjust_cell_length(crop.width) for y in rows]
        return strips + [Strip.blank(crop.width)] * (crop.height - len(strips))

    def _chops(self, spans: Iterable[Span]) -> Sequence[Mapping[int, Strip]]:
        """From front to back, as long as something in the spans is missing."""
        chops: list[dict[int, Strip | None]] = [dict.fromkeys(cuts[:-1]) for cuts in self.cuts]
        missing = self._missing(spans)
        for widget, (region, clip) in self.visible_widgets.items():
            if not missing:
                break
            if widget.parent is None:  # it has left the screen, with its styles, and the next layout is still to come
                continue
            seen = region.intersection(clip)
            columns = range(seen.x, seen.right)
            lines = [y for y in range(seen.y, seen.bottom) if any(cut in columns for cut in missing.get(y, ()))]
            if not lines:
                continue
            crop = Region(seen.x, lines[0], seen.width, lines[-1] - lines[0] + 1)
            strips = widget.render_lines(crop.translate(-region.offset))
            for y in lines:
                for cut, part in self._parts(y, seen, strips[y - lines[0]]):
                    if cut in missing[y]:
                        chops[y][cut] = part
                        missing[y].discard(cut)
                if not missing[y]:
                    del missing[y]
        return cast("Sequence[Mapping[int, Strip]]", chops)  # as Textual has it: None where nothing is painted

    def _missing(self, spans: Iterable[Span]) -> dict[int, set[int]]:
        """By line the first columns of the chops that the spans are in."""
        missing: dict[int, set[int]] = {}
        for y, first, end in spans:
            found = {left for left, right in pairwise(self.cuts[y]) if left < end and right > first}
            missing.setdefault(y, set()).update(found)
        return missing

    def _parts(self, y: int, seen: Region, strip: Strip) -> Iterable[tuple[int, Strip]]:
        """A widget's line, divided where other widgets begin and end."""
        cuts = [cut for cut in self.cuts[y] if seen.x <= cut <= seen.right]
        return zip(cuts, strip.divide([cut - seen.x for cut in cuts[1:]]), strict=False)


class HeldPaint:
    """Keeps the app from painting until it is released, or ``LONGEST`` later: what follows at once is one paint."""

    LONGEST = 0.015
    """Seconds."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen, self._batch = screen, ExitStack()
        self._timer: Timer | None = None

    def hold(self) -> None:
        """Holds back what is to be painted from here on."""
        if self._timer is None:
            self._batch.enter_context(self._screen.app.batch_update())
            self._timer = self._screen.app.set_timer(self.LONGEST, self.release)

    def release(self) -> None:
        """Has it painted."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self._screen.call_later(self._batch.close)  # after widgets have told the screen that they have changed
