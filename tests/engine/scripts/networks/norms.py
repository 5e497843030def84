"""RMSNorm, GroupNorm, and a residual block with GELU."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

RMS = Script(
    name="rms_norm",
    setup="""
import torch

torch.manual_seed(14)
x = torch.randn(4, 3, 5, requires_grad=True)
gain = (1 + 0.3 * torch.randn(5)).requires_grad_()
W = (torch.randn(5, 5) * 0.5).requires_grad_()
y = torch.randn(4, 3, 5)
eps = 1e-5
""",
    forward="""
ms = x.pow(2).mean(-1, keepdim=True)
inv = torch.rsqrt(ms + eps)
xn = x * inv
scaled = xn * gain
out = scaled @ W
loss = ((out - y) ** 2).mean()
for t in (ms, inv, xn, scaled, out):
    t.retain_grad()
loss.backward()
""",
    hand="""
dout = 2 * (out - y) / out.numel()
dscaled = dout @ W.T
dW = (scaled.transpose(1, 2) @ dout).sum(0)
dgain = (xn * dscaled).sum((0, 1))
dxn = gain * dscaled
dinv = (x * dxn).sum(-1, keepdim=True)
dms = -0.5 * inv**3 * dinv
dx = inv * dxn + 2 * x / x.shape[-1] * dms
""",
    gradients=usual("out", "scaled", "W", "gain", "xn", "inv", "ms", "x"),
    compare=compared("out", "scaled", "W", "gain", "xn", "inv", "ms", "x"),
    right={
        "dx = inv * dxn + 2 * x / x.shape[-1] * dms": (
            "dx = inv * (dxn - xn * (dxn * xn).mean(-1, keepdim=True))",
            "dx = inv * dxn\ndx += x * dms * 2 / 5",
            "dx = torch.addcmul(inv * dxn, x, dms, value=2 / 5)",
        ),
        "dms = -0.5 * inv**3 * dinv": (
            "dms = -0.5 * (ms + eps) ** -1.5 * dinv",
            "dms = -dinv * inv / (2 * (ms + eps))",
        ),
        "dgain = (xn * dscaled).sum((0, 1))": ("dgain = torch.einsum('btc,btc->c', xn, dscaled)",),
    },
    wrong={
        "dms = -0.5 * inv**3 * dinv": (
            ("dms = -0.5 * inv**2 * dinv", "wrong-power"),
            ("dms = -0.5 * ms**-0.5 * dinv", ""),
            ("dms = 0.5 * inv**3 * dinv", "sign"),
        ),
        "dx = inv * dxn + 2 * x / x.shape[-1] * dms": (
            ("dx = inv * dxn", "missing-path"),
            ("dx = inv * dxn + 2 * x * dms", ""),
            ("dx = inv * dxn + 2 * x / x.shape[0] * dms", ""),
            ("dx = inv * (dxn - (dxn * xn).mean(-1, keepdim=True))", ""),
            ("dx = inv * (dxn - dxn.mean(-1, keepdim=True) - xn * (dxn * xn).mean(-1, keepdim=True))", ""),
        ),
        "dgain = (xn * dscaled).sum((0, 1))": (
            ("dgain = (xn * dscaled).sum(0)", "not-summed"),
            ("dgain = dscaled.sum((0, 1))", ""),
        ),
    },
)

GROUP = Script(
    name="group_norm",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(15)
N, C, G = 3, 6, 2
X = torch.randn(N, 4)
W = (torch.randn(4, C * 3) * 0.4).requires_grad_()
gamma = (1 + 0.2 * torch.randn(1, C, 1)).requires_grad_()
beta = (0.2 * torch.randn(1, C, 1)).requires_grad_()
goal = torch.randn(N, C, 3)
m = C // G * 3
""",
    forward="""
z = (X @ W).view(N, G, m)
mean = z.mean(2, keepdim=True)
centred = z - mean
var = (centred**2).mean(2, keepdim=True)
std_inv = (var + 1e-5) ** -0.5
zhat = centred * std_inv
y = zhat.view(N, C, 3) * gamma + beta
act = F.relu(y)
loss = F.mse_loss(act, goal)
for t in (z, mean, centred, var, std_inv, zhat, y, act):
    t.retain_grad()
loss.backward()
""",
    hand="""
dact = 2 * (act - goal) / act.numel()
dy = torch.where(y > 0, dact, torch.zeros_like(dact))
dbeta = dy.sum((0, 2), keepdim=True)
dgamma = (dy * zhat.view(N, C, 3)).sum((0, 2), keepdim=True)
dzhat = (dy * gamma).view(N, G, m)
dstd_inv = (dzhat * centred).sum(2, keepdim=True)
dvar = -0.5 * (var + 1e-5) ** -1.5 * dstd_inv
dcentred = dzhat * std_inv + 2.0 / m * centred * dvar
dz = dcentred - dcentred.mean(2, keepdim=True)
dW = X.T @ dz.view(N, C * 3)
""",
    gradients=usual("act", "y", "beta", "gamma", "zhat", "std_inv", "var", "centred", "z", "W"),
    compare=compared("act", "y", "beta", "gamma", "zhat", "std_inv", "var", "centred", "z", "W"),
    right={
        "dz = dcentred - dcentred.mean(2, keepdim=True)": (
            "dmean = -dcentred.sum(2, keepdim=True)\ndz = dcentred + dmean / m",
            "dz = std_inv * (dzhat - dzhat.mean(2, keepdim=True) - zhat * (dzhat * zhat).mean(2, keepdim=True))",
            "dz = std_inv / m * (m * dzhat - dzhat.sum(2, keepdim=True) - zhat * (dzhat * zhat).sum(2, keepdim=True))",
        ),
        "dy = torch.where(y > 0, dact, torch.zeros_like(dact))": (
            "dy = dact * (act > 0)",
            "dy = dact.clone()\ndy[y <= 0] = 0",
        ),
        "dvar = -0.5 * (var + 1e-5) ** -1.5 * dstd_inv": ("dvar = -0.5 * std_inv**3 * dstd_inv",),
        "dgamma = (dy * zhat.view(N, C, 3)).sum((0, 2), keepdim=True)": (
            "dgamma = torch.einsum('ncl,ncl->c', dy, zhat.view(N, C, 3)).view(1, C, 1)",
        ),
    },
    wrong={
        "dz = dcentred - dcentred.mean(2, keepdim=True)": (
            ("dz = dcentred", "missing-path"),
            ("dz = dcentred - dcentred.mean(1, keepdim=True)", ""),
            ("dz = dcentred - dcentred.sum(2, keepdim=True)", ""),
            ("dz = dcentred + dcentred.mean(2, keepdim=True)", ""),
            ("dz = std_inv * (dzhat - dzhat.mean(2, keepdim=True))", ""),
        ),
        "dgamma = (dy * zhat.view(N, C, 3)).sum((0, 2), keepdim=True)": (
            ("dgamma = (dy * zhat.view(N, C, 3)).sum((0, 1, 2), keepdim=True)", "over-summed"),
        ),
        "dy = torch.where(y > 0, dact, torch.zeros_like(dact))": (
            ("dy = torch.where(zhat.view(N, C, 3) > 0, dact, torch.zeros_like(dact))", ""),
        ),
    },
)

