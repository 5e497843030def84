"""What one process recorded goes to another, part by part, through the one that asks: which never reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ninja_tui.engine.protocol.messages import Done, Request

PART = 8 << 20
"""Bytes that travel at once."""
LARGEST_RECORD = 1 << 30
"""Bytes of a record that is judged."""


@dataclass(frozen=True)
class RecordPart:
    """Bytes of what a process recorded; ``more``: others follow."""

    data: bytes
    more: bool


@dataclass(frozen=True)
class TakeRecord(Request[RecordPart]):
    """Asks for what was recorded, from the byte ``start`` on."""

    reply: ClassVar[type] = RecordPart
    start: int


@dataclass(frozen=True)
class GiveRecord(Request[Done]):
    """Gives the next part of what another process recorded."""

    reply: ClassVar[type] = Done
    part: bytes
