"""The table of all answers: with borders, without where there is less room, and stacked where there is little."""

from __future__ import annotations

from typing import Literal

from rich.box import HEAVY_HEAD
from rich.table import Table
from rich.text import Text

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.formatting import number_text, shape_text, visible
from ninja_tui.replay import LessonReport
from ninja_tui.report.page import Page
from ninja_tui.report.records import place_of

COLUMNS = ("node", "shape", "exact", "approximate", "maxdiff", "status", "line")
TO_THE_RIGHT = frozenset({"maxdiff", "line"})
WITH_BORDERS = 90
"""Columns of a terminal in which there is room for inner borders."""
NOTHING = "–"
STYLES = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.ERROR: "bold red",
    Status.TIMEOUT: "bold magenta",
    Status.MISSING: "dim",
}


def print_table(page: Page, lesson: LessonReport) -> None:
    """Prints a row for each answer, and for each node without any; no word is broken."""
    rows = [_row(verdict, lesson) for verdict in lesson.verdicts]
    if page.width is None or page.width >= WITH_BORDERS:
        table = _table(rows, Table(box=HEAVY_HEAD))
    else:
        table = _table(rows, Table(box=None, pad_edge=False, padding=(0, 2, 0, 0)))
    if page.fits(table):
        page.table(table)
    else:
        _stacked(page, rows)


def _table(rows: list[list[Text]], table: Table) -> Table:
    for name in COLUMNS:
        justify: Literal["left", "right"] = "right" if name in TO_THE_RIGHT else "left"
        table.add_column(Text(name), justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def _stacked(page: Page, rows: list[list[Text]]) -> None:
    """Two lines a row: node, status and line; then shape and what ``cmp`` gives, in a word."""
    for node, shape, exact, approximate, maxdiff, status, line in rows:
        where = f"  line {line}" if line else ""
        page.line(node, "  ", status, where, hang=4)
        close = "exact" if exact.plain == "yes" else "approximate" if approximate.plain == "yes" else "off"
        page.line("  ", shape, *(() if exact.plain == NOTHING else (f"  {close}  ", maxdiff)), hang=4)


def _row(verdict: Verdict, lesson: LessonReport) -> list[Text]:
    status = Text(verdict.status, style=STYLES[verdict.status])
    for warning in verdict.warnings:
        status.append(f" {warning}", style="yellow")
    if verdict.node in lesson.revealed:
        status.append(" revealed", style="yellow")
    wrong_shape = verdict.shape not in (None, verdict.expected_shape)
    shape = verdict.expected_shape if verdict.shape is None else verdict.shape
    return [
        Text(visible(verdict.node)),
        Text(shape_text(shape), style="yellow" if wrong_shape else ""),
        _yes_no(verdict, value=verdict.exact),
        _yes_no(verdict, value=verdict.approximate),
        Text(number_text(verdict.maxdiff)),
        status,
        Text(_place(verdict, lesson)),
    ]


def _yes_no(verdict: Verdict, *, value: bool) -> Text:
    """A column of ``cmp``: a dash where there is nothing to compare."""
    if verdict.shape is None:
        return Text(NOTHING, style="dim")
    return Text("yes", style="green") if value else Text("no", style="yellow")


def _place(verdict: Verdict, lesson: LessonReport) -> str:
    """``14``, or ``3:2`` for the second line of a notebook's third cell."""
    cell, line = place_of(verdict, lesson)
    return "" if line is None else str(line) if cell is None else f"{cell}:{line}"
