"""What a worker that runs a person's code may take."""

from __future__ import annotations

import contextlib
import resource

MORE_MEMORY = 4 << 30
"""Bytes of address space beyond what the worker starts with."""


def limit_memory() -> None:
    """Bounds the address space of this process: what it has now, and ``MORE_MEMORY``."""
    with contextlib.suppress(OSError, ValueError):
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            pages = int(stream.read().split()[0])
        most = pages * resource.getpagesize() + MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
