"""Half precision on the way to a gradient: it fails where it costs digits that autograd has, and only there."""

from __future__ import annotations

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict
from ninja_tui.lesson.program import read_program
from ninja_tui.lesson.read import read_lesson
from tests.engine.in_process import InProcess
from tests.engine.own_files.judged import judged
from tests.engine.own_files.script import HEAD

FORWARD = """
x = torch.rand(7, 3) + 0.2
w = torch.rand(3, 4, requires_grad=True)
c = torch.rand(4, requires_grad=True)
u = x @ w
v = u.sqrt() + c
loss = (v ** 3).mean()
loss.backward()
"""
BACKWARD = {"v": "3 * v**2 / v.numel()", "c": "dv.sum(0)", "u": "dv * 0.5 * u**-0.5", "w": "x.T @ du"}
FUNCTION = """
class Root(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q):
        {save}
        return q.sqrt()

    @staticmethod
    def backward(ctx, g):
        q, = ctx.saved_tensors
        return {returned}

q = torch.rand(6, 5{dtype}) + 0.3
q.requires_grad_()
(Root.apply(q) ** 3).sum().backward()
"""


def told(verdict: Verdict) -> tuple[Status, Kind | None]:
    return verdict.status, None if verdict.diagnosis is None else verdict.diagnosis.kind


def in_script(forward: str = FORWARD, **other: str) -> dict[str, Verdict]:
    answers = "".join(f"d{node} = {code}\n" for node, code in {**BACKWARD, **other}.items())
    return {each.node: each for each in judged(f"{HEAD}{forward}{answers}").verdicts}


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ("v", "(3 * v**2 / v.numel()).half().float()"),
        ("v", "3 * v.to(torch.bfloat16)**2 / v.numel() * torch.ones(1)"),
        ("c", "dv.type(torch.float16).sum(0).type(torch.float32)"),
        ("u", "dv * 0.5 * (u**-0.5).half()"),
        ("u", "dv * torch.tensor(0.3, dtype=torch.float16) / 0.6 * u**-0.5"),
        ("w", "(x.T.bfloat16() @ du.bfloat16()).to(du.dtype)"),
        ("w", "torch.zeros_like(w).half().addmm(x.T.half(), du.half()).to(w)"),
    ],
)
def test_a_gradient_that_went_through_half_precision_fails_by_its_dtype(node: str, code: str) -> None:
    verdicts = in_script(**{node: code})
    assert told(verdicts.pop(node)) == (Status.FAIL, Kind.WRONG_DTYPE)
    assert {told(each) for each in verdicts.values()} == {(Status.PASS, None)}


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ("v", "3 * v**2 / v.numel() * (v > 0).half()"),
        ("c", "torch.ones(7, dtype=torch.bfloat16).float() @ dv"),
        ("u", "dv * torch.tensor(0.5, dtype=torch.float16) * u**-0.5"),
        ("w", "(x.half().float() - x.half()).T @ du + x.T @ du"),
        ("c", "dv.sum(0) + 0 * dv.sum(0).half().float()"),
    ],
)
def test_half_precision_that_costs_no_digits_is_right(node: str, code: str) -> None:
    assert {told(each) for each in in_script(**{node: code}).values()} == {(Status.PASS, None)}


def test_a_forward_pass_in_half_precision_has_a_backward_in_half_precision() -> None:
    forward = FORWARD.replace("x @ w", "(x.half() @ w.half()).float()")
    verdicts = in_script(forward, w="(x.half().T @ du.half()).float()")
    assert {told(each) for each in verdicts.values()} == {(Status.PASS, None)}


def test_float32_that_rounds_a_lot_beside_a_mask_in_half_precision_is_right() -> None:
    forward = """
x = torch.rand(7, 3) + 3000
w = torch.rand(3, 4, requires_grad=True)
z = x * 1.0
u = z @ w
loss = ((u - u.mean(0)) ** 2).mean()
loss.backward()
"""
    answers = "du = 2 * (u - u.mean(0)) / u.numel() * (u > 0).half()\ndw = x.T @ (du - du.mean(0))\n"
    verdicts = judged(f"{HEAD}{forward}{answers}").verdicts
    assert [told(each) for each in verdicts if each.node == "w"] == [(Status.PASS, None)]


@pytest.mark.parametrize("dtype", ["", ", dtype=torch.float64"])
@pytest.mark.parametrize(
    ("save", "returned", "kind"),
    [
        ("ctx.save_for_backward(q)", "g * 0.5 / q.sqrt()", None),
        ("ctx.save_for_backward(q)", "g * 0.5 * (q > 0).half() / q.sqrt()", None),
        ("ctx.save_for_backward(q)", "g * 0.5 / q.sqrt().half().to(g.dtype)", Kind.WRONG_DTYPE),
        ("ctx.save_for_backward(q)", "(g.bfloat16() * 0.5).to(g) / q.sqrt()", Kind.WRONG_DTYPE),
        ("ctx.save_for_backward(q.half())", "g * 0.5 / q.to(g.dtype).sqrt()", Kind.WRONG_DTYPE),
        ("ctx.save_for_backward(q)", "g * 0.25 / q.sqrt().half().to(g.dtype)", Kind.SCALE),
    ],
)
def test_a_backward_of_a_function_is_held_to_the_dtype_of_its_input(
    dtype: str, save: str, returned: str, kind: Kind | None
) -> None:
    text = f"{HEAD}{FUNCTION.format(save=save, returned=returned, dtype=dtype)}"
    (verdict,) = [each for each in judged(text).verdicts if "→" in each.gradient]
    assert told(verdict) == (Status.PASS if kind is None else Status.FAIL, kind)


def test_an_answer_to_a_lesson_says_how_many_digits_are_left() -> None:
    bench = Workbench(read_lesson("rmsnorm"), Options(), InProcess)
    bench.open()
    code = (
        "derr = (2 * err / err.numel()).half().float()\ndpred = derr.clone()\ndh = (dpred @ W2.T).bfloat16().float()\n"
    )
    verdicts = ProgramJudge(bench, read_program(code, list(bench.facts.shapes), "solutions.py"), 10.0).judge_all()
    bench.close()
    sentences = [None if each.diagnosis is None else each.diagnosis.message for each in verdicts]
    assert sentences == [
        "right but for float16 on the way, which leaves about 3 digits of float32's 7",
        None,
        "right but for bfloat16 on the way, which leaves about 2 digits of float32's 7",
    ]
