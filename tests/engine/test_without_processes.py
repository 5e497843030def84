"""Both sides of the boundary in one process: what is judged does not depend on where the workers run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions
from tests.engine.in_process import InProcess

LESSON = read_lesson("micrograd")


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    opened = Workbench(LESSON, Options(), InProcess)
    opened.open()
    yield opened
    opened.close()


def test_a_lessons_own_solution_passes(bench: Workbench) -> None:
    assert LESSON.solution is not None
    program = read_solutions(LESSON.solution, "micrograd").program("micrograd", list(bench.facts.shapes))
    verdicts = ProgramJudge(bench, program, 5.0).judge_all()
    assert {verdict.node for verdict in verdicts} == set(LESSON.asks)
    assert {verdict.status for verdict in verdicts} == {Status.PASS}


def test_every_node_that_is_a_single_number_has_its_value_and_its_gradient(bench: Workbench) -> None:
    singles = bench.facts.singles
    assert singles.keys() == set(LESSON.asks)
    error, gradient = singles["err"]
    assert bench.facts.loss == pytest.approx(error**2, rel=1e-5)
    assert gradient == pytest.approx(2 * error, rel=1e-5)


def test_a_wrong_answer_fails_while_it_is_typed(bench: Workbench) -> None:
    node = LESSON.node(LESSON.asks[0])
    judge = LiveJudge(bench)
    assert judge.evaluate(f"{node.gradient} = torch.tensor(12345.0)", Place(node.name)).status is Status.FAIL
    judge.close()
