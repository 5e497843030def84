"""Dropout drawn by torch and by hand, an L2 term, activations and residuals changed in place."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

DROPOUT = Script(
    name="dropout_by_torch",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(17)
X = torch.randn(8, 3)
Y = torch.randint(0, 3, (8,))
W1 = (torch.randn(3, 6) * 0.6).requires_grad_()
b1 = (torch.randn(6) * 0.2).requires_grad_()
W2 = (torch.randn(6, 3) * 0.6).requires_grad_()
""",
    forward="""
hpre = X @ W1 + b1
h = torch.tanh(hpre)
hd = F.dropout(h, p=0.25)
logits = hd @ W2
loss = F.cross_entropy(logits, Y)
for t in (hpre, h, hd, logits):
    t.retain_grad()
loss.backward()
""",
    hand="""
dlogits = (F.softmax(logits, 1) - F.one_hot(Y, 3)) / Y.numel()
dW2 = hd.T @ dlogits
dhd = dlogits @ W2.T
dh = dhd * (hd != 0) / 0.75
dhpre = (1 - h**2) * dh
dW1 = X.T @ dhpre
db1 = dhpre.sum(0)
""",
    gradients=usual("logits", "W2", "hd", "h", "hpre", "W1", "b1"),
    compare=compared("logits", "W2", "hd", "h", "hpre", "W1", "b1"),
    right={
        "dh = dhd * (hd != 0) / 0.75": (
            "kept = (hd != 0).to(h.dtype)\ndh = dhd * kept * 4 / 3",
            "dh = dhd / 0.75\ndh[hd == 0] = 0",
            "dh = (dhd / (1 - 0.25)).masked_fill(hd == 0, 0.0)",
            "dh = torch.where(hd == 0, 0.0, dhd / 0.75)",
            "dh = dhd * (hd / h)",
        ),
    },
    wrong={
        "dh = dhd * (hd != 0) / 0.75": (
            ("dh = dhd * (hd != 0)", "scale"),
            ("dh = dhd / 0.75", "mask"),
            ("dh = dhd * 0.75", ""),
            ("dh = dhd", ""),
            ("dh = dhd * (hd > 0) / 0.75", "mask"),
            ("dh = dhd * (hd == 0) / 0.75", "mask"),
            ("dh = dhd * (hd != 0) / 0.25", "scale"),
            ("dh = F.dropout(dhd, p=0.25)", ""),
        ),
    },
)

MASK_BY_HAND = Script(
    name="dropout_by_hand",
    setup="""
import torch

torch.manual_seed(18)
keep = 0.7
X = torch.randn(7, 4)
y = torch.randn(7, 1)
w1 = torch.randn(4, 5, requires_grad=True)
b1 = torch.randn(5, requires_grad=True)
w2 = torch.randn(5, 1, requires_grad=True)
""",
    forward="""
a = X @ w1 + b1
r = torch.relu(a)
mask = (torch.rand(r.shape) < keep) / keep
d = r * mask
pred = d @ w2
err = pred - y
loss = (err * err).mean()
for t in [a, r, d, pred, err]:
    t.retain_grad()
loss.backward()
""",
    hand="""
derr = 2 * err / len(err)
dpred = derr
dw2 = d.t() @ dpred
dd = dpred @ w2.t()
dr = dd * mask
da = dr * (a > 0)
dw1 = X.t() @ da
db1 = da.sum(dim=0)
""",
    gradients=usual("err", "pred", "w2", "d", "r", "a", "w1", "b1"),
    right={
        "dr = dd * mask": (
            "dr = torch.where(mask > 0, dd / keep, 0.0)",
            "dr = dd.clone()\ndr *= mask",
            "dr = (dd / keep).masked_fill(mask == 0, 0.0)",
        ),
        "da = dr * (a > 0)": (
            "da = dr.clone()\nda[a <= 0] = 0",
            "da = dr * r.gt(0)",
            "da = dr * (d > 0)",
            "da = torch.where(a < 0, torch.zeros_like(dr), dr)",
            "da = dr * torch.heaviside(a, torch.zeros(1))",
        ),
        "dd = dpred @ w2.t()": ("dd = dpred * w2.view(1, -1)",),
    },
    wrong={
        "dr = dd * mask": (
            ("dr = dd * (mask > 0)", "scale"),
            ("dr = dd", ""),
            ("dr = dd * mask / keep", "scale"),
            ("dr = dd * mask**2", ""),
            ("dr = dd * keep", ""),
            ("dr = dd * (1 - mask)", ""),
        ),
        "da = dr * (a > 0)": (("da = dr * (dr > 0)", ""), ("da = dr * a", ""), ("da = dr.clamp(min=0)", "")),
    },
)

