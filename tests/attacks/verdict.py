"""What is wrong with a report on a hostile file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.attacks.cases import Case, Form, Submission
from tests.attacks.machine import Judged, Machine

LONGEST = 25.0
"""Seconds that a hostile file may take."""
MOST_MEMORY = 300
"""Megabytes by which the judging process may grow."""
LONGEST_TEXT = 2000
"""Characters of any text in a report."""
OURS = re.compile(r"Traceback \(most|\w+(Error|Exception) in [A-Z]\w+$")
"""What a report says where our own code has failed."""


@dataclass(frozen=True)
class Finding:
    """What one file has done, by column of the table; all are empty if all is well."""

    effects: tuple[str, ...] = ()
    forged: tuple[str, ...] = ()
    hung: tuple[str, ...] = ()
    tracebacks: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Everything that is wrong."""
        return (*self.effects, *self.forged, *self.hung, *self.tracebacks, *self.incomplete)


def finding(machine: Machine, case: Case, form: Form) -> Finding:
    """Hands a case in, and looks at what comes of it."""
    submission = case.submission(form)
    name = f"{case.family}_{case.name}_{form}.py"
    beside = {each: text for each, text in (case.beside or {}).items() if form is Form.SCRIPT}
    judged = machine.judge({name: submission.text, **beside}, name, limit=case.limit)
    rows = [node for file in judged.files for lesson in file["lessons"] for node in lesson["nodes"]]
    unreported = _unreported(judged, rows) if case.breaks_itself(form) else _incomplete(judged, rows, submission)
    return Finding(
        effects=(*judged.effects, *_memory(judged)),
        forged=(*_forged(judged, rows, submission),),
        hung=(f"it took {judged.seconds:.0f} s",) if judged.seconds > LONGEST else (),
        tracebacks=(*_tracebacks(judged),),
        incomplete=(*unreported,),
    )


def _memory(judged: Judged) -> Iterator[str]:
    if judged.megabytes > MOST_MEMORY:
        yield f"the judging process grew by {judged.megabytes} MB"


def _forged(judged: Judged, rows: list[Mapping[str, Any]], submission: Submission) -> Iterator[str]:
    for row in rows:
        if row["node"] in submission.wrong and row["status"] == "pass":
            yield f"a wrong answer passes: {row['gradient']}"
    for text in _texts(judged.files):
        if not text.isprintable():
            yield f"a text is not printable, or has more than one line: {text[:100]!r}"
        if len(text) > LONGEST_TEXT:
            yield f"a text of {len(text)} characters: {text[:40]!r}"


def _tracebacks(judged: Judged) -> Iterator[str]:
    if judged.traceback:
        yield judged.traceback
    for text in _texts(judged.files):
        if OURS.search(text):
            yield text


def _unreported(judged: Judged, rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """Of a file that breaks its own process: it has rows, or a sentence."""
    if len(judged.files) != 1:
        yield f"{len(judged.files)} files in the report"
    elif not rows and not judged.files[0]["error"]:
        yield "neither rows nor an error"


def _incomplete(judged: Judged, rows: list[Mapping[str, Any]], submission: Submission) -> Iterator[str]:
    """The answers beside the attack that are not judged, or not rightly."""
    if len(judged.files) != 1:
        yield f"{len(judged.files)} files in the report"
    statuses = {row["node"]: row["status"] for row in rows}
    for node in sorted(submission.right | submission.wrong):
        status = statuses.get(node, "absent")
        if status in ("absent", "missing") or (node in submission.right and status != "pass"):
            errors = [row["error"] for row in rows if row["node"] == node]
            yield f"{node}: {status} {errors} {[file['error'] for file in judged.files]}"


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts(key)
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def passing_nodes(judged: Judged) -> dict[str, frozenset[str]]:
    """The nodes that pass, by the name of the file."""
    return {
        Path(file["path"]).name: frozenset(
            row["node"] for lesson in file["lessons"] for row in lesson["nodes"] if row["status"] == "pass"
        )
        for file in judged.files
    }
