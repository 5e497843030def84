"""Processes in which answers to one lesson run: a fresh one each time, made ahead of need."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from ninja_tui.engine.protocol.answering import Begin, LoadValues, Ping, ReplayGradient, RunStatement, SetUp
from ninja_tui.engine.protocol.judging import LessonRun, PlannedTrial
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Request
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Endpoint, Role, Template, WorkerError
from ninja_tui.errors import UsageError

R = TypeVar("R")
OPENING = 120.0
"""Seconds that a lesson's own set-up and forward pass may take."""
Start = Callable[[Role], Endpoint]
Copy = Callable[[Template], Endpoint]


class Supply:
    """Processes that have the values of a lesson's forward pass and have run nobody's answer.

    With ``copy``, which makes a process of a template, the set-up runs once, in a template that is not locked: for
    lessons that come with us.
    """

    def __init__(self, code: LessonCode, start: Start, copy: Copy | None) -> None:
        self._code, self._start, self._copy = code, start, copy
        self._template: Template | None = None
        self._ahead = _Ahead(self._set_up)

    def prime(self) -> None:
        """Has the next process made in the background."""
        self._ahead.prime()

    def take(self, run: LessonRun) -> Endpoint:
        """A process with the values of ``run``; raises UsageError where there can be none."""
        if self._template is not None:
            with contextlib.suppress(WorkerError):
                return self._next()
            self._template.close()  # it was killed
            self._template, self._ahead = None, _Ahead(self._set_up)
        process = self._ahead.take()
        opened(process, LoadValues(run.values, run.carried), self._code.where)
        copy = self._copy
        if copy is None or not isinstance(process, Template):
            return process
        self._rehearse(process)
        self._template, self._ahead = process, _Ahead(lambda: copy(process))
        try:
            return self._next()
        except WorkerError as error:
            raise UsageError(str(error)) from None

    def close(self) -> None:
        """Ends what nobody took."""
        self._ahead.close()
        if self._template is not None:
            self._template.close()

    def _next(self) -> Endpoint:
        process = self._ahead.take()
        self._ahead.prime()
        return process

    def _set_up(self) -> Endpoint:
        process = self._start(Role.ANSWERS) if self._copy is None else Template(Role.ANSWERS)
        opened(process, SetUp(self._code), self._code.where)
        return process

    def _rehearse(self, template: Template) -> None:
        """Has the forward pass run as an answer does, and its loss replayed: what is made once is there for all."""
        code = self._code
        requests: list[Request[Any]] = [
            Begin(()),
            *(RunStatement(each.code, each.line, (code.loss,), (), (code.loss,)) for each in code.statements),
            ReplayGradient(code.loss, (PlannedTrial(0, {}),), ""),
            Ping(),
        ]
        for request in requests:
            opened(template, request, code.where)


class _Ahead:
    """One process made ahead of need, in the background."""

    def __init__(self, make: Callable[[], Endpoint]) -> None:
        self._new = make
        self._made: Endpoint | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()  # `close` comes from another thread than `prime`
        self._closed = False

    def prime(self) -> None:
        """Begins to make a process where none is ready or under way."""
        with self._lock:
            idle = self._made is None and (self._thread is None or not self._thread.is_alive())
            if idle and not self._closed:
                self._thread = threading.Thread(target=self._make, daemon=True)
                self._thread.start()

    def take(self) -> Endpoint:
        """The process that was made ahead, or a new one."""
        if self._thread:
            self._thread.join()
        made, self._made = self._made, None
        return made or self._new()

    def close(self) -> None:
        """Ends what nobody took."""
        with self._lock:
            self._closed = True
        if self._thread:
            self._thread.join()
        if self._made:
            self._made.close()

    def _make(self) -> None:
        with contextlib.suppress(UsageError, WorkerError):  # raised again when a process is taken
            self._made = self._new()


def opened(process: Endpoint, request: Request[R], where: str) -> R:
    """Has a process run a lesson's code; raises UsageError where it cannot be run."""
    try:
        return process.request(request, OPENING)
    except WorkerError as error:
        reason = str(error)
    except Broken:
        reason = f"{where} ended its own process"
    except TimedOut:
        reason = f"{where} did not come to an end in {OPENING:.0f} s"
    process.close()
    raise UsageError(reason)
