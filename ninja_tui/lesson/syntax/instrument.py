"""Code that reports what it binds: after each of its statements it calls a hook, however deep the statement stands."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import root_name
from ninja_tui.lesson.syntax.training_steps import is_training_loop
from ninja_tui.lesson.syntax.walk import everything, running

NOTE, TURNS, OVER = "__note__", "__turns__", "__over__"
"""Called with a site's index: after a statement; around what a loop runs over; before a turn of a ``while``."""
ALIAS = "__alias__"
"""Called with what ``dh = dpred`` binds: the two names are one tensor, and gradients of two."""
MEASURED = "__measured__"
"""Called with each of two tensors whose shapes are compared, and the side that it stands on; gives it back."""
MEASURES = frozenset({"shape", "size", "numel", "ndim", "dim"})
SILENT = (
    ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal, ast.Pass, ast.Break, ast.Continue, ast.Return, ast.Raise,
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip
"""Statements after which there is nothing to note."""
BINDERS = frozenset({"exec", "globals", "locals", "vars"})
"""With these a statement can bind names that do not stand in it: ``globals()["dh"] = ...``."""


@dataclass(frozen=True)
class Site:
    """A statement: its lines in the file, its names, and the text of what it binds.

    ``targets`` are as they stand there (``grads['W1']``), ``roots`` the names in them; ``mentions`` are all names that
    it reads or binds. ``again`` are targets that its right-hand side reads: it goes on with what they were.
    """

    line: int
    end_line: int
    targets: tuple[str, ...]
    roots: frozenset[str]
    mentions: tuple[str, ...]
    again: frozenset[str]
    function: str = ""
    arguments: frozenset[str] = frozenset()
    training: bool = False

    @property
    def binds_unseen(self) -> bool:
        """Whether it may bind names of the file that do not stand in it as such."""
        return not BINDERS.isdisjoint(self.mentions)


def instrumented(fragment: Fragment, sites: list[Site]) -> ast.Module:
    """A tree of ``fragment`` that reports; its statements are added to ``sites``. Lines count in the file."""
    tree = copy.deepcopy(ast.Module(list(fragment.statements), []))
    ast.increment_lineno(tree, fragment.line - 1)
    tree.body = _Reporting(sites).body(tree.body, _Scope())
    _Measuring().visit(tree)
    return ast.fix_missing_locations(tree)


class _Measuring(ast.NodeTransformer):
    """Has ``dh.shape == h.grad.shape`` call the hook: what returns there, or raises, compares no values any more."""

    def visit_Compare(self, node: ast.Compare) -> ast.Compare:
        self.generic_visit(node)
        sides = [_measured(side) for side in (node.left, *node.comparators)]
        if len(sides) == 2 and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            left, right = sides
            if left is not None and right is not None:
                for number, side in enumerate((left, right)):
                    hook = ast.Call(ast.Name(MEASURED, ast.Load()), [side.value, ast.Constant(number)], [])
                    side.value = ast.copy_location(hook, side.value)
        return node


def _measured(side: ast.expr) -> ast.Attribute | None:
    """The ``shape`` in ``tuple(dh.shape)``; None where ``side`` is no measure of a tensor."""
    match side:
        case ast.Attribute(attr=attribute) if attribute in MEASURES:
            return side
        case ast.Call(func=ast.Attribute() as method, args=[]):
            return _measured(method)
        case ast.Call(func=ast.Name("tuple" | "list"), args=[inner]):
            return _measured(inner)
    return None


@dataclass(frozen=True)
class _Scope:
    """A function, or the whole file."""

    name: str = ""
    arguments: frozenset[str] = frozenset()


class _Reporting:
    def __init__(self, sites: list[Site]) -> None:
        self._sites = sites

    def body(self, statements: Sequence[ast.stmt], function: _Scope) -> list[ast.stmt]:
        """The statements, each with a call of the hook behind it."""
        result: list[ast.stmt] = []
        for statement in statements:
            if isinstance(statement, SILENT):
                self._inside(statement, function)
                result.append(statement)
                continue
            site = self._site(statement, function)
            _tell_aliases_apart(statement)
            self._inside(statement, function)
            self._at_the_head(statement, site)
            result += [statement, _call(NOTE, site, statement)]
        return result

    def _inside(self, statement: ast.stmt, function: _Scope) -> None:
        within = function
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [each.arg for each in everything(statement.args) if isinstance(each, ast.arg)]
            within = _Scope(statement.name, frozenset(arguments))
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(statement, part, None)
            if isinstance(inner, list) and inner and isinstance(inner[0], ast.stmt):
                setattr(statement, part, self.body(inner, within))
        for block in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            block.body = self.body(block.body, within)

    def _at_the_head(self, statement: ast.stmt, site: int) -> None:
        """What a loop, a ``with`` or a ``match`` binds is noted before its body; turns are counted."""
        match statement:
            case ast.For() | ast.AsyncFor():
                statement.body.insert(0, _call(NOTE, site, statement))
                if isinstance(statement, ast.For):
                    name = ast.Name(TURNS, ast.Load())
                    statement.iter = ast.copy_location(
                        ast.Call(name, [ast.Constant(site), statement.iter], []), statement.iter
                    )
            case ast.While():
                over = _call(OVER, site, statement).value
                statement.body.insert(0, ast.copy_location(ast.If(over, [ast.Break()], []), statement))
            case ast.With() | ast.AsyncWith():
                statement.body.insert(0, _call(NOTE, site, statement))

    def _site(self, statement: ast.stmt, function: _Scope) -> int:
        targets = list(_targets(statement))
        texts = tuple(dict.fromkeys(ast.unparse(target) for target in targets))
        values = {ast.unparse(node) for node in _read_by(statement) if isinstance(node, ast.expr)}
        again = frozenset(texts) if isinstance(statement, ast.AugAssign) else frozenset(texts) & values
        names = [node.id for node in everything(_head(statement)) if isinstance(node, ast.Name)]
        self._sites.append(
            Site(
                line=statement.lineno,
                end_line=statement.end_lineno or statement.lineno,
                targets=texts,
                roots=frozenset(name for target in targets if (name := root_name(target))),
                mentions=tuple(dict.fromkeys(names)),
                again=again,
                function=function.name,
                arguments=function.arguments,
                training=is_training_loop(statement),
            )
        )
        return len(self._sites) - 1


def _tell_aliases_apart(statement: ast.stmt) -> None:
    """Has each gradient that is bound to another one's name be a tensor of its own, in the same memory."""
    match statement:
        case ast.Assign(targets=[target], value=ast.Name() as value) if may_be_gradient(ast.unparse(target)):
            statement.value = _aliased(value)
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values) as bound) if len(
            targets
        ) == len(values):
            bound.elts = [
                _aliased(value) if isinstance(value, ast.Name) and may_be_gradient(ast.unparse(target)) else value
                for target, value in zip(targets, values, strict=True)
            ]


