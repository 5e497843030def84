"""The parser, one thread at a time, for code of a length and depth that can be read in time.

Before Python 3.11.8 and 3.12.2 two threads that make syntax trees at once can get ``SystemError: AST constructor
recursion depth mismatch`` (https://github.com/python/cpython/issues/106905).
"""

from __future__ import annotations

import ast
import itertools
import re
import threading
import warnings
from collections.abc import Iterable

from ninja_tui.lesson.syntax.walk import children, everything

MOST_LINES = 100_000
MOST_STATEMENTS = 12_000
MOST_TOKENS = 100_000
"""Names, numbers, strings and operators: each becomes nodes of a tree, which take memory and time."""
DEEPEST = 120
"""Expressions in expressions, and blocks in blocks: what walks through them calls itself, and Python has a limit."""
MOST_BITS = 10_000
"""Of a whole number. Python writes none of more than 4300 decimal digits, which are some more bits."""
_LONG_NUMBER = re.compile(r"0[xXoObB][0-9a-fA-F_]{2000}")
_TOKEN = re.compile(
    r"""(?P<comment>\#.*)|\"{3}(?:[^"\\]++|\\[\s\S]|"(?!""))*+\"{3}|'{3}(?:[^'\\]++|\\[\s\S]|'(?!''))*+'{3}"""
    r"""|"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+'|\w+|[^\w\s]"""
)
_lock = threading.RLock()


class TooLong(ValueError):
    """Code of more than can be read in time; the text says of what it has too much, and how much is read."""


def parse_code(code: str) -> ast.Module:
    """``ast.parse``; raises what it raises, TooLong, and SyntaxError for what is nested too deeply."""
    check_length([code])
    return parse_counted(code)


def parse_counted(code: str) -> ast.Module:
    """As ``parse_code``, of code whose length has been checked; it does not raise TooLong."""
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in strings, which Python itself tells when the code runs
        tree = ast.parse(code)
    for statement in tree.body:
        line = _too_deep(statement)
        if line is not None:
            raise SyntaxError(f"nested too deeply; at most {DEEPEST} levels are read", ("<unknown>", line, 0, None))
    if _LONG_NUMBER.search(code):
        _check_numbers(tree)
    return tree


def _check_numbers(tree: ast.Module) -> None:
    """Raises SyntaxError for a number that Python reads, and does not write."""
    for node in everything(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value.bit_length() > MOST_BITS:
            raise SyntaxError("a number of too many digits", ("<unknown>", node.lineno, 0, None))


def check_length(codes: Iterable[str]) -> None:
    """Raises TooLong where ``codes``, the cells of a file, are more than can be read in time."""
    codes = list(codes)
    lines = sum(code.count("\n") + 1 for code in codes)
    if lines > MOST_LINES:
        raise TooLong(f"has {lines:,} lines of code; at most {MOST_LINES:,} are read")
    if sum(map(len, codes)) > MOST_TOKENS:
        found = (match for code in codes for match in _TOKEN.finditer(code) if match["comment"] is None)
        if next(itertools.islice(found, MOST_TOKENS, None), None) is not None:
            raise TooLong(f"has more than {MOST_TOKENS:,} names, numbers, strings and operators, and no more are read")


def check_count(statements: int) -> None:
    """Raises TooLong where a file has too many of them."""
    if statements > MOST_STATEMENTS:
        raise TooLong(f"has {statements:,} statements; at most {MOST_STATEMENTS:,} are read")


def _too_deep(statement: ast.stmt) -> int | None:
    """The line in which ``statement`` becomes nested too deeply: its first, if blocks do; None where it does not."""
    if statement.end_lineno == statement.lineno and (statement.end_col_offset or 0) - statement.col_offset < DEEPEST:
        return None
    level: list[ast.AST] = [statement]
    for _ in range(DEEPEST):
        level = [child for node in level for child in children(node)]
        if not level:
            return None
    in_blocks = any(isinstance(node, ast.stmt) for node in level)
    lines = (node.lineno for node in level if isinstance(node, ast.expr) and not in_blocks)
    return next(lines, statement.lineno)
