"""A file that changes PyTorch, Python or the judge in its own process changes nothing in the one that judges it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.own_file import OwnFileJudge
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import UsageError
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.own_program import own_program

pytestmark = pytest.mark.processes

FORWARD = """
torch.manual_seed(3)
x, y = torch.randn(6, 4), torch.randn(6, 3)
W = torch.randn(4, 5, requires_grad=True)
V = torch.randn(5, 3, requires_grad=True)
pre = x @ W
h = torch.tanh(pre)
out = h @ V
loss = ((out - y) ** 2).mean()
loss.backward()
"""
RIGHT = """
dout = 2 * (out - y) / 18
dV = h.T @ dout
dh = dout @ V.T
dpre = (1 - h ** 2) * dh
dW = x.T @ dpre
"""
WRONG = """
dout = (out - y) / 18
dV = h.T @ dout * 3
dh = dout @ V.T * 5
dpre = h * dh * 7
dW = x.T @ dpre * 11
"""
COMPARED = """
print(torch.allclose(dV, V.grad), torch.allclose(dW, W.grad))
"""
GRADIENTS = {"dout", "dV", "dh", "dpre", "dW"}
FROM_FILE = """
import sys, builtins
def in_file():
    return sys._getframe(2).f_code.co_filename == "<program>"
"""
ATTACKS = {
    "a difference is 0": """
minus = torch.Tensor.__sub__
torch.Tensor.__sub__ = lambda one, other: minus(one, other) if in_file() else torch.zeros_like(one)
torch.Tensor.__rsub__ = torch.Tensor.__sub__
""",
    "all is close": "torch.allclose = torch.isclose = lambda *_, **__: True",
    "all is equal": "torch.equal = torch.all = lambda *_, **__: torch.tensor(True)",
    "no entry is large": """
largest = torch.Tensor.max
torch.Tensor.max = lambda self, *a, **k: largest(self, *a, **k) if in_file() else torch.tensor(0.0)
torch.Tensor.abs = lambda self: self * 0
""",
    "backward gives what the file computes": """
backward = torch.Tensor.backward
def backwards(self, *args, **named):
    backward(self, *args, **named)
    dout = (out - y) / 18
    V.grad = h.detach().T @ dout.detach() * 3
torch.Tensor.backward = backwards
""",
    "autograd gives zeros": """
torch.autograd.grad = lambda outputs, inputs, *_, **__: tuple(torch.zeros_like(each) for each in inputs)
""",
    "operators are others": """
for name in ("sub", "abs", "max", "amax", "eq", "isclose"):
    setattr(torch.ops.aten, name, lambda one, *_: torch.zeros_like(one))
""",
    "the judge says yes": """
for name, module in list(sys.modules.items()):
    if name.startswith("ninja_tui.engine.judge"):
        for attribute in ("close", "same"):
            if hasattr(module, attribute):
                setattr(module, attribute, lambda *_, **__: True)
        for attribute in ("distance", "largest_entry"):
            if hasattr(module, attribute):
                setattr(module, attribute, lambda *_, **__: 0.0)
        for attribute in ("PASSING", "CLOSE", "NEAR", "NEAR_ENOUGH"):
            if hasattr(module, attribute):
                setattr(module, attribute, 1e9)
""",
    "the judge gives up": """
import ninja_tui.engine.judge.assess, ninja_tui.engine.judge.examine, ninja_tui.engine.judge.decide
ninja_tui.engine.judge.assess.FAILS = ninja_tui.engine.judge.decide.Decision()
ninja_tui.engine.judge.examine.Examiner.judge = lambda self, answer: None
""",
    "no verdict fails": """
import ninja_tui.engine.protocol.verdict as verdicts
plain = verdicts.Verdict.__init__
def init(self, *args, **named):
    plain(self, *args, **named)
    object.__setattr__(self, "status", verdicts.Status.PASS)
verdicts.Verdict.__init__ = init
""",
    "a replay computes zeros": """
