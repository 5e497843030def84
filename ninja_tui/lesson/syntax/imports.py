"""What a file imports and what files it names, and imports that may fail."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.walk import everything

FOR_PEOPLE = frozenset({
    "IPython", "altair", "bokeh", "colorama", "google.colab", "graphviz", "ipywidgets", "livelossplot",
    "matplotlib", "plotly", "prettytable", "pylab", "seaborn", "tabulate", "tensorboard", "tensorboardX", "termcolor",
    "torchinfo", "torchsummary", "torchviz", "tqdm", "wandb",
})  # fmt: skip
"""Packages that only show things: where they are not installed, a file does without."""


def shows(module: str) -> bool:
    """Whether ``module`` is of a package that only shows things."""
    return any(module == name or module.startswith(f"{name}.") for name in FOR_PEOPLE)


def is_import(tree: ast.stmt) -> bool:
    """Whether a statement is an import."""
    return isinstance(tree, ast.Import | ast.ImportFrom)


def is_definition(tree: ast.stmt) -> bool:
    """Whether a statement only names something: a function, a class, an import."""
    return isinstance(tree, ast.FunctionDef | ast.ClassDef) or is_import(tree)


def imported_modules(fragments: Iterable[Fragment], package: str = "") -> Iterator[str]:
    """The modules that ``fragments``, code of a module in ``package``, import, with their packages: ``torch.nn``.

    What they import from a module is among them, for it may be a module too.
    """
    for node in _nodes(fragments):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                parents = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                source = ".".join([*filter(None, parents), *([module] if module else [])])
                if source:
                    yield source
                yield from (f"{source}.{alias.name}".lstrip(".") for alias in aliases if alias.name != "*")


def string_literals(fragments: Iterable[Fragment]) -> Iterator[str]:
    """The strings that are written out in ``fragments``."""
    for node in _nodes(fragments):
        match node:
            case ast.Constant(value=str() as text):
                yield text


def _nodes(fragments: Iterable[Fragment]) -> Iterator[ast.AST]:
    for fragment in fragments:
        for statement in fragment.statements:
            yield from everything(statement)


def single_imports(fragment: Fragment) -> list[Fragment]:
    """``import a, b`` as two; any other statement as it is."""
    tree = fragment.tree
    if isinstance(tree, ast.Import) and len(tree.names) > 1:
        return [fragment.with_code(ast.unparse(ast.Import([alias]))) for alias in tree.names]
    return [fragment]


def or_nothing(fragment: Fragment) -> Fragment:
    """``fragment``, which imports something, with an import that fails passed over."""
    handler = ast.ExceptHandler(ast.Name("ImportError", ast.Load()), None, [ast.Pass()])
    attempt = ast.Try(list(fragment.statements), [handler], [], [])
    return fragment.with_code(ast.unparse(ast.fix_missing_locations(attempt)))
