"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ninja_tui.errors import UsageError


@contextlib.contextmanager
def written(path: Path) -> Iterator[TextIO]:
    """A stream whose text is in ``path`` afterwards; until then, and if anything goes wrong, that stays as it is.

    Raises UsageError where it cannot be written.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe, or /dev/stdout
            with path.open("w", encoding="utf-8") as stream:
                yield stream
            return
        target = path.resolve()
        part = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
        try:
            with part.open("w", encoding="utf-8", newline="") as stream:
                yield stream
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UsageError(f"{path} cannot be written: {error.strerror or error}") from None


def check_writable(path: Path) -> None:
    """Raises UsageError where ``path`` cannot be written: better before a long run than after it."""
    problem = None
    if path.is_dir():
        problem = "Is a directory"
    elif not path.parent.is_dir():
        problem = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "Permission denied"
    if problem is not None:
        raise UsageError(f"{path} cannot be written: {problem}")
