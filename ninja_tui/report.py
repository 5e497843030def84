"""A Report as a table for people, and as JSON (schema 1) for programs."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any, Literal, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ninja_tui import __version__
from ninja_tui.engine.evaluate.program import Comparison
from ninja_tui.engine.protocol.verdict import WARNING_WORDS, Status, Verdict, Warning
from ninja_tui.engine.training.events import Begun, Checked, TrainingEvent
from ninja_tui.engine.training.events import Progress as Steps
from ninja_tui.formatting import number_text, shape_text
from ninja_tui.lesson.locations import cell_and_line, place
from ninja_tui.lesson.model import gradient_name
from ninja_tui.replay import FileReport, LessonReport, Report, TrainingReport

SCHEMA = 1
EVERY_LOSS, EVERY = 1000, 100
"""The report has the losses of the first steps, and then of some."""
STYLES = {
    Status.PASS: "green",
    Status.FAIL: "bold red",
    Status.ERROR: "bold red",
    Status.TIMEOUT: "bold magenta",
    Status.MISSING: "dim",
}


def yes_no(verdict: Verdict, *, value: bool) -> Text:
    """A column of ``cmp``: a dash where there is nothing to compare."""
    if verdict.shape is None:
        return Text("–", style="dim")
    return Text("yes", style="green") if value else Text("no", style="yellow")


def messages_on(verdict: Verdict) -> list[str]:
    """Messages beside the columns: an error, the diagnosis, a shape, why ``cmp`` and the status disagree."""
    reads_grad = verdict.diagnosis is not None and verdict.diagnosis.kind == "reads-grad"
    words = [verdict.error] if verdict.error and not reads_grad else []
    if verdict.diagnosis is not None:
        words.append(f"{verdict.diagnosis.kind}: {verdict.diagnosis.message}")
    if verdict.passed and verdict.shape != verdict.expected_shape:
        words.append(f"a gradient has its tensor's shape: {verdict.expected_shape}, not {verdict.shape}")
    if verdict.probe and any(w in (Warning.STRUCTURE, Warning.CLOSED_FORM) for w in verdict.warnings):
        words.append(verdict.probe)
    words += [WARNING_WORDS[warning] for warning in verdict.warnings if warning in WARNING_WORDS]
    if verdict.note:
        words.append(verdict.note)
    return words


def print_report(report: Report, console: Console) -> None:
    """Prints each file's tables, and one summary line each."""
    for file in report.files:
        if len(report.files) > 1:
            console.print(Text(file.path, style="bold"))
        for lesson in file.lessons:
            console.print(_table(lesson))
            for verdict in lesson.verdicts:
                for word in messages_on(verdict):
                    where = verdict.node
                    if verdict.line is not None:
                        where += f", {place(verdict.line, lesson.starts)}"
                    console.print(Text(f"{where}: {word}", style="yellow"))
            for comparison in lesson.comparisons:
                console.print(_comparison(comparison, lesson))
            adrift = _adrift(lesson)
            if adrift:
                console.print(adrift)
            console.print(_summary(lesson))
        for note in file.notes:
            console.print(Text(f"note: {note}", style="yellow"))
    if report.training is not None:
        _print_training(report.training, console)


def _print_training(training: TrainingReport, console: Console) -> None:
    done = training.outcome
    speed = f"{done.steps:,} steps in {done.seconds:.1f} s ({done.steps_per_second:,.0f} a second)"
    console.print(Text(f"trained {training.lesson}, {done.side} backward pass: {speed}", style="bold"))
    if done.stop is not None:
        where = f", line {done.stop.line}: {done.stop.code}" if done.stop.line else ""
        console.print(Text(f"stopped at step {done.stop.step:,}: {done.stop.message}{where}", style="bold red"))
    losses = [f"{name} {value:.4f}" for name, value in (("train", done.train_loss), ("val", done.val_loss)) if value]
    if losses:
        console.print(Text(f"loss: {', '.join(losses)}"))
    for name in training.names:
        console.print(Text(name))


