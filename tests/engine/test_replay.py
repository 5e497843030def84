"""Whole files of answers: each is judged where it stands, whatever stands before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.protocol.verdict import Status, Warning
from ninja_tui.replay import Request, replay
from tests.helpers import EXACT, SOLUTION, WALK, others, rerun, right_answers, solution_with, verdicts

pytestmark = pytest.mark.processes


def test_the_bundled_solution_passes_exactly_everywhere(bench: Workbench) -> None:
    found, _ = rerun(bench, SOLUTION.read_text(encoding="utf-8"))
    assert [verdict.node for verdict in found] == WALK
    assert {(verdict.status, verdict.exact, verdict.approximate, verdict.maxdiff) for verdict in found} == {
        (Status.PASS, True, True, 0.0)
    }
    assert all(verdict.shape == verdict.expected_shape for verdict in found)
    assert all(verdict.relative is not None and verdict.relative <= 1e-9 for verdict in found)


# One file, many answers


def test_one_error_stays_one_error_even_at_the_head_of_the_walk(bench: Workbench) -> None:
    for wrong in ("dlogprobs = torch.zeros_like(logprobs)", "dlogprobs = None if n else 1", "dlogprobs = 1 / 0"):
        assert others(verdicts(bench, solution_with(logprobs=wrong)), "logprobs") == EXACT


def test_every_answer_wrong_is_every_answer_failed(bench: Workbench) -> None:
    wrong = {node: f"{code}\nd{node} = d{node} * 2 + 1" for node, code in right_answers().items()}
    assert {verdict.status for verdict in verdicts(bench, solution_with(**wrong)).values()} == {Status.FAIL}


def test_a_missing_answers_gradient_is_there_for_the_others(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(logits="", dlogprobs=""))
    assert "logits" not in found
    assert others(found, "logits") == EXACT


def test_answers_that_are_read_before_they_are_given_are_not_there(bench: Workbench) -> None:
    found = verdicts(bench, "dprobs = (1.0 / probs) * dlogprobs\n" + right_answers()["logprobs"])
    assert found["probs"].error == "NameError: name 'dlogprobs' is not defined"
    assert found["logprobs"].passed


def test_two_answers_to_a_node_are_both_judged_each_with_its_line(bench: Workbench) -> None:
    right = right_answers()["probs"]
    found, _ = rerun(bench, f"dprobs = probs\nx = 1\n{right}\ndprobs *= 1\n")
    assert [(verdict.node, verdict.line, verdict.status) for verdict in found] == [
        ("probs", 1, Status.FAIL),
        ("probs", 3, Status.PASS),
    ]


IN_ONE_GO = """\
dlogits = F.softmax(logits, 1)
dlogits[range(n), Yb] -= 1
dlogits /= n
dhprebn = bngain * bnvar_inv / n * (n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0))
"""


def test_later_answers_in_a_plain_file_are_judged_as_well_and_pass(bench: Workbench) -> None:
    plain = "\n".join(right_answers().values())
    found, _ = rerun(bench, f"{plain}\n{IN_ONE_GO}")
    assert [verdict.node for verdict in found] == [*WALK, "logits", "hprebn"]
    assert {verdict.status for verdict in found} == {Status.PASS}
    assert {verdict.exact for verdict in found[:26]} == {True}
    assert [verdict.line for verdict in found[26:]] == [plain.count("\n") + 2, plain.count("\n") + 5]
    assert [verdict.warnings for verdict in found[26:]] == [(Warning.CLOSED_FORM,), ()]  # the second reads dhpreact
    for verdict in found[26:]:
        assert verdict.approximate
        assert verdict.maxdiff is not None
        assert 0 < verdict.maxdiff < 1e-8


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("-= 1", "-= 0.5", "logits"),
        ("/= n", "/= n - 1", "logits"),
        (" - dhpreact.sum(0)", "", "hprebn"),
        ("n / (n - 1)", "1", "hprebn"),
    ],
)
def test_a_wrong_later_answer_fails_and_the_first_one_stays_right(
    bench: Workbench, old: str, new: str, wrong: str
) -> None:
    found, _ = rerun(bench, solution_with() + IN_ONE_GO.replace(old, new))
    assert [verdict.node for verdict in found if verdict.status is not Status.PASS] == [wrong]
    assert [verdict.status for verdict in found if verdict.node == wrong] == [Status.PASS, Status.FAIL]


def test_partial_sums_are_judged_when_they_are_complete(bench: Workbench) -> None:
    source = (
        "dcounts = counts_sum_inv * dprobs\n"
        "dcounts_sum_inv = (counts * dprobs).sum(1, keepdim=True)\n"
        "dcounts_sum = -(counts_sum**-2) * dcounts_sum_inv\n"
        "dcounts += torch.ones_like(counts) * dcounts_sum\n"
    )
    found = verdicts(bench, source)
    assert {node: (verdict.status, verdict.exact, verdict.line) for node, verdict in found.items()} == {
        "counts": (Status.PASS, True, 1),
        "counts_sum_inv": (Status.PASS, True, 2),
        "counts_sum": (Status.PASS, True, 3),
    }


def test_a_scatter_in_place_by_any_function_counts_to_its_answer(bench: Workbench) -> None:
    for scatter in (
        "dC.index_add_(0, Xb.view(-1), demb.view(-1, 10))",
        "for i in range(32):\n    for j in range(3):\n        dC[Xb[i, j]] += demb[i, j]",
        "torch.index_put_(dC, (Xb,), demb, accumulate=True)",
        "torch.index_add(dC, 0, Xb.view(-1), demb.view(-1, 10), out=dC)",
    ):
        found = verdicts(bench, f"dC = torch.zeros_like(C)\n{scatter}\n")
        assert found["C"].passed, scatter


def test_the_gradient_of_the_loss_is_one_and_needs_no_answer(bench: Workbench) -> None:
    code = "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -dloss / n"
    assert verdicts(bench, code)["logprobs"].exact


def test_what_an_answer_prints_stays_with_it(bench: Workbench) -> None:
    verdict = verdicts(bench, "dprobs = print('hello C[ix]')\n")["probs"]
    assert verdict.error == "dprobs is of type NoneType, not a tensor of shape (32, 27)"


# The notebook's habits


def test_cmp_is_there_and_tells_what_the_persons_own_gradient_is(bench: Workbench) -> None:
    code = "dprobs = (1.0 / probs) * dlogprobs * 2\ncmp('probs', dprobs, probs)\n"
    found, compared = rerun(bench, code)
    assert [verdict.status for verdict in found] == [Status.FAIL]
    assert [(comparison.line, comparison.label, comparison.exact) for comparison in compared] == [(2, "probs", False)]
    assert compared[0].maxdiff == found[0].maxdiff


def test_cmp_never_decides_a_status(bench: Workbench) -> None:
    code = "dprobs = (1.0 / probs) * dlogprobs\ncmp('probs', torch.zeros(1), probs)\n"
    found, compared = rerun(bench, code)
    assert [verdict.status for verdict in found] == [Status.PASS]
    assert [comparison.approximate for comparison in compared] == [False]


def test_cmp_after_every_answer_reports_every_node(bench: Workbench) -> None:
    answers = {node: f"{code}\ncmp('{node}', d{node}, {node})" for node, code in right_answers().items()}
    found, compared = rerun(bench, solution_with(**answers))
    assert {(verdict.status, verdict.exact) for verdict in found} == EXACT
    assert [comparison.label for comparison in compared] == WALK
    assert {(comparison.exact, comparison.approximate, comparison.maxdiff) for comparison in compared} == {
        (True, True, 0.0)
    }


def test_cmp_knows_a_tensor_that_has_another_name_too(bench: Workbench) -> None:
    _, compared = rerun(bench, "same = probs\ndprobs = (1.0 / probs) * dlogprobs\ncmp('probs', dprobs, probs)\n")
    assert [comparison.label for comparison in compared] == ["probs"]


@pytest.mark.parametrize("call", ["cmp('x', 3, probs)", "cmp('x', probs, probs + 1)", "cmp('x', dlogprobs, 3)"])
def test_cmp_of_what_cannot_be_compared_says_nothing_and_breaks_nothing(bench: Workbench, call: str) -> None:
    found, compared = rerun(bench, solution_with(probs=f"dprobs = (1.0 / probs) * dlogprobs\n{call}"))
    assert {(verdict.status, verdict.exact) for verdict in found} == EXACT
    assert compared == []


def test_the_notebooks_own_cmp_and_its_backward_pass_do_no_harm(bench: Workbench) -> None:
    notebook = """\
