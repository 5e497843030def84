"""Runs a program statement by statement, as Python runs it, and records what it does to tensors."""

from __future__ import annotations

import contextlib
import io
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.names import Names
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.instrument import NOTE, OVER, TURNS, Site, instrumented
from ninja_tui.lesson.syntax.seed import reseed

FILE = "<program>"
MOST_TURNS = 48
"""Of a loop that trains so many turns are run."""
LONGEST_TRAINING = 1.0
"""Seconds after which no further turn of such a loop begins."""
FEWEST_TURNS = 2
MOST_OUTPUT = 4000


@dataclass(frozen=True)
class Failure:
    """A statement that raised: its first line, the line that raised, and what it said."""

    line: int
    at: int
    message: str
    kind: str


class Script:
    """One run of a program in a namespace of its own."""

    def __init__(self, namespace: dict[str, Any], seed: int | None = None) -> None:
        self._seed = seed
        self.recorder = Recorder()
        self.sites: list[Site] = []
        self.names = Names(self.recorder, self.sites)
        self.namespace = namespace
        self.failures: list[Failure] = []
        self.shortened: set[int] = set()
        namespace |= {NOTE: self._note, TURNS: self._turns, OVER: self._over}
        self._started: dict[int, tuple[float, int]] = {}

    def run(self, fragment: Fragment) -> str:
        """Runs one statement; what it printed. What it raises is kept in ``failures``."""
        output = _Output()
        try:
            tree = instrumented(fragment, self.sites)
            if self._seed is not None:
                reseed(tree, self._seed)
            code = compile(tree, FILE, "exec")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            self.failures.append(Failure(fragment.line, fragment.line, message_of(error), type(error).__name__))
            return ""
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                with self.recorder.running():
                    exec(code, self.namespace)
            except BaseException as error:
                line = _line_in(error) or fragment.line
                self.failures.append(Failure(fragment.line, line, message_of(error), type(error).__name__))
        return output.getvalue()

    def _note(self, site: int) -> None:
        self.names.note(site, sys._getframe(1))

    def _turns(self, site: int, items: Iterable[Any]) -> Iterator[Any]:
        """The turns of a ``for``; of one that trains only some."""
        started = time.monotonic()
        before = len(self.recorder.record.backwards)
        for turns, item in enumerate(items):
            training = self.sites[site].training or len(self.recorder.record.backwards) > before
            if training and self._enough(site, started, turns):
                return
            yield item

    def _over(self, site: int) -> bool:
        """Whether a ``while`` that trains has had turns enough."""
        started, turns = self._started.get(site, (time.monotonic(), 0))
        self._started[site] = (started, turns + 1)
        return self.sites[site].training and self._enough(site, started, turns)

    def _enough(self, site: int, started: float, turns: int) -> bool:
        late = turns >= FEWEST_TURNS and time.monotonic() - started > LONGEST_TRAINING
        if turns >= MOST_TURNS or late:
            self.shortened.add(site)
            return True
        return False


class _Output(io.StringIO):
    """Keeps the first part of what is printed, and drops the rest."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_OUTPUT:
            super().write(text[:MOST_OUTPUT])
        return len(text)


def _line_in(error: BaseException) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
