"""What a terminal would obey is not painted: files of strangers hold anything."""

from __future__ import annotations

import re

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, and those that turn the direction of a line."""


class PlainText(LineFilter):
    """Paints text without control characters, in as many cells."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments, with nothing in their texts that a terminal obeys."""
        if not any(_OBEYED.search(text) for text, _, _ in segments):
            return segments
        return [
            Segment(text if control else _OBEYED.sub(_painted, text), style, control)
            for text, style, control in segments
        ]


def _painted(found: re.Match[str]) -> str:
    return "�" * cell_len(found[0])
