"""The judge's word on a script's text. Nothing else in this package knows the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.replay import FileReport, Request, replay


@dataclass(frozen=True)
class Row:
    """One gradient judged: its name in the text, its node, its status, and the kind of its mistake (empty: none)."""

    gradient: str
    node: str
    status: str
    kind: str


@dataclass(frozen=True)
class Judgement:
    """All that was judged of a text, in its order; ``error`` says why it was not (empty: it was)."""

    rows: tuple[Row, ...]
    error: str = ""


def judge_script(text: str) -> dict[str, list[tuple[str, str]]]:
    """For each gradient of ``text``, the status and the kind of each of its answers."""
    found: dict[str, list[tuple[str, str]]] = {}
    for row in judge_scripts([text])[0].rows:
        found.setdefault(row.gradient, []).append((row.status, row.kind))
    return found


def judge_scripts(texts: Sequence[str]) -> list[Judgement]:
    """The judgements on many texts, in their order."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"script{number}.py") for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        return [_judgement(file) for file in replay(Request(tuple(paths))).files]


def _judgement(file: FileReport) -> Judgement:
    verdicts = [verdict for lesson in file.lessons for verdict in lesson.verdicts]
    return Judgement(tuple(_row(verdict) for verdict in verdicts), file.error or "; ".join(file.notes))


def _row(verdict: Verdict) -> Row:
    kind = "" if verdict.diagnosis is None else str(verdict.diagnosis.kind)
    return Row(verdict.gradient, verdict.node, str(verdict.status), kind)
