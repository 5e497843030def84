"""Sentences about wrong gradients in small networks of other kinds, each with the mistake that people make there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest

from ninja_tui.engine.judge import assess
from ninja_tui.engine.judge.case import Case
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.evidence import Observed
from ninja_tui.engine.judge.examine import Examiner
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.recognition import Program
from ninja_tui.engine.protocol.verdict import Diagnosis
from ninja_tui.engine.recording.script import Script
from ninja_tui.lesson.syntax.fragment import Fragment
from tests.engine.corpus.claims import claims


@dataclass(frozen=True)
class Told:
    diagnosis: Diagnosis
    false: list[str]


class Keeping:
    """A diagnosis that keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Finding | None, Case, Observed]] = []

    def __call__(self, case: Case, observed: Observed) -> Finding | None:
        finding = diagnose(case, observed)
        self.asked.append((finding, case, observed))
        return finding


def told(network: str, answer: str) -> Told:
    """What is said of the last gradient of a program."""
    source = f"import torch\nimport torch.nn.functional as F\ntorch.manual_seed(4)\n{network}\n{answer}\n"
    script = Script({"__name__": "network"})
    for tree in ast.parse(source).body:
        segment = ast.get_source_segment(source, tree)
        assert segment is not None
        script.run(Fragment(segment, tree.lineno, tree.end_lineno or tree.lineno))
        assert script.failures == []
    keeping = Keeping()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assess, "diagnose", keeping)
        judged = Examiner(Program(script.recorder.record, script.names.bindings, script.sites)).examine()
    diagnosis = judged[-1].verdict.diagnosis
    assert diagnosis is not None, judged[-1].verdict
    asked = [(case, seen) for found, case, seen in keeping.asked if found is not None and found.diagnosis == diagnosis]
    false = [claims(case, seen, diagnosis.message)[1] for case, seen in asked]
    return Told(diagnosis, min(false, key=len))


