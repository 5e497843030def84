"""Scripts and notebooks of any form: what is found in them, and how it is judged."""

from __future__ import annotations

import json
import random
import re
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ninja_tui.cli import main
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.errors import UsageError
from ninja_tui.lesson.notebook.discover import find
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import LESSONS
from ninja_tui.lesson.syntax.rename import renamed
from ninja_tui.replay import Request, found_in
from tests.app.support import go_to, pane_text, screen_text, session, submit, wait_for, walking_with_processes
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
    told,
)
from tests.helpers import SOLUTION, replay_json, some_names

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


def test_the_exercise_is_found(tmp_path: Path) -> None:
    (each,) = found(tmp_path, CELLS).lessons
    lesson = each.lesson
    assert lesson.parameters == ("weights", "bias", "readout")
    assert [statement.binds[0] for statement in lesson.statements] == FORWARD_NAMES
    assert lesson.asks == tuple(node.name for node in lesson.nodes)
    assert set(lesson.asks) == set(NODES)
    setup = "\n".join(code for code, _ in lesson.setup.parts)
    assert "matplotlib" not in setup
    assert "compare" not in setup
    assert [code.split(" =")[0] for code, _ in lesson.minibatch.parts] == ["picked", "xb, yb"]
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
    cell = f"before = 1\n{broken}\nafter = 2"
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
    (each,) = find(path).lessons
    assert told(each) == plain()


def test_saved_errors_and_odd_cells_do_no_harm(tmp_path: Path) -> None:
    error = {"output_type": "error", "ename": "NameError", "evalue": "x", "traceback": ["\x1b[0;31m"]}
    path = notebook(tmp_path / "notebook.ipynb", CELLS, outputs=[error], execution_count=None, odd=3)
    (each,) = find(path).lessons
    assert told(each) == plain()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 3}', "not a notebook", '{"cells": [', "null"])
def test_a_damaged_notebook_is_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=r"notebook\.ipynb"):
        find(path)


def test_without_a_forward_pass_there_is_no_lesson(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no forward pass"):
        found(tmp_path, ["import torch", "print(1)"])


@pytest.mark.parametrize(
    ("call", "gradient"),
    [
        ("compare('{0}', {1}, {0})", "d{0}"),
        ("check({0}, {1})", "grad_of_{0}"),
        ("check(tensor={0}, mine={1}, label='wrong')", "z{0}"),
        ("print('bias', torch.allclose({1}, {0}.grad))", "my_{0}"),
        ("assert ({1} - {0}.grad).abs().max() < 1e-6", "g{0}"),
        ("results = {{'x': ({1}, {0}.grad)}}", "u{0}"),
        ("for label, mine, t in [('bias', {1}, {0})]:\n    compare(label, mine, t)", "v{0}"),
    ],
)
def test_a_gradient_is_of_what_it_is_compared_with(tmp_path: Path, call: str, gradient: str) -> None:
    names = {f"d{node}": gradient.format(node) for node in NODES}
    compared = "\n".join(call.format(node, gradient.format(node)) for node in NODES)
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, renamed(ANSWERS, names, names), compared]).lessons
    assert {(answer.node, answer.gradient) for answer in each.program.answers} == {
        (node, gradient.format(node)) for node in NODES
    }
    assert dict(each.lesson.gradients) | {"loss": "dloss"} == each.lesson.gradients


@pytest.mark.parametrize("habit", ["d{}", "d_{}", "dl_d_{}", "dL_d{}", "grad_{}", "{}_grad"])
def test_gradients_that_are_not_compared_are_known_by_habit(tmp_path: Path, habit: str) -> None:
    names = {f"d{node}": habit.format(node) for node in NODES}
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, renamed(ANSWERS, names, names)]).lessons
    assert {(answer.node, answer.gradient) for answer in each.program.answers} == {
        (node, habit.format(node)) for node in NODES
    }


