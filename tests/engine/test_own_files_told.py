"""What is said of scripts of one's own beside verdicts: what was not judged, and why."""

from __future__ import annotations

import pytest

from ninja_tui.engine.protocol.verdict import Kind, Status, Warning
from ninja_tui.engine.recording import script
from ninja_tui.errors import UsageError
from tests.engine.own_files.judged import judged
from tests.engine.own_files.script import HEAD

LINEAR = """
W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)
out = x @ W
loss = (out ** 2).mean()
loss.backward()
"""


def test_complex_numbers_are_refused_by_that_name() -> None:
    rows = judged(
        HEAD + "x = torch.randn(4, dtype=torch.cfloat, requires_grad=True)\nloss = (x * x.conj()).real.sum()\n"
        "loss.backward()\ndx = 2 * x\nprint(torch.allclose(dx, x.grad))\n"
    )
    (verdict,) = rows.verdicts
    assert (verdict.node, verdict.status) == ("x", Status.ERROR)
    assert verdict.error == "could not be judged: the forward pass computes with complex numbers"


def test_what_is_undefined_says_where_it_is_defined() -> None:
    rows = judged(f"{HEAD}{LINEAR}dout = 2 * out / n\ndW = x.T @ dout\nn = 10\n")
    assert [(each.gradient, each.status) for each in rows.verdicts] == [("dout", Status.ERROR), ("dW", Status.ERROR)]
    assert rows.verdicts[0].error == "NameError: name 'n' is not defined; line 12 binds `n`, after this"


def test_what_is_compared_and_never_computed_is_missing() -> None:
    text = (
        f"{HEAD}{LINEAR}dW = x.T @ (2 * out / 10)\nprint(torch.allclose(dW, W.grad), torch.allclose(dout, out.grad))\n"
    )
    rows = judged(text)
    assert [(each.gradient, each.status) for each in rows.verdicts] == [("dW", Status.PASS), ("dout", Status.MISSING)]
    assert judged(f"{HEAD}{LINEAR}dout = None\n").verdicts[0].status is Status.MISSING


def test_a_helper_that_is_not_there_still_tells_what_belongs_together() -> None:
    rows = judged(f"{HEAD}{LINEAR}q = x.T @ (2 * out / 10)\nr = 2 * out\nlook('W', q, W)\nlook('out', r, out)\n")
    assert [(each.gradient, each.node, each.passed) for each in rows.verdicts] == [
        ("q", "W", True),
        ("r", "out", False),
    ]
    assert rows.notes[0] == "line 12: NameError: name 'look' is not defined"


def test_a_gradient_that_is_scaled_later_passes_with_a_word() -> None:
    forward = LINEAR.replace(".mean()", ".sum(1).mean()")
    rows = judged(f"{HEAD}{forward}dout = 2 * out\ndW = x.T @ dout / 5\nprint(torch.allclose(dW, W.grad))\n")
    scaled, right = rows.verdicts
    assert scaled.warnings == (Warning.SCALED,) and right.passed
    assert scaled.probe == "5 times the gradient of out, as what is computed from it takes it to be"
    unscaled = judged(f"{HEAD}{forward}dout = 2 * out\ndW = x.T @ dout\nprint(torch.allclose(dW, W.grad))\n")
    assert unscaled.failing == ["dout"]


def test_a_tensor_that_is_called_a_gradient_before_it_is_computed_is_no_multiple_of_it() -> None:
    rows = judged(f"{HEAD}{LINEAR}dout = out\ndout = 2 * out / 10\ndW = x.T @ dout\n")
    assert [(each.gradient, each.status) for each in rows.verdicts] == [
        ("dout", Status.FAIL), ("dout", Status.PASS), ("dW", Status.PASS)
    ]  # fmt: skip


def test_autograd_within_an_answer_is_told() -> None:
    rows = judged(f"{HEAD}{LINEAR}dW = torch.func.grad(lambda W: ((x @ W) ** 2).mean())(W.detach())\n")
    assert rows.passing == ["dW"] and Warning.USES_AUTOGRAD in rows.verdicts[0].warnings


