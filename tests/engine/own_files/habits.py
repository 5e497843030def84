"""Names, comparisons and statements as people write them."""

from __future__ import annotations

from tests.engine.own_files.script import script

LINE = """
X, y = torch.randn(10, 4), torch.randn(10, 1)
W1 = (torch.randn(4, 6) * 0.5).requires_grad_()
b1 = (torch.randn(6) * 0.1).requires_grad_()
W2 = (torch.randn(6, 1) * 0.5).requires_grad_()
"""
FORWARD = (
    LINE
    + """
h = torch.tanh(X @ W1 + b1)
pred = h @ W2
loss = ((pred - y) ** 2).mean()
"""
)


def _named(template: str, compare: str) -> str:
    names = {name: template.format(name) for name in ("pred", "h", "W1", "b1", "W2")}
    pairs = "\n".join(compare.format(mine=names[name], node=name) for name in ("W1", "b1", "W2"))
    return (
        FORWARD
        + f"""
loss.backward()
with torch.no_grad():
    {names["pred"]} = 2 * (pred - y) / len(y)
    {names["W2"]} = h.T @ {names["pred"]}
    {names["h"]} = {names["pred"]} @ W2.T
    raw = {names["h"]} * (1 - h * h)
    {names["b1"]} = raw.sum(0)
    {names["W1"]} = X.T @ raw
{pairs}
"""
    )


NAMED = {
    "grad_W1": ("grad_{}", "print((({mine}) - {node}.grad).abs().max().item())"),
    "W1_grad": ("{}_grad", "print(torch.allclose({mine}, {node}.grad))"),
    "dL_dW1": ("dL_d{}", "print(f'{{torch.max(torch.abs({mine} - {node}.grad)):.3e}}')"),
    "gW1": ("g{}", "torch.testing.assert_close({mine}, {node}.grad)"),
    "dloss_dW1": ("dloss_d{}", "assert torch.allclose({node}.grad, {mine}, rtol=1e-4)"),
    "dW1_manual": ("d{}_manual", "print(torch.isclose({mine}, {node}.grad).all())"),
    "delta_W1": ("delta_{}", "print(torch.norm({mine} - {node}.grad))"),
    "W1_bar": ("{}_bar", "print(F.mse_loss({mine}, {node}.grad))"),
    "my_dW1": ("my_d{}", "print('ok' if ({mine} - {node}.grad).abs().max() < 1e-5 else 'no')"),
    "dW1 with numpy": (
        "d{}",
        "import numpy as np; print(np.allclose({mine}.numpy(), {node}.grad.numpy(), atol=1e-6))",
    ),
    "d_W1 and a dict of autograd's": (
        "d_{}",
        "auto = dict(v={node}.grad.clone()); print(({mine} - auto['v']).abs().max())",
    ),
}  # fmt: skip


def _mistakes(template: str) -> tuple[tuple[str, str, str], ...]:
    names = {name: template.format(name) for name in ("pred", "h", "W1", "b1", "W2")}
    return (
        (f"{names['b1']} = raw.sum(0)", f"{names['b1']} = raw.mean(0)", names["b1"]),
        (f"{names['W1']} = X.T @ raw", f"{names['W1']} = X.T @ {names['h']}", names["W1"]),
        (f"{names['W2']} = h.T @ {names['pred']}", f"{names['W2']} = -h.T @ {names['pred']}", names["W2"]),
    )


