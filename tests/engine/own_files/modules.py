"""Classes: ``nn.Module``, layers of one's own, holders of parameters."""

from __future__ import annotations

from tests.engine.own_files.script import script

DATA = """
N = 6
x = torch.randn(N, 4)
t = torch.randint(0, 3, (N,))
"""

SCRIPTS = {
    "nn.Linear twice": script(
        DATA
        + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 5)
        self.fc2 = nn.Linear(5, 3)
    def forward(self, x):
        self.a = self.fc1(x)
        self.h = torch.relu(self.a)
        return self.fc2(self.h)
net = Net()
logits = net(x)
loss = F.cross_entropy(logits, t)
loss.backward()
dlogits = (torch.softmax(logits, -1) - F.one_hot(t, 3)) / N
dW2 = dlogits.T @ net.h
db2 = dlogits.sum(0)
dh = dlogits @ net.fc2.weight
da = dh * (net.a > 0).float()
dW1 = da.T @ x
db1 = da.sum(0)
print(torch.allclose(dW2, net.fc2.weight.grad, atol=1e-7), torch.allclose(db2, net.fc2.bias.grad, atol=1e-7))
print(torch.allclose(dW1, net.fc1.weight.grad, atol=1e-7), torch.allclose(db1, net.fc1.bias.grad, atol=1e-7))
""",
        "dlogits dW2 db2 dh da dW1 db1",
        ("dW1 = da.T @ x", "dW1 = dh.T @ x", "dW1"),
        ("db1 = da.sum(0)", "db1 = da.sum(0) / N", "db1"),
        ("dh = dlogits @ net.fc2.weight", "dh = dlogits @ net.fc2.weight * 0.5", "dh"),
        ("dW2 = dlogits.T @ net.h", "dW2 = dlogits.T @ net.a", "dW2"),
    ),
    "layers with forward and backward": script(
        DATA
        + """
class Linear:
    def __init__(self, n, m):
        self.W = (torch.randn(n, m) * 0.5).requires_grad_()
        self.b = torch.zeros(m).requires_grad_()
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, d):
        self.dW = self.x.T @ d
        self.db = d.sum(0)
        return d @ self.W.T
class Tanh:
    def forward(self, x):
        self.out = torch.tanh(x)
        return self.out
    def backward(self, d):
        return d * (1 - self.out ** 2)
layers = [Linear(4, 5), Tanh(), Linear(5, 3)]
out = x
for layer in layers:
    out = layer.forward(out)
loss = F.cross_entropy(out, t)
loss.backward()
with torch.no_grad():
    d = (F.softmax(out, 1) - F.one_hot(t, 3)) / N
    for layer in reversed(layers):
        d = layer.backward(d)
for layer in layers:
    if isinstance(layer, Linear):
        print((layer.dW - layer.W.grad).abs().max(), (layer.db - layer.b.grad).abs().max())
""",
        "self.dW self.db",
    ),
    "one class with its gradients": script(
        DATA
        + """
class MLP:
    def __init__(self):
        self.W1 = torch.randn(4, 5, requires_grad=True)
        self.W2 = torch.randn(5, 3, requires_grad=True)
    def forward(self, x):
        self.x = x
        self.z1 = x @ self.W1
        self.a1 = torch.sigmoid(self.z1)
        self.z2 = self.a1 @ self.W2
        return self.z2
    def backward(self, t):
        self.dz2 = self.z2.softmax(1)
        self.dz2[torch.arange(N), t] -= 1
        self.dz2 /= N
        self.dW2 = self.a1.T @ self.dz2
        self.da1 = self.dz2 @ self.W2.T
        self.dz1 = self.da1 * self.a1 * (1 - self.a1)
        self.dW1 = self.x.T @ self.dz1
model = MLP()
loss = F.cross_entropy(model.forward(x), t)
loss.backward()
with torch.no_grad():
    model.backward(t)
torch.testing.assert_close(model.dW1, model.W1.grad)
torch.testing.assert_close(model.dW2, model.W2.grad)
""",
        "self.dz2 self.dW2 self.da1 self.dz1 self.dW1",
        ("self.da1 * self.a1 * (1 - self.a1)", "self.da1 * self.a1", "self.dz1"),
        ("self.dW1 = self.x.T @ self.dz1", "self.dW1 = self.x.T @ self.dz1 / N", "self.dW1"),
        ("self.dz2 /= N", "self.dz2 *= N", "self.dz2"),
    ),
    "nn.Sequential and state in a namespace": script(
        """
