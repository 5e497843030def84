"""Reports for tests of exports, judged in the test's own process, and notebooks run there."""

from __future__ import annotations

import contextlib
import io
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.replay import FileJudge, FileReport, LessonReport, Limits, Request
from ninja_tui.replay.cleaned import cleaned
from ninja_tui.replay.limits import Workers
from tests.engine.in_process import InProcess


def judged(path: Path, lesson: str | None = None) -> FileReport:
    """The report on a file, with the differences of its answers."""
    request = Request((path,), lesson, Options(differences=True))
    judge = FileJudge(request, None, Workers(Limits(), time.monotonic(), InProcess), lambda _: None, lone=True)
    try:
        return cleaned(judge.judge(path))
    finally:
        judge.close()


@dataclass(frozen=True)
class Run:
    """A notebook that has run: its cells, the names that it bound, and what it printed."""

    cells: list[dict[str, Any]]
    names: dict[str, Any]
    printed: str

    @property
    def prose(self) -> str:
        """Its Markdown."""
        return "\n".join("".join(cell["source"]) for cell in self.cells if cell["cell_type"] == "markdown")

    @property
    def compared(self) -> dict[str, list[str]]:
        """The lines of ``cmp``, by node."""
        found: dict[str, list[str]] = {}
        for line in self.printed.splitlines():
            node, bar, rest = line.partition(" | ")
            if bar:
                found.setdefault(node.strip(), []).append(rest)
        return found


def run(notebook: str, steps: int = 3) -> Run:
    """Runs a notebook from top to bottom; its training takes few ``steps``."""
    cells = json.loads(notebook)["cells"]
    names: dict[str, Any] = {"__name__": "__main__"}
    with torch.enable_grad(), contextlib.redirect_stdout(io.StringIO()) as printed:  # it turns that off and on
        for cell in cells:
            if cell["cell_type"] == "code":
                code = "".join(cell["source"])
                if "losses = []" in code or "losses_ = []" in code:
                    code = f"steps = {steps}\n" + code.partition("\n")[2]
                exec(compile(code, "<cell>", "exec"), names)
    return Run(cells, names, printed.getvalue())


def line_of(verdict: Verdict) -> str:
    """What ``cmp`` prints of a verdict, behind its name."""
    return f"exact: {verdict.exact!s:5s} | approximate: {verdict.approximate!s:5s} | maxdiff: {verdict.maxdiff}"


def only_lesson(report: FileReport) -> LessonReport:
    """The one lesson of a report that has no error."""
    assert report.error is None, report.error
    (lesson,) = report.lessons
    return lesson
