"""Workers: processes forked from a server that has PyTorch loaded, each at the end of a pair of pipes.

This side imports no PyTorch, so that a command line starts, and an app paints, before it is there.
"""

from __future__ import annotations

import contextlib
import enum
import multiprocessing
import os
import threading
import time
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any

from ninja_tui.engine.protocol.wire import Broken, Channel, Message, TensorData, TimedOut

PRELOAD = "ninja_tui.engine.workers.preload"


class Role(enum.StrEnum):
    """What a worker is for: one computes the lesson and compares, the others run a person's answers, or train."""

    REFERENCE = "reference"
    RUNNER = "runner"
    TRAINER = "trainer"


class WorkerError(Exception):
    """What a worker says of a request that it could not carry out; the text is for a person."""


def _context() -> Any:  # BaseContext and its kinds differ by platform in typeshed
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    return multiprocessing.get_context(method)


def start_server() -> None:
    """Starts loading PyTorch in the server, and returns at once."""
    if _context().get_start_method() == "forkserver":
        _context().set_forkserver_preload([PRELOAD])
        forkserver.ensure_running()


class Worker:
    """One worker process. Requests are answered in order; one is under way at a time."""

    def __init__(self, role: Role) -> None:
        from ninja_tui.engine.workers.main import serve

        start_server()
        context = _context()
        ours_in, theirs_out = context.Pipe(duplex=False)
        theirs_in, ours_out = context.Pipe(duplex=False)
        self._process = context.Process(target=serve, args=(str(role), theirs_in, theirs_out), daemon=True)
        self._process.start()
        theirs_in.close()
        theirs_out.close()
        self._ends: list[Connection] = [ours_in, ours_out]
        self._channel = Channel(ours_in.fileno(), ours_out.fileno())
        self._lock = threading.Lock()
        self._count = 0

    def request(
        self, body: dict[str, Any], tensors: dict[str, TensorData] | None = None, timeout: float | None = None
    ) -> Message:
        """Sends a request and waits for its answer, ``timeout`` seconds at the most.

        Raises TimedOut or Broken, after which the process is dead, and WorkerError where it refused.
        """
        with self._lock:
            self._count += 1
            deadline = None if timeout is None else time.monotonic() + timeout
            try:
                self._channel.send({**body, "id": self._count}, tensors)
                answer = self._channel.receive(deadline)
                if answer.body.pop("id", None) != self._count:
                    raise Broken("an answer to nothing that was asked")
            except (TimedOut, Broken):
                self.kill()
                raise
        if "refused" in answer.body:
            raise WorkerError(str(answer.body["refused"]))
        return answer

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
