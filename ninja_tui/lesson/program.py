"""Where a person's answers stand in a piece of Python.

An answer to the node ``x`` runs from a fresh assignment of ``dx`` to its last in-place change. A later fresh
assignment starts another answer to the same node.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ninja_tui.lesson.graph import parse
from ninja_tui.lesson.model import gradient_name
from ninja_tui.lesson.syntax.fragment import Fragment, cut
from ninja_tui.lesson.syntax.names import assigned, changed, reads


@dataclass(frozen=True)
class ProgramStatement(Fragment):
    """One top-level statement of a solutions file: the names that it reads or changes, and its ``answers``.

    ``answers`` are the indices of the program's answers of which it is a part.
    """

    reads: frozenset[str]
    answers: frozenset[int]


@dataclass(frozen=True)
class Answer:
    """One answer: ``steps`` are the indices of its statements, the last of which completes it.

    ``gradient`` is the name that they bind: by default ``gradient_name(node)``.
    """

    node: str
    line: int
    steps: tuple[int, ...]
    gradient: str = ""

    def __post_init__(self) -> None:
        if not self.gradient:
            object.__setattr__(self, "gradient", gradient_name(self.node))

    @property
    def last(self) -> int:
        """The step after which the gradient is judged."""
        return self.steps[-1]


@dataclass(frozen=True)
class Program:
    """The statements of a file and the answers among them, in file order.

    ``whole``: the file is to compute every gradient that it reads; else the reference's stand in for absent ones.
    """

    steps: tuple[ProgramStatement, ...]
    answers: tuple[Answer, ...]
    whole: bool = False

    def ending_at(self, step: int) -> tuple[Answer, ...]:
        """The answers that are complete after ``step``."""
        return tuple(answer for answer in self.answers if answer.last == step)

    def among(self, nodes: Iterable[str]) -> Program:
        """The same statements, with the answers to ``nodes`` alone."""
        wanted = set(nodes)
        indices = [index for index, answer in enumerate(self.answers) if answer.node in wanted]
        renumbered = {old: new for new, old in enumerate(indices)}
        steps = tuple(
            replace(step, answers=frozenset(renumbered[old] for old in step.answers if old in renumbered))
            for step in self.steps
        )
        return Program(steps, tuple(self.answers[index] for index in indices), self.whole)

    def of_node(self, node: str) -> tuple[Answer, ...]:
        """The answers to ``node``, in file order."""
        return tuple(answer for answer in self.answers if answer.node == node)


def read_program(source: str, nodes: Iterable[str], where: str, first_line: int = 1) -> Program:
    """The statements and answers of ``source``; raises UsageError with the line of a syntax error."""
    gradients = {gradient_name(name): name for name in nodes}
    statements = _statements(source, where, first_line)
    parts: list[tuple[str, list[int]]] = []
    latest: dict[str, int] = {}
    for index, statement in enumerate(statements if gradients else ()):
        fresh = {name for name in statement.assigned if name in gradients}
        for gradient in sorted(fresh | {name for name in statement.changed if name in gradients}):
            if gradient in fresh or gradient not in latest:
                latest[gradient] = len(parts)
                parts.append((gradients[gradient], []))
            parts[latest[gradient]][1].append(index)
    answers_at: dict[int, set[int]] = {}
    for number, (_, indices) in enumerate(parts):
        for index in indices:
            answers_at.setdefault(index, set()).add(number)
    steps = tuple(
        ProgramStatement(each.code, each.line, each.end_line, each.touched, frozenset(answers_at.get(index, ())))
        for index, each in enumerate(statements)
    )
    answers = tuple(Answer(node, steps[indices[0]].line, tuple(indices)) for node, indices in parts)
    return Program(steps, answers)


@dataclass(frozen=True)
class _Statement(Fragment):
    """A statement and the names that it ``touched``, ``assigned`` a value and ``changed``, whatever they are."""

    touched: frozenset[str]
    assigned: frozenset[str]
    changed: frozenset[str]


@functools.lru_cache(maxsize=4)  # a file is read as a whole, by lesson and by node, one after another
def _statements(source: str, where: str, first_line: int) -> tuple[_Statement, ...]:
    lines = source.split("\n")
    trees = [tree for tree in parse(source, first_line, where).body if not _is_cmp(tree)]
    return tuple(_statement(tree, cut(tree, lines, first_line)) for tree in trees)


def _statement(tree: ast.stmt, text: Fragment) -> _Statement:
    fresh = frozenset[str]() if _placeholder(tree) else assigned(tree)
    within = changed(tree)
    return _Statement(text.code, text.line, text.end_line, frozenset(reads(tree)) | within, fresh, within)


def _placeholder(tree: ast.stmt) -> bool:
    """``dprobs = None``, to be filled in later."""
    return isinstance(tree, ast.Assign) and isinstance(tree.value, ast.Constant) and tree.value.value is None


def _is_cmp(tree: ast.stmt) -> bool:
    """The notebook's ``def cmp``, or its import: it needs ``.grad``, and that of ``--replay`` stands in its place."""
    match tree:
        case ast.FunctionDef(name="cmp") | ast.ImportFrom(module="ninja_tui", names=[ast.alias("cmp", None)]):
            return True
    return False
