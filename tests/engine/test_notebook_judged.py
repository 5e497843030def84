"""Scripts and notebooks of any form, judged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import SolutionsFile
from ninja_tui.lesson.notebook.discover import discover
from ninja_tui.replay import to_judge
from tests.engine.notebook_support import (
    ANSWERS,
    BACKWARD,
    CELLS,
    COMPARED,
    FORWARD,
    LOOP,
    NODES,
    SETUP,
    found,
    notebook,
    statuses,
)
from tests.helpers import SOLUTION, replay_json

pytestmark = pytest.mark.processes


def test_a_notebook_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = ANSWERS.replace("dbias = dpre.sum(0)", "dbias = -dpre.sum(0)")
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, FORWARD, BACKWARD, wrong, COMPARED, "oops = = 1", LOOP])
    code, report = replay_json(path, capsys)
    assert code == 1
    assert statuses(report) == dict.fromkeys(NODES, "pass") | {"bias": "fail"}
    assert statuses(report, 1) == dict.fromkeys(("scores", "hidden", "readout"), "pass")
    held = report["files"][0]
    assert held["notes"] == ["cell 9, line 1 is left out: invalid syntax"]
    failed = next(node for node in held["lessons"][0]["nodes"] if node["node"] == "bias")
    assert (failed["cell"], failed["line"], failed["diagnosis"]["kind"]) == (7, 9, "sign")


def test_versions_devices_and_other_objects_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forward = """device = torch.device('cuda')
x = (xb.to(device) @ weights.cuda()).to('cuda:0')
x += bias
x = torch.tanh(x)
best = (x @ readout).max(1, keepdims=True)
scores = x @ readout - best.values + torch.zeros(4, device='cuda')
loss = F.cross_entropy(scores, yb)"""
    answers = """dscores = F.softmax(scores, 1)
dscores[range(size), yb] -= 1
dscores /= size
spread = dscores.clone()
spread[torch.arange(size), best.indices[:, 0]] -= dscores.sum(1)
dx = spread @ readout.T
dreadout = x.T @ spread
dbias = (dx * (1 - x**2)).sum(0)"""
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, forward, "loss.backward()", answers])
    _, report = replay_json(path, capsys)
    assert statuses(report) == dict.fromkeys(("scores", "x", "readout", "bias"), "pass")


def test_what_is_not_there_is_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = "dlogs = logs @ logs\ndchances = None\ndhidden += 1\ndscores = hidden.grad"
    compared = "\n".join(f"compare('{node}', d{node}, {node})" for node in ("logs", "chances", "hidden", "scores"))
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, FORWARD, BACKWARD, answers, compared])
    assert main(["--replay", str(path)]) == 1
    output = capsys.readouterr().out
    assert ": cmp" not in output
    _, report = replay_json(path, capsys)
    assert statuses(report) == {"logs": "error", "chances": "missing", "hidden": "error", "scores": "fail"}


def test_what_is_answered_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = "dlogs = torch.zeros_like(logs)\ndlogs[range(size), yb] = -1.0 / size\ncompare('logs', dlogs, logs)"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, FORWARD, BACKWARD, answer, answer])
    assert main(["--replay", str(path)]) == 0
    assert "1 of 1 pass · 1 exact" in capsys.readouterr().out


def test_an_error_is_told_with_its_line_in_the_cell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answers = "dhidden = torch.zeros(8, 6)\nfor k in range(8):\n    dhidden[k] += 1\n    dhidden[k] += nobody[k]"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, FORWARD, BACKWARD, answers])
    main(["--replay", str(path)])
    assert "cell 7, line 4: NameError: name 'nobody'" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    "reading",
    [
        "import pandas as pd\nrows = pd.read_csv('numbers.csv')['number'].to_list()",
        "import pandas\nrows = pandas.read_csv('https://example.org/a/numbers.csv').number.tolist()",
        "import requests\nrows = [float(n) for n in requests.get('https://example.org/numbers.csv').text.split()[1:]]",
        "from urllib.request import urlopen\nwith urlopen('http://example.org/numbers.csv') as there:\n"
        "    rows = [float(line) for line in list(there)[1:]]",
        "from pathlib import Path\nrows = [float(line) for line in Path('data/numbers.csv').read_text().split()[1:]]",
        "import numpy as np\nrows = np.loadtxt('numbers.csv', skiprows=1).tolist()",
    ],
)
def test_data_is_served_however_it_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], reading: str) -> None:
    setup = SETUP[2].replace(
        "inputs = torch.randn(60, 5)", f"{reading}\ninputs = torch.tensor(rows).float().view(60, 5)"
    )
    random.seed(1)
    numbers = "\n".join(["number", *(f"{random.random():.4f}" for _ in range(300))])
    (tmp_path / "numbers.csv").write_text(f"{numbers}\n", encoding="utf-8")
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP[:2], setup, SETUP[3], FORWARD, BACKWARD, ANSWERS])
    _, report = replay_json(path, capsys)
    assert set(statuses(report).values()) == {"pass"}


LINE = """import torch
x = torch.rand(8, 3)
y = torch.rand(8, 1)
w = torch.rand(3, 1, requires_grad=True)
"""
OTHER_KINDS = {
    "loss-function": """
