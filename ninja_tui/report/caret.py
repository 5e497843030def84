"""What in an answer's code its verdict is about: the expression under which carets go.

An error has its place. Of a mistake it is what the statement computes, or the part of it that the kind of mistake and
its sentence name: the factor with the wrong power, the operand that lies on its side, the sum that goes too far.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence

from ninja_tui.engine.protocol.verdict import Kind, Verdict
from ninja_tui.errors import Excerpt
from ninja_tui.lesson.locations import Span
from ninja_tui.lesson.syntax.fragment import UNREADABLE, Fragment
from ninja_tui.lesson.syntax.names import assigned, changed

MOST_LINES = 4
"""Of an expression that stands in more lines the first ones are shown."""
SUMS = frozenset({"sum", "mean"})
DTYPES = frozenset({"to", "type", "double", "float", "half", "bfloat16", "long", "int", "short", "bool"})
Simple = ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Expr | ast.Return
Statement = tuple[Fragment, Simple]


def meant(code: Sequence[Fragment], verdict: Verdict) -> list[Excerpt]:
    """The lines of ``code``, the statements of an answer, that ``verdict`` is about; none where there is no code."""
    at = verdict.raised_at
    if at is not None:
        for fragment in code:
            if fragment.line <= at.line <= fragment.end_line:
                return _excerpts(fragment, Span(at.line, at.column, at.end_line, at.end_column))
    pool = _statements(code, verdict)
    if not pool:
        return []
    fragment, expression = _expression(pool, verdict)
    end_line, end_column = expression.end_lineno or expression.lineno, expression.end_col_offset or 0
    span = Span(expression.lineno, expression.col_offset, end_line, end_column).moved(fragment.line - 1)
    return _excerpts(fragment, span)


def _excerpts(fragment: Fragment, span: Span) -> list[Excerpt]:
    """The lines of ``span``, whose columns are those of ``fragment``."""
    lines = fragment.code.split("\n")
    excerpts: list[Excerpt] = []
    for line in range(span.line, min(span.end_line, fragment.end_line, span.line + MOST_LINES - 1) + 1):
        text = lines[line - fragment.line] if line - fragment.line < len(lines) else ""
        first, last = len(text) - len(text.lstrip()), len(text.rstrip())
        start = _characters(text, span.column) if line == span.line else first
        end = _characters(text, span.end_column) if line == span.end_line else last
        whole = (first, last) if end <= start else (start, end)
        excerpts.append(Excerpt(line, text, *whole))
    return excerpts


def _characters(text: str, column: int) -> int:
    return len(text.encode()[:column].decode(errors="ignore"))


def _statements(code: Sequence[Fragment], verdict: Verdict) -> list[Statement]:
    """The statements that compute the gradient: the one in the verdict's line, or all that bind or change it."""
    simple = [(fragment, statement) for fragment in code for statement in _simple(fragment)]
    if len(code) <= 1:
        there = [each for each in simple if _covers(each, verdict.line or 0)]
        if there:
            return there
    root = re.split(r"[.\[]", verdict.gradient)[0]
    touching = [each for each in simple if root in assigned(each[1]) | changed(each[1])]
    return touching or simple[-1:]


def _simple(fragment: Fragment) -> Iterator[Simple]:
    """The statements in ``fragment`` that hold no others and compute something, in source order."""
    try:
        trees = fragment.statements
    except UNREADABLE:
        return
    found = [node for tree in trees for node in ast.walk(tree) if isinstance(node, Simple) and node.value is not None]
    yield from sorted(found, key=lambda node: (node.lineno, node.col_offset))


def _covers(statement: Statement, line: int) -> bool:
    fragment, tree = statement
    return tree.lineno <= line - fragment.line + 1 <= (tree.end_lineno or tree.lineno)


def _expression(pool: Sequence[Statement], verdict: Verdict) -> tuple[Fragment, ast.expr]:
    """What is meant: in the last statement that has what the mistake names, or that speaks of what it names."""
    message = "" if verdict.diagnosis is None else verdict.diagnosis.message
    names = _Named(message)
    kind = Kind.UNKNOWN if verdict.diagnosis is None else verdict.diagnosis.kind
    for fragment, statement in reversed(pool):
        value = _value(statement, verdict.gradient)
        found = _indexed(statement) if kind is Kind.LOST_DUPLICATES else FINDERS.get(kind, _nothing)(value, names)
        if found is not None:
            return fragment, found
    speaking = [each for each in pool if names.all & _names_in(_value(each[1], verdict.gradient))]
    fragment, statement = (speaking or pool)[-1]
    return fragment, _value(statement, verdict.gradient)


def _value(statement: Simple, gradient: str) -> ast.expr:
    """What a statement computes for ``gradient``: of ``da, db = x, y`` one of two."""
    value = statement.value
    match statement:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(targets) == len(values):
            for target, each in zip(targets, values, strict=True):
                if ast.unparse(target) == gradient:
                    return each
    if value is None:
        raise ValueError("a statement that computes nothing")
    return value


