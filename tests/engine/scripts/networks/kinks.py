"""Kinks that the script's own numbers do not cross: what forgets them is right here, and wrong everywhere else."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

NEVER_OFF = Script(
    name="kinks_never_crossed",
    setup="""
import torch

torch.manual_seed(61)
X = torch.rand(6, 4)
y = -torch.rand(6, 1)
W1 = torch.rand(4, 5, requires_grad=True)
b1 = torch.rand(5, requires_grad=True)
w2 = torch.rand(5, 1, requires_grad=True)
""",
    forward="""
z = X @ W1 + b1
h = torch.relu(z)
pred = h @ w2
gap = torch.abs(pred - y)
margin = 1 + pred - y
hinge = margin.clamp(min=0)
loss = gap.mean() + 0.3 * hinge.mean()
for t in (z, h, pred, gap, margin, hinge):
    t.retain_grad()
loss.backward()
""",
    hand="""
dhinge = 0.3 * torch.ones_like(hinge) / 6
dmargin = dhinge * (margin > 0)
dgap = torch.full_like(gap, 1 / 6)
dpred = dgap * torch.sign(pred - y) + dmargin
dw2 = h.T @ dpred
dh = dpred @ w2.T
dz = dh * (z > 0)
dW1 = X.T @ dz
db1 = dz.sum(0)
""",
    gradients=usual("hinge", "margin", "gap", "pred", "w2", "h", "z", "W1", "b1"),
    compare=compared("hinge", "margin", "gap", "pred", "w2", "h", "z", "W1", "b1"),
    right={
        "dmargin = dhinge * (margin > 0)": (
            "dmargin = torch.where(hinge > 0, dhinge, 0.0)",
            "dmargin = dhinge.clone()\ndmargin[margin < 0] = 0",
        ),
        "dpred = dgap * torch.sign(pred - y) + dmargin": (
            "dpred = torch.where(pred > y, dgap, -dgap) + dmargin",
            "dpred = (pred - y) / gap * dgap\ndpred += dmargin",
        ),
        "dz = dh * (z > 0)": ("dz = dh.masked_fill(h == 0, 0.0)", "dz = dh * h.sign()"),
    },
    wrong={
        "dmargin = dhinge * (margin > 0)": (
            ("dmargin = dhinge", ""),
            ("dmargin = dhinge * torch.sign(margin)", ""),
            ("dmargin = dhinge * (margin > -3)", ""),
        ),
        "dpred = dgap * torch.sign(pred - y) + dmargin": (
            ("dpred = dgap + dmargin", ""),
            ("dpred = dgap * torch.sign(margin) + dmargin", ""),
            ("dpred = dgap * torch.sign(pred) + dmargin", ""),
            ("dpred = (dgap * torch.sign(pred - y) + dmargin).abs()", ""),
        ),
        "dz = dh * (z > 0)": (
            ("dz = dh", ""),
            ("dz = dh * (h >= 0)", ""),
            ("dz = dh * (dh > 0)", ""),
            ("dz = dh.clamp(min=0)", ""),
            ("dz = (dh * (z > 0)).abs()", ""),
        ),
        "dh = dpred @ w2.T": (("dh = dpred @ w2.T.abs()", ""), ("dh = (dpred @ w2.T).abs()", "")),
        "dw2 = h.T @ dpred": (("dw2 = z.T @ dpred", ""), ("dw2 = (h.T @ dpred).abs()", "")),
    },
)

SINGLE_NUMBERS = Script(
    name="single_numbers",
    setup="""
import torch

a = torch.tensor(0.8, requires_grad=True)
b = torch.tensor(1.2, requires_grad=True)
c = torch.tensor(0.4, requires_grad=True)
w = torch.tensor(0.9, requires_grad=True)
target = 0.1
""",
    forward="""
e = a * b
s = e + c
r = s.relu()
m = r * w
o = m.tanh()
err = (o - target).abs()
loss = err**2 + 0.5 * err
for t in (e, s, r, m, o, err):
    t.retain_grad()
loss.backward()
""",
    hand="""
derr = 2 * err + 0.5
do = derr * torch.sign(o - target)
dm = do * (1 - o**2)
dr = dm * w
dw = dm * r
ds = dr * (s > 0)
de = ds
dc = ds
da = de * b
db = de * a
""",
    gradients=usual("err", "o", "m", "r", "w", "s", "e", "c", "a", "b"),
    compare="""
for name in 'err o m r w s e c a b'.split():
    print(name, globals()['d' + name].item(), globals()[name].grad.item())
""",
    right={
        "do = derr * torch.sign(o - target)": ("do = derr if o > target else -derr", "do = derr * (o - target) / err"),
        "dm = do * (1 - o**2)": ("dm = do * (1 - o) * (1 + o)", "dm = do / torch.cosh(m) ** 2"),
        "ds = dr * (s > 0)": (
            "ds = torch.where(s > 0, dr, torch.tensor(0.0))",
            "ds = dr if s > 0 else torch.zeros(())",
        ),
        "de = ds": ("de = 1.0 * ds",),
    },
    wrong={
        "do = derr * torch.sign(o - target)": (
            ("do = derr", ""),
            ("do = derr * torch.sign(o)", ""),
            ("do = derr.abs()", ""),
        ),
        "ds = dr * (s > 0)": (("ds = dr", ""), ("ds = dr.abs()", ""), ("ds = dr * (e > 0)", "")),
        "da = de * b": (("da = (de * b).abs()", ""), ("da = de * b.abs()", ""), ("da = b", "no-upstream")),
        "db = de * a": (("db = (de * a).clamp(min=0)", ""), ("db = de * a + 1e-3", "")),
        "dw = dm * r": (("dw = dm * s", ""), ("dw = dm.abs() * r", ""), ("dw = dm * r.item() * 1.0001", "")),
        "derr = 2 * err + 0.5": (
            ("derr = 2 * (o - target) + 0.5", ""),
            ("derr = 2 * err", ""),
            ("derr = err + 0.5", ""),
        ),
    },
)

SCRIPTS = (NEVER_OFF, SINGLE_NUMBERS)
