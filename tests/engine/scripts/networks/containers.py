"""Parameters and gradients in dicts and lists; backward passes in functions that return dicts and tuples."""

from __future__ import annotations

from tests.engine.scripts.script import Script

IN_DICTS = Script(
    name="params_and_grads_in_dicts",
    setup="""
import torch
import torch.nn.functional as F

torch.manual_seed(51)
X = torch.randn(6, 4)
Y = torch.tensor([1, 0, 2, 2, 1, 0])
params = {
    'W1': torch.randn(4, 4) * 0.6,
    'b1': torch.randn(4) * 0.2,
    'W2': torch.randn(4, 3) * 0.6,
    'b2': torch.randn(3) * 0.2,
}
for p in params.values():
    p.requires_grad = True
""",
    forward="""
cache = {}
cache['z1'] = X @ params['W1'] + params['b1']
cache['h1'] = F.relu(cache['z1'])
cache['scores'] = cache['h1'] @ params['W2'] + params['b2']
loss = F.cross_entropy(cache['scores'], Y)
loss.backward()
""",
    hand="""
grads = {}
dscores = F.softmax(cache['scores'], 1)
dscores[range(6), Y] -= 1
dscores = dscores / 6
grads['W2'] = cache['h1'].T @ dscores
grads['b2'] = dscores.sum(0)
dh1 = dscores @ params['W2'].T
dz1 = dh1 * (cache['z1'] > 0)
grads['W1'] = X.T @ dz1
grads['b1'] = dz1.sum(0)
""",
    gradients={f"grads['{name}']": f"params['{name}']" for name in ("W2", "b2", "W1", "b1")},
    compare="""
for name in params:
    print(name, torch.allclose(grads[name], params[name].grad))
""",
    right={
        "dz1 = dh1 * (cache['z1'] > 0)": (
            "dz1 = dh1.clone()\ndz1[cache['h1'] <= 0] = 0",
            "dz1 = torch.where(cache['z1'] > 0, dh1, 0.0)",
        ),
        "dh1 = dscores @ params['W2'].T": ("dh1 = F.linear(dscores, params['W2'])",),
    },
    wrong={
        "dz1 = dh1 * (cache['z1'] > 0)": (
            ("dz1 = dh1", "mask"),
            ("dz1 = dh1 * cache['h1']", ""),
            ("dz1 = dh1 * (dh1 > 0)", ""),
        ),
        "grads['W1'] = X.T @ dz1": (
            ("grads['W1'] = X.T @ dh1", ""),
            ("grads['W1'] = X.T @ dz1 + 0.1 * params['W1']", "extra-path"),
        ),
    },
)

IN_LISTS = Script(
    name="layers_and_grads_in_lists",
    setup="""
import torch

torch.manual_seed(52)
sizes = [3, 5, 5, 2]
Ws = [(torch.randn(a, b) * 0.5).requires_grad_() for a, b in zip(sizes, sizes[1:])]
bs = [(torch.randn(b) * 0.1).requires_grad_() for b in sizes[1:]]
X, Y = torch.randn(7, 3), torch.randn(7, 2)
""",
    forward="""
hs = [X]
for W, b in zip(Ws[:-1], bs[:-1]):
    hs.append(torch.sigmoid(hs[-1] @ W + b))
pred = hs[-1] @ Ws[-1] + bs[-1]
loss = ((pred - Y) ** 2).mean()
loss.backward()
""",
    hand="""
dWs, dbs = [], []
d = 2 * (pred - Y) / pred.numel()
for i in range(len(Ws) - 1, -1, -1):
    dWs.insert(0, hs[i].T @ d)
    dbs.insert(0, d.sum(0))
    dh = d @ Ws[i].T
    d = dh * hs[i] * (1 - hs[i])
""",
    gradients={f"d{short}s[{k}]": f"{short}s[{k}]" for k in range(3) for short in "Wb"},
    compare="""
for i in range(3):
    print(i, torch.allclose(dWs[i], Ws[i].grad), torch.allclose(dbs[i], bs[i].grad))
""",
    right={
        "dWs.insert(0, hs[i].T @ d)": (
            "dWs = [hs[i].T @ d, *dWs]",
            "dWs.insert(0, torch.einsum('ni,no->io', hs[i], d))",
        ),
        "dbs.insert(0, d.sum(0))": ("dbs = [torch.ones(7) @ d] + dbs",),
        "d = dh * hs[i] * (1 - hs[i])": ("d = dh * (hs[i] - hs[i] ** 2)",),
    },
    wrong={
        "dWs.insert(0, hs[i].T @ d)": (
            ("dWs.insert(0, hs[i].T @ d / 7)", "scale"),
            ("dWs.insert(0, -hs[i].T @ d)", "sign"),
            ("dWs.insert(0, (hs[i].T @ d).abs())", "sign"),
        ),
        "dbs.insert(0, d.sum(0))": (("dbs.insert(0, d.mean(0))", "scale"), ("dbs.insert(0, d[0])", "")),
    },
)

