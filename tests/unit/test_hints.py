"""Notes drawn from operations: one for each that a forward pass commonly uses, with the node's names and shapes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ninja_tui.lesson.hints.build import rule_note
from ninja_tui.lesson.hints.question import question
from ninja_tui.lesson.hints.texts import RULES
from ninja_tui.lesson.model import NodeNote
from ninja_tui.lesson.read import lesson_names, read_folder, read_lesson
from ninja_tui.lesson.syntax.operations import ALIKE, CALLS, OPERATORS, SINGLE, uses
from tests.helpers import is_code

OPERATIONS = {
    "x + c": "a sum",
    "x.add(c)": "a sum",
    "c - x": "a difference",
    "-x": "a minus sign",
    "x * c": "a product",
    "torch.mul(c, x)": "a product",
    "x / c": "a quotient",
    "c / x": "a quotient's denominator",
    "x**2": "a power",
    "torch.pow(x, 3)": "a power",
    "2**x": "an exponent",
    "x @ c": "a matrix product, left operand",
    "c @ x": "a matrix product, right operand",
    "torch.matmul(c, x)": "a matrix product, right operand",
    "c.mm(x)": "a matrix product, right operand",
    "torch.bmm(x, c)": "a matrix product, left operand",
    "torch.einsum('ij,jk->ik', x, c)": "einsum",
    "F.linear(x, c, b)": "a linear layer, its input",
    "F.linear(c, x, b)": "a linear layer, its weight",
    "F.linear(c, b, bias=x)": "a linear layer, its bias",
    "x.sum(1, keepdim=True)": "a sum over axes",
    "torch.sum(x)": "a sum over axes",
    "x.mean(0)": "a mean",
    "x.max(1, keepdim=True).values": "a maximum along an axis",
    "torch.amax(x, 1)": "a maximum along an axis",
    "torch.maximum(x, c)": "the larger of two",
    "torch.max(c, x)": "the larger of two",
    "x.var(0, keepdim=True, unbiased=True)": "a variance",
    "x.std(0)": "a standard deviation",
    "x.exp()": "exp",
    "torch.exp(x)": "exp",
    "x.log()": "log",
    "torch.sqrt(x)": "sqrt",
    "torch.rsqrt(x)": "rsqrt",
    "torch.tanh(x)": "tanh",
    "x.sigmoid()": "sigmoid",
    "F.relu(x)": "relu",
    "F.gelu(x)": "gelu",
    "F.silu(x)": "silu",
    "x.softmax(-1)": "softmax",
    "F.softmax(x, dim=-1)": "softmax",
    "F.log_softmax(x, 1)": "log-softmax",
    "torch.logsumexp(x, 1)": "logsumexp",
    "F.cross_entropy(x, c)": "cross-entropy of scores",
    "F.nll_loss(x, c)": "negative log-likelihood",
    "F.mse_loss(x, c)": "mean squared error",
    "F.mse_loss(c, x)": "mean squared error, its target",
    "x.view(-1)": "view",
    "x.reshape(c.shape)": "view",
    "torch.flatten(x)": "view",
    "x.transpose(0, 1)": "transpose",
    "x.T": "transpose",
    "x.mT": "transpose",
    "x.permute(1, 0)": "permute",
    "x.squeeze(0)": "squeeze",
    "x.unsqueeze(0)": "unsqueeze",
    "x.expand(3, 4, 5)": "spreading over axes",
    "torch.cat([c, x], 1)": "joining along an axis",
    "torch.stack((x, c))": "stacking along a new axis",
    "x[c]": "picking entries",
    "x[range(n), c]": "picking entries",
    "x.gather(1, c)": "picking entries",
    "F.embedding(c, x)": "looking up rows",
    "x.masked_fill(c == 0, float('-inf'))": "filling by a mask",
    "torch.where(c > 0, x, 0.0)": "a choice by a condition",
    "torch.where(c > 0, 0.0, x)": "a choice by a condition",
    "torch.tril(x)": "a triangle",
    "F.layer_norm(x, (4,), c, b)": "layer normalisation",
    "F.layer_norm(c, (4,), x, b)": "a normalisation's gain",
    "F.layer_norm(c, (4,), bias=x)": "a normalisation's bias",
    "F.batch_norm(x, None, None, c, b, training=True)": "batch normalisation",
    "F.conv1d(x, c)": "a convolution, its input",
    "F.conv1d(c, x)": "a convolution, its weight",
    "F.conv1d(c, b, x)": "a convolution, its bias",
    "F.dropout(x)": "dropout",
    "x.cumsum(1)": "a running sum",
    "x.clamp(0, 1)": "clamp",
    "x.clone()": "a copy",
    "x": "a copy",
    "foo(x, c)": "this operation",
    "x % 2": "this operation",
}


def note_on(folder: Path, node: str, forward: str, **shapes: tuple[int, ...]) -> NodeNote:
    folder.mkdir(exist_ok=True)
    parameters = ", ".join(sorted({"x", *shapes} & set(forward.replace("(", " ").replace(")", " ").split()) | {"x"}))
    setup = f"# %% setup\nimport torch\nparameters = [{parameters}]\n"
    (folder / "forward.py").write_text(f"{setup}\n# %% forward\n{forward}\n", encoding="utf-8")
    lesson = read_folder(folder)
    return rule_note(lesson, lesson.node(node), shapes)


def texts(note: NodeNote) -> str:
    return "\n".join((note.shape, *note.hints, note.why, note.notice))


@pytest.mark.parametrize("code", OPERATIONS)
def test_each_operation_has_its_rule_with_names_and_shapes(tmp_path: Path, code: str) -> None:
    note = note_on(tmp_path, "x", f"y = {code}\nloss = y.mean()", x=(3, 4), y=(3, 4))
    name = OPERATIONS[code]
    assert note.hints[1].lower().startswith(f"{name}.")
    assert "`x`" in texts(note)
    assert "(3, 4)" in note.shape
    assert len(set(note.hints)) == len(note.hints) == 3
    assert all([note.shape, *note.hints, note.why, note.notice])
    assert "{" not in texts(note)


def test_every_operation_that_is_told_apart_has_texts() -> None:
    known = {*SINGLE, "einsum", *(name for pair in OPERATORS.values() for name in pair)}
    known |= {name for places in CALLS.values() for name in places} | {ALIKE.get(name, name) for name in SINGLE}
    assert known - RULES.keys() == set()
    assert {name for name in ALIKE.values() if name not in RULES} == set()
    assert RULES.keys() - known == {"std"} - known


def test_no_hint_is_the_answer() -> None:
    for name in lesson_names():
        lesson = read_lesson(name)
        for node in lesson.nodes:
            note = rule_note(lesson, node, {})
            assert not [hint for hint in note.hints if f"d{node.name} =" in hint]
            for hint in note.hints:
                spans = hint.split("`")[1::2]
                forward = " ".join(ast.unparse(ast.parse(s.code)) for s in lesson.statements)
                assert [span for span in spans if is_code(span) and span not in forward] == []


def test_what_was_spread_is_summed_over_just_these_axes(tmp_path: Path) -> None:
    kept = note_on(tmp_path, "x", "y = x * c\nloss = y.mean()", x=(1, 4), y=(3, 4), c=(3, 4))
    assert "summed over axis 0, kept with size 1" in kept.hints[2]
    assert "spread along axis 0" in kept.shape
    gone = note_on(tmp_path, "x", "y = c + x\nloss = y.mean()", x=(4,), y=(2, 3, 4), c=(2, 3, 4))
    assert "summed over axes 0, 1" in gone.hints[2]
    assert "kept" not in gone.hints[2]
    whole = note_on(tmp_path, "x", "y = c + x\nloss = y.mean()", x=(3, 4), y=(3, 4), c=(3, 4))
    assert "summed" not in whole.hints[2]
    unknown = note_on(tmp_path, "x", "y = c + x\nloss = y.mean()")
    assert "if any" in unknown.hints[2]


@pytest.mark.parametrize(
    ("code", "shapes", "ends"),
    [
        ("c @ x", ((5, 7), (2, 3, 4, 5), (2, 3, 4, 7)), "with the upstream gradient, summed over axes 0, 1."),
        ("x @ c", ((4, 5), (2, 5, 7), (2, 4, 7)), "turned round, summed over axis 0."),
        ("c @ x", ((1, 5, 7), (3, 4, 5), (3, 4, 7)), "upstream gradient, summed over axis 0, kept with size 1."),
        ("c @ x", ((5, 7), (4, 5), (4, 7)), "in a matrix product with the upstream gradient."),
        ("c @ x", ((1, 7), (4, 1), (4, 7)), "in a matrix product with the upstream gradient."),
        ("x @ c", ((3, 4, 5), (3, 5, 7), (3, 4, 7)), "turned round."),
    ],
)
def test_a_matrix_that_served_a_whole_batch_is_summed_over_its_axes(
    tmp_path: Path, code: str, shapes: tuple[tuple[int, ...], ...], ends: str
) -> None:
    x, c, y = shapes
    assert note_on(tmp_path, "x", f"y = {code}\nloss = y.mean()", x=x, c=c, y=y).hints[2].endswith(ends)


def test_a_mean_tells_of_how_many_entries(tmp_path: Path) -> None:
    note = note_on(tmp_path, "x", "y = x.mean(1, keepdim=True)\nloss = y.sum()", x=(3, 20), y=(3, 1))
    assert "1 over 20" in note.hints[1]


def test_what_stands_around_an_operation_is_told(tmp_path: Path) -> None:
    note = note_on(tmp_path, "x", "loss = -x[range(n), Yb].mean()", x=(3, 4), loss=())
    assert "from the inside: a mean, a minus sign" in note.hints[1]
    turned = note_on(tmp_path, "x", "y = c @ x.transpose(1, 2) * s\nloss = y.mean()", x=(2, 3, 4), y=(2, 5, 3))
    assert turned.hints[1].startswith("A matrix product, right operand")
    assert "Before it: transpose, to be undone last" in turned.hints[1]


def test_several_readers_have_a_rule_each_and_paths_add(tmp_path: Path) -> None:
    forward = "y = x.exp()\nz = x * y\nloss = z.sum()"
    note = note_on(tmp_path, "x", forward, x=(3, 4), y=(3, 4), z=(3, 4))
    assert "Through `y`: Exp." in note.hints[1]
    assert "Through `z`: A product." in note.hints[1]
    assert "each reading gives one path" in note.hints[0]
    assert "add the paths" in note.hints[2]
    twice = note_on(tmp_path, "x", "y = x * (x - x.mean(0)) / torch.sqrt(x.var(0) + 1e-5)\nloss = y.sum()")
    assert "It is read 4 times" in twice.hints[0]


def test_the_question_names_who_reads_the_tensor_and_its_shape() -> None:
    names = read_lesson("names")
    lines = {statement.binds[0]: statement.line for statement in names.statements}
    assert question(names, names.node("counts"), {"counts": (32, 27)}) == (
        f"Two statements read `counts`: `counts_sum` (line {lines['counts_sum']}) and `probs` (line {lines['probs']}). "
        "What is the gradient of the loss with respect to `counts`, of shape (32, 27)?"
    )
    assert question(names, names.node("C"), {}) == (
        f"Only `emb` (line {lines['emb']}) reads `C`. What is the gradient of the loss with respect to `C`?"
    )


def test_the_question_tells_of_a_statement_that_reads_it_more_than_once_and_of_many_readers(tmp_path: Path) -> None:
    def asked(folder: str, forward: str) -> str:
        (tmp_path / folder).mkdir()
        setup = "# %% setup\nparameters = [x]\n\n# %% forward\n"
        (tmp_path / folder / "forward.py").write_text(setup + forward, encoding="utf-8")
        lesson = read_folder(tmp_path / folder)
        return question(lesson, lesson.node("x"), {}).partition(". ")[0]

    assert asked("twice", "y = x * (x - 1)\nloss = y.mean()\n") == "Only `y` (line 5, twice) reads `x`"
    many = "".join(f"y{number} = x + {number}\n" for number in range(6))
    read = asked("many", f"{many}loss = (y0 + y1 + y2 + y3 + y4 + y5).sum()\n")
    assert read == "Six statements read `x`: `y0` (line 5), `y1` (line 6), `y2` (line 7) and 3 more"


def test_what_takes_no_gradient_is_no_use() -> None:
    assert [use.operation for use in uses("y = x.view(x.shape[0], -1)", "x")] == ["view"]
    assert uses("y = (x > 0) * c", "x") == ()
    assert uses("y = c[x.argmax(1)]", "x") == ()
    assert [use.beside for use in uses("y = 1 / n * x", "x")] == ["1 / n"]