def test_a_part_is_no_answer_where_the_sum_is_compared(tmp_path: Path) -> None:
    answers = "dscores = torch.ones_like(scores)\ntotal = dscores * 2\ncompare('scores', total, scores)"
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, answers]).lessons
    assert [(answer.node, answer.gradient) for answer in each.program.answers] == [("scores", "total")]


def test_a_try_does_not_count(tmp_path: Path) -> None:
    tries = "dlogs = torch.ones_like(logs)\ndchances = dlogs * chances"
    early = "dhidden = dscores @ readout.T"
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, early, tries, ANSWERS, COMPARED]).lessons
    assert told(each)["answers"] == plain()["answers"]


def test_what_was_used_before_it_is_answered_again_counts(tmp_path: Path) -> None:
    again = "dscores = F.softmax(scores, 1) - F.one_hot(yb, 4)\ncompare('scores', dscores, scores)"
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, ANSWERS, again]).lessons
    assert [answer.node for answer in each.program.answers].count("scores") == 2


def test_another_backward_pass_between_takes_no_answers_along(tmp_path: Path) -> None:
    toy = "u = torch.ones(2, 2, requires_grad=True)\nloss = (u @ u).sum()\nloss.backward()"
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, toy, ANSWERS, COMPARED]).lessons
    assert told(each)["answers"] == plain()["answers"]
    own = "v = u @ u\nloss = v.exp().sum()\nloss.backward()\ndv = v.exp()"
    first, second = found(tmp_path, [*SETUP, FORWARD, BACKWARD, toy, own, ANSWERS, COMPARED]).lessons
    assert told(first)["answers"] == plain()["answers"]
    assert [answer.node for answer in second.program.answers] == ["v"]


@pytest.mark.parametrize(
    "step",
    [
        "weights.data -= 0.1 * dweights",
        "with torch.no_grad():\n    weights -= 0.1 * dweights\n    bias.sub_(dbias)",
        "weights.data = weights.data - 0.1 * dweights",
        "for p, d in zip(params, [dweights, dbias, dreadout]):\n    p.data += -0.1 * d",
    ],
)
def test_a_step_of_training_before_the_loop_is_no_part_of_it(tmp_path: Path, step: str) -> None:
    loop = LOOP[LOOP.index("with torch") :]
    plain_first, plain_second = found(tmp_path, [*CELLS, loop]).lessons
    first, second = found(tmp_path, [*CELLS, step, loop]).lessons
    assert (told(first), told(second)) == (told(plain_first), told(plain_second))


def test_a_gradient_of_another_name_that_is_compared_too_is_another_answer(tmp_path: Path) -> None:
    other = "quick = F.softmax(scores, 1) - F.one_hot(yb, 4)\ncompare('scores', quick, scores)"
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, ANSWERS, other]).lessons
    given = [answer.gradient for answer in each.program.answers if answer.node == "scores"]
    assert sorted(given) == ["dscores", "quick"]


@pytest.mark.parametrize(
    ("gradient", "node"),
    [("dHidden", "hidden"), ("d_weight_s", "weights"), ("dreadouts", "readout"), ("dchanes", "chances")],
)
def test_a_name_may_be_misspelt(tmp_path: Path, gradient: str, node: str) -> None:
    answers = ANSWERS.replace(f"d{node}", gradient)
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, answers]).lessons
    assert (node, gradient) in {(answer.node, answer.gradient) for answer in each.program.answers}
    assert len(each.program.answers) == len(NODES)


def test_a_name_that_is_like_two_is_of_neither(tmp_path: Path) -> None:
    answers = ANSWERS.replace("dhidden", "dhidden2")
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, answers]).lessons
    assert "hidden" not in {answer.node for answer in each.program.answers}


def test_a_loss_may_be_taken_out_of_its_tensor(tmp_path: Path) -> None:
    (each,) = found(tmp_path, [*SETUP, f"{FORWARD}.item()", ANSWERS]).lessons
    assert told(each) == plain()


