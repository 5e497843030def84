"""Attention with several heads and a mask, and an embedding whose weights are those of the output too."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

MULTI_HEAD = Script(
    name="multi_head_attention",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(12)
B, T, C, H = 2, 4, 6, 2
hs = C // H
x = torch.randn(B, T, C, requires_grad=True)
Wq = (torch.randn(C, C) * 0.4).requires_grad_()
Wk = (torch.randn(C, C) * 0.4).requires_grad_()
Wv = (torch.randn(C, C) * 0.4).requires_grad_()
Wo = (torch.randn(C, C) * 0.4).requires_grad_()
goal = torch.randn(B, T, C)
future = torch.ones(T, T).triu(1).bool()
""",
    forward="""
q = (x @ Wq).view(B, T, H, hs).transpose(1, 2)
k = (x @ Wk).view(B, T, H, hs).transpose(1, 2)
v = (x @ Wv).view(B, T, H, hs).transpose(1, 2)
scores = q @ k.transpose(-2, -1) * hs**-0.5
masked = scores.masked_fill(future, float('-inf'))
att = F.softmax(masked, dim=-1)
heads = att @ v
joined = heads.transpose(1, 2).reshape(B, T, C)
out = joined @ Wo
loss = ((out - goal) ** 2).mean()
for t in (q, k, v, scores, att, heads, joined, out):
    t.retain_grad()
loss.backward()
""",
    hand="""
dout = 2 * (out - goal) / out.numel()
dWo = (joined.transpose(1, 2) @ dout).sum(0)
djoined = dout @ Wo.T
dheads = djoined.view(B, T, H, hs).transpose(1, 2)
datt = dheads @ v.transpose(-2, -1)
dv = att.transpose(-2, -1) @ dheads
dscores = att * (datt - (att * datt).sum(-1, keepdim=True))
dq = dscores @ k * hs**-0.5
dk = dscores.transpose(-2, -1) @ q * hs**-0.5
dxq = dq.transpose(1, 2).reshape(B, T, C)
dxk = dk.transpose(1, 2).reshape(B, T, C)
dxv = dv.transpose(1, 2).reshape(B, T, C)
dWq = (x.transpose(1, 2) @ dxq).sum(0)
dWk = (x.transpose(1, 2) @ dxk).sum(0)
dWv = (x.transpose(1, 2) @ dxv).sum(0)
dx = dxq @ Wq.T + dxk @ Wk.T + dxv @ Wv.T
""",
    gradients=usual("out", "Wo", "joined", "heads", "att", "v", "scores", "q", "k", "Wq", "Wk", "Wv", "x"),
    compare=compared("out", "Wo", "joined", "heads", "att", "v", "scores", "q", "k", "Wq", "Wk", "Wv", "x"),
    right={
        "dscores = att * (datt - (att * datt).sum(-1, keepdim=True))": (
            "dscores = att * datt - att * (att * datt).sum(-1, keepdim=True)",
            "J = torch.diag_embed(att) - att[..., None] * att[..., None, :]\ndscores = (J @ datt[..., None])[..., 0]",
            "dscores = (att * (datt - (att * datt).sum(-1, keepdim=True))).masked_fill(future, 0)",
        ),
        "dWq = (x.transpose(1, 2) @ dxq).sum(0)": (
            "dWq = torch.einsum('btc,btd->cd', x, dxq)",
            "dWq = x.reshape(-1, C).T @ dxq.reshape(-1, C)",
        ),
        "dx = dxq @ Wq.T + dxk @ Wk.T + dxv @ Wv.T": (
            "dx = torch.cat([dxq, dxk, dxv], -1) @ torch.cat([Wq, Wk, Wv], 1).T",
            "dx = torch.zeros_like(x)\nfor d, w in ((dxq, Wq), (dxk, Wk), (dxv, Wv)):\n    dx += d @ w.t()",
        ),
        "dq = dscores @ k * hs**-0.5": ("dq = torch.einsum('bhts,bhsd->bhtd', dscores, k) / hs**0.5",),
    },
    wrong={
        "dscores = att * (datt - (att * datt).sum(-1, keepdim=True))": (
            ("dscores = att * (1 - att) * datt", ""),
            ("dscores = att * datt", ""),
            ("dscores = att * (datt - (att * datt).sum(-2, keepdim=True))", ""),
            ("dscores = att * (datt - datt.sum(-1, keepdim=True))", ""),
        ),
        "dk = dscores.transpose(-2, -1) @ q * hs**-0.5": (
            ("dk = dscores @ q * hs**-0.5", "transposed"),
            ("dk = dscores.transpose(-2, -1) @ q * C**-0.5", "scale"),
        ),
        "datt = dheads @ v.transpose(-2, -1)": (
            ("datt = (dheads @ v.transpose(-2, -1)).triu()", ""),
            ("datt = v @ dheads.transpose(-2, -1)", "transposed"),
        ),
        "dheads = djoined.view(B, T, H, hs).transpose(1, 2)": (("dheads = djoined.view(B, H, T, hs)", ""),),
    },
)

