"""What makes a statement slow, and the same without its Python loop: candidates, which have to be tried."""

from __future__ import annotations

import ast
import copy
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import everything, running

T = TypeVar("T", bound=ast.AST)
FRESH = "_ninja_index"
"""Begins the names of indices that a loop has not named."""


class Cause(enum.StrEnum):
    """Why a statement may be slow."""

    ELEMENTS = "elements"
    LOOP = "loop"
    CLONES = "clones"


@dataclass
class _Loops:
    """Loops around one statement: their index ``variables``, each with how often it counts, and that statement."""

    variables: list[str] = field(default_factory=list)
    counts: list[ast.expr] = field(default_factory=list)
    values: dict[str, ast.expr] = field(default_factory=dict)
    statement: ast.stmt = field(default_factory=ast.Pass)


def cause(statement: ast.stmt) -> Cause | None:
    """What is slow in ``statement``: the loop that takes single elements, any other loop, or more copies than one."""
    nodes = list(running(statement))
    loops = [node for node in nodes if isinstance(node, ast.For | ast.While | ast.comprehension)]
    if loops:
        names = {each.id for loop in loops if not isinstance(loop, ast.While) for each in _names(loop.target)}
        indices = [node.slice for node in nodes if isinstance(node, ast.Subscript)]
        by_element = any(each.id in names for index in indices for each in _names(index))
        return Cause.ELEMENTS if by_element else Cause.LOOP
    clones = [node for node in nodes if _is_clone(node)]
    return Cause.CLONES if len(clones) > 1 else None


def vectorized(statement: ast.stmt) -> tuple[str, ...]:
    """Statements that may do what ``statement`` does without a Python loop, the likeliest first.

    They follow from the form alone: whether they give the same depends on the shapes, and has to be tried.
    """
    loops = _unrolled(statement)
    if loops is not None:
        trees = list(_without_loops(loops))
    else:
        tree = _Expressions().visit(copy.deepcopy(statement))
        trees = [tree] if ast.dump(tree) != ast.dump(statement) else []
    return tuple(ast.unparse(ast.fix_missing_locations(tree)) for tree in trees)


def _unrolled(statement: ast.stmt) -> _Loops | None:
    """The nested loops of ``statement``, with the names that they bind on the way put in; None for any other form."""
    loops = _Loops()
    while isinstance(statement, ast.For) and not statement.orelse:
        if not _enter(loops, statement.target, statement.iter):
            return None
        for each in statement.body[:-1]:
            match each:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in loops.values:
                    loops.values[name] = _put_in(value, loops.values)
                case _:
                    return None
        statement = statement.body[-1]
    loops.statement = _put_in(statement, loops.values)
    return loops if loops.variables and isinstance(statement, ast.Assign | ast.AugAssign) else None


def _enter(loops: _Loops, target: ast.expr, iterated: ast.expr) -> bool:
    """Takes one more loop in; False where it is none over numbers or rows."""
    iterated = _put_in(iterated, loops.values)
    index = f"{FRESH}{len(loops.variables)}"
    rows: list[tuple[ast.expr, ast.expr]] = []
    match target, iterated:
        case ast.Name(id=name), ast.Call(func=ast.Name(id="range"), args=[count]):
            index = name
        case ast.Tuple(elts=[ast.Name(id=name), row]), ast.Call(func=ast.Name(id="enumerate"), args=[values]):
            index, rows, count = name, [(row, values)], _length(values)
        case ast.Tuple(elts=targets), ast.Call(func=ast.Name(id="zip"), args=several) if len(several) == len(targets):
            rows, count = list(zip(targets, several, strict=True)), _length(several[0])
        case ast.Name(), ast.Name() | ast.Subscript():
            rows, count = [(target, iterated)], _length(iterated)
        case _:
            return False
    loops.variables.append(index)
    loops.counts.append(count)
    for row, values in rows:
        if not isinstance(row, ast.Name):
            return False
        loops.values[row.id] = ast.Subscript(values, ast.Name(index, ast.Load()), ast.Load())
    return True