def test_a_variable_may_be_called_like_a_builtin(tmp_path: Path) -> None:
    answers = (
        "sum = scores.exp().sum(1, keepdim=True)\ndscores = scores.exp() / sum\ncompare('scores', dscores, scores)"
    )
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, answers]).lessons
    assert [step.code.split(" =")[0] for step in each.program.steps[:2]] == ["sum", "dscores"]


def test_lines_are_of_cells_also_after_an_empty_one(tmp_path: Path) -> None:
    there = found(tmp_path, [*SETUP, "", FORWARD, "oops = (", BACKWARD])
    assert there.notes == ("cell 7, line 1 is left out: '(' was never closed",)


def test_a_name_may_stand_for_one_gradient_after_the_other(tmp_path: Path) -> None:
    answers = (
        "d = torch.ones_like(scores)\ncompare('a', d, scores)\nd = torch.ones_like(hidden)\ncompare('b', d, hidden)"
    )
    (each,) = found(tmp_path, [*SETUP, FORWARD, BACKWARD, answers]).lessons
    assert [(answer.node, answer.gradient) for answer in each.program.answers] == [("scores", "d"), ("hidden", "d")]


def test_what_is_compared_and_never_computed_is_missing(tmp_path: Path) -> None:
    (each,) = found(
        tmp_path, [*SETUP, FORWARD, BACKWARD, "dscores = None", "compare('scores', dscores, scores)"]
    ).lessons
    assert each.lesson.asks == ("scores",)
    assert each.program.answers == ()


def test_a_name_that_is_bound_again_has_versions(tmp_path: Path) -> None:
    forward = "x = xb @ weights\nx += bias\nx = torch.tanh(x)\nx[:, 0] = 0\nloss = (x @ readout).pow(2).mean()"
    (each,) = found(tmp_path, [*SETUP, forward, "loss.backward()"]).lessons
    assert [(s.code, s.binds, s.reads) for s in each.lesson.statements] == [
        ("x_1 = xb @ weights", ("x_1",), ("xb", "weights")),
        ("x_2 = x_1 + bias", ("x_2",), ("x_1", "bias")),
        ("x_3 = torch.tanh(x_2)", ("x_3",), ("torch", "x_2")),
        ("x = x_3.clone()\nx[:, 0] = 0", ("x",), ("x_3",)),
        ("loss = (x @ readout).pow(2).mean()", ("loss",), ("x", "readout")),
    ]


def test_the_loss_may_be_any_scalar(tmp_path: Path) -> None:
    forward = FORWARD.replace("loss = -logs[range(size), yb].mean()", "(-logs[range(size), yb].mean()).backward()")
    (each,) = found(tmp_path, [*SETUP, forward, ANSWERS]).lessons
    assert each.lesson.loss == "loss"
    (each,) = found(tmp_path, [*SETUP, FORWARD.replace("loss", "o"), "o.backward()", ANSWERS]).lessons
    assert each.lesson.loss == "o"
    (each,) = found(tmp_path, [*SETUP, FORWARD, ANSWERS]).lessons
    assert told(each) == plain()


def test_a_training_loop_is_a_second_lesson(tmp_path: Path) -> None:
    first, second = found(tmp_path, [*CELLS, LOOP]).lessons
    assert told(first) == plain()
    assert second.lesson.name == "notebook-2"
    assert second.lesson.asks == ("scores", "hidden", "readout")
    assert {"picked", "xb, yb"} == {code.split(" =")[0] for code, _ in second.lesson.minibatch.parts}
    assert not any("dlogs" in step.code for step in second.program.steps)


def test_gradients_may_come_as_a_list_from_a_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head, body = LOOP.split("        dscores = F.softmax", 1)
    body, tail = body.split("        for p, grad", 1)
    function = f"def back(hidden, scores, yb):\n    dscores = F.softmax{body.replace('        ', '    ')}"
    function += "    return [dscores, dhidden, dreadout]"
    loop = f"{head}        grads = back(hidden, scores, yb)\n        for p, grad{tail}".replace(
        "[None, None, dreadout]", "[None, None, grads[2]]"
    )
    path = notebook(tmp_path / "notebook.ipynb", [*CELLS, function, loop])
    _, report = replay_json(path, capsys)
    assert statuses(report, 1) == {"scores": "pass", "hidden": "pass", "readout": "pass"}