@pytest.mark.parametrize("kept", ["grad_W = W.grad", "dW_auto = W.grad.clone()", "grads = {'W': W.grad.detach()}"])
def test_autograds_gradient_may_be_kept_to_compare_with(kept: str) -> None:
    right = judged(f"{HEAD}{LINEAR}{kept}\ndW = x.T @ (2 * out / 10)\n")
    assert [(each.gradient, each.status) for each in right.verdicts] == [("dW", Status.PASS)], right.told()
    wrong = judged(f"{HEAD}{LINEAR}{kept}\ndW = x.T @ (2 * out / 5)\n")
    assert [(each.gradient, each.status) for each in wrong.verdicts] == [("dW", Status.FAIL)], wrong.told()


@pytest.mark.parametrize("read", ["W.grad", "W.grad.clone()", "W.grad * 1.0", "W.grad.T.contiguous().T"])
def test_a_gradient_that_is_read_is_not_computed(read: str) -> None:
    rows = judged(f"{HEAD}{LINEAR}dout = 2 * out / 10\ndW = {read}\n")
    assert rows.passing == ["dout"] and rows.failing == ["dW"]
    assert rows.verdicts[1].diagnosis is not None and rows.verdicts[1].diagnosis.kind is Kind.READS_GRAD


@pytest.mark.parametrize("layer", ["x @ W + b", "torch.addmm(b, x, W)", "torch.nn.functional.linear(x, W.T, b)"])
def test_a_product_that_only_stands_beside_a_bias_is_not_its_mistake(layer: str) -> None:
    text = f"{HEAD}{LINEAR.replace('x @ W', layer)}dout = 2 * out / 10\n"
    text = text.replace("W, x =", "b = torch.randn(2, requires_grad=True)\nW, x =", 1)
    (verdict,) = [each for each in judged(f"{text}db = dout[0] * dout[1]\n").verdicts if each.gradient == "db"]
    assert verdict.status is Status.FAIL
    assert verdict.diagnosis is not None and verdict.diagnosis.kind is not Kind.ELEMENTWISE
    assert "db" in judged(f"{text}db = dout.sum(0)\n").passing


@pytest.mark.parametrize(
    ("line", "kind", "told"),
    [
        ("dW = x @ dout", Kind.TRANSPOSED, "operands: x (5, 3), dout (5, 2); dW must be (3, 2)"),
        ("dW = dout @ x", Kind.TRANSPOSED, "which operand is to be transposed?"),
        ("dW = x @ dout[:, 0]", Kind.TRANSPOSED, "operands: x (5, 3), dout (5, 2); dW"),
        ("g = dout[:4]\ndW = x.T @ g", Kind.TRANSPOSED, "operands: x (5, 3), g (4, 2); dW"),
        ("dW = x * dout", Kind.ELEMENTWISE, "forward is a matrix product"),
        ("dW = W + dout", Kind.SHAPE, "operands: W (3, 2), dout (5, 2); dW must be (3, 2)"),
        ("dW = x.T @ dout.long()", Kind.WRONG_DTYPE, "different dtypes"),
    ],
)
def test_an_attempt_that_raises_is_told_what_is_wrong(line: str, kind: Kind, told: str) -> None:
    row = next(
        each for each in judged(f"{HEAD}{LINEAR}dout = 2 * out / 10\n{line}\n").verdicts if each.gradient == "dW"
    )
    assert row.status is Status.ERROR and row.error
    assert row.diagnosis is not None and row.diagnosis.kind is kind
    assert told in row.diagnosis.message


@pytest.mark.parametrize("line", ["dW = undefined_name", "dW = [][3]", "dW = x.nothing()", "dW = int('x')"])
def test_an_attempt_that_raises_for_another_reason_has_no_kind(line: str) -> None:
    (row,) = [each for each in judged(f"{HEAD}{LINEAR}{line}\n").verdicts if each.gradient == "dW"]
    assert row.status is Status.ERROR and row.diagnosis is None


