"""How well colours can be told apart as a terminal paints them, and colours moved until they can."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.constants import DIM_FACTOR
from textual.filter import LineFilter

TEXT = 4.5
"""The least contrast of text, as WCAG 2 wants it."""
BORDER = 3.0
"""The least contrast of borders."""
STEPS = 24
DARK, BRIGHT = 170, 85
"""A terminal's sixteen colours have channels of 0 and 170, the bright ones of 85 and 255."""


@dataclass(frozen=True)
class Terminal:
    """The colours that a terminal has, and whether it is to show greys only, as ``NO_COLOR`` wants it."""

    colours: ColorSystem = ColorSystem.TRUECOLOR
    grey: bool = False

    def painted(self, color: Color) -> Color:
        """As what it paints an opaque colour."""
        return _painted(color.rgb, self.colours, self.grey)

    @property
    def sixteen(self) -> bool:
        """Whether it has sixteen colours, and no more."""
        return self.colours is ColorSystem.STANDARD

    @property
    def few(self) -> bool:
        """Whether it has not all that one can name."""
        return self.colours is not ColorSystem.TRUECOLOR


ALL_COLOURS = Terminal()


def this_terminal() -> Terminal:
    """The one that the app runs in, as the environment describes it."""
    colours = Console(force_terminal=True).color_system
    return Terminal(COLOR_SYSTEMS.get(colours or "", ColorSystem.TRUECOLOR), "NO_COLOR" in os.environ)


@lru_cache(maxsize=4096)
def _painted(rgb: tuple[int, int, int], colours: ColorSystem, grey: bool) -> Color:  # noqa: FBT001 - a cache has no names
    color = Color(*rgb).monochrome if grey else Color(*rgb)
    if colours is ColorSystem.TRUECOLOR:
        return color
    nearest = color.rich_color.downgrade(colours)
    number = nearest.number or 0
    if colours is not ColorSystem.STANDARD:
        return Color(*nearest.get_truecolor())
    if number == 3:
        return Color(DARK, BRIGHT, 0)  # brown, not a dark yellow
    low, high = (BRIGHT, 255) if number >= 8 else (0, DARK)
    red, green, blue = (high if number & bit else low for bit in (1, 2, 4))
    return Color(red, green, blue)


def contrast(one: Color, other: Color) -> float:
    """WCAG's contrast of two opaque colours, from 1 to 21."""
    low, high = sorted((_luminance(one.rgb), _luminance(other.rgb)))
    return (high + 0.05) / (low + 0.05)


def least_contrast(color: Color, grounds: Iterable[Color]) -> float:
    """The contrast of ``color`` on that ground on which it is least."""
    return min(contrast(color, ground) for ground in grounds)


def readable_on(color: Color, holds: Callable[[Color], bool]) -> Color:
    """``color``, or the nearest one towards white or black for which ``holds``; itself where there is none."""
    if holds(color):
        return color
    moved = (color.blend(end, step / STEPS) for step in range(1, STEPS + 1) for end in (WHITE, BLACK))
    return next(filter(holds, moved), color)


@lru_cache(maxsize=4096)
def _luminance(rgb: tuple[int, int, int]) -> float:
    red, green, blue = (_linear(channel / 255) for channel in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


class ReadableDim(LineFilter):
    """Paints what is ``dim`` in a colour between the text's and its ground's, as far as it can still be read."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, none of them dim."""
        if not any(style is not None and style.dim for _, style, _ in segments):
            return segments
        return [
            Segment(text, _undimmed(style, background, self._terminal), control)
            if style is not None and style.dim
            else Segment(text, style, control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _undimmed(style: Style, background: Color, terminal: Terminal) -> Style:
    if style.color is None or style.color.triplet is None:
        return style
    ground = background
    if style.bgcolor is not None and style.bgcolor.triplet is not None:
        ground = Color.from_rich_color(style.bgcolor)
    ink = Color.from_rich_color(style.color)
    if style.reverse:
        ink, ground = ground, ink
    share = DIM_FACTOR
    painted = terminal.painted
    while share < 1 and contrast(painted(ground.blend(ink, share)), painted(ground)) < TEXT:
        share += 1 / STEPS
    dimmed = ground.blend(ink, min(1.0, share)).rich_color
    return style + Style(dim=False) + (Style(bgcolor=dimmed) if style.reverse else Style(color=dimmed))
