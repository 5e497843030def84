"""What the exit code says."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """The exit codes of all commands."""

    ALL_PASS = 0
    NOT_ALL_PASS = 1
    UNUSABLE = 2
    FAILED = 3
    """An error of ninja-tui itself."""
    INTERRUPTED = 130
