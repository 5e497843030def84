"""One wrong gradient of a script fails where it is wrong, and what is computed from it does not."""

from __future__ import annotations

import pytest

from ninja_tui.engine.protocol.verdict import Kind
from tests.engine.own_files.judged import judged
from tests.engine.own_files.script import HEAD

LEAKY = f"""{HEAD}
x, goal = torch.randn(4, 5, 3), torch.randn(5, 3)
k = torch.rand(3, requires_grad=True)
u = torch.randn(3, requires_grad=True)
m = torch.zeros(5, 3)
memory, reads = [m], []
for t in range(4):
    r = x[t] * u
    m = m * k + r.tanh()
    reads.append(r)
    memory.append(m)
loss = ((m - goal) ** 2).sum()
loss.backward()
dk, du = torch.zeros_like(k), torch.zeros_like(u)
dm = torch.zeros_like(m)
dm = dm + 2 * (m - goal)
for t in reversed(range(4)):
    dr = dm * (1 - reads[t].tanh() ** 2)
    dk += (dm * memory[t]).sum(0)
    du += (dr * x[t]).sum(0)
    dm = dm * k
print(torch.allclose(dk, k.grad), torch.allclose(du, u.grad))
"""
CENTRED = f"""{HEAD}
z = torch.randn(6, 4, requires_grad=True)
centred = z - z.mean(1, keepdim=True)
size = (centred ** 2).mean(1, keepdim=True)
rate = (size + 0.01) ** -0.5
out = centred * rate
loss = (out ** 3).sum()
loss.backward()
dout = 3 * out ** 2
drate = (dout * centred).sum(1, keepdim=True)
dsize = -0.5 * (size + 0.01) ** -1.5 * drate
dcentred = dout * rate + dsize * 2 * centred / 4
dz = dcentred - dcentred.mean(1, keepdim=True)
print(torch.allclose(dz, z.grad, atol=1e-6))
"""
LAYERS = f"""{HEAD}

def squash(x):
    return x.tanh(), x

def squash_backward(dout, x):
    dx = dout * (1 - x.tanh() ** 2)
    return dx

def mix(x, w):
    x = x * 1
    return x @ w, (x, w)

def mix_backward(dout, kept):
    x, w = kept
    return dout @ w.T, x.T @ dout

v, w = torch.randn(4, 4, requires_grad=True), torch.randn(4, 4, requires_grad=True)
x = torch.randn(6, 4)
a, one = mix(x, v)
s, before = squash(a)
out, two = mix(s, w)
loss = (out ** 2).sum()
loss.backward()
dout = 2 * out
ds, dw = mix_backward(dout, two)
da = squash_backward(ds, before)
dx, dv = mix_backward(da, one)
print(torch.allclose(dw, w.grad), torch.allclose(dv, v.grad))
"""


@pytest.mark.parametrize("script", [LEAKY, CENTRED, LAYERS])
def test_right_scripts_pass(script: str) -> None:
    rows = judged(script)
    assert rows.failing == [] and rows.passing, rows.told()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dm = dm * k\n", "dm = dm * k * k\n"),
        ("dm = dm * k\n", "dm = dm\n"),
        ("dm = dm * k\n", "dm = -dm * k\n"),
        ("dm = dm + 2 * (m - goal)", "dm = dm + (m - goal)"),
    ],
)
def test_a_gradient_carried_back_through_time_is_wrong_by_itself(right: str, wrong: str) -> None:
    assert right in LEAKY
    rows = judged(LEAKY.replace(right, wrong))
    assert set(rows.failing) == {"dm"}, rows.told()


def test_what_reads_a_carried_gradient_too_late_is_not_passed_over() -> None:
    late = LEAKY.replace("    dk += (dm * memory[t]).sum(0)\n", "").replace(
        "    dm = dm * k\n", "    dm = dm * k\n    dk += (dm * memory[t]).sum(0)\n"
    )
    assert judged(late).failing, judged(late).told()


@pytest.mark.parametrize(
    ("right", "wrong", "fails"),
    [
        ("(size + 0.01) ** -1.5 *", "(size - 100.0) ** -1.5 *", "dsize"),
        ("dout = 3 * out ** 2", "dout = torch.full((6, 4), 0.25)", "dout"),
    ],
)
def test_numbers_that_float32_loses_upstream_are_no_mistake_below(right: str, wrong: str, fails: str) -> None:
    assert right in CENTRED
    rows = judged(CENTRED.replace(right, wrong))
    assert rows.failing == [fails], rows.told()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dx = dout * (1 - x.tanh() ** 2)", "dx = dout * (1 - x.tanh())"),
        ("da = squash_backward(ds, before)", "da = squash_backward(ds, before) / 3"),
        ("da = squash_backward(ds, before)", "da = squash_backward(ds, s)"),
    ],
)
def test_two_names_of_one_wrong_tensor_fail_once(right: str, wrong: str) -> None:
    assert right in LAYERS
    rows = judged(LAYERS.replace(right, wrong))
    assert rows.failing == ["da"], rows.told()


