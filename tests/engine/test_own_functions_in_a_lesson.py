"""A lesson whose forward pass calls an ``autograd.Function``: its reference, and what is told of its backward."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.protocol.verdict import Kind, Verdict
from ninja_tui.engine.training.as_operations import forward_as_operations
from ninja_tui.errors import UsageError
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.solutions import Solutions
from ninja_tui.tui import own_functions
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.card import card

pytestmark = pytest.mark.processes

NETWORK = """\
import torch
class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s
    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * (s + x * s * (1 - s))

X = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
W = torch.randn(3, 2, generator=torch.Generator().manual_seed(2))
W.requires_grad = True
z = X @ W
h = Swish.apply(z)
loss = (h ** 2).mean()
loss.backward()
"""
WRONG = NETWORK.replace("(s + x", "(s - x")
ANSWERS = """\
dh = 2 * h / h.numel()
s = torch.sigmoid(z)
dz = dh * (s + z * s * (1 - s))
dW = X.T @ dz
"""


def bench_of(folder: Path, text: str) -> Workbench:
    """The workbench of a network, not open yet."""
    path = folder / "net.py"
    path.write_text(text, encoding="utf-8")
    return Workbench(open_lesson(str(path)), Options())


def told(folder: Path, text: str) -> tuple[Verdict, ...]:
    """What is told of a network's own Functions."""
    bench = bench_of(folder, text)
    try:
        return bench.open().functions
    finally:
        bench.close()


def test_a_right_backward_is_not_spoken_of(tmp_path: Path) -> None:
    assert told(tmp_path, NETWORK) == ()
    assert told(tmp_path, NETWORK.replace("return x * s\n", "print(s.mean().item())\n        return x * s\n")) == ()


def test_a_wrong_backward_is_told_and_is_not_the_reference(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, WRONG)
    (verdict,) = bench.open().functions
    assert (verdict.gradient, verdict.line) == ("Swish.backward → x", 11)
    assert verdict.diagnosis is not None and verdict.diagnosis.kind is Kind.SIGN
    program = Solutions(f"# %% lesson: net\n{ANSWERS}", "answers.py", "net").program(
        "net", [node.name for node in bench.lesson.nodes]
    )
    verdicts = ProgramJudge(bench, program, 10.0).judge_all()
    bench.close()
    assert {each.node: each.passed for each in verdicts} == {"h": True, "z": True, "W": True}


def test_a_forward_in_numpy_is_refused(tmp_path: Path) -> None:
    text = NETWORK.replace("s = torch.sigmoid(x)", "s = torch.from_numpy(1 / (1 + (-x).exp().numpy()))")
    with pytest.raises(UsageError, match=r"an autograd\.Function's forward takes numbers out of PyTorch"):
        bench_of(tmp_path, text).open()


def test_the_card_of_the_first_statement_and_the_training_tell_of_it(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, WRONG)
    session = Session(bench.lesson).opened(bench.open())
    bench.close()
    (first, *_) = card(session)
    assert first.name == "Functions of your own"
    assert "Swish.backward → x (line 11): 1 of 2 terms is right" in first.text.plain
    assert own_functions.in_training(session) == "autograd's gradients come through Swish.backward, which does not pass"


def test_nothing_is_told_where_all_is_right(tmp_path: Path) -> None:
    bench = bench_of(tmp_path, NETWORK)
    session = Session(bench.lesson).opened(bench.open())
    bench.close()
    assert own_functions.in_training(session) == ""
    assert "Functions of your own" not in [each.name for each in card(session)]


def test_a_gradcheck_does_not_come_through_a_wrong_backward() -> None:
    namespace: dict[str, object] = {}
    exec(WRONG.split("X = ")[0], namespace)
    swish: Any = namespace["Swish"]
    x = torch.linspace(-2, 2, 5, requires_grad=True)
    (right,) = torch.autograd.grad((x * torch.sigmoid(x)).sum(), x)
    with forward_as_operations():
        (checked,) = torch.autograd.grad(swish.apply(x).sum(), x)
    (wrong,) = torch.autograd.grad(swish.apply(x).sum(), x)
    assert torch.allclose(checked, right) and not torch.allclose(wrong, right)
