"""Worker processes, seen from the process that asks: forked from a server that has PyTorch loaded.

This side imports no PyTorch, so that a command line starts, and an app paints, before it is there.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import math
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ninja_tui.engine.protocol.messages import Answered, Call, Request, checked, decode, encode
from ninja_tui.engine.protocol.wire import Broken, Channel, TimedOut
from ninja_tui.log import log_path

R = TypeVar("R")
PRELOAD = "ninja_tui.engine.workers.preload"
GRACE = 1
"""Seconds beyond its limit after which a worker ends itself."""
_log = logging.getLogger(__name__)


class Role(enum.StrEnum):
    """What a worker is for: to compute a lesson and judge, to run answers, programs or lessons, to judge, to train."""

    REFERENCE = "reference"
    ANSWERS = "answers"
    PROGRAMS = "programs"
    FORWARD = "forward"
    JUDGE = "judge"
    TRAINER = "trainer"


class WorkerError(Exception):
    """Why a worker could not carry out a request; the text is for a person."""


def _context() -> Any:  # BaseContext and its kinds differ by platform in typeshed
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    return multiprocessing.get_context(method)


def start_server() -> None:
    """Starts loading PyTorch in the server, and returns at once."""
    if _context().get_start_method() == "forkserver":
        _context().set_forkserver_preload([PRELOAD])
        with _safe_path():
            forkserver.ensure_running()


@contextlib.contextmanager
def _safe_path() -> Iterator[None]:
    """Within it a Python that is started does not look for modules in the current folder."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


class Endpoint(Protocol):
    """What carries out requests, as a ``Worker`` does in a process of its own."""

    def request(self, request: Request[R], timeout: float) -> R:
        """The reply; raises TimedOut, Broken and WorkerError."""

    def kill(self) -> None:
        """Ends what is under way."""

    def close(self) -> None:
        """Ends it."""


class Worker:
    """One worker process. Requests are answered in order; one is under way at a time."""

    def __init__(self, role: Role) -> None:
        from ninja_tui.engine.workers.main import serve

        start_server()
        context = _context()
        ours_in, theirs_out = context.Pipe(duplex=False)
        theirs_in, ours_out = context.Pipe(duplex=False)
        arguments = (str(role), theirs_in, theirs_out, log_path())
        self._process = context.Process(target=serve, args=arguments, daemon=True)
        with _safe_path():
            self._process.start()
        theirs_in.close()
        theirs_out.close()
        self._ends: list[Connection] = [ours_in, ours_out]
        self._channel = Channel(ours_in.fileno(), ours_out.fileno(), self._is_stopped)
        self._lock = threading.Lock()
        self._count = 0
        self._role = role
        _log.info("%s worker %s started", role, self.pid)

    def request(self, request: Request[R], timeout: float) -> R:
        """Sends a request and waits for its reply, ``timeout`` seconds at the most.

        Raises TimedOut or Broken, after which the process is dead, and WorkerError where it refused.
        """
        kind = type(request)
        began = time.monotonic()
        with self._lock:
            self._count += 1
            deadline = began + timeout
            call = Call(self._count, kind.__name__, math.ceil(timeout) + GRACE)
            try:
                self._channel.send(encode(call), encode(request), deadline=deadline)
                answered = decode(self._channel.receive(deadline), Answered)
                if answered.number != self._count:
                    raise Broken("a reply to no request")
                body = self._channel.receive(deadline)
                reply: R | None = None if answered.refusal is not None else checked(decode(body, kind.reply))
            except (TimedOut, Broken) as error:
                _log.warning("%s %s: %s %s", self._role, self.pid, kind.__name__, type(error).__name__)
                self.kill()
                raise
        _log.debug("%s %s: %s %.1f ms", self._role, self.pid, kind.__name__, 1000 * (time.monotonic() - began))
        if reply is None:
            raise WorkerError(str(checked(answered.refusal)))
        return reply

    def _is_stopped(self) -> bool:
        """Whether a signal has stopped the process, where the system tells."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state in ("T", "t")

    def kill(self) -> None:
        """Ends the process at once, whatever it is doing."""
        with contextlib.suppress(ValueError, OSError, AttributeError):
            self._process.kill()

    def close(self) -> None:
        """Ends the process and lets go of its pipes."""
        self.kill()
        self._process.join(1.0)
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return int(self._process.pid or os.getpid())