GATHER = """logits = torch.randn(6, 5, requires_grad=True)
targets = torch.randint(0, 5, (6,))
logp = logits.log_softmax(1)
loss = -logp[torch.arange(6), targets].mean()
loss.backward()"""
RELU = """x = torch.randn(7, 4)
W = torch.randn(4, 5, requires_grad=True)
pre = x @ W
act = {function}
loss = ((act - 0.3) ** 2).sum()
loss.backward()
dact = 2 * (act - 0.3)"""
DROPOUT = """x = torch.randn(7, 4)
W = torch.randn(4, 5, requires_grad=True)
kept = (torch.rand(7, 5) < 0.7).float()
pre = x @ W
act = pre * kept / 0.7
loss = ((act - 0.3) ** 2).sum()
loss.backward()
dact = 2 * (act - 0.3)"""
BIAS = """x = torch.randn(7, 3, 4)
b = torch.randn(4, requires_grad=True)
g = torch.randn(3, 1, requires_grad=True)
pre = x * g + b
loss = (pre**3).mean()
loss.backward()
dpre = 3 * pre**2 / pre.numel()"""
SCALARS = """x = torch.randn(7, 4)
W = torch.randn(4, 4, requires_grad=True)
tau = torch.tensor(0.37, requires_grad=True)
pre = x @ W
sharp = pre / tau
loss = (sharp.sin() ** 2).sum()
loss.backward()
dsharp = 2 * sharp.sin() * sharp.cos()"""
RESIDUAL = """x = torch.randn(7, 4)
W = torch.randn(4, 4, requires_grad=True)
V = torch.randn(4, 4, requires_grad=True)
pre = x @ W
out = pre + F.gelu(pre @ V)
loss = (out**2).sum() / 7
loss.backward()
dout = 2 * out / 7
z = pre @ V
SLOPE = 0.5 * (1 + torch.erf(z / 2**0.5)) + z * torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5"""
STANDARDIZED = """x = torch.randn(9, 4)
W = torch.randn(4, 5, requires_grad=True)
pre = x @ W
std = (pre - pre.mean(0)) / torch.sqrt(pre.var(0, unbiased=False) + 1e-5)
loss = (std**3).sum() / 9
loss.backward()
dstd = 3 * std**2 / 9
inv = 1 / torch.sqrt(pre.var(0, unbiased=False) + 1e-5)"""
TWO_LAYERS = """x = torch.randn(9, 4)
W1 = torch.randn(4, 6, requires_grad=True)
W2 = torch.randn(6, 3, requires_grad=True)
b2 = torch.randn(3, requires_grad=True)
h = torch.sigmoid(x @ W1)
y = h @ W2 + b2
loss = (y**2).sum() / 9
loss.backward()
dy = 2 * y / 9"""
HEAD = """x = torch.randn(6, 4)
W = torch.randn(4, 5, requires_grad=True)
Y = torch.tensor([0, 3, 1, 4, 2, 3])
scores = x @ W
loss = F.cross_entropy(scores, Y)
loss.backward()
hot = F.one_hot(Y, 5)"""
SQUARES = """x = torch.randn(6, 4)
W = torch.randn(4, 3, requires_grad=True)
goal = torch.randn(6, 3)
made = x @ W
loss = F.mse_loss(made, goal)
loss.backward()"""
THREE_STEPS = """xs = torch.randn(3, 5, 4)
A = torch.randn(4, 6, requires_grad=True)
B = torch.randn(6, 6, requires_grad=True)
s0 = torch.randn(5, 6)
s1 = torch.tanh(xs[0] @ A + s0 @ B)
s2 = torch.tanh(xs[1] @ A + s1 @ B)
s3 = torch.tanh(xs[2] @ A + s2 @ B)
loss = (s3**2).sum() / 5
loss.backward()
ds3 = 2 * s3 / 5
dp3 = ds3 * (1 - s3**2)
ds2 = dp3 @ B.T
dp2 = ds2 * (1 - s2**2)
ds1 = dp2 @ B.T
dp1 = ds1 * (1 - s1**2)"""
WEIGHED = """x = torch.randn(5, 4)
W = torch.randn(4, 6, requires_grad=True)
v = torch.randn(5, 6)
raw = x @ W
share = torch.softmax(raw, 1)
loss = ((share * v) ** 2).sum()
loss.backward()
dshare = 2 * share * v * v"""
TIED = """E = torch.randn(5, 3, requires_grad=True)
which = torch.tensor([[0, 1], [2, 0], [0, 3]])
rows = E[which]
mid = rows.sum(1)
out = mid @ E.T
loss = (out**2).sum()
loss.backward()
dout = 2 * out
dmid = dout @ E
drows = dmid[:, None, :].expand(3, 2, 3)
dE = dout.T @ mid"""
NEVER = """x = torch.rand(7, 4)
W = torch.rand(4, 5).requires_grad_()
pre = x @ W + 2
act = torch.relu(pre)
loss = ((act - 0.3) ** 2).sum()
loss.backward()
dact = 2 * (act - 0.3)"""
DEEP = """x = torch.randn(7, 4)
W = torch.randn(4, 5, requires_grad=True)
pre = x @ W
act = torch.tanh(pre)
up = act + x.sum(1, keepdim=True)
top = up.sin()
loss = (top**2).sum()
loss.backward()
dtop = 2 * top"""
NEURON = """w = torch.tensor(1.3, requires_grad=True)
x = torch.tensor(0.8, requires_grad=True)
b = torch.tensor(0.2, requires_grad=True)
wx = w * x
pre = wx + b
out = pre.relu()
loss = (out - 2) ** 2
loss.backward()
dout = 2 * (out - 2)"""
PLAIN = "torch.relu(pre)"
LEAKY = "F.leaky_relu(pre, 0.2)"

