"""Recurrent networks: the states under their own names, in a list, in a dict, and rebound under one name."""

from __future__ import annotations

from tests.engine.scripts.script import Script, compared, usual

UNROLLED = Script(
    name="rnn_unrolled",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(1)
x1, x2, x3 = torch.randn(4, 5), torch.randn(4, 5), torch.randn(4, 5)
Y = torch.randint(0, 3, (4,))
h0 = torch.randn(4, 6) * 0.5
Wx = (torch.randn(5, 6) * 0.4).requires_grad_()
Wh = (torch.randn(6, 6) * 0.4).requires_grad_()
b = (torch.randn(6) * 0.1).requires_grad_()
Wy = (torch.randn(6, 3) * 0.5).requires_grad_()
n = 4
""",
    forward="""
# forward pass, three steps
h1 = torch.tanh(x1 @ Wx + h0 @ Wh + b)
h2 = torch.tanh(x2 @ Wx + h1 @ Wh + b)
h3 = torch.tanh(x3 @ Wx + h2 @ Wh + b)
logits = h3 @ Wy
loss = F.cross_entropy(logits, Y)

for t in (h1, h2, h3, logits):
    t.retain_grad()
loss.backward()
""",
    hand="""
# backward pass by hand
dlogits = (F.softmax(logits, 1) - F.one_hot(Y, 3)) / n
dWy = h3.T @ dlogits
dh3 = dlogits @ Wy.T
da3 = (1 - h3**2) * dh3
dh2 = da3 @ Wh.T
da2 = (1 - h2**2) * dh2
dh1 = da2 @ Wh.T
da1 = (1 - h1**2) * dh1
dWx = x1.T @ da1 + x2.T @ da2 + x3.T @ da3
dWh = h0.T @ da1 + h1.T @ da2 + h2.T @ da3
db = (da1 + da2 + da3).sum(0)
""",
    gradients=usual("logits", "Wy", "h3", "h2", "h1", "Wx", "Wh", "b"),
    compare=compared("logits", "Wy", "h3", "h2", "h1", "Wx", "Wh", "b"),
    right={
        "dlogits = (F.softmax(logits, 1) - F.one_hot(Y, 3)) / n": (
            "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Y] -= 1\ndlogits /= n",
            "p = logits.exp() / logits.exp().sum(1, keepdim=True)\ndlogits = (p - torch.eye(3)[Y]) / n",
        ),
        "dWx = x1.T @ da1 + x2.T @ da2 + x3.T @ da3": (
            "dWx = torch.zeros_like(Wx)\nfor x, da in ((x1, da1), (x2, da2), (x3, da3)):\n    dWx += x.T @ da",
            "dWx = torch.cat([x1, x2, x3]).T @ torch.cat([da1, da2, da3])",
        ),
        "dh2 = da3 @ Wh.T": ("dh2 = ((1 - h3**2) * (dlogits @ Wy.T)) @ Wh.T",),
        "db = (da1 + da2 + da3).sum(0)": ("db = sum(da.sum(0) for da in (da1, da2, da3))",),
    },
    wrong={
        "dWh = h0.T @ da1 + h1.T @ da2 + h2.T @ da3": (
            ("dWh = h1.T @ da1 + h2.T @ da2 + h3.T @ da3", ""),
            ("dWh = h1.T @ da2 + h2.T @ da3", ""),
            ("dWh = h2.T @ da3", ""),
        ),
        "dWx = x1.T @ da1 + x2.T @ da2 + x3.T @ da3": (("dWx = x3.T @ (da1 + da2 + da3)", ""),),
        "dlogits = (F.softmax(logits, 1) - F.one_hot(Y, 3)) / n": (
            ("dlogits = (F.softmax(logits, 0) - F.one_hot(Y, 3)) / n", ""),
            ("dlogits = F.softmax(logits, 1) - F.one_hot(Y, 3)", "scale"),
        ),
    },
)

IN_A_LIST = Script(
    name="rnn_states_in_a_list",
    setup="""
import torch

torch.manual_seed(4)
T, B, D, H = 4, 3, 2, 5
xs = torch.randn(T, B, D)
targets = torch.randn(T, B, H)
Wx = torch.nn.init.normal_(torch.empty(D, H), std=0.6).requires_grad_()
Wh = torch.nn.init.normal_(torch.empty(H, H), std=0.4).requires_grad_()
bh = torch.randn(H).mul(0.2).requires_grad_()
""",
    forward="""
hs = [torch.zeros(B, H)]
loss = 0.0
for t in range(T):
    hs.append(torch.tanh(xs[t] @ Wx + hs[-1] @ Wh + bh))
    loss = loss + 0.5 * ((hs[-1] - targets[t]) ** 2).sum() / B
loss.backward()
""",
    hand="""
dWx = torch.zeros_like(Wx)
dWh = torch.zeros_like(Wh)
dbh = torch.zeros_like(bh)
dh_next = torch.zeros(B, H)
for t in reversed(range(T)):
    dh = (hs[t + 1] - targets[t]) / B + dh_next
    da = (1 - hs[t + 1] ** 2) * dh
    dWx += xs[t].T @ da
    dWh += hs[t].T @ da
    dbh += da.sum(0)
    dh_next = da @ Wh.T
""",
    gradients=usual("Wx", "Wh", "bh"),
    compare="""
for name, g, p in [('Wx', dWx, Wx), ('Wh', dWh, Wh), ('bh', dbh, bh)]:
    print(name, torch.allclose(g, p.grad, atol=1e-6))
""",
    right={
        "dbh += da.sum(0)": ("dbh += torch.ones(B) @ da", "for row in da:\n    dbh += row"),
        "dWh += hs[t].T @ da": ("dWh.add_(hs[t].T @ da)", "dWh = torch.addmm(dWh, hs[t].T, da)"),
        "dWx += xs[t].T @ da": ("dWx = dWx + torch.einsum('bd,bh->dh', xs[t], da)",),
    },
    wrong={
        "dWh += hs[t].T @ da": (
            ("dWh += hs[t + 1].T @ da", ""),
            ("dWh += hs[0].T @ da", ""),
            ("if t > 1:\n    dWh += hs[t].T @ da", ""),
        ),
        "dh_next = da @ Wh.T": (("dh_next = dh @ Wh.T", ""), ("dh_next = dh_next + da @ Wh.T", "")),
    },
)

IN_A_DICT = Script(
    name="rnn_states_in_a_dict",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(7)
vocab_size, hidden_size = 6, 5
inputs = torch.tensor([0, 3, 5, 3, 1])
targets = torch.tensor([3, 5, 3, 1, 2])
Wxh = (torch.randn(vocab_size, hidden_size) * 0.5).requires_grad_()
Whh = (torch.randn(hidden_size, hidden_size) * 0.3).requires_grad_()
Why = (torch.randn(hidden_size, vocab_size) * 0.5).requires_grad_()
bh = (0.1 * torch.randn(1, hidden_size)).requires_grad_()
by = (0.1 * torch.randn(1, vocab_size)).requires_grad_()
""",
    forward="""
xs, hs, ys, ps = {}, {}, {}, {}
hs[-1] = torch.zeros(1, hidden_size)
loss = 0
for t in range(len(inputs)):
    xs[t] = F.one_hot(inputs[t], vocab_size).float().view(1, -1)
    hs[t] = torch.tanh(xs[t] @ Wxh + hs[t - 1] @ Whh + bh)
    ys[t] = hs[t] @ Why + by
    ps[t] = ys[t].softmax(1)
    loss = loss - ps[t][0, targets[t]].log()
loss.backward()
""",
    hand="""
dWxh, dWhh, dWhy = torch.zeros_like(Wxh), torch.zeros_like(Whh), torch.zeros_like(Why)
dbh, dby = torch.zeros_like(bh), torch.zeros_like(by)
dhnext = torch.zeros_like(hs[0])
for t in reversed(range(len(inputs))):
    dy = ps[t].clone()
    dy[0, targets[t]] -= 1
    dWhy += hs[t].T @ dy
    dby += dy
    dh = dy @ Why.T + dhnext
    dhraw = (1 - hs[t] * hs[t]) * dh
    dbh += dhraw
    dWxh += xs[t].T @ dhraw
    dWhh += hs[t - 1].T @ dhraw
    dhnext = dhraw @ Whh.T
""",
    gradients=usual("Wxh", "Whh", "Why", "bh", "by"),
    compare=compared("Wxh", "Whh", "Why", "bh", "by"),
    right={
        "dy = ps[t].clone()": ("dy = ys[t].detach().softmax(1)", "dy = ys[t].exp() / ys[t].exp().sum()"),
        "dWxh += xs[t].T @ dhraw": ("dWxh[inputs[t]] += dhraw[0]", "dWxh += torch.outer(xs[t][0], dhraw[0])"),
        "dhraw = (1 - hs[t] * hs[t]) * dh": ("dhraw = dh - hs[t].square() * dh",),
    },
    wrong={
        "dWxh += xs[t].T @ dhraw": (("dWxh[inputs[t]] = dhraw[0]", "lost-duplicates"),),
        "dWhh += hs[t - 1].T @ dhraw": (("dWhh += hs[-1].T @ dhraw", ""),),
        "dy[0, targets[t]] -= 1": (("dy[0, inputs[t]] -= 1", ""), ("dy -= 1", ""), ("dy[0, targets[t]] = -1", "")),
        "dby += dy": (("dby += dy.sum()", "over-summed"),),
    },
)

