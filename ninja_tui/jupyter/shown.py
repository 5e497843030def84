"""What ``%ninja`` gives: a report that Jupyter shows as HTML, and IPython as text."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rich.console import Console

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.errors import UsageError
from ninja_tui.formatting import guess
from ninja_tui.jupyter.html import session_html
from ninja_tui.replay import FileReport
from ninja_tui.report.as_text import Detail, print_file, print_total
from ninja_tui.report.heatmap import heatmap_lines
from ninja_tui.report.page import Page
from ninja_tui.report.records import Tally, record_of

if TYPE_CHECKING:
    from IPython.lib.pretty import PrettyPrinter

WIDE = 120
"""Columns where no terminal says how many there are."""


Row = tuple[int, int]
"""The number of a lesson in a report, and of a verdict in that."""


@dataclass(frozen=True, repr=False)
class Judged:
    """A session's gradients, judged. ``detailed``: with a note on each, and where it differs.

    ``rows`` are those that are shown; None for all.
    """

    report: FileReport
    detailed: bool = False
    rows: frozenset[Row] | None = None

    def _repr_html_(self) -> str:
        return session_html(record_of(self.report), self.rows, detailed=self.detailed)

    def _repr_pretty_(self, printer: PrettyPrinter, cycle: bool) -> None:  # noqa: FBT001 - IPython calls it so
        printer.text(self.text(colour=sys.stdout.isatty()))  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return self.text()

    def text(self, *, colour: bool = False) -> str:
        """What ``ninja-tui replay`` prints of such a file."""
        page = Page(
            console=Console(
                file=io.StringIO(),
                width=shutil.get_terminal_size((WIDE, 24)).columns,
                force_terminal=colour,
                force_jupyter=False,
                color_system="standard" if colour else None,
            )
        )
        with page.captured() as text:
            self._print(page)
        return text().rstrip("\n")

    def _print(self, page: Page) -> None:
        if self.report.error is not None:
            page.line((self.report.error, "bold red"))
        shown = self._only_rows()
        print_file(page, shown, Detail.ALL if self.detailed else Detail.FAILURES)
        if self.rows is not None:
            page.line(f"{page.signs.note} the whole session: {passing(self.report)}")
        else:
            print_total(page, Tally.of([record_of(self.report)]))
        for lesson in shown.lessons if self.detailed else ():
            for verdict in lesson.verdicts:
                if verdict.difference is not None and not verdict.passed:
                    page.line("")
                    page.line((verdict.gradient, "bold"), " beside autograd's")
                    for line in heatmap_lines(verdict.difference, columns=min(64, (page.width or WIDE) - 1)):
                        page.line(line)

    def _only_rows(self) -> FileReport:
        if self.rows is None:
            return self.report
        lessons = []
        for number, lesson in enumerate(self.report.lessons):
            verdicts = tuple(each for at, each in enumerate(lesson.verdicts) if (number, at) in self.rows)
            total = len({each.node for each in verdicts})
            if verdicts:
                lessons.append(replace(lesson, verdicts=verdicts, total=total, comparisons=()))
        return replace(self.report, lessons=tuple(lessons), notes=())

    def of_nodes(self, nodes: tuple[str, ...]) -> Judged:
        """Some tensors, or gradients, in detail. Raises UsageError for one that is not there."""
        verdicts = [each for lesson in self.report.lessons for each in lesson.verdicts]
        for node in nodes:
            if not any(_is(each, node) for each in verdicts):
                raise UsageError(_no_such(node, verdicts))
        chosen = [each for each in verdicts if any(_is(each, node) for node in nodes)]
        return replace(self.of_verdicts(chosen), detailed=True)

    def of_verdicts(self, verdicts: Iterable[Verdict]) -> Judged:
        """Some verdicts of the report."""
        chosen = {id(each) for each in verdicts}
        rows = frozenset(
            (number, at)
            for number, lesson in enumerate(self.report.lessons)
            for at, verdict in enumerate(lesson.verdicts)
            if id(verdict) in chosen
        )
        return replace(self, rows=rows)


def passing(report: FileReport) -> str:
    """``3 of 5 pass``."""
    return f"{sum(each.passed for each in report.lessons)} of {sum(each.total for each in report.lessons)} pass"


def _is(verdict: Verdict, name: str) -> bool:
    """Whether ``name`` is a tensor's, or its gradient's; ``h`` is any ``h[t=2]`` as well."""
    return name in (verdict.node, verdict.gradient, verdict.node.split("[t=")[0].split(" ")[0])


def _no_such(node: str, verdicts: list[Verdict]) -> str:
    names = list(dict.fromkeys(verdict.gradient for verdict in verdicts))
    there = f"; there {'is' if len(names) == 1 else 'are'} {', '.join(names)}" if names else ""
    near = guess(node, [name for each in verdicts for name in (each.node, each.gradient)])
    return f"this session has computed no gradient of `{node}`{near or there}"