ROWS: list[tuple[str, str, str, str, str]] = [
    (GATHER, "dlogp = -torch.ones_like(logp) / 6", "mask", "24 of 30 entries get a gradient and should not", "over"),
    (GATHER, "dlogp = torch.zeros_like(logp)\ndlogp[:, targets] = -1 / 6", "mask", "should not", "every"),
    (GATHER, "dlogp = torch.zeros_like(logp)\ndlogp[torch.arange(6), targets] = -1.0", "scale", "6 of 30", "every"),
    (RELU.format(function=PLAIN), "dpre = dact + 0 * pre", "mask", "", "every"),
    (RELU.format(function="pre.clamp(-0.5, 0.5)"), "dpre = dact * (pre < 0.5)", "mask", "get a gradient", "every"),
    (RELU.format(function="pre.clamp(-0.5, 0.5)"), "dpre = dact * (x @ W > 0)", "mask", "", "every"),
    (
        RELU.format(function="pre.abs()"),
        "dpre = dact * 1.0",
        "mask",
        "have the wrong sign, the others are right",
        "every",
    ),
    (RELU.format(function=LEAKY), "dpre = dact * (pre > 0)", "mask", "get no gradient and should", "every"),
    (RELU.format(function=LEAKY), "dpre = torch.where(pre < 0, dact, 0.2 * dact)", "mask", "each side of a kink", "0."),
    (
        RELU.format(function="torch.where(x[:, :1] > 0, pre, torch.zeros_like(pre))"),
        "dpre = 1.0 * dact",
        "mask",
        "",
        "",
    ),
    (RELU.format(function="pre.sin()"), "dpre = dact * pre.cos() ** 2", "wrong-power", "another power", ""),
    (RELU.format(function="pre.sin()"), "dpre = dact * pre.sin()", "", "", "power"),
    (DROPOUT, "dpre = dact / 0.7", "mask", "", "every entry"),
    (DROPOUT, "dpre = dact * kept", "scale", "the others are 0", "/"),
    (BIAS, "db = dpre.sum(0)", "not-summed", "not summed over axis 0", "axis 0, 1"),
    (BIAS, "db = dpre.sum()", "over-summed", "axis 2 as well: axis 0 and axis 1 are right", "axis 0, "),
    (BIAS, "dg = (x * dpre).sum((0, 1))", "not-summed", "summed over axis 0 and axis 1", ""),
    (BIAS, "dg = (x * dpre).sum(2).mean(0)[:, None]", "scale", "1/7", ""),
    (SCALARS, "dpre = dsharp + 0 * x", "scale", "`tau` = 0.37", "2.7"),
    (SCALARS, "dtau = (pre * dsharp).sum() / tau**2", "sign", "it has the wrong sign", "every"),
    (
        RESIDUAL,
        "dpre = (dout * SLOPE) @ V.T",
        "missing-path",
        "1 of 2 terms",
        "should not",
    ),
    (STANDARDIZED, "dpre = inv * dstd", "missing-path", "1 of 3 terms is right", ""),
    (STANDARDIZED, "dpre = inv * (dstd - dstd.mean(0))", "missing-path", "`var` in `std`", ""),
    (
        STANDARDIZED,
        "dpre = inv * (dstd - dstd.mean(0) - std * (dstd * std).sum(0) / 8)",
        "scale",
        "2 of 3 terms are right; the one through `var` in `std` is off by the factor",
        "every",
    ),
    (
        STANDARDIZED,
        "dpre = inv * (dstd - dstd.mean(0) - std * (dstd * std).mean())",
        "wrong-derivative",
        "2 of 3 terms are right; the one through `var`",
        "every",
    ),
    (TWO_LAYERS, "dW2 = dy.sum(0)", "shape", "this is the gradient of `b2`, (3,); `W2` is (6, 3)", "summed"),
    (TWO_LAYERS, "dh = dy @ W2.T + 1", "constant-offset", "every entry is off by the same 1", ""),
    (TWO_LAYERS, "dW2 = (x @ W1).T @ dy", "wrong-derivative", "", "power"),
    (TWO_LAYERS, "dW2 = 5 * h.T @ dy", "scale", "every entry is off by the same factor", "5"),
    (TWO_LAYERS, "dh = (dy @ W2.T).abs()", "sign", "have the wrong sign, the others are right", "every"),
    (TWO_LAYERS, "dh = torch.sign(dy @ W2.T)", "wrong-derivative", "its sign alone", "every"),
    (TWO_LAYERS, "dh = (dy @ W2.T).clamp(-0.2, 0.2)", "mask", "are cut off at -0.2 or 0.2; the others are right", ""),
    (
        HEAD,
        "dscores = scores.softmax(1)\ndscores[range(6), Y] = 1\ndscores /= 6",
        "wrong-derivative",
        "6 of 30 entries are off",
        "every",
    ),
    (HEAD, "dscores = (scores.softmax(0) - hot) / 6", "wrong-derivative", "another axis is summed over", "every"),
    (
        HEAD,
        "dscores = (scores.exp() - hot) / 6",
        "wrong-derivative",
        "each row is off by a factor of its own",
        "column",
    ),
    (HEAD, "dscores = (scores - hot) / 6", "wrong-derivative", "a multiple of `scores`", "every"),
    (HEAD, "dscores = -scores.softmax(1) / 6", "sign", "24 of 30 entries have the wrong sign; those picked", "every"),
    (HEAD, "dscores = torch.full((6, 5), 0.05)", "wrong-derivative", "one and the same number", "every"),
    (HEAD, "dscores = (scores.sigmoid() - hot) / 6", "wrong-derivative", "along axis 1 it must add up to 0", "axis 0"),
    (SQUARES, "dmade = 2 * made / 18", "missing-path", "the term of `goal` is missing; that of `made` is right", ""),
    (SQUARES, "dmade = 2 * (made + goal) / 18", "sign", "the term of `goal` has the wrong sign", "missing"),
    (
        THREE_STEPS,
        "dB = s1.T @ dp1 + s2.T @ dp2 + s3.T @ dp3",
        "wrong-derivative",
        "none of 3 terms are right",
        "every",
    ),
    (THREE_STEPS, "dA = xs[2].T @ (dp1 + dp2 + dp3)", "wrong-derivative", "1 of 3 terms is right", "every"),
    (
        THREE_STEPS,
        "dB = s0.T @ dp1 + s1.T @ dp2 + s2.T @ torch.ones_like(dp3)",
        "no-upstream",
        "2 of 3 terms are right; the one through `s3` is without its upstream gradient",
        "every",
    ),
    (WEIGHED, "draw = share * (1 - share) * dshare", "missing-path", "changes other entries of `share` too", "every"),
    (
        WEIGHED,
        "draw = dshare - (share * dshare).sum(1, keepdim=True)",
        "wrong-derivative",
        "factor that `share` makes up",
        "entries",
    ),
    (WEIGHED, "draw = share * (dshare - dshare.sum(1, keepdim=True))", "wrong-derivative", "along axis 1", "axis 0"),
    (TIED, "dE[which] += drows", "lost-duplicates", "up to 3 times", "every"),
    (NEURON, "dpre = dout * (wx > 0)", "", "", "every"),
    (NEVER, "dpre = 1.0 * dact", "mask", "with other numbers", "the others are right"),
    (DEEP, "dpre = dtop * up.cos() * (1 - act)", "wrong-power", "`act`", "every"),
    (
        TWO_LAYERS,
        "dW1 = x.T @ ((dy @ W2.T) * h)",
        "wrong-derivative",
        "dy is what it can be computed from, but what is done with it is not the derivative by `W1`",
        "every",
    ),
    (RESIDUAL, "dpre = dout * ((dout * SLOPE) @ V.T)", "wrong-derivative", "dout is what belongs in it", ""),
]


@pytest.mark.parametrize(
    ("network", "answer", "kind", "says", "never"), ROWS, ids=[f"{i}-{row[2]}" for i, row in enumerate(ROWS)]
)
def test_the_mistake_is_told(network: str, answer: str, kind: str, says: str, never: str) -> None:
    found = told(network, answer)
    assert not kind or str(found.diagnosis.kind) == kind, found
    assert says in found.diagnosis.message
    assert not never or never not in found.diagnosis.message
    assert found.false == []
