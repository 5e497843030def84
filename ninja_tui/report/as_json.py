"""A Report as JSON, schema 1."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from ninja_tui import __version__
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.replay import FileReport, LessonReport, Report, TrainingReport

SCHEMA = 1
EVERY_LOSS, EVERY = 1000, 100
"""The report has the losses of the first steps, and then of some."""


def json_text(report: Report) -> str:
    """The report as JSON, keys in a fixed order."""
    data: dict[str, Any] = {
        "schema": SCHEMA,
        "version": __version__,
        "torch": next((lesson.torch for file in report.files for lesson in file.lessons), None),
        "files": [_file(file) for file in report.files],
    }
    if report.training is not None:
        data["training"] = _training(report.training)
    return json.dumps(data, indent=2, allow_nan=False) + "\n"


def _file(file: FileReport) -> dict[str, Any]:
    return {
        "path": file.path,
        "status": str(file.status),
        "error": file.error,
        "lessons": [_lesson(lesson) for lesson in file.lessons],
    } | ({"notes": list(file.notes)} if file.notes else {})


def _lesson(lesson: LessonReport) -> dict[str, Any]:
    return {
        "lesson": lesson.lesson,
        "seed": lesson.seed,
        "loss": _number(lesson.loss),
        "passed": lesson.passed,
        "total": lesson.total,
        "nodes": [_verdict(verdict) | _cell(verdict, lesson) for verdict in lesson.verdicts],
    }


def _cell(verdict: Verdict, lesson: LessonReport) -> dict[str, Any]:
    """A notebook's line is one of a cell."""
    if verdict.line is None or not lesson.starts:
        return {}
    cell, within = cell_and_line(verdict.line, lesson.starts)
    return {"line": within, "cell": cell}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "node": verdict.node,
        "gradient": verdict.gradient,
        "line": verdict.line,
        "status": str(verdict.status),
        "shape": None if verdict.shape is None else list(verdict.shape),
        "expected_shape": list(verdict.expected_shape),
        "exact": verdict.exact,
        "approximate": verdict.approximate,
        "maxdiff": _number(verdict.maxdiff),
        "relative": _number(verdict.relative),
        "warnings": [str(warning) for warning in verdict.warnings],
        "diagnosis": None if verdict.diagnosis is None else asdict(verdict.diagnosis),
        "error": verdict.error,
    }


def _training(training: TrainingReport) -> dict[str, Any]:
    done = training.outcome
    shown = [step for step in range(done.steps) if step < EVERY_LOSS or step % EVERY == 0 or step == done.steps - 1]
    return {
        "steps": done.steps,
        "seconds": done.seconds,
        "steps_per_second": done.steps_per_second,
        "backward": str(done.side),
        "train_loss": _number(done.train_loss),
        "val_loss": _number(done.val_loss),
        "names": list(training.names),
        "losses": [[step, _number(done.losses[step])] for step in shown],
    }


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf"
