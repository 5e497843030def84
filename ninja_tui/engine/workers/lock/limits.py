"""What a locked process may take of the machine."""

from __future__ import annotations

import contextlib
import resource

MORE_MEMORY = 4 << 30
"""Bytes of address space beyond what the worker starts with."""
OPEN_FILES = 64
CPU = 3600
"""Seconds of computing in all: what spins when nobody is left to end it comes to an end. A training may take longer."""
COMPILED = 64 << 20
"""Bytes of the largest file that a compiler writes."""


def limit(*, writes: bool = False) -> None:
    """Bounds address space and open files, and makes no core; what does not ``write`` is bounded in CPU, too.

    What writes is a training with its compiler, which runs as long as the person wishes.
    """
    _bound("RLIMIT_CORE", 0)
    _bound("RLIMIT_FSIZE", COMPILED if writes else 0)
    _bound("RLIMIT_NOFILE", OPEN_FILES)
    if not writes:
        _bound("RLIMIT_CPU", CPU)
    _bound("RLIMIT_MEMLOCK", 0)
    _bound("RLIMIT_MSGQUEUE", 0)
    with contextlib.suppress(OSError):
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            pages = int(stream.read().split()[0])
        _bound("RLIMIT_AS", pages * resource.getpagesize() + MORE_MEMORY)


def _bound(name: str, most: int) -> None:
    """Sets a limit, as far as this system has it and the one in force is no lower."""
    kind = getattr(resource, name, None)
    if kind is None:
        return
    with contextlib.suppress(OSError, ValueError):
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
