"""What is read of scripts and notebooks of any form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.lesson.notebook.discover import discover
from tests.engine.notebook_support import (
    ANSWERS,
    BACKWARD,
    CELLS,
    COMPARED,
    FORWARD,
    NODES,
    SETUP,
    found,
    notebook,
    plain,
    same,
    told,
)


def test_the_exercise_is_found(tmp_path: Path) -> None:
    (each,) = found(tmp_path, CELLS).lessons
    lesson = each.lesson
    assert lesson.parameters == ("weights", "bias", "readout")
    assert [statement.binds[0] for statement in lesson.statements] == FORWARD_NAMES
    assert lesson.asks == tuple(node.name for node in lesson.nodes)
    assert set(lesson.asks) == set(NODES)
    setup = "\n".join(fragment.code for fragment in lesson.setup.fragments)
    assert "matplotlib" not in setup
    assert "compare" not in setup
    assert [fragment.code.split(" =")[0] for fragment in lesson.minibatch.fragments] == ["picked", "xb, yb"]
    assert lesson.name == "notebook"


FORWARD_NAMES = ["pre", "hidden", "scores", "chances", "logs", "loss"]


@pytest.mark.parametrize("name", ["notebook.ipynb", "script.py"])
@pytest.mark.parametrize(
    "noise",
    [
        "print(logs.shape)",
        "logs.shape, scores.shape",
        "# dlogs = torch.ones(3)\n# compare('x', dscores, hidden)",
        "'''\ndlogs = torch.zeros(3)\nloss = None\n'''",
        "plt.figure(figsize=(4, 4))\nplt.imshow(scores.detach(), cmap='gray')\nplt.show()",
        "plt.hist(hidden.view(-1).tolist(), 50);",
        "assert torch.isfinite(scores).all()",
        "dlogs = None",
        "dhidden, dpre = None, None",
        "loss_fast = F.cross_entropy(scores, yb)\nprint((loss_fast - loss).item())",
        "for name in ['a', 'b']:\n    print(name)",
        "with torch.no_grad():\n    print(scores.max())",
        "old = [1, 2, 3]\nold.append(4)",
    ],
)
def test_what_is_for_people_changes_nothing(tmp_path: Path, noise: str, name: str) -> None:
    assert same(tmp_path, [*SETUP, FORWARD, BACKWARD, noise, ANSWERS, noise, COMPARED], name) == ()


@pytest.mark.parametrize(
    "broken",
    [
        "torch.Size([8, 4])\ntensor([[0.1, 0.2],\n        [0.3, 0.4]], grad_fn=<TanhBackward0>)",
        "logs | exact: True | approximate: True | maxdiff: 0.0",
        "unclosed = (1, 2",
        "print 'as it was'",
        "dlogs = # your code here",
        "def half(",
        'text = f"{"a" + "b"}" + ',
    ],
)
def test_only_what_is_broken_is_left_out(tmp_path: Path, broken: str) -> None:
    cell = f"before = [1]\n{broken}\nafter = [2]"
    notes = same(tmp_path, [*SETUP, cell, FORWARD, BACKWARD, broken, ANSWERS, COMPARED])
    assert notes
    assert all(re.match(r"cell [58], line \d+ is left out: ", note) for note in notes)


def test_a_broken_statement_takes_only_itself_along(tmp_path: Path) -> None:
    cells = [*SETUP, FORWARD, BACKWARD, f"dlogs = torch.zeros((8, 4)\n{ANSWERS}\nx = = 3", COMPARED]
    assert len(same(tmp_path, cells)) == 2


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "!pip install torch",
        "files = !ls",
        "%timeit 3",
        "torch.tanh?",
        "??torch",
        "%%time",
        "!ls {x}",
    ],
)
def test_magics_are_passed_over(tmp_path: Path, line: str) -> None:
    assert same(tmp_path, [*SETUP, f"{line}\n{FORWARD}", BACKWARD, ANSWERS, COMPARED]) == ()


def test_cells_of_another_language_are_passed_over(tmp_path: Path) -> None:
    assert same(tmp_path, [*SETUP, "%%bash\nls | grep x", FORWARD, BACKWARD, ANSWERS, "%%html\n<b>x", COMPARED]) == ()


def test_indented_cells_and_lines(tmp_path: Path) -> None:
    indented = "\n".join(f"    {line}" for line in FORWARD.split("\n"))
    assert same(tmp_path, [*SETUP, indented, BACKWARD, "spare = 1\n  spare = 2\n" + ANSWERS, COMPARED]) == ()


def test_under_no_grad_and_under_main(tmp_path: Path) -> None:
    inner = "\n".join(f"    {line}" for line in (*ANSWERS.split("\n"), *COMPARED.split("\n")))
    assert same(tmp_path, [*SETUP, FORWARD, BACKWARD, f"with torch.no_grad():\n{inner}"]) == ()
    everything = "\n".join(f"    {line}" for cell in CELLS[2:] for line in cell.split("\n"))
    assert same(tmp_path, [*SETUP[:2], f'if __name__ == "__main__":\n{everything}'], "script.py") == ()
    assert same(tmp_path, [*SETUP[:2], f"def main():\n{everything}", "main()"], "script.py") == ()
    assert same(tmp_path, [*SETUP[:2], f"def test_backward():\n{everything}"], "script.py") == ()


def test_a_marimo_notebook(tmp_path: Path) -> None:
    head, *cells = [f"@app.cell\ndef __():\n{_indent(cell)}\n    return" for cell in CELLS]
    text = [
        "import marimo",
        "app = marimo.App()",
        cells[-1],
        *cells[:-1],
        head,
        "if __name__ == '__main__':\n    app.run()",
    ]
    (each,) = found(tmp_path, text, "notebook.py").lessons
    assert each.lesson.asks == plain()["asks"]


def _indent(cell: str) -> str:
    return "\n".join(f"    {line}" for line in cell.split("\n"))


def test_a_forward_pass_in_a_function(tmp_path: Path) -> None:
    body = FORWARD.replace("xb", "batch").replace("weights", "w")
    function = f'def forward(batch, w):\n    """A pass."""\n{_indent(body)}\n    return loss, logs'
    (each,) = found(
        tmp_path, [*SETUP, function, "loss, logs = forward(xb, weights)", "loss.backward()", ANSWERS]
    ).lessons
    assert [statement.binds[0] for statement in each.lesson.statements] == FORWARD_NAMES
    assert each.lesson.statements[0].code == "pre = xb @ weights + bias"


@pytest.mark.parametrize("version", [2, 3, 4])
def test_notebooks_of_all_versions(tmp_path: Path, version: int) -> None:
    path = notebook(tmp_path / "notebook.ipynb", CELLS, version)
    (each,) = discover(path).lessons
    assert told(each) == plain()


def test_saved_errors_and_odd_cells_do_no_harm(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": ["\x1b[0;31m"]}
    path = notebook(tmp_path / "notebook.ipynb", CELLS, outputs=[error], execution_count=None, odd=3)
    (each,) = discover(path).lessons
    assert told(each) == plain()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', "not a notebook", '{"cells": [', "null"])
def test_a_damaged_notebook_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"notebook\.ipynb"):
        discover(path)


def test_without_a_forward_pass_there_is_no_lesson(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no forward pass"):
        found(tmp_path, ["import torch", "print(1)"])
