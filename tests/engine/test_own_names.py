"""The names of a file that its forward pass does without work in answers: ``np``, ``math``, ``eps``."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge
from ninja_tui.engine.evaluate.typing import Place as AnswerPlace
from ninja_tui.lesson.open import open_lesson

FILE = """
import math
import numpy as np
import not_installed_here
import torch
import torch.nn.functional as F
n, m = 8, 3
eps = 1e-5
scale = 1.0 / math.sqrt(n)
total = 0
total = total + 1
lr = open('nothing').read()
W = torch.ones(5, 3, requires_grad=True)
X = torch.ones(8, 5)
rows = X.shape[0]
a = X @ W
columns = a.shape[1]
da = None
loss = a.sum()
loss.backward()
steps = len(X) * 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(FILE)
    return path


def test_imports_and_numbers_of_the_file_are_in_the_set_up(path: Path) -> None:
    """Not what may do anything, what stands for several values, or what comes of the forward pass."""
    lesson = open_lesson(str(path))
    names = {name for fragment in lesson.setup.fragments for name in fragment.code.replace("\n", " ").split(" ")}
    assert {"math", "np", "F", "eps", "scale", "rows", "steps"} <= names
    assert not {"not_installed_here", "total", "lr", "columns", "da"} & names
    assert [statement.code for statement in lesson.statements] == ["a = X @ W", "loss = a.sum()"]


@pytest.mark.processes
def test_an_answer_reads_them(path: Path) -> None:
    bench = Workbench(open_lesson(str(path)), Options())
    judge = LiveJudge(bench) if bench.open() else None
    assert judge is not None
    try:
        assert {"math": "module", "np": "module", "rows": "int"}.items() <= bench.facts.names.items()
        assert {"sqrt", "log"} <= set(bench.facts.attributes["math"])
        right = "da = torch.ones_like(a) * math.sqrt(4) / np.sqrt(4) * rows / (steps / 2)"
        assert judge.evaluate(right, AnswerPlace("a")).passed
    finally:
        judge.close()
        bench.close()
