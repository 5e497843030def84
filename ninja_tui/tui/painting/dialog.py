"""A dialog: what is behind it is drawn once, and tinted style by style."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.command import CommandPalette
from textual.geometry import Region
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.strip import Strip

from ninja_tui.tui.painting.compositor import SparingCompositor


class Dialog(ModalScreen[ScreenResultType]):
    """A screen above another one, which shows through around it.

    Textual's own modal screen has the whole of what is behind it rendered anew, through Rich, and computes the tint of
    each segment.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor = SparingCompositor()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of what is behind."""
        return _lines_behind(self, crop) or super().render_lines(crop)


class Palette(CommandPalette):
    """Textual's list of commands, as a dialog."""

    def __init__(self) -> None:
        super().__init__(id="--command-palette")
        self._compositor = SparingCompositor()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of what is behind."""
        return _lines_behind(self, crop) or super().render_lines(crop)


def _lines_behind(screen: Screen[ScreenResultType], crop: Region) -> list[Strip]:
    """The lines of what is behind a screen, tinted with its background; none where that cannot be had."""
    below: Screen[object] | None = None
    for each in screen.app.screen_stack:
        if each is screen:
            break
        below = each
    if below is None or not isinstance(below._compositor, SparingCompositor):
        return []
    strips = below._compositor.lines(crop)
    tint, (_, ground) = screen.styles.background, screen.background_colors
    if tint.a:
        strips = [Strip([_tinted(segment, tint) for segment in strip], strip.cell_length) for strip in strips]
        for line_filter in screen.get_line_filters() if screen.app.no_color else ():
            strips = [strip.apply_filter(line_filter, ground) for strip in strips]
    return strips


def _tinted(segment: Segment, tint: Color) -> Segment:
    return Segment(segment.text, None if segment.style is None else _style(segment.style, tint))


@lru_cache(maxsize=4096)
def _style(style: Style, tint: Color) -> Style:
    colour, ground = (
        (Color.from_rich_color(each) + tint).rich_color if each else None for each in (style.color, style.bgcolor)
    )
    return style.clear_meta_and_links() + Style.from_color(colour, ground)
