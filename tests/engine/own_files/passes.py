"""Where a backward pass starts, several of them, and what stands in it."""

from __future__ import annotations

from tests.engine.own_files.script import script

SCRIPTS = {
    "backward with a gradient": script(
        """
x = torch.randn(4, 3, requires_grad=True)
W = torch.randn(3, 2, requires_grad=True)
y = torch.exp(x @ W * 0.3)
dy = torch.randn(4, 2)
y.backward(dy)
dz = dy * y * 0.3
dx, dW = dz @ W.T, x.T @ dz
print((dx - x.grad).abs().max(), (dW - W.grad).abs().max())
""",
        "dx dW",
        ("dx, dW = dz @ W.T, x.T @ dz", "dx, dW = dy @ W.T, x.T @ dz", "dx"),
        ("dx, dW = dz @ W.T, x.T @ dz", "dx, dW = dz @ W.T, x.T @ dz.abs()", "dW"),
    ),
    "torch.autograd.grad": script(
        """
x = torch.randn(4, 3, requires_grad=True)
w = torch.randn(3, requires_grad=True)
s = (x * w).sum(1)
loss = torch.log(1 + s ** 2).sum()
gx, gw = torch.autograd.grad(loss, [x, w])
ds = 2 * s / (1 + s ** 2)
dx = ds[:, None] * w
dw = (ds[:, None] * x).sum(0)
print(torch.allclose(dx, gx), torch.allclose(dw, gw))
""",
        "ds dx dw",
        ("dw = (ds[:, None] * x).sum(0)", "dw = (ds[:, None] * x).mean(0)", "dw"),
        ("ds = 2 * s / (1 + s ** 2)", "ds = s / (1 + s ** 2)", "ds"),
        ("dx = ds[:, None] * w", "dx = ds[:, None] * w.abs()", "dx"),
    ),
    "two losses one after the other": script(
        """
a = torch.randn(5, requires_grad=True)
loss = (a ** 3).sum()
loss.backward()
da = 3 * a ** 2
print((da - a.grad).abs().max())
b = torch.randn(4, requires_grad=True)
loss = torch.sin(b).sum()
loss.backward()
db = torch.cos(b)
print((db - b.grad).abs().max())
""",
        "da db",
        ("da = 3 * a ** 2", "da = 2 * a ** 3", "da"),
        ("db = torch.cos(b)", "db = -torch.cos(b)", "db"),
    ),
    "a loss of three terms": script(
        """
W = torch.randn(4, 3, requires_grad=True)
x, y = torch.randn(6, 4), torch.randn(6, 3)
p = x @ W
mse = ((p - y) ** 2).mean()
l2 = 0.1 * (W ** 2).sum()
l1 = 0.01 * W.abs().sum()
loss = mse + l2 + l1
loss.backward()
dp = 2 * (p - y) / p.numel()
dW = x.T @ dp + 0.2 * W + 0.01 * W.sign()
print(torch.allclose(dW, W.grad))
""",
        "dp dW",
        ("+ 0.2 * W +", "+ 0.1 * W +", "dW"),
        (" + 0.01 * W.sign()", "", "dW"),
        ("dp = 2 * (p - y) / p.numel()", "dp = 2 * (p - y) / len(p)", "dp"),
    ),
    "dropout": script(
        """
x, W = torch.randn(6, 4), torch.randn(4, 5, requires_grad=True)
h = torch.relu(x @ W)
keep = 0.75
mask = (torch.rand_like(h) < keep).float() / keep
d = h * mask
u = torch.randn(6, 5)
loss = (d * u).sum()
h.retain_grad(); d.retain_grad()
loss.backward()
dd = u
dh = dd * mask
dW = x.T @ (dh * (h > 0))
print(torch.allclose(dd, d.grad), torch.allclose(dh, h.grad), torch.allclose(dW, W.grad))
""",
        "dd dh dW",
        ("dd = u", "dd = d", "dd"),
        ("dh = dd * mask", "dh = dd * (mask > 0)", "dh"),
        ("dW = x.T @ (dh * (h > 0))", "dW = x.T @ dh", "dW"),
    ),
    "an in-place residual": script(
        """
x = torch.randn(4, 3)
W, V = torch.randn(3, 3, requires_grad=True), torch.randn(3, 3, requires_grad=True)
h = x @ W
h = h + torch.tanh(h @ V)
loss = h.pow(2).sum()
loss.backward()
h0 = x @ W
th = torch.tanh(h0 @ V)
dh = 2 * h
dth = dh * (1 - th ** 2)
dV = h0.T @ dth
dh = dh + dth @ V.T
dW = x.T @ dh
print((dW - W.grad).abs().max(), (dV - V.grad).abs().max())
""",
        "dV dW",
        ("dV = h0.T @ dth", "dV = h.T @ dth", "dV"),
        ("dW = x.T @ dh", "dW = x.T @ dth", "dW"),
    ),
    "a scalar graph by hand": script(
        """
a = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(-3.0, requires_grad=True)
c = torch.tensor(10.0, requires_grad=True)
e = a * b
d = e + c
f = torch.tensor(-2.0, requires_grad=True)
L = d * f
for t in (e, d):
    t.retain_grad()
L.backward()
dd = f
df = d
de = dd * 1.0
dc = dd * 1.0
da = de * b
db = de * a
for n, g, t in [('d', dd, d), ('f', df, f), ('e', de, e), ('c', dc, c), ('a', da, a), ('b', db, b)]:
    print(n, (g - t.grad).abs().item())
""",
        "dd df de dc da db",
        ("da = de * b", "da = de * a", "da"),
        ("dc = dd * 1.0", "dc = -dd", "dc"),
        ("db = de * a", "db = a", "db"),
    ),
    "gradients that accumulate over two passes": script(
        """
w = torch.randn(3, requires_grad=True)
x1, x2 = torch.randn(4, 3), torch.randn(4, 3)
loss1 = ((x1 @ w) ** 2).sum()
loss1.backward()
loss2 = torch.exp(x2 @ w).sum()
loss2.backward()
dw = 2 * x1.T @ (x1 @ w) + x2.T @ torch.exp(x2 @ w)
print((dw - w.grad).abs().max())
""",
        "dw",
        ("dw = 2 * x1.T", "dw = x1.T", "dw"),
        ("+ x2.T @", "- x2.T @", "dw"),
    ),
    "attention with a mask": script(
        """
T, C = 5, 4
x = torch.randn(T, C)
Wq, Wk, Wv = (torch.randn(C, C, requires_grad=True) for _ in range(3))
q, k, v = x @ Wq, x @ Wk, x @ Wv
att = (q @ k.T) / C ** 0.5
att = att.masked_fill(torch.triu(torch.ones(T, T), 1).bool(), float('-inf'))
p = att.softmax(-1)
o = p @ v
loss = (o ** 2).sum()
loss.backward()
do = 2 * o
dp = do @ v.T
dv = p.T @ do
ds = p * (dp - (dp * p).sum(-1, keepdim=True)) / C ** 0.5
dq, dk = ds @ k, ds.T @ q
dWq, dWk, dWv = x.T @ dq, x.T @ dk, x.T @ dv
for m, w in ((dWq, Wq), (dWk, Wk), (dWv, Wv)):
    print(torch.allclose(m, w.grad, atol=1e-4))
""",
        "do dp dv dq dk dWq dWk dWv",
        ("dv = p.T @ do", "dv = p @ do", "dv"),
        ("dq, dk = ds @ k, ds.T @ q", "dq, dk = ds @ k, ds @ q", "dk"),
        ("dWv = x.T @ dq, x.T @ dk, x.T @ dv", "dWv = x.T @ dq, x.T @ dk, x.T @ dv * 2", "dWv"),
    ),
    "an embedding": script(
        """
E = torch.randn(10, 4, requires_grad=True)
ix = torch.tensor([1, 3, 3, 7, 1])
e = E[ix]
u = torch.randn(5, 4)
loss = (e * u).sum().pow(2)
loss.backward()
s = (e * u).sum()
de = 2 * s * u
dE = torch.zeros_like(E)
for n, i in enumerate(ix.tolist()):
    dE[i] += de[n]
print((dE - E.grad).abs().max())
""",
        "de dE",
        ("dE[i] += de[n]", "dE[i] = de[n]", "dE"),
        ("de = 2 * s * u", "de = s * u", "de"),
    ),
    "beside a difference quotient": script(
        """
w = torch.randn(3, requires_grad=True)
def f(w):
    return (w ** 3).sum() + torch.sin(w).prod()
loss = f(w)
loss.backward()
eps, numeric = 1e-2, torch.zeros(3)
for i in range(3):
    e = torch.zeros(3); e[i] = eps
    numeric[i] = (f(w.detach() + e) - f(w.detach() - e)) / (2 * eps)
s, c = torch.sin(w), torch.cos(w)
dw = 3 * w ** 2 + torch.stack([c[0] * s[1] * s[2], s[0] * c[1] * s[2], s[0] * s[1] * c[2]])
print((dw - w.grad).abs().max(), (numeric - w.grad).abs().max())
""",
        "numeric dw",
        ("dw = 3 * w ** 2", "dw = 3 * w ** 2 + 1e-3", "dw"),
        ("/ (2 * eps)", "/ eps", "numeric"),
    ),
    "an autograd.Function": script(
        """
class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x ** 2
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * g * x
x, W = torch.randn(4, 3), torch.randn(3, 2, requires_grad=True)
z = x @ W
a = Square.apply(z)
loss = a.mean()
loss.backward()
da = torch.full_like(a, 1 / 8)
dz = da * 2 * z
dW = x.T @ dz
print(torch.allclose(dW, W.grad))
""",
        "da dz dW",
        ("dz = da * 2 * z", "dz = da * 2", "dz"),
        ("dW = x.T @ dz", "dW = x.T @ da", "dW"),
    ),
    "NumPy's arrays": script(
        """
import numpy as np
W = torch.randn(3, 2, requires_grad=True); x = torch.randn(5, 3)
out = torch.tanh(x @ W)
loss = (out ** 2).sum()
loss.backward()
o = out.detach().numpy()
dout = 2 * o
dW = x.numpy().T @ (dout * (1 - o ** 2))
print(np.allclose(dout, 2 * o), np.abs(dW - W.grad.numpy()).max() < 1e-5)
""",
        "dout dW",
        ("dW = x.numpy().T @ (dout * (1 - o ** 2))", "dW = x.numpy().T @ (dout * (1 - o))", "dW"),
    ),
    "Python's numbers": script(
        """
w = torch.tensor(1.5, requires_grad=True); b = torch.tensor(-0.4, requires_grad=True)
loss = (w * 2.0 + b - 1) ** 2
loss.backward()
e = w.item() * 2.0 + b.item() - 1
dw, db = 2 * e * 2.0, 2 * e
print(abs(dw - w.grad.item()) < 1e-6, abs(db - b.grad.item()) < 1e-6)
""",
        "dw db",
        ("dw, db = 2 * e * 2.0, 2 * e", "dw, db = 2 * e * 2.0, e", "db"),
    ),
    "expressions are compared": script(
        """
W = torch.randn(3, 2, requires_grad=True); V = torch.randn(2, 1, requires_grad=True); x = torch.randn(5, 3)
h = (x @ W).relu()
loss = (h @ V).sum()
loss.backward()
one = torch.ones(5, 1)
print((h.T @ one - V.grad).abs().max())
print(torch.allclose(W.grad, x.T @ ((one @ V.T) * (h > 0))))
""",
        "dV dW",
        ("(h.T @ one - V.grad)", "(h.T @ one * 3 - V.grad)", "dV"),
        ("((one @ V.T) * (h > 0))", "(one @ V.T)", "dW"),
    ),
    "micro-batches": script(
        """
x, y = torch.randn(8, 3), torch.randn(8, 1)
w = torch.randn(3, 1, requires_grad=True)
for k in range(0, 8, 2):
    part = ((x[k:k + 2] @ w - y[k:k + 2]) ** 2).sum() / 8
    part.backward()
dw = 2 * x.T @ (x @ w - y) / 8
print(torch.allclose(dw, w.grad, atol=1e-6))
""",
        "dw",
        ("(x @ w - y) / 8", "(x @ w - y) / 2", "dw"),
    ),
    "a hinge and an L2 term": script(
        """
x, t = torch.randn(6, 4), torch.randint(0, 2, (6,)) * 2 - 1
w = torch.randn(4, requires_grad=True)
margin = 1 - t * (x @ w)
loss = margin.clamp(min=0).mean() + 0.05 * w.dot(w)
loss.backward()
dmargin = (margin > 0).float() / 6
dw = -(x.T @ (t * dmargin)) + 0.1 * w
print(torch.allclose(dw, w.grad))
""",
        "dmargin dw",
        ("dmargin = (margin > 0).float() / 6", "dmargin = torch.ones(6) / 6", "dmargin"),
        (" + 0.1 * w", " + 0.05 * w", "dw"),
    ),
    "max-pooling and logsumexp": script(
        """
x = torch.randn(4, 6, requires_grad=True)
p = x.view(4, 3, 2)
m, ix = p.max(-1)
s = torch.logsumexp(m, 1)
loss = s.pow(2).sum()
loss.backward()
ds = 2 * s
dm = ds[:, None] * torch.softmax(m, 1)
dp = torch.zeros_like(p).scatter_(2, ix[..., None], dm[..., None])
dx = dp.reshape(4, 6)
print(torch.allclose(dx, x.grad))
""",
        "ds dm dp dx",
        ("dm = ds[:, None] * torch.softmax(m, 1)", "dm = ds[:, None] * m.exp()", "dm"),
        ("scatter_(2, ix[..., None], dm[..., None])", "scatter_(2, 1 - ix[..., None], dm[..., None])", "dp"),
    ),
    "loss and gradient from one function": script(
        """
def svm_like(W, X, y):
    scores = X @ W
    probs = torch.softmax(scores, 1)
    n = X.shape[0]
    loss = -torch.log(probs[torch.arange(n), y]).mean() + 0.1 * (W * W).sum()
    dscores = probs.clone()
    dscores[torch.arange(n), y] -= 1
    dscores /= n
    dW = X.T @ dscores + 0.2 * W
    return loss, dW
W = torch.randn(4, 3, requires_grad=True)
X, y = torch.randn(7, 4), torch.randint(0, 3, (7,))
loss, grad = svm_like(W, X, y)
loss.backward()
print(f'difference: {(grad - W.grad).abs().max().item():.2e}')
""",
        "dscores dW",
        ("+ 0.2 * W", "+ 0.1 * W", "dW"),
        ("dscores /= n", "dscores /= n + 1", "dscores"),
    ),
    "batch normalization by its formula": script(
        """
x = torch.randn(8, 5, requires_grad=True)
gamma, beta = torch.rand(5, requires_grad=True), torch.zeros(5, requires_grad=True)
target = torch.randn(8, 5)
mu = x.mean(0)
xc = x - mu
var = (xc ** 2).mean(0)
std = torch.sqrt(var + 1e-5)
xn = xc / std
y = gamma * xn + beta
loss = ((y - target) ** 2).sum()
for t in (xc, var, std, xn, y):
    t.retain_grad()
loss.backward()
dy = 2 * (y - target)
dbeta, dgamma = dy.sum(axis=0), (dy * xn).sum(axis=0)
dxn = gamma * dy
dstd = -(dxn * xc).sum(0) / std ** 2
dvar = 0.5 * dstd / std
dxc = dxn / std + 2 / 8 * xc * dvar
dx = dxc - dxc.mean(0)
for name, mine, t in [("dxc", dxc, xc), ("dvar", dvar, var), ("dx", dx, x), ("dgamma", dgamma, gamma)]:
    print(name, (mine - t.grad).abs().max().item())
""",
        "dy dbeta dgamma dxn dstd dvar dxc dx",
        ("dx = dxc - dxc.mean(0)", "dx = dxc - dxc.sum(0)", "dx"),
        ("dvar = 0.5 * dstd / std", "dvar = dstd / std", "dvar"),
        ("dstd = -(dxn * xc).sum(0) / std ** 2", "dstd = -(dxn * xc).sum(0) / std", "dstd"),
        ("dxc = dxn / std + 2 / 8 * xc * dvar", "dxc = dxn / std", "dxc"),
    ),
    "cosine similarity": script(
        """
a, b = torch.randn(5, 4, requires_grad=True), torch.randn(5, 4, requires_grad=True)
na, nb = a.norm(dim=1, keepdim=True), b.norm(dim=1, keepdim=True)
ua, ub = a / na, b / nb
s = ua @ ub.T
loss = F.cross_entropy(s / 0.5, torch.arange(5))
loss.backward()
ds = (torch.softmax(s / 0.5, 1) - torch.eye(5)) / 5 / 0.5
dua = ds @ ub
dub = ds.T @ ua
da = (dua - ua * (ua * dua).sum(1, keepdim=True)) / na
db = (dub - ub * (ub * dub).sum(1, keepdim=True)) / nb
print(torch.allclose(da, a.grad, atol=1e-7), torch.allclose(db, b.grad, atol=1e-7))
""",
        "ds dua dub da db",
        ("dub = ds.T @ ua", "dub = ds @ ua", "dub"),
        ("da = (dua - ua * (ua * dua).sum(1, keepdim=True)) / na", "da = dua / na", "da"),
        ("- torch.eye(5)) / 5 / 0.5", "- torch.eye(5)) / 5 * 0.5", "ds"),
    ),
    "BCE with logits and a weight": script(
        """
x, y = torch.randn(9, 3), (torch.rand(9, 1) > 0.5).float()
w, c = torch.randn(3, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
z = x @ w + c
loss = F.binary_cross_entropy_with_logits(z, y, pos_weight=torch.tensor([2.0]))
loss.backward()
p = torch.sigmoid(z)
dz = ((1 - y) * p - 2.0 * y * (1 - p)) / 9
dw, dc = x.T @ dz, dz.sum(0)
print((dw - w.grad).abs().max(), (dc - c.grad).abs().max())
""",
        "dz dw dc",
        ("- 2.0 * y * (1 - p)", "- y * (1 - p)", "dz"),
        ("dw, dc = x.T @ dz, dz.sum(0)", "dw, dc = x.T @ dz, dz.mean(0)", "dc"),
    ),
    "a residual with two paths": script(
        """
x = torch.randn(4, 6)
W1, W2 = torch.randn(6, 6, requires_grad=True), torch.randn(6, 6, requires_grad=True)
h = x @ W1
a = F.relu(h)
r = h + a @ W2
loss = r.pow(2).mean()
for t in (h, a, r):
    t.retain_grad()
loss.backward()
dr = 2 * r / r.numel()
dW2 = a.T @ dr
da = dr @ W2.T
dh = dr.clone()
dh += da * (h > 0)
dW1 = x.T @ dh
for n, d, t in (('r', dr, r), ('a', da, a), ('h', dh, h), ('W1', dW1, W1), ('W2', dW2, W2)):
    print(n, 'max diff', float((d - t.grad).abs().max()))
""",
        "dr dW2 da dh dW1",
        ("dh += da * (h > 0)", "dh += da", "dh"),
        ("dh = dr.clone()", "dh = torch.zeros_like(dr)", "dh"),
        ("dW2 = a.T @ dr", "dW2 = h.T @ dr", "dW2"),
    ),
    "RMSNorm in a function that returns a dict": script(
        """
def rms_backward(g, x, weight, eps=1e-6):
    inv = (x.pow(2).mean(-1, keepdim=True) + eps).rsqrt()
    n = x * inv
    gn = g * weight
    return {'weight': (g * n).sum(0), 'x': inv * (gn - n * (gn * n).mean(-1, keepdim=True))}
x, weight = torch.randn(5, 8, requires_grad=True), torch.ones(8, requires_grad=True)
u = torch.randn(5, 8)
inv = (x.pow(2).mean(-1, keepdim=True) + 1e-6).rsqrt()
out = x * inv * weight
out.backward(u)
grads = rms_backward(u, x.detach(), weight.detach())
for name, t in (('weight', weight), ('x', x)):
    print(name, torch.allclose(grads[name], t.grad, atol=1e-6))
""",
        "grads['weight'] grads['x']",
        ("(g * n).sum(0)", "(g * x).sum(0)", "grads['weight']"),
        ("(gn * n).mean(-1, keepdim=True)", "(gn * n).sum(-1, keepdim=True)", "grads['x']"),
    ),
    "label smoothing": script(
        """
z = torch.randn(6, 4, requires_grad=True)
t = torch.tensor([0, 1, 2, 3, 1, 2])
loss = F.cross_entropy(z, t, label_smoothing=0.1)
loss.backward()
q = torch.full((6, 4), 0.1 / 4)
q[torch.arange(6), t] += 0.9
dz = (z.softmax(1) - q) / 6
torch.testing.assert_close(dz, z.grad)
""",
        "dz",
        ("q[torch.arange(6), t] += 0.9", "q[torch.arange(6), t] = 0.9", "dz"),
    ),
}
