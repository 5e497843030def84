"""A report as the results.json that Gradescope reads from an autograder: a test a node, with its points.

The format is that of https://gradescope-autograders.readthedocs.io/en/latest/specs/. All text in it is plain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.formatting import visible
from ninja_tui.report.points import Points
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord, Tally

Test = dict[str, Any]


@dataclass(frozen=True)
class Grading:
    """What nodes are worth, and the lesson whose points a file that cannot be used has lost."""

    points: Points
    default_lesson: str


def write_gradescope(stream: TextIO, records: Iterable[FileRecord], grading: Grading, tally: Tally) -> None:
    """Writes the tests of all files; where there are several, each test's name begins with its file's."""
    tests: list[Test] = []
    summary = [f"{tally.passed} of {tally.total} gradients pass"]
    for record in records:
        tests += _tests(record, grading, several=tally.files > 1)
        summary += [visible(each) for each in (record.error, *record.notes) if each]
    results: dict[str, Any] = {
        "output": "\n".join(summary),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "tests": tests,
        **({} if tests else {"score": 0.0}),
    }
    stream.write(json.dumps(results, indent=2, allow_nan=False) + "\n")


def _tests(record: FileRecord, grading: Grading, *, several: bool) -> Iterator[Test]:
    file = f"{visible(record.path)}: " if several else ""
    if record.error is not None:
        most = grading.points.of_default(grading.default_lesson)
        yield _test(f"{file}the file can be used", 0.0, most, visible(record.error))
    for lesson in record.lessons:
        in_lesson = f"{visible(lesson.lesson)}: " if len(record.lessons) > 1 else ""
        for node, answers in lesson.by_node().items():
            yield _of_node(f"{file}{in_lesson}{visible(answers[-1].gradient)}", lesson, node, answers, grading.points)


def _of_node(name: str, lesson: LessonRecord, node: str, answers: list[NodeRecord], points: Points) -> Test:
    got, most = points.of_answers(lesson.lesson, answers), points.most(lesson.lesson, node)
    passed = all(answer.status is Status.PASS for answer in answers)
    test = _test(name, got, most, "\n".join(line for answer in answers for line in _lines(answer)))
    return {**test, "status": "passed" if passed else "failed"}


def _test(name: str, got: float, most: float, output: str) -> Test:
    return {"name": name, "score": round(got, 6), "max_score": round(most, 6), "status": "failed", "output": output}


def _lines(answer: NodeRecord) -> Iterator[str]:
    """What a student reads of an answer."""
    where = "" if answer.line is None else f"line {answer.line}: "
    if answer.cell is not None:
        where = f"cell {answer.cell}, {where}"
    facts = [str(answer.status)]
    if answer.status is Status.PASS:
        facts.append("exact" if answer.exact else "approximate")
    if answer.diagnosis is not None and answer.status is not Status.PASS:
        facts.append(str(answer.diagnosis.kind))
    yield f"{where}{', '.join([*facts, *answer.warnings])}{' (revealed)' if answer.revealed else ''}"
    yield from map(visible, answer.sentences)
    for each in answer.code:
        yield f"  {visible(each.code)}"
