"""Keys that come faster than anybody types: a paste that the terminal does not mark as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual import events

FASTER = 0.003
"""Seconds between two keys that nobody has typed."""
REST = 0.02
"""Seconds without a key after which a paste has come to its end."""
BREAKS = frozenset({"enter", "ctrl+j"})
"""The keys that a line break in a pasted text arrives as."""


@dataclass(frozen=True)
class Around:
    """The code before the cursor, and behind it."""

    before: str = ""
    after: str = ""


class Burst:
    """The characters of keys that came at once, and the code around the cursor before the first of them.

    It is ``held`` from a line break on, which may be one of a paste, or the Enter at its end.
    """

    def __init__(self) -> None:
        self.text = ""
        self.around = Around()
        self.held = False
        self.ends_with_enter = False
        self.last = float("-inf")

    def follows(self, event: events.Key) -> bool:
        """Whether a key belongs to what came before it."""
        return self.held or event.time - self.last < FASTER

    def begin(self, around: Around) -> None:
        """Nothing has come yet."""
        self.text, self.around, self.held = "", around, False

    def take(self, event: events.Key, *, follows: bool) -> bool:
        """Adds a key; whether it is held back until the burst is over."""
        self.last = event.time
        self.ends_with_enter = event.key == "enter"
        self.text += character_of(event)
        self.held = self.held or (follows and event.key in BREAKS)
        return self.held

    @property
    def is_paste(self) -> bool:
        """Whether something came behind a line break."""
        return "\n" in self.text.rstrip("\n")


def character_of(event: events.Key) -> str:
    """What a key writes in a pasted text; nothing for any other key."""
    if event.key in BREAKS:
        return "\n"
    if event.key == "tab":
        return "\t"
    return event.character or "" if event.is_printable else ""
