"""The time that a file has, and the workers that are held to it.

Every request to a worker ends with the time of the file that it is for, or of the run: whatever it waits for then
gives way to ``Stopped``, and what was judged before stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ninja_tui.engine.protocol.answering import LoadValues, SetUp
from ninja_tui.engine.protocol.judging import RunLesson
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.programs import BeginProgram
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Endpoint, Role, Worker
from ninja_tui.errors import UsageError
from ninja_tui.replay.request import Limits

R = TypeVar("R")
SETS_UP: tuple[type[Request[Any]], ...] = (RunLesson, SetUp, LoadValues, BeginProgram)
"""The requests that run a set-up."""


class Stopped(UsageError):
    """There is no time left, or the run was interrupted; the text says which limit is over."""


@dataclass(frozen=True)
class _End:
    """When time is over, of ``time.monotonic``, and the sentence on it."""

    at: float
    sentence: str


def _end(seconds: float | None, what: str, option: str, began: float) -> list[_End]:
    if seconds is None:
        return []
    return [_End(began + seconds, f"the limit of {what}, {seconds:g} s ({option}), is over")]


class Workers:
    """Starts the workers of one job, and holds them to the time of the file that they work on.

    ``began`` is when the run did, of ``time.monotonic``.
    """

    def __init__(self, limits: Limits, began: float, start: Callable[[Role], Endpoint] = Worker) -> None:
        self._limits, self._start = limits, start
        self._run = _end(limits.run, "the run", "--run-timeout", began)
        self._ends = self._run
        self._interrupted = False
        self._live: list[_Held] = []

    def begin_file(self) -> None:
        """A file's time begins. Raises Stopped where there is none left."""
        self._ends = [*_end(self._limits.file, "a file", "--file-timeout", time.monotonic()), *self._run]
        self.check()

    def end_file(self) -> None:
        """What comes until the next file is not held to the time of one."""
        self._ends = self._run

    def check(self) -> None:
        """Raises Stopped where there is no time left."""
        if self._interrupted:
            raise Stopped("interrupted")
        end = min(self._ends, key=lambda each: each.at, default=None)
        if end is not None and end.at <= time.monotonic():
            raise Stopped(end.sentence)

    def start(self, role: Role) -> Endpoint:
        """A new worker."""
        self.check()
        held = _Held(self._start(role), self)
        self._live.append(held)
        if self._interrupted:
            held.kill()
        return held

    def limit(self, request: Request[Any], seconds: float) -> tuple[float, UsageError | None]:
        """How long a request may take, and what is to be said where that is not ``seconds``. Raises Stopped."""
        self.check()
        over: UsageError | None = None
        if isinstance(request, SETS_UP) and self._limits.setup < seconds:
            seconds = self._limits.setup
            over = UsageError(f"the set-up did not come to an end in {seconds:g} s (--setup-timeout)")
        end = min(self._ends, key=lambda each: each.at, default=None)
        left = float("inf") if end is None else max(0.0, end.at - time.monotonic())
        return (left, Stopped(end.sentence)) if end is not None and left < seconds else (seconds, over)

    def interrupt(self) -> None:
        """Ends all that is under way, at once; from whichever thread."""
        self._interrupted = True
        for held in [*self._live]:
            held.kill()

    def forget(self, held: _Held) -> None:
        """A worker that is closed."""
        if held in self._live:
            self._live.remove(held)

    def close(self) -> None:
        """Ends all workers."""
        for held in [*self._live]:
            held.close()


class _Held:
    """A worker whose requests end with the time that there is."""

    def __init__(self, worker: Endpoint, workers: Workers) -> None:
        self._worker, self._workers = worker, workers

    def request(self, request: Request[R], timeout: float) -> R:
        """The reply; raises Stopped as well where there is no time left for it, and UsageError for a set-up's."""
        try:
            seconds, over = self._workers.limit(request, timeout)
            return self._worker.request(request, seconds)
        except TimedOut:
            if over is None:
                raise
            self.kill()
            raise over from None
        except Broken:
            self._workers.check()  # a worker that an interrupt has ended is no answer's fault
            raise
        except Stopped:
            self.kill()
            raise

    def kill(self) -> None:
        """Ends what is under way."""
        self._worker.kill()

    def close(self) -> None:
        """Ends the worker."""
        self._workers.forget(self)
        self._worker.close()
