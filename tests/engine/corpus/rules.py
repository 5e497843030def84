"""Mutants made by rules: what can be changed in the solution's own code."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tests.engine.corpus.mutant import ONES_OR_SCALE, ROWS_ALIKE, SIGN_INSIDE, WRONG_AXIS, Mutant, mutants_of
from tests.engine.corpus.nodes import MATRICES, READERS, SHAPES, SIZES, solution
from tests.engine.corpus.rewriting import averaged, expression, rewritten, summand, summed_with, sums


def everywhere() -> Iterator[Mutant]:
    """What can be done at each of the nodes."""
    for node, code in solution().items():
        d = f"d{node}"
        yield from mutants_of(node, "zeros", [f"{d} = torch.zeros_like({node})"], "missing-path")
        yield from mutants_of(node, "plus-one", [f"{code}\n{d} = {d} + 1"], "constant-offset")
        yield from mutants_of(node, "twice", [f"{code}\n{d} = 2 * {d}"], "scale")
        yield from mutants_of(node, "grad", [f"{d} = {node}.grad"], "reads-grad", status="error")
        yield from mutants_of(node, "float64", [f"{code}\n{d} = {d}.double()"], "wrong-dtype")
        yield from mutants_of(node, "integers", [f"{code}\n{d} = {d}.long()"], "wrong-dtype")
        yield from mutants_of(node, "divided-by-0", [f"{code}\n{d} = {d} / 0"], "non-finite")


def sum_rules() -> Iterator[Mutant]:
    """Drop a sum, sum further, over another axis, without keepdim; a mean in its place."""
    for node, code in solution().items():
        yield from mutants_of(
            node, "drop-sum", rewritten(code, lambda x: summand(c) if (c := sums(x)) else None), "not-summed"
        )
        for rule, arguments in (("sum-all", ""), ("sum-all-keepdim", "(0, 1), keepdim=True")):
            yield from mutants_of(node, rule, rewritten(code, summed_with(arguments)), "over-summed")
        yield from mutants_of(node, "other-axis", rewritten(code, _other_axis), *WRONG_AXIS)
        yield from mutants_of(node, "mean", rewritten(code, averaged), "scale")
        if SHAPES[node] == (32, 1):
            yield from mutants_of(node, "lose-keepdim", rewritten(code, _lost_keepdim), "shape")
        if ".sum(" in code:
            continue
        d = f"d{node}"
        alike = ROWS_ALIKE if node == "bndiff2" else frozenset({"over-summed"})
        axes = {"sum-0": "0", "sum-1-keepdim": "1, keepdim=True", "sum-further": ""}
        for rule, arguments in axes.items():
            axis = int(arguments[0]) if arguments else None
            if axis is None or SHAPES[node][axis] != 1:
                kinds = alike if axis == 0 else frozenset({"over-summed"})
                yield from mutants_of(node, rule, [f"{code}\n{d} = {d}.sum({arguments})"], *kinds)


def _other_axis(node: ast.AST) -> ast.AST | None:
    call = sums(node)
    if call is None:
        return None
    axis = call.args[0]
    assert isinstance(axis, ast.Constant) and isinstance(axis.value, int)
    return ast.Call(call.func, [ast.Constant(1 - axis.value)], call.keywords)


def _lost_keepdim(node: ast.AST) -> ast.AST | None:
    call = sums(node)
    return None if call is None else ast.Call(call.func, call.args, [])


def sign_rules() -> Iterator[Mutant]:
    """Flip a sign: of the whole, of an exponent, of one path."""
    for node, code in solution().items():
        trees = ast.parse(code).body
        flipped = list(rewritten(code, _unsigned(exponent=False)))
        kinds = SIGN_INSIDE if node == "hpreact" else frozenset({"sign"})
        yield from mutants_of(node, "flip-sign", flipped, *kinds)
        yield from mutants_of(node, "flip-exponent", rewritten(code, _unsigned(exponent=True)), "wrong-power")
        if not flipped or node == "hpreact":
            yield from mutants_of(node, "negate", [f"{code}\nd{node} = -d{node}"], "sign")
        if len(READERS[node]) == 2:
            first, second = (ast.unparse(tree.value) for tree in trees if isinstance(tree, ast.Assign | ast.AugAssign))
            yield from mutants_of(node, "flip-first-path", [f"d{node} = -({first})\nd{node} += {second}"], "sign")
            yield from mutants_of(node, "flip-second-path", [f"d{node} = {first}\nd{node} -= {second}"], "sign")


def _unsigned(*, exponent: bool) -> Callable[[ast.AST], ast.AST | None]:
    """Takes a minus away, of an exponent or of anything else."""

    def change(node: ast.AST) -> ast.AST | None:
        match node:
            case ast.BinOp(left=left, op=ast.Pow(), right=ast.UnaryOp(op=ast.USub(), operand=operand)) if exponent:
                return ast.BinOp(left, ast.Pow(), operand)
            case ast.BinOp(left=left, op=(ast.Mult() | ast.Div()) as op, right=right) if not exponent:
                if isinstance(left, ast.UnaryOp):
                    return ast.BinOp(left.operand, op, right)
            case ast.Call(func=ast.Attribute(value=ast.UnaryOp(operand=inner)), args=args, keywords=keywords):
                assert isinstance(node.func, ast.Attribute)
                return None if exponent else ast.Call(ast.Attribute(inner, node.func.attr, ast.Load()), args, keywords)
            case ast.keyword(arg=arg, value=ast.UnaryOp(operand=operand)) if not exponent:
                return ast.keyword(arg, operand)
        return None

    return change


def path_rules() -> Iterator[Mutant]:
    """Drop a path, count it twice, overwrite it, start from ones, halve or double; another gradient beside it."""
    earlier: dict[tuple[int, ...], str] = {}
    for node, code in solution().items():
        d = f"d{node}"
        if len(READERS[node]) == 2:
            trees = ast.parse(code).body
            first, second = (ast.unparse(tree.value) for tree in trees if isinstance(tree, ast.Assign | ast.AugAssign))
            yield from mutants_of(node, "first-path-only", [f"{d} = {first}"], "missing-path")
            yield from mutants_of(node, "second-path-only", [f"{d} = {second}"], "missing-path")
            yield from mutants_of(
                node,
                "overwritten",
                [f"{d} = {first}\n{d} = {second}", f"{d} = {first}\n{d} =+ {second}"],
                "missing-path",
            )
            yield from mutants_of(node, "first-path-twice", [f"{d} = 2 * ({first})\n{d} += {second}"], "extra-path")
            yield from mutants_of(node, "second-path-twice", [f"{code}\n{d} += {second}"], "extra-path")
            yield from mutants_of(
                node,
                "start-from-ones",
                [f"{d} = torch.ones_like({node})\n{d} += {first}\n{d} += {second}"],
                "constant-offset",
            )
            yield from mutants_of(node, "half-a-path", [f"{d} = {first}\n{d} += 0.5 * ({second})"], "scale")
        if SHAPES[node] in earlier:
            yield from mutants_of(
                node, "another-gradient", [f"{code}\n{d} = {d} + d{earlier[SHAPES[node]]}"], "extra-path"
            )
        earlier[SHAPES[node]] = node
    for node in ("logprobs", "C"):
        code = solution()[node].replace("zeros_like", "ones_like")
        yield from mutants_of(node, "start-from-ones", [code], "constant-offset")


def matrix_rules() -> Iterator[Mutant]:
    """Every way to swap and to transpose the operands of ``@``; ``*`` in its place."""
    for node, (left, right) in MATRICES.items():
        d = f"d{node}"
        operands = [name.removesuffix(".T") for name in (left, right)]
        for one, other in (operands, operands[::-1]):
            for a in (one, f"{one}.T"):
                for b in (other, f"{other}.T"):
                    if (a, b) == (left, right):
                        continue
                    meets = _size(a)[1] == _size(b)[0]
                    yield from mutants_of(
                        node, "operands", [f"{d} = {a} @ {b}"], "transposed", status="fail" if meets else "error"
                    )
        for a, b in ((left, right), tuple(operands)):
            yield from mutants_of(node, "star", [f"{d} = {a} * {b}"], "elementwise-for-matmul", status="error")
        yield from mutants_of(
            node, "star", [f"{d} = torch.mul({left}, {right})"], "elementwise-for-matmul", status="error"
        )


def _size(operand: str) -> tuple[int, ...]:
    size = SIZES[operand.removesuffix(".T")]
    return size[::-1] if operand.endswith(".T") else size


def shape_rules() -> Iterator[Mutant]:
    """The right numbers, lying on their side or in another shape."""
    for node, code in solution().items():
        d, shape = f"d{node}", SHAPES[node]
        if len(shape) == 2:
            yield from mutants_of(node, "transpose", [f"{code}\n{d} = {d}.T"], "transposed")
        if len(shape) > 1 and shape[0] != 1 and (shape[1] != 1 or node == "counts_sum"):
            yield from mutants_of(node, "flatten", [f"{code}\n{d} = {d}.flatten()"], "shape")


def upstream_rules() -> Iterator[Mutant]:
    """The local derivative alone: at every path, or at one of two."""
    for node, code in solution().items():
        if not READERS[node]:
            continue
        # mypy infers no type for a lambda that has a default
        alone = rewritten(code, lambda x, readers=READERS[node]: _ones(x, readers), everywhere=True)  # type: ignore[misc]
        kinds = ONES_OR_SCALE if node == "counts_sum_inv" else frozenset({"no-upstream"})
        yield from mutants_of(node, "no-upstream", alone, *kinds)
        if len(READERS[node]) == 2:
            for reader in READERS[node]:
                # mypy infers no type for a lambda that has a default
                alone = rewritten(code, lambda x, reader=reader: _ones(x, (reader,)), everywhere=True)  # type: ignore[misc]
                yield from mutants_of(node, "one-path-without-upstream", alone, "no-upstream")


def _ones(node: ast.AST, readers: tuple[str, ...]) -> ast.AST | None:
    match node:
        case ast.Name(id=name) if name.startswith("d") and name[1:] in readers:
            return expression(f"torch.ones_like({name[1:]})")
    return None
