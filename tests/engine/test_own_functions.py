"""The backward of a script's own ``autograd.Function``: right ones pass, each mistake fails, and what cannot be judged
says so.
"""

from __future__ import annotations

import pytest

from ninja_tui.engine.protocol.verdict import Status, Verdict, Warning
from tests.engine.own_files.judged import judged
from tests.engine.own_functions.others import SURROGATES, UNJUDGED
from tests.engine.own_functions.right import RIGHT, script
from tests.engine.own_functions.wrong import WRONG, Mistake


def rows(text: str) -> dict[str, Verdict]:
    """The rows of a script's own Functions, by ``Swish.backward → x``."""
    return {each.gradient: each for each in judged(text).verdicts if "→" in each.gradient}


def row(text: str, argument: str) -> Verdict:
    """The one row for an argument of that name that does not pass, or else the one that does."""
    found = [each for name, each in rows(text).items() if name.endswith(f"→ {argument}")]
    assert found
    return min(found, key=lambda each: each.passed)


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_a_right_backward_passes(text: str) -> None:
    told = rows(text)
    assert told
    assert {name: (each.status, each.warnings) for name, each in told.items()} == dict.fromkeys(told, (Status.PASS, ()))


@pytest.mark.parametrize("mistake", WRONG.values(), ids=WRONG)
def test_a_wrong_backward_fails_with_its_kind(mistake: Mistake) -> None:
    text, argument, kind = mistake
    verdict = row(text, argument)
    assert verdict.status is Status.FAIL
    assert verdict.diagnosis is not None and verdict.diagnosis.kind is kind
    assert verdict.line is not None and "return" in text.splitlines()[verdict.line - 1]


@pytest.mark.parametrize("text", SURROGATES.values(), ids=SURROGATES)
def test_a_surrogate_gradient_passes_with_a_warning(text: str) -> None:
    (verdict,) = rows(text).values()
    assert (verdict.status, verdict.warnings) == (Status.PASS, (Warning.SURROGATE,))


@pytest.mark.parametrize(("text", "error"), UNJUDGED.values(), ids=UNJUDGED)
def test_what_cannot_be_judged_is_no_pass(text: str, error: str) -> None:
    (verdict,) = rows(text).values()
    assert (verdict.status, verdict.error) == (Status.ERROR, error)


@pytest.mark.parametrize("rude", ["raise SystemExit(3)", "raise KeyboardInterrupt", "return 'x' * 10**7", "return 1"])
def test_an_error_that_does_not_say_what_it_is_costs_its_own_row(rude: str) -> None:
    verdicts = judged(f"""import torch
class Rude(Exception):
    def __str__(self):
        {rude}
class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        raise Rude
x = torch.ones(3, requires_grad=True)
try:
    Twice.apply(x).sum().backward()
except Exception:
    pass
y = torch.ones(2, requires_grad=True)
loss = (y * y).sum()
loss.backward()
dy = 2 * y
""").verdicts
    told = {each.gradient: (each.status, (each.error or "")[:24]) for each in verdicts}
    assert told == {"dy": (Status.PASS, ""), "Twice.backward → x": (Status.ERROR, "its backward raises Rude")}
    assert all(len(each.error or "") < 1000 for each in verdicts)


WRONG_SWISH = RIGHT["saved tensors"].split("z = ")[0].replace("(s + x", "(s - x")
BY_HAND = script("""
    torch.manual_seed(0)
    x = torch.randn(4, 3)
    W = torch.randn(3, 2, requires_grad=True)
    z = x @ W
    z.retain_grad()
    h = Swish.apply(z)
    loss = (h ** 2).mean()
    loss.backward()
    dh = 2 * h / h.numel()
    s = torch.sigmoid(z)
    dz = dh * (s SIGN z * s * (1 - s))
    dW = x.T @ dz
    print(torch.allclose(dW, W.grad), torch.allclose(dz, z.grad))
""")


def test_gradients_by_hand_are_judged_by_forward_and_not_by_a_wrong_backward() -> None:
    told = judged(WRONG_SWISH + BY_HAND.replace("SIGN", "+"))
    assert told.passing == ["dh", "dz", "dW"] and told.failing == ["Swish.backward → x"]


def test_a_gradient_by_hand_that_agrees_with_a_wrong_backward_fails_as_it_does() -> None:
    told = judged(WRONG_SWISH + BY_HAND.replace("SIGN", "-"))
    assert told.failing == ["dz", "Swish.backward → x"]


def test_what_flows_through_a_forward_that_prints_numbers_is_judged() -> None:
    text = WRONG_SWISH.replace("(s - x", "(s + x").replace("return x * s", "print(s.mean().item()); return x * s")
    assert "print(" in text
    assert judged(text + BY_HAND.replace("SIGN", "+")).failing == []
    assert judged(text + BY_HAND.replace("SIGN", "-")).failing == ["dz"]


def test_what_flows_through_numpy_is_not_judged_and_what_comes_after_it_is() -> None:
    text = UNJUDGED["forward in NumPy"][0].split("x = ")[0] + script("""
        x = torch.randn(4, 3)
        W = torch.randn(3, 2, requires_grad=True)
        z = x @ W
        h = Sin.apply(z)
        loss = (h ** 2).mean()
        loss.backward()
        dh = 2 * h / h.numel()
        dW = x.T @ (dh * z.cos())
        print(torch.allclose(dW, W.grad))
    """)
    told = judged(text)
    assert told.passing == ["dh"] and told.failing == ["dW", "Sin.backward → x"]
    error = "could not be judged: it flows through an autograd.Function whose forward takes numbers out of PyTorch"
    assert next(each for each in told.verdicts if each.gradient == "dW").error == error