def _aliased(value: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(ALIAS, ast.Load()), [value], []), value)


def may_be_gradient(path: str) -> bool:
    """Whether a name may be that of a gradient, by the ways in which people name them."""
    lowered = path.lower()
    starts = lowered.startswith(("d", "g", "my", "manual"))
    return starts or "grad" in lowered or ".d" in lowered or "bar" in lowered or "[" in path


def _call(hook: str, site: int, at: ast.stmt) -> ast.Expr:
    call = ast.Expr(ast.Call(ast.Name(hook, ast.Load()), [ast.Constant(site)], []))
    return ast.copy_location(call, at)


def _head(statement: ast.stmt) -> ast.AST:
    """A statement without its block."""
    match statement:
        case ast.For() | ast.AsyncFor():
            return ast.Tuple([statement.target, statement.iter], ast.Load())
        case ast.While() | ast.If():
            return statement.test
        case ast.With() | ast.AsyncWith():
            parts = [part for item in statement.items for part in (item.context_expr, item.optional_vars) if part]
            return ast.Tuple(parts, ast.Load())
        case ast.Try():
            return ast.Tuple([], ast.Load())
        case ast.Match():
            captured = [
                ast.Name(node.name, ast.Store())
                for node in everything(statement)
                if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name
            ]
            return ast.Tuple([statement.subject, *captured], ast.Load())
    return statement


def _targets(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions that a statement binds, its block aside."""
    match statement:
        case ast.Assign(targets=targets):
            for target in targets:
                yield from _single(target)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target):
            yield from _single(target)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _single(item.optional_vars)
    head = _head(statement)
    for node in running(head) if isinstance(head, ast.stmt) else everything(head):
        if isinstance(node, ast.NamedExpr):
            yield node.target


def _single(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _single(element)
    elif isinstance(target, ast.Starred):
        yield target.value
    else:
        yield target


def _read_by(statement: ast.stmt) -> Iterator[ast.AST]:
    """What the right-hand side of an assignment is made of."""
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            yield from everything(value)