TIED = Script(
    name="embedding_with_tied_weights",
    setup="""
import torch
import torch.nn.functional as F

g = torch.Generator().manual_seed(21)
ix = torch.tensor([[1, 4], [4, 4], [0, 2], [6, 1]])
Y = torch.tensor([2, 6, 1, 4])
E = torch.randn(7, 5, generator=g) * 0.6
W = torch.randn(10, 5, generator=g) * 0.4
b = torch.randn(7, generator=g) * 0.1
for p in (E, W, b):
    p.requires_grad_(True)
n = Y.shape[0]
""",
    forward="""
emb = E[ix]
embcat = emb.view(n, -1)
h = torch.tanh(embcat @ W)
logits = h @ E.T + b
loss = F.cross_entropy(logits, Y)
for t in (emb, embcat, h, logits):
    t.retain_grad()
loss.backward()
""",
    hand="""
dlogits = F.softmax(logits, 1)
dlogits[range(n), Y] -= 1
dlogits /= n
db = dlogits.sum(0)
dh = dlogits @ E
dhpre = dh * (1 - h**2)
dW = embcat.T @ dhpre
dembcat = dhpre @ W.T
demb = dembcat.view(emb.shape)
dE = dlogits.T @ h
dE.index_add_(0, ix.view(-1), demb.reshape(-1, 5))
""",
    gradients=usual("logits", "b", "h", "W", "embcat", "emb", "E"),
    compare=compared("logits", "b", "h", "W", "embcat", "emb", "E"),
    right={
        "dE.index_add_(0, ix.view(-1), demb.reshape(-1, 5))": (
            "for k in range(n):\n    for j in range(2):\n        dE[ix[k, j]] += demb[k, j]",
            "dE = dE.index_put((ix,), demb, accumulate=True)",
            "dE = dE + F.one_hot(ix.view(-1), 7).to(demb.dtype).T @ demb.view(-1, 5)",
            "dE = dE.index_add(0, ix.flatten(), demb.flatten(0, 1))",
        ),
        "dE = dlogits.T @ h": (
            "dE = torch.zeros_like(E)\ndE += dlogits.T @ h",
            "dE = torch.einsum('nv,nd->vd', dlogits, h)",
        ),
    },
    wrong={
        "dE.index_add_(0, ix.view(-1), demb.reshape(-1, 5))": (
            ("dE[ix] += demb", "lost-duplicates"),
            ("dE[ix] = demb", ""),
            ("dE.index_add_(0, ix.view(-1), demb.reshape(-1, 5), alpha=0.5)", ""),
            ("dE.index_add_(0, ix.T.reshape(-1), demb.reshape(-1, 5))", ""),
            ("dE = torch.zeros_like(E).index_add_(0, ix.view(-1), demb.reshape(-1, 5))", "missing-path"),
            ("dE.index_add_(0, Y, demb[:, 0])", ""),
        ),
        "dE = dlogits.T @ h": (("dE = torch.zeros_like(E)", "missing-path"), ("dE = (h.T @ dlogits).T.sign()", "")),
        "dh = dlogits @ E": (("dh = dlogits @ E.abs()", ""),),
    },
)

SCRIPTS = (MULTI_HEAD, TIED)