RETURNS_DICT = Script(
    name="backward_returns_a_dict",
    setup="""
import torch

torch.manual_seed(53)
X = torch.randn(3, 3)
y = torch.randn(3, 3)
W1 = (torch.randn(3, 3) * 0.7).requires_grad_()
b1 = (torch.randn(3) * 0.2).requires_grad_()
W2 = (torch.randn(3, 3) * 0.7).requires_grad_()


def forward(X):
    h = torch.tanh(X @ W1 + b1)
    return h, h @ W2
""",
    forward="""
h, out = forward(X)
loss = ((out - y) ** 2).sum() / len(X)
loss.backward()
""",
    hand="""
def backward(X, h, out, y):
    dout = 2 * (out - y) / len(X)
    dh = dout @ W2.T
    dz = dh * (1 - h**2)
    return {'W1': X.T @ dz, 'b1': dz.sum(0), 'W2': h.T @ dout}


grads = backward(X, h, out, y)
""",
    gradients={f"grads['{name}']": name for name in ("W1", "b1", "W2")},
    compare="""
for name, p in {'W1': W1, 'b1': b1, 'W2': W2}.items():
    print(name, 'ok' if torch.allclose(grads[name], p.grad, atol=1e-6) else 'WRONG')
""",
    right={
        "return {'W1': X.T @ dz, 'b1': dz.sum(0), 'W2': h.T @ dout}": (
            "return dict(W1=X.T @ dz, b1=dz.sum(0), W2=h.T @ dout)",
            "out = {}\nout['W1'] = X.T @ dz\nout['b1'] = dz.sum(0)\nout['W2'] = h.T @ dout\nreturn out",
        ),
        "dz = dh * (1 - h**2)": ("dz = dh - dh * h * h",),
    },
    wrong={
        "return {'W1': X.T @ dz, 'b1': dz.sum(0), 'W2': h.T @ dout}": (
            ("return {'W1': X.T @ dh, 'b1': dz.sum(0), 'W2': h.T @ dout}", ""),
            ("return {'W1': X.T @ dz, 'b1': dh.sum(0), 'W2': h.T @ dout}", ""),
            ("return {'W1': X.T @ dz, 'b1': dz.sum(0), 'W2': dout.T @ h}", "transposed"),
            ("return {'W1': h.T @ dout, 'b1': dz.sum(0), 'W2': X.T @ dz}", ""),
        ),
    },
)

RETURNS_TUPLES = Script(
    name="functions_return_tuples",
    setup="""
import torch


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(0)


def relu_forward(x):
    return x.clamp(min=0), x


torch.manual_seed(54)
x = torch.randn(5, 4)
y = torch.tensor([2, 0, 1, 1, 2])
w1 = (torch.randn(4, 6) * 0.6).requires_grad_()
b1 = (torch.randn(6) * 0.2).requires_grad_()
w2 = (torch.randn(6, 3) * 0.6).requires_grad_()
b2 = (torch.randn(3) * 0.2).requires_grad_()
""",
    forward="""
a, cache1 = affine_forward(x, w1, b1)
r, relu_cache = relu_forward(a)
scores, cache2 = affine_forward(r, w2, b2)
logp = torch.log_softmax(scores, 1)
loss = -logp[range(5), y].mean()
for t in (a, r, scores):
    t.retain_grad()
loss.backward()
""",
    hand="""
def relu_backward(dout, x):
    dx = dout * (x > 0)
    return dx


dscores = logp.exp()
dscores[range(5), y] -= 1
dscores = dscores / 5
dr, dw2, db2 = affine_backward(dscores, cache2)
da = relu_backward(dr, relu_cache)
dx, dw1, db1 = affine_backward(da, cache1)
""",
    gradients={f"d{name}": name for name in ("scores", "r", "w2", "b2", "a", "w1", "b1")},
    compare="""
pairs = {'w1': (dw1, w1), 'b1': (db1, b1), 'w2': (dw2, w2), 'b2': (db2, b2)}
for name, (mine, p) in pairs.items():
    print(name, (mine - p.grad).abs().max().item())
""",
    right={
        "dx = dout * (x > 0)": (
            "dx = dout.clone()\ndx[x <= 0] = 0",
            "dx = torch.where(x > 0, dout, 0.0)",
            "dx = dout.masked_fill(x < 0, 0)",
        ),
        "dr, dw2, db2 = affine_backward(dscores, cache2)": (
            "dr, dw2, db2 = dscores @ w2.T, r.T @ dscores, dscores.sum(0)",
        ),
        "dscores = logp.exp()": ("dscores = scores.softmax(dim=1)",),
    },
    wrong={
        "dx = dout * (x > 0)": (
            ("dx = dout", "mask"),
            ("dx = dout * x", ""),
            ("dx = dout * (dout > 0)", ""),
            ("dx = (x > 0).to(dout.dtype)", "no-upstream"),
        ),
        "dr, dw2, db2 = affine_backward(dscores, cache2)": (
            ("dr, dw2, db2 = dscores @ w2.T, r.T @ dscores, dscores.mean(0)", "scale"),
            ("dr, dw2, db2 = dscores @ w2.T, a.T @ dscores, dscores.sum(0)", ""),
            ("dr, dw2, db2 = dscores @ w2.T, -r.T @ dscores, dscores.sum(0)", "sign"),
        ),
        "da = relu_backward(dr, relu_cache)": (
            ("da = relu_backward(r, relu_cache)", "no-upstream"),
            ("da = relu_backward(dr, dr)", ""),
            ("da = dr", "mask"),
        ),
    },
)

SCRIPTS = (IN_DICTS, IN_LISTS, RETURNS_DICT, RETURNS_TUPLES)