def _without_loops(loops: _Loops) -> Iterator[ast.stmt]:
    match loops.statement:
        case ast.AugAssign(target=ast.Name(id=name) as target, op=op, value=value) if name not in loops.variables:
            total = _summed(value, loops.variables)
            if total is not None and isinstance(op, ast.Add | ast.Sub):
                yield ast.AugAssign(target, op, total)
        case (
            ast.AugAssign(target=ast.Subscript() as target, value=value)
            | ast.Assign(targets=[ast.Subscript() as target], value=value)
        ):
            yield from _into_elements(loops, target, value)


def _into_elements(loops: _Loops, target: ast.Subscript, value: ast.expr) -> Iterator[ast.stmt]:
    """What assigns to elements of a tensor: all of them, those of each row, or those that an index tensor names."""
    base, indices = _flat(target)
    whole = _whole(value, loops.variables)
    if whole is None or not isinstance(base, ast.Name):
        return
    if [_variable(each) for each in indices] == loops.variables:
        yield _assigning(loops.statement, base, whole)
        return
    places = [_whole(each, loops.variables) for each in indices]
    bare = [_variable(each) in loops.variables for each in indices]
    if len(loops.variables) == 1 and any(bare) and all(place is not None for place in (
        place for place, is_bare in zip(places, bare, strict=True) if not is_bare
    )):  # fmt: skip
        rows = ast.Call(ast.Name("range", ast.Load()), [loops.counts[0]], [])
        chosen = [rows if is_bare else place for place, is_bare in zip(places, bare, strict=True)]
        elements = ast.Tuple([each for each in chosen if each is not None], ast.Load())
        yield _assigning(loops.statement, ast.Subscript(base, elements, ast.Store()), whole)
    elif len(indices) == 1 and places[0] is not None and isinstance(loops.statement, ast.AugAssign):
        yield from _index_adds(loops, base, places[0], whole)


def _index_adds(loops: _Loops, base: ast.Name, index: ast.expr, values: ast.expr) -> Iterator[ast.stmt]:
    assert isinstance(loops.statement, ast.AugAssign)
    if not isinstance(loops.statement.op, ast.Add | ast.Sub):
        return
    place, source, alpha = ast.unparse(index), _called(values), ""
    if isinstance(loops.statement.op, ast.Sub):
        alpha = ", alpha=-1"
    if len(loops.variables) == 1:
        yield _parsed(f"{base.id}.index_add_(0, {place}, {ast.unparse(values)}{alpha})")
    for rows in (f"-1, {base.id}.shape[1]", "-1"):
        yield _parsed(f"{base.id}.index_add_(0, {_called(index)}.reshape(-1), {source}.reshape({rows}){alpha})")


def _assigning(statement: ast.stmt, target: ast.expr, value: ast.expr) -> ast.stmt:
    """``statement`` with another target and value."""
    target = copy.deepcopy(target)
    if isinstance(target, ast.Name | ast.Subscript):
        target.ctx = ast.Store()
    if isinstance(statement, ast.AugAssign) and isinstance(target, ast.Name | ast.Subscript):
        return ast.AugAssign(target, statement.op, value)
    return ast.Assign([target], value, lineno=1)


def _summed(value: ast.expr, variables: list[str]) -> ast.expr | None:
    """The sum of ``value`` over the loops: a matrix product, where each term is an outer product."""
    factors = _outer(value) if len(variables) == 1 else None
    if factors is not None:
        left, right = (_whole(each, variables) for each in factors)
        if left is not None and right is not None:
            return ast.BinOp(ast.Attribute(left, "T", ast.Load()), ast.MatMult(), right)
    whole = _whole(value, variables)
    if whole is None:
        return None
    axes = "0" if len(variables) == 1 else str(tuple(range(len(variables))))
    return _expression(f"{_called(whole)}.sum({axes})")


def _outer(value: ast.expr) -> tuple[ast.expr, ast.expr] | None:
    """The two vectors of an outer product."""
    match value:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="outer" | "ger"), args=[left, right]):
            return left, right
        case ast.BinOp(left=left, op=ast.Mult() | ast.MatMult(), right=right):
            column, row = _reshaped(left, ("1", "-1"), "-1, 1"), _reshaped(right, ("0",), "1, -1")
            return (column, row) if column is not None and row is not None else None
    return None


