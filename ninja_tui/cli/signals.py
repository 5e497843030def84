"""Signals that end a run: it ends at once, and what is done is printed and written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ninja_tui.cli.exit_codes import Exit

CODES = {
    signal.SIGINT: Exit.INTERRUPTED,
    signal.SIGTERM: Exit.TERMINATED,
    **({signal.SIGHUP: Exit.HUNG_UP} if hasattr(signal, "SIGHUP") else {}),
}


class Interrupt:
    """Whether a signal has come, and the exit code that says so."""

    def __init__(self) -> None:
        self.code: Exit | None = None


@contextmanager
def interruptible(stop: Callable[[], None]) -> Iterator[Interrupt]:
    """Within it the first signal calls ``stop``; a second one raises KeyboardInterrupt, as without."""
    interrupt = Interrupt()

    def handle(number: int, _frame: FrameType | None) -> None:
        if interrupt.code is not None:
            raise KeyboardInterrupt
        interrupt.code = CODES[signal.Signals(number)]
        stop()

    if threading.current_thread() is not threading.main_thread():
        yield interrupt
        return
    before = {number: signal.getsignal(number) for number in CODES}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, handle)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
