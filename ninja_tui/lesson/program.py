"""Where a person's answers stand in a piece of Python.

An answer to the node ``x`` runs from a fresh assignment of ``dx`` to its last in-place change. A later fresh
assignment starts another answer to the same node.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ninja_tui.lesson.graph import parse
from ninja_tui.lesson.syntax.names import assigned, changed, reads


@dataclass(frozen=True)
class Step:
    """One top-level statement of a solutions file, with what it does to gradients (``answers``)."""

    code: str
    line: int
    end_line: int
    reads: frozenset[str]
    answers: frozenset[int]


@dataclass(frozen=True)
class Answer:
    """One answer: ``steps`` are the indices of its statements, the last of which completes it.

    ``gradient`` is the name that they bind; ``d<node>`` where none is given.
    """

    node: str
    line: int
    steps: tuple[int, ...]
    gradient: str = ""

    def __post_init__(self) -> None:
        if not self.gradient:
            object.__setattr__(self, "gradient", f"d{self.node}")

    @property
    def last(self) -> int:
        """The step after which the gradient is judged."""
        return self.steps[-1]


@dataclass(frozen=True)
class Program:
    """The statements of a file and the answers among them, in file order.

    ``whole``: the file is to compute every gradient that it reads; else the reference's stand in for absent ones.
    """

    steps: tuple[Step, ...]
    answers: tuple[Answer, ...]
    whole: bool = False

    def ending_at(self, step: int) -> tuple[Answer, ...]:
        """The answers that are complete after ``step``."""
        return tuple(answer for answer in self.answers if answer.last == step)

    def among(self, nodes: Iterable[str]) -> Program:
        """The same statements, with the answers to ``nodes`` alone."""
        wanted = set(nodes)
        kept = [number for number, answer in enumerate(self.answers) if answer.node in wanted]
        numbers = {old: new for new, old in enumerate(kept)}
        steps = tuple(
            replace(step, answers=frozenset(numbers[old] for old in step.answers if old in numbers))
            for step in self.steps
        )
        return Program(steps, tuple(self.answers[old] for old in kept), self.whole)

    def of_node(self, node: str) -> tuple[Answer, ...]:
        """The answers to ``node``, in file order."""
        return tuple(answer for answer in self.answers if answer.node == node)


def read_program(source: str, nodes: Iterable[str], where: str, first_line: int = 1) -> Program:
    """The statements and answers of ``source``; raises UsageError with the line of a syntax error."""
    gradients = {f"d{name}": name for name in nodes}
    trees = [tree for tree in parse(source, first_line, where).body if not _own_cmp(tree)]
    parts: list[tuple[str, list[int]]] = []
    latest: dict[str, int] = {}
    for index, tree in enumerate(trees):
        fresh = {name for name in assigned(tree) if name in gradients and not _placeholder(tree)}
        for gradient in sorted(fresh | {name for name in changed(tree) if name in gradients}):
            if gradient in fresh or gradient not in latest:
                latest[gradient] = len(parts)
                parts.append((gradients[gradient], []))
            parts[latest[gradient]][1].append(index)
    lines = source.split("\n")
    steps = tuple(
        Step(
            code=_segment(lines, tree),
            line=_first_line(tree) + first_line - 1,
            end_line=(tree.end_lineno or tree.lineno) + first_line - 1,
            reads=frozenset(reads(tree)) | changed(tree),
            answers=frozenset(number for number, (_, indices) in enumerate(parts) if index in indices),
        )
        for index, tree in enumerate(trees)
    )
    answers = tuple(Answer(node, steps[indices[0]].line, tuple(indices)) for node, indices in parts)
    return Program(steps, answers)


def _segment(lines: list[str], tree: ast.stmt) -> str:
    """The source of one statement; other statements on the same line are left out."""
    first, last = _first_line(tree), tree.end_lineno or tree.lineno
    part = lines[first - 1 : last]
    encoded_end = part[-1].encode()[: tree.end_col_offset]
    part = [*part[:-1], encoded_end.decode()]
    if first == tree.lineno:
        part[0] = part[0].encode()[tree.col_offset :].decode()
    return "\n".join(part)


def _first_line(tree: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(tree, "decorator_list", [])
    return min([tree.lineno, *(decorator.lineno for decorator in decorators)])


def _placeholder(tree: ast.stmt) -> bool:
    """``dprobs = None``, to be filled in later."""
    return isinstance(tree, ast.Assign) and isinstance(tree.value, ast.Constant) and tree.value.value is None


def _own_cmp(tree: ast.stmt) -> bool:
    """The notebook's own ``def cmp``: it needs ``.grad``, and ours stands in its place."""
    return isinstance(tree, ast.FunctionDef) and tree.name == "cmp"