L2 = Script(
    name="l2_term",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(19)
n, reg = 6, 0.05
X = torch.randn(n, 4)
Y = torch.randint(0, 3, (n,))
W1 = (torch.randn(4, 5) * 0.7).requires_grad_()
b1 = (torch.randn(5) * 0.1).requires_grad_()
W2 = (torch.randn(5, 3) * 0.7).requires_grad_()
b2 = (torch.randn(3) * 0.1).requires_grad_()
""",
    forward="""
h = torch.relu(X @ W1 + b1)
scores = h @ W2 + b2
data_loss = F.cross_entropy(scores, Y)
reg_loss = 0.5 * reg * (W1 * W1).sum() + 0.5 * reg * (W2 * W2).sum()
loss = data_loss + reg_loss
h.retain_grad()
scores.retain_grad()
loss.backward()
""",
    hand="""
dscores = F.softmax(scores, dim=1)
dscores[range(n), Y] -= 1
dscores /= n
dW2 = h.T @ dscores
dW2 += reg * W2
db2 = dscores.sum(0)
dh = dscores @ W2.T
dhidden = dh * (h > 0)
dW1 = X.T @ dhidden + reg * W1
db1 = dhidden.sum(0)
""",
    gradients=usual("scores", "W2", "b2", "h", "W1", "b1"),
    compare=compared("scores", "W2", "b2", "h", "W1", "b1"),
    right={
        "dW1 = X.T @ dhidden + reg * W1": (
            "dW1 = reg * W1\ndW1 += X.T @ dhidden",
            "dW1 = torch.addmm(W1, X.T, dhidden, beta=reg)",
            "dW1 = (X.T @ dhidden).add(W1, alpha=reg)",
        ),
        "dW2 += reg * W2": ("dW2 = dW2 + 0.5 * reg * 2 * W2", "dW2.add_(W2, alpha=reg)"),
    },
    wrong={
        "dW2 += reg * W2": (
            ("dW2 += 2 * reg * W2", ""),
            ("dW2 += 0.5 * reg * W2", ""),
            ("dW2 += reg * W2.abs()", ""),
            ("dW2 += reg", ""),
            ("dW2 += reg * W2 / n", ""),
        ),
        "dW1 = X.T @ dhidden + reg * W1": (
            ("dW1 = X.T @ dhidden", "missing-path"),
            ("dW1 = X.T @ dhidden + 2 * reg * W1", ""),
            ("dW1 = X.T @ dhidden + W1", ""),
            ("dW1 = X.T @ dhidden + reg * W1**2", ""),
            ("dW1 = reg * W1", "missing-path"),
            ("dW1 = X.T @ dhidden - reg * W1", ""),
        ),
        "dhidden = dh * (h > 0)": (("dhidden = dh * (dh > 0)", ""), ("dhidden = dh * h", "")),
    },
)

RELU_IN_PLACE = Script(
    name="relu_in_place",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(23)
X = torch.randn(6, 5)
T = torch.randn(6, 2)
A = torch.randn(5, 6, requires_grad=True)
c = torch.randn(6, requires_grad=True)
B = torch.randn(6, 2, requires_grad=True)
""",
    forward="""
z = X @ A
z += c
z = F.relu(z, inplace=True)
out = z @ B
loss = F.mse_loss(out, T)
out.retain_grad()
loss.backward()
""",
    hand="""
dout = (out - T) * 2 / out.numel()
dB = z.T @ dout
dz = dout @ B.T
dz[z <= 0] = 0
dA = X.T @ dz
dc = dz.sum(0)
""",
    gradients=usual("out", "B", "A", "c"),
    compare=compared("out", "B", "A", "c"),
    right={
        "dz[z <= 0] = 0": (
            "dz = dz * (z > 0)",
            "dz *= z > 0",
            "dz = torch.where(z > 0, dz, 0.0)",
            "dz.masked_fill_(z == 0, 0.0)",
            "dz = dz * z.sign()",
        ),
        "dz = dout @ B.T": ("dz = torch.zeros(6, 6)\ndz += dout @ B.T",),
    },
    wrong={
        "dz[z <= 0] = 0": (
            ("dz[z > 0] = 0", "mask"),
            ("dz[dz <= 0] = 0", "mask"),
            ("pass", "mask"),
            ("dz[z <= 0] = 1", ""),
            ("dz.clone()[z <= 0] = 0", "mask"),
            ("dz = dz.masked_fill(z <= 0.3, 0)", "mask"),
            ("dz = dz * z", ""),
        ),
        "dA = X.T @ dz": (("dA = X.T @ (dout @ B.T)", ""),),
    },
)

