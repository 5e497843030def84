"""Networks that are nn.Module: parameters of their own, nested, in nn.Sequential, in nn.ModuleList."""

from __future__ import annotations

from tests.engine.scripts.script import CMP, Script

OWN = Script(
    name="module_with_parameters",
    setup="""
import torch
import torch.nn as nn


class Net(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.W1 = nn.Parameter(torch.randn(n_in, n_hidden) * 0.5)
        self.b1 = nn.Parameter(torch.randn(n_hidden) * 0.1)
        self.W2 = nn.Parameter(torch.randn(n_hidden, n_out) * 0.5)

    def forward(self, x):
        self.h = torch.tanh(x @ self.W1 + self.b1)
        return self.h @ self.W2


torch.manual_seed(31)
net = Net(4, 6, 2)
X = torch.randn(8, 4)
y = torch.randn(8, 2)
""",
    forward="""
out = net(X)
loss = ((out - y) ** 2).mean()
loss.backward()
""",
    hand="""
with torch.no_grad():
    dout = 2 * (out - y) / out.numel()
    dW2 = net.h.T @ dout
    dh = dout @ net.W2.T
    dz = dh * (1 - net.h**2)
    dW1 = X.T @ dz
    db1 = dz.sum(0)
""",
    gradients={"dW2": "net.W2", "dW1": "net.W1", "db1": "net.b1"},
    compare="""
print('W1', torch.allclose(dW1, net.W1.grad))
print('b1', torch.allclose(db1, net.b1.grad))
print('W2', torch.allclose(dW2, net.W2.grad))
""",
    right={
        "dz = dh * (1 - net.h**2)": ("dz = dh - net.h.pow(2) * dh", "dz = dh / torch.cosh(X @ net.W1 + net.b1) ** 2"),
        "dW1 = X.T @ dz": ("dW1 = torch.zeros_like(net.W1)\nfor i in range(8):\n    dW1 += X[i][:, None] * dz[i]",),
    },
    wrong={
        "dz = dh * (1 - net.h**2)": (
            ("dz = dh * (1 - net.h)", ""),
            ("dz = dh * net.h * (1 - net.h)", ""),
            ("dz = dh * (net.h > 0)", ""),
        ),
        "dh = dout @ net.W2.T": (("dh = dout @ net.W1[:2]", ""),),
    },
)

NESTED = Script(
    name="module_nested",
    setup="""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.fc = nn.Linear(size, size)

    def forward(self, x):
        return x + F.relu(self.fc(x))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.emb = nn.Embedding(6, 4)
        self.block = Block(4)
        self.head = nn.Linear(4, 3, bias=False)

    def forward(self, ix):
        self.x = self.emb(ix)
        self.y = self.block(self.x)
        return self.head(self.y)


torch.manual_seed(32)
net = Net()
ix = torch.tensor([1, 5, 1, 0, 3, 5, 5])
target = torch.tensor([0, 2, 1, 1, 0, 2, 2])
""",
    forward="""
logits = net(ix)
logits.retain_grad()
loss = F.cross_entropy(logits, target)
loss.backward()
""",
    hand="""
x, y = net.x.detach(), net.y.detach()
dlogits = (logits.softmax(1) - F.one_hot(target, 3)) / len(target)
dhead = dlogits.T @ y
dy = dlogits @ net.head.weight
dpre = dy * (x @ net.block.fc.weight.T + net.block.fc.bias > 0)
dfc_weight = dpre.T @ x
dfc_bias = dpre.sum(0)
dx = dy + dpre @ net.block.fc.weight
demb = torch.zeros_like(net.emb.weight)
demb.index_add_(0, ix, dx)
""",
    gradients={
        "dlogits": "logits",
        "dhead": "net.head.weight",
        "dfc_weight": "net.block.fc.weight",
        "dfc_bias": "net.block.fc.bias",
        "demb": "net.emb.weight",
    },
    compare=CMP
    + """cmp('logits', dlogits, logits)
cmp('head', dhead, net.head.weight)
cmp('fc.weight', dfc_weight, net.block.fc.weight)
cmp('fc.bias', dfc_bias, net.block.fc.bias)
cmp('emb', demb, net.emb.weight)
""",
    right={
        "demb.index_add_(0, ix, dx)": (
            "for i, row in zip(ix, dx):\n    demb[i] += row",
            "demb += F.one_hot(ix, 6).to(dx.dtype).T @ dx",
            "demb = demb.scatter_add(0, ix[:, None].expand(-1, 4), dx)",
        ),
        "dfc_weight = dpre.T @ x": ("dfc_weight = (x.T @ dpre).T", "dfc_weight = torch.einsum('no,ni->oi', dpre, x)"),
        "dpre = dy * (x @ net.block.fc.weight.T + net.block.fc.bias > 0)": (
            "dpre = dy * (y > x)",
            "dpre = dy.clone()\ndpre[net.block.fc(x) <= 0] = 0",
        ),
    },
    wrong={
        "demb.index_add_(0, ix, dx)": (
            ("demb[ix] = dx", "lost-duplicates"),
            ("demb[ix] += dx", "lost-duplicates"),
            ("demb.index_add_(0, ix, dy)", ""),
        ),
        "dfc_weight = dpre.T @ x": (("dfc_weight = x.T @ dpre", "transposed"), ("dfc_weight = dpre.T @ y", "")),
        "dx = dy + dpre @ net.block.fc.weight": (
            ("dx = dpre @ net.block.fc.weight", "missing-path"),
            ("dx = dy + dpre @ net.block.fc.weight.T", ""),
        ),
        "dpre = dy * (x @ net.block.fc.weight.T + net.block.fc.bias > 0)": (
            ("dpre = dy * (y > 0)", ""),
            ("dpre = dy * (x > 0)", ""),
        ),
    },
)