def _reshaped(value: ast.expr, axes: tuple[str, ...], shape: str) -> ast.expr | None:
    """``x`` of ``x.unsqueeze(axis)`` or ``x.view(shape)``."""
    match value:
        case ast.Call(func=ast.Attribute(value=inner, attr=method), args=arguments):
            given = ", ".join(map(ast.unparse, arguments))
            if (method == "unsqueeze" and given in axes) or (method in ("view", "reshape") and given == shape):
                return inner
    return None


def _whole(value: ast.expr, variables: list[str]) -> ast.expr | None:
    """``value`` for all indices at once: ``x`` for ``x[i, j]``; None where an index is used in any other way."""
    whole: ast.expr = _Whole(variables).visit(copy.deepcopy(value))
    return None if any(name.id in variables for name in _names(whole)) else whole


class _Whole(ast.NodeTransformer):
    def __init__(self, variables: list[str]) -> None:
        self._variables = variables

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        base, indices = _flat(node)
        count = len(self._variables)
        if [_variable(each) for each in indices[:count]] != self._variables:
            return self.generic_visit(node)
        rest = indices[count:]
        if not rest:
            return base
        everything: list[ast.expr] = [ast.Slice() for _ in self._variables]
        return ast.Subscript(base, ast.Tuple([*everything, *rest], ast.Load()), ast.Load())


class _Expressions(ast.NodeTransformer):
    """Puts one operation in the place of ``sum(… for i in …)``, ``torch.stack([… for i in …])`` and repeated clones."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(func=ast.Name(id="sum"), args=[ast.GeneratorExp() | ast.ListComp() as terms]):
                return self._rewritten(terms, total=True) or node
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="torch"), attr="stack"),
                args=[ast.GeneratorExp() | ast.ListComp() as terms],
            ):
                return self._rewritten(terms, total=False) or node
            case ast.Call(func=ast.Attribute(value=inner)) if _is_clone(node) and _is_clone(inner):
                return inner
        return node

    @staticmethod
    def _rewritten(terms: ast.GeneratorExp | ast.ListComp, *, total: bool) -> ast.expr | None:
        loops = _Loops()
        for each in terms.generators:
            if each.ifs or not _enter(loops, each.target, each.iter):
                return None
        value = _put_in(terms.elt, loops.values)
        return _summed(value, loops.variables) if total else _whole(value, loops.variables)


class _PutIn(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.AST:
        value = self._values.get(node.id)
        return copy.deepcopy(value) if value is not None and isinstance(node.ctx, ast.Load) else node


def _put_in(tree: T, values: Mapping[str, ast.expr]) -> T:
    """A copy of ``tree`` with the ``values`` of names in their places."""
    copied: T = _PutIn(values).visit(copy.deepcopy(tree))
    return copied


def _flat(node: ast.Subscript) -> tuple[ast.expr, list[ast.expr]]:
    """``x`` and ``[i, j]`` of ``x[i, j]`` and of ``x[i][j]``, without whole slices at the end."""
    base: ast.expr = node
    indices: list[ast.expr] = []
    while isinstance(base, ast.Subscript):
        own = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
        indices, base = [*own, *indices], base.value
    while indices and ast.unparse(indices[-1]) == ":":
        indices.pop()
    return base, indices


def _variable(index: ast.expr) -> str:
    return index.id if isinstance(index, ast.Name) else ""


def _names(tree: ast.AST) -> Iterator[ast.Name]:
    return (node for node in everything(tree) if isinstance(node, ast.Name))


def _is_clone(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="clone"), args=[]):
            return True
    return False


def _length(values: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("len", ast.Load()), [values], [])


def _called(value: ast.expr) -> str:
    """``value`` so that a method can be called on it."""
    simple = isinstance(value, ast.Name | ast.Call | ast.Subscript | ast.Attribute)
    return ast.unparse(value) if simple else f"({ast.unparse(value)})"


def _parsed(code: str) -> ast.stmt:
    return parse_code(code).body[0]


def _expression(code: str) -> ast.expr:
    statement = _parsed(code)
    assert isinstance(statement, ast.Expr)
    return statement.value
