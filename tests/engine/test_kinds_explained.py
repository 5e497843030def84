"""The explained kinds of mistakes: each example, given to the judge, is of its kind and gets its sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.protocol.verdict import Kind, Verdict, Warning
from ninja_tui.lesson.read import read_folder
from ninja_tui.lesson.solutions import Solutions
from ninja_tui.report.kinds import MISTAKES, WARNINGS, Example
from tests.engine.in_process import InProcess

each_kind = pytest.mark.parametrize("kind", MISTAKES, ids=str)


def judged(folder: Path, example: Example, answers: str) -> list[Verdict]:
    lesson = folder / "example"
    lesson.mkdir()
    (lesson / "forward.py").write_text(example.network.lesson, encoding="utf-8")
    bench = Workbench(read_folder(lesson), Options(), InProcess)
    bench.open()
    program = Solutions(answers, "solutions.py", "example").program("example", list(bench.facts.shapes))
    verdicts = ProgramJudge(bench, program, 10.0).judge_all()
    bench.close()
    return verdicts


def test_every_kind_and_every_warning_is_explained() -> None:
    assert set(MISTAKES) == set(Kind)
    assert set(WARNINGS) == set(Warning)


@each_kind
def test_the_wrong_answer_is_of_its_kind_and_gets_its_sentence(kind: Kind, tmp_path: Path) -> None:
    example = MISTAKES[kind].example
    verdicts = judged(tmp_path, example, example.wrong_answers)
    told = [(v.node, v.diagnosis.kind, v.diagnosis.message) for v in verdicts if v.diagnosis is not None]
    assert told == [(example.node, kind, example.message)]
    assert [v.node for v in verdicts if not v.passed] == ([] if kind is Kind.ALIASING else [example.node])


@each_kind
def test_the_right_answer_passes_without_a_warning(kind: Kind, tmp_path: Path) -> None:
    example = MISTAKES[kind].example
    right = judged(tmp_path, example, example.right_answers)
    assert [v for v in right if not v.passed] == []
    assert example.node in {v.node for v in right}
    before = {v.node for v in right} - {example.node}
    assert [(v.node, v.warnings) for v in right if v.warnings and v.node not in before] == []
