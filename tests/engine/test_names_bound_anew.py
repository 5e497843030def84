"""Files that bind names anew, the lesson's or a gradient's: what is right stays right, what is wrong is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Kind, Verdict
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from tests.engine.in_process import InProcess

AGAIN = "h = hnorm * sig\npred = h @ W2\nerr = pred - Y\n"
"""Names of the lesson with the values that they have."""


@pytest.fixture(scope="module")
def rmsnorm() -> Iterator[Workbench]:
    opened = Workbench(read_lesson("rmsnorm"), Options(), InProcess)
    opened.open()
    yield opened
    opened.close()


def judged(bench: Workbench, code: str) -> list[Verdict]:
    return ProgramJudge(bench, read_program(code, list(bench.facts.shapes), "solutions.py"), 10.0).judge_all()


def failed(verdicts: list[Verdict]) -> list[tuple[str, Kind | None]]:
    return [
        (each.node, None if each.diagnosis is None else each.diagnosis.kind) for each in verdicts if not each.passed
    ]


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        pytest.param("derr = 2 * err / err.numel()\ndpred = -derr\ndh = dpred @ W2.T\ndW2 = h.T @ dpred\n",
                     [("pred", Kind.SIGN)], id="a sign"),
        pytest.param("derr = 2 * err\ndpred = derr + 0\ndh = dpred @ W2.T\nsilu = sig\ndhnorm = dh * h / hnorm\n"
                     "dsig = dh * hnorm\ndW2 = h.T @ dpred\n",
                     [("err", Kind.SCALE), ("hnorm", Kind.MISSING_PATH)], id="two mistakes"),
        pytest.param("derr = 2 * err / err.numel()\ndpred = derr.sum(0, keepdim=True)\ndW2 = h.T @ dpred\n"
                     "dh = dpred @ W2.T\n",
                     [("pred", Kind.OVER_SUMMED)], id="a shape"),
        pytest.param("derr, dpred = -2 * err / err.numel(), 2 * err / err.numel()\ndW2 = h.T @ dpred\n",
                     [("err", Kind.SIGN)], id="two in one statement"),
        pytest.param("kept = []\nderr = 2 * err / err.numel()\nkept += [derr, derr]\ndpred = 3 * kept.pop()\n"
                     "dpred = kept.pop() + 0\ndh = dpred @ W2.T\n",
                     [("pred", Kind.SCALE)], id="a list that it takes from"),
        pytest.param("derr = 2 * err / err.numel()\nkept = {'e': (derr.clone(), 1)}\n"
                     "dpred = kept['e'][0].mul_(5)\ndpred = kept['e'][0] / 5\ndh = dpred @ W2.T\n",
                     [("pred", Kind.SCALE)], id="a dict that it changes"),
    ],
)  # fmt: skip
def test_names_bound_to_the_values_that_they_have_make_no_right_answer_wrong(
    rmsnorm: Workbench, code: str, wrong: list[tuple[str, Kind]]
) -> None:
    assert failed(judged(rmsnorm, code)) == wrong
    assert failed(judged(rmsnorm, AGAIN + code)) == wrong


@pytest.mark.parametrize("before", ["", "dpred = derr * 7\n"], ids=["alone", "after another mistake"])
def test_names_bound_to_other_values_are_told_where_they_are_the_mistake(rmsnorm: Workbench, before: str) -> None:
    code = f"h = 2 * hnorm\nderr = 2 * err / err.numel()\n{before}dpred = derr + 0\ndh = dpred @ W2.T\n"
    found = failed(judged(rmsnorm, code + "dsig = dh * hnorm\ndW2 = h.T @ dpred\n"))
    assert found == [("pred", Kind.SCALE)] * bool(before) + [("W2", Kind.CLOBBERED)]


def test_an_answer_that_is_right_by_chance_is_not_told_that_names_were_bound_anew(rmsnorm: Workbench) -> None:
    numbers = rmsnorm.gradient("W2").single
    typed = f"torch.frombuffer(bytearray({numbers.data!r}), dtype=torch.float32).view({numbers.shape}).clone()"
    found = failed(judged(rmsnorm, f"{AGAIN}dW2 = {typed}\n"))
    assert [node for node, _ in found] == ["W2"]
    assert found[0][1] is not Kind.CLOBBERED


def test_a_number_taken_out_of_pytorch_by_one_answer_is_not_of_the_next_to_the_same_node(rmsnorm: Workbench) -> None:
    code = "derr = 2 * err / err.numel()\nhalf = derr / 2\n"
    first = "dpred = half.mul_(float(torch.tensor(6.0)))\nhalf = half / 3\n"
    assert failed(judged(rmsnorm, code + first + "dpred = half.clone()\n")) == [("pred", Kind.SCALE)]


def test_what_is_typed_takes_nothing_from_the_lists_of_the_file(rmsnorm: Workbench) -> None:
    code = "derr = 2 * err / err.numel()\nkept = [derr * 2, derr]\n"
    steps = read_program(code, list(rmsnorm.facts.shapes), "solutions.py")
    judge = LiveJudge(rmsnorm)
    try:
        place = Place.after("pred", steps.steps, steps.answers, frozenset())
        statuses = [judge.evaluate("dpred = kept.pop() + 0", place).passed for _ in range(3)]
    finally:
        judge.close()
    assert statuses == [True] * 3


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        ("dh = dpred @ W2", Kind.TRANSPOSED),
        ("dh = dpred + W2", Kind.SHAPE),
        ("dh = [dpred][1]", None),
        ("dh = [dpred][1] if h.grad is None else dpred", None),
        ("dh = h.grad * 2", Kind.READS_GRAD),
        ("dh = torch.where(h > 0, h.grad, 0.0)", Kind.READS_GRAD),
        ("dh = h.grad", Kind.READS_GRAD),
        ("dh = dpred @ W2.T + h.grad.sum(0)", Kind.READS_GRAD),
    ],
)
def test_a_second_answer_that_raises_is_told_that_a_grad_is_empty_only_where_it_reads_one(
    rmsnorm: Workbench, second: str, kind: Kind | None
) -> None:
    code = f"derr = 2 * err / err.numel()\ndpred = derr + 0\ndh = dpred @ W2.T\n{second}\n"
    assert failed(judged(rmsnorm, code)) == [("h", kind)]
