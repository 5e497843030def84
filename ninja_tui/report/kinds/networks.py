"""The forward passes of the examples, and right answers from which they go on."""

from __future__ import annotations

from ninja_tui.report.kinds.mistake import Network

LAYER = Network(
    setup="""\
x = torch.randn(8, 5)
W = torch.randn(5, 3, requires_grad=True)
b = torch.randn(3, requires_grad=True)
parameters = [W, b]
""",
    forward="""\
xW = x @ W                      # (8, 3)
h = xW + b                      # (8, 3)
a = torch.tanh(h)               # (8, 3)
loss = (a**2).mean()
""",
)
DA = "da = 2 * a / a.numel()\n"
DH = f"{DA}dh = (1 - a**2) * da\n"
DXW = f"{DH}dxW = dh.clone()\n"

SHARES = Network(
    setup="""\
w = torch.rand(8, 5, requires_grad=True)
parameters = [w]
""",
    forward="""\
total = w.sum(1, keepdim=True)  # (8, 1)
inverse = total**-1             # (8, 1)
p = w * inverse                 # (8, 5)
loss = (p**3).sum()
""",
)
DINVERSE = "dp = 3 * p**2\ndinverse = (w * dp).sum(1, keepdim=True)\n"

RELU = Network(
    setup="""\
w = torch.randn(8, 5, requires_grad=True)
parameters = [w]
""",
    forward="""\
r = torch.relu(w)               # (8, 5)
s = r - 1                       # (8, 5)
loss = (s**2).sum()
""",
)
DR = "ds = 2 * s\ndr = ds.clone()\n"

ROWS = Network(
    setup="""\
ix = torch.tensor([0, 2, 2, 1, 2])
C = torch.randn(4, 3, requires_grad=True)
parameters = [C]
""",
    forward="""\
e = C[ix]                       # (5, 3)
loss = (e**3).sum()
""",
)
DE = "de = 3 * e**2\n"

BRANCH = Network(
    setup="""\
w = torch.randn(8, 5, requires_grad=True)
parameters = [w]
""",
    forward="""\
u = torch.sin(w)                # (8, 5)
v = torch.exp(u)                # (8, 5)
s = u + v                       # (8, 5)
loss = (s**2).sum()
""",
)
DS = "ds = 2 * s\n"
DV = f"{DS}dv = ds.clone()\n"

PICKED = Network(
    setup="""\
w = torch.randn(4, 3, requires_grad=True)
parameters = [w]
""",
    minibatch="""\
y = torch.randint(0, 3, (4,))   # here: 2, 2, 1, 2
""",
    forward="""\
logp = torch.log_softmax(w, 1)  # (4, 3)
loss = -logp[range(4), y].mean()
""",
)
