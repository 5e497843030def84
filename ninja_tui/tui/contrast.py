"""How well colours can be told apart, and colours moved until they can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import BLACK, WHITE, Color
from textual.constants import DIM_FACTOR
from textual.filter import LineFilter

TEXT = 4.5
"""The least contrast of text, as WCAG 2 wants it."""
BORDER = 3.0
"""The least contrast of borders."""
STEPS = 32


def contrast(one: Color, other: Color) -> float:
    """WCAG's contrast of two opaque colours, from 1 to 21."""
    low, high = sorted((_luminance(*one.rgb), _luminance(*other.rgb)))
    return (high + 0.05) / (low + 0.05)


def least_contrast(color: Color, grounds: Iterable[Color]) -> float:
    """The contrast of ``color`` on that ground on which it is least."""
    return min(contrast(color, ground) for ground in grounds)


def readable_on(color: Color, grounds: Sequence[Color], least: float) -> Color:
    """``color``, or the nearest one towards white or black that has the contrast ``least`` on all ``grounds``.

    Where no colour has it, the one of black and white that has more.
    """
    if least_contrast(color, grounds) >= least:
        return color
    end = max((WHITE, BLACK), key=lambda each: least_contrast(each, grounds))
    for step in range(1, STEPS):
        moved = color.blend(end, step / STEPS)
        if least_contrast(moved, grounds) >= least:
            return moved
    return end


@lru_cache(maxsize=4096)
def _luminance(red: int, green: int, blue: int) -> float:
    return 0.2126 * _linear(red) + 0.7152 * _linear(green) + 0.0722 * _linear(blue)


def _linear(channel: int) -> float:
    share = channel / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


class ReadableDim(LineFilter):
    """Paints what is ``dim`` in a colour between the text's and its ground's, as far as it can still be read."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, none of them dim."""
        if not any(style is not None and style.dim for _, style, _ in segments):
            return segments
        return [
            Segment(text, _undimmed(style, background), control) if style is not None and style.dim else
            Segment(text, style, control)
            for text, style, control in segments
        ]  # fmt: skip


@lru_cache(maxsize=1024)
def _undimmed(style: Style, background: Color) -> Style:
    if style.color is None or style.color.triplet is None:
        return style
    ground = background
    if style.bgcolor is not None and style.bgcolor.triplet is not None:
        ground = Color.from_rich_color(style.bgcolor)
    ink = Color.from_rich_color(style.color)
    if style.reverse:
        ink, ground = ground, ink
    share = DIM_FACTOR
    while share < 1 and contrast(ground.blend(ink, share), ground) < TEXT:
        share += 1 / STEPS
    dimmed = ground.blend(ink, min(1.0, share)).rich_color
    plain = Style(dim=False)
    return style + plain + (Style(bgcolor=dimmed) if style.reverse else Style(color=dimmed))
