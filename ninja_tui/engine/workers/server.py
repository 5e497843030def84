"""The process from which workers are forked: it has PyTorch, and has never run anybody's code.

A worker may be forked as a *template*: it carries out its first requests, and then forks workers itself, each of which
goes on from there. It is for what runs no code but our own, such as a lesson that comes with us: it is not locked.

It has one thread, so that a fork is whole, and a small environment. It ends, and all workers with it, when the
process that started it does.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import socket

from ninja_tui.engine.protocol.messages import decode, encode
from ninja_tui.engine.protocol.processes import Asked, End, Ready, Start, Started
from ninja_tui.engine.protocol.wire import Broken
from ninja_tui.engine.workers.lock import Lock, adopt_orphans, die_with_parent
from ninja_tui.engine.workers.main import Service, become, prepare, serve

LARGEST = 1 << 16
"""Bytes of a request."""


def main(descriptor: int, lock: Lock | None = None) -> None:
    """Serves the socket ``descriptor`` until its other end closes. Workers get ``lock``, or all walls there are."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    adopt_orphans()
    asking = socket.socket(fileno=descriptor)
    import ninja_tui.engine.workers.preload  # noqa: F401 - only here: it takes a second

    lock = lock or Lock.build()
    if lock.ruleset is None and lock.computing is not None:  # no file is opened later on, not those of modules either
        for name in ("pandas", "torch._dynamo"):
            importlib.import_module(name)
    server = Server(asking, lock)
    try:
        server.serve()
    finally:
        server.end_all()
        os._exit(0)  # taking PyTorch down module by module takes longer than a file


class Server:
    """The workers that were forked and have not been waited for; each goes on with ``service``, if there is one."""

    def __init__(self, asking: socket.socket, lock: Lock, service: Service | None = None) -> None:
        self._asking, self._lock, self._service = asking, lock, service
        self._workers: set[int] = set()
        self._woken, self._wake = os.pipe()
        os.set_blocking(self._wake, False)

    def serve(self) -> None:
        """Carries out requests, and waits for workers that end."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        self._asking.sendall(encode(Ready(self._lock.protection)))
        while True:
            readable, _, _ = select.select([self._asking.fileno(), self._woken], [], [])
            if self._woken in readable:
                os.read(self._woken, LARGEST)
                self._wait_for_ended()
            if self._asking.fileno() in readable and not self._carry_out():
                return

    def _carry_out(self) -> bool:
        """One request and its reply; False where the other end is closed."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._asking, LARGEST, 3)
            asked = decode(data, Asked)
        except (OSError, Broken):
            return False
        process = 0
        try:
            if asked.start is not None and len(descriptors) in (2, 3):
                process = self._fork(asked.start, *descriptors)
            elif asked.end is not None:
                self._end(asked.end)
        except OSError:  # no memory, or no more processes: whoever asked is told by the 0
            process = 0
        finally:
            for each in descriptors:
                os.close(each)
        try:
            self._asking.sendall(encode(Started(process)))
        except OSError:
            return False
        return True

    def _fork(self, start: Start, reading: int, writing: int, asking: int | None = None) -> int:
        server = os.getpid()
        process = os.fork()
        if process:
            self._workers.add(process)
            return process
        try:
            die_with_parent(server)
            if self._lock.protection.is_complete:
                os.setpgid(0, 0)
            else:
                os.setsid()  # no terminal to type commands into
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
                signal.signal(number, signal.SIG_DFL)
            self._asking.close()
            os.close(self._woken)
            os.close(self._wake)
            service = self._service or become(start)
            if asking is None:
                serve(start, reading, writing, self._lock, service)
            else:
                prepare(start, reading, writing, service)
                template = Server(socket.socket(fileno=asking), self._lock, service)
                try:
                    template.serve()
                finally:
                    template.end_all()
        finally:
            os._exit(1)

    def _end(self, end: End) -> None:
        """Kills a worker that has not been waited for: its number is nobody else's yet."""
        if end.process in self._workers:
            _kill(end.process)

    def _wait_for_ended(self) -> None:
        with contextlib.suppress(ChildProcessError):  # there is none that runs either
            while process := os.waitpid(-1, os.WNOHANG)[0]:
                if process in self._workers:
                    self._workers.discard(process)
                    with contextlib.suppress(OSError):
                        os.killpg(process, signal.SIGKILL)  # what it started and left, where no lock kept it from that

    def end_all(self) -> None:
        """Kills all workers, and waits for them."""
        for process in self._workers:
            _kill(process)
        for process in self._workers:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process, 0)


def _kill(process: int) -> None:
    """Kills a process and its group; a worker that has just been forked has none yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)
