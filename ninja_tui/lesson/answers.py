"""Where a person's answers stand in a piece of Python.

An answer to the node ``x`` runs from a fresh assignment of ``dx`` to its last in-place change. A later fresh
assignment starts another answer to the same node.
"""

from __future__ import annotations

import ast
import codeop
import enum
import io
import tokenize
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ninja_tui.lesson.graph import parse
from ninja_tui.lesson.names_in import assigned, changed, reads


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


class Completeness(enum.Enum):
    """What a prompt knows of the text typed so far."""

    COMPLETE = enum.auto()
    UNFINISHED = enum.auto()
    WRONG = enum.auto()


def completeness(source: str) -> tuple[Completeness, str]:
    """Whether ``source`` is complete, breaks off before its end, or is wrong; and the error's own message."""
    if not source.strip():
        return Completeness.UNFINISHED, ""
    try:
        if codeop.compile_command(source, symbol="exec") is None:
            return Completeness.UNFINISHED, ""
        ast.parse(source)
    except SyntaxError as error:
        if _at_the_end(source, error):
            return Completeness.UNFINISHED, ""
        return Completeness.WRONG, error.msg
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        return Completeness.WRONG, str(error) or type(error).__name__
    return Completeness.COMPLETE, ""


def ends_open(source: str) -> bool:
    """Whether Python's own prompt would wait for another line: the code breaks off, or a block may go on."""
    state, _ = completeness(source)
    if state is not Completeness.COMPLETE:
        return state is Completeness.UNFINISHED
    statements = ast.parse(source).body
    in_block = bool(statements) and hasattr(statements[-1], "body")
    return in_block and source.rpartition("\n")[2].strip() != ""


def binds(source: str, gradient: str) -> bool:
    """Whether the complete code ``source`` gives ``gradient`` a value anywhere at its top level."""
    return any(gradient in assigned(tree) | changed(tree) for tree in ast.parse(source).body)


def names_read(source: str) -> frozenset[str]:
    """The names that the complete code ``source`` reads or changes."""
    trees = ast.parse(source).body
    return frozenset(name for tree in trees for name in (*reads(tree), *changed(tree)))


def _at_the_end(source: str, error: SyntaxError) -> bool:
    """Whether the error stands behind the last token: more text may still mend it."""
    lines = source.split("\n")
    if "unterminated" in (error.msg or ""):
        return error.lineno == len(lines)
    if (error.msg or "").startswith("expected 'else'") and (error.end_lineno, error.end_offset) == (
        len(lines),
        len(lines[-1]) + 1,
    ):
        return True
    end = len(source.rstrip().split("\n"))
    line = error.lineno or 0
    if line < end or line == 0:
        return False
    return line > end or (error.offset or 0) > len(lines[end - 1].rstrip())


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


def comments(source: str) -> list[tokenize.TokenInfo]:
    """The comment tokens of ``source``, as far as it can be read."""
    found: list[tokenize.TokenInfo] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append(token)
    except (tokenize.TokenError, SyntaxError):
        pass
    return found
