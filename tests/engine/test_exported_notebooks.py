"""A notebook that was exported runs from top to bottom, and shows what replay says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch
from markdown_it import MarkdownIt

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.errors import UsageError
from ninja_tui.export.notebook import notebook_of, notebook_of_script
from ninja_tui.export.pieces import pieces_of
from ninja_tui.lesson.notebook.cells import read_source
from ninja_tui.lesson.read import read_lesson
from ninja_tui.replay import LessonReport
from tests.exporting import Run, judged, line_of, only_lesson, run
from tests.helpers import a_file

LAYERNORM = read_lesson("layernorm")


def solution(lesson: str = "layernorm", **changes: str) -> str:
    """The lesson's own answers with other code for some nodes; an empty text leaves a node out."""
    path = read_lesson(lesson).solution
    assert path is not None
    lines: list[str] = []
    node = ""
    for line in path.read_text(encoding="utf-8").split("\n"):
        if line.startswith("# %% "):
            node = line.removeprefix("# %% ")
            lines += [line] if node not in changes else [line, changes[node]] if changes[node] else []
        elif node not in changes:
            lines.append(line)
    return "\n".join(lines)


def exported(folder: Path, text: str, lesson: str | None = None) -> Run:
    """The notebook of a file of answers, having run."""
    return run(notebook_of(only_lesson(judged(a_file(folder, text), lesson)), names=2)[0])


@pytest.mark.parametrize("lesson", ["micrograd", "layernorm"])
def test_right_answers_are_compared_and_every_line_is_that_of_the_verdict(tmp_path: Path, lesson: str) -> None:
    report = only_lesson(judged(a_file(tmp_path, solution(lesson))))
    shown = run(notebook_of(report, names=0)[0])
    assert shown.compared == {each.node: [line_of(each)] for each in report.verdicts}
    assert "mean loss of the last tenth" in shown.printed


def test_it_needs_nothing_of_ninja_tui(tmp_path: Path) -> None:
    book = notebook_of(only_lesson(judged(a_file(tmp_path, solution()))), names=0)[0]
    assert "ninja_tui" not in book
    nbformat.validate(nbformat.reads(book, as_version=4))


MISTAKES = {
    "hnorm": "dhnorm = dh",  # no mask
    "norm": "dnorm = 1 / 0",
    "var_inv": "",  # missing, and read by what follows
    "bias": "dbias = dhnorm.sum(0, keepdim=True)",  # right, in another shape
    "W2": 'dW2 = """\nno tensor\n"""',
    "mu": "dmu = -ddiff[:3]",  # (3, 20), not to be compared with (16, 1)
}


def test_wrong_missing_and_broken_answers_are_marked_and_what_follows_is_right_all_the_same(tmp_path: Path) -> None:
    report = only_lesson(judged(a_file(tmp_path, solution(**MISTAKES))))
    by_node = {each.node: each for each in report.verdicts}
    assert {node: str(by_node[node].status) for node in MISTAKES} == {
        "hnorm": "fail", "norm": "error", "var_inv": "missing", "bias": "pass", "W2": "error", "mu": "fail",
    }  # fmt: skip
    shown = run(notebook_of(report, names=0)[0])
    compared = {each.node for each in report.verdicts if each.shape is not None}
    assert shown.compared.keys() == compared
    for node in compared - {"mu"}:
        assert shown.compared[node] == [line_of(by_node[node])], node
    assert shown.compared["mu"] == ["not to be compared: (3, 20), and the tensor is (16, 1)"]
    assert shown.prose.count("**Not right yet**") == 2
    assert shown.prose.count("**Missing**") == 1
    assert shown.prose.count("**Does not run**") == 2
    assert "mean loss of the last tenth" in shown.printed


