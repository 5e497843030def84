"""Convolutions by F.conv2d and by F.unfold, max-pooling, and a sequence that is added up."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

CONV = Script(
    name="conv2d",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(5)
x = torch.randn(3, 2, 5, 5, requires_grad=True)
W = torch.randn(4, 2, 3, 3).mul(0.4).requires_grad_()
b = torch.randn(4).mul(0.2).requires_grad_()
Wo = torch.randn(36, 3).mul(0.3).requires_grad_()
Y = torch.tensor([2, 0, 1])
""",
    forward="""
z = F.conv2d(x, W, b)
h = F.relu(z)
flat = h.view(3, -1)
logits = flat @ Wo
loss = F.cross_entropy(logits, Y)
for t in (z, h, flat, logits):
    t.retain_grad()
loss.backward()
""",
    hand="""
dlogits = torch.softmax(logits, 1)
dlogits[range(3), Y] -= 1
dlogits /= 3
dWo = flat.T @ dlogits
dflat = dlogits @ Wo.T
dh = dflat.view(h.shape)
dz = dh * (z > 0)
db = dz.sum((0, 2, 3))
dW = torch.einsum('nol,nkl->ok', dz.flatten(2), F.unfold(x, 3)).view(W.shape)
dx = F.conv_transpose2d(dz, W)
""",
    gradients=usual("logits", "Wo", "flat", "h", "z", "b", "W", "x"),
    compare=compared("logits", "Wo", "flat", "h", "z", "b", "W", "x"),
    right={
        "db = dz.sum((0, 2, 3))": ("db = dz.sum(3).sum(2).sum(0)", "db = dz.transpose(0, 1).reshape(4, -1).sum(1)"),
        "dW = torch.einsum('nol,nkl->ok', dz.flatten(2), F.unfold(x, 3)).view(W.shape)": (
            "dW = (dz.flatten(2) @ F.unfold(x, 3).mT).sum(0).view(W.shape)",
            "dW = F.conv2d(x.transpose(0, 1), dz.transpose(0, 1)).transpose(0, 1)",
            "dW = torch.zeros_like(W)\nfor i in range(3):\n    for j in range(3):\n"
            "        dW[:, :, i, j] = torch.einsum('nohw,nchw->oc', dz, x[:, :, i:i + 3, j:j + 3])",
        ),
        "dx = F.conv_transpose2d(dz, W)": (
            "dx = F.fold(W.view(4, -1).T @ dz.flatten(2), (5, 5), 3)",
            "dx = F.conv2d(F.pad(dz, (2, 2, 2, 2)), W.flip(2, 3).transpose(0, 1))",
        ),
        "dz = dh * (z > 0)": ("dz = dh.clone()\ndz[z < 0] = 0.0", "dz = torch.where(h > 0, dh, torch.zeros_like(dh))"),
    },
    wrong={
        "dW = torch.einsum('nol,nkl->ok', dz.flatten(2), F.unfold(x, 3)).view(W.shape)": (
            ("dW = torch.einsum('nol,nkl->ok', dz.flatten(2), F.unfold(x, 3)).view(W.shape).transpose(2, 3)", ""),
            ("dW = torch.einsum('nol,nkl->ok', dz.flatten(2), F.unfold(x, 3)).view(W.shape).flip(2, 3)", ""),
            ("dW = torch.einsum('ol,kl->ok', dz.flatten(2)[0], F.unfold(x, 3)[0]).view(W.shape)", ""),
            ("dW = torch.einsum('nol,nkl->ok', dh.flatten(2), F.unfold(x, 3)).view(W.shape)", ""),
        ),
        "dx = F.conv_transpose2d(dz, W)": (
            ("dx = F.conv_transpose2d(dz, W.flip(2, 3))", ""),
            ("dx = F.conv_transpose2d(dh, W)", ""),
            ("dx = F.conv_transpose2d(dz, W.transpose(2, 3))", ""),
            ("dx = F.conv_transpose2d(z, W)", "no-upstream"),
        ),
        "db = dz.sum((0, 2, 3))": (("db = dz.mean((0, 2, 3))", "scale"), ("db = dz.sum((2, 3))[0]", "")),
    },
)

