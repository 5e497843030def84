"""An LSTM whose gates are kept in lists, and one step of a GRU."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

LSTM = Script(
    name="lstm",
    setup="""
import torch

torch.manual_seed(11)
T, B, D, H = 3, 4, 3, 4
xs = torch.randn(T, B, D)
target = torch.randn(B, H)
W = torch.randn(D + H, 4 * H).mul(0.4).requires_grad_()
b = torch.randn(4 * H).mul(0.2).requires_grad_()
""",
    forward="""
h, c = torch.zeros(B, H), torch.zeros(B, H)
hs, cs, gates, joined = [h], [c], [], []
for t in range(T):
    xh = torch.cat([xs[t], h], 1)
    i, f, o, g = (xh @ W + b).chunk(4, 1)
    i, f, o, g = i.sigmoid(), f.sigmoid(), o.sigmoid(), g.tanh()
    c = f * c + i * g
    h = o * c.tanh()
    joined.append(xh)
    gates.append((i, f, o, g))
    hs.append(h)
    cs.append(c)
loss = ((h - target) ** 2).sum() / B
h.retain_grad()
loss.backward()
""",
    hand="""
dW, db = torch.zeros_like(W), torch.zeros_like(b)
dh = 2 * (h - target) / B
dc = torch.zeros_like(c)
for t in reversed(range(T)):
    i, f, o, g = gates[t]
    tc = torch.tanh(cs[t + 1])
    do = dh * tc
    dc = dc + dh * o * (1 - tc**2)
    di = dc * g
    df = dc * cs[t]
    dg = dc * i
    dz = torch.cat([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], 1)
    dW += joined[t].T @ dz
    db += dz.sum(0)
    dh = (dz @ W.T)[:, D:]
    dc = dc * f
""",
    gradients=usual("W", "b"),
    compare="""
print('W', torch.allclose(dW, W.grad, atol=1e-6), (dW - W.grad).abs().max().item())
print('b', torch.allclose(db, b.grad, atol=1e-6), (db - b.grad).abs().max().item())
""",
    right={
        "dc = dc + dh * o * (1 - tc**2)": (
            "dc = dc + dh * o / torch.cosh(cs[t + 1]) ** 2",
            "dc += dh * o * (1 - tc) * (1 + tc)",
        ),
        "dh = (dz @ W.T)[:, D:]": ("dh = dz @ W[D:].T", "dx, dh = (dz @ W.T).split([D, H], 1)"),
        "db += dz.sum(0)": ("for row in dz:\n    db += row",),
        "dz = torch.cat([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], 1)": (
            "dz = torch.cat([di * (i - i**2), df * (f - f**2), do * (o - o**2), dg - dg * g**2], dim=1)",
        ),
    },
    wrong={
        "dh = (dz @ W.T)[:, D:]": (("dh = (dz @ W.T)[:, :H]", ""), ("dh = dh + (dz @ W.T)[:, D:]", "")),
        "df = dc * cs[t]": (("df = dc * cs[t + 1]", ""),),
        "dc = dc * f": (("dc = dc * i", ""), ("dc = dc", ""), ("dc = torch.zeros_like(c)", "")),
        "dz = torch.cat([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)], 1)": (
            ("dz = torch.cat([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * g * (1 - g)], 1)", ""),
            ("dz = torch.cat([df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dg * (1 - g**2)], 1)", ""),
            ("dz = torch.cat([di, df, do, dg], 1)", ""),
        ),
    },
)

GRU = Script(
    name="gru",
    setup="""
import torch

g = torch.Generator().manual_seed(3)
x = torch.randn(5, 3, generator=g)
h0 = torch.randn(5, 4, generator=g)
y = torch.randn(5, 4, generator=g)
Wz = torch.randn(7, 4, generator=g) * 0.5
Wr = torch.randn(7, 4, generator=g) * 0.5
Wn = torch.randn(3, 4, generator=g) * 0.5
Un = torch.randn(4, 4, generator=g) * 0.5
bz = torch.randn(4, generator=g) * 0.1
parameters = [h0, Wz, Wr, Wn, Un, bz]
for p in parameters:
    p.requires_grad = True
""",
    forward="""
xh = torch.cat([x, h0], 1)
z = torch.sigmoid(xh @ Wz + bz)
r = torch.sigmoid(xh @ Wr)
rh = r * h0
n = torch.tanh(x @ Wn + rh @ Un)
h = (1 - z) * n + z * h0
loss = (h - y).pow(2).mean()
for t in [z, r, rh, n, h]:
    t.retain_grad()
loss.backward()
""",
    hand="""
dh = 2.0 * (h - y) / h.numel()
dz = dh * (h0 - n)
dn = dh * (1 - z)
dnpre = dn * (1 - n**2)
dWn = x.T @ dnpre
drh = dnpre @ Un.T
dUn = rh.T @ dnpre
dr = drh * h0
drpre = dr * r * (1 - r)
dWr = xh.T @ drpre
dzpre = dz * z * (1 - z)
dWz = xh.T @ dzpre
dbz = dzpre.sum(0)
dxh = dzpre @ Wz.T + drpre @ Wr.T
dh0 = dh * z + drh * r + dxh[:, 3:]
""",
    gradients=usual("h", "z", "n", "rh", "Un", "Wn", "r", "Wr", "Wz", "bz", "h0"),
    compare=compared("h", "z", "n", "rh", "Un", "Wn", "r", "Wr", "Wz", "bz", "h0"),
    right={
        "dh0 = dh * z + drh * r + dxh[:, 3:]": (
            "dh0 = dxh[:, 3:].clone()\ndh0 += dh * z\ndh0 += drh * r",
            "dh0 = dh * z + drh * r + dzpre @ Wz[3:].T + drpre @ Wr[3:].T",
        ),
        "dz = dh * (h0 - n)": ("dz = dh * h0 - dh * n",),
        "dWz = xh.T @ dzpre": ("dWz = torch.cat([x.T @ dzpre, h0.T @ dzpre])",),
    },
    wrong={
        "dh0 = dh * z + drh * r + dxh[:, 3:]": (
            ("dh0 = dh * z + drh * r", "missing-path"),
            ("dh0 = dh * z + dxh[:, 3:]", "missing-path"),
            ("dh0 = dh * (1 - z) + drh * r + dxh[:, 3:]", ""),
            ("dh0 = dh * z + drh * r + dxh[:, :4]", ""),
            ("dh0 = (dh * z + drh * r + dxh[:, 3:]).clamp(-0.05, 0.05)", ""),
        ),
        "dz = dh * (h0 - n)": (
            ("dz = dh * h0", ""),
            ("dz = dh * (n - h0)", "sign"),
            ("dz = dh * (h0 - n).abs()", "sign"),
        ),
    },
)

SCRIPTS = (LSTM, GRU)