WHOLE = """
def back(xb, weights, hidden, chances, readout):
    dscores = (chances - F.one_hot(yb, 4)) / size
    dpre = (1 - hidden**2) * (dscores @ readout.T)
    draw = dpre - dpre.mean(0)
    return [xb.T @ draw, draw.sum(0)]
"""


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("grads = back(xb, weights, hidden, chances, readout)\ndweights, dbias = grads", "pass"),
        ("dbias = back(xb, weights, hidden, chances, readout)[1]", "pass"),
        ("dbias = torch.zeros_like(bias)", "fail"),
        ("dbias = torch.randn(6) * 1e-19", "fail"),
        ("dbias = bias * 1e-12", "fail"),
        ("draw = xb @ weights + bias\ndbias = draw.sum(0)", "fail"),
        ("dmoved = torch.ones_like(moved)\ndbias = (dmoved - dmoved.mean(0)).sum(0)", "fail"),
    ],
)
def test_a_gradient_that_is_0_may_come_of_a_whole_backward_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, status: str
) -> None:
    forward = FORWARD.replace("hidden = torch.tanh(pre)", "moved = pre - pre.mean(0)\nhidden = torch.tanh(moved)")
    compared = "compare('bias', dbias, bias)"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, WHOLE, forward, "loss.backward()", answer, compared])
    _, report = replay_json(path, capsys)
    assert statuses(report)["bias"] == status


def test_a_helper_reads_what_its_names_are_when_it_is_called(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helper = "def back_to_hidden(upstream):\n    return upstream @ readout.T"
    loop = (
        LOOP.replace("randn(5, 6)", "randn(5, 9)").replace("zeros(6)", "zeros(9)").replace("randn(6, 4)", "randn(9, 4)")
    )
    loop = loop.replace("dscores @ readout.T", "back_to_hidden(dscores)")
    path = notebook(tmp_path / "notebook.ipynb", [*CELLS, helper, loop])
    _, report = replay_json(path, capsys)
    assert statuses(report, 1) == {"scores": "pass", "hidden": "pass", "readout": "pass"}


def test_a_stale_gradient_of_an_earlier_cell_is_not_there(tmp_path: Path) -> None:
    stale = LOOP.replace("dhidden = dscores @ readout.T", "dhidden = dchances @ readout.T")
    _, second = found(tmp_path, [*CELLS, stale]).lessons
    assert "dchances" not in {name for step in second.program.steps for name in step.code.split(" =")[:1]}


def test_names_may_come_from_elsewhere(tmp_path: Path) -> None:
    cells = ["from helpers import load\ninputs, labels = load()", SETUP[0], *SETUP[2:]]
    cells[2] = "\n".join(line for line in cells[2].split("\n") if not line.startswith(("inputs", "labels")))
    path = notebook(tmp_path / "notebook.ipynb", [*cells, FORWARD, BACKWARD, ANSWERS])
    (each,) = find(path).lessons
    assert each.lesson.hints[2] == ("inputs", "labels")
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import torch\ninputs = torch.randn(60, 5)\nlabels = torch.randint(0, 4, (60,))\n", encoding="utf-8"
    )
    (each,) = find(path, mine).lessons
    assert not any("helpers" in code for code, _ in each.lesson.setup.parts)


# Judged


def statuses(report: dict[str, object], lesson: int = 0) -> dict[str, str]:
    files = report["files"]
    assert isinstance(files, list)
    return {node["node"]: node["status"] for node in files[0]["lessons"][lesson]["nodes"]}


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
    assert statuses(report) == {"logs": "error", "chances": "missing", "hidden": "error", "scores": "error"}