import ninja_tui.engine.recording.replay as replay
run = replay.Replay.run
replay.Replay.run = lambda *a, **k: {key: value * 0 for key, value in run(*a, **k).items()}
""",
    "abs is 0": "builtins.abs = lambda *_: 0",
    "max is 0": "builtins.max = lambda *_, **__: 0",
    "everything is an instance": "builtins.isinstance = lambda *_: True",
    "all and any hold": "builtins.all = builtins.any = lambda *_: True",
    "floats are 0": "builtins.float = lambda *_: 0.0",
}


def judged(text: str) -> list[Verdict]:
    """The verdicts on a file; none where it is not judged, in one sentence."""
    program = own_program(source_of(Path("script.py"), "import torch\n" + text))
    try:
        done = OwnFileJudge(program, {}, None, 30.0).judge()
    except UsageError as error:
        assert "\n" not in str(error)
        return []
    return [verdict for each in done.passes for verdict in each.verdicts]


@pytest.mark.parametrize("attack", ATTACKS)
def test_wrong_gradients_stay_wrong_whatever_the_file_changes(attack: str) -> None:
    for where in (ATTACKS[attack] + FORWARD + WRONG + COMPARED, FORWARD + WRONG + ATTACKS[attack] + COMPARED):
        assert [each.gradient for each in judged(FROM_FILE + where) if each.status is Status.PASS] == []


OWN_OPERATION = """
@torch.library.custom_op("mine::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:
    return x * 2
twice.register_autograd(lambda _, gradient: gradient * 2)
"""


def test_an_operation_of_its_own_costs_what_is_computed_with_it_in_a_sentence() -> None:
    own = FORWARD.replace("pre = x @ W", "pre = twice(x) @ W / 2")
    rows = judged(OWN_OPERATION + own + RIGHT + COMPARED)
    assert {each.gradient for each in rows} == GRADIENTS
    said = "could not be judged: `mine::twice.default` is no operation of PyTorch's own on tensors, and is not computed"
    assert all((each.error or "").startswith(said) for each in rows)
    answers = RIGHT.replace("dh = dout @ V.T", "dh = twice((dout @ V.T).detach()) / 2")
    found = {each.gradient: each.status for each in judged(OWN_OPERATION + FORWARD + answers + COMPARED)}
    assert found == dict.fromkeys(GRADIENTS, Status.ERROR) | {"dout": Status.PASS, "dV": Status.PASS}


def test_numbers_that_a_generator_has_drawn_can_be_drawn_again() -> None:
    drawn = FORWARD.replace("torch.manual_seed(3)", "g = torch.Generator().manual_seed(3)")
    drawn = drawn.replace("torch.randn(6, 4)", "torch.randn(6, 4, generator=g)")
    rows = judged(drawn + RIGHT + COMPARED)
    assert {each.gradient for each in rows if each.passed} == GRADIENTS


def test_a_gradient_without_plain_bytes_costs_itself() -> None:
    rows = judged("""
E = torch.randn(5, 3, requires_grad=True)
ix = torch.tensor([0, 2, 2])
e = torch.nn.functional.embedding(ix, E, sparse=True)
loss = (e ** 2).sum()
loss.backward()
de = 2 * e
dE = torch.sparse_coo_tensor(ix[None], de, (5, 3))
print((dE.to_dense() - E.grad.to_dense()).abs().max())
""")
    assert {each.gradient: each.status for each in rows} == {"de": Status.PASS, "dE": Status.ERROR}


def test_the_same_gradients_are_judged_where_nothing_is_changed() -> None:
    assert {each.gradient for each in judged(FORWARD + RIGHT + COMPARED) if each.passed} == GRADIENTS
    assert {each.gradient for each in judged(FORWARD + WRONG + COMPARED) if not each.passed} == GRADIENTS


@pytest.mark.parametrize("attack", ["all is close", "autograd gives zeros", "the judge says yes", "abs is 0"])
def test_right_gradients_stay_right(attack: str) -> None:
    rows = judged(FROM_FILE + ATTACKS[attack] + FORWARD + RIGHT + COMPARED)
    assert {each.gradient for each in rows if each.passed} == GRADIENTS


def test_a_gradient_that_the_file_puts_into_grad_is_no_reference() -> None:
    given = "V.grad = torch.tensor((h.detach().T @ (out - y).detach()).numpy() * 3)\n"
    outside = "dV = torch.tensor((h.detach().T @ (out - y).detach()).numpy() * 3)\n"
    (row,) = judged(FORWARD + given + outside + "print((dV - V.grad).abs().max())")
    assert (row.gradient, row.status, row.exact) == ("dV", Status.FAIL, False)
