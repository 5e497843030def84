"""The judge's word on a script's text. Nothing else in this package knows the engine."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import torch

from ninja_tui.engine.judge.examine import Examiner
from ninja_tui.engine.judge.recognition import Program
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.recording.program_data import ProgramRun, decoded_program, encoded_program
from ninja_tui.engine.recording.script import Script
from ninja_tui.engine.recording.surroundings import script_module, surroundings
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.parse import fragments_of

WHERE = Path("script.py")


@dataclass(frozen=True)
class Row:
    """One gradient judged: its name in the text, its node, its status, the kind of its mistake, and what is said of it.

    Kind and sentence are empty where it passes.
    """

    gradient: str
    node: str
    status: str
    kind: str
    said: str = ""


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
    with _one_thread():
        return [_judged(text) for text in texts]


def _judged(text: str) -> Judgement:
    """Runs a text once, in this process, and judges what was recorded, as it would arrive in another."""
    fragments, _ = fragments_of(source_of(WHERE, text))
    module = script_module(str(WHERE))
    vars(module).update(torch=torch, F=torch.nn.functional)
    script = Script(vars(module))
    _seed()
    with surroundings(module, {}):
        for fragment in fragments:
            script.run(fragment)
    run = decoded_program(encoded_program(ProgramRun(script.recorder.record, script.names.bindings, script.sites)))
    judged = Examiner(Program(run.record, run.bindings, run.sites)).examine()
    error = "; ".join(failure.message for failure in script.failures)
    return Judgement(tuple(_row(each.verdict) for each in judged), error)


def _seed() -> None:
    torch.manual_seed(0)
    random.seed(0)
    numpy.random.seed(0)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Small tensors are faster on one, and tests share the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _row(verdict: Verdict) -> Row:
    told = verdict.diagnosis
    kind, said = ("", "") if told is None else (str(told.kind), told.message)
    return Row(verdict.gradient, verdict.node, str(verdict.status), kind, said)
