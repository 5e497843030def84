"""The graph of a forward pass, from its text alone: statements, who reads what, and the walk back."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from ninja_tui.errors import Excerpt, UsageError
from ninja_tui.lesson.model import Node, Statement
from ninja_tui.lesson.syntax.code_error import syntax_error
from ninja_tui.lesson.syntax.names import reads, target_names
from ninja_tui.lesson.syntax.parsing import TooLong, check_count, parse_code


def statements_of(source: str, first_line: int, where: str) -> tuple[Statement, ...]:
    """The statements of the forward cell ``source``, whose first line is ``first_line`` of the file ``where``.

    Raises UsageError where a statement is no assignment to a name, or a name is bound twice.
    """
    lines = source.split("\n")
    statements: list[Statement] = []
    bound: dict[str, int] = {}
    for tree in parse(source, first_line, where).body:
        line = tree.lineno + first_line - 1
        names = _bound_by(tree)
        if not names:
            raise UsageError(f"{where}, line {line}: a statement of the forward pass is `name = …`")
        for name in names:
            if name in bound:
                raise UsageError(f"{where}, line {line} binds `{name}` again (first in line {bound[name]})")
            bound[name] = line
        end = tree.end_lineno or tree.lineno
        statements.append(
            Statement(
                index=len(statements),
                code="\n".join(lines[tree.lineno - 1 : end]),
                line=line,
                end_line=end + first_line - 1,
                binds=names,
                reads=reads(tree),
            )
        )
    if not statements:
        raise UsageError(f"{where}: the forward cell is empty")
    return tuple(statements)


def parse(source: str, first_line: int, where: str) -> ast.Module:
    """``source`` parsed; raises UsageError with the file's line where it cannot be."""
    try:
        tree = parse_code(source)
        check_count(len(tree.body))
        return tree
    except TooLong as error:
        raise UsageError(f"{where} {error}") from None
    except SyntaxError as error:
        line = (error.lineno or 1) + first_line - 1
        raise UsageError(f"{where}, line {line}: {error.msg}", _excerpt(error, source, line)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UsageError(f"{where} cannot be read as Python: {error}") from None


def _excerpt(error: SyntaxError, source: str, line: int) -> Excerpt | None:
    """What in ``source`` is no Python, in the file's line ``line``."""
    found = syntax_error(error, source)
    if not found.column:
        return None
    start = min(found.column - 1, len(found.source))
    return Excerpt(line, found.source, start, max(found.end_column - 1, start + 1))


def nodes_of(statements: Sequence[Statement], parameters: Iterable[str]) -> tuple[Node, ...]:
    """The nodes in walk order: reverse order of the statements, inputs in the order in which they are read.

    A node comes when every consumer has been passed. What depends on no parameter is no node, nor is the loss, which
    the last statement binds, nor what only statements read that do not lead to it.
    """
    statements = _leading_to_the_last(statements)
    bound_in: dict[str, int | None] = dict.fromkeys(parameters)
    for statement in statements:
        if any(name in bound_in for name in statement.reads):
            bound_in |= dict.fromkeys(statement.binds, statement.index)
    consumers: dict[str, list[int]] = {name: [] for name in bound_in}
    for statement in statements:
        for name in statement.reads:
            if name in consumers:
                consumers[name].append(statement.index)
    walk: list[Node] = []
    waiting = {name: len(indices) for name, indices in consumers.items()}
    for statement in reversed(statements):
        for name in statement.reads:
            if name in waiting:
                waiting[name] -= 1
                if waiting[name] == 0:
                    walk.append(Node(name, bound_in[name], tuple(consumers[name])))
    return tuple(walk)


def _leading_to_the_last(statements: Sequence[Statement]) -> list[Statement]:
    wanted = set(statements[-1].binds)
    leading: list[Statement] = []
    for statement in reversed(statements):
        if wanted.intersection(statement.binds):
            wanted.update(statement.reads)
            leading.append(statement)
    return leading[::-1]


def _bound_by(tree: ast.stmt) -> tuple[str, ...]:
    match tree:
        case ast.Assign(targets=targets):
            return tuple(name for target in targets for name in target_names(target))
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return (name,)
    return ()