import torch
import torch.nn.functional as F
def cmp(s, dt, t):
    ex = torch.all(dt == t.grad).item()
    app = torch.allclose(dt, t.grad)
    maxdiff = (dt - t.grad).abs().max().item()
    print(f'{s:15s} | exact: {str(ex):5s} | approximate: {str(app):5s} | maxdiff: {maxdiff}')
for p in parameters:
    p.grad = None
for t in [logprobs, probs, counts]:
    t.retain_grad()
loss.backward()
loss
"""
    code = notebook + right_answers()["logprobs"] + "\ncmp('logprobs', dlogprobs, logprobs)\n"
    found, compared = rerun(bench, code)
    assert [(verdict.node, verdict.status, verdict.exact) for verdict in found] == [("logprobs", Status.PASS, True)]
    assert [(comparison.line, comparison.exact) for comparison in compared] == [(16, True)]


def test_an_imported_cmp_is_recorded_as_the_one_that_is_there(bench: Workbench) -> None:
    code = f"from ninja_tui import cmp\n{right_answers()['logprobs']}\ncmp('logprobs', dlogprobs, logprobs)\n"
    found, compared = rerun(bench, code)
    assert [(verdict.node, verdict.status) for verdict in found] == [("logprobs", Status.PASS)]
    assert [(comparison.label, comparison.exact) for comparison in compared] == [("logprobs", True)]


def test_constants_of_single_precision_in_an_answer_do_not_spoil_the_judging(bench: Workbench) -> None:
    code = (
        "dlogprobs = torch.zeros(logprobs.shape, dtype=torch.float32)\n"
        "dlogprobs -= F.one_hot(Yb, num_classes=logprobs.shape[1]).float() / torch.tensor(float(n)).to(torch.float32)\n"
    )
    verdict = verdicts(bench, code)["logprobs"]
    assert verdict.passed
    assert verdict.relative is not None
    assert verdict.relative < 1e-9


# Whole files


def test_a_node_passes_only_with_all_its_answers(tmp_path: Path) -> None:
    path = tmp_path / "twice.py"
    path.write_text(solution_with() + "dprobs = probs\n", encoding="utf-8")
    (file,) = replay(Request((path,))).files
    (lesson,) = file.lessons
    assert (file.status, lesson.passed, lesson.total, len(lesson.verdicts)) == (Status.FAIL, 25, 26, 27)


def test_a_missing_answer_is_no_pass(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text(solution_with(h="", C=""), encoding="utf-8")
    (file,) = replay(Request((path,))).files
    (lesson,) = file.lessons
    missing = [verdict for verdict in lesson.verdicts if verdict.status is Status.MISSING]
    assert [(verdict.node, verdict.line, verdict.shape) for verdict in missing] == [
        ("h", None, None),
        ("C", None, None),
    ]
    assert (file.status, lesson.passed, lesson.total) == (Status.FAIL, 24, 26)
    assert [verdict.node for verdict in lesson.verdicts] == WALK
