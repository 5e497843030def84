"""The names that a piece of code has from outside, and those that it binds for what follows."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator

from ninja_tui.lesson.syntax.names import target_names
from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import children, everything

SHAPES = frozenset({"shape", "size", "dtype", "device", "ndim", "dim", "numel", "nelement", "type", "element_size"})
"""What is read of a tensor through these does not depend on its values."""

ALWAYS_BIND = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
"""Statements after which their names are bound for sure."""

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def defined(tree: ast.AST) -> Iterator[str]:
    """The names that ``tree`` binds in the scope in which it stands; ``*`` for a star import."""
    match tree:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            return
        case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            for node in everything(tree):
                if isinstance(node, ast.NamedExpr):
                    yield node.target.id
            return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from ((alias.asname or alias.name).split(".")[0] for alias in aliases)
            return
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case (
            ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name)
        ):
            yield name
        case ast.MatchMapping(rest=str() as name):
            yield name
    for child in children(tree):
        yield from defined(child)


def arguments_of(function: Scope) -> tuple[str, ...]:
    """The names of a function's arguments, those with stars too."""
    arguments = function.args
    starred = (argument for argument in (arguments.vararg, arguments.kwarg) if argument)
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred)
    return tuple(argument.arg for argument in every)


def names_for_cell(tree: ast.stmt) -> frozenset[str]:
    """What a marimo cell, which is a function, gives to others: all that it assigns, imports or defines."""
    names: set[str] = set()
    for node in everything(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        if isinstance(node, ast.Import | ast.ImportFrom) or (isinstance(node, ast.FunctionDef) and node is not tree):
            names |= set(defined(node))
    return frozenset(names)


def free_reads(tree: ast.AST) -> tuple[str, ...]:
    """The names that ``tree`` reads from outside, each once: no arguments, no variables of comprehensions and loops."""
    return tuple(dict.fromkeys(_free_reads(tree)))


def _free_reads(tree: ast.AST) -> Iterable[str]:
    match tree:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            return _function_reads(tree)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            return _comprehension_reads(tree)
        case ast.For(target=target, iter=iterated, body=body, orelse=orelse):
            variables = set(target_names(target))
            inside = [name for name in _block_reads([*body, *orelse]) if name not in variables]
            return [*free_reads(iterated), *free_reads(target), *inside]
        case ast.With(items=items, body=body):
            bound = {name for item in items if item.optional_vars for name in target_names(item.optional_vars)}
            contexts = [name for item in items for name in free_reads(item.context_expr)]
            return [*contexts, *(name for name in _block_reads(body) if name not in bound)]
        case ast.If(test=test, body=body, orelse=orelse) | ast.While(test=test, body=body, orelse=orelse):
            return [*free_reads(test), *_block_reads(body), *_block_reads(orelse)]
        case ast.match_case(pattern=pattern, guard=guard, body=body):
            bound = set(defined(pattern))
            inside = [*free_reads(pattern), *(free_reads(guard) if guard else ()), *_block_reads(body)]
            return [name for name in inside if name not in bound]
        case ast.Name(id=name, ctx=ctx):
            return [name] if isinstance(ctx, ast.Load) else []
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            return [name, *free_reads(value)]
    return [name for child in children(tree) for name in free_reads(child)]


def _function_reads(function: Scope) -> list[str]:
    body = function.body if isinstance(function.body, list) else [function.body]
    local = {*arguments_of(function), *(name for part in body for name in defined(part))}
    local -= {name for part in body for name in declared_global(part)}
    defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
    outside = [*defaults, *getattr(function, "decorator_list", [])]
    inside = [name for part in body for name in free_reads(part) if name not in local]
    return [*inside, *(name for part in outside for name in free_reads(part))]


def _comprehension_reads(tree: Comprehension) -> list[str]:
    variables = {name for generator in tree.generators for name in target_names(generator.target)}
    names = [name for child in children(tree) for name in free_reads(child)]
    first = free_reads(tree.generators[0].iter)
    return [name for name in names if name not in variables or name in first]


def _block_reads(body: list[ast.stmt]) -> Iterator[str]:
    """What statements in a row read, without what those before them bind."""
    bound: set[str] = set()
    for part in body:
        yield from (name for name in free_reads(part) if name not in bound)
        if isinstance(part, ALWAYS_BIND):
            bound |= set(defined(part))


def declared_global(tree: ast.AST) -> Iterator[str]:
    """The names that a ``global`` or ``nonlocal`` in ``tree`` declares."""
    for node in everything(tree):
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names


def value_reads(tree: ast.AST) -> tuple[str, ...]:
    """As ``free_reads``, without what is read only for its shape."""
    converting = {
        id(node.func) for node in everything(tree) if isinstance(node, ast.Call) and (node.args or node.keywords)
    }  # `x.type(…)` is a value, `x.type()` none
    for_shape = {
        id(node.value)
        for node in everything(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in SHAPES
        and not (node.attr == "type" and id(node) in converting)
        and isinstance(node.value, ast.Name)
    }
    for node in everything(tree):
        match node:
            case ast.Call(func=ast.Name(id="len" | "print"), args=[ast.Name() as only]):
                for_shape.add(id(only))
            case ast.Call(func=ast.Attribute(attr=attr), args=[ast.Name() as first, *_]) if attr.endswith("_like"):
                for_shape.add(id(first))
    names = {node.id for node in everything(tree) if isinstance(node, ast.Name) and id(node) not in for_shape}
    return tuple(name for name in free_reads(tree) if name in names)


def rebound_names(code: str) -> frozenset[str]:
    """The names that ``code``, on its own level, binds or deletes, also by a ``global`` of a function; not imports."""
    tables = [symtable.symtable(code, "<code>", "exec")]
    names = {each.get_name() for each in tables[0].get_symbols() if each.is_assigned() and not each.is_imported()}
    for table in tables:
        tables += table.get_children()
        names |= {each.get_name() for each in table.get_symbols() if each.is_declared_global() and each.is_assigned()}
    return frozenset(names)


def names_left(code: str) -> frozenset[str]:
    """The names that are there after ``code``: what it binds on its own level and does not delete."""
    tree = parse_code(code)
    gone = set(deleted_names(tree)) | {
        node.name for node in everything(tree) if isinstance(node, ast.ExceptHandler) and node.name
    }
    return frozenset(defined(tree)) - gone


def deleted_names(tree: ast.AST) -> frozenset[str]:
    """The names that anything in ``tree`` deletes."""
    names = (node for node in everything(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del))
    return frozenset(node.id for node in names)
