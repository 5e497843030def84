"""Losses: hinge, BCE with logits, label smoothing, contrastive, logsumexp."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

HINGE = Script(
    name="multi_class_hinge",
    setup="""
import torch

torch.manual_seed(41)
N, D, C = 7, 4, 3
X = torch.randn(N, D)
y = torch.randint(0, C, (N,))
W = torch.randn(D, C).mul(0.6).requires_grad_()
b = torch.randn(C).mul(0.3).requires_grad_()
""",
    forward="""
scores = X @ W + b
correct = scores[torch.arange(N), y].view(N, 1)
margins = scores - correct + 1.0
hinge = torch.clamp(margins, min=0)
hinge = hinge.masked_fill(torch.nn.functional.one_hot(y, C).bool(), 0.0)
loss = hinge.sum() / N
for t in (scores, margins):
    t.retain_grad()
loss.backward()
""",
    hand="""
dmargins = (margins > 0).float() / N
dmargins[torch.arange(N), y] = 0
dscores = dmargins.clone()
dscores[torch.arange(N), y] -= dmargins.sum(1)
dW = X.T @ dscores
db = dscores.sum(0)
""",
    gradients=usual("margins", "scores", "W", "b"),
    compare=compared("margins", "scores", "W", "b"),
    right={
        "dscores[torch.arange(N), y] -= dmargins.sum(1)": (
            "for i in range(N):\n    dscores[i, y[i]] -= dmargins[i].sum()",
            "dscores = dscores - torch.eye(C)[y] * dmargins.sum(1, keepdim=True)",
            "dscores.scatter_add_(1, y[:, None], -dmargins.sum(1, keepdim=True))",
        ),
        "dmargins = (margins > 0).float() / N": (
            "dmargins = torch.where(margins > 0, 1.0 / N, 0.0)",
            "dmargins = torch.zeros_like(margins)\ndmargins[margins > 0] = 1 / N",
        ),
    },
    wrong={
        "dmargins = (margins > 0).float() / N": (
            ("dmargins = torch.ones_like(margins) / N", "mask"),
            ("dmargins = (margins > 0).float()", "scale"),
            ("dmargins = (scores > 0).float() / N", ""),
            ("dmargins = (margins > 1).float() / N", ""),
            ("dmargins = margins.clamp(min=0) / N", ""),
        ),
        "dscores[torch.arange(N), y] -= dmargins.sum(1)": (
            ("dscores[torch.arange(N), y] -= dmargins.mean(1)", ""),
            ("dscores[torch.arange(N), y] = -1 / N", ""),
            ("dscores[torch.arange(N), y] += dmargins.sum(1)", ""),
            ("dscores[:, y] -= dmargins.sum(1)", ""),
        ),
    },
)

BCE = Script(
    name="bce_with_logits",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(42)
X = torch.randn(8, 3)
t = torch.tensor([[1.0], [0], [0], [1], [1], [0], [1], [0]])
W1 = (torch.randn(3, 4) * 0.8).requires_grad_()
b1 = (torch.randn(1, 4) * 0.2).requires_grad_()
W2 = (torch.randn(4, 1) * 0.8).requires_grad_()
b2 = torch.randn(1, 1).requires_grad_()
""",
    forward="""
z1 = X @ W1 + b1
a1 = F.leaky_relu(z1, 0.1)
z2 = a1 @ W2 + b2
loss = F.binary_cross_entropy_with_logits(z2, t)
z1.retain_grad(), a1.retain_grad(), z2.retain_grad()
loss.backward()
""",
    hand="""
dz2 = (torch.sigmoid(z2) - t) / t.shape[0]
dW2 = a1.T @ dz2
db2 = dz2.sum(0, keepdim=True)
da1 = dz2 @ W2.T
dz1 = da1 * torch.where(z1 > 0, 1.0, 0.1)
dW1 = X.T @ dz1
db1 = dz1.sum(0, keepdim=True)
""",
    gradients=usual("z2", "W2", "b2", "a1", "z1", "W1", "b1"),
    compare="""
for name, g, p in zip(['W1', 'b1', 'W2', 'b2'], [dW1, db1, dW2, db2], [W1, b1, W2, b2]):
    print(f'{name}: {torch.allclose(g, p.grad)}')
""",
    right={
        "dz2 = (torch.sigmoid(z2) - t) / t.shape[0]": (
            "dz2 = 1 / (1 + torch.exp(-z2)) / 8 - t / 8",
            "p = z2.sigmoid()\ndz2 = (-t / p + (1 - t) / (1 - p)) / 8 * p * (1 - p)",
        ),
        "dz1 = da1 * torch.where(z1 > 0, 1.0, 0.1)": (
            "dz1 = da1.clone()\ndz1[z1 < 0] *= 0.1",
            "dz1 = torch.where(a1 > 0, da1, 0.1 * da1)",
            "dz1 = da1 * (0.1 + 0.9 * (z1 > 0))",
        ),
        "db2 = dz2.sum(0, keepdim=True)": ("db2 = dz2.sum().view(1, 1)",),
    },
    wrong={
        "dz2 = (torch.sigmoid(z2) - t) / t.shape[0]": (
            ("dz2 = torch.sigmoid(z2) - t", "scale"),
            ("dz2 = (z2 - t) / t.shape[0]", ""),
            ("dz2 = (torch.sigmoid(z2) - t).abs() / t.shape[0]", "sign"),
            ("dz2 = (torch.softmax(z2, 1) - t) / t.shape[0]", ""),
            ("p = torch.sigmoid(z2)\ndz2 = (p - t) * p * (1 - p) / t.shape[0]", ""),
        ),
        "dz1 = da1 * torch.where(z1 > 0, 1.0, 0.1)": (
            ("dz1 = da1 * (z1 > 0)", ""),
            ("dz1 = da1 * torch.where(da1 > 0, 1.0, 0.1)", ""),
            ("dz1 = da1 * torch.where(z1 > 0, 0.1, 1.0)", ""),
            ("dz1 = da1 * torch.where(z1 > 0, 1.0, -0.1)", ""),
        ),
    },
)

