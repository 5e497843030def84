"""What in an answer's code a verdict is about: the text that carets go under."""

from __future__ import annotations

import pytest

from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.report.caret import MOST_LINES, meant


def fragments(code: str, line: int = 1) -> list[Fragment]:
    """The top-level statements of ``code``, whose first line is ``line``."""
    lines = code.split("\n")
    starts = [number for number, text in enumerate(lines) if text and text[0] not in " )"]
    ends = [*starts[1:], len(lines)]
    return [Fragment.at("\n".join(lines[start:end]), line + start) for start, end in zip(starts, ends, strict=True)]


def verdict(node: str, kind: Kind | None = None, message: str = "", line: int = 1) -> Verdict:
    diagnosis = None if kind is None else Diagnosis(kind, message)
    return Verdict(node, Status.FAIL, (2, 3), line=line, diagnosis=diagnosis)


def underlined(code: str, of: Verdict) -> list[str]:
    return [each.code[each.start : each.end] for each in meant(fragments(code), of)]


@pytest.mark.parametrize(
    ("code", "kind", "message", "expected"),
    [
        ("dx = 2 * y + b", None, "", "2 * y + b"),
        ("dx = 2 * y + b", Kind.UNKNOWN, "it is off", "2 * y + b"),
        ("dx = probs * dy", Kind.WRONG_POWER, "`probs`: to another power than the derivative has", "probs"),
        ("dx = (1.0 / probs) * dy", Kind.WRONG_POWER, "`probs`: to another power", "1.0 / probs"),
        ("dx = probs**2", Kind.WRONG_POWER, "`probs`: to another power", "probs**2"),
        ("dx = (1 - h) * dh", Kind.WRONG_DERIVATIVE, "the factor beside dh is not the derivative", "1 - h"),
        ("dx = dh * W * b", Kind.WRONG_DERIVATIVE, "`W` stands where `V` belongs", "W"),
        ("dx = f(dh)", Kind.WRONG_DERIVATIVE, "dh is what belongs in it, but what is done with it is not", "f(dh)"),
        ("dW = x @ dy", Kind.TRANSPOSED, "`x` lies on its side: it is to be transposed", "x"),
        ("dW = x.T @ dy + 1", Kind.TRANSPOSED, "`x` lies on its side", "x.T"),
        ("dW = (x @ dy) / n", Kind.TRANSPOSED, "which operand is to be transposed?", "x @ dy"),
        ("dW = x.T * dy", Kind.ELEMENTWISE, "forward is a matrix product, so backward is one too", "x.T * dy"),
        ("db = dy.sum() / n", Kind.OVER_SUMMED, "summed too far: over axis 1", "dy.sum()"),
        ("db = torch.sum(dy, 1) + z", Kind.NOT_SUMMED, "summed over axis 1; `b` was broadcast", "torch.sum(dy, 1)"),
        ("db = dy", Kind.NOT_SUMMED, "not summed over axis 0", "dy"),
        ("dx = dy + w - dz", Kind.SIGN, "the term of `w` has the wrong sign", "w"),
        ("dx = -dy", Kind.SIGN, "the sign is wrong", "-dy"),
        ("dx = dy * a + 3 * dz", Kind.EXTRA_PATH, "dz is in it and should not be", "3 * dz"),
        ("dx = dy * (h >= 0)", Kind.MASK, "3 of 9 entries get a gradient and should not", "h >= 0"),
        ("dx = probs.grad * 1", Kind.READS_GRAD, "a .grad is read", "probs.grad"),
        ("dh = dhpreact / (1 - h**2)", Kind.CIRCULAR, "dhpreact comes later on the way back", "dhpreact"),
        ("dx = dy.double() * h", Kind.WRONG_DTYPE, "float64", "dy.double()"),
        ("dx = dy / h", Kind.NON_FINITE, "not finite", "dy / h"),
        ("dx = größe['ü'] * h.sum()", Kind.OVER_SUMMED, "summed too far", "h.sum()"),
        ("da, dx = f(y), g(y)", Kind.SCALE, "off by 2", "g(y)"),
    ],
)
def test_it_is_what_the_mistake_names_or_else_all_that_is_computed(
    code: str, kind: Kind | None, message: str, expected: str
) -> None:
    node = "x" if "dx" in code else code.partition(" ")[0][1:]
    assert underlined(code, verdict(node, kind, message)) == [expected]


