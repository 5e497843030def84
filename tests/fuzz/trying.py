"""One file through one reader: what it raised, and the time that it took."""

from __future__ import annotations

import contextlib
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ninja_tui.errors import UsageError
from ninja_tui.lesson.read import LESSONS
from tests.fuzz.readers import Reader

MOST_SECONDS = 2.0
"""Of the processor, so that other work on the machine does not count."""
HANGS = 30
"""Seconds after which what goes on is stopped."""


class Hangs(BaseException):
    """What does not come to an end: no reader can take it for an error of the file."""


@dataclass(frozen=True)
class Trial:
    """``fault`` is the traceback of what was raised and should not have been; ``seconds`` of the processor."""

    seconds: float
    fault: str = ""

    @property
    def passed(self) -> bool:
        """Whether it was read, or refused in a sentence, in time."""
        return not self.fault and self.seconds <= MOST_SECONDS


def trial(reader: Reader, content: bytes) -> Trial:
    """Has ``reader`` read a file of that content; notes are read with a lesson beside them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / reader.name
        if reader.name == "notes.md":
            path.with_name("forward.py").write_bytes((LESSONS / "micrograd" / "forward.py").read_bytes())
        path.write_bytes(content)
        before = _used()
        fault = ""
        try:
            with _stopping():
                reader.read(path)
        except UsageError as error:
            if not str(error).isprintable() or len(str(error)) > 1000:
                fault = f"cannot be shown: {str(error)!r}"
        except (Exception, Hangs):
            fault = traceback.format_exc()
        return Trial(_used() - before, fault)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    def late(*_: object) -> NoReturn:
        raise Hangs

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, HANGS)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        assert time.monotonic() >= started