def test_what_is_answered_twice_counts_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = "dlogs = torch.zeros_like(logs)\ndlogs[range(size), yb] = -1.0 / size\ncompare('logs', dlogs, logs)"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, FORWARD, BACKWARD, answer, answer])
    assert main(["--replay", str(path)]) == 0
    assert "1 of 1 pass; 1 exact" in capsys.readouterr().out


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
    assert "with --data; with --setup FILE you can define rows" in told_of
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
    assert "'dhidden' is not defined; before this no gradient of `hidden` is computed in this pass" in output
    _, report = replay_json(path, capsys)
    assert statuses(report, 1) == {"scores": "pass", "hidden": "missing", "bias": "error"}


def test_a_missing_module_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setup = SETUP[2].replace("inputs = torch.randn(60, 5)", "from helpers import load\ninputs = load()")
    path = tmp_path / "exercise.py"
    path.write_text("\n".join([*SETUP[:2], setup, SETUP[3], FORWARD, BACKWARD, ANSWERS]), encoding="utf-8")
    assert main(["--replay", str(path)]) == 2
    told_of = capsys.readouterr().err
    assert "line 7 needs `helpers`, which is not here; with --setup FILE you can define inputs" in told_of
    mine = tmp_path / "mine.py"
    mine.write_text("import torch\ninputs = torch.randn(60, 5)\n", encoding="utf-8")
    _, report = replay_json(path, capsys, "--setup", str(mine))
    assert set(statuses(report).values()) == {"pass"}


def test_a_solutions_file_is_still_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        find(SOLUTION)
    path = tmp_path / "answers.py"
    path.write_text("probs = counts * counts_sum_inv\nloss = probs.sum()\ndprobs = 1 / probs * dlogprobs\n")
    assert found_in(path, Request((path,))) is None


def test_what_a_star_imports_is_there(tmp_path: Path) -> None:
    (each,) = found(tmp_path, ["from nowhere import *\nfrom math import *", *CELLS]).lessons
    assert "from math import *" in each.lesson.setup.parts[1][0]
    assert each.whole


# Of any form


SOURCE = (LESSONS / "names" / "forward.py").read_text(encoding="utf-8").split("# %% calibrate")[0]
BACK = "loss.backward()"
NAMES = [part.split("\n", 1)[1] for part in re.split(r"^# %%", SOURCE, flags=re.MULTILINE)[2:]]
RIGHT = re.sub(r"^# %%.*\n", "", SOLUTION.read_text(encoding="utf-8"), flags=re.MULTILINE)
VARIABLES = sorted(
    set(re.findall(r"^([A-Za-z]\w*)(?: =|,)", "\n".join([*NAMES, RIGHT]), flags=re.MULTILINE)) - {"seed", "p"}
)


@cache
def names_told() -> dict[str, object]:
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), [*NAMES, RIGHT]).lessons
        return told(each)


def test_the_lesson_names_is_found_in_its_own_text() -> None:
    there = names_told()
    asks, answers = there["asks"], there["answers"]
    assert isinstance(asks, tuple)
    assert isinstance(answers, list)
    assert len(asks) == len(answers) == 26


