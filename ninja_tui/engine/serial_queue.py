"""A queue of jobs that one thread runs in order."""

from __future__ import annotations

import enum
import logging
import threading
from collections import deque
from collections.abc import Callable

from ninja_tui.log import trace_of

Job = Callable[[], None]
_log = logging.getLogger(__name__)


class SerialQueue(threading.Thread):
    """Runs one job after another in a thread of its own."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._jobs: deque[tuple[enum.Enum | None, Job]] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def add(self, job: Job, kind: enum.Enum | None = None) -> None:
        """Appends ``job``; it replaces jobs of the same ``kind`` that still wait."""
        with self._changed:
            if kind is not None:
                self._jobs = deque(waiting for waiting in self._jobs if waiting[0] is not kind)
            self._jobs.append((kind, job))
            self._changed.notify()

    def close(self) -> None:
        """Drops what waits; the job that runs comes to its end."""
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._changed.notify()

    def run(self) -> None:
        """Runs jobs until the queue is closed."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                _, job = self._jobs.popleft()
            try:
                job()
            except Exception as error:  # one job must not take those behind it along
                _log.error("%s", trace_of(error))