REBOUND = Script(
    name="rnn_state_rebound",
    setup="""
import torch

torch.manual_seed(2)
x = torch.randn(4, 6, 3)
y = torch.randn(6, 2)
U = (torch.randn(3, 5) * 0.5).requires_grad_()
W = (torch.randn(5, 5) * 0.4).requires_grad_()
b = (torch.randn(5) * 0.2).requires_grad_()
V = (torch.randn(5, 2) * 0.6).requires_grad_()
""",
    forward="""
h = torch.zeros(6, 5)
states = [h]
for t in range(4):
    z = x[t] @ U + h @ W + b
    h = z.relu()
    states.append(h)
out = h @ V
loss = ((out - y) ** 2).mean()
out.retain_grad()
loss.backward()
""",
    hand="""
# dh is carried back through time under one name
dout = 2 * (out - y) / out.numel()
dV = h.T @ dout
dh = dout @ V.T
dU, dW, db = torch.zeros_like(U), torch.zeros_like(W), torch.zeros_like(b)
for t in range(3, -1, -1):
    dz = dh * (states[t + 1] > 0)
    dU += x[t].T @ dz
    dW += states[t].T @ dz
    db += dz.sum(0)
    dh = dz @ W.T
""",
    gradients=usual("out", "V", "U", "W", "b"),
    right={
        "dz = dh * (states[t + 1] > 0)": (
            "dz = dh.clone()\ndz[states[t + 1] == 0] = 0",
            "dz = dh.masked_fill(states[t + 1] <= 0, 0)",
            "dz = torch.where(states[t + 1] > 0, dh, 0.0)",
            "dz = dh * states[t + 1].sign()",
        ),
        "dh = dz @ W.T": ("dh = (W @ dz.T).T",),
        "dW += states[t].T @ dz": ("dW = dW + sum(torch.outer(s, d) for s, d in zip(states[t], dz))",),
    },
    wrong={
        "dz = dh * (states[t + 1] > 0)": (
            ("dz = dh * (dh > 0)", ""),
            ("dz = dh * states[t + 1]", ""),
            ("dz = dh * (states[t] > 0)", ""),
            ("dz = dh * (1 - states[t + 1] ** 2)", ""),
        ),
        "dV = h.T @ dout": (("dV = states[0].T @ dout", ""), ("dV = states[-2].T @ dout", "")),
    },
)

SCRIPTS = (UNROLLED, IN_A_LIST, IN_A_DICT, REBOUND)
