"""A log on request, for all processes in one file: what happened and how long it took, never what a tensor holds."""

from __future__ import annotations

import logging
import os
import traceback

VARIABLE = "NINJA_TUI_LOG"
FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"


def log_path() -> str | None:
    """The file that was asked for with ``NINJA_TUI_LOG``; None for no log."""
    return os.environ.get(VARIABLE) or None


def log_to(path: str | None) -> None:
    """Has this process append to the log ``path``; without one nothing is logged. Raises OSError."""
    logger = logging.getLogger("ninja_tui")
    logger.propagate = False
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
        handler.close()
    if path is None:
        logger.addHandler(logging.NullHandler())
        return
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)


def trace_of(error: BaseException) -> str:
    """Where ``error`` came from, frame by frame, without its text, which may hold values."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}".rstrip()