SMOOTHED = Script(
    name="label_smoothing",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(43)
n, k, eps = 6, 4, 0.1
X = torch.randn(n, 5)
Y = torch.randint(0, k, (n,))
W = (torch.randn(5, k) * 0.5).requires_grad_()
b = (torch.randn(k) * 0.2).requires_grad_()
soft = torch.full((n, k), eps / k)
soft[range(n), Y] += 1 - eps
""",
    forward="""
logits = X @ W + b
logprobs = logits.log_softmax(1)
loss = -(soft * logprobs).sum(1).mean()
logits.retain_grad()
logprobs.retain_grad()
loss.backward()
""",
    hand="""
dlogprobs = -soft / n
dlogits = dlogprobs - logprobs.exp() * dlogprobs.sum(1, keepdim=True)
dW = X.T @ dlogits
db = dlogits.sum(0)
""",
    gradients=usual("logprobs", "logits", "W", "b"),
    compare=compared("logprobs", "logits", "W", "b"),
    right={
        "dlogits = dlogprobs - logprobs.exp() * dlogprobs.sum(1, keepdim=True)": (
            "dlogits = (logits.softmax(1) - soft) / n",
            "dlogits = dlogprobs + F.softmax(logits, dim=1) / n",
            "dlogits = dlogprobs.clone()\ndlogits -= torch.softmax(logits, 1) * dlogprobs.sum(1)[:, None]",
        ),
        "dlogprobs = -soft / n": (
            "dlogprobs = -1.0 / n * soft",
            "dlogprobs = torch.full((n, k), -eps / k / n)\ndlogprobs[range(n), Y] -= (1 - eps) / n",
        ),
    },
    wrong={
        "dlogprobs = -soft / n": (
            ("dlogprobs = -F.one_hot(Y, k) / n", ""),
            ("dlogprobs = -soft / (n * k)", "scale"),
            ("dlogprobs = -soft", "scale"),
            ("dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Y] = -(1 - eps) / n", ""),
            ("dlogprobs = soft / n", "sign"),
        ),
        "dlogits = dlogprobs - logprobs.exp() * dlogprobs.sum(1, keepdim=True)": (
            ("dlogits = dlogprobs", "missing-path"),
            ("dlogits = dlogprobs - logprobs * dlogprobs.sum(1, keepdim=True)", ""),
            ("dlogits = dlogprobs - dlogprobs.mean(1, keepdim=True)", ""),
            ("dlogits = (logits.softmax(1) - F.one_hot(Y, k)) / n", ""),
            ("dlogits = dlogprobs - logprobs.exp() * dlogprobs.sum(0, keepdim=True)", ""),
        ),
    },
)

CONTRASTIVE = Script(
    name="contrastive_with_cosine",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(44)
n, tau = 5, 0.5
u = torch.randn(n, 3)
v = torch.randn(n, 3)
A = (torch.randn(3, 4) * 0.7).requires_grad_()
B = (torch.randn(3, 4) * 0.7).requires_grad_()
""",
    forward="""
a = u @ A
b = v @ B
na = a.norm(dim=1, keepdim=True)
nb = b.norm(dim=1, keepdim=True)
ah = a / na
bh = b / nb
sim = ah @ bh.T / tau
loss = F.cross_entropy(sim, torch.arange(n))
for t in (a, b, ah, bh, sim):
    t.retain_grad()
loss.backward()
""",
    hand="""
dsim = (sim.softmax(1) - torch.eye(n)) / n
dah = dsim @ bh / tau
dbh = dsim.T @ ah / tau
da = (dah - ah * (ah * dah).sum(1, keepdim=True)) / na
db = (dbh - bh * (bh * dbh).sum(1, keepdim=True)) / nb
dA = u.T @ da
dB = v.T @ db
""",
    gradients=usual("sim", "ah", "bh", "a", "b", "A", "B"),
    compare=compared("sim", "ah", "bh", "a", "b", "A", "B"),
    right={
        "da = (dah - ah * (ah * dah).sum(1, keepdim=True)) / na": (
            "da = dah / na - a * (a * dah).sum(1, keepdim=True) / na**3",
            "dna = -(a / na**2 * dah).sum(1, keepdim=True)\nda = dah / na + a / na * dna",
            "da = torch.stack([(torch.eye(4) - torch.outer(r, r)) @ d / s for r, d, s in zip(ah, dah, na)])",
        ),
        "dsim = (sim.softmax(1) - torch.eye(n)) / n": ("dsim = sim.softmax(1) / n\ndsim.diagonal().sub_(1 / n)",),
        "dbh = dsim.T @ ah / tau": ("dbh = torch.einsum('ij,ik->jk', dsim, ah) / tau",),
    },
    wrong={
        "da = (dah - ah * (ah * dah).sum(1, keepdim=True)) / na": (
            ("da = dah / na", "missing-path"),
            ("da = (dah - ah * (ah * dah).sum(1, keepdim=True)) / na**2", "wrong-power"),
            ("da = dah - ah * (ah * dah).sum(1, keepdim=True)", ""),
            ("da = (dah - a * (a * dah).sum(1, keepdim=True)) / na", ""),
            ("da = (dah - ah * (ah * dah).sum(0, keepdim=True)) / na", ""),
            ("da = (dah + ah * (ah * dah).sum(1, keepdim=True)) / na", ""),
            ("da = (dah - ah * (ah * dah).sum(1, keepdim=True)) / nb", ""),
        ),
        "dbh = dsim.T @ ah / tau": (
            ("dbh = dsim @ ah / tau", "transposed"),
            ("dbh = dsim.T @ ah", "scale"),
            ("dbh = dsim.T @ bh / tau", ""),
        ),
        "dsim = (sim.softmax(1) - torch.eye(n)) / n": (
            ("dsim = (sim.softmax(0) - torch.eye(n)) / n", ""),
            ("dsim = sim.softmax(1) / n", ""),
        ),
    },
)