GELU = Script(
    name="residual_with_gelu",
    setup="""
import math
import torch
import torch.nn.functional as F

torch.manual_seed(16)
x = torch.randn(6, 4, requires_grad=True)
W1 = (torch.randn(4, 8) * 0.5).requires_grad_()
b1 = (torch.randn(8) * 0.2).requires_grad_()
W2 = (torch.randn(8, 4) * 0.4).requires_grad_()
b2 = (torch.randn(4) * 0.2).requires_grad_()
Y = torch.tensor([0, 3, 1, 2, 2, 0])
""",
    forward="""
pre = x @ W1 + b1
act = F.gelu(pre)
y = x + act @ W2 + b2
loss = F.cross_entropy(y, Y)
for t in (pre, act, y):
    t.retain_grad()
loss.backward()
""",
    hand="""
dy = (y.softmax(-1) - F.one_hot(Y, 4)) / len(Y)
db2 = dy.sum(0)
dW2 = act.T @ dy
dact = dy @ W2.T
cdf = 0.5 * (1 + torch.erf(pre / math.sqrt(2)))
pdf = torch.exp(-0.5 * pre**2) / math.sqrt(2 * math.pi)
dpre = dact * (cdf + pre * pdf)
db1 = dpre.sum(0)
dW1 = x.T @ dpre
dx = dy + dpre @ W1.T
""",
    gradients=usual("y", "b2", "W2", "act", "pre", "b1", "W1", "x"),
    compare="""
for name in ['y', 'b2', 'W2', 'act', 'pre', 'b1', 'W1', 'x']:
    print(name, torch.allclose(eval('d' + name), eval(name).grad))
""",
    right={
        "dx = dy + dpre @ W1.T": (
            "dx = dpre @ W1.T\ndx += dy",
            "dx = dy.clone()\ndx += dpre @ W1.T",
            "dx = torch.addmm(dy, dpre, W1.T)",
        ),
        "dpre = dact * (cdf + pre * pdf)": (
            "dpre = dact * cdf + dact * pre * pdf",
            "unit = torch.distributions.Normal(0.0, 1.0)\n"
            "dpre = dact * (unit.cdf(pre) + pre * unit.log_prob(pre).exp())",
        ),
    },
    wrong={
        "dx = dy + dpre @ W1.T": (
            ("dx = dpre @ W1.T", "missing-path"),
            ("dx = dy", "missing-path"),
            ("dx = dy * (dpre @ W1.T)", ""),
            ("dx = dy + dact @ W1.T", ""),
        ),
        "dpre = dact * (cdf + pre * pdf)": (
            ("dpre = dact * cdf", "missing-path"),
            ("dpre = dact * (cdf + pdf)", ""),
            ("dpre = dact * (pre > 0)", ""),
            ("dpre = dact * torch.sigmoid(1.702 * pre)", ""),
            ("s = torch.sigmoid(1.702 * pre)\ndpre = dact * (s + 1.702 * pre * s * (1 - s))", ""),
        ),
    },
)

SCRIPTS = (RMS, GROUP, GELU)