class TrainingBar:
    """A progress bar for a training, with steps a second and the time left; within ``with``."""

    def __init__(self, console: Console, steps: int) -> None:
        columns = (
            TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(), TextColumn("{task.fields[loss]}"),
        )  # fmt: skip
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("training", total=steps, speed="", loss="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: TrainingEvent) -> None:
        """Moves the bar."""
        if isinstance(event, Steps) and event.losses:
            speed, loss = f"{event.steps_per_second:,.0f} steps/s", f"loss {event.losses[-1]:.4f}"
            self._progress.update(self._task, completed=event.step, speed=speed, loss=loss)
        elif isinstance(event, Begun) and event.message:
            self.warn(event.message)
        elif isinstance(event, Checked):
            off = [gradient_name(check.node) for check in event.checks if not check.fits]
            if off:
                self.warn(f"not autograd's gradients on fresh minibatches: {', '.join(off)}")

    def warn(self, word: str) -> None:
        """A line above the bar."""
        self._progress.console.print(Text(word, style="yellow"))


def _table(lesson: LessonReport) -> Table:
    table = Table(title=Text(f"lesson {lesson.lesson}"), title_justify="left")
    for name in ("node", "shape", "exact", "approximate", "maxdiff", "status", "line"):
        justify: Literal["left", "right"] = "right" if name in ("maxdiff", "line") else "left"
        table.add_column(Text(name), justify=justify, no_wrap=name == "node", overflow="fold")
    for verdict in lesson.verdicts:
        status = Text(verdict.status, style=STYLES[verdict.status])
        for warning in verdict.warnings:
            status.append(f" {warning}", style="yellow")
        if verdict.node in lesson.revealed:
            status.append(" revealed", style="yellow")
        wrong_shape = verdict.shape not in (None, verdict.expected_shape)
        shape = verdict.expected_shape if verdict.shape is None else verdict.shape
        table.add_row(
            Text(verdict.node),
            Text(shape_text(shape), style="yellow" if wrong_shape else ""),
            yes_no(verdict, value=verdict.exact),
            yes_no(verdict, value=verdict.approximate),
            Text(number_text(verdict.maxdiff)),
            status,
            Text("" if verdict.line is None else _place(verdict.line, lesson)),
        )
    return table


def _place(line: int, lesson: LessonReport) -> str:
    """``14``, or ``3:2`` for the second line of a notebook's third cell."""
    cell, within = cell_and_line(line, lesson.starts)
    return str(line) if cell is None else f"{cell}:{within}"


def _comparison(comparison: Comparison, lesson: LessonReport) -> Text:
    return Text(
        f"{place(comparison.line, lesson.starts)}: cmp {comparison.label:15} exact: {comparison.exact!s:5} "
        f"approximate: {comparison.approximate!s:5} maxdiff: {number_text(comparison.maxdiff)}",
        style="dim",
    )


def _adrift(lesson: LessonReport) -> Text | None:
    """What training would see: right answers that get a wrong upstream gradient from one before them."""
    off = [verdict.node for verdict in lesson.verdicts if verdict.adrift]
    if not off:
        return None
    some = ", ".join(off[:4]) + (", …" if len(off) > 4 else "")
    return Text(f"right, but in training off all the same, because of what is upstream: {some}", style="dim")


def _summary(lesson: LessonReport) -> Text:
    counts = [
        f"{count} {status}"
        for status in Status
        if status is not Status.PASS and (count := sum(verdict.status is status for verdict in lesson.verdicts))
    ]
    words = f"{lesson.passed} of {lesson.total} pass" + (f"; {', '.join(counts)}" if counts else "")
    exact = len({verdict.node for verdict in lesson.verdicts if verdict.exact and verdict.passed})
    return Text(f"{words}; {exact} exact", style="bold green" if lesson.passed == lesson.total else "bold")


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
