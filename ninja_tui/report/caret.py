"""What in an answer's code its verdict is about: the expression under which carets go.

An error has its place. Of a mistake it is what the statement computes, or the part of it that the kind of mistake and
its sentence name: the factor with the wrong power, the operand that lies on its side, the sum that goes too far.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from functools import partial

from ninja_tui.engine.protocol.verdict import Kind, Verdict
from ninja_tui.errors import Excerpt
from ninja_tui.lesson.syntax import parts
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import assigned, changed

MOST_LINES = 4
"""Of an expression that stands in more lines the first ones are shown."""
SUMS = frozenset({"sum", "mean"})
DTYPES = frozenset({"to", "type", "double", "float", "half", "bfloat16", "long", "int", "short", "bool"})
Statement = tuple[Fragment, parts.Computing]


def meant(code: Sequence[Fragment], verdict: Verdict) -> list[Excerpt]:
    """The lines of ``code``, the statements of an answer, that ``verdict`` is about; none where there is no code."""
    raised = verdict.raised
    if raised is not None and raised.line:
        whole = (_indent(raised.source), len(raised.source.rstrip()))
        start, end = (raised.column - 1, raised.end_column - 1) if raised.column else whole
        return [Excerpt(raised.line, raised.source, start, end)]
    pool = _statements(code, verdict)
    return _excerpts(*_expression(pool, verdict)) if pool else []


def _excerpts(fragment: Fragment, expression: ast.expr) -> list[Excerpt]:
    """The lines of an expression that stands in ``fragment``."""
    first, last = expression.lineno, expression.end_lineno or expression.lineno
    excerpts: list[Excerpt] = []
    for line in range(first, min(last, first + MOST_LINES - 1) + 1):
        text = fragment.code.split("\n")[line - 1]
        start = _characters(text, expression.col_offset) if line == first else _indent(text)
        end = _characters(text, expression.end_col_offset or 0) if line == last else len(text.rstrip())
        excerpts.append(Excerpt(fragment.line + line - 1, text, start, end))
    return excerpts


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _characters(text: str, column: int) -> int:
    return len(text.encode()[:column].decode(errors="ignore"))


def _statements(code: Sequence[Fragment], verdict: Verdict) -> list[Statement]:
    """The statements that compute the gradient: the one in the verdict's line, or all that bind or change it."""
    found = [(fragment, statement) for fragment in code for statement in parts.computing(fragment)]
    if len(code) <= 1:
        there = [each for each in found if _covers(each, verdict.line or 0)]
        there = [each for each in there if verdict.gradient in parts.targets(each[1])] or there
        if there or "→" in verdict.gradient:  # of a Function's backward that returns in several lines no one is meant
            return there
    root = re.split(r"[.\[]", verdict.gradient)[0]
    touching = [each for each in found if root in assigned(each[1]) | changed(each[1])]
    return touching or found[-1:]


def _covers(statement: Statement, line: int) -> bool:
    fragment, tree = statement
    return tree.lineno <= line - fragment.line + 1 <= (tree.end_lineno or tree.lineno)


def _expression(pool: Sequence[Statement], verdict: Verdict) -> tuple[Fragment, ast.expr]:
    """What is meant: in the last statement that has what the mistake names, or that speaks of what it names."""
    named = _Named("" if verdict.diagnosis is None else verdict.diagnosis.message)
    kind = Kind.UNKNOWN if verdict.diagnosis is None else verdict.diagnosis.kind
    values = [(fragment, statement, parts.value_for(statement, verdict.gradient)) for fragment, statement in pool]
    for fragment, statement, value in reversed(values):
        find = FINDERS.get(kind)
        found = parts.changed_item(statement) if kind is Kind.LOST_DUPLICATES else find and find(value, named)
        if found is not None:
            return fragment, found
    computed = [(fragment, value) for fragment, _, value in values]
    speaking = [each for each in computed if named.all & parts.names_in(each[1])]
    speaking = speaking or [each for each in computed if named.paths & parts.names_in(each[1])]
    return speaking[-1] if speaking else computed[-1]


class _Named:
    """The names of which a message speaks: those in backticks, gradients that stand without, and ``all`` of them.

    ``paths`` are the gradients of those in backticks, from which a path through one comes.
    """

    def __init__(self, message: str) -> None:
        self.quoted = re.findall(r"`([A-Za-z_]\w*)`", message)
        self.gradients = frozenset(re.findall(r"\bd\w+", re.sub(r"`[^`]*`", "", message)))
        self.all = frozenset(self.quoted) | self.gradients
        self.paths = frozenset(f"d{name}" for name in self.quoted)
        self.subject = frozenset(self.quoted[:1]) if message.startswith("`") else frozenset[str]()
        """The name with which the message begins, if it begins with one."""


Finder = Callable[[ast.expr, _Named], ast.expr | None]


def _derivative(value: ast.expr, named: _Named) -> ast.expr | None:
    """The factor that the message begins with, or what stands beside the upstream gradient of which it speaks."""
    if named.subject:
        return parts.factor_with(value, named.subject)
    return parts.factor_beside(value, named.gradients)


def _term(value: ast.expr, named: _Named) -> ast.expr | None:
    return parts.term_with(value, named.all)


def _name(value: ast.expr, named: _Named) -> ast.expr | None:
    return parts.first_name(value, named.all)


def _whatever(find: Callable[[ast.expr], ast.expr | None]) -> Finder:
    """What is found without a look at the message."""
    return lambda value, _: find(value)


FINDERS: dict[Kind, Finder] = {
    Kind.WRONG_POWER: lambda value, named: parts.factor_with(value, named.quoted[:1]),
    Kind.WRONG_DERIVATIVE: _derivative,
    Kind.SIGN: _term,
    Kind.SCALE: _term,
    Kind.EXTRA_PATH: _term,
    Kind.TRANSPOSED: lambda value, named: parts.matrix_operand(value, named.subject),
    Kind.ELEMENTWISE: _whatever(partial(parts.operation, operator=ast.Mult)),
    Kind.OVER_SUMMED: _whatever(partial(parts.call_of, names=SUMS)),
    Kind.NOT_SUMMED: _whatever(partial(parts.call_of, names=SUMS)),
    Kind.WRONG_DTYPE: _whatever(partial(parts.call_of, names=DTYPES)),
    Kind.READS_GRAD: _whatever(partial(parts.attribute, name="grad")),
    Kind.MASK: _whatever(parts.comparison),
    Kind.NON_FINITE: _whatever(partial(parts.operation, operator=ast.Div)),
    Kind.CIRCULAR: _name,
    Kind.CLOBBERED: _name,
}
"""What a kind of mistake is about, where that is less than all that the statement computes."""