@pytest.mark.parametrize(
    "line", ["dW = x @ dout", "dW = undefined", "dW, q = x.T @ dout, [][1]", "dW = x.T @ open('nowhere.csv').read()"]
)
def test_what_an_attempt_raised_is_told_in_its_row_alone(line: str) -> None:
    rows = judged(f"{HEAD}{LINEAR}dout = 2 * out / 10\n{line}\nlook(dout)\n")
    (row,) = [each for each in rows.verdicts if each.gradient == "dW"]
    assert row.status is Status.ERROR and row.error
    assert rows.notes == ("line 12: NameError: name 'look' is not defined",)


CHAIN = """
W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)
y = x @ W
h = torch.tanh(y) + y**2
loss = (h**2).sum()
for t in (y, h): t.retain_grad()
loss.backward()
dh = 2 * h
"""
RIGHT = "dy = (1 - torch.tanh(y)**2 + 2 * y) * dh"
WRONG = "dy = (1 - torch.tanh(y)**2) * dh"
NARROW = "dy = ((1 - torch.tanh(y)**2 + 2 * y) * dh).sum(1)[:3]"
RAISING = "dy = (1 - torch.tanh(y)**2 + 2 * y) @ dh"
CMP = "def cmp(s, dt, t):\n    print(s, torch.all(dt == t.grad).item())"


@pytest.mark.parametrize(
    ("attempt", "behind"),
    [
        (WRONG, "assert torch.allclose(dy, y.grad)"),
        (WRONG, "assert torch.allclose(dy, y.grad), 'dy is not right'"),
        (WRONG, "torch.testing.assert_close(dy, y.grad)"),
        (WRONG, "for name, g, t in [('h', dh, h), ('y', dy, y)]:\n    assert torch.allclose(g, t.grad), name"),
        (WRONG, "dW = x.T @ dy\nassert torch.allclose(dW, W.grad)"),  # right, but off by dy
        (NARROW, "print(torch.allclose(dy, y.grad))"),
        (NARROW, f"{CMP}\ncmp('y', dy, y)"),
        (RAISING, "print(dy.shape)"),
        (RAISING, f"{CMP}\ncmp('y', dy, y)"),
        (RAISING, "assert torch.allclose(dy, y.grad)"),
    ],
)
def test_what_a_row_says_of_a_gradient_is_not_told_again_where_it_is_compared_or_shown(
    attempt: str, behind: str
) -> None:
    rows = judged(f"{HEAD}{CHAIN}{attempt}\n{behind}\n")
    assert [each.node for each in rows.verdicts if not each.passed] == ["y"]
    assert rows.notes == ()


@pytest.mark.parametrize(
    ("attempt", "behind", "note"),
    [
        (RIGHT, "assert torch.equal(dy, y.grad + 1)", "AssertionError"),
        (WRONG, "assert dy.dtype == torch.float64", "AssertionError"),
        (WRONG, "assert torch.allclose(dh, h.grad + 1), 'dh'", "AssertionError: dh"),
        (WRONG, "cmp('y', dy, y)", "NameError: name 'cmp' is not defined"),
        (WRONG, "print(torch.allclose(dy, y.gradient))", "AttributeError: 'Tensor' object has no attribute 'gradient'"),
        (RAISING, "k = dy.sum()", "NameError: name 'dy' is not defined"),
        ("", "print(dy.shape)", "NameError: name 'dy' is not defined"),
    ],
)
def test_what_another_statement_raises_is_told(attempt: str, behind: str, note: str) -> None:
    rows = judged(f"{HEAD}{CHAIN}{attempt}\n{behind}\n")
    assert [each.partition(": ")[2] for each in rows.notes] == [note]


def test_two_attempts_that_raise_the_same_are_both_told() -> None:
    rows = judged(f"{HEAD}{LINEAR}dout = 2 * out / 10\ndW = x @ dout\nk = x @ dout\n")
    error = "RuntimeError: mat1 and mat2 shapes cannot be multiplied (5x3 and 5x2)"
    assert [each.error for each in rows.verdicts if each.gradient == "dW"] == [error]
    assert rows.notes == (f"line 12: {error}",)


def test_modules_that_only_draw_are_not_asked_for() -> None:
    drawing = "import nowhere.pyplot as plt\n"
    rows = judged(f"{HEAD}{drawing}{LINEAR}dW = x.T @ (2 * out / 10)\nplt.imshow(dW)\nplt.show()\n")
    assert rows.passing == ["dW"] and rows.notes == ()


