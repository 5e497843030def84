"""A lesson may make its data in the set-up, in any way: right answers that read it pass, and wrong ones fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import Solutions

pytestmark = pytest.mark.processes

DATA = {
    "drawn": "X, Y = torch.randn(24, 6), torch.randint(0, 4, (24,))",
    "NumPy": "X = torch.tensor(np.random.randn(24, 6), dtype=torch.float32)\nY = torch.from_numpy(np.arange(24) % 4)",
    "random": "X = torch.tensor([[random.gauss(0, 1) for _ in range(6)] for _ in range(24)])\n"
    "Y = torch.tensor([random.randrange(4) for _ in range(24)])",
    "fractions written out": "X = torch.tensor([[0.1 * (i * j % 7) - 0.3 for j in range(6)] for i in range(24)])\n"
    "Y = torch.tensor([i % 4 for i in range(24)])",
    "normalized": "X = torch.randn(24, 6)\nX = (X - X.mean(0)) / X.std(0)\nY = (X.sum(1) > 0).long()",
    "a large training set": "Xtr = torch.randn(30_000, 6)\nYtr = torch.randint(0, 4, (30_000,))\nX, Y = Xtr[:24], Ytr[:24]",
    "a large list": "Xtr = torch.tensor([[0.1 * (i * j % 7) - 0.3 for j in range(6)] for i in range(12_000)])\n"
    "Ytr = torch.arange(12_000) % 4\nX, Y = Xtr[100:124], Ytr[100:124]",
}
LESSON = """
# %% setup
import random
import numpy as np
import torch
{data}
onehot = torch.nn.functional.one_hot(Y, 4).float()
W = torch.randn(6, 4, generator=torch.Generator().manual_seed(3))
parameters = [W]
# %% forward
logits = X @ W
loss = torch.nn.functional.cross_entropy(logits, Y)
"""
BATCHED = """
# %% setup
import torch
Xall = torch.randn({rows}, 6)
Yall = torch.randint(0, 4, ({rows},))
g = torch.Generator().manual_seed(3)
W = torch.randn(6, 4, generator=g)
parameters = [W]
# %% minibatch
ix = torch.randint(0, {rows}, (24,), generator=g)
X, Y = Xall[ix], Yall[ix]
# %% forward
logits = X @ W
loss = torch.nn.functional.cross_entropy(logits, Y)
"""
BY_INDEX = """
dlogits = torch.softmax(logits, 1)
dlogits[range(24), Y] -= 1
dlogits /= 24
dW = X.T @ dlogits
"""
BY_ONE_HOT = """
dlogits = (torch.softmax(logits, 1) - onehot) / len(Y)
dW = torch.einsum('ni,nj->ij', X, dlogits)
"""
BY_TRAINING_SET = """
dlogits = torch.softmax(logits, 1)
dlogits[range(24), Yall[ix]] -= 1
dlogits /= 24
dW = Xall[ix].T @ dlogits
"""


def statuses(folder: Path, lesson: str, answers: str) -> dict[str, Status]:
    (folder / "forward.py").write_text(lesson, encoding="utf-8")
    bench = Workbench(read_lesson(str(folder)), Options())
    try:
        bench.open()
        program = Solutions(answers, "solutions.py", "own").program("own", ["logits", "W"])
        return {each.node: each.status for each in ProgramJudge(bench, program, 10.0).judge_all()}
    finally:
        bench.close()


@pytest.mark.parametrize("answers", [BY_INDEX, BY_ONE_HOT], ids=["by index", "by one-hot"])
@pytest.mark.parametrize("data", DATA)
def test_right_answers_pass_wherever_the_data_is_from(tmp_path: Path, data: str, answers: str) -> None:
    found = statuses(tmp_path, LESSON.format(data=DATA[data]), answers)
    assert found == {"logits": Status.PASS, "W": Status.PASS}


@pytest.mark.parametrize("data", ["NumPy", "fractions written out", "a large training set"])
def test_wrong_answers_fail(tmp_path: Path, data: str) -> None:
    wrong = BY_INDEX.replace("-= 1", "-= 0.99").replace("X.T @", "X.abs().T @")
    found = statuses(tmp_path, LESSON.format(data=DATA[data]), wrong)
    assert found == {"logits": Status.FAIL, "W": Status.FAIL}


@pytest.mark.parametrize("rows", [60, 40_000])
def test_answers_may_read_the_training_set(tmp_path: Path, rows: int) -> None:
    found = statuses(tmp_path, BATCHED.format(rows=rows), BY_TRAINING_SET)
    assert found == {"logits": Status.PASS, "W": Status.PASS}
