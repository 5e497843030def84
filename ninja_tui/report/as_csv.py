"""A report as CSV: a row for each answer, for each node without any, and for each file that could not be used."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import TextIO

from ninja_tui.formatting import shape_text, visible
from ninja_tui.report.points import Points, points_text
from ninja_tui.report.records import FileRecord, NodeRecord

COLUMNS = (
    "file", "lesson", "node", "gradient", "cell", "line", "status", "exact", "approximate", "maxdiff", "relative",
    "shape", "expected_shape", "warnings", "kind", "message", "revealed", "points", "max_points",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""What begins a formula in a spreadsheet."""


def write_csv(stream: TextIO, records: Iterable[FileRecord], points: Points) -> None:
    """Writes the rows of all files. The points of a node stand in its first row."""
    rows = csv.writer(stream)
    rows.writerow(COLUMNS)
    for record in records:
        for row in _rows(record, points):
            told = {"file": record.path, **row}
            rows.writerow([_cell(told.get(column, "")) for column in COLUMNS])


def _rows(record: FileRecord, points: Points) -> Iterator[dict[str, str]]:
    if record.error is not None:
        yield {"status": str(record.status), "message": record.error}
    for lesson in record.lessons:
        for node, answers in lesson.by_node().items():
            worth = {
                "points": points_text(points.of_answers(lesson.lesson, answers)),
                "max_points": points_text(points.most(lesson.lesson, node)),
            }
            for number, answer in enumerate(answers):
                yield {"lesson": lesson.lesson, **_answer(answer), **({} if number else worth)}


def _answer(node: NodeRecord) -> dict[str, str]:
    return {
        "node": node.node,
        "gradient": node.gradient,
        "cell": _number(node.cell),
        "line": _number(node.line),
        "status": str(node.status),
        "exact": _yes_no(node, value=node.exact),
        "approximate": _yes_no(node, value=node.approximate),
        "maxdiff": _number(node.maxdiff),
        "relative": _number(node.relative),
        "shape": "" if node.shape is None else shape_text(node.shape),
        "expected_shape": shape_text(node.expected_shape),
        "warnings": " ".join(node.warnings),
        "kind": "" if node.diagnosis is None else str(node.diagnosis.kind),
        "message": "; ".join(node.sentences),
        "revealed": "yes" if node.revealed else "",
    }


def _yes_no(node: NodeRecord, *, value: bool) -> str:
    return "" if node.shape is None else "yes" if value else "no"


def _number(value: float | str | None) -> str:
    return "" if value is None else str(value)


def _cell(text: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = visible(text)
    return f"'{line}" if line.lstrip().startswith(FORMULA) else line