def test_a_module_that_matters_is_told_with_what_to_define() -> None:
    with pytest.raises(
        UsageError, match="line 5 imports `nowhere`, which is not here; with --setup FILE you can define"
    ):
        judged(f"{HEAD}from nowhere import load\nW = load()\nloss = W.sum()\nloss.backward()\ndW = torch.ones(3)\n")


def test_only_the_last_turn_of_a_training_is_judged() -> None:
    loop = "".join(f"    {line}\n" for line in LINEAR.strip().splitlines()[1:])
    text = (
        f"{HEAD}W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)\n"
        "for step in range(100):\n    W.grad = None\n"
        f"{loop}    dW = x.T @ (2 * out / 10)\n    if step == 3:\n        dW = dW * 2\n    W.data -= 0.1 * dW\n"
    )
    rows = judged(text)
    assert [(each.gradient, each.node, each.passed) for each in rows.verdicts] == [("dW", "W", True)]


@pytest.mark.parametrize("steps", ["range(500)", "list(range(500))", "iter(range(500))", "(k for k in range(500))"])
def test_the_last_turn_of_a_long_training_may_leave_the_parameters_as_they_are(steps: str) -> None:
    text = f"""{HEAD}
W, V, x = torch.randn(3, 2, requires_grad=True), torch.randn(2, 1, requires_grad=True), torch.randn(5, 3)
for step in {steps}:
    hidden = x @ W
    loss = ((hidden @ V) ** 2).mean()
    W.grad = V.grad = None
    loss.backward()
    if step == 499:
        break
    with torch.no_grad():
        W -= 0.01 * W.grad
        V -= 0.01 * V.grad
dhidden = 2 * (hidden @ V) / 5 @ V.T
dW = x.T @ dhidden
print(torch.allclose(dW, W.grad))
"""
    rows = judged(text)
    assert rows.passing == ["dhidden", "dW"], rows.told()
    assert judged(text.replace("@ dhidden", "@ dhidden.abs()")).failing == ["dW"]


def test_a_comparison_in_the_last_turn_alone_is_judged() -> None:
    rows = judged(f"""{HEAD}
W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)
for step in range(1000):
    out = x @ W
    loss = (out ** 2).mean()
    W.grad = None
    loss.backward()
    if step == 999:
        mine = x.T @ (2 * out / 5)
        print(torch.allclose(mine, W.grad))
        break
    W.data -= 0.01 * W.grad
""")
    assert [(each.gradient, each.status) for each in rows.verdicts] == [("mine", Status.FAIL)], rows.told()


def test_a_loop_without_an_end_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "LONGEST_SEARCH", 0.05)
    rows = judged(f"""{HEAD}
import itertools
W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)
for step in itertools.count():
    out = x @ W
    loss = (out ** 2).mean()
    W.grad = None
    loss.backward()
    dW = x.T @ (2 * out / 10)
    W.data -= 0.01 * W.grad
""")
    assert rows.passing == ["dW"], rows.told()


def test_all_turns_that_compare_are_judged() -> None:
    text = (
        f"{HEAD}for act in (torch.tanh, torch.sin):\n    x = torch.randn(4, requires_grad=True)\n    y = act(x)\n"
        "    loss = y.sum()\n    loss.backward()\n    dx = 1 - y ** 2\n    print(torch.allclose(dx, x.grad))\n"
    )
    rows = judged(text)
    assert [each.passed for each in rows.verdicts] == [True, False]


INSIDE = {
    "grad": "dW, = torch.autograd.grad(x @ W, W, dout)",
    "grad of a number": "dW, = torch.autograd.grad((x @ W * dout).sum(), W)",
    "func": "_, pull = torch.func.vjp(lambda w: x @ w, W)\ndW, = pull(dout)",
    "functional": "_, dW = torch.autograd.functional.vjp(lambda w: x @ w, W, dout)",
    "a copy": "V = W.detach().clone().requires_grad_()\n((x @ V) * dout).sum().backward()\ndW = V.grad",
}


