"""What each kind of answer, right or wrong, is told."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.protocol.verdict import Status, Verdict, Warning
from ninja_tui.replay import Request, replay
from tests.helpers import SOLUTION, WALK, rerun, right_answers, solution_with, verdicts

pytestmark = pytest.mark.processes


def others(found: dict[str, Verdict], node: str) -> set[tuple[Status, bool]]:
    """The statuses and ``exact`` of all nodes but one."""
    return {(verdict.status, verdict.exact) for name, verdict in found.items() if name != node}


RIGHT = {(Status.PASS, True)}


def test_the_bundled_solution_passes_exactly_everywhere(bench: Workbench) -> None:
    found, _ = rerun(bench, SOLUTION.read_text(encoding="utf-8"))
    assert [verdict.node for verdict in found] == WALK
    assert {(verdict.status, verdict.exact, verdict.approximate, verdict.maxdiff) for verdict in found} == {
        (Status.PASS, True, True, 0.0)
    }
    assert all(verdict.shape == verdict.expected_shape for verdict in found)
    assert all(verdict.relative is not None and verdict.relative <= 1e-9 for verdict in found)


# Wrong numbers and shapes


@pytest.mark.parametrize(
    ("node", "wrong"),
    [
        ("logprobs", "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0"),
        ("logprobs", "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = 1.0 / n"),
        ("probs", "dprobs = (1.0 / probs)"),
        ("counts_sum", "dcounts_sum = -(counts_sum**-1) * dcounts_sum_inv"),
        ("counts", "dcounts = counts_sum_inv * dprobs"),
        ("h", "dh = h"),
        ("hpreact", "dhpreact = (1 - h) * dh"),
        ("bndiff2", "dbndiff2 = (1.0 / n) * torch.ones_like(bndiff2) * dbnvar"),
        ("bnvar", "dbnvar = -0.5 * (bnvar + 1e-4) ** -1.5 * dbnvar_inv"),
        ("C", "dC = torch.zeros_like(C)\ndC[Xb] = demb"),
        ("W1", "dW1 = torch.zeros_like(W1)"),
    ],
)
def test_a_wrong_gradient_fails_and_the_answers_after_it_do_not(bench: Workbench, node: str, wrong: str) -> None:
    found = verdicts(bench, solution_with(**{node: wrong}))
    verdict = found[node]
    assert (verdict.status, verdict.exact, verdict.warnings, verdict.error) == (Status.FAIL, False, (), None)
    assert verdict.maxdiff
    assert verdict.relative is not None
    assert verdict.relative > 1e-5
    assert others(found, node) == RIGHT


def test_a_factor_on_the_answer_is_seen_in_its_relative_difference(bench: Workbench) -> None:
    verdict = verdicts(bench, solution_with(probs="dprobs = 3 * (1.0 / probs) * dlogprobs"))["probs"]
    assert verdict.relative == pytest.approx(2.0)


def test_only_rounding_in_float64_is_no_difference(bench: Workbench) -> None:
    small = right_answers()["probs"] + " * (1 + 1e-11)"
    large = right_answers()["probs"] + " * (1 + 1e-6)"
    assert verdicts(bench, small)["probs"].passed
    assert not verdicts(bench, large)["probs"].passed


def test_a_sum_without_its_axis_passes_with_a_word_on_its_shape(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(bngain="dbngain = (bnraw * dhpreact).sum(0)"))
    verdict = found["bngain"]
    assert (verdict.status, verdict.warnings) == (Status.PASS, ("shape",))
    assert (verdict.shape, verdict.expected_shape) == ((64,), (1, 64))
    assert (verdict.exact, verdict.approximate) == (True, True)
    assert others(found, "bngain") == RIGHT


def test_what_follows_a_gradient_of_another_shape_is_judged_with_the_right_shape(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(bnvar_inv="dbnvar_inv = (bndiff * dbnraw).sum(0)"))
    assert found["bnvar_inv"].warnings == ("shape",)
    assert others(found, "bnvar_inv") == RIGHT
    assert found["bnvar"].shape == (1, 64)


@pytest.mark.parametrize(
    ("node", "wrong", "shape"),
    [
        ("bngain", "dbngain = bnraw * dhpreact", (32, 64)),
        ("bngain", "dbngain = (bnraw * dhpreact).sum()", ()),
        ("counts_sum_inv", "dcounts_sum_inv = counts * dprobs", (32, 27)),
        ("b2", "db2 = dlogits", (32, 27)),
    ],
)
def test_a_gradient_summed_too_little_or_too_far_fails(
    bench: Workbench, node: str, wrong: str, shape: tuple[int, ...]
) -> None:
    verdict = verdicts(bench, solution_with(**{node: wrong}))[node]
    assert (verdict.status, verdict.shape, verdict.warnings) == (Status.FAIL, shape, ())


@pytest.mark.parametrize(
    "wrong", ["dW2 = dlogits.T @ h", "dW2 = h.T @ dlogits[:, :5]", "dW2 = torch.zeros(3, 64, 27, 2)"]
)
def test_a_gradient_that_does_not_broadcast_fails_without_a_difference(bench: Workbench, wrong: str) -> None:
    verdict = verdicts(bench, solution_with(W2=wrong))["W2"]
    assert (verdict.status, verdict.approximate, verdict.maxdiff, verdict.relative) == (Status.FAIL, False, None, None)


def test_a_gradient_that_would_broadcast_to_something_enormous_is_a_wrong_shape(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(bngain="dbngain = torch.ones(3_000_000, 1)"))
    assert found["bngain"].status is Status.FAIL
    assert others(found, "bngain") == RIGHT


def test_rounding_is_no_error(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(hpreact="dhpreact = (1 - h**2) * dh"))
    assert {verdict.status for verdict in found.values()} == {Status.PASS}
    assert found["hpreact"].approximate


@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_gradient_that_is_not_finite_fails(bench: Workbench, number: str) -> None:
    found = verdicts(
        bench, solution_with(probs=f"dprobs = (1.0 / probs) * dlogprobs\ndprobs[0, 0] = float('{number}')")
    )
    verdict = found["probs"]
    assert verdict.status is Status.FAIL
    assert verdict.maxdiff is not None
    assert verdict.relative is not None
    assert not math.isfinite(verdict.maxdiff)
    assert not math.isfinite(verdict.relative)
    assert others(found, "probs") == RIGHT


@pytest.mark.parametrize("kind", ["half()", "bool()", "int()", "to(torch.complex64)", "double()", "bfloat16()"])
def test_a_tensor_of_another_dtype_fails_by_name_and_breaks_nothing(bench: Workbench, kind: str) -> None:
    found = verdicts(bench, solution_with(probs=f"dprobs = ((1.0 / probs) * dlogprobs).{kind}"))
    assert found["probs"].status is Status.FAIL
    assert found["probs"].diagnosis is not None
    assert found["probs"].diagnosis.kind == "wrong-dtype"
    assert found["probs"].shape == (32, 27)
    assert others(found, "probs") == RIGHT


def test_an_imaginary_part_is_a_difference(bench: Workbench) -> None:
    verdict = verdicts(bench, right_answers()["probs"] + " + 1j")["probs"]
    assert verdict.status is Status.FAIL


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1.0, 2.0]", "dprobs is a list, not a tensor of shape (32, 27)"),
        ("'C[ix]'", "dprobs is a str, not a tensor of shape (32, 27)"),
        ("probs.numpy() * 0", "dprobs is a ndarray, not a tensor of shape (32, 27)"),
        ("probs.grad", "dprobs is a NoneType, not a tensor of shape (32, 27)"),
        ("5", "dprobs is a int, not a tensor of shape (32, 27)"),
        ("True", "dprobs is a bool, not a tensor of shape (32, 27)"),
        ("probs.to_sparse()", "dprobs is a torch.sparse_coo tensor, not a tensor of shape (32, 27)"),
        ("probs.to('meta')", "dprobs is a"),
    ],
)
def test_what_is_no_tensor_is_an_error_that_says_what_it_is(bench: Workbench, value: str, said: str) -> None:
    found = verdicts(bench, solution_with(probs=f"dprobs = {value}"))
    assert found["probs"].status is Status.ERROR
    assert str(found["probs"].error).startswith(said)
    assert others(found, "probs") == RIGHT


# Answers that do not come to a gradient


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("dprobs = 1 / 0", "ZeroDivisionError: division by zero"),
        ("dprobs = torch.zeros(3) @ probs", "RuntimeError: "),
        ("dprobs = (1.0 / probz) * dlogprobs", "NameError: name 'probz' is not defined"),
        ("dprobs = C[ix[Xb]]['[bold]']", "IndexError: "),
        ("dprobs = exit()", "SystemExit"),
        ("dprobs = quit(0)", "SystemExit: 0"),
        ("raise SystemExit(0)\ndprobs = 1 / 0", "ZeroDivisionError"),
        ("dprobs = torch.zeros(10**12)", "RuntimeError: "),
        ("dprobs = [0] * 10**12", "MemoryError"),
        ("f = lambda: f()\ndprobs = f()", "RecursionError: "),
        ("import os\ndprobs = os._exit(0)", "the answer ended its process"),
        ("import os\ndprobs = os.kill(os.getpid(), 9)", "the answer ended its process"),
        ("import os\ndprobs = os.abort()", "the answer ended its process"),
        ("import ctypes\ndprobs = ctypes.string_at(0)", "the answer ended its process"),
        ("if n == 0:\n    dprobs = 1", "the answer does not bind dprobs"),
        ("dprobs = 1\ndel dprobs\ndprobs += 1", "NameError: name 'dprobs' is not defined"),
        ("dprobs = 1\ndprobs = dprobs + return_", "NameError: name 'return_' is not defined"),
    ],
)
def test_an_answer_that_raises_or_ends_is_an_error_in_its_own_words(bench: Workbench, answer: str, said: str) -> None:
    found = verdicts(bench, solution_with(probs=answer))
    verdict = found["probs"]
    error = str(verdict.error)
    assert (verdict.status, verdict.shape, verdict.exact) == (Status.ERROR, None, False)
    assert error.startswith(said)
    assert "\n" not in error
    assert others(found, "probs") == RIGHT


def test_an_error_inside_a_statement_of_several_lines_has_its_own_line(bench: Workbench) -> None:
    code = "# why\ndprobs = torch.zeros_like(probs)\nfor i in range(2):\n    x = i\n    dprobs[i, 99] = 1"
    verdict = verdicts(bench, code)["probs"]
    assert verdict.line == 2
    assert str(verdict.error).startswith("line 5: IndexError: ")


@pytest.mark.parametrize(
    "answer",
    [
        "dprobs = 0\nwhile True:\n    dprobs += 1",
        "import time\ndprobs = time.sleep(3600)",
        "try:\n    while True: pass\nfinally:\n    dprobs = 1",
        "class Slow(Exception):\n    def __str__(self):\n        while n: pass\nif n:\n    dprobs = 1\n    raise Slow",
    ],
    ids=["loop", "sleep", "finally", "message"],
)
def test_an_answer_without_an_end_times_out_and_the_others_are_judged(bench: Workbench, answer: str) -> None:
    found = verdicts(bench, solution_with(probs=answer), timeout=2.0)
    assert (found["probs"].status, found["probs"].error) == (Status.TIMEOUT, "no end after 2 s")
    assert others(found, "probs") == RIGHT


def test_several_hangs_and_crashes_cost_one_answer_each(bench: Workbench) -> None:
    hang = "while True:\n    {} = 1"
    answers = {"probs": hang.format("dprobs"), "C": hang.format("dC"), "h": "import os\ndh = os._exit(1)"}
    found = verdicts(bench, solution_with(**answers), timeout=2.0)
    assert {node: found[node].status for node in answers} == {
        "probs": Status.TIMEOUT,
        "C": Status.TIMEOUT,
        "h": Status.ERROR,
    }
    assert {verdict.exact for node, verdict in found.items() if node not in answers} == {True}


def test_a_helper_that_hangs_costs_only_what_needs_it(bench: Workbench) -> None:
    helper = "while True:\n    t = 1.0\n"
    found = verdicts(bench, solution_with(probs=f"{helper}dprobs = t / probs * dlogprobs"), timeout=2.0)
    assert found["probs"].status is Status.ERROR
    assert str(found["probs"].error).startswith("NameError")
    assert others(found, "probs") == RIGHT


# One file, many answers


def test_one_error_stays_one_error_even_at_the_head_of_the_walk(bench: Workbench) -> None:
    for wrong in ("dlogprobs = torch.zeros_like(logprobs)", "dlogprobs = None if n else 1", "dlogprobs = 1 / 0"):
        assert others(verdicts(bench, solution_with(logprobs=wrong)), "logprobs") == RIGHT


def test_every_answer_wrong_is_every_answer_failed(bench: Workbench) -> None:
    wrong = {node: f"{code}\nd{node} = d{node} * 2 + 1" for node, code in right_answers().items()}
    assert {verdict.status for verdict in verdicts(bench, solution_with(**wrong)).values()} == {Status.FAIL}


def test_a_missing_answers_gradient_is_there_for_the_others(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(logits="", dlogprobs=""))
    assert "logits" not in found
    assert others(found, "logits") == RIGHT


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
    for verdict in found[26:]:
        assert (verdict.approximate, verdict.warnings) == (True, (Warning.CLOSED_FORM,))
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
    assert verdict.error == "dprobs is a NoneType, not a tensor of shape (32, 27)"


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
    assert {(verdict.status, verdict.exact) for verdict in found} == RIGHT
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
    assert {(verdict.status, verdict.exact) for verdict in found} == RIGHT
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