SEQUENTIAL = Script(
    name="sequential",
    setup="""
import torch
from torch import nn

torch.manual_seed(33)
model = nn.Sequential(nn.Linear(3, 5), nn.Sigmoid(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 2))
inputs = torch.randn(9, 3)
labels = torch.randint(0, 2, (9,))
criterion = nn.CrossEntropyLoss()
""",
    forward="""
outputs = model(inputs)
loss = criterion(outputs, labels)
model.zero_grad()
loss.backward()
""",
    hand="""
grads = {}
with torch.no_grad():
    a1 = torch.sigmoid(model[0](inputs))
    a2 = torch.relu(model[2](a1))
    dout = torch.softmax(outputs, 1)
    dout[torch.arange(9), labels] -= 1
    dout /= 9
    grads['4.weight'] = dout.T @ a2
    grads['4.bias'] = dout.sum(0)
    dz2 = (dout @ model[4].weight) * (a2 > 0)
    grads['2.weight'] = dz2.T @ a1
    grads['2.bias'] = dz2.sum(0)
    dz1 = (dz2 @ model[2].weight) * a1 * (1 - a1)
    grads['0.weight'] = dz1.T @ inputs
    grads['0.bias'] = dz1.sum(0)
""",
    gradients={f"grads['{i}.{part}']": f"model[{i}].{part}" for i in (4, 2, 0) for part in ("weight", "bias")},
    compare="""
for name, p in model.named_parameters():
    print(name, torch.allclose(grads[name], p.grad))
""",
    right={
        "dz2 = (dout @ model[4].weight) * (a2 > 0)": (
            "dz2 = dout @ model[4].weight\ndz2[a2 == 0] = 0",
            "dz2 = torch.where(a2 > 0, dout @ model[4].weight, 0.0)",
        ),
        "grads['2.weight'] = dz2.T @ a1": ("grads['2.weight'] = sum(torch.outer(d, a) for d, a in zip(dz2, a1))",),
    },
    wrong={
        "dz2 = (dout @ model[4].weight) * (a2 > 0)": (
            ("dz2 = dout @ model[4].weight", "mask"),
            ("dz2 = (dout @ model[4].weight) * a2", ""),
        ),
        "grads['4.bias'] = dout.sum(0)": (("grads['4.bias'] = dout.mean(0)", "scale"),),
    },
)

MODULE_LIST = Script(
    name="module_list_in_a_loop",
    setup="""
import torch
import torch.nn as nn

torch.manual_seed(34)
sizes = [3, 4, 4, 1]
layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
X = torch.randn(6, 3)
y = torch.randn(6, 1)
""",
    forward="""
acts = [X]
for k, layer in enumerate(layers):
    z = layer(acts[-1])
    acts.append(torch.tanh(z) if k < 2 else z)
loss = ((acts[-1] - y) ** 2).mean()
loss.backward()
""",
    hand="""
dWs, dbs = [None] * 3, [None] * 3
d = 2 * (acts[-1] - y) / len(y)
for k in reversed(range(3)):
    dz = d * (1 - acts[k + 1] ** 2) if k < 2 else d
    dWs[k] = dz.T @ acts[k]
    dbs[k] = dz.sum(0)
    d = dz @ layers[k].weight
""",
    gradients={
        f"d{short}s[{k}]": f"layers[{k}].{part}" for k in range(3) for short, part in (("W", "weight"), ("b", "bias"))
    },
    compare="""
for k in range(3):
    assert dWs[k].shape == layers[k].weight.shape
    print(k, (dWs[k] - layers[k].weight.grad).abs().max().item(), (dbs[k] - layers[k].bias.grad).abs().max().item())
""",
    right={
        "dWs[k] = dz.T @ acts[k]": ("dWs[k] = torch.einsum('no,ni->oi', dz, acts[k])",),
        "dbs[k] = dz.sum(0)": ("dbs[k] = torch.ones(6) @ dz",),
    },
    wrong={
        "dz = d * (1 - acts[k + 1] ** 2) if k < 2 else d": (
            ("dz = d * (1 - acts[k + 1] ** 2)", ""),
            ("dz = d * (1 - acts[k] ** 2) if k == 1 else d", ""),
            ("dz = d", ""),
            ("dz = d * (1 - acts[k + 1] ** 2) if k < 1 else d", ""),
        ),
        "dWs[k] = dz.T @ acts[k]": (("dWs[k] = d.T @ acts[k]", ""), ("dWs[k] = dz.T @ acts[k] / 6", "scale")),
    },
)

SCRIPTS = (OWN, NESTED, SEQUENTIAL, MODULE_LIST)
