"""A log on request, for all processes in one file: what happened and how long it took, never what a tensor holds."""

from __future__ import annotations

import logging
import os
import traceback

VARIABLE = "NINJA_TUI_LOG"
FORMAT = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

_logger = logging.getLogger("ninja_tui")
_logger.addHandler(logging.NullHandler())  # without it warnings go to stderr, which may be the app's terminal


def log_path() -> str | None:
    """The file that was asked for with ``NINJA_TUI_LOG``; None for no log."""
    return os.environ.get(VARIABLE) or None


def log_to(path: str | None) -> None:
    """Has this process append to the log ``path``; without one nothing is logged. Raises OSError."""
    for handler in [*_logger.handlers]:
        _logger.removeHandler(handler)
        handler.close()
    _logger.propagate = False
    _logger.addHandler(logging.NullHandler() if path is None else _file(path))
    _logger.setLevel(logging.WARNING if path is None else logging.DEBUG)


def _file(path: str) -> logging.Handler:
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(FORMAT))
    return handler


def trace_of(error: BaseException) -> str:
    """Where ``error`` came from, frame by frame, without its text, which may hold values."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}".rstrip()