SCRIPTS = {
    **{
        f"names like {name}": script(
            _named(template, compare),
            " ".join(template.format(each) for each in ("W1", "b1", "W2")),
            *_mistakes(template),
        )
        for name, (template, compare) in NAMED.items()
    },
    "answers before the loss line": script(
        LINE
        + """
h = torch.tanh(X @ W1 + b1)
pred = h @ W2
dpred = 2 * (pred - y) / y.numel()
dW2 = h.T @ dpred
dh = dpred @ W2.T
dz = dh * (1 - h ** 2)
dW1, db1 = X.T @ dz, dz.sum(0)
loss = F.mse_loss(pred, y)
loss.backward()
print((dW1 - W1.grad).abs().max(), (db1 - b1.grad).abs().max(), (dW2 - W2.grad).abs().max())
""",
        "dpred dW2 dh dW1 db1",
        ("dW1, db1 = X.T @ dz, dz.sum(0)", "dW1, db1 = X.T @ dz, dh.sum(0)", "db1"),
        ("dh = dpred @ W2.T", "dh = dpred * W2.T.abs()", "dh"),
        ("dpred = 2 * (pred - y)", "dpred = (pred - y)", "dpred"),
    ),
    "a helper with another name": script(
        FORWARD
        + """
for v in (h, pred):
    v.retain_grad()
loss.backward()
def verdict(title, ours, tensor, tol=1e-6):
    gap = (ours - tensor.grad).abs().max().item()
    print(title, 'fine' if gap < tol else 'off', gap)
e = 2 * (pred - y) / 10
verdict('prediction', e, pred)
back = e @ W2.T
verdict('hidden', back, h)
q = X.T @ (back * (1 - h ** 2))
verdict('first layer', q, W1)
r = h.T @ e
verdict('second layer', r, W2)
""",
        "e back q r",
        ("r = h.T @ e", "r = h.T @ e * 10", "r"),
        ("q = X.T @ (back * (1 - h ** 2))", "q = X.T @ (back * (1 - h) ** 2)", "q"),
        ("back = e @ W2.T", "back = e @ W2.T + 1e-3", "back"),
    ),
    "under if, try and with": script(
        FORWARD
        + """
loss.backward()
check = True
if check:
    try:
        with torch.no_grad():
            dpred = (pred - y) * 2 / 10
            for k in range(1):
                dW2 = h.T @ dpred
            dh = dpred.mm(W2.t())
            dz = dh.mul(1 - h.pow(2))
    except RuntimeError as error:
        print(error)
    else:
        dW1 = X.t().mm(dz)
    finally:
        db1 = dz.sum(dim=0)
assert torch.allclose(dW1, W1.grad) and torch.allclose(db1, b1.grad) and torch.allclose(dW2, W2.grad)
""",
        "dpred dW2 dh dW1 db1",
        ("dW1 = X.t().mm(dz)", "dW1 = X.t().mm(dz + dz)", "dW1"),
        ("dh = dpred.mm(W2.t())", "dh = dpred.mm(W2.t()) / 10", "dh"),
    ),
    "no comparison at all": script(
        FORWARD
        + """
loss.backward()
dpred = 2 / 10 * (pred - y)
dW2 = h.T @ dpred
dh = dpred @ W2.T
dW1 = X.T @ (dh * (1 - h ** 2))
db1 = (dh * (1 - h ** 2)).sum(0)
""",
        "dpred dW2 dh dW1 db1",
        ("db1 = (dh * (1 - h ** 2)).sum(0)", "db1 = (dh * (1 + h ** 2)).sum(0)", "db1"),
        ("dW1 = X.T @ (dh * (1 - h ** 2))", "dW1 = (X.T @ dh) * (1 - h ** 2).mean(0)", "dW1"),
    ),
    "a training loop with an optimizer": script(
        LINE
        + """
opt = torch.optim.SGD([W1, b1, W2], lr=0.05)
for step in range(20):
    h = torch.tanh(X @ W1 + b1)
    pred = h @ W2
    loss = F.mse_loss(pred, y)
    opt.zero_grad()
    loss.backward()
    dpred = 2 * (pred - y) / 10
    dW2 = h.T @ dpred
    dz = dpred @ W2.T * (1 - h ** 2)
    dW1 = X.T @ dz
    db1 = dz.sum(0)
    assert torch.allclose(dW1, W1.grad, atol=1e-6)
    assert torch.allclose(db1, b1.grad, atol=1e-6)
    assert torch.allclose(dW2, W2.grad, atol=1e-6)
    opt.step()
""",
        "dpred dW2 dW1 db1",
        ("dpred = 2 * (pred - y) / 10", "dpred = 2 * (y - pred) / 10", "dpred"),
    ),
    "checked after the training": script(
        LINE
        + """
for step in range(30):
    h = torch.tanh(X @ W1 + b1)
    pred = h @ W2
    loss = F.mse_loss(pred, y)
    for p in (W1, b1, W2):
        p.grad = None
    loss.backward()
    if step < 29:
        with torch.no_grad():
            for p in (W1, b1, W2):
                p -= 0.1 * p.grad
dpred = 2 * (pred - y) / 10
dW2 = h.T @ dpred
dz = dpred @ W2.T * (1 - h ** 2)
dW1 = X.T @ dz
db1 = dz.sum(0)
for mine, p in ((dW1, W1), (db1, b1), (dW2, W2)):
    print(torch.allclose(mine, p.grad, atol=1e-6))
""",
        "dpred dW2 dW1 db1",
        ("db1 = dz.sum(0)", "db1 = dz.sum(0) * 1.01", "db1"),
        ("dW1 = X.T @ dz", "dW1 = X.T @ dz.abs()", "dW1"),
    ),
    "trained on one's own gradients": script(
        """
X, y = torch.randn(10, 4), torch.randn(10, 1)
W1, b1, W2 = torch.randn(4, 6) * 0.5, torch.zeros(6), torch.randn(6, 1) * 0.5
for step in range(25):
    h = torch.tanh(X @ W1 + b1)
    pred = h @ W2
    loss = ((pred - y) ** 2).mean()
    dpred = 2 * (pred - y) / 10
    dW2 = h.T @ dpred
    dh = dpred @ W2.T
    dz = dh * (1 - h ** 2)
    dW1 = X.T @ dz
    db1 = dz.sum(0)
    W1 -= 0.1 * dW1
    b1 -= 0.1 * db1
    W2 -= 0.1 * dW2
""",
        "dpred dW2 dh dW1 db1",
        ("db1 = dz.sum(0)", "db1 = dz.sum(0) / 10", "db1"),
        ("dz = dh * (1 - h ** 2)\n    dW1 = X.T @ dz", "dz = dh * (1 - h ** 2)\n    dW1 = X.T @ dh", "dW1"),
    ),
    "globals bound in a function": script(
        FORWARD
        + """
loss.backward()
def backward():
    global dpred, dW2, dh, dW1, db1
    dpred = 2 * (pred - y) / 10
    dW2 = h.T @ dpred
    dh = dpred @ W2.T
    draw = dh * (1 - h ** 2)
    dW1 = X.T @ draw
    db1 = draw.sum(0)
with torch.no_grad():
    backward()
print((dW1 - W1.grad).abs().max(), (dW2 - W2.grad).abs().max(), (db1 - b1.grad).abs().max())
""",
        "dpred dW2 dh dW1 db1",
        ("db1 = draw.sum(0)", "db1 = draw.sum(1)", "db1"),
        ("dh = dpred @ W2.T", "dh = dpred * 2 @ W2.T", "dh"),
    ),
    "names bound by exec and globals()": script(
        FORWARD
        + """
loss.backward()
def keep(name, value):
    globals()[name] = value
globals()["dpred"] = 2 * (pred - y) / 10
for name, value in (("W2", "h.T @ dpred"), ("h", "dpred @ W2.T")):
    exec(f"d{name} = {value}")
raw = dh * (1 - h ** 2)
keep("dW1", X.T @ raw)
globals().update(db1=raw.sum(0))
""",
        "dpred dW2 dh dW1 db1",
        ("2 * (pred - y) / 10", "2 * (y - pred) / 10", "dpred"),
        ("dpred @ W2.T", "dpred @ W2.T / 2", "dh"),
        ("X.T @ raw", "X.T @ raw / 10", "dW1"),
        ("db1=raw.sum(0)", "db1=raw.mean(0)", "db1"),
    ),
    "a check that compares shapes first": script(
        FORWARD
        + """
loss.backward()
def check(mine, node):
    if tuple(mine.size()) != tuple(node.grad.size()):
        print('another shape')
        return
    print((mine - node.grad).abs().max().item())
def check_summed(mine, node):
    if node.grad.ndim != mine.ndim:
        mine = mine.sum(0)
    print((mine - node.grad).abs().max().item())
out = 2 * (pred - y) / 10
mid = out @ W2.T * (1 - h ** 2)
check(h.T @ out, W2)
check(mid.sum(0), b1)
check_summed(mid, b1)
""",
        "dW2 db1 mine",
        ("check(mid.sum(0), b1)", "check(mid, b1)", "mid"),
        ("check(h.T @ out, W2)", "check(out.T @ h, W2)", "dW2"),
    ),
}