def test_of_several_statements_it_is_the_one_that_has_what_is_named() -> None:
    code = "dx = probs * dy\ntmp = probs * 2\ndx += tmp + dz"
    assert underlined(code, verdict("x", Kind.WRONG_POWER, "`probs`: to another power")) == ["probs"]
    assert underlined(code, verdict("x", Kind.SCALE, "off by the factor 2")) == ["tmp + dz"]
    assert underlined(code, verdict("x", Kind.SCALE, "the path through `dy` is off")) == ["probs * dy"]


def test_a_path_is_shown_where_the_gradient_is_read_from_which_it_comes() -> None:
    code = "dy = 3 * dp\ndy += 2 * y * dq"
    assert underlined(code, verdict("y", Kind.SCALE, "the path through `p` is off by the factor 3/2")) == ["3 * dp"]
    assert underlined(code, verdict("y", Kind.SIGN, "the path through `q` has the wrong sign")) == ["2 * y * dq"]


def test_lost_duplicates_are_shown_where_they_are_lost() -> None:
    code = "dC = torch.zeros_like(C)\ndC[Xb] += demb"
    assert underlined(code, verdict("C", Kind.LOST_DUPLICATES, "rows that are picked twice")) == ["dC[Xb]"]


def test_in_a_loop_it_is_the_statement_in_the_verdicts_line() -> None:
    code = "for t in range(3):\n    dh = dy @ W\n    dW = h.T @ dh"
    found = meant([Fragment.at(code, 20)], verdict("h", line=21))
    assert [(each.line, each.code[each.start : each.end]) for each in found] == [(21, "dy @ W")]
    answer = meant([Fragment.at(code, 20)], verdict("W", line=20))
    assert [(each.line, each.code[each.start : each.end]) for each in answer] == [(22, "h.T @ dh")]


def test_of_several_statements_in_one_line_it_is_the_one_that_binds_the_gradient() -> None:
    code = "with torch.no_grad(): dz = -dy * f(y); dW = -X.T @ dz; self.db, n = -dz.sum(0), 2"
    for gradient, expected in (("dz", "-dy * f(y)"), ("dW", "-X.T @ dz"), ("self.db", "-dz.sum(0)")):
        found = Verdict("x", Status.FAIL, (2,), named=gradient, line=7, diagnosis=Diagnosis(Kind.SIGN, "the sign"))
        shown = meant([Fragment.at(code, 7)], found)
        assert [each.code[each.start : each.end] for each in shown] == [expected]


def test_an_expression_of_several_lines_is_shown_line_by_line() -> None:
    code = "dx = f(\n    a,\n    b,\n)"
    assert underlined(code, verdict("x")) == ["f(", "a,", "b,", ")"]
    long = "dx = f(\n" + "    a,\n" * 20 + ")"
    assert len(underlined(long, verdict("x"))) == MOST_LINES


def test_what_raised_comes_before_what_may_be_meant() -> None:
    code = "dx = 1 / y\ndx *= größe + nobody"
    source = code.split("\n")[1]
    raised = Verdict("x", Status.ERROR, (2,), line=1, raised=CodeError("E", 2, 15, 21, source))
    assert underlined(code, raised) == ["nobody"]
    without_columns = Verdict("x", Status.ERROR, (2,), line=1, raised=CodeError("E", 2, source=source))
    assert underlined(code, without_columns) == ["dx *= größe + nobody"]


@pytest.mark.parametrize("code", ["", "import math", "dx = ("])
def test_where_nothing_is_computed_nothing_is_shown(code: str) -> None:
    assert meant([Fragment.at(code, 1)], verdict("x")) == []
    assert meant([], verdict("x")) == []
