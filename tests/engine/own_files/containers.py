"""Parameters and gradients in dicts, lists and tuples."""

from __future__ import annotations

from tests.engine.own_files.script import script

TWO_LAYERS = """
X, Y = torch.randn(8, 5), torch.randint(0, 3, (8,))
params = {'W1': torch.randn(5, 6) * 0.4, 'b1': torch.zeros(6), 'W2': torch.randn(6, 3) * 0.4, 'b2': torch.zeros(3)}
for p in params.values():
    p.requires_grad_(True)
z1 = X @ params['W1'] + params['b1']
a1 = torch.relu(z1)
z2 = a1 @ params['W2'] + params['b2']
loss = F.cross_entropy(z2, Y)
loss.backward()
"""

SCRIPTS = {
    "a dict with d in its keys": script(
        TWO_LAYERS
        + """
grads = {}
grads['dz2'] = torch.softmax(z2, 1)
grads['dz2'][range(8), Y] -= 1
grads['dz2'] /= 8
grads['dW2'] = a1.T @ grads['dz2']
grads['db2'] = grads['dz2'].sum(0)
grads['da1'] = grads['dz2'] @ params['W2'].T
grads['dz1'] = grads['da1'] * (z1 > 0)
grads['dW1'] = X.T @ grads['dz1']
grads['db1'] = grads['dz1'].sum(0)
for name, p in params.items():
    print(name, (grads['d' + name] - p.grad).abs().max())
""",
        "grads['dz2'] grads['dW2'] grads['db2'] grads['da1'] grads['dz1'] grads['dW1'] grads['db1']",
        ("grads['db1'] = grads['dz1'].sum(0)", "grads['db1'] = grads['dz1'].sum(0, keepdim=True) * 2", "grads['db1']"),
        ("grads['da1'] * (z1 > 0)", "grads['da1'] * (z1 > 1)", "grads['dz1']"),
        ("grads['dW1'] = X.T @ grads['dz1']", "grads['dW1'] = X.T @ grads['da1']", "grads['dW1']"),
        ("grads['dz2'] /= 8", "grads['dz2'] /= 4", "grads['dz2']"),
    ),
    "lists of weights and gradients": script(
        """
sizes = [4, 6, 5, 2]
Ws = [(torch.randn(a, b) * 0.5).requires_grad_() for a, b in zip(sizes, sizes[1:])]
x, y = torch.randn(7, 4), torch.randn(7, 2)
acts = [x]
for W in Ws[:-1]:
    acts.append(torch.tanh(acts[-1] @ W))
out = acts[-1] @ Ws[-1]
loss = (out - y).square().mean()
loss.backward()
dWs = [None] * 3
delta = 2 * (out - y) / out.numel()
for i in reversed(range(3)):
    dWs[i] = acts[i].T @ delta
    if i > 0:
        delta = (delta @ Ws[i].T) * (1 - acts[i] ** 2)
for mine, W in zip(dWs, Ws):
    print(torch.allclose(mine, W.grad))
""",
        "dWs[0] dWs[1] dWs[2]",
    ),
    "append and reverse": script(
        """
ws = [torch.randn(3, 3, requires_grad=True) for _ in range(3)]
h = torch.randn(5, 3)
inputs = []
for w in ws:
    inputs.append(h)
    h = torch.sin(h @ w)
loss = h.sum()
loss.backward()
grads, up = [], torch.ones_like(h)
for w, inp in zip(reversed(ws), reversed(inputs)):
    up = up * torch.cos(inp @ w)
    grads.append(inp.T @ up)
    up = up @ w.T
grads.reverse()
print([torch.allclose(g, w.grad, atol=1e-6) for g, w in zip(grads, ws)])
""",
        "grads[0] grads[1] grads[2]",
    ),
    "unpacked from a function": script(
        TWO_LAYERS
        + """
def backprop(z1, a1, z2):
    dz2 = (z2.softmax(1) - F.one_hot(Y, 3)) / len(Y)
    dW2, db2 = a1.T @ dz2, dz2.sum(0)
    dz1 = (dz2 @ params['W2'].T) * (a1 > 0)
    return X.T @ dz1, dz1.sum(0), dW2, db2
dW1, db1, dW2, db2 = backprop(z1, a1, z2)
print(all(torch.allclose(d, params[k].grad, atol=1e-7) for k, d in
          dict(W1=dW1, b1=db1, W2=dW2, b2=db2).items()))
""",
        "dz2 dW2 db2 dz1 dW1 db1",
        ("return X.T @ dz1, dz1.sum(0)", "return X.T @ dz1, dz1.sum()", "db1"),
        ("dW2, db2 = a1.T @ dz2, dz2.sum(0)", "dW2, db2 = z1.T @ dz2, dz2.sum(0)", "dW2"),
        ("* (a1 > 0)", "* a1", "dz1"),
        ("F.one_hot(Y, 3)) / len(Y)", "F.one_hot(Y, 3)) / 3", "dz2"),
    ),
    "a comprehension over a tuple": script(
        """
a, b = torch.randn(4, 3, requires_grad=True), torch.randn(3, 4, requires_grad=True)
m = a @ b
loss = (m * m).sum()
loss.backward()
dm = 2 * m
answers = (dm @ b.T, a.T @ dm)
same = [torch.allclose(mine, p.grad, atol=1e-4) for mine, p in zip(answers, (a, b))]
print(same)
""",
        "dm answers[0] answers[1]",
        ("answers = (dm @ b.T, a.T @ dm)", "answers = (dm @ b.T, 2 * a.T @ dm)", "answers[1]"),
        ("dm = 2 * m", "dm = m", "dm"),
    ),
    "a cache of deeplearning.ai": script(
        """
m = 9
X = torch.randn(4, m)
Y = (torch.rand(1, m) > 0.5).float()
W1 = (torch.randn(5, 4) * 0.3).requires_grad_(); b1 = torch.zeros(5, 1, requires_grad=True)
W2 = (torch.randn(1, 5) * 0.3).requires_grad_(); b2 = torch.zeros(1, 1, requires_grad=True)
Z1 = W1 @ X + b1
A1 = torch.tanh(Z1)
Z2 = W2 @ A1 + b2
A2 = torch.sigmoid(Z2)
cost = -(Y * torch.log(A2) + (1 - Y) * torch.log(1 - A2)).mean()
cost.backward()
dZ2 = A2 - Y
dW2 = 1 / m * dZ2 @ A1.T
db2 = 1 / m * dZ2.sum(axis=1, keepdim=True)
dZ1 = W2.T @ dZ2 * (1 - A1 ** 2)
dW1 = 1 / m * dZ1 @ X.T
db1 = 1 / m * dZ1.sum(axis=1, keepdim=True)
for d, p in ((dW1, W1), (db1, b1), (dW2, W2), (db2, b2)):
    print(torch.allclose(d, p.grad, atol=1e-7))
""",
        "dZ2 dW2 db2 dW1 db1",
        ("db1 = 1 / m * dZ1.sum(axis=1, keepdim=True)", "db1 = 1 / m * dZ1.sum() * torch.ones(5, 1)", "db1"),
        ("dW2 = 1 / m * dZ2 @ A1.T", "dW2 = 1 / m * dZ2 @ Z1.T", "dW2"),
    ),
    "linear_backward with caches": script(
        """
m = 6
def linear_forward(A, W, b):
    return W @ A + b, (A, W, b)
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    dW = dZ @ A_prev.T
    db = dZ.sum(1, keepdim=True)
    dA_prev = W.T @ dZ
    return dA_prev, dW, db
X = torch.randn(3, m)
W1 = torch.randn(4, 3, requires_grad=True); b1 = torch.zeros(4, 1, requires_grad=True)
W2 = torch.randn(2, 4, requires_grad=True); b2 = torch.zeros(2, 1, requires_grad=True)
Z1, cache1 = linear_forward(X, W1, b1)
A1 = F.relu(Z1)
Z2, cache2 = linear_forward(A1, W2, b2)
loss = (Z2 ** 2).mean()
loss.backward()
grads = {}
dZ2 = 2 * Z2 / Z2.numel()
grads['dA1'], grads['dW2'], grads['db2'] = linear_backward(dZ2, cache2)
dZ1 = grads['dA1'] * (Z1 > 0)
grads['dA0'], grads['dW1'], grads['db1'] = linear_backward(dZ1, cache1)
for k, p in zip(('W1', 'b1', 'W2', 'b2'), (W1, b1, W2, b2)):
    err = (grads[f'd{k}'] - p.grad).abs().max()
    print(f'{k}: {err:.1e}')
""",
        "dZ2 dW db dA_prev dZ1",
        ("dZ1 = grads['dA1'] * (Z1 > 0)", "dZ1 = grads['dA1'] * (Z1 < 0)", "dZ1"),
        ("dZ2 = 2 * Z2 / Z2.numel()", "dZ2 = Z2 / Z2.numel()", "dZ2"),
    ),
    "parameters as a list, gradients zipped": script(
        """
X, y = torch.randn(8, 5), torch.randn(8, 2)
params = [torch.randn(5, 6) * 0.5, torch.zeros(6), torch.randn(6, 2) * 0.5, torch.zeros(2)]
for p in params:
    p.requires_grad = True
h = torch.sigmoid(X @ params[0] + params[1])
o = h @ params[2] + params[3]
loss = F.mse_loss(o, y, reduction='sum')
loss.backward()
do = 2 * (o - y)
dh = do @ params[2].T * h * (1 - h)
grads = [X.T @ dh, dh.sum(0), h.T @ do, do.sum(0)]
for i, (p, g) in enumerate(zip(params, grads)):
    assert p.grad.shape == g.shape, i
    print(i, torch.allclose(p.grad, g, atol=1e-5))
""",
        "do grads[0] grads[1] grads[2] grads[3]",
    ),
    "a tuple key and nested dicts": script(
        """
layers = {'enc': {'W': torch.randn(4, 3, requires_grad=True)}, 'dec': {'W': torch.randn(3, 4, requires_grad=True)}}
x = torch.randn(6, 4)
code = torch.tanh(x @ layers['enc']['W'])
back = code @ layers['dec']['W']
loss = ((back - x) ** 2).mean()
loss.backward()
grads = {'enc': {}, 'dec': {}}
dback = 2 * (back - x) / x.numel()
grads['dec']['W'] = code.T @ dback
dcode = dback @ layers['dec']['W'].T
grads['enc']['W'] = x.T @ (dcode * (1 - code ** 2))
for part in ('enc', 'dec'):
    print(part, (grads[part]['W'] - layers[part]['W'].grad).abs().max())
""",
        "dback grads['dec']['W'] dcode grads['enc']['W']",
        ("x.T @ (dcode * (1 - code ** 2))", "x.T @ dcode", "grads['enc']['W']"),
        ("code.T @ dback", "code.T @ dback * 6", "grads['dec']['W']"),
        ("dcode = dback @ layers['dec']['W'].T", "dcode = dback @ layers['enc']['W']", "dcode"),
    ),
}