LOGSUMEXP = Script(
    name="logsumexp",
    setup="""
import torch

torch.manual_seed(45)
X = torch.randn(6, 3)
Y = torch.tensor([0, 1, 3, 3, 2, 1])
W = torch.randn(3, 4, requires_grad=True)
temperature = torch.tensor(1.7, requires_grad=True)
n = 6
""",
    forward="""
raw = X @ W
z = raw / temperature
lse = torch.logsumexp(z, dim=1)
picked = z[torch.arange(n), Y]
nll = lse - picked
loss = nll.mean() + 0.01 * (lse**2).mean()
for t in (raw, z, lse, picked, nll):
    t.retain_grad()
loss.backward()
""",
    hand="""
dnll = torch.full((n,), 1 / n)
dpicked = -dnll
dlse = dnll + 0.02 * lse / n
dz = torch.exp(z - lse[:, None]) * dlse[:, None]
dz[torch.arange(n), Y] += dpicked
draw = dz / temperature
dtemperature = -(dz * raw).sum() / temperature**2
dW = X.T @ draw
""",
    gradients=usual("nll", "picked", "lse", "z", "raw", "temperature", "W"),
    compare=compared("nll", "picked", "lse", "z", "raw", "temperature", "W"),
    right={
        "dz = torch.exp(z - lse[:, None]) * dlse[:, None]": (
            "dz = z.softmax(1) * dlse.unsqueeze(1)",
            "dz = torch.diag(dlse) @ torch.softmax(z, dim=-1)",
        ),
        "dz[torch.arange(n), Y] += dpicked": (
            "dz += torch.eye(4)[Y] * dpicked[:, None]",
            "for i in range(n):\n    dz[i, Y[i]] += dpicked[i]",
            "dz = dz.scatter_add(1, Y[:, None], dpicked[:, None])",
        ),
        "dtemperature = -(dz * raw).sum() / temperature**2": ("dtemperature = -(dz * z).sum() / temperature",),
        "dnll = torch.full((n,), 1 / n)": ("dnll = torch.ones_like(nll) / n",),
    },
    wrong={
        "dlse = dnll + 0.02 * lse / n": (
            ("dlse = dnll", "missing-path"),
            ("dlse = dnll + 0.01 * lse / n", ""),
            ("dlse = dnll + 0.02 * lse", ""),
            ("dlse = dnll + 0.02 * lse**2 / n", ""),
            ("dlse = 0.02 * lse / n", "missing-path"),
        ),
        "dz[torch.arange(n), Y] += dpicked": (
            ("dz[torch.arange(n), Y] = dpicked", ""),
            ("dz[:, Y] += dpicked", ""),
            ("dz[torch.arange(n), Y] -= dpicked", ""),
            ("pass", "missing-path"),
        ),
        "dtemperature = -(dz * raw).sum() / temperature**2": (
            ("dtemperature = (dz * raw).sum() / temperature**2", "sign"),
            ("dtemperature = -(dz * raw).sum() / temperature", ""),
            ("dtemperature = -(dz * raw).mean() / temperature**2", "scale"),
            ("dtemperature = (dz * raw).sum().abs() / temperature**2", ""),
        ),
    },
)

SCRIPTS = (HINGE, BCE, SMOOTHED, CONTRASTIVE, LOGSUMEXP)
