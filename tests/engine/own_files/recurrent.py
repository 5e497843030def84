"""Networks with states in a loop."""

from __future__ import annotations

from tests.engine.own_files.script import script

RNN = """
T, B, D, H = 4, 5, 3, 6
x = torch.randn(T, B, D)
y = torch.randn(B, 2)
Wx = (torch.randn(D, H) * 0.4).requires_grad_()
Wh = (torch.randn(H, H) * 0.4).requires_grad_()
bh = torch.zeros(H, requires_grad=True)
Wy = (torch.randn(H, 2) * 0.4).requires_grad_()
"""

SCRIPTS = {
    "states in a list": script(
        RNN
        + """
hs = [torch.zeros(B, H)]
for t in range(T):
    hs.append(torch.tanh(x[t] @ Wx + hs[-1] @ Wh + bh))
out = hs[-1] @ Wy
loss = ((out - y) ** 2).mean()
loss.backward()
dout = 2 * (out - y) / out.numel()
dWy = hs[-1].T @ dout
dWx, dWh, dbh = torch.zeros_like(Wx), torch.zeros_like(Wh), torch.zeros_like(bh)
dh = dout @ Wy.T
for t in reversed(range(T)):
    dz = dh * (1 - hs[t + 1] ** 2)
    dWx += x[t].T @ dz
    dWh += hs[t].T @ dz
    dbh += dz.sum(0)
    dh = dz @ Wh.T
for name, mine, p in (("Wx", dWx, Wx), ("Wh", dWh, Wh), ("bh", dbh, bh), ("Wy", dWy, Wy)):
    print(name, torch.allclose(mine, p.grad, atol=1e-6))
""",
        "dout dWy dWx dWh dbh",
        ("dbh += dz.sum(0)", "dbh += dz.mean(0)", "dbh"),
        ("dWh += hs[t].T @ dz", "dWh += hs[t + 1].T @ dz", "dWh"),
        ("dWx += x[t].T @ dz", "dWx = x[t].T @ dz", "dWx"),
        ("dWy = hs[-1].T @ dout", "dWy = hs[-2].T @ dout", "dWy"),
    ),
    "states in a dict and dh_next": script(
        RNN
        + """
h = {-1: torch.zeros(B, H)}
losses = []
for t in range(T):
    h[t] = torch.tanh(x[t] @ Wx + h[t - 1] @ Wh + bh)
    losses.append(((h[t] @ Wy - y) ** 2).sum())
loss = sum(losses)
loss.backward()
dWx = torch.zeros_like(Wx); dWh = torch.zeros_like(Wh); dbh = torch.zeros_like(bh); dWy = torch.zeros_like(Wy)
dh_next = torch.zeros(B, H)
with torch.no_grad():
    for t in range(T - 1, -1, -1):
        dyt = 2 * (h[t] @ Wy - y)
        dWy += h[t].T @ dyt
        dht = dyt @ Wy.T + dh_next
        draw = (1 - h[t] * h[t]) * dht
        dbh += draw.sum(0)
        dWx += x[t].T @ draw
        dWh += h[t - 1].T @ draw
        dh_next = draw @ Wh.T
def report(name, a, b):
    print(f"{name:4s} {(a - b).abs().max().item():.2e}")
report("Wx", dWx, Wx.grad)
report("Wh", dWh, Wh.grad)
report("bh", dbh, bh.grad)
report("Wy", dWy, Wy.grad)
""",
        "dWx dWh dbh dWy",
        ("dWh += h[t - 1].T @ draw", "dWh += h[t].T @ draw", "dWh"),
        ("dbh += draw.sum(0)", "dbh += dht.sum(0)", "dbh"),
        ("dWy += h[t].T @ dyt", "dWy += h[t].T @ dyt / 2", "dWy"),
    ),
    "one state that is bound again": script(
        RNN
        + """
h = torch.zeros(B, H)
zs, hs = [], [h]
for xt in x:
    z = xt @ Wx + h @ Wh + bh
    h = F.relu(z)
    zs.append(z); hs.append(h)
loss = (h @ Wy).pow(2).mean()
loss.backward()
grads = dict(Wx=0, Wh=0, bh=0)
dout = 2 * (h @ Wy) / (B * 2)
grads['Wy'] = h.T @ dout
dh = dout @ Wy.T
for t in range(T)[::-1]:
    dz = dh * (zs[t] > 0)
    grads['Wx'] = grads['Wx'] + x[t].T @ dz
    grads['Wh'] = grads['Wh'] + hs[t].T @ dz
    grads['bh'] = grads['bh'] + dz.sum(0)
    dh = dz @ Wh.T
for k, p in {'Wx': Wx, 'Wh': Wh, 'bh': bh, 'Wy': Wy}.items():
    assert grads[k].shape == p.shape
    print(k, torch.allclose(grads[k], p.grad))
""",
        "grads['Wx'] grads['Wh'] grads['bh'] grads['Wy']",
        ("grads['bh'] + dz.sum(0)", "grads['bh'] - dz.sum(0)", "grads['bh']"),
        ("grads['Wy'] = h.T @ dout", "grads['Wy'] = 2 * h.T @ dout", "grads['Wy']"),
        ("hs[t].T @ dz", "F.relu(zs[t]).T @ dz", "grads['Wh']"),
    ),
    "an LSTM cell": script(
        """
B, D, H = 3, 4, 5
x, h0, c0 = torch.randn(B, D), torch.randn(B, H), torch.randn(B, H)
W = (torch.randn(D + H, 4 * H) * 0.3).requires_grad_()
b = torch.zeros(4 * H, requires_grad=True)
xh = torch.cat([x, h0], 1)
gates = xh @ W + b
i, f, g, o = gates.chunk(4, 1)
i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
c = f * c0 + i * g
tc = torch.tanh(c)
h = o * tc
loss = (h ** 2).sum()
for t in (gates, c, tc, h):
    t.retain_grad()
loss.backward()
dh = 2 * h
do = dh * tc
dtc = dh * o
dc = dtc * (1 - tc ** 2)
df, di, dg = dc * c0, dc * g, dc * i
dgates = torch.cat([di * i * (1 - i), df * f * (1 - f), dg * (1 - g ** 2), do * o * (1 - o)], 1)
dW = xh.T @ dgates
db = dgates.sum(0)
for mine, theirs in [(dh, h.grad), (dtc, tc.grad), (dc, c.grad), (dgates, gates.grad), (dW, W.grad), (db, b.grad)]:
    print((mine - theirs).abs().max())
""",
        "dh dtc dc dgates dW db do df di dg",
        ("df, di, dg = dc * c0, dc * g, dc * i", "df, di, dg = dc * c, dc * g, dc * i", "df"),
        ("dtc = dh * o", "dtc = dh * tc", "dtc"),
        ("dg * (1 - g ** 2)", "dg * (1 - g)", "dgates"),
        ("db = dgates.sum(0)", "db = dgates.sum()", "db"),
    ),
    "a GRU in a function": script(
        """
B, D, H = 3, 4, 5
params = {k: (torch.randn(n, H) * 0.4).requires_grad_() for k, n in
          [('Wz', D), ('Uz', H), ('Wr', D), ('Ur', H), ('Wn', D), ('Un', H)]}
x, h0 = torch.randn(B, D), torch.randn(B, H)
def forward(p, x, h):
    z = torch.sigmoid(x @ p['Wz'] + h @ p['Uz'])
    r = torch.sigmoid(x @ p['Wr'] + h @ p['Ur'])
    n = torch.tanh(x @ p['Wn'] + (r * h) @ p['Un'])
    return (1 - z) * n + z * h, (x, h, z, r, n)
def backward(dout, p, cache):
    x, h, z, r, n = cache
    grads = {}
    dn = dout * (1 - z)
    dz = dout * (h - n)
    dna = dn * (1 - n ** 2)
    grads['Wn'] = x.T @ dna
    grads['Un'] = (r * h).T @ dna
    drh = dna @ p['Un'].T
    dr = drh * h
    dra = dr * r * (1 - r)
    grads.update(Wr=x.T @ dra, Ur=h.T @ dra)
    dza = dz * z * (1 - z)
    grads.update({'Wz': x.T @ dza, 'Uz': h.T @ dza})
    return grads
h1, cache = forward(params, x, h0)
target = torch.randn(B, H)
loss = F.mse_loss(h1, target)
loss.backward()
grads = backward(2 * (h1 - target) / h1.numel(), params, cache)
for k in params:
    print(k, torch.allclose(grads[k], params[k].grad, atol=1e-7))
""",
        "grads['Wn'] grads['Un'] grads['Wr'] grads['Ur'] grads['Wz'] grads['Uz']",
        ("Ur=h.T @ dra", "Ur=(r * h).T @ dra", "grads['Ur']"),
        ("'Uz': h.T @ dza", "'Uz': h1.T @ dza", "grads['Uz']"),
        ("grads['Wn'] = x.T @ dna", "grads['Wn'] = x.T @ dn", "grads['Wn']"),
    ),
    "inserted at the front": script(
        RNN
        + """
hs, cur = [], torch.zeros(B, H)
for t in range(T):
    cur = torch.tanh(x[t] @ Wx + cur @ Wh + bh)
    hs += [cur]
    cur.retain_grad()
loss = (torch.stack(hs) @ Wy).pow(2).sum() / 2
loss.backward()
dhs, carried = [], torch.zeros(B, H)
for t in range(T - 1, -1, -1):
    total = hs[t] @ Wy @ Wy.T + carried
    dhs.insert(0, total)
    carried = (total * (1 - hs[t] ** 2)) @ Wh.T
for t in range(T):
    print(t, torch.allclose(dhs[t], hs[t].grad, atol=1e-5))
""",
        "dhs[0] dhs[1] dhs[2] dhs[3]",
    ),
}