BY_UNFOLD = Script(
    name="conv_by_unfold",
    setup="""
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(6)
img = torch.randn(2, 3, 4, 4, generator=g)
kernel = (torch.randn(27, 5, generator=g) * 0.3).requires_grad_()
bias = (torch.randn(5, generator=g) * 0.1).requires_grad_()
img.requires_grad_()
target = torch.randn(2, 4, 5, generator=g)
""",
    forward="""
cols = F.unfold(img, 3).transpose(1, 2)
pre = cols @ kernel + bias
act = torch.sigmoid(pre)
diff = act - target
loss = (diff**2).mean()
for t in (cols, pre, act, diff):
    t.retain_grad()
loss.backward()
""",
    hand="""
ddiff = 2 * diff / diff.numel()
dact = ddiff
dpre = dact * act * (1 - act)
dbias = dpre.sum((0, 1))
dkernel = (cols.transpose(1, 2) @ dpre).sum(0)
dcols = dpre @ kernel.T
dimg = F.fold(dcols.transpose(1, 2), (4, 4), 3)
""",
    gradients=usual("diff", "act", "pre", "bias", "kernel", "cols", "img"),
    right={
        "dkernel = (cols.transpose(1, 2) @ dpre).sum(0)": (
            "dkernel = torch.einsum('nlk,nlo->ko', cols, dpre)",
            "dkernel = cols.reshape(-1, 27).T @ dpre.reshape(-1, 5)",
            "dkernel = sum(c.T @ d for c, d in zip(cols, dpre))",
        ),
        "dimg = F.fold(dcols.transpose(1, 2), (4, 4), 3)": (
            "dimg = torch.zeros_like(img)\nfor p in range(4):\n    i, j = p // 2, p % 2\n"
            "    dimg[:, :, i:i + 3, j:j + 3] += dcols[:, p].view(2, 3, 3, 3)",
        ),
        "dact = ddiff": ("dact = ddiff.clone()", "dact = 2.0 / 40 * (act - target)"),
    },
    wrong={
        "dimg = F.fold(dcols.transpose(1, 2), (4, 4), 3)": (
            (
                "dimg = torch.zeros_like(img)\nfor p in range(4):\n    i, j = p // 2, p % 2\n"
                "    dimg[:, :, i:i + 3, j:j + 3] = dcols[:, p].view(2, 3, 3, 3)",
                "",
            ),
            ("dimg = F.fold(dcols.transpose(1, 2), (4, 4), 3) / F.fold(torch.ones(2, 27, 4), (4, 4), 3)", ""),
        ),
        "dkernel = (cols.transpose(1, 2) @ dpre).sum(0)": (
            ("dkernel = (cols.transpose(1, 2) @ dpre).mean(0)", "scale"),
        ),
        "ddiff = 2 * diff / diff.numel()": (
            ("ddiff = 2 * diff / len(diff)", "scale"),
            ("ddiff = 2 * diff.abs() / diff.numel()", "sign"),
        ),
    },
)

