"""What a run is waiting for, and how far it is, on stderr; nothing where that is no terminal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Column

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.formatting import plain
from ninja_tui.report.records import Tally

LONGEST_WORDS = 200


class Display:
    """A line for one file, a bar for ``total`` of them; within ``with``."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._console = Console(stderr=True)
        words = TextColumn("{task.fields[words]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
        counts = TextColumn("{task.fields[counts]}", markup=False, table_column=Column(no_wrap=True))
        columns = (SpinnerColumn(), words) if total == 1 else (BarColumn(20), MofNCompleteColumn(), counts, words)
        self._progress = Progress(
            *columns, console=self._console, transient=True, redirect_stdout=False, redirect_stderr=False,
            disable=not self._console.is_terminal,
        )  # fmt: skip
        self._task = self._progress.add_task("", total=total, words="reading", counts="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, words: str) -> None:
        """What is being waited for."""
        if self._console.is_terminal:
            self._progress.update(self._task, words=plain(words, LONGEST_WORDS))

    def count(self, tally: Tally) -> None:
        """How many files are done, and how many of them are not right."""
        told = [f"{tally.by_status[each]} {each}" for each in Status if each in tally.by_status]
        self._progress.update(self._task, completed=tally.files, counts=" · ".join(told))

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Within it the terminal is free for what is printed."""
        if not self._console.is_terminal:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()