def error_of(w):
    return ((x @ w - y) ** 2).mean()
loss = error_of(w)
loss.backward()
dw = SIGN x.T @ (2 * (x @ w - y)) / 8
""",
    "summed-loss": """
loss = 0
for k in range(8):
    loss += ((x[k] @ w - y[k]) ** 2).sum() / 8
loss.backward()
dw = SIGN x.T @ (2 * (x @ w - y)) / 8
""",
    "rebinding-loop": """
for turn in range(10**9):
    p = x @ w
    loss = ((p - y) ** 2).mean()
    dp = 2 * (p - y) / 8
    dw = SIGN x.T @ dp
    with torch.no_grad():
        w = w - 0.1 * dw
""",
    "own-path": """
import os
here = os.path.dirname(os.path.abspath(__file__))
numbers = open(os.path.join(here, "few.txt")).read().split()
loss = ((x @ w - y) ** 2).mean() * len(numbers)
loss.backward()
dw = SIGN 3 * x.T @ (2 * (x @ w - y)) / 8
""",
    "static-backward": """
class Line:
    @staticmethod
    def backward(upstream, x, w):
        return upstream @ w.T, x.T @ upstream
p = x @ w
loss = ((p - y) ** 2).mean()
loss.backward()
dp = 2 * (p - y) / 8
dx, dw = Line.backward(dp, x, w)
dw *= SIGN 1
""",
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_scripts_of_other_kinds_are_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    (tmp_path / "few.txt").write_text("1 2 3", encoding="utf-8")
    path = tmp_path / "exercise.py"
    for sign, status in (("", "pass"), ("-", "fail")):
        path.write_text(LINE + OTHER_KINDS[kind].replace("SIGN ", sign), encoding="utf-8")
        _, report = replay_json(path, capsys)
        assert statuses(report)["w"] == status


def test_files_are_served_from_beside_and_no_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reading = "rows = [float(line) for line in open('numbers.txt')]\ninputs = torch.tensor(rows).view(60, 5)"
    setup = SETUP[2].replace("inputs = torch.randn(60, 5)", reading)
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP[:2], setup, SETUP[3], FORWARD, BACKWARD, ANSWERS])
    assert main(["--replay", str(path)]) == 2
    told_of = capsys.readouterr().err
    assert "cell 3, line 2: the file numbers.txt is not here, beside it" in told_of
    assert "nor is it given with --data; with --setup FILE you can define rows" in told_of
    random.seed(1)
    (tmp_path / "numbers.txt").write_text("\n".join(str(random.random()) for _ in range(300)), encoding="utf-8")
    _, report = replay_json(path, capsys)
    assert set(statuses(report).values()) == {"pass"}


def test_a_module_beside_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "helpers.py").write_text("import torch\ndef load():\n    return torch.randn(60, 5)\n", encoding="utf-8")
    setup = SETUP[2].replace("inputs = torch.randn(60, 5)", "from helpers import load\ninputs = load()")
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP[:2], setup, SETUP[3], FORWARD, BACKWARD, ANSWERS])
    _, report = replay_json(path, capsys)
    assert set(statuses(report).values()) == {"pass"}


def test_a_gradient_of_another_cell_is_stale_in_the_loop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop = LOOP.replace("        dhidden = dscores @ readout.T\n", "").replace(
        "readout = hidden", "bias = dhidden.sum(0)"
    )
    loop = loop.replace("dbias = dhidden.sum(0).T @ dscores", "dbias = dhidden.sum(0)").replace("dreadout", "dbias")
    path = notebook(tmp_path / "notebook.ipynb", [*CELLS, loop])
    assert main(["--replay", str(path)]) == 1
    output = " ".join(capsys.readouterr().out.split())
    assert "cell 8, line 18: RuntimeError: The size of tensor a (4) must match the size of tensor b (6)" in output
    _, report = replay_json(path, capsys)
    assert statuses(report, 1) == {"scores": "pass", "bias": "fail"}


def test_a_missing_module_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setup = SETUP[2].replace("inputs = torch.randn(60, 5)", "from helpers import load\ninputs = load()")
    path = tmp_path / "exercise.py"
    path.write_text("\n".join([*SETUP[:2], setup, SETUP[3], FORWARD, BACKWARD, ANSWERS]), encoding="utf-8")
    assert main(["--replay", str(path)]) == 2
    told_of = capsys.readouterr().err
    assert "line 7 imports `helpers`, which is not here; with --setup FILE you can define load" in told_of
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\ninputs = torch.randn(60, 5)\n", encoding="utf-8")
    _, report = replay_json(path, capsys, "--setup", str(mine))
    assert set(statuses(report).values()) == {"pass"}


def test_a_solutions_file_is_still_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        discover(SOLUTION)
    path = tmp_path / "answers.py"
    path.write_text("probs = counts * counts_sum_inv\nloss = probs.sum()\ndprobs = 1 / probs * dlogprobs\n")
    assert to_judge(path, None, None) == SolutionsFile(path, path.read_text())


def test_what_a_star_imports_is_there(tmp_path: Path) -> None:
    (each,) = found(tmp_path, ["from nowhere import *\nfrom math import *", *CELLS]).lessons
    assert "from math import *" in each.lesson.setup.fragments[1].code