MAX_POOL = Script(
    name="max_pool",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(9)
X = torch.randn(4, 16)
W1 = (torch.randn(16, 16) * 0.3).requires_grad_()
b1 = (torch.randn(16) * 0.1).requires_grad_()
W2 = (torch.randn(4, 3) * 0.5).requires_grad_()
Y = torch.randn(4, 3)
""",
    forward="""
a = torch.tanh(X @ W1 + b1)
grid = a.view(4, 1, 4, 4)
pooled, where = F.max_pool2d(grid, 2, return_indices=True)
out = pooled.flatten(1) @ W2
loss = ((out - Y) ** 2).sum(1).mean()
for t in (a, grid, pooled, out):
    t.retain_grad()
loss.backward()
""",
    hand="""
dout = 2 * (out - Y) / 4
dW2 = pooled.flatten(1).T @ dout
dpooled = (dout @ W2.T).view(4, 1, 2, 2)
dgrid = F.max_unpool2d(dpooled, where, 2)
da = dgrid.reshape(4, 16)
dz = (1 - a**2) * da
dW1 = X.T @ dz
db1 = dz.sum(0)
""",
    gradients=usual("out", "W2", "pooled", "grid", "a", "W1", "b1"),
    compare=compared("out", "W2", "pooled", "grid", "a", "W1", "b1"),
    right={
        "dgrid = F.max_unpool2d(dpooled, where, 2)": (
            "dgrid = torch.zeros(4, 16).scatter_(1, where.flatten(1), dpooled.flatten(1)).view_as(grid)",
            "big = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)\n"
            "tops = pooled.repeat_interleave(2, 2).repeat_interleave(2, 3)\ndgrid = big * (grid == tops)",
            "dgrid = torch.zeros_like(grid)\nfor n in range(4):\n    for i in range(2):\n        for j in range(2):\n"
            "            k = where[n, 0, i, j].item()\n            dgrid[n, 0, k // 4, k % 4] += dpooled[n, 0, i, j]",
        ),
    },
    wrong={
        "dgrid = F.max_unpool2d(dpooled, where, 2)": (
            ("dgrid = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3)", ""),
            ("dgrid = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3) / 4", ""),
            ("dgrid = F.max_unpool2d(pooled, where, 2)", "no-upstream"),
            ("dgrid = F.max_unpool2d(torch.ones_like(dpooled), where, 2)", "no-upstream"),
            ("dgrid = F.max_unpool2d(dpooled, where, 2).abs()", "sign"),
            ("dgrid = torch.zeros_like(grid)\ndgrid[:, :, ::2, ::2] = dpooled", ""),
            (
                "tops = pooled.repeat_interleave(2, 2).repeat_interleave(2, 3)\n"
                "dgrid = dpooled.repeat_interleave(2, 2).repeat_interleave(2, 3) * (grid != tops)",
                "",
            ),
        ),
    },
)

CUMSUM = Script(
    name="cumsum",
    setup="""
import torch

torch.manual_seed(8)
X = torch.randn(5, 4)
target = torch.randn(5, 5)
W = (torch.randn(4, 5) * 0.5).requires_grad_()
b = (torch.randn(5) * 0.3).requires_grad_()
""",
    forward="""
z = X @ W + b
w = torch.exp(0.3 * z)
s = w.cumsum(1)
loss = ((s - target) ** 2).mean()
for t in (z, w, s):
    t.retain_grad()
loss.backward()
""",
    hand="""
ds = 2 * (s - target) / s.numel()
dw = ds.flip(1).cumsum(1).flip(1)
dz = 0.3 * w * dw
dW = X.T @ dz
db = dz.sum(0)
""",
    gradients=usual("s", "w", "z", "W", "b"),
    compare="""
for name, mine, theirs in (('s', ds, s), ('w', dw, w), ('z', dz, z), ('W', dW, W), ('b', db, b)):
    print(name, torch.allclose(mine, theirs.grad))
""",
    right={
        "dw = ds.flip(1).cumsum(1).flip(1)": (
            "dw = ds @ torch.ones(5, 5).tril()",
            "dw = ds.sum(1, keepdim=True) - ds.cumsum(1) + ds",
            "dw = torch.stack([ds[:, k:].sum(1) for k in range(5)], 1)",
            "dw = ds.clone()\nfor k in range(3, -1, -1):\n    dw[:, k] += dw[:, k + 1]",
        ),
    },
    wrong={
        "dw = ds.flip(1).cumsum(1).flip(1)": (
            ("dw = ds.cumsum(1)", ""),
            ("dw = ds", ""),
            ("dw = ds @ torch.ones(5, 5).triu()", ""),
            ("dw = ds.flip(0).cumsum(0).flip(0)", ""),
            ("dw = ds.sum(1, keepdim=True) - ds.cumsum(1)", ""),
            ("dw = ds.flip(1).cumsum(1)", ""),
            ("dw = ds.sum(1, keepdim=True).expand(5, 5)", ""),
        ),
        "dz = 0.3 * w * dw": (("dz = w * dw", ""), ("dz = 0.3 * z * dw", ""), ("dz = 0.3 * dw", "")),
    },
)

SCRIPTS = (CONV, BY_UNFOLD, MAX_POOL, CUMSUM)
