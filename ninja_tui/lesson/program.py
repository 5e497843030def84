"""Where a person's answers stand in a piece of Python.

An answer to the node ``x`` runs from a fresh assignment of ``dx`` to its last in-place change. A later fresh
assignment starts another answer to the same node.
"""

from __future__ import annotations

import ast
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
    trees = [tree for tree in parse(source, first_line, where).body if not _is_cmp(tree)]
    changes = [changed(tree) for tree in trees]
    parts: list[tuple[str, list[int]]] = []
    numbers: list[set[int]] = [set() for _ in trees]
    latest: dict[str, int] = {}
    for index, tree in enumerate(trees if gradients else ()):
        fresh = {name for name in assigned(tree) if name in gradients and not _placeholder(tree)}
        for gradient in sorted(fresh | {name for name in changes[index] if name in gradients}):
            if gradient in fresh or gradient not in latest:
                latest[gradient] = len(parts)
                parts.append((gradients[gradient], []))
            parts[latest[gradient]][1].append(index)
            numbers[index].add(latest[gradient])
    lines = source.split("\n")
    steps: list[ProgramStatement] = []
    for index, tree in enumerate(trees):
        text = cut(tree, lines, first_line)
        touched = frozenset(reads(tree)) | changes[index]
        steps.append(ProgramStatement(text.code, text.line, text.end_line, touched, frozenset(numbers[index])))
    answers = tuple(Answer(node, steps[indices[0]].line, tuple(indices)) for node, indices in parts)
    return Program(tuple(steps), answers)


def _placeholder(tree: ast.stmt) -> bool:
    """``dprobs = None``, to be filled in later."""
    return isinstance(tree, ast.Assign) and isinstance(tree.value, ast.Constant) and tree.value.value is None


def _is_cmp(tree: ast.stmt) -> bool:
    """The notebook's ``def cmp``: it needs ``.grad``, and the one of ``--replay`` stands in its place."""
    return isinstance(tree, ast.FunctionDef) and tree.name == "cmp"