OVERFLOWS = f"""{HEAD}
a = torch.randn(5, 3) * 60
V = torch.randn(3, 4, requires_grad=True)
s = a @ V
loss = s.logsumexp(1).mean()
loss.backward()
big = s.exp()
ds = big / big.sum(1, keepdim=True) / 5
dV = a.T @ ds
print(torch.allclose(dV, V.grad))
"""


@pytest.mark.parametrize(
    ("script", "wrong", "below"),
    [
        pytest.param(OVERFLOWS, "ds", "dV", id="overflow"),
        pytest.param(CENTRED.replace("drate = (", "drate = -("), "drate", "dz", id="sign"),
    ],
)
def test_what_passes_below_a_wrong_gradient_says_that_its_numbers_are_off(script: str, wrong: str, below: str) -> None:
    rows = judged(script)
    assert rows.failing == [wrong], rows.told()
    (verdict,) = (each for each in rows.verdicts if each.gradient == below)
    assert verdict.note is not None
    assert "the numbers are off because those are" in verdict.note


def test_a_gradient_that_overflows_below_right_upstream_gradients_fails() -> None:
    script = OVERFLOWS.replace("loss = s.logsumexp(1).mean()", "t = s.logsumexp(1)\nloss = t.mean()").replace(
        "ds = big / big.sum(1, keepdim=True) / 5",
        "dt = torch.full((5,), 0.2)\nds = dt[:, None] * big / big.sum(1, keepdim=True)",
    )
    rows = judged(script)
    assert rows.passing == ["dt", "dV"], rows.told()
    assert rows.failing == ["ds"], rows.told()


MIXED_UP = f"""{HEAD}
def check(dt, t):
    try:
        return bool(torch.allclose(dt, t.grad))
    except RuntimeError:
        return False

f = torch.randn(6, 2)
M = torch.randn(2, {{width}}, requires_grad=True)
k = torch.randn({{width}}, requires_grad=True)
lin = f @ M + k
lin.retain_grad()
loss = (lin ** 3).mean()
loss.backward()
g = 3 * lin ** 2 / lin.numel()
"""


@pytest.mark.parametrize("width", [2, 6, 3])
@pytest.mark.parametrize(
    ("compared", "kinds"),
    [
        ("check(g.sum(0), lin)\ncheck((f.T @ g).T, M)\ncheck(g, k)\n",
         {"lin": Kind.OVER_SUMMED, "M": Kind.TRANSPOSED, "k": Kind.NOT_SUMMED}),
        ("check(g, k)\ncheck(-f.T @ g, M)\ncheck(g.sum(0), lin)\n",
         {"lin": Kind.OVER_SUMMED, "M": Kind.SIGN, "k": Kind.NOT_SUMMED}),
        ("check(g, k)\ncheck((f.T @ g) * 2, M)\ncheck(-g, lin)\n",
         {"lin": Kind.SIGN, "M": Kind.SCALE, "k": Kind.NOT_SUMMED}),
        ("check(g, k)\ncheck(f.T @ g, M)\n", {"k": Kind.NOT_SUMMED}),
    ],
)  # fmt: skip
def test_a_gradient_compared_with_that_of_another_tensor_spoils_no_other_row(
    width: int, compared: str, kinds: dict[str, Kind]
) -> None:
    rows = judged(MIXED_UP.format(width=width) + compared)
    told = {each.node: each.diagnosis.kind for each in rows.verdicts if each.diagnosis is not None}
    assert told == kinds, rows.told()
    assert not any(each.error for each in rows.verdicts), rows.told()


def test_a_right_gradient_computed_from_one_that_keeps_an_axis_is_right() -> None:
    script = f"""{HEAD}
f = torch.randn(6, 2)
M, r = torch.randn(2, 3, requires_grad=True), torch.rand(3, requires_grad=True)
k = r * r
s = k.log()
lin = f @ M + s
loss = (lin ** 2).sum()
loss.backward()
dlin = 2 * lin
ds = dlin.sum(0, keepdim=True)
dk = (ds.T / k[:, None])[:, 0]
dr = 2 * r * dk
print(torch.allclose(dr, r.grad))
"""
    rows = judged(script)
    assert rows.failing == [], rows.told()
    wrong = judged(script.replace("2 * r * dk", "r * dk"))
    assert [(each.gradient, each.diagnosis and each.diagnosis.kind) for each in wrong.verdicts if not each.passed] == [
        ("dr", Kind.SCALE)
    ]
    wrong = judged(script.replace("ds.T / k[:, None]", "ds.T * k[:, None]"))
    assert wrong.failing == ["dk"], wrong.told()
    assert not any(each.error for each in wrong.verdicts), wrong.told()
