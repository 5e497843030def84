"""The backend with worker processes, driven without the app: requests, and the events that come of them."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.events import Event, Judged
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.practice.variation import Round
from tests.app.support import SOME_NAMES

LONGEST = 60.0
E = TypeVar("E")


class RealBackend:
    """A ``ProcessBackend`` and its events, in the order in which they came."""

    def __init__(self, lesson: str, solutions: Path, options: Options, asked: Round | None = None) -> None:
        self._queue: queue.Queue[Event] = queue.Queue()
        self.backend = ProcessBackend(lesson, solutions, options, self._queue.put, asked)

    def event(self, kind: type[E]) -> E:
        """The next event of that type; those before it are dropped."""
        while True:
            event = self._queue.get(timeout=LONGEST)
            if isinstance(event, kind):
                return event

    def events(self, last: type[Event]) -> list[Event]:
        """The next events, up to one of the type ``last``."""
        events = [self._queue.get(timeout=LONGEST)]
        while not isinstance(events[-1], last):
            events.append(self._queue.get(timeout=LONGEST))
        return events

    def pending(self, seconds: float) -> list[Event]:
        """The events of so many seconds from now."""
        time.sleep(seconds)
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def judged(self, node: str, code: str) -> Judged:
        """The event that comes of judging ``code``."""
        self.backend.judge(node, code)
        judged = self.event(Judged)
        assert (judged.node, judged.code) == (node, code)
        return judged

    def verdict(self, node: str, code: str) -> Verdict:
        """The verdict on ``code``."""
        return self.judged(node, code).verdict


@contextmanager
def started(solutions: Path, lesson: str = "names", options: Options = SOME_NAMES) -> Iterator[RealBackend]:
    """A backend that has begun to open its lesson."""
    real = RealBackend(lesson, solutions, options)
    try:
        real.backend.start()
        yield real
    finally:
        real.backend.close()
