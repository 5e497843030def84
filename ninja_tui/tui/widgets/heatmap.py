"""A tensor as a picture: blue below zero, orange above, the background's shade at zero; two rows of cells a line.

Without colour a line is one row of cells, each the sign of what is under it, heavy where that is large.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.content import Content

from ninja_tui.engine.protocol.difference import Cells
from ninja_tui.report.heatmap import LEVELS, NOT_FINITE, level, sign

Rgb = tuple[int, int, int]
FAINT = 0.45
"""So much is left of a colour under the frame."""
DOUBLE = str.maketrans("┌┐└┘─│", "╔╗╚╝═║")
NO_CELL = 1001
"""In the place of a level."""


@dataclass(frozen=True)
class _Shades:
    zero: Rgb
    negative: Rgb
    positive: Rgb
    not_finite: Rgb


class Palette(enum.Enum):
    """The colours of a heatmap, for a background that is dark, or light; or signs in the place of colours."""

    DARK = _Shades((38, 40, 48), (70, 150, 255), (255, 160, 40), (255, 0, 200))
    LIGHT = _Shades((226, 228, 232), (0, 84, 190), (148, 68, 0), (190, 0, 150))
    SIGNS = None

    @property
    def rows(self) -> int:
        """How many rows of cells a line has."""
        return 1 if self is Palette.SIGNS else 2


SWATCH = "  "
"""What shows a colour of the legend."""


@dataclass(frozen=True)
class Look:
    """How a heatmap is drawn: how wide its cells are, in which colours, and the style that these are added to.

    Cells that look alike are drawn once.
    """

    cell_width: int
    palette: Palette
    plain: Style
    _drawn: dict[tuple[int, int], Segment] = field(default_factory=dict, compare=False, repr=False)

    def cell(self, upper: int, lower: int) -> Segment:
        """Two cells, one above the other, by their levels."""
        if (upper, lower) not in self._drawn:
            self._drawn[upper, lower] = self._cell(upper, lower)
        return self._drawn[upper, lower]

    def _cell(self, upper: int, lower: int) -> Segment:
        shades = self.palette.value
        if shades is None:
            return Segment(sign(upper) * self.cell_width, self.plain)
        below = self.plain.bgcolor if lower == NO_CELL else _shade(lower, shades)
        return Segment("▀" * self.cell_width, Style.from_color(_shade(upper, shades), below))


@dataclass(frozen=True)
class Box:
    """The part of a heatmap that is framed: its first and last line and column, in cells of the terminal."""

    top: int
    bottom: int
    left: int
    right: int

    def character(self, x: int, y: int, palette: Palette) -> str:
        """What the frame has there; empty where it has nothing. Among signs its lines are double."""
        character = self._character(x, y)
        return character.translate(DOUBLE) if palette is Palette.SIGNS else character

    def _character(self, x: int, y: int) -> str:
        if not (self.top <= y <= self.bottom and self.left <= x <= self.right):
            return ""
        if self.top == self.bottom and self.left == self.right:
            return "□"
        if self.top == self.bottom:
            return {self.left: "[", self.right: "]"}.get(x, "")
        if self.left == self.right:
            return "│"
        if y in (self.top, self.bottom):
            corners = "┌┐" if y == self.top else "└┘"
            return corners[0] if x == self.left else corners[1] if x == self.right else "─"
        return "│" if x in (self.left, self.right) else ""


def heat_line(cells: Cells, y: int, look: Look, box: Box | None) -> list[Segment]:
    """Line ``y`` of the heatmap, with what the frame has in it."""
    rows = look.palette.rows
    if rows * y >= len(cells):
        return []
    upper = [level(value) for value in cells[rows * y]]
    if rows == 2 and rows * y + 1 < len(cells):
        lower = [level(value) for value in cells[rows * y + 1]]
    else:
        lower = upper if len(cells) == 1 else [NO_CELL] * len(upper)
    if box is None or not box.top <= y <= box.bottom:
        return [*map(look.cell, upper, lower)]
    segments: list[Segment] = []
    for column, pair in enumerate(zip(upper, lower, strict=True)):
        frame = [box.character(column * look.cell_width + at, y, look.palette) for at in range(look.cell_width)]
        segments += _framed(frame, pair, look) if any(frame) else [look.cell(*pair)]
    return segments


def _framed(frame: Sequence[str], pair: tuple[int, int], look: Look) -> list[Segment]:
    """A cell with a part of the frame in it: white on what is under it, darkened; in a light theme the reverse."""
    shades = look.palette.value
    if shades is None:
        return [Segment(each or sign(pair[0]), look.plain) for each in frame]
    under = _rgb(max((each for each in pair if each != NO_CELL), key=abs), shades)
    ink, paper = (0, 255) if look.palette is Palette.LIGHT else (255, 0)
    red, green, blue = (round(paper + (part - paper) * FAINT) for part in under)
    edge = look.plain + Style(color=_colour((ink, ink, ink)), bgcolor=_colour((red, green, blue)), bold=True)
    body = look.plain + Style(color=_colour(under))
    return [Segment(each or "█", edge if each else body) for each in frame]


def legend(palette: Palette, largest: str, *, finite: bool) -> Content:
    """What the colours mean; ``largest`` is the magnitude of the strongest, as text."""
    if palette.value is None:
        signs = (f"─━ below 0 · above +╋  ±{largest}", "dim")
        return Content.assemble(signs, ("" if finite else "  ! not finite", "$text-warning"))
    shades = palette.value
    parts = [
        (SWATCH, _ground(shades.negative)), (" blue − · 0 · + orange ", "dim"), (SWATCH, _ground(shades.positive)),
        (f" ±{largest}", "dim"),
    ]  # fmt: skip
    if not finite:
        parts += [("  ", ""), (SWATCH, _ground(shades.not_finite)), (" magenta not finite", "dim")]
    return Content.assemble(*parts)


def _ground(colour: Rgb) -> str:
    return f"on rgb({colour[0]},{colour[1]},{colour[2]})"


def _rgb(level: int, shades: _Shades) -> Rgb:
    if level == NOT_FINITE:
        return shades.not_finite
    end = shades.positive if level > 0 else shades.negative
    share = abs(level) / LEVELS
    red, green, blue = (round(low + (high - low) * share) for low, high in zip(shades.zero, end, strict=True))
    return red, green, blue


@lru_cache(maxsize=1024)
def _shade(level: int, shades: _Shades) -> Color:
    return _colour(_rgb(level, shades))


def _colour(colour: Rgb) -> Color:
    return Color.from_rgb(*colour)
