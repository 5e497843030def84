"""Rules that make mistakes of one statement."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from tests.engine.corpus.rewriting import averaged, expression, rewritten, summand, summed_with, sums
from tests.engine.scripts.sites import GRADIENT, Site

AUGMENTED = re.compile(r"[-+*/]= ")
Position = tuple[int, int, int, str]


@dataclass(frozen=True)
class Mistake:
    """A statement gone wrong: the rule that made it, and the kinds that name it (none: nothing clear)."""

    rule: str
    code: str
    kinds: tuple[str, ...] = ()


FORGOTTEN = ("mask", "extra-path")
"""A mask that is forgotten or wrong gives entries a gradient that have none."""
TRICKS = (
    "({0}).abs()",
    "({0}).clamp(min=0)",
    "torch.sign({0})",
    "({0}).clamp(-1, 1)",
    "({0}).abs().neg()",
    "torch.relu({0})",
)
"""Functions of a right expression that people try; some are right as long as no sign flips."""


def statement_mistakes(site: Site) -> Iterator[Mistake]:
    """What is done to the statement as a whole."""
    tree = ast.parse(site.code).body[0] if not site.code.startswith("return") else None
    match tree:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=value):
            left, right = ast.unparse(target), ast.unparse(value)
            yield Mistake("left-out", "pass", () if site.masks else ("missing-path",))
            yield Mistake("overwritten", f"{left} = {right}")
            yield Mistake("subtracted", f"{left} {'-' if isinstance(tree.op, ast.Add) else '+'}= {right}")
            yield Mistake("twice", f"{site.code}\n{site.code}")
        case ast.AugAssign(op=ast.Mult() | ast.Div()):
            yield Mistake("left-out", "pass", ("scale",))
        case ast.Assign() if site.masks:
            yield Mistake("left-out", "pass", FORGOTTEN)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="index_add_"), args=[_, index, rows])):
            for sign in ("=", "+="):
                yield Mistake(
                    "index-assignment",
                    f"{site.gradient}[{ast.unparse(index)}] {sign} {ast.unparse(rows)}",
                    ("lost-duplicates",),
                )
            yield Mistake("left-out", "pass")
    for code in rewritten(site.code, _other_comparison) if site.masks else ():
        yield Mistake("other-mask", code, FORGOTTEN)


def value_mistakes(site: Site, names: Mapping[str, Any]) -> Iterator[Mistake]:
    """What is done to its expression."""
    value = site.value
    top = _top(value)
    whole = _whole(site)
    for rule, code, kinds in (
        *_dropped(value, top),
        *_signs(value, top),
        *_summed(value),
        *_calls(value),
        *_operands(value, names),
        *_wrong_places(value),
    ):
        yield Mistake(rule, site.around(code), kinds if whole else ())


def blunt_mistakes(site: Site, names: Mapping[str, Any]) -> Iterator[Mistake]:
    """What can be done to any expression."""
    value = site.value

    def clear(kind: str) -> tuple[str, ...]:
        return (kind,) if _whole(site) else ()

    yield Mistake("negated", site.around(f"-({value})"), clear("sign"))
    yield Mistake("plus-1", site.around(f"{value} + 1"), clear("constant-offset"))
    yield from _typed_in(site, names)
    turn = len(value)  # another one first for another expression
    factors = ("2 * ({0})", f"({{0}}) / {_batch(names)}", "({0}) * 1.05", "({0}) / 2")
    for number in range(len(factors)):
        template = factors[(turn + number) % len(factors)]
        yield Mistake("factor", site.around(template.format(value)), clear("scale"))
    for number in range(len(TRICKS)):
        template = TRICKS[(turn + number) % len(TRICKS)]
        yield Mistake("trick", site.around(template.format(value)), clear("sign") if template == TRICKS[0] else ())


def _whole(site: Site) -> bool:
    """Whether the expression is the whole gradient, and not a part or some entries of it."""
    return not site.masks and not AUGMENTED.search(site.code)


def _batch(names: Mapping[str, Any]) -> str:
    """The size of the minibatch, in the words of the script."""
    return next((name for name in ("n", "N", "B") if isinstance(names.get(name), int)), "8")


Made = Iterator[tuple[str, str, tuple[str, ...]]]


def _place(node: ast.AST) -> Position | None:
    if not isinstance(node, ast.expr):
        return None
    return node.lineno, node.col_offset, node.end_col_offset or 0, type(node).__name__


def _top(value: str) -> set[Position | None]:
    """Where a factor, or a term, of the whole expression stands."""
    found: set[Position | None] = set()

    def visit(node: ast.expr) -> None:
        found.add(_place(node))
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                visit(left)
                visit(right)
            case ast.BinOp(left=left, op=ast.Div()):
                visit(left)
            case ast.UnaryOp(operand=operand):
                visit(operand)

    visit(expression(value))
    return found


def _dropped(value: str, top: set[Position | None]) -> Made:
    """A factor or a term left out."""

    def kept(side: str, *operators: type[ast.operator]) -> Callable[[ast.AST], ast.AST | None]:
        def change(node: ast.AST) -> ast.AST | None:
            match node:
                case ast.BinOp(op=op) if isinstance(op, operators):
                    dropped = node.right if side == "left" else node.left
                    notes.append(_kinds_without(dropped, op) if _place(node) in top else ())
                    return node.left if side == "left" else node.right
            return None

        return change

    for rule, operators in (("factor", (ast.Mult, ast.Div)), ("term", (ast.Add, ast.Sub)), ("matrix", (ast.MatMult,))):
        for side in ("left", "right"):
            notes: list[tuple[str, ...]] = []
            for number, code in enumerate(rewritten(value, kept(side, *operators))):
                if not (side == "right" and rule == "factor" and "/" in value and "*" not in value):
                    yield f"dropped-{rule}", code, notes[number]


def _kinds_without(dropped: ast.expr, op: ast.operator) -> tuple[str, ...]:
    text = ast.unparse(dropped)
    if isinstance(op, ast.Add | ast.Sub):
        return ("missing-path",) if GRADIENT.search(text) else ()
    if isinstance(op, ast.MatMult):
        return ()
    if any(isinstance(each, ast.Compare) for each in ast.walk(dropped)):
        return FORGOTTEN
    if GRADIENT.search(text):
        return ("no-upstream",)
    if isinstance(dropped, ast.Constant) or text in ("n", "N", "keep", "tau", "B", "len(X)"):
        return ("scale",)
    return ()


def _signs(value: str, top: set[Position | None]) -> Made:
    def swapped(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return ast.BinOp(left, ast.Sub(), right)
            case ast.BinOp(left=left, op=ast.Sub(), right=right):
                return ast.BinOp(left, ast.Add(), right)
        return None

    def unsigned(node: ast.AST) -> ast.AST | None:
        if (
            isinstance(node, ast.UnaryOp)
            and isinstance(node.op, ast.USub)
            and not isinstance(node.operand, ast.Constant)
        ):
            notes.append(("sign",) if _place(node) in top else ())
            return node.operand
        return None

    notes: list[tuple[str, ...]] = []
    for code in rewritten(value, swapped):
        yield "plus-for-minus", code, ()
    for number, code in enumerate(rewritten(value, unsigned)):
        yield "lost-minus", code, notes[number]


def _summed(value: str) -> Made:
    def axis(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Call(func=func, args=[*others, ast.Constant(value=0 | 1 | 2 as number)], keywords=keywords):
                return ast.Call(func, [*others, ast.Constant(1 if number != 1 else 0)], keywords)
            case ast.keyword(arg="dim", value=ast.Constant(value=0 | 1 as number)):
                return ast.keyword("dim", ast.Constant(1 - number))
        return None

    outermost = sums(expression(value)) is not None
    for code in rewritten(value, lambda node: summand(call) if (call := sums(node)) else None):
        yield "not-summed", code, ("not-summed",) if outermost else ()
    for code in rewritten(value, summed_with("")):
        yield "summed-to-a-number", code, ("over-summed",) if outermost else ()
    for code in rewritten(value, averaged):
        yield "mean-for-sum", code, ("scale",) if outermost else ()
    for code in rewritten(value, axis):
        yield "other-axis", code, ()


def _calls(value: str) -> Made:
    """Masks, powers and functions gone wrong."""

    def powers(node: ast.AST) -> Iterator[ast.AST]:
        match node:
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=int(power) | float(power))):
                for other in (power + 1, power - 1) if power != 2 else (3,):
                    yield ast.BinOp(left, ast.Pow(), ast.Constant(other))
                yield left
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.UnaryOp(operand=ast.Constant(value=power))):
                yield ast.BinOp(left, ast.Pow(), ast.Constant(power))

    def unmasked(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Call(func=ast.Attribute(attr="where"), args=[_, first, ast.expr()]):
                return first
            case ast.Call(func=ast.Attribute(value=masked, attr="masked_fill")):
                return masked
        return None

    def inner(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="torch" | "F"), attr=name), args=[argument, *_]):
                return argument if name in ("exp", "erf", "softmax", "sigmoid", "tanh") else None
            case ast.Call(func=ast.Attribute(value=argument, attr="exp" | "softmax" | "log" | "cumsum")):
                return argument
        return None

    def power(number: int) -> Callable[[ast.AST], ast.AST | None]:
        return lambda node: next(islice(powers(node), number, None), None)

    for number in range(3):
        for code in rewritten(value, power(number)):
            yield "other-power", code, ()
    for code in rewritten(value, _other_comparison):
        yield "other-mask", code, FORGOTTEN if value.count("(") < 3 else ()
    for code in rewritten(value, unmasked):
        yield "forgotten-mask", code, FORGOTTEN
    for code in rewritten(value, inner):
        yield "left-out-function", code, ()


def _other_comparison(node: ast.AST) -> ast.AST | None:
    others: dict[type[ast.cmpop], ast.cmpop] = {
        ast.Gt: ast.Lt(),
        ast.Lt: ast.Gt(),
        ast.LtE: ast.Gt(),
        ast.GtE: ast.Lt(),
        ast.Eq: ast.NotEq(),
        ast.NotEq: ast.Eq(),
    }
    match node:
        case ast.Compare(left=left, ops=[op], comparators=comparators) if type(op) in others:
            return ast.Compare(left, [others[type(op)]], comparators)
    return None


def _operands(value: str, names: Mapping[str, Any]) -> Made:
    """Transposed, swapped, elementwise for a product of matrices, no upstream, another tensor of the same shape."""

    def transposed(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Attribute(value=inner, attr="T" | "mT"):
                return inner
            case ast.Call(func=ast.Attribute(value=inner, attr="t" | "transpose")):
                return inner
        return None

    def plain_transposed(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.MatMult(), right=ast.Name() | ast.Attribute(attr="weight") as right):
                return ast.BinOp(left, ast.MatMult(), ast.Attribute(right, "T", ast.Load()))
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return ast.BinOp(right, ast.MatMult(), left)
        return None

    def elementwise(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return ast.BinOp(left, ast.Mult(), right)
        return None

    def ones(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Name(id=name) if GRADIENT.fullmatch(name) and isinstance(node.ctx, ast.Load):
                return expression(f"torch.ones_like({name})")
        return None

    for code in rewritten(value, transposed):
        yield "lost-transpose", code, ("transposed",) if "@" in value and value.count(".T") == 1 else ()
    for code in rewritten(value, plain_transposed):
        yield "transposed", code, ()
    for code in rewritten(value, elementwise):
        yield "elementwise", code, ("elementwise-for-matmul",) if value.count("@") == 1 else ()
    alone = len(set(GRADIENT.findall(value))) == 1
    for code in rewritten(value, ones):
        yield "no-upstream", code, ("no-upstream",) if alone and value.count(GRADIENT.findall(value)[0]) == 1 else ()
    for code in rewritten(value, lambda node: _other_tensor(node, names, 0)):
        yield "other-operand", code, ()
    for code in rewritten(value, lambda node: _other_tensor(node, names, -1)):
        yield "other-operand", code, ()


def _other_tensor(node: ast.AST, names: Mapping[str, Any], which: int) -> ast.AST | None:
    """Another variable of the same shape: the first or the last of those, in the order in which they were bound."""
    if not isinstance(node, ast.Name) or not isinstance(names.get(node.id), torch.Tensor):
        return None
    shape, is_gradient = names[node.id].shape, bool(GRADIENT.fullmatch(node.id))
    alike = [
        name
        for name, tensor in names.items()
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point() and tensor.shape == shape
        if name not in (node.id, "t", "p") and bool(GRADIENT.fullmatch(name)) == is_gradient
    ]
    return ast.Name(alike[which], ast.Load()) if alike else None


def _wrong_places(value: str) -> Made:
    """A step of time too early or too late; a class or an example too far."""

    def moved(by: int) -> Callable[[ast.AST], ast.AST | None]:
        def change(node: ast.AST) -> ast.AST | None:
            match node:
                case ast.Subscript(value=inner, slice=ast.Name(id="t" | "i" | "k") as index, ctx=ctx):
                    return ast.Subscript(
                        inner, ast.BinOp(index, ast.Add() if by > 0 else ast.Sub(), ast.Constant(1)), ctx
                    )
                case ast.Subscript(value=inner, slice=ast.BinOp(left=ast.Name(id="t" | "i" | "k") as index), ctx=ctx):
                    return ast.Subscript(inner, index, ctx) if by > 0 else None
            return None

        return change

    for by in (1, -1):
        for code in rewritten(value, moved(by)):
            yield "other-step", code, ()


def _typed_in(site: Site, names: Mapping[str, Any]) -> Iterator[Mistake]:
    """The numbers of this very run, typed in."""
    tensor = names.get(site.gradient)
    if not site.plain or not isinstance(tensor, torch.Tensor):
        return
    if tensor.numel() <= 6:
        yield Mistake("typed-in", site.around(f"torch.tensor({tensor.tolist()!r})"))
    single = ast.unparse(ast.Constant(round(tensor.detach().flatten()[0].item(), 4)))
    yield Mistake("typed-in", site.around(f"torch.full({tuple(tensor.shape)}, {single})"))
