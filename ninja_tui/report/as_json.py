"""A report as JSON, schema 1, and read back from it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

import msgspec

from ninja_tui.errors import UsageError
from ninja_tui.lesson.read import described
from ninja_tui.replay import Report, TrainingReport
from ninja_tui.report.records import FileRecord, LessonRecord, NodeRecord, Tally, number, record_of
from ninja_tui.version import __version__

SCHEMA = 1
EVERY_LOSS, EVERY = 1000, 100
"""The report has the losses of the first steps, and then of some."""
Json = dict[str, Any]
"""An object of JSON."""


def json_text(report: Report) -> str:
    """The report as JSON, keys in a fixed order."""
    records = [record_of(file) for file in report.files]
    stream = io.StringIO()
    more = {} if report.training is None else {"training": _training(report.training)}
    write_json(stream, head(Tally.of(records)), map(file_json, records), more)
    return stream.getvalue()


def head(tally: Tally) -> Json:
    """What stands above the files."""
    return {"schema": SCHEMA, "version": __version__, "torch": tally.torch}


def write_json(stream: TextIO, above: Json, files: Iterable[Json], below: Mapping[str, Json]) -> None:
    """Writes a report whose files come one by one: no more than one of them is in memory."""
    stream.write("{\n")
    for key, value in above.items():
        stream.write(f"  {_text(key)}: {_indented(value, '  ')},\n")
    stream.write('  "files": [')
    between = "\n"
    for each in files:
        stream.write(f"{between}    {_indented(each, '    ')}")
        between = ",\n"
    stream.write("\n  ]" if between == ",\n" else "]")
    for key, value in below.items():
        stream.write(f",\n  {_text(key)}: {_indented(value, '  ')}")
    stream.write("\n}\n")


def _text(value: object) -> str:
    return json.dumps(value, indent=2, allow_nan=False)


def _indented(value: object, by: str) -> str:
    return _text(value).replace("\n", f"\n{by}")


def file_json(record: FileRecord) -> Json:
    """What is told of a file."""
    return {
        "path": record.path,
        "status": str(record.status),
        "error": record.error,
        "lessons": [_lesson(lesson) for lesson in record.lessons],
        **({"notes": list(record.notes)} if record.notes else {}),
        **({"internal": True} if record.internal else {}),
    }


def whole_json(record: FileRecord) -> Json:
    """The same with all that is needed to go on with the run another time, and for its other forms."""
    told = file_json(record)
    for lesson, of_lesson in zip(record.lessons, told["lessons"], strict=True):
        for node, of_node in zip(lesson.nodes, of_lesson["nodes"], strict=True):
            of_node["sentences"] = list(node.sentences)
            of_node["code"] = [asdict(each) for each in node.code]
    return {**told, "sha256": record.sha256, "torch": record.torch}


def record_from(told: Json) -> FileRecord:
    """The record of which ``whole_json`` made this; raises UsageError where it is none."""
    try:
        return msgspec.convert(told, FileRecord)
    except msgspec.ValidationError as error:
        raise UsageError(f"this is no report on a file: {described(error)}") from None


def read_json(path: Path) -> Json:
    """The report in ``path``; raises UsageError where there is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no JSON"
        raise UsageError(f"{path} cannot be read: {reason}") from None
    if not isinstance(report, dict) or report.get("schema") != SCHEMA or not isinstance(report.get("files"), list):
        raise UsageError(f"{path} is no report of `ninja-tui replay --json`")
    return report


def _lesson(lesson: LessonRecord) -> Json:
    return {
        "lesson": lesson.lesson,
        "seed": lesson.seed,
        "loss": lesson.loss,
        "passed": lesson.passed,
        "total": lesson.total,
        "nodes": [_node(node) for node in lesson.nodes],
    }


def _node(node: NodeRecord) -> Json:
    return {
        "node": node.node,
        "gradient": node.gradient,
        "line": node.line,
        "status": str(node.status),
        "shape": None if node.shape is None else list(node.shape),
        "expected_shape": list(node.expected_shape),
        "exact": node.exact,
        "approximate": node.approximate,
        "maxdiff": node.maxdiff,
        "relative": node.relative,
        "warnings": list(node.warnings),
        "diagnosis": None if node.diagnosis is None else asdict(node.diagnosis),
        "error": node.error,
        **({} if node.cell is None else {"cell": node.cell}),
        **({"revealed": True} if node.revealed else {}),
    }


def _training(training: TrainingReport) -> Json:
    done = training.outcome
    shown = [step for step in range(done.steps) if step < EVERY_LOSS or step % EVERY == 0 or step == done.steps - 1]
    return {
        "steps": done.steps,
        "seconds": done.seconds,
        "steps_per_second": done.steps_per_second,
        "backward": str(done.side),
        "train_loss": number(done.train_loss),
        "val_loss": number(done.val_loss),
        "names": list(training.names),
        "losses": [[step, number(done.losses[step])] for step in shown],
    }
