"""Statements that are for people: prints, plots and asserts."""

from __future__ import annotations

import ast

from ninja_tui.lesson.syntax.fragment import Fragment, parsed
from ninja_tui.lesson.syntax.names import root_name
from ninja_tui.lesson.syntax.walk import everything

DISPLAYS = frozenset({
    "print", "display", "pprint", "plt", "pyplot", "sns", "fig", "ax", "axs", "axes", "px", "help", "input",
    "tqdm", "logging", "logger", "wandb", "writer", "HTML", "Image", "get_ipython", "warnings", "gc", "pbar",
})  # fmt: skip
"""A call to one of these changes nothing that a network is made of."""
BOOKKEEPING = frozenset({"backward", "retain_grad", "zero_grad", "step", "tolist", "item", "size", "dim", "type"})


def is_display(tree: ast.stmt) -> bool:
    """Whether a statement prints, plots, asserts, tells autograd what to do, or is a value that is thrown away."""
    if isinstance(tree, ast.Assert):
        return True
    if not isinstance(tree, ast.Expr):
        return False
    value = tree.value.value if isinstance(tree.value, ast.Await) else tree.value
    if not isinstance(value, ast.Call):
        return not isinstance(value, ast.NamedExpr)
    if isinstance(value.func, ast.Attribute) and value.func.attr in BOOKKEEPING:
        return True
    return root_name(value.func) in DISPLAYS


def without_displays(fragment: Fragment) -> Fragment:
    """A compound statement with ``pass`` in the place of the prints and plots inside it."""
    if not hasattr(fragment.tree, "body"):
        return fragment
    lines = fragment.code.split("\n")
    for node in everything(fragment.tree):
        if not isinstance(node, ast.stmt) or not is_display(node) or _is_docstring(node):
            continue
        last = node.end_lineno or node.lineno
        first = lines[node.lineno - 1]
        if first[: node.col_offset].strip() or lines[last - 1].encode()[node.end_col_offset :].strip(b" \t;"):
            continue
        lines[node.lineno - 1] = first[: node.col_offset] + "pass"
        for number in range(node.lineno, last):
            lines[number] = ""
    code = "\n".join(lines)
    return fragment if code == fragment.code or parsed(code) is None else fragment.with_code(code)


def _is_docstring(tree: ast.stmt) -> bool:
    return isinstance(tree, ast.Expr) and isinstance(tree.value, ast.Constant)
