"""Code that is to stand somewhere else: in a loop, with another seed, without a package that is not there."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Collection, Iterator

from ninja_tui.lesson.syntax.fragment import Fragment, first_line_of
from ninja_tui.lesson.syntax.imports import imported_modules
from ninja_tui.lesson.syntax.names import loop_variables, stored_names
from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import children, everything

INDENT = "    "


def indented(code: str, by: str = INDENT) -> str:
    """``code``, which is complete, as a part of a block; lines that begin inside of a string stay as they are."""
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.start[0] != token.end[0] and token.type not in (tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER):
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
    lines = code.split("\n")
    return "\n".join(
        line if number in inside or not line.strip() else by + line for number, line in enumerate(lines, 1)
    )


def without_imports_of(code: str, package: str) -> str:
    """``code`` without the top-level statements that import something of ``package``."""
    lines = code.split("\n")
    for tree in reversed(parse_code(code).body):
        if isinstance(tree, ast.Import | ast.ImportFrom) and _is_of(tree, package):
            del lines[tree.lineno - 1 : tree.end_lineno or tree.lineno]
    return "\n".join(lines)


def without_calls_of(code: str, functions: Collection[str]) -> str:
    """``code`` without the top-level statements that do nothing but call ``functions``, also in a loop or an ``if``."""
    lines = code.split("\n")
    for tree in reversed(parse_code(code).body):
        if _only_calls(tree, functions) and stored_names(tree) <= loop_variables(tree):
            del lines[tree.lineno - 1 : tree.end_lineno or tree.lineno]
    return "\n".join(lines)


def _only_calls(tree: ast.stmt, functions: Collection[str]) -> bool:
    match tree:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name in functions
        case ast.For(body=body, orelse=otherwise) | ast.If(body=body, orelse=otherwise):
            return all(_only_calls(each, functions) for each in (*body, *otherwise))
    return False


def with_none_for_calls_of(code: str, function: str) -> str:
    """``code`` in which ``None`` stands in the place of every call of ``function`` by its bare name."""
    lines = [line.encode() for line in code.split("\n")]  # columns count bytes
    for call in sorted(_calls(parse_code(code), function), key=lambda call: (call.lineno, call.col_offset))[::-1]:
        first, last = call.lineno - 1, (call.end_lineno or call.lineno) - 1
        lines[first : last + 1] = [lines[first][: call.col_offset] + b"None" + lines[last][call.end_col_offset or 0 :]]
    return b"\n".join(lines).decode()


def _calls(tree: ast.AST, function: str) -> Iterator[ast.Call]:
    """The outermost calls, but for those in an f-string, whose place Python 3.11 does not tell."""
    match tree:
        case ast.Call(func=ast.Name(id=name)) if name == function:
            yield tree
            return
        case ast.JoinedStr():
            return
    for child in children(tree):
        yield from _calls(child, function)


def _is_of(tree: ast.stmt, package: str) -> bool:
    modules = imported_modules([Fragment.at(ast.unparse(tree), 1)])
    return any(each == package or each.startswith(f"{package}.") for each in modules)


def reseeded(code: str, seed: int) -> str:
    """``code`` in which every top-level ``seed = …`` binds ``seed``."""
    lines = code.split("\n")
    for tree in reversed(parse_code(code).body):
        match tree:
            case ast.Assign(targets=[ast.Name(id="seed")]):
                lines[first_line_of(tree) - 1 : tree.end_lineno or tree.lineno] = [f"seed = {seed}"]
    return "\n".join(lines)


def texts_given(code: str, function: str) -> tuple[str, ...]:
    """The strings with which ``code`` calls ``function``, by its bare name, each once."""
    texts: list[str] = []
    for node in everything(parse_code(code)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str() as text), *_]) if name == function:
                texts.append(text)
    return tuple(dict.fromkeys(texts))


def is_call_of(code: str, function: str) -> bool:
    """Whether ``code`` is one statement that does nothing but call ``function``."""
    match parse_code(code).body:
        case [ast.Expr(value=ast.Call(func=ast.Name(id=name)))]:
            return name == function
    return False
