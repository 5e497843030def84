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


MEANINGS = {
    Exit.ALL_PASS: "all nodes of all files pass; for `check`: nothing is wrong; for `doctor`: the machine is protected",
    Exit.NOT_ALL_PASS: "some do not",
    Exit.UNUSABLE: "a file, a lesson or an option cannot be used",
    Exit.FAILED: "ninja-tui itself failed: for one file, which says so, or altogether",
    Exit.HUNG_UP: "the terminal went away",
    Exit.INTERRUPTED: "interrupted by Ctrl-C",
    Exit.TERMINATED: "interrupted by SIGTERM",
}
"""A clause on each exit code."""