RESIDUAL_IN_PLACE = Script(
    name="residual_in_place",
    setup="""
import torch

torch.manual_seed(24)
X = torch.randn(4, 4)
goal = torch.randn(4, 4)
W0 = (torch.randn(4, 4) * 0.5).requires_grad_()
W1 = (torch.randn(4, 4) * 0.5).requires_grad_()
W2 = (torch.randn(4, 4) * 0.5).requires_grad_()
""",
    forward="""
x0 = X @ W0
f1 = torch.tanh(x0 @ W1)
x = x0 + f1
f2 = torch.sigmoid(x @ W2)
y = x + 0
y += f2
loss = (y - goal).pow(2).sum()
for t in (x0, f1, x, f2):
    t.retain_grad()
loss.backward()
""",
    hand="""
dy = 2 * (y - goal)
df2 = dy
dg2 = df2 * f2 * (1 - f2)
dW2 = x.T @ dg2
dx = dg2 @ W2.T
dx += dy
df1 = dx
dg1 = df1 * (1 - f1**2)
dW1 = x0.T @ dg1
dx0 = dg1 @ W1.T + dx
dW0 = X.T @ dx0
""",
    gradients=usual("f2", "W2", "x", "f1", "W1", "x0", "W0"),
    right={
        "dx += dy": ("dx = dx + dy", "dx.add_(dy)", "dx = torch.add(dy, dx)"),
        "dx0 = dg1 @ W1.T + dx": ("dx0 = dx.clone()\ndx0 += dg1 @ W1.T", "dx0 = dx + (W1 @ dg1.T).T"),
        "df2 = dy": ("df2 = dy.clone()",),
    },
    wrong={
        "dx += dy": (
            ("dx = dy", "missing-path"),
            ("pass", "missing-path"),
            ("dx -= dy", ""),
            ("dx *= dy", ""),
            ("dx += 2 * dy", ""),
            ("dx += df2 + dy", ""),
            ("dx += df2 * f2", ""),
        ),
        "dx0 = dg1 @ W1.T + dx": (
            ("dx0 = dg1 @ W1.T", "missing-path"),
            ("dx0 = dx", "missing-path"),
            ("dx0 = dg1 @ W1.T + dy", ""),
            ("dx0 = dg1 @ W1.T + df2", ""),
        ),
    },
)

SCRIPTS = (DROPOUT, MASK_BY_HAND, L2, RELU_IN_PLACE, RESIDUAL_IN_PLACE)
