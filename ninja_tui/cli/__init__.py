"""The command line."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

from ninja_tui.cli.exit_codes import Exit
from ninja_tui.errors import InternalError, UsageError

if TYPE_CHECKING:
    from ninja_tui.cli.arguments import Arguments


COMPLETING = "_ARGCOMPLETE"
"""Stands in the environment where a shell asks how a line may go on."""


def main(argv: list[str] | None = None) -> int:
    """Runs ``ninja-tui``; answers with the exit code."""
    if COMPLETING in os.environ:
        from ninja_tui.cli.completion import complete

        complete()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    from ninja_tui.cli.arguments import read_arguments

    try:
        arguments = read_arguments(sys.argv[1:] if argv is None else argv)
        _start_log(arguments)
        return _run(arguments)
    except UsageError as error:
        if error.excerpt is None:
            _print_error(str(error))
        else:
            from ninja_tui.report.page import print_error

            print_error(str(error), error.excerpt)
        return Exit.UNUSABLE
    except InternalError as error:
        print(f"ninja-tui: {error}", file=sys.stderr)
        return Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.NOT_ALL_PASS
    except Exception as error:
        with contextlib.suppress(OSError):  # of a terminal that is gone
            _print_error(f"internal error: {_told(error)}")
        return Exit.FAILED


def _print_error(sentence: str) -> None:
    from ninja_tui.formatting import plain

    print(f"ninja-tui: {plain(sentence)}", file=sys.stderr)


def _told(error: Exception) -> str:
    """What came up, and where; all of where it came from goes into the log."""
    import logging
    import traceback
    from pathlib import Path

    from ninja_tui.log import trace_of

    logging.getLogger(__name__).error("%s", trace_of(error))
    *_, frame = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return f"{type(error).__name__}: {error} ({where}; --log FILE says more)"


def _run(arguments: Arguments) -> int:
    from ninja_tui.cli import commands

    return commands.run(arguments)


def _start_log(arguments: Arguments) -> None:
    """Begins a log where one is asked for, by ``--log`` or the environment; workers find it in the environment."""
    if arguments.log is not None:
        os.environ["NINJA_TUI_LOG"] = str(arguments.log.absolute())
    if not os.environ.get("NINJA_TUI_LOG"):
        return
    from ninja_tui.log import log_path, log_to

    try:
        log_to(log_path())
    except OSError as error:
        raise UsageError(f"the log {log_path()} cannot be written: {error.strerror or error}") from None
