"""Both ends of a record's way from the process that recorded it to the one that judges by it."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ninja_tui.engine.protocol.messages import Done
from ninja_tui.engine.protocol.records import PART, GiveRecord, RecordPart, TakeRecord


class Outgoing:
    """A record on its way out; ``encode`` gives its bytes, and is called once."""

    def __init__(self, encode: Callable[[], bytes]) -> None:
        self._encode = encode
        self._encoded: bytes | None = None

    def take(self, request: TakeRecord) -> RecordPart:
        """The part that begins with a byte; each can be had again."""
        if self._encoded is None:
            with torch._C.DisableTorchFunction():  # a person's code may be surrounded by modes
                self._encoded = self._encode()
        end = request.start + PART
        return RecordPart(self._encoded[request.start : end], more=end < len(self._encoded))


class Incoming:
    """The parts of a record that have come."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def receive(self, request: GiveRecord) -> Done:
        """Takes the next part."""
        self._parts.append(request.part)
        return Done()

    def taken(self) -> bytes:
        """All that has come; what comes next is another record."""
        data, self._parts = b"".join(self._parts), []
        return data
