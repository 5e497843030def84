"""Rules that write a statement otherwise. Some hold only for some shapes: autograd sorts them out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tests.engine.corpus.rewriting import expression, rewritten, summand, sums
from tests.engine.scripts.script import Script
from tests.engine.scripts.sites import GRADIENT, Site

Change = Callable[[ast.AST], ast.AST | None]
MATRIX = ("torch.matmul({0}, {1})", "torch.einsum('ij,jk->ik', {0}, {1})", "({0}).mm({1})", "(({1}).mT @ ({0}).mT).mT",
          "torch.tensordot({0}, {1}, 1)")  # fmt: skip
TRANSPOSED = ("({0}).t()", "({0}).mT", "({0}).transpose(0, 1)", "({0}).permute(1, 0)", "torch.swapaxes({0}, 0, 1)")
SUM_0 = ("torch.sum({0}, dim=0)", "torch.einsum('ij->j', {0})", "torch.ones(len({0})) @ ({0})", "sum({0})",
         "({0}).sum(0, keepdim=True)[0]", "({0}).T.sum(1)", "({0}).mean(0) * len({0})")  # fmt: skip
SUM_KEEPDIM = ("({0}).sum({1}).unsqueeze({1})", "torch.sum({0}, {1}, keepdim=True)")
SQUARE = ("({0}) * ({0})", "({0}).square()", "torch.pow({0}, 2)")
MASKED = ("torch.where({1}, {0}, 0.0)", "({0}).masked_fill(~({1}), 0)", "({0}) * ({1}).to(torch.get_default_dtype())",
          "({1}) * ({0})", "({0}).where({1}, torch.zeros(()))")  # fmt: skip


def value_rewordings(value: str) -> Iterator[tuple[str, str]]:
    """Rules and expressions that are equal to ``value``."""
    rules: list[tuple[str, Change]] = []
    for template in MATRIX:
        rules.append(("matmul", _binary(ast.MatMult, template)))
    for template in TRANSPOSED:
        rules.append(("transpose", _transposed(template)))
    for template in SUM_0:
        rules.append(("sum", _summed_over_rows(template)))
    for template in SUM_KEEPDIM:
        rules.append(("keepdim", _kept(template)))
    for template in SQUARE:
        rules.append(("square", _square(template)))
    for template in MASKED:
        rules.append(("mask", _masked(template)))
    rules.append(("one-minus-square", _one_minus_square))
    rules.append(("addcmul", _addcmul))
    for template in ("({1}) * ({0})", "torch.mul({0}, {1})"):
        rules.append(("product", _binary(ast.Mult, template)))
    for template in ("({1}) + ({0})", "torch.add({0}, {1})"):
        rules.append(("plus", _binary(ast.Add, template)))
    for template in ("1 / ({1}) * ({0})", "torch.div({0}, {1})"):
        rules.append(("division", _binary(ast.Div, template)))
    nodes = list(ast.walk(expression(value)))
    for rule, change in rules:
        if any(change(node) is not None for node in nodes):
            for code in rewritten(value, change):
                yield rule, code


def _binary(operator: type[ast.operator], template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=ast.Constant(), right=ast.Constant()):
                return None  # torch makes a float32 of it
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, operator):
                return expression(template.format(ast.unparse(left), ast.unparse(right)))
        return None

    return change


def _transposed(template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.Attribute(value=inner, attr="T"):
                return expression(template.format(ast.unparse(inner)))
        return None

    return change


def _summed_over_rows(template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        call = sums(node)
        if call is None or call.keywords or [ast.unparse(each) for each in call.args] != ["0"]:
            return None
        return expression(template.format(ast.unparse(summand(call))))

    return change


def _kept(template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        call = sums(node)
        if call is None or not call.keywords or not call.args:
            return None
        return expression(template.format(ast.unparse(summand(call)), ast.unparse(call.args[0])))

    return change


def _square(template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.Constant(value=2)):
                return expression(template.format(ast.unparse(left)))
        return None

    return change


def _masked(template: str) -> Change:
    def change(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Compare() as mask):
                return expression(template.format(ast.unparse(left), ast.unparse(mask)))
        return None

    return change


def _one_minus_square(node: ast.AST) -> ast.AST | None:
    match node:
        case ast.BinOp(
            ast.Constant(value=1 | 1.0), ast.Sub(), ast.BinOp(left=base, op=ast.Pow(), right=ast.Constant(value=2))
        ):
            return expression("(1 - {0}) * (1 + {0})".format(ast.unparse(base)))
    return None


def _addcmul(node: ast.AST) -> ast.AST | None:
    match node:
        case ast.BinOp(
            left=left, op=ast.Add() | ast.Sub() as op, right=ast.BinOp(left=one, op=ast.Mult(), right=other)
        ):
            sign = "" if isinstance(op, ast.Add) else ", value=-1"
            return expression(f"torch.addcmul({ast.unparse(left)}, {ast.unparse(one)}, {ast.unparse(other)}{sign})")
    return None


def statement_rewordings(site: Site, script: Script) -> Iterator[tuple[str, str]]:
    """Rules and statements that do what the statement does."""
    if site.masks or site.code.startswith("return") or site.starts:
        return
    tree = ast.parse(site.code).body[0]
    name = site.gradient
    match tree:
        case ast.AugAssign(op=ast.Add(), value=value):
            added = ast.unparse(value)
            yield "in-place", f"{name} = {name} + ({added})"
            yield "in-place", f"{name}.add_({added})"
            yield "in-place", f"{name} = torch.add({added}, {name})"
        case ast.Assign(value=value):
            yield from _assigned(name, value, site, script)


def _assigned(name: str, value: ast.expr, site: Site, script: Script) -> Iterator[tuple[str, str]]:
    tensor = script.gradients.get(name)
    text = ast.unparse(value)
    yield "no-grad-here", f"with torch.no_grad():\n    {site.code}"
    if name.isidentifier():
        yield "annotated", f"{name}: torch.Tensor = {text}"
    if tensor is not None:
        yield "added-to-zeros", f"{name} = torch.zeros_like({tensor})\n{name} += {text}"
        yield "into-empty", f"{name} = torch.empty_like({tensor})\n{name}[...] = {text}"
    match value:
        case ast.BinOp(left=left, op=ast.Mult(), right=ast.Compare() as mask):
            one, other = ast.unparse(left), ast.unparse(mask)
            yield "boolean-assignment", f"{name} = 1 * ({one})\n{name}[~({other})] = 0"
            yield (
                "boolean-assignment",
                f"keep = {other}\n{name} = torch.zeros_like({one})\n{name}[keep] = ({one})[keep]",
            )
        case ast.BinOp(left=left, op=ast.Mult() | ast.Add() | ast.Sub() | ast.Div() as op, right=right):
            sign = {ast.Mult: "*", ast.Add: "+", ast.Sub: "-", ast.Div: "/"}[type(op)]
            one, other = ast.unparse(left), ast.unparse(right)
            yield "partial", f"{name} = {one}\n{name} = {name} {sign} ({other})"
            yield "partial-in-place", f"{name} = 1 * ({one})\n{name} {sign}= {other}"
            if sign == "+":
                yield "partial-other-order", f"{name} = 1 * ({other})\n{name} += {one}"
            if GRADIENT.search(other):
                yield "helper", f"tmp = {other}\n{name} = {one} {sign} tmp"
    call = sums(value)
    if (
        call is not None
        and [ast.unparse(each) for each in call.args] == ["0"]
        and not call.keywords
        and tensor is not None
    ):
        rows = ast.unparse(summand(call))
        yield "loop", f"{name} = torch.zeros_like({tensor})\nfor row in {rows}:\n    {name} += row"
        yield "loop", f"{name} = 0\nfor i in range(len({rows})):\n    {name} = {name} + ({rows})[i]"
