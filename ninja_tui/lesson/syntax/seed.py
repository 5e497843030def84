"""Another seed in the place of a set-up's own."""

from __future__ import annotations

import ast


def reseed(tree: ast.Module, seed: int) -> None:
    """Makes every top-level ``seed = …`` bind ``seed``."""
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="seed")]):
                statement.value = ast.copy_location(ast.Constant(seed), statement.value)
