"""A statement with the shape of every tensor written after its name."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from ninja_tui.lesson.syntax.parsing import parse_code


def with_shapes(code: str, shapes: Mapping[str, tuple[int, ...]]) -> str:
    """``probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1)``, for the names that ``shapes`` knows."""
    lines = [line.encode() for line in code.split("\n")]
    ends = [
        (node.end_lineno or node.lineno, node.end_col_offset or 0, shapes[node.id])
        for node in ast.walk(parse_code(code))
        if isinstance(node, ast.Name) and node.id in shapes
    ]
    for line, column, shape in sorted(ends, reverse=True):
        text = lines[line - 1]
        lines[line - 1] = text[:column] + f" {shape}".encode() + text[column:]
    return "\n".join(line.decode() for line in lines)
