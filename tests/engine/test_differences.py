"""The difference of an answer from autograd's gradient as a heatmap of few cells: there where it is asked for."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.own_file import OwnFileJudge
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.judge.heatmap import difference_of
from ninja_tui.engine.protocol.difference import MOST_COLUMNS, MOST_ROWS
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.own_program import own_program
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import Solutions
from tests.engine.in_process import InProcess

NETWORK = """
import torch
x = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])
W = torch.tensor([[0.1, 0.2], [0.3, -0.4], [0.5, 0.6]], requires_grad=True)
h = x @ W
loss = (h**2).mean()
h.retain_grad()
loss.backward()
dh = 2 * h / h.numel()
dW = x.T @ dh
dW[1, 0] += 0.5
"""


def of_the_program(*, differences: bool) -> dict[str, Verdict]:
    program = own_program(source_of(Path("script.py"), NETWORK))
    done = OwnFileJudge(program, {}, None, 30.0, InProcess, differences).judge()
    return {verdict.node: verdict for each in done.passes for verdict in each.verdicts}


def of_the_lesson(answers: str, *, differences: bool) -> dict[str, Verdict]:
    bench = Workbench(read_lesson("micrograd"), Options(differences=differences), InProcess)
    nodes = list(bench.open().shapes)
    try:
        program = Solutions(answers, "solutions.py", "micrograd").program("micrograd", nodes)
        return {verdict.node: verdict for verdict in ProgramJudge(bench, program, 5.0).judge_all()}
    finally:
        bench.close()


def test_of_a_program_it_says_which_entry_is_off_and_by_how_much() -> None:
    verdicts = of_the_program(differences=True)
    found = verdicts["W"].difference
    assert found is not None
    assert (found.shape, found.table) == ((3, 2), (3, 2))
    assert found.worst.index == (1, 0)
    assert found.worst.size == found.scale == pytest.approx(0.5, rel=1e-6) == verdicts["W"].maxdiff
    assert found.cells[1][0] == 1.0
    others = [value for y, row in enumerate(found.cells) for x, value in enumerate(row) if (y, x) != (1, 0)]
    assert all(value is not None and abs(value) < 1e-6 for value in others)


def test_of_a_right_gradient_there_is_none() -> None:
    verdict = of_the_program(differences=True)["h"]
    assert verdict.passed
    assert verdict.exact
    assert verdict.difference is None


def test_none_is_computed_where_it_is_not_asked_for() -> None:
    assert of_the_program(differences=False)["W"].difference is None
    assert of_the_lesson("derr = 0.0 * err", differences=False)["err"].difference is None


def test_of_an_answer_to_a_lesson_it_is_the_answer_minus_the_gradient() -> None:
    verdict = of_the_lesson("derr = 2.0 * err + 1.0\n", differences=True)["err"]
    assert verdict.difference is not None
    assert verdict.difference.cells == ((1.0,),)
    assert verdict.difference.scale == verdict.difference.worst.size == verdict.maxdiff


def test_an_answer_that_raised_has_none() -> None:
    assert of_the_lesson("derr = 1 / 0\n", differences=True)["err"].difference is None


def test_however_large_the_gradient_its_cells_are_few() -> None:
    reference = torch.zeros(1000, 300)
    wrong = reference.clone()
    wrong[999, 299], wrong[0, 0] = -2.0, 1.0
    found = difference_of(wrong, reference)
    assert found is not None
    assert (len(found.cells), {len(row) for row in found.cells}) == (MOST_ROWS, {MOST_COLUMNS})
    assert (found.cells[-1][-1], found.cells[0][0]) == (-1.0, 0.5)
    assert found.worst.index == (999, 299)


def test_what_is_broadcast_is_compared_as_cmp_does() -> None:
    found = difference_of(torch.ones(3), torch.zeros(2, 3))
    assert found is not None
    assert found.shape == (2, 3)
    assert found.cells == ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0))


def test_what_does_not_broadcast_or_is_complex_has_no_difference() -> None:
    assert difference_of(torch.ones(4, 3), torch.zeros(2, 3)) is None
    assert difference_of(torch.ones(2, 3, dtype=torch.complex64), torch.zeros(2, 3)) is None
    assert difference_of(torch.ones(0, 3), torch.zeros(0, 3)) is None


def test_what_is_not_finite_is_the_worst_and_leaves_the_others_their_scale() -> None:
    found = difference_of(torch.tensor([[0.5, math.nan], [0.25, 0.0]]), torch.zeros(2, 2))
    assert found is not None
    assert found.cells == ((1.0, None), (0.5, 0.0))
    assert found.scale == 0.5
    assert found.worst.index == (0, 1)
    assert found.worst.size == math.inf