def test_a_sum_that_is_left_to_autograd_passes_with_a_warning() -> None:
    text = RIGHT["in a module, in a loop that trains"].replace("(g * x).sum(0)", "g * x")
    verdict = row(text, "scale")
    assert (verdict.status, verdict.warnings, verdict.shape) == (Status.PASS, (Warning.SUMMED,), (8, 4))


def test_an_upstream_gradient_that_is_changed_in_place_is_told() -> None:
    text = RIGHT["a kink, with zeros among the inputs"].replace("grad_output.clone()", "grad_output")
    verdict = row(text, "input")
    assert (verdict.status, verdict.warnings) == (Status.PASS, (Warning.CHANGES_UPSTREAM,))


def test_of_several_calls_the_one_that_is_wrong_is_told() -> None:
    text = RIGHT["arguments that are no tensors"].replace("ctx.n * x ** (ctx.n - 1)", "2 * x")
    assert row(text, "x").status is Status.FAIL
    assert row(text.replace("Power.apply(a, 3", "Power.apply(a, 2"), "x").passed


def test_names_within_a_function_are_no_nodes_and_no_answers() -> None:
    text = RIGHT["batch norm"].replace("dx, dgamma, dbeta, None", "dx, dgamma, dbeta, None") + "dx = 1\n"
    assert [each.gradient for each in judged(text).verdicts] == [
        "BatchNorm.backward → x",
        "BatchNorm.backward → gamma",
        "BatchNorm.backward → beta",
    ]


def test_accumulated_gradients_are_recognized_beside_a_wrong_backward() -> None:
    text = WRONG_SWISH + script("""
        w = torch.randn(4, requires_grad=True)
        Swish.apply(w).sum().backward()
        (w ** 2).sum().backward()
        s = torch.sigmoid(w)
        dw = s + w * s * (1 - s) + 2 * w
        print(torch.allclose(dw, w.grad))
    """)
    assert judged(text).passing == ["dw"]


def test_what_flows_through_a_surrogate_gradient_is_not_judged_by_the_derivative() -> None:
    text = SURROGATES["a sign that lets gradients through"].split("x = torch.randn")[0] + script("""
        W, x = torch.randn(3, 2, requires_grad=True), torch.randn(4, 3)
        z = x @ W
        h = Sign.apply(z)
        loss = ((h - 0.3) ** 2).sum()
        loss.backward()
        dh = 2 * (h - 0.3)
        dW = x.T @ (dh * (z.abs() <= 1))
        print(torch.allclose(dW, W.grad))
    """)
    told = {each.gradient: (each.status, each.error) for each in judged(text).verdicts}
    flows = "could not be judged: it flows through `Sign.backward`, a surrogate gradient"
    assert told["dh"] == (Status.PASS, None) and told["dW"] == (Status.ERROR, flows)


def test_a_function_in_a_script_without_a_loss_is_judged() -> None:
    assert judged(RIGHT["only forward"]).passing == ["Square.backward → x"]


def test_a_function_that_has_the_same_name_again_has_rows_of_its_own() -> None:
    first = RIGHT["an attribute of ctx"].replace("2 * ctx.x", "ctx.x")
    told = judged(first + RIGHT["an attribute of ctx"].replace("import torch\n", ""))
    assert [(each.line, each.passed) for each in told.verdicts] == [(9, False), (19, True)]


def test_an_inner_product_of_autograds_in_forward_is_no_loss() -> None:
    told = judged(
        RIGHT["forward with a graph of its own"] + "da = 3 * (a * 1) ** 2\nprint(torch.allclose(da, a.grad))\n"
    )
    assert told.passing == ["da", "Implicit.backward → x"] and not told.failing


def test_a_library_s_function_is_no_row() -> None:
    text = script("""
        import torch
        from torch.utils.checkpoint import checkpoint
        W, x = torch.randn(3, 2, requires_grad=True), torch.randn(4, 3)
        h = checkpoint(lambda w: (x @ w).tanh(), W, use_reentrant=True)
        loss = (h ** 2).sum()
        loss.backward()
        dW = x.T @ (2 * h * (1 - h ** 2))
        print(torch.allclose(dW, W.grad))
    """)
    assert [(each.gradient, each.status) for each in judged(text).verdicts] == [("dW", Status.PASS)]


def test_a_backward_that_fails_for_a_wrong_shape_costs_only_its_own_row() -> None:
    text = RIGHT["in a module, in a loop that trains"].replace("(g * x).sum(0)", "(g * x).sum()")
    verdict = row(text, "scale")
    assert verdict.status is Status.FAIL and verdict.diagnosis is not None
    assert verdict.diagnosis.message == "shape () for an input of shape (4,): autograd refuses it"
    assert row(text, "x").passed


def test_an_input_that_forward_does_not_read_has_a_gradient_of_0() -> None:
    text = (
        RIGHT["the same tensor twice"].replace("return a * b", "return a * 3").replace("g * b, g * a", "g * 3, g * a")
    )
    verdict = row(text, "b")
    assert verdict.status is Status.FAIL
    assert row(text.replace("g * 3, g * a", "g * 3, torch.zeros_like(g)"), "b").passed


def test_strides_of_an_upstream_gradient_are_those_that_autograd_gave() -> None:
    text = RIGHT["a view"].replace("(3, 2, 2,", "(2, 2, 2,").replace(".pow(2).sum()", ".T.pow(2).sum()")
    assert row(text, "x").passed or "view" in str(judged(text).notes)
