"""Opens files of strangers: regular ones alone, without ever waiting, and no more of them than a limit that is told."""

from __future__ import annotations

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError

STDIN = Path("<stdin>")
"""What stands for standard input, as in Python's own messages."""
LARGEST_TEXT = 5_000_000
"""Bytes of a script, a lesson, notes or a word list."""
LARGEST_NOTEBOOK = 20_000_000
"""Bytes of a notebook, which holds pictures too."""
MOST_LINES = 100_000
"""Of a text. Those of a notebook's own code are counted when it is read."""
LARGEST_DATA = 50_000_000
"""Bytes of a file that a program reads itself."""


@dataclass(frozen=True)
class Limit:
    """How much of a file is read: ``size`` in bytes; None for as many lines as these hold."""

    size: int
    lines: int | None


TEXT_LIMIT = Limit(LARGEST_TEXT, MOST_LINES)
NOTEBOOK_LIMIT = Limit(LARGEST_NOTEBOOK, None)
NOTES_LIMIT = Limit(100_000, 10_000)
_CHUNK = 1 << 20
_NO_FILES = {
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_WAYS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def read_bytes(path: Path, what: str, most: int = LARGEST_TEXT) -> bytes:
    """The content of the file ``path``, or of standard input for STDIN.

    Raises UsageError, which calls it ``what``, where it is missing, no regular file, or larger than ``most`` bytes.
    """
    try:
        raw = _standard_input(most) if path == STDIN else _content(path, most)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{what} {path} does not exist") from None
    except _Unfit as error:
        raise UsageError(f"{what} {path} {error}") from None
    except (OSError, ValueError) as error:  # a ValueError for a name that no file can have
        raise UsageError(f"{what} {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > most:
        raise UsageError(f"{what} {path} is larger than {megabytes(most)}, and no more is read")
    return raw


def content_beside(path: Path, most: int) -> bytes | None:
    """The content of a regular file of at most ``most`` bytes; None for anything else."""
    try:
        raw = _content(path, most)
    except (OSError, ValueError, _Unfit):
        return None
    return raw if len(raw) <= most else None


def exists(path: Path) -> bool:
    """Whether there is anything at ``path``; raises UsageError where a folder on the way cannot be looked into."""
    return _mode(path) is not None


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a directory; raises UsageError where a folder on the way cannot be looked into."""
    mode = _mode(path)
    return mode is not None and stat.S_ISDIR(mode)


def is_reachable_folder(path: Path) -> bool:
    """Whether ``path`` is a directory; False for what cannot be looked at, or cannot be a path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def is_regular(path: Path) -> bool:
    """Whether ``path`` is a regular file; raises UsageError where a folder on the way cannot be looked into."""
    mode = _mode(path)
    return mode is not None and stat.S_ISREG(mode)


def megabytes(size: int) -> str:
    """``23 MB``, or ``5.2 MB`` where that tells more, or ``100 kB``."""
    if size < 1_000_000:
        return f"{size / 1e3:.0f} kB"
    return f"{size / 1e6:.0f} MB" if size >= 10e6 or size % 1_000_000 == 0 else f"{size / 1e6:.1f} MB"


class _Unfit(Exception):
    """What is no file to be read; says what it is."""


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None


def _content(path: Path, most: int) -> bytes:
    """Up to ``most`` bytes, and one more where there are more; raises OSError, ValueError and _Unfit."""
    _check(path.stat(), most)  # before it is opened: to open a pipe or a device can do something
    descriptor = os.open(path, _WAYS)
    try:
        _check(os.fstat(descriptor), most)
        return _read(descriptor, most)
    finally:
        os.close(descriptor)


def _check(status: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Unfit(f"is a {_NO_FILES.get(stat.S_IFMT(status.st_mode), 'device')}, not a file")
    if status.st_size > most:
        raise _Unfit(f"is {megabytes(status.st_size)}; at most {megabytes(most)} are read")


def _read(descriptor: int, most: int) -> bytes:
    chunks: list[bytes] = []
    left = most + 1
    while left and (chunk := os.read(descriptor, min(left, _CHUNK))):
        chunks.append(chunk)
        left -= len(chunk)
    return b"".join(chunks)


def _standard_input(most: int) -> bytes:
    return sys.stdin.buffer.read(most + 1) if sys.stdin is not None else b""