def test_comments_stay_and_marks_and_calls_of_cmp_do_not(tmp_path: Path) -> None:
    text = (
        "# %% lesson: micrograd\n# %% err\n# hints: derr 2\n# the square's derivative\nderr = 2 * err  # times one\n"
        "cmp('err', derr, err)\nhalf = 0.5; dout = derr\n"
    )
    report = only_lesson(judged(a_file(tmp_path, text)))
    assert [piece.code for piece in pieces_of(report) if piece.code] == [
        "# the square's derivative\nderr = 2 * err  # times one",
        "half = 0.5\ndout = derr",
    ]


def test_answers_run_in_the_order_of_the_file_even_where_the_walk_has_another(tmp_path: Path) -> None:
    text = solution(bias="", var_inv="dbias = dhnorm.sum(0)\ndvar_inv = (diff * dnorm).sum(1, keepdim=True)")
    report = only_lesson(judged(a_file(tmp_path, text)))
    assert all(each.passed for each in report.verdicts)
    shown = run(notebook_of(report, names=0)[0])
    assert list(shown.compared).index("bias") == list(shown.compared).index("var_inv") - 1


def test_what_answers_print_and_compare_is_not_printed_again_in_each_step_of_the_training(tmp_path: Path) -> None:
    text = (
        "derr = 2 * err\nprint('printed', derr.shape)\n"
        "for name, gradient, tensor in [('err', derr, err)]:\n    cmp(name, gradient, tensor)\n"
        "def show(x):\n    print('shown')\n    return x\nfactors = []\n"
        "for factor in (1, 2):\n    print('kept')\n    factors.append(factor)\n"
        "dout = show(derr) * factors[0]\n"
    )
    shown = exported(tmp_path, f"# %% lesson: micrograd\n{text}")
    assert [shown.printed.count(word) for word in ("printed", "shown", "kept")] == [1, 4, 8]
    assert [len(lines) for lines in shown.compared.values()] == [2, 1]


@pytest.mark.parametrize(
    "telling",
    [
        "y = cmp('err', derr, err)",
        "seen = [cmp('err', derr, err), len(derr.shape)]",
        "def tell(gradient):\n    return cmp('err', gradient, err)\ntold = tell(derr)",
        "if (told := cmp('err', derr, err)) is None:\n    told = True",
    ],
)
def test_a_call_of_cmp_whose_value_is_used_is_not_told_again_in_each_step(tmp_path: Path, telling: str) -> None:
    shown = exported(tmp_path, f"# %% lesson: micrograd\nderr = 2 * err\n{telling}\ndout = derr.clone()\n")
    assert [len(lines) for lines in shown.compared.values()] == [2, 1]
    assert "mean loss of the last tenth" in shown.printed


@pytest.mark.parametrize(
    "behind",
    [
        {"b1": "db1 = dhpre.sum(0)\nW1 = W1 * 3"},
        {"b2": "db2 = dpred.sum(0)\nW2 = W2 * 1\ndel b2"},
        {"b1": "db1 = 2 * dhpre.sum(0)\nb1 = b1 + 1"},  # wrong: its gradient is autograd's
        {"b1": "db1 = dhpre.sum(0)\nfor name, g, t in [('W1', dW1, W1)]:\n    cmp(name, g, t)"},
        {"b1": "db1 = dhpre.sum(0)\nn_in, batch_size = dW1.shape\nlearning_rate = 3\nsteps = 1"},
        {"b1": "db1 = dhpre.sum(0)\nsum = dW1.sum()\nrange = dW1.max() - dW1.min()\nprint = zip = None"},
        {"b1": "db1 = dhpre.sum(0)\ndef forget():\n    global W2, b2\n    del W2\n    b2 = 7\nforget()"},
        {"b1": "db1 = dhpre.sum(0)\ndel dW1, dW2, dh, n_out, dloss"},
        {"gain": "del dW2\ndgain = (norm * dhnorm).sum(0)", "b1": "db1 = dhpre.sum(0)\ndb2 = None"},
    ],
)
def test_answers_that_rebind_or_delete_what_the_next_step_reads_train_as_others_do(
    tmp_path: Path, behind: dict[str, str]
) -> None:
    usual = exported(tmp_path, solution())
    shown = exported(tmp_path, solution(**behind))
    for name in LAYERNORM.parameters:
        assert torch.allclose(shown.names[name], usual.names[name], atol=1e-6), name
    assert torch.allclose(torch.tensor(shown.names["losses"]), torch.tensor(usual.names["losses"]))


