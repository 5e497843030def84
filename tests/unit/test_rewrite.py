"""Syntax trees of training steps: expressions replaced, statements that only compute."""

from __future__ import annotations

import ast

import pytest

from ninja_tui.lesson.syntax.pure import only_computes
from ninja_tui.lesson.syntax.rewrite import globals_to_nonlocals, replace_lookups, replace_ranges


def test_lookups_by_the_index_are_replaced_and_others_stay() -> None:
    code = "Xb, Yb = X[ix], Y[ix] + X[ix]\nz = X[jx] + other[ix]\nX[ix] = 0"
    statements, tensors = replace_lookups(ast.parse(code).body, "ix", {"X": "x_", "Y": "y_"})
    expected = ast.parse("Xb, Yb = x_, y_ + x_\nz = X[jx] + other[ix]\nX[ix] = 0").body
    assert [ast.dump(each) for each in statements] == [ast.dump(each) for each in expected]
    assert tensors == ["X", "Y"]


def test_the_statements_whose_lookups_are_replaced_stay_as_they_were() -> None:
    (statement,) = ast.parse("a = X[ix]").body
    replace_lookups([statement], "ix", {"X": "x_"})
    assert ast.unparse(statement) == "a = X[ix]"


@pytest.mark.parametrize(
    ("code", "replaced", "counts"),
    [
        ("d[range(n), Y] -= 1", "d[rows_32, Y] -= 1", {32}),
        ("d[range(7), a[range(n), b]] = 0", "d[rows_7, a[rows_32, b]] = 0", {7, 32}),
        ("d[range(m), Y] = 0", "d[range(m), Y] = 0", set()),
        ("d[range(n)] = 0", "d[range(n)] = 0", set()),
        ("d[range(0, n), Y] = 0", "d[range(0, n), Y] = 0", set()),
        ("for i in range(n):\n    pass", "for i in range(n):\n    pass", set()),
    ],
)
def test_ranges_of_constants_are_replaced_in_indices_of_several_dimensions(
    code: str, replaced: str, counts: set[int]
) -> None:
    tree = ast.parse(code)
    assert replace_ranges(tree, {"n": 32}, lambda count: f"rows_{count}") == counts
    assert ast.unparse(tree) == replaced


def test_global_becomes_nonlocal_in_functions_alone() -> None:
    tree = ast.parse("def step():\n    def spoil():\n        global n, other\n        n = 1\nclass A:\n    global a")
    assert globals_to_nonlocals(tree) == {"n", "other"}
    assert "nonlocal n, other" in ast.unparse(tree)
    assert "global a" in ast.unparse(tree)


@pytest.mark.parametrize(
    ("code", "computes"),
    [
        ("a = b @ c + d.sum(0)", True),
        ("a, b = max(c, d), float(e)", True),
        ("a += b", False),
        ("a[0] = b", False),
        ("a = b.add_(c)", False),
        ("a = (b := c)", False),
        ("a = helper(b)", False),
        ("a = F.dropout(b)", False),
        ("a = torch.randn(3)", False),
        ("a = losses.append(b)", False),
        ("a = lambda: b", False),
        ("print(a)", False),
    ],
)
def test_a_statement_only_computes_if_nothing_else_can_happen(code: str, *, computes: bool) -> None:
    assert only_computes(ast.parse(code).body[0]) is computes
