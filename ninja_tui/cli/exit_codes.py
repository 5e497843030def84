"""What the exit code says."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """The exit codes of all commands."""

    ALL_PASS = 0
    NOT_ALL_PASS = 1
    UNUSABLE = 2
    """A file, a lesson or an option cannot be used."""
    FAILED = 3
    """ninja-tui itself failed."""
    HUNG_UP = 129
    """The terminal is gone. This and the others are 128 and the signal, as shells have it."""
    INTERRUPTED = 130
    """By Ctrl-C."""
    TERMINATED = 143
    """By SIGTERM."""