def test_an_answer_given_twice_is_compared_twice(tmp_path: Path) -> None:
    shown = exported(tmp_path, "# %% lesson: micrograd\nderr = 3 * err\nderr = 2 * err\n")
    assert [line.split(" | ")[0].split() for line in shown.compared["err"]] == [["exact:", "False"], ["exact:", "True"]]


def columns(report: LessonReport) -> dict[str, list[str]]:
    """The lines of ``cmp`` that a notebook is to print, by node."""
    lines: dict[str, list[str]] = {}
    for each in report.verdicts:
        if each.shape is not None:
            lines.setdefault(each.node, []).append(line_of(each))
    return lines


@pytest.mark.parametrize(
    "answers",
    [
        "derr = 2 * err\nhelper = of_nothing\ndout = derr\nassert helper\n",  # no answer, and raises
        "derr = 2 * err\nfor times in (1, 0):\n    1 / times\ndout = derr\ndo = dout.clone()\nraise SystemExit\n",
        "derr, dout = 2 * err, 'no tensor'\ndo = dout.clone()\n",  # one of two of a statement
        "derr = torch.tensor(2 * err.numpy())\ndout = derr\n",
        "v *= 1\nderr = 2 * err\n",  # a parameter in place
        "err = out - y\nderr = 2 * err\ndout = derr\n",  # the forward pass once more
        "derr = 2 * err\ndout = derr.clone()\ndo = dout\ndo *= 2\nda = dout + 0\n",  # changes dout too
        "derr = 2 * err\ndout = derr.clone()\ndout_too = dout\nfor _ in 1, 2:\n    dout_too *= 2\nda = dout + 0\n",
        "err = err.clone()\nderr = 3 * err\ndout = derr\n",
    ],
)
def test_whatever_else_stands_among_the_answers_all_cells_run_and_show_the_verdicts(
    tmp_path: Path, answers: str
) -> None:
    report = only_lesson(judged(a_file(tmp_path, f"# %% lesson: micrograd\n{answers}")))
    shown = run(notebook_of(report, names=0)[0])
    assert shown.compared == columns(report) != {}
    assert "mean loss of the last tenth" in shown.printed


def test_a_notebook_can_be_run_again_from_its_forward_pass(tmp_path: Path) -> None:
    book = json.loads(notebook_of(only_lesson(judged(a_file(tmp_path, solution()))), names=0)[0])
    start = next(index for index, cell in enumerate(book["cells"]) if "".join(cell["source"]) == "## Forward pass")
    once = run(json.dumps(book))
    book["cells"] += book["cells"][start:]
    assert {node: len(lines) for node, lines in run(json.dumps(book)).compared.items()} == dict.fromkeys(
        once.compared, 2
    )


def test_the_training_is_that_of_autograd_whoever_gave_the_gradients(tmp_path: Path) -> None:
    by_hand = exported(tmp_path, solution())
    instead = exported(tmp_path, solution(hnorm="dhnorm = dh * 3", W1=""))
    for name in LAYERNORM.parameters:
        assert torch.allclose(by_hand.names[name], instead.names[name], atol=1e-6), name
        assert by_hand.names[name].grad_fn is None


ASKING_FOR_ONE = """\
# %% setup
import torch
g = torch.Generator().manual_seed(1)
W = torch.randn((3, 2), generator=g)
b = torch.randn((2,), generator=g)
parameters = [W, b]
asks = ["h"]
for p in parameters:
    p.requires_grad = True
X = torch.randn((4, 3), generator=g)
# %% forward
h = X @ W + b
loss = (h**2).mean()
"""


