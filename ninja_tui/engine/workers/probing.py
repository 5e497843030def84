"""The worker that tries what no worker may do, as an answer could: through Python and the C library."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import socket
from collections.abc import Callable

from ninja_tui.engine.protocol.probing import Attempt, Attempts, Forbidden, TryForbidden
from ninja_tui.engine.workers.main import Handlers

TRACE_SEIZE = 0x4206
"""Unlike an attachment it does not stop the other process."""
NEW_USER_NAMESPACE = 0x10000000
SET_HERE = frozenset({"TORCHINDUCTOR_CACHE_DIR"})
"""What a worker itself puts into its environment."""


class Probing:
    """Attempts, each of which is to raise an OSError."""

    def handlers(self) -> Handlers:
        """What this worker does."""
        return {TryForbidden: self.try_all}

    def try_all(self, request: TryForbidden) -> Attempts:
        """What came of each."""
        ways = _ways(request)
        return Attempts(tuple(Attempt(what, _refusal(ways[what])) for what in Forbidden))


def _ways(request: TryForbidden) -> dict[Forbidden, Callable[[], object]]:
    return {
        Forbidden.READ: lambda: os.open(request.secret, os.O_RDONLY),
        Forbidden.SOLUTION: lambda: os.open(request.solution, os.O_RDONLY),
        Forbidden.WRITE: lambda: os.open(os.path.join(request.folder, "written"), os.O_WRONLY | os.O_CREAT),  # noqa: PTH118
        Forbidden.REMOVE: lambda: os.unlink(request.secret),  # noqa: PTH108
        Forbidden.CHANGE_MODE: lambda: os.chmod(request.secret, 0o644),  # noqa: PTH101
        Forbidden.CONNECT: lambda: socket.create_connection(("127.0.0.1", request.port), 1).close(),
        Forbidden.SOCKET: lambda: socket.socket(socket.AF_UNIX).close(),
        Forbidden.FORK: _fork,
        Forbidden.EXECUTE: _execute,
        Forbidden.SIGNAL: lambda: os.kill(request.process, 0),
        Forbidden.MEMORY: lambda: os.open(f"/proc/{request.process}/mem", os.O_RDONLY),
        Forbidden.TRACE: lambda: _call("ptrace", TRACE_SEIZE, request.process, 0, 0),
        Forbidden.NAMESPACE: lambda: _call("unshare", NEW_USER_NAMESPACE),
        Forbidden.TERMINAL: lambda: os.open("/dev/tty", os.O_RDWR),
        Forbidden.ENVIRONMENT: _environment,
        Forbidden.LIMITS: lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    }


def _refusal(attempt: Callable[[], object]) -> str | None:
    try:
        attempt()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else str(error)
    except ValueError as error:
        return str(error)
    return None


def _fork() -> None:
    process = os.fork()
    if process == 0:
        os._exit(0)
    os.waitpid(process, 0)


def _execute() -> None:
    """Runs a program in a child where there can be one, and otherwise in this process's place."""
    with contextlib.suppress(OSError):
        process = os.fork()
        if process:
            if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]):
                raise PermissionError("it did not run")
            return
    os.execv("/bin/true", ["true"])


def _environment() -> None:
    shown = set(os.environ) - SET_HERE
    with contextlib.suppress(OSError), open("/proc/self/environ", "rb") as stream:  # noqa: PTH123
        shown.update(each.partition(b"=")[0].decode("utf-8", "replace") for each in stream.read().split(b"\0") if each)
    if not shown:
        raise PermissionError("it is empty")


def _call(name: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    function = getattr(library, name, None)
    if function is None:
        raise OSError("this system has no such call")
    if function(*(ctypes.c_long(each) for each in arguments)) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
