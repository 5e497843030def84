"""What a run prints: each file's report as soon as those of all files before it are printed."""

from __future__ import annotations

from ninja_tui.engine.workers.client import is_unlocked
from ninja_tui.replay import FileReport
from ninja_tui.report.as_text import Detail, print_file, print_total
from ninja_tui.report.page import Page, print_error
from ninja_tui.report.points import Points, points_text
from ninja_tui.report.records import FileRecord, Tally

UNLOCKED = "warning: nothing on this system locks in the code that was run"


def warn_where_unlocked(advice: str = "") -> None:
    """Warns where workers have run and nothing has locked them in; ``advice`` is what there is to do."""
    if is_unlocked():
        print_error(f"{UNLOCKED}{advice}")


class Printer:
    """Prints the reports of one round on stdout, and errors on stderr.

    With ``quiet`` stdout is for something else, and notes go to stderr as well. ``points``, where they are told.
    """

    def __init__(self, page: Page, detail: Detail, points: Points | None, *, quiet: bool, several: bool) -> None:
        self._page, self._detail, self._points = page, detail, points
        self._quiet, self._several = quiet, several
        self._next = 0
        self._waiting: dict[int, tuple[str, FileReport | None]] = {}
        self._got = self._most = 0.0

    def skip(self, position: int, record: FileRecord) -> None:
        """A file that was judged before, of which nothing is printed."""
        self._count(record)
        self._waiting[position] = "", None

    def add(self, position: int, file: FileReport, record: FileRecord) -> None:
        """One more file."""
        got, most = self._count(record)
        with self._page.captured() as text:
            if not self._quiet:
                print_file(self._page, file, self._detail)
                if self._points is not None and record.lessons:
                    self._page.line((f"{self._page.signs.note} points: {points_text(got)} of {points_text(most)}", ""))
        self._waiting[position] = (
            text(),
            FileReport(file.path, error=file.error, notes=file.notes, excerpt=file.excerpt),
        )

    @property
    def has_some(self) -> bool:
        """Whether there is something to print now."""
        return self._next in self._waiting

    def print(self) -> None:
        """Prints what all before it are printed of."""
        while self._next in self._waiting:
            self._print(*self._waiting.pop(self._next))
            self._next += 1

    def print_rest(self, tally: Tally) -> None:
        """Prints what came before a file that did not, and what all come to."""
        for position in sorted(self._waiting):
            self._print(*self._waiting.pop(position))
        if not self._quiet:
            print_total(self._page, tally)
            if self._points is not None and tally.files > 1:
                self._page.line((f"points: {points_text(self._got)} of {points_text(self._most)}", "bold"))

    def note(self, words: str) -> None:
        """A word on the run."""
        if not self._quiet:
            self._page.line((f"{self._page.signs.note} {words}", "dim"))

    def _count(self, record: FileRecord) -> tuple[float, float]:
        got, most = (self._points or Points()).of_file(record)
        self._got, self._most = self._got + got, self._most + most
        return got, most

    def _print(self, text: str, file: FileReport | None) -> None:
        self._page.write(text)
        if file is None:
            return
        for note in file.notes if self._quiet else ():
            print_error(f"{file.path}: {note}")
        if file.error is not None:
            named = file.path in file.error or not self._several
            print_error(file.error if named else f"{file.path}: {file.error}", file.excerpt)
