"""Which gradients a script or notebook holds, and of which tensors."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.lesson.notebook.discover import discover, read_definitions
from ninja_tui.lesson.syntax.rename import renamed
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
    plain,
    statuses,
    told,
)
from tests.helpers import replay_json


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
    assert {"picked", "xb, yb"} == {fragment.code.split(" =")[0] for fragment in second.lesson.minibatch.fragments}
    assert not any("dlogs" in step.code for step in second.program.steps)


@pytest.mark.processes
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
    ],
)
@pytest.mark.processes
def test_a_gradient_that_is_0_may_come_of_a_whole_backward_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, status: str
) -> None:
    forward = FORWARD.replace("hidden = torch.tanh(pre)", "moved = pre - pre.mean(0)\nhidden = torch.tanh(moved)")
    compared = "compare('bias', dbias, bias)"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, WHOLE, forward, "loss.backward()", answer, compared])
    _, report = replay_json(path, capsys)
    assert statuses(report)["bias"] == status


@pytest.mark.processes
def test_a_right_formula_passes_below_a_wrong_gradient(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    forward = FORWARD.replace("hidden = torch.tanh(pre)", "moved = pre - pre.mean(0)\nhidden = torch.tanh(moved)")
    answer = "dmoved = torch.ones_like(moved)\ndbias = (dmoved - dmoved.mean(0)).sum(0)"
    path = notebook(tmp_path / "notebook.ipynb", [*SETUP, WHOLE, forward, "loss.backward()", answer])
    code, report = replay_json(path, capsys)
    assert (code, statuses(report)) == (1, {"moved": "fail", "bias": "pass"})


@pytest.mark.processes
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
    (each,) = discover(path).lessons
    assert each.lesson.hints[2] == ("inputs", "labels")
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import torch\ninputs = torch.randn(60, 5)\nlabels = torch.randint(0, 4, (60,))\n", encoding="utf-8"
    )
    (each,) = discover(path, read_definitions(mine)).lessons
    assert not any("helpers" in fragment.code for fragment in each.lesson.setup.fragments)