from types import SimpleNamespace
model = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 2))
x, y = torch.randn(5, 4), torch.randn(5, 2)
z = model[0](x)
h = model[1](z)
p = model[2](h)
loss = ((p - y) ** 2).sum(1).mean()
loss.backward()
g = SimpleNamespace()
g.p = 2 * (p - y) / 5
g.h = g.p @ model[2].weight
cdf = 0.5 * (1 + torch.erf(z / 2 ** 0.5))
pdf = torch.exp(-z ** 2 / 2) / (2 * torch.pi) ** 0.5
g.z = g.h * (cdf + z * pdf)
g.W0 = g.z.T @ x
g.b0 = g.z.sum(0)
print(torch.allclose(g.W0, model[0].weight.grad, atol=1e-6))
print(torch.allclose(g.b0, model[0].bias.grad, atol=1e-6))
""",
        "g.p g.h g.z g.W0 g.b0",
        ("cdf + z * pdf", "cdf + pdf", "g.z"),
        ("g.b0 = g.z.sum(0)", "g.b0 = g.h.sum(0)", "g.b0"),
        ("g.W0 = g.z.T @ x", "g.W0 = -g.z.T @ x", "g.W0"),
    ),
    "a dataclass of gradients": script(
        """
from dataclasses import dataclass
from typing import NamedTuple
class Params(NamedTuple):
    W: torch.Tensor
    b: torch.Tensor
@dataclass
class Grads:
    W: torch.Tensor
    b: torch.Tensor
params = Params(torch.randn(4, 3, requires_grad=True), torch.randn(3, requires_grad=True))
x, y = torch.randn(7, 4), torch.randn(7, 3)
pred = x @ params.W + params.b
loss = (pred - y).abs().sum()
loss.backward()
dpred = torch.sign(pred - y)
grads = Grads(W=x.T @ dpred, b=dpred.sum(0))
print(torch.equal(grads.W, params.W.grad), torch.equal(grads.b, params.b.grad))
""",
        "dpred grads.W grads.b",
        ("b=dpred.sum(0)", "b=dpred.sum(0) / 7", "grads.b"),
        ("W=x.T @ dpred", "W=x.T @ (pred - y)", "grads.W"),
        ("dpred = torch.sign(pred - y)", "dpred = torch.sign(y - pred)", "dpred"),
    ),
    "convolution and pooling": script(
        """
x = torch.randn(2, 3, 6, 6)
conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
c = conv(x)
r = F.relu(c)
m = r.mean((2, 3))
loss = (m ** 2).sum()
loss.backward()
dm = 2 * m
dr = dm[:, :, None, None].expand_as(r) / 36
dc = dr * (c > 0)
cols = F.unfold(x, 3, padding=1)
dweight = (dc.flatten(2) @ cols.transpose(1, 2)).sum(0).view_as(conv.weight)
print((dweight - conv.weight.grad).abs().max())
""",
        "dm dr dc dweight",
        ("expand_as(r) / 36", "expand_as(r) / 6", "dr"),
        ("dc = dr * (c > 0)", "dc = dr * c", "dc"),
        ("dm = 2 * m", "dm = m", "dm"),
    ),
    "layer normalization": script(
        """
x = torch.randn(4, 8, requires_grad=True)
ln = nn.LayerNorm(8)
with torch.no_grad():
    ln.weight.copy_(torch.rand(8) + 0.5); ln.bias.normal_()
w = torch.randn(4, 8)
out = ln(x)
loss = (out * w).sum()
loss.backward()
mu = x.mean(-1, keepdim=True)
var = x.var(-1, keepdim=True, unbiased=False)
rstd = (var + ln.eps) ** -0.5
xhat = (x - mu) * rstd
dout = w
dgamma = (dout * xhat).sum(0)
dbeta = dout.sum(0)
dxhat = dout * ln.weight
dx = rstd * (dxhat - dxhat.mean(-1, keepdim=True) - xhat * (dxhat * xhat).mean(-1, keepdim=True))
assert torch.allclose(dx, x.grad, atol=1e-5)
assert torch.allclose(dgamma, ln.weight.grad, atol=1e-5)
assert torch.allclose(dbeta, ln.bias.grad, atol=1e-5)
""",
        "dgamma dbeta dx",
        ("dgamma = (dout * xhat).sum(0)", "dgamma = (dout * x).sum(0)", "dgamma"),
        ("dbeta = dout.sum(0)", "dbeta = dout.mean(0)", "dbeta"),
        ("- dxhat.mean(-1, keepdim=True) -", "-", "dx"),
    ),
}
