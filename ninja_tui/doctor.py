"""What this machine has, and what protects it from strangers' code: shown by trying each forbidden thing."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ninja_tui.engine.protocol.probing import Attempt, TryForbidden
from ninja_tui.engine.protocol.processes import Protection
from ninja_tui.engine.workers.client import Role, Worker, protection

PACKAGES = ("torch", "textual", "rich", "numpy", "pandas", "jupytext", "msgspec")
LIMIT = 10.0
"""Seconds."""
SOLUTION = Path(__file__).parent / "lessons" / "names" / "solution.py"


@dataclass(frozen=True)
class Diagnosis:
    """What was seen: ``attempts`` by a locked worker, and ``facts`` by name."""

    protection: Protection
    attempts: tuple[Attempt, ...]
    facts: tuple[tuple[str, str], ...]

    @property
    def is_protected(self) -> bool:
        """Whether all that was tried was refused."""
        return all(attempt.refused is not None for attempt in self.attempts)


def diagnose() -> Diagnosis:
    """Looks at the machine, and has a locked worker try what it must not do. Raises what a worker raises."""
    with _targets() as request:
        worker = Worker(Role.PROBING)
        try:
            attempts = worker.request(request, LIMIT).attempts
        finally:
            worker.close()
    return Diagnosis(protection(), attempts, tuple(_facts()))


@contextmanager
def _targets() -> Iterator[TryForbidden]:
    """A file, a folder, a port and a process that are there to be tried on."""
    with tempfile.TemporaryDirectory(prefix="ninja-tui-") as folder, socket.create_server(("127.0.0.1", 0)) as server:
        secret = Path(folder, "secret")
        secret.write_text("secret", encoding="utf-8")
        port: int = server.getsockname()[1]
        yield TryForbidden(str(secret), folder, port, str(SOLUTION), os.getpid())


def _facts() -> Iterator[tuple[str, str]]:
    yield "system", f"{platform.system()} {platform.release()} {platform.machine()}"
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    for name in PACKAGES:
        yield name, _version(name)
    yield "processors", str(os.cpu_count() or "unknown")
    yield "memory", _memory()
    columns, rows = shutil.get_terminal_size()
    yield (
        "terminal",
        f"{os.environ.get('TERM', 'no TERM')}, {columns}×{rows}, {os.environ.get('COLORTERM') or 'no COLORTERM'}",
    )
    yield "C compiler", next((path for each in ("cc", "gcc", "clang") if (path := shutil.which(each))), "none")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _memory() -> str:
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError):
        return "unknown"
    return f"{whole / 2**30:.1f} GB, {free / 2**30:.1f} GB free"
