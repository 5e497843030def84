"""What makes an answer of code: it binds the gradient, or ends in an expression that is to be it."""

from __future__ import annotations

import pytest

from ninja_tui.lesson.syntax.answer_form import answer_form
from ninja_tui.lesson.syntax.code_error import CodeError, error_at


@pytest.mark.parametrize("code", ["dx = 1", "dx += y", "y = 2\ndx = y\ny", "dx = torch.zeros(3)\ndx[0] = 1"])
def test_what_binds_the_gradient_is_taken_as_it_is(code: str) -> None:
    form = answer_form(code, "dx")
    assert form is not None
    assert (form.code, form.bare) == (code, False)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("dy / x", "dx = dy / x"),
        ("(dy /\n x)", "dx = (dy /\n x)"),
        ("a = dy\na / x", "a = dy\ndx = a / x"),
        ("a = dy; a / x  # why", "a = dy; dx = a / x  # why"),
        ("é = dy; é / x", "é = dy; dx = é / x"),
        ("# a comment\ndy / x", "# a comment\ndx = dy / x"),
    ],
)
def test_of_a_bare_expression_the_last_statement_is_the_gradient(code: str, answer: str) -> None:
    form = answer_form(code, "dx")
    assert form is not None
    assert (form.code, form.bare) == (answer, True)


@pytest.mark.parametrize("code", ["x = 1", "import math", "x + 1\ny = 2", "# nothing", "for k in x: k"])
def test_what_neither_binds_it_nor_ends_in_an_expression_is_no_answer(code: str) -> None:
    assert answer_form(code, "dx") is None


def test_an_error_is_where_it_was_typed() -> None:
    """What was put before the expression does not move the caret."""
    code = "a = 1\né; (a / 0)"
    form = answer_form(code, "dx")
    assert form is not None
    raised = "dx = (a / 0)".index("a / 0") + len("é; ")
    start = len(form.code.split("\n")[1][:raised].encode())
    error = form.as_typed(error_at("E", form.code, 2, (start, start + 5)))
    assert error == CodeError("E", 2, 5, 10, "é; (a / 0)")
    assert error.caret == "    ^^^^^"
    assert error.where == "line 2, column 5"


def test_an_error_without_a_place_points_nowhere() -> None:
    assert error_at("E", "x", 0, None) == CodeError("E")
    assert CodeError("E").caret == CodeError("E").where == ""
    assert error_at("E", "x\ny", 2, None).where == "line 2"