class _Named:
    """The names of which a message speaks: those in backticks, the first of them, and all that it holds."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.quoted = re.findall(r"`([A-Za-z_]\w*)`", message)
        self.gradients = frozenset(re.findall(r"\bd[A-Za-z_0-9]\w*", re.sub(r"`[^`]*`", "", message)))
        self.all = frozenset(self.quoted) | self.gradients

    @property
    def subject(self) -> frozenset[str]:
        """The name with which the message begins, if it begins with one."""
        return frozenset(self.quoted[:1]) if self.message.startswith("`") else frozenset()


Finder = Callable[[ast.expr, _Named], ast.expr | None]


def _nothing(_: ast.expr, __: _Named) -> ast.expr | None:
    return None


def _names_in(tree: ast.AST) -> frozenset[str]:
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _operands(value: ast.expr, operators: type[ast.operator] | tuple[type[ast.operator], ...]) -> list[ast.expr]:
    """What ``value`` is made of by ``operators``; itself alone where it is not."""
    match value:
        case ast.BinOp(left, operator, right) if isinstance(operator, operators):
            return [*_operands(left, operators), *_operands(right, operators)]
        case ast.UnaryOp(ast.USub(), operand):
            return _operands(operand, operators)
    return [value]


def _only(found: Sequence[ast.expr]) -> ast.expr | None:
    return found[0] if len(found) == 1 else None


def _holding(parts: Sequence[ast.expr], names: frozenset[str]) -> ast.expr | None:
    """The one of several parts in which a name stands."""
    return _only([part for part in parts if names & _names_in(part)]) if len(parts) > 1 else None


def _factor(value: ast.expr, names: _Named) -> ast.expr | None:
    """The factor in which the first name stands of which the message speaks."""
    return _holding(_operands(value, ast.Mult), frozenset(names.quoted[:1]))


def _term(value: ast.expr, names: _Named) -> ast.expr | None:
    """The term in which a name stands of which the message speaks."""
    return _holding(_operands(value, (ast.Add, ast.Sub)), names.all)


def _name(value: ast.expr, names: _Named) -> ast.expr | None:
    """The first name in it of which the message speaks."""
    found = [node for node in ast.walk(value) if isinstance(node, ast.Name) and node.id in names.all]
    return min(found, key=lambda node: (node.lineno, node.col_offset), default=None)


def _derivative(value: ast.expr, names: _Named) -> ast.expr | None:
    """The factor that the message begins with, or what stands beside the upstream gradient of which it speaks."""
    factors = _operands(value, ast.Mult)
    if names.subject:
        return _holding(factors, names.subject)
    beside = [factor for factor in factors if not names.gradients & _names_in(factor)]
    return _only(beside) if names.gradients and len(beside) < len(factors) else None


def _transposed(value: ast.expr, names: _Named) -> ast.expr | None:
    """The operand that lies on its side, with its ``.T``; else the one matrix product."""
    products = [node for node in ast.walk(value) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)]
    operands = [operand for product in products for operand in (product.left, product.right)]
    return _only([each for each in operands if names.subject & _names_in(each)]) or _only(products)


def _elementwise(value: ast.expr, _: _Named) -> ast.expr | None:
    match value:
        case ast.BinOp(op=ast.Mult()):
            return value
    return _only([node for node in ast.walk(value) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)])


def _calls(names: frozenset[str]) -> Finder:
    """The one call of a function or method with one of these names."""

    def find(value: ast.expr, _: _Named) -> ast.expr | None:
        calls = [node for node in ast.walk(value) if isinstance(node, ast.Call)]
        return _only([call for call in calls if getattr(call.func, "attr", getattr(call.func, "id", "")) in names])

    return find


def _grad(value: ast.expr, _: _Named) -> ast.expr | None:
    return _only([node for node in ast.walk(value) if isinstance(node, ast.Attribute) and node.attr == "grad"])


def _comparison(value: ast.expr, _: _Named) -> ast.expr | None:
    return _only([node for node in ast.walk(value) if isinstance(node, ast.Compare)])


def _division(value: ast.expr, _: _Named) -> ast.expr | None:
    return _only([node for node in ast.walk(value) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)])


def _indexed(statement: Simple) -> ast.expr | None:
    """What an assignment changes: ``dC[Xb]``."""
    match statement:
        case ast.Assign(targets=[ast.Subscript() as target]) | ast.AugAssign(target=ast.Subscript() as target):
            return target
    return None


FINDERS: dict[Kind, Finder] = {
    Kind.WRONG_POWER: _factor,
    Kind.WRONG_DERIVATIVE: _derivative,
    Kind.SIGN: _term,
    Kind.SCALE: _term,
    Kind.EXTRA_PATH: _term,
    Kind.TRANSPOSED: _transposed,
    Kind.ELEMENTWISE: _elementwise,
    Kind.OVER_SUMMED: _calls(SUMS),
    Kind.NOT_SUMMED: _calls(SUMS),
    Kind.WRONG_DTYPE: _calls(DTYPES),
    Kind.READS_GRAD: _grad,
    Kind.MASK: _comparison,
    Kind.NON_FINITE: _division,
    Kind.CIRCULAR: _name,
    Kind.CLOBBERED: _name,
}
"""What a kind of mistake is about, where that is less than all that the statement computes."""
