"""The files that a run writes: JSON as its records come, all others at its end."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ninja_tui.cli.arguments import Arguments
from ninja_tui.errors import UsageError
from ninja_tui.report.as_json import Json, file_json, head, whole_json, write_json
from ninja_tui.report.files import check_writable, written
from ninja_tui.report.points import Points, read_points
from ninja_tui.report.records import FileRecord, Tally
from ninja_tui.report.results import Results

if TYPE_CHECKING:
    from ninja_tui.replay import Request

STDOUT = "-"
EVERY = 0.5
"""Seconds between two times that the JSON is written while files come."""
SHARE = 20
"""So many times longer than to write it was, nothing is written again."""


@dataclass
class Outputs:
    """What is to be written, and where. ``about`` is what the JSON of several files says of the run."""

    json: str | None
    junit: Path | None
    csv: Path | None
    html: Path | None
    gradescope: Path | None
    points: Points
    default_lesson: str
    about: Json = field(default_factory=dict)
    _next: float = 0.0

    @staticmethod
    def of(arguments: Arguments, request: Request) -> Outputs:
        """What ``arguments`` ask for; raises UsageError where a file could not be written, or read."""
        json = arguments.json
        if json is None and arguments.resume is not None:
            json = str(arguments.resume)
        for path in (None if json in (None, STDOUT) else Path(str(json)), arguments.junit, arguments.csv):
            if path is not None:
                check_writable(path)
        if arguments.gradescope is not None:
            check_writable(arguments.gradescope)
        if arguments.html is not None:
            _make_folder(arguments.html)
        points = Points() if arguments.points is None else read_points(arguments.points)
        return Outputs(
            json, arguments.junit, arguments.csv, arguments.html, arguments.gradescope, points, request.default_lesson
        )

    def keep(self, record: FileRecord) -> None:
        """One more record: its page is written."""
        if self.html is not None:
            from ninja_tui.report.as_html import page_name, write_page

            with written(self.html / page_name(record)) as stream:
                write_page(stream, record, self.points)

    def keep_up(self, results: Results, tally: Tally) -> None:
        """Writes the JSON so far, where it has not been for a while: what a killed run leaves can be gone on with."""
        if self.json in (None, STDOUT) or not self.about or time.monotonic() < self._next:
            return
        began = time.monotonic()
        self._write_json(results, tally, interrupted=True)
        took = time.monotonic() - began
        self._next = time.monotonic() + max(EVERY, SHARE * took)

    def finish(self, results: Results, tally: Tally, *, interrupted: bool) -> None:
        """Writes all files. One that cannot be written keeps none of the others from it; raises UsageError then."""
        failed: list[UsageError] = []
        for path, write in self._writers(results, tally, interrupted=interrupted):
            try:
                with written(path) as stream:
                    write(stream)
            except UsageError as error:
                failed.append(error)
        if self.json is not None:
            self._write_json(results, tally, interrupted=interrupted)
        if failed:
            raise failed[0]

    def _writers(
        self, results: Results, tally: Tally, *, interrupted: bool
    ) -> list[tuple[Path, Callable[[TextIO], None]]]:
        writers: list[tuple[Path, Callable[[TextIO], None]]] = []
        if self.csv is not None:
            from ninja_tui.report.as_csv import write_csv

            writers.append((self.csv, lambda stream: write_csv(stream, results.records(), self.points)))
        if self.junit is not None:
            from ninja_tui.report.as_junit import write_junit

            writers.append((self.junit, lambda stream: write_junit(stream, results.records())))
        if self.gradescope is not None:
            from ninja_tui.report.as_gradescope import Grading, write_gradescope

            grading = Grading(self.points, self.default_lesson)
            writers.append(
                (self.gradescope, lambda stream: write_gradescope(stream, results.records(), grading, tally))
            )
        if self.html is not None:
            from ninja_tui.report.as_html import INDEX, write_index

            def write(stream: TextIO) -> None:
                write_index(stream, results.records(), self.points, interrupted=interrupted)

            writers.append((self.html / INDEX, write))
        return writers

    def _write_json(self, results: Results, tally: Tally, *, interrupted: bool) -> None:
        above = {**head(tally), **({"interrupted": True} if interrupted else {}), **self.about}
        told = whole_json if self.about else file_json
        target = contextlib.nullcontext(sys.stdout) if self.json == STDOUT else written(Path(str(self.json)))
        with target as stream:
            write_json(stream, above, map(told, results.records()), {})


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder {path} cannot be made: {error.strerror or error}") from None
    check_writable(path / "index.html")
