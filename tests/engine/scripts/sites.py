"""The statements of a backward pass that bind a gradient or change one, and texts with another in their place."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.engine.scripts.script import Script

GRADIENT = re.compile(
    r"\b(?:d(?!iff\b|ict\b|etach\b|im\b|ouble\b|iag\w*|ata\b|type\b|istributions\b)\w*|grads\[[^]]*\])"
)
"""A gradient's name, as these scripts have them."""
START = re.compile(r"torch\.(?:zeros|zeros_like|full|ones_like)\(|\{\}|\[")


@dataclass(frozen=True)
class Site:
    """A statement: lines ``first`` to ``last`` of the backward pass, from 0.

    ``value`` is the expression that may be exchanged (empty: only the whole statement), ``gradient`` the name of what
    it gives, and ``around`` makes a statement of another expression. ``masks`` says that it changes entries only.
    """

    gradient: str
    first: int
    last: int
    indent: str
    code: str
    value: str
    around: Callable[[str], str]
    masks: bool = False

    @property
    def starts(self) -> bool:
        """Whether it only makes room for what is added later."""
        return bool(START.match(self.value))

    @property
    def plain(self) -> bool:
        """Whether it is ``name = value``."""
        return self.code.startswith(f"{self.gradient} = ") and self.gradient.isidentifier()


def sites(script: Script) -> list[Site]:
    """All of them, in the order of the text; a dict that is returned has one for each of its values."""
    tree = ast.parse(script.hand)
    lines = script.hand.splitlines()
    statements = sorted((each for each in ast.walk(tree) if isinstance(each, ast.stmt)), key=lambda each: each.lineno)
    return [site for statement in statements for site in _of(statement, lines, script)]


def site_of(script: Script, code: str) -> Site:
    """The site of the statement ``code``, whatever it binds."""
    lines = script.hand.splitlines()
    first = next(number for number, line in enumerate(lines) if line.strip() == code)
    found = [site for site in sites(script) if site.first == first]
    if found:
        return found[0]
    return Site(code.partition(" = ")[0], first, first, _indent(lines[first]), code, "", lambda new: new)


def _of(statement: ast.stmt, lines: list[str], script: Script) -> Iterator[Site]:
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    code = ast.unparse(statement)

    def site(gradient: str, value: ast.expr | None, around: Callable[[str], str], *, masks: bool = False) -> Site:
        text = "" if value is None else ast.unparse(value)
        return Site(gradient, first, last, _indent(lines[first]), code, text, around, masks)

    match statement:
        case ast.Assign(targets=[target], value=value) | ast.AugAssign(target=target, value=value):
            gradient = ast.unparse(target)
            if not GRADIENT.match(gradient):
                return
            masks = isinstance(target, ast.Subscript) and not _is_item(target, script)
            left = code[: -len(ast.unparse(value))]
            yield site(_root(gradient) if masks else gradient, value, lambda new: left + new, masks=masks)
        case ast.Return(value=ast.Dict(keys=keys, values=values)):
            for key, value in zip(keys, values, strict=True):
                assert isinstance(key, ast.Constant)
                before, after = code.split(f": {ast.unparse(value)}", 1)
                yield site(f"grads[{key.value!r}]", value, _between(f"{before}: ", after))
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="insert"), args=[where, value])):
            yield site(name, value, lambda new: f"{name}.insert({ast.unparse(where)}, {new})")
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name)))) if GRADIENT.fullmatch(name):
            yield site(name, None, lambda new: new)


def _between(before: str, after: str) -> Callable[[str], str]:
    return lambda new: before + new + after


def _is_item(target: ast.Subscript, script: Script) -> bool:
    """Whether it is an item of a container of gradients, and not entries of one."""
    root = ast.unparse(target.value)
    return any(gradient.startswith(f"{root}[") for gradient in script.gradients)


def _root(name: str) -> str:
    return name.partition("[")[0]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def replaced(script: Script, site: Site, code: str) -> str:
    """The backward pass with ``code`` in the place of the statement."""
    lines = script.hand.splitlines()
    lines[site.first : site.last + 1] = textwrap.indent(code, site.indent).splitlines()
    return "\n".join(lines) + "\n"
