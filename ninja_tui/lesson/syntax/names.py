"""Which names a piece of Python reads, binds and changes in place."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator

from ninja_tui.lesson.syntax.walk import everything, running

BUILTINS = frozenset(dir(builtins))
TORCH = frozenset({"torch", "nn", "F", "init"})


def reads(tree: ast.AST) -> tuple[str, ...]:
    """The names that ``tree`` loads, each once, in source order."""
    names = [node for node in everything(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    names.sort(key=lambda node: (node.lineno, node.col_offset))
    return tuple(dict.fromkeys(node.id for node in names))


def operands(statement: ast.stmt) -> tuple[str, ...]:
    """The names that an assignment loads for what it binds; none of any other statement, which may do many things."""
    match statement:
        case ast.Assign(value=value) | ast.AugAssign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return reads(value)
    return ()


def target_names(target: ast.expr) -> Iterator[str]:
    """The plain names that an assignment to ``target`` binds: not those of ``x[i]`` or ``x.a``."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from target_names(element)
    elif isinstance(target, ast.Starred):
        yield from target_names(target.value)


VIEWS = frozenset({
    "view", "view_as", "reshape", "reshape_as", "t", "transpose", "permute", "squeeze", "unsqueeze", "select", "narrow",
    "diagonal", "diag", "expand", "expand_as", "flatten", "unflatten", "detach", "unbind", "swapaxes", "movedim",
    "index_select", "numpy",
})  # fmt: skip
"""Methods that may give another view of the same memory."""


def root_name(expression: ast.expr) -> str | None:
    """``dC`` of ``dC``, ``dC[ix]``, ``dC.view(-1)[0]`` and the like: the name that they change.

    None for what a call has made: to change ``dC.clone()`` does not change ``dC``.
    """
    while True:
        match expression:
            case ast.Name(id=name):
                return name
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.Starred(value=inner):
                expression = inner
            case ast.Call(func=ast.Attribute(value=inner, attr=method)) if method in VIEWS or _in_place(method):
                expression = inner
            case _:
                return None


def assigned(statement: ast.stmt) -> frozenset[str]:
    """The names that ``statement`` binds afresh: without reading them itself in the same assignment."""
    fresh: set[str] = set()
    for node in running(statement):
        match node:
            case ast.Assign(targets=targets, value=value):
                names = {name for target in targets for name in target_names(target)}
                fresh |= names - set(reads(value))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                if name not in reads(value):
                    fresh.add(name)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                if name not in reads(value):
                    fresh.add(name)
            case ast.For(target=target):
                fresh |= set(target_names(target))
            case ast.With(items=items):
                fresh |= {n for item in items if item.optional_vars for n in target_names(item.optional_vars)}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                fresh.add(name)
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                fresh.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                fresh |= {(alias.asname or alias.name).split(".")[0] for alias in aliases}
    return frozenset(fresh)


def placeholders(statement: ast.stmt) -> frozenset[str]:
    """The names to which ``statement`` gives what stands for a value that is to come: ``None``, ``...`` or ``""``."""
    match statement:
        case ast.Assign(targets=targets, value=ast.Tuple(elts=values) | ast.List(elts=values)):
            pairs = [(target, each) for target in targets for each in values]
        case ast.Assign(targets=targets, value=value):
            pairs = [(target, value) for target in targets]
        case _:
            return frozenset()
    empty = all(isinstance(value, ast.Constant) and value.value in (None, ..., "") for _, value in pairs)
    return frozenset(name for target, _ in pairs for name in target_names(target)) if empty else frozenset()


def changed(statement: ast.stmt) -> frozenset[str]:
    """The names whose values ``statement`` changes: ``x += y``, ``x[i] = y``, ``x.add_(y)``, ``out=x``."""
    names: set[str | None] = set()
    for node in running(statement):
        match node:
            case ast.AugAssign(target=augmented):
                names.add(root_name(augmented))
            case ast.Assign(targets=targets, value=value):
                read = set(reads(value))
                for target in _flat(targets):
                    if isinstance(target, ast.Name):
                        names |= {target.id} & read
                    else:
                        names.add(root_name(target))
            case ast.Call(func=ast.Attribute(value=holder, attr=method), args=[first, *_]) if _in_place(
                method
            ) and _is_torch(holder):
                names.add(root_name(first))
            case ast.Call(func=ast.Name(id=method), args=[first, *_]) if _in_place(method):
                names.add(root_name(first))
            case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if _in_place(method):
                names.add(root_name(receiver))
        if isinstance(node, ast.Call):
            names |= {root_name(keyword.value) for keyword in node.keywords if keyword.arg == "out"}
    return frozenset(name for name in names if name is not None)


def _is_torch(holder: ast.expr) -> bool:
    """Whether it is a module of PyTorch's, by its usual names: ``torch.nn.init``, ``nn.init``, ``init``, ``F``."""
    while isinstance(holder, ast.Attribute):
        holder = holder.value
    return isinstance(holder, ast.Name) and holder.id in TORCH


def _in_place(method: str) -> bool:
    return method.endswith("_") and not method.endswith("__") and not method.startswith("_")


def _flat(targets: list[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _flat(target.elts)
        else:
            yield target


def stored_names(tree: ast.AST) -> frozenset[str]:
    """The names that anything in ``tree`` assigns to, also inside functions."""
    names: set[str] = set()
    for node in everything(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                names.add(name)
    return frozenset(names)


def calls_of(tree: ast.AST) -> frozenset[str]:
    """The plain names that ``tree``, as it runs, calls."""
    calls = (node.func for node in running(tree) if isinstance(node, ast.Call))
    return frozenset(function.id for function in calls if isinstance(function, ast.Name))


def loop_variables(tree: ast.AST) -> frozenset[str]:
    """The names that ``for`` statements in ``tree`` bind."""
    return frozenset(
        name for node in everything(tree) if isinstance(node, ast.For) for name in target_names(node.target)
    )


def returns(tree: ast.AST) -> bool:
    """Whether a statement of a function leaves it: ``return``, or ``yield``."""
    return any(isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) for node in running(tree))
