"""What is painted on the screen, as pieces of text with their two colours."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from rich.segment import Segment
from textual.color import Color
from textual.screen import ModalScreen

from ninja_tui.tui.contrast import ALL_COLOURS, BORDER, TEXT, Terminal, contrast
from tests.app.support import AppPilot


class Kind(enum.Enum):
    """What a character is for, and how much contrast it needs."""

    TEXT = TEXT
    BORDER = BORDER
    PICTURE = 1.0


@dataclass(frozen=True)
class Piece:
    """Neighbouring characters of one style."""

    text: str
    ink: Color
    ground: Color

    def __str__(self) -> str:
        return f"{self.text.strip()!r} in {self.ink.hex} on {self.ground.hex}"

    @property
    def needed(self) -> float:
        """The contrast that the most demanding of its characters needs."""
        return max(_kind(character).value for character in self.text if not character.isspace())


def pieces(pilot: AppPilot) -> Iterator[Piece]:
    """All that is painted; where a dialog is open, what it shows, and not the screen behind it."""
    screen = pilot.app.screen
    for y, strip in enumerate(screen._compositor.render_strips()):
        x = 0
        for segment in strip:
            begin = x + len(segment.text) - len(segment.text.lstrip())
            x += segment.cell_length
            if segment.text.strip() and not (isinstance(screen, ModalScreen) and _behind(screen, begin, y)):
                yield _piece(segment)


def faint(pilot: AppPilot, terminal: Terminal = ALL_COLOURS) -> set[str]:
    """The pieces that have too little contrast as that terminal paints them.

    What is selected needs less where there are few colours, which leave no more.
    """
    selected = terminal.painted(Color.parse(pilot.app.theme_variables["current-line"]))
    found = set()
    for piece in pieces(pilot):
        ink, ground = terminal.painted(piece.ink), terminal.painted(piece.ground)
        needed = min(piece.needed, BORDER) if terminal.few and ground == selected else piece.needed
        if needed > 1 and contrast(ink, ground) < needed:
            found.add(str(piece))
    return found


def _behind(screen: ModalScreen[object], x: int, y: int) -> bool:
    widget, _ = screen.get_widget_at(x, y)
    return widget is screen or widget.id == "--container"  # the palette's own layer, which is transparent


def _piece(segment: Segment) -> Piece:
    style = segment.style
    assert style is not None
    assert not style.dim, segment
    assert style.color is not None
    assert style.bgcolor is not None
    ink, ground = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    return Piece(segment.text, *((ground, ink) if style.reverse else (ink, ground)))


def _kind(character: str) -> Kind:
    """Half blocks, braille, progress bars and emoji are pictures; lines and edges are borders."""
    code = ord(character)
    if character in "━╸╺" or 0x2800 <= code < 0x2900 or code >= 0x1F300:
        return Kind.PICTURE
    if character in "▊▎▔" or 0x2500 <= code < 0x2580:
        return Kind.BORDER
    return Kind.PICTURE if 0x2580 <= code < 0x25A0 else Kind.TEXT