def test_a_lesson_that_asks_for_no_parameter_trains_on_autograds_gradients_of_them(tmp_path: Path) -> None:
    folder = tmp_path / "asking"
    folder.mkdir()
    a_file(folder, ASKING_FOR_ONE, "forward.py")
    shown = exported(tmp_path, f"# %% lesson: {folder.name}\ndh = 2 * h / h.numel()\n", str(folder))
    assert "mean loss of the last tenth" in shown.printed
    steps = shown.names["losses"]
    assert steps[-1] < steps[0]


COLLIDING = """\
# %% setup
import torch
g = torch.Generator().manual_seed(1)
lr = torch.randn((3, 2), generator=g)
step = torch.randn((2,), generator=g)
losses = 3.0
parameters = [lr, step]
for p in parameters:
    p.requires_grad = True
X = torch.randn((4, 3), generator=g)
# %% forward
p = X @ lr
t = p + step
gradient = torch.tanh(t) * losses
loss = (gradient**2).mean()
"""
ANSWERS = """\
dgradient = 2 * gradient / gradient.numel()
dt = dgradient * losses * (1 - torch.tanh(t)**2)
autograd = dt
dp = autograd.clone()
dstep = dt.sum(0)
dlr = X.T @ dp
"""


def test_names_of_the_lesson_are_never_those_that_the_notebook_adds(tmp_path: Path) -> None:
    folder = tmp_path / "collide"
    folder.mkdir()
    a_file(folder, COLLIDING, "forward.py")
    shown = exported(tmp_path, f"# %% lesson: {folder.name}\n{ANSWERS}", str(folder))
    assert {node: lines[0].split(" | ")[1] for node, lines in shown.compared.items()} == dict.fromkeys(
        ("gradient", "t", "p", "step", "lr"), "approximate: True "
    )
    assert shown.names["lr"].shape == (3, 2)
    assert shown.names["losses"] == 3.0
    assert shown.names["p"].shape == shown.names["t"].shape == (4, 2)


def test_a_lesson_with_a_seed_of_ones_own_is_exported_with_it(tmp_path: Path) -> None:
    report = only_lesson(judged(a_file(tmp_path, solution())))
    assert report.answered is not None
    other = replace(report, answered=replace(report.answered, options=replace(report.answered.options, seed=7)))
    assert run(notebook_of(other, names=0)[0]).names["seed"] == 7


def test_what_strangers_wrote_is_no_markup_in_prose(tmp_path: Path) -> None:
    shown = exported(tmp_path, "# %% lesson: micrograd\nderr = {}['<b>$x$*y*</b>']\n")
    html = MarkdownIt("commonmark").render(shown.prose)
    assert "<b>" not in html
    assert "&lt;b&gt;$x$*y*&lt;/b&gt;" in html
    assert "\\$x\\$" in shown.prose  # for MathJax


def test_a_script_of_ones_own_becomes_a_notebook_of_its_cells(tmp_path: Path) -> None:
    text = "# %% [markdown]\n# Some words.\n# %%\nimport torch\nx = 1\n# %%\ny = x + 1\n"
    shown = run(notebook_of_script(read_source(a_file(tmp_path, text))))
    assert shown.names["y"] == 2
    assert [cell["cell_type"] for cell in shown.cells] == ["markdown", "code", "code"]


def test_a_notebook_is_one_already(tmp_path: Path) -> None:
    book = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    code: dict[str, object] = {
        "cell_type": "code",
        "source": "x = 1",
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }
    path = a_file(tmp_path, json.dumps({**book, "cells": [code]}), "mine.ipynb")
    with pytest.raises(UsageError, match="is a notebook already"):
        notebook_of_script(read_source(path))


def test_missing_nodes_of_which_nothing_reads_the_gradient_need_no_stand_in(tmp_path: Path) -> None:
    report = only_lesson(judged(a_file(tmp_path, solution(W1="", b1=""))))
    missing = [each.node for each in report.verdicts if each.status is Status.MISSING]
    assert set(missing) == {"W1", "b1"}
    book = notebook_of(report, names=0)[0]
    assert "W1.grad.clone()" not in book
