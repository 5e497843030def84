"""A small exercise in cells, and how notebooks are made of such."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ninja_tui.lesson.notebook.discover import DiscoveredLesson, Discovery, discover

SETUP = (
    "import torch\nimport torch.nn.functional as F\nimport matplotlib.pyplot as plt",
    """def compare(label, mine, tensor):
    print(label, torch.allclose(mine, tensor.grad))""",
    """torch.manual_seed(3)
inputs = torch.randn(60, 5)
labels = torch.arange(60) % 4
weights = torch.randn(5, 6)
bias = torch.randn(6) * 0.1
readout = torch.randn(6, 4)
params = [weights, bias, readout]
for p in params:
    p.requires_grad = True""",
    """size = 8
picked = torch.randint(0, 60, (size,))
xb, yb = inputs[picked], labels[picked]""",
)
FORWARD = """pre = xb @ weights + bias
hidden = torch.tanh(pre)
scores = hidden @ readout
chances = F.softmax(scores, 1)
logs = chances.log()
loss = -logs[range(size), yb].mean()"""
BACKWARD = """for t in (pre, hidden, scores, chances, logs):
    t.retain_grad()
loss.backward()"""
ANSWERS = """dlogs = torch.zeros_like(logs)
dlogs[range(size), yb] = -1.0 / size
dchances = dlogs / chances
dscores = chances * dchances
dscores -= chances * dscores.sum(1, keepdim=True)
dhidden = dscores @ readout.T
dreadout = hidden.T @ dscores
dpre = (1 - hidden**2) * dhidden
dbias = dpre.sum(0)
dweights = xb.T @ dpre"""
NODES = ("logs", "chances", "scores", "hidden", "readout", "pre", "weights", "bias")
COMPARED = "\n".join(f"compare('{node}', d{node}, {node})" for node in NODES)
CELLS = (*SETUP, f"{FORWARD}\n{BACKWARD}", ANSWERS, COMPARED)

LOOP = """weights = torch.randn(5, 6)
bias = torch.zeros(6)
readout = torch.randn(6, 4)
params = [weights, bias, readout]
with torch.no_grad():
    for step in range(1000):
        picked = torch.randint(0, 60, (size,))
        xb, yb = inputs[picked], labels[picked]
        hidden = torch.tanh(xb @ weights + bias)
        scores = hidden @ readout
        loss = F.cross_entropy(scores, yb)
        dscores = F.softmax(scores, 1)
        dscores[range(size), yb] -= 1
        dscores /= size
        dhidden = dscores @ readout.T
        dreadout = hidden.T @ dscores
        for p, grad in zip(params, [None, None, dreadout]):
            if grad is not None:
                p.data += -0.1 * grad
        if step % 100 == 0:
            print(step, loss.item())"""


def notebook(path: Path, cells: Sequence[str], version: int = 4, **more: object) -> Path:
    """A notebook of code cells at ``path``, in that version of the format; ``more`` goes into each cell."""
    if version == 4:
        made = [
            {"cell_type": "code", "execution_count": 7, "metadata": {}, "outputs": [], "source": cell, **more}
            for cell in cells
        ]
        held: dict[str, object] = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    else:
        old = [
            {"cell_type": "code", "language": "python", "prompt_number": 7, "outputs": [], "input": cell}
            for cell in cells
        ]
        held = {"worksheets": [{"cells": old, "metadata": {}}], "metadata": {"name": ""}, "nbformat": version}
        held["nbformat_minor"] = 0
    path.write_text(json.dumps(held), encoding="utf-8")
    return path


def found(folder: Path, cells: Sequence[str], name: str = "notebook.ipynb") -> Discovery:
    """What is found in a notebook of ``cells``; in a script for a ``name`` that is one's."""
    path = folder / name
    if path.suffix == ".py":
        path.write_text("\n\n".join(cells) + "\n", encoding="utf-8")
        return discover(path)
    return discover(notebook(path, cells))


def told(each: DiscoveredLesson) -> dict[str, object]:
    """What a lesson consists of, without lines."""
    lesson = each.lesson
    return {
        "setup": [fragment.code for fragment in lesson.setup.fragments],
        "minibatch": [fragment.code for fragment in lesson.minibatch.fragments],
        "forward": [(statement.code, statement.binds, statement.reads) for statement in lesson.statements],
        "parameters": lesson.parameters,
        "nodes": [(node.name, node.gradient) for node in lesson.nodes],
        "asks": lesson.asks,
        "steps": [step.code for step in each.program.steps if not step.code.startswith("cmp(")],
        "answers": [(answer.node, answer.gradient, len(answer.steps)) for answer in each.program.answers],
    }


PLAIN = (*SETUP, FORWARD, BACKWARD, ANSWERS)


@cache
def plain() -> dict[str, object]:
    """What the exercise consists of, when nothing stands between."""
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), CELLS).lessons
        return told(each)


def same(folder: Path, cells: tuple[str, ...] | list[str], name: str = "notebook.ipynb") -> tuple[str, ...]:
    """Asserts that ``cells`` hold what the plain exercise holds; the notes on what was left out."""
    there = found(folder, cells, name)
    (each,) = there.lessons
    assert told(each) == plain()
    return there.notes


def statuses(report: dict[str, object], lesson: int = 0) -> dict[str, str]:
    """The statuses in a JSON report of one file, by node."""
    files = report["files"]
    assert isinstance(files, list)
    return {node["node"]: node["status"] for node in files[0]["lessons"][lesson]["nodes"]}
