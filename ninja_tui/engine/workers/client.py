"""Worker processes, seen from the process that asks: forked from a server that has PyTorch loaded.

This side imports no PyTorch, so that a command line starts, and an app paints, before it is there.
"""

from __future__ import annotations

import atexit
import contextlib
import enum
import logging
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Protocol, TypeVar

from ninja_tui.engine.protocol.messages import Answered, Call, Request, checked, decode, encode
from ninja_tui.engine.protocol.processes import Asked, End, Protection, Ready, Start, Started
from ninja_tui.engine.protocol.wire import Broken, Channel, TimedOut
from ninja_tui.log import log_path

R = TypeVar("R")
T = TypeVar("T")
GRACE = 1
"""Seconds beyond its limit after which a worker ends itself."""
STARTING = 120.0
"""Seconds that PyTorch may take to be loaded."""
LARGEST = 1 << 12
KEPT_VARIABLES = ("PATH", "CC", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What of the environment goes to workers; tokens, names and folders do not."""
BOOT = "import sys; sys.path[:] = {path!r}; from ninja_tui.engine.workers.server import main; main({descriptor})"
_log = logging.getLogger(__name__)


class Role(enum.StrEnum):
    """What a worker is for: one computes the lesson and judges, the others run a person's answers, train, or show what
    they cannot do.
    """

    REFERENCE = "reference"
    ANSWERS = "answers"
    PROGRAMS = "programs"
    TRAINER = "trainer"
    PROBING = "probing"


class WorkerError(Exception):
    """Why a worker could not carry out a request; the text is for a person."""


class _Server:
    """The server process, and what is asked of it: one request at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        boot = BOOT.format(path=[each for each in sys.path if os.path.isabs(each)], descriptor=theirs.fileno())  # noqa: PTH117
        variables = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", boot],
                env={**variables, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                process_group=0,  # keys that end or stop the app are for the app
            )
        self._asking = ours
        ours.settimeout(STARTING)
        self._lock = threading.Lock()
        self._protection: Protection | None = None

    @property
    def known_protection(self) -> Protection | None:
        """The same, as far as the server has told."""
        return self._protection

    @property
    def protection(self) -> Protection:
        """What locks the workers here; waits for the server. Raises WorkerError where it does not start."""
        with self._lock:
            return self._ready()

    def fork(self, start: Start, reading: int, writing: int) -> int:
        """A new worker's process id. Raises WorkerError."""
        process = self._ask(Asked(start=start), reading, writing)
        if not process:
            raise WorkerError("no process can be started: the machine is out of memory or of processes")
        return process

    def end(self, process: int) -> None:
        """Kills a worker."""
        with contextlib.suppress(WorkerError):
            self._ask(Asked(end=End(process)))

    def close(self) -> None:
        """Ends the server and all workers."""
        self._asking.close()
        if self._protection is None:
            self._process.kill()  # it is still loading PyTorch, and has no workers
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def _ask(self, asked: Asked, *descriptors: int) -> int:
        with self._lock:
            self._ready()
            try:
                socket.send_fds(self._asking, [encode(asked)], descriptors)
            except OSError as error:
                raise WorkerError(f"the process that starts workers is gone: {error.strerror or error}") from None
            return self._reply(Started).process

    def _ready(self) -> Protection:
        if self._protection is None:
            self._protection = self._reply(Ready).protection
        return self._protection

    def _reply(self, kind: type[T]) -> T:
        try:
            return decode(self._asking.recv(LARGEST), kind)
        except (OSError, Broken):
            raise WorkerError("PyTorch could not be loaded: `python -c 'import torch'` tells why") from None


class _OneServer:
    """The server of this process, started when it is needed."""

    def __init__(self) -> None:
        self._server: _Server | None = None
        self._lock = threading.Lock()

    def running(self) -> _Server:
        """The server; another one where that has ended. Raises WorkerError where there can be none."""
        with self._lock:
            if self._server is None or not self._server.is_alive:
                if not hasattr(os, "fork"):
                    raise WorkerError("workers are forked: this needs Linux, macOS, or WSL on Windows")
                if self._server is None:
                    atexit.register(self.stop)
                self._server = _Server()
            return self._server

    @property
    def is_unlocked(self) -> bool:
        """Whether it runs, and has no lock for what it forks."""
        known = self._server.known_protection if self._server is not None else None
        return known is not None and not known.is_complete

    def stop(self) -> None:
        """Ends the server and all workers."""
        with self._lock:
            if self._server is not None:
                self._server.close()
            self._server = None


_one = _OneServer()


def start_server() -> None:
    """Starts loading PyTorch in the server, and returns at once; where it cannot, the first worker tells why."""
    with contextlib.suppress(WorkerError):
        _one.running()


def protection() -> Protection:
    """What locks workers on this system. Raises WorkerError."""
    return _one.running().protection


def is_unlocked() -> bool:
    """Whether workers have run, and nothing has locked them in."""
    return _one.is_unlocked


def stop_server() -> None:
    """Ends the server and all workers; the next worker has another server started."""
    _one.stop()


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
        """Raises WorkerError where none can be started."""
        self._server = _one.running()
        self._folder = tempfile.mkdtemp(prefix="ninja-tui-") if role is Role.TRAINER else None
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self._ends = [ours_in, ours_out]
        try:
            self.pid = self._server.fork(Start(str(role), log_path(), self._folder), theirs_in, theirs_out)
        except WorkerError:
            self._let_go()
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        self._channel = Channel(ours_in, ours_out, self._is_stopped)
        self._lock = threading.Lock()
        self._count = 0
        self._role = role
        self._ended = False
        _log.info("%s worker %s started", role, self.pid)

    def request(self, request: Request[R], timeout: float) -> R:
        """Sends a request and waits for its reply, ``timeout`` seconds at the most.

        Raises TimedOut or Broken, after which the process is dead, and WorkerError where it refused.
        """
        kind = type(request)
        began = time.monotonic()
        with self._lock:
            if self._ended:
                raise Broken("ended")
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
        self._server.end(self.pid)

    def close(self) -> None:
        """Ends the process and lets go of its pipes; a request that is under way in another thread breaks first."""
        self.kill()
        with self._lock:
            if not self._ended:
                self._ended = True
                self._let_go()

    def _let_go(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                os.close(end)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
