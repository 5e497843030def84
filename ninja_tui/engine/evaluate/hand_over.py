"""Gives what one process has recorded to another."""

from __future__ import annotations

from ninja_tui.engine.protocol.records import LARGEST_RECORD, GiveRecord, TakeRecord
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Endpoint, WorkerError
from ninja_tui.errors import UsageError

LIMIT = 60.0
"""Seconds that a part may take."""


def hand_over(source: Endpoint, target: Endpoint, where: str) -> None:
    """Gives the record of ``source`` to ``target``; raises UsageError about ``where`` for one that cannot be had."""
    start, more = 0, True
    while more:
        try:
            part = source.request(TakeRecord(start), LIMIT)
        except (WorkerError, TimedOut, Broken):
            raise UsageError(f"{where}: its own code has broken Python in its process") from None
        start, more = start + len(part.data), part.more
        if start > LARGEST_RECORD or (more and not part.data):
            raise UsageError(f"{where} computes with too much to be judged: more than 1 GB of tensors")
        target.request(GiveRecord(part.data), LIMIT)