def rewritten(rename: dict[str, str]) -> list[str]:
    return [renamed(text, rename, rename) for text in (*NAMES, BACK, RIGHT)]


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_other_names_give_the_same_lesson(draw: random.Random) -> None:
    numbers = draw.sample(range(1000), len(VARIABLES))
    rename = {name: f"v{number}" for name, number in zip(VARIABLES, numbers, strict=True)}
    nodes = [name for name in VARIABLES if f"d{name}" in VARIABLES]
    compared = "\n".join(f"look({rename[f'd{node}']}, {rename[node]})" for node in nodes)
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), [*rewritten(rename), compared]).lessons
    back = {new: old for old, new in rename.items()}
    there = told(each)
    before = names_told()
    assert [back[name] for name in each.lesson.asks] == list(before["asks"])  # type: ignore[call-overload]
    for part in ("setup", "minibatch", "steps"):
        codes = there[part]
        assert isinstance(codes, list)
        assert [renamed(code, back, back) for code in codes] == before[part]
    assert [(back[a.node], back[a.gradient], len(a.steps)) for a in each.program.answers] == before["answers"]


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_other_cells_and_noise_give_the_same_lesson(draw: random.Random) -> None:
    import ast

    noise = ("print(1)", "# a comment", "plt.plot([1, 2])", "'''text'''", "len(words)", "%timeit 3", "1 +")
    cells: list[str] = []
    for text in (*NAMES, RIGHT):
        lines = text.split("\n")
        starts = [statement.lineno - 1 for statement in ast.parse(text).body]
        cuts = sorted(draw.sample(starts[1:], draw.randrange(len(starts) - 1)))
        for first, last in zip([0, *cuts], [*cuts, len(lines)], strict=True):
            cells.append("\n".join(lines[first:last]))
            if draw.random() < 0.4:
                cells.append(draw.choice(noise))
    with TemporaryDirectory() as folder:
        (each,) = found(Path(folder), cells).lessons
    assert told(each) == names_told()


@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.randoms(use_true_random=False))
def test_other_names_give_the_same_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], draw: random.Random
) -> None:
    numbers = draw.sample(range(1000), len(VARIABLES))
    rename = {name: f"v{number}" for name, number in zip(VARIABLES, numbers, strict=True)}
    cells = rewritten(rename)
    wrong = cells[-1].replace(f"{rename['db1']} = ", f"{rename['db1']} = 2 * ")
    nodes = [name for name in VARIABLES if f"d{name}" in VARIABLES]
    compared = "\n".join(f"look({rename[f'd{node}']}, {rename[node]})" for node in nodes)
    cells[0] = cells[0].replace('read_words("names.txt")', "open('names.txt').read().split()")
    (tmp_path / "names.txt").write_text(some_names(), encoding="utf-8")
    path = notebook(tmp_path / "notebook.ipynb", [*cells[:-1], wrong, compared])
    _, report = replay_json(path, capsys)
    assert json.dumps(report)
    assert statuses(report) == {rename[node]: "fail" if node == "b1" else "pass" for node in nodes}


# In the app


def test_a_path_opens_as_a_lesson(tmp_path: Path) -> None:
    path = notebook(tmp_path / "my exercise.ipynb", [*CELLS, LOOP])
    lesson = open_lesson(str(path))
    assert lesson.name == "my_exercise"
    assert lesson.gradients["scores"] == "dscores"
    assert open_lesson(str(path), number=2).name == "my_exercise-2"
    assert open_lesson(str(LESSONS / "names")).name == "names"
    assert open_lesson(str(LESSONS / "names" / "forward.py")).asks == open_lesson("names").asks
    with pytest.raises(UsageError, match="2 forward passes"):
        open_lesson(str(path), number=3)


async def test_a_notebook_is_walked_and_never_written(tmp_path: Path) -> None:
    path = notebook(tmp_path / "exercise.ipynb", CELLS)
    before = path.read_bytes()
    async with walking_with_processes(tmp_path / "solutions.py", options=Options(), lesson=str(path)) as pilot:
        now = session(pilot)
        assert now.lesson.name == "exercise"
        assert "  1 · ▶ pre = xb @ weights + bias" in pane_text(pilot, "source")
        assert "cell 5" in screen_text(pilot)
        assert "read by hidden (cell 5, line 2)" in pane_text(pilot, "node")
        assert now.facts is not None
        assert now.facts.shapes["scores"] == (8, 4)
        await go_to(pilot, "dlogs")
        await submit(pilot, "dlogs = torch.zeros_like(logs); dlogs[range(size), yb] = -1.0 / size")
        await wait_for(pilot, (tmp_path / "solutions.py").exists)
    assert "# %% lesson: exercise\n# %% logs\ndlogs = " in (tmp_path / "solutions.py").read_text(encoding="utf-8")
    assert path.read_bytes() == before
