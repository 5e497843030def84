"""Other numbers in the place of those that a set-up writes out."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from ninja_tui.lesson.syntax.fragment import parsed


def written_numbers(code: str) -> dict[str, int]:
    """The whole numbers that ``code`` writes out and binds to a name, once, at its top level: ``batch_size = 32``.

    One that is to stay as it is has its type beside it: ``block_size: int = 3``.
    """
    tree = parsed(code)
    if tree is None:
        return {}
    bound = [name for name, _ in _numbers(tree)]
    return {name: number for name, (_, number) in zip(bound, _numbers(tree), strict=True) if bound.count(name) == 1}


def with_numbers(code: str, numbers: Mapping[str, int]) -> str:
    """``code`` with other numbers at its top level, by the names that they are bound to; its lines stay the same."""
    tree = parsed(code)
    if tree is None:
        return code
    lines = [line.encode() for line in code.split("\n")]
    for name, constant in reversed([*_constants(tree)]):
        if name in numbers and constant.end_col_offset is not None:
            line = lines[constant.lineno - 1]
            number = str(numbers[name]).encode()
            lines[constant.lineno - 1] = line[: constant.col_offset] + number + line[constant.end_col_offset :]
    return b"\n".join(lines).decode()


def _numbers(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for name, constant in _constants(tree):
        if isinstance(constant.value, int):
            yield name, constant.value


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.Constant]]:
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(number)) as constant):
                if not isinstance(number, bool):
                    yield name, constant