@pytest.mark.parametrize("how", INSIDE)
def test_autograd_inside_an_answer_is_a_warning_and_no_backward_pass_of_the_file(how: str) -> None:
    text = f"{HEAD}{LINEAR}dout = (2 * out / 10).detach()\n{INSIDE[how]}\nprint(torch.allclose(dW, W.grad))\n"
    (_, verdict) = judged(text).verdicts
    assert (verdict.node, verdict.status, verdict.warnings) == ("W", Status.PASS, (Warning.USES_AUTOGRAD,))
    (_, wrong) = judged(text.replace("print", "dW = 2 * dW\nprint")).verdicts
    assert wrong.status is Status.FAIL


def test_autograds_gradients_may_be_asked_for_without_backward() -> None:
    asked = LINEAR.replace("loss.backward()", "autograds_out, autograds_W = torch.autograd.grad(loss, [out, W])")
    text = f"{HEAD}{asked}dout = 2 * out / 10\ndW = 3 * x.T @ dout\nprint((dout - autograds_out).abs().max())\n"
    verdicts = judged(f"{text}print((dW - autograds_W).abs().max())\n").verdicts
    assert [(each.node, each.status) for each in verdicts] == [("out", Status.PASS), ("W", Status.FAIL)]


NORMALIZED = """
W, x = torch.randn(3, 2, requires_grad=True), torch.randn(5, 3)
raw = x @ W
size = (raw ** 2).sum(1, keepdim=True) + 1.0
held = size.{bent}
loss = held.sum()
loss.backward()
dheld = torch.ones_like(held)
dsize = dheld * {mask}
draw = 2 * raw * dsize
"""


@pytest.mark.parametrize(
    ("bent", "mask", "one_branch"),
    [
        ("clamp(min=1e-6)", "1.0", True),
        ("clamp_max(1e9)", "(size < 1e9)", False),
        ("clamp_max(1e30)", "1.0", True),
        ("relu()", "1.0", True),
        ("clamp(min=2.0)", "(size > 2)", False),
        ("sqrt()", "0.5 / held", False),
    ],
)
def test_a_branch_that_no_numbers_take_is_said_to_be_not_judged(bent: str, mask: str, one_branch: bool) -> None:
    rows = judged(HEAD + NORMALIZED.format(bent=bent, mask=mask))
    warned = {each.gradient: Warning.ONE_BRANCH in each.warnings for each in rows.verdicts}
    assert rows.failing == []
    assert warned == {"dheld": False, "dsize": one_branch, "draw": False}


@pytest.mark.parametrize(
    ("loss", "wrong", "kind", "told"),
    [
        ("(a + s).mean()", "torch.ones(5) / 30", Kind.SCALE, "every entry is off by the factor 1/6"),
        ("(a + s).mean()", "torch.full((5,), 1.0)", Kind.SCALE, "every entry is off by the factor 5"),
        ("(a + s).mean()", "torch.full((5,), -0.2)", Kind.SIGN, "every entry has the wrong sign"),
        ("(a + s).sum()", "torch.ones_like(s)", Kind.SCALE, "every entry is off by the factor 1/6"),
        ("(2 * a - s).sum() / 6", "torch.ones(5)", Kind.SIGN, "every entry has the wrong sign"),
        ("(a + s).sum() / 4", "1 + torch.ones(5) * 1.5", Kind.CONSTANT_OFFSET, "every entry is off by the same 1"),
        ("((a + s)**2).sum()", "1 + (2 * (a + s)).sum(0)", Kind.CONSTANT_OFFSET, "every entry is off by the same 1"),
    ],
)
def test_one_number_for_another_everywhere_is_a_factor_where_one_is_forgotten(
    loss: str, wrong: str, kind: Kind, told: str
) -> None:
    text = f"{HEAD}a = torch.randn(6, 5)\ns = torch.randn(5, requires_grad=True)\nloss = {loss}\nloss.backward()\n"
    (row,) = judged(f"{text}ds = {wrong}\n").verdicts
    assert row.diagnosis is not None and row.diagnosis.kind is kind
    assert row.diagnosis.message.startswith(told)
