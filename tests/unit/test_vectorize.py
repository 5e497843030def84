"""What makes a statement slow, and what may do the same without its Python loop."""

from __future__ import annotations

import ast

import pytest

from ninja_tui.lesson.syntax.vectorize import Cause, cause, vectorized

INDEX_ADD = "dC.index_add_(0, Xb.reshape(-1), demb.reshape(-1, dC.shape[1]))"
FORMS = {
    "for k in range(n):\n    for j in range(3):\n        ix = Xb[k, j]\n        dC[ix] += demb[k, j]": INDEX_ADD,
    "for i, row in enumerate(Xb):\n    for j, ix in enumerate(row):\n        dC[ix] += demb[i][j]": INDEX_ADD,
    "for ix, d in zip(Xb, demb):\n    dC[ix] -= d": "dC.index_add_(0, Xb, demb, alpha=-1)",
    "for i in range(n):\n    dlogprobs[i, Yb[i]] = -1.0 / n": "dlogprobs[range(n), Yb] = -1.0 / n",
    "for i in range(n):\n    dh[i] = (1 - h[i] ** 2) * dy[i]": "dh = (1 - h ** 2) * dy",
    "for i in range(n):\n    dh[i, :] += dy[i, :]": "dh += dy",
    "for i in range(n):\n    dW2 += torch.outer(h[i], dlogits[i])": "dW2 += h.T @ dlogits",
    "for x, g in zip(h, dlogits):\n    dW2 += x.unsqueeze(1) @ g.view(1, -1)": "dW2 += h.T @ dlogits",
    "for i in range(n):\n    db2 += dlogits[i]": "db2 += dlogits.sum(0)",
    "for i in range(n):\n    for j in range(m):\n        s += x[i, j] ** 2": "s += (x ** 2).sum((0, 1))",
    "dW2 = sum(torch.outer(h[i], dlogits[i]) for i in range(n))": "dW2 = h.T @ dlogits",
    "dh = torch.stack([g @ W2.T for g in dlogits])": "dh = dlogits @ W2.T",
    "dx = dy.clone().clone() * 2": "dx = dy.clone() * 2",
}


@pytest.mark.parametrize("code", FORMS)
def test_the_form_of_a_loop_suggests_one_operation(code: str) -> None:
    assert vectorized(ast.parse(code).body[0])[0] == FORMS[code]


@pytest.mark.parametrize("code", [
    "for i in range(n):\n    dl[i] = (i == Yb[i]) * p[i]",
    "for i in range(1, n):\n    dh[i] = dy[i]",
    "for i in range(n):\n    dh[i + 1] = dy[i]",
    "for i in range(n):\n    dC[Xb[i]] *= demb[i]",
    "for i in range(n):\n    if i:\n        dh[i] = dy[i]",
    "for i in range(n):\n    dh[i] = dy[i]\nelse:\n    pass",
    "for i in range(n):\n    x = 1\n    x = 2\n    dh[i] = x * dy[i]",
    "while n:\n    n -= 1",
    "dh = torch.stack([g for g in dy if g])",
    "dh = dlogits @ W2.T",
])  # fmt: skip
def test_where_the_form_does_not_say_it_nothing_is_suggested(code: str) -> None:
    assert vectorized(ast.parse(code).body[0]) == ()


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("for i in range(n):\n    dh[i] = dy[i]", Cause.ELEMENTS),
        ("dh = [x[i] for i in range(n)]", Cause.ELEMENTS),
        ("for row in dy:\n    db += row", Cause.LOOP),
        ("while n:\n    n -= 1", Cause.LOOP),
        ("dx = a.clone() + b.clone()", Cause.CLONES),
        ("dx = a.clone()", None),
        ("dh = dlogits @ W2.T", None),
        ("def f(x):\n    for i in x:\n        pass", None),
    ],
)
def test_what_makes_a_statement_slow(code: str, wanted: Cause | None) -> None:
    assert cause(ast.parse(code).body[0]) is wanted
