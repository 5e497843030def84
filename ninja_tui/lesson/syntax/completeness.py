"""Whether a piece of Python is complete as it is typed, what it binds and reads, and its comments."""

from __future__ import annotations

import codeop
import contextlib
import enum
import io
import tokenize

from ninja_tui.lesson.syntax.code_error import CodeError, syntax_error
from ninja_tui.lesson.syntax.names import assigned, changed, reads
from ninja_tui.lesson.syntax.parsing import parse_code


class Completeness(enum.Enum):
    """Whether the text typed so far is complete."""

    COMPLETE = enum.auto()
    UNFINISHED = enum.auto()
    WRONG = enum.auto()


def completeness(source: str) -> tuple[Completeness, CodeError | None]:
    """Whether ``source`` is complete, breaks off before its end, or is wrong; and then what is wrong."""
    if not source.strip():
        return Completeness.UNFINISHED, None
    try:
        if codeop.compile_command(source, symbol="exec") is None:
            return Completeness.UNFINISHED, None
        parse_code(source)
    except SyntaxError as error:
        if _may_go_on(source, error):
            return Completeness.UNFINISHED, None
        return Completeness.WRONG, syntax_error(error, source)
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        return Completeness.WRONG, CodeError(str(error) or type(error).__name__)
    return Completeness.COMPLETE, None


def ends_open(source: str) -> bool:
    """Whether Python's own prompt would wait for another line: the code breaks off, or a block may go on."""
    state, _ = completeness(source)
    if state is not Completeness.COMPLETE:
        return state is Completeness.UNFINISHED
    statements = parse_code(source).body
    in_block = bool(statements) and hasattr(statements[-1], "body")
    return in_block and source.rpartition("\n")[2].strip() != ""


def binds(source: str, gradient: str) -> bool:
    """Whether the complete code ``source`` gives ``gradient`` a value anywhere at its top level."""
    return any(gradient in assigned(tree) | changed(tree) for tree in parse_code(source).body)


def names_read(source: str) -> frozenset[str]:
    """The names that the complete code ``source`` reads or changes."""
    trees = parse_code(source).body
    return frozenset(name for tree in trees for name in (*reads(tree), *changed(tree)))


def _may_go_on(source: str, error: SyntaxError) -> bool:
    """Whether the error stands after the last token: more text may still mend it."""
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


def comments(source: str) -> list[tokenize.TokenInfo]:
    """The comment tokens of ``source``, as far as it can be read."""
    tokens: list[tokenize.TokenInfo] = []
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                tokens.append(token)
    return tokens
