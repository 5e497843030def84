"""Data of a lesson's set-up that an answer reads: it is another in each world, for the network and for the answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.lesson.read import read_folder
from tests.engine.in_process import InProcess

SETUP = """# %% setup
import torch

g = torch.Generator().manual_seed(7)
{data}
W = torch.randn(5, 3, generator=g, requires_grad=True)
parameters = [W]


def through(weights):
    return x @ weights


# %% forward
"""
FORWARD = "h = x @ W\nloss = (h**2).mean()\n"
BY_A_FUNCTION = "h = through(W)\nloss = (h**2).mean()\n"
DRAWN = "x = torch.randn(8, 5, generator=g)"
TYPED_IN = "x = torch.tensor([[0.3 * i - j for i in range(5)] for j in range(8)])"
A_PART = "everything = torch.randn(20, 5, generator=g)\nx = everything[:8] - everything.mean(0)"


@pytest.mark.parametrize("data", [DRAWN, TYPED_IN, A_PART])
@pytest.mark.parametrize("forward", [FORWARD, BY_A_FUNCTION])
def test_a_gradient_computed_from_data_of_the_set_up(tmp_path: Path, data: str, forward: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "forward.py").write_text(SETUP.format(data=data) + forward, encoding="utf-8")
    bench = Workbench(read_folder(folder), Options(), InProcess)
    bench.open()
    judge = LiveJudge(bench)
    right = judge.evaluate("dW = x.T @ dh", Place("W"))
    turned = judge.evaluate("dW = dh.T @ x", Place("W"))
    other = judge.evaluate("dW = x.T.flip(1) @ dh", Place("W"))
    judge.close()
    bench.close()
    assert right.passed, right.diagnosis
    assert not right.warnings
    assert turned.diagnosis is not None
    assert turned.diagnosis.kind is Kind.TRANSPOSED
    assert not other.passed
