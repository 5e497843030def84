"""Text that a file holds may hold what a terminal obeys: none of it is painted."""

from __future__ import annotations

import re

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, which have no width; those that turn the direction of text; and what no terminal can be sent."""


class Harmless(LineFilter):
    """Leaves out of all text what a terminal would obey."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments; those of Textual itself that control the terminal stay."""
        if not any(OBEYED.search(text) for text, _, control in segments if not control):
            return segments
        return [Segment(text if control else OBEYED.sub("", text), style, control) for text, style, control in segments]
