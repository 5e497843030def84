"""Wrong numbers and shapes: what each is told, and that no other answer suffers."""

from __future__ import annotations

import math

import pytest

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.protocol.verdict import Status
from tests.helpers import EXACT, others, right_answers, solution_with, verdicts

pytestmark = pytest.mark.processes


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
    assert others(found, node) == EXACT


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
    assert others(found, "bngain") == EXACT


def test_what_follows_a_gradient_of_another_shape_is_judged_with_the_right_shape(bench: Workbench) -> None:
    found = verdicts(bench, solution_with(bnvar_inv="dbnvar_inv = (bndiff * dbnraw).sum(0)"))
    assert found["bnvar_inv"].warnings == ("shape",)
    assert others(found, "bnvar_inv") == EXACT
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
    assert others(found, "bngain") == EXACT


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
    assert others(found, "probs") == EXACT


@pytest.mark.parametrize("kind", ["half()", "bool()", "int()", "to(torch.complex64)", "double()", "bfloat16()"])
def test_a_tensor_of_another_dtype_fails_by_name_and_breaks_nothing(bench: Workbench, kind: str) -> None:
    found = verdicts(bench, solution_with(probs=f"dprobs = ((1.0 / probs) * dlogprobs).{kind}"))
    assert found["probs"].status is Status.FAIL
    assert found["probs"].diagnosis is not None
    assert found["probs"].diagnosis.kind == "wrong-dtype"
    assert found["probs"].shape == (32, 27)
    assert others(found, "probs") == EXACT


def test_an_imaginary_part_is_a_difference(bench: Workbench) -> None:
    verdict = verdicts(bench, right_answers()["probs"] + " + 1j")["probs"]
    assert verdict.status is Status.FAIL


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1.0, 2.0]", "dprobs is of type list, not a tensor of shape (32, 27)"),
        ("'C[ix]'", "dprobs is of type str, not a tensor of shape (32, 27)"),
        ("probs.numpy() * 0", "dprobs is of type ndarray, not a tensor of shape (32, 27)"),
        ("probs.grad", "dprobs is of type NoneType, not a tensor of shape (32, 27)"),
        ("5", "dprobs is of type int, not a tensor of shape (32, 27)"),
        ("True", "dprobs is of type bool, not a tensor of shape (32, 27)"),
        ("probs.to_sparse()", "dprobs is a torch.sparse_coo tensor, not a tensor of shape (32, 27)"),
        ("probs.to('meta')", "dprobs is a tensor of shape (32, 27) and dtype torch.float32, not a tensor of shape"),
    ],
)
def test_what_is_no_tensor_is_an_error_that_says_what_it_is(bench: Workbench, value: str, said: str) -> None:
    found = verdicts(bench, solution_with(probs=f"dprobs = {value}"))
    assert found["probs"].status is Status.ERROR
    assert str(found["probs"].error).startswith(said)
    assert others(found, "probs") == EXACT
