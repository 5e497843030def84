"""Wrong answers: rules that change the solution's code, and tables of what rules cannot reach.

The kind that is expected follows from the rule and from the mathematics of the node; no judge was asked.
"""

from __future__ import annotations

import ast
import copy
import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions

FULL = (32, 27)
HIDDEN = (32, 64)
SHAPES: dict[str, tuple[int, ...]] = {
    "logprobs": FULL,
    "probs": FULL,
    "counts_sum_inv": (32, 1),
    "counts_sum": (32, 1),
    "counts": FULL,
    "norm_logits": FULL,
    "logit_maxes": (32, 1),
    "logits": FULL,
    "h": HIDDEN,
    "W2": (64, 27),
    "b2": (27,),
    "hpreact": HIDDEN,
    "bngain": (1, 64),
    "bnraw": HIDDEN,
    "bnbias": (1, 64),
    "bnvar_inv": (1, 64),
    "bnvar": (1, 64),
    "bndiff2": HIDDEN,
    "bndiff": HIDDEN,
    "bnmeani": (1, 64),
    "hprebn": HIDDEN,
    "embcat": (32, 30),
    "W1": (30, 64),
    "b1": (64,),
    "emb": (32, 3, 10),
    "C": (27, 10),
}
"""The nodes in walk order."""
READERS: dict[str, tuple[str, ...]] = {
    "logprobs": (),
    "probs": ("logprobs",),
    "counts_sum_inv": ("probs",),
    "counts_sum": ("counts_sum_inv",),
    "counts": ("probs", "counts_sum"),
    "norm_logits": ("counts",),
    "logit_maxes": ("norm_logits",),
    "logits": ("norm_logits", "logit_maxes"),
    "h": ("logits",),
    "W2": ("logits",),
    "b2": ("logits",),
    "hpreact": ("h",),
    "bngain": ("hpreact",),
    "bnraw": ("hpreact",),
    "bnbias": ("hpreact",),
    "bnvar_inv": ("bnraw",),
    "bnvar": ("bnvar_inv",),
    "bndiff2": ("bnvar",),
    "bndiff": ("bnraw", "bndiff2"),
    "bnmeani": ("bndiff",),
    "hprebn": ("bndiff", "bnmeani"),
    "embcat": ("hprebn",),
    "W1": ("hprebn",),
    "b1": ("hprebn",),
    "emb": ("embcat",),
    "C": ("emb",),
}
"""What is bound by the statements that read a node, but for the loss: the nodes whose gradients are upstream."""
MATRICES = {
    "h": ("dlogits", "W2.T"),
    "W2": ("h.T", "dlogits"),
    "embcat": ("dhprebn", "W1.T"),
    "W1": ("embcat.T", "dhprebn"),
}
SIZES = {"dlogits": FULL, "W2": (64, 27), "h": HIDDEN, "dhprebn": HIDDEN, "W1": (30, 64), "embcat": (32, 30)}

WRONG_AXIS = frozenset({"not-summed", "over-summed"})
"""A sum over the wrong axis lacks one sum and has one too many."""
ROWS_ALIKE = frozenset({"over-summed", "scale"})
"""Every row of dbndiff2 is the same, so that a sum over the rows is n times a row."""
WRONG_UPSTREAM = frozenset({"no-upstream", "extra-path"})
"""Another gradient in the place of the upstream one: the one is missing, the other does not belong."""
SIGN_INSIDE = frozenset({"sign", "wrong-power", "unknown"})
"""A sign within the local derivative: no entry has the wrong sign, yet a sign makes it another factor."""
OTHER_FACTOR = frozenset({"wrong-power", "unknown"})
"""Another function in the place of the local derivative: a wrong factor, if not quite a power."""
START_OR_SUM = frozenset({"constant-offset", "over-summed"})
"""-1/n everywhere: a start from -1/n, and the sum of each row of dlogprobs, spread over the row."""
ONES_OR_SCALE = frozenset({"no-upstream", "scale"})
"""The local derivative summed is counts_sum, and -counts_sum / n is the closed form: off by the factor -n as well."""
MISPLACED = frozenset({"extra-path", "over-summed", "unknown"})
"""A path that is there, but spread over more than where it belongs."""
CLOSED_FORM = frozenset({"no-upstream", "unknown"})
"""A closed form gone wrong: it reads no upstream gradient, as a closed form may, and no kind says more."""
NO_KIND = frozenset({"unknown"})
"""None of the kinds says what is wrong."""


@dataclass(frozen=True)
class Elsewhere:
    """What a mutant does to another node."""

    node: str
    status: str
    kind: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mutant:
    """A wrong answer to ``node``. Without ``kinds`` the answer itself passes, and the harm is done ``elsewhere``."""

    node: str
    rule: str
    code: str
    kinds: frozenset[str]
    status: str = "fail"
    elsewhere: tuple[Elsewhere, ...] = ()
    warnings: tuple[str, ...] = ()


@functools.cache
def solution() -> dict[str, str]:
    """The code of the lesson's own solution by node, in walk order."""
    lesson = read_lesson("names")
    assert lesson.solution is not None
    nodes = [node.name for node in lesson.nodes]
    answers = read_solutions(lesson.solution, "names").answers("names", nodes)
    return {node: answers[node].code for node in nodes}


def rewritten(code: str, change: Callable[[ast.AST], ast.AST | None], *, everywhere: bool = False) -> Iterator[str]:
    """``code`` with ``change`` made at one place, once for every place where it gives something; or at all at once."""
    tree = ast.parse(code)
    count = sum(1 for _ in ast.walk(tree))
    if everywhere:
        yield ast.unparse(_Changed(change).visit(tree))
        return
    for number in range(count):
        fresh = copy.deepcopy(tree)
        place = list(ast.walk(fresh))[number]
        new = change(place)
        if new is not None:
            yield ast.unparse(ast.fix_missing_locations(_Put(place, new).visit(fresh)))


class _Put(ast.NodeTransformer):
    def __init__(self, place: ast.AST, new: ast.AST) -> None:
        self._place, self._new = place, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._place else self.generic_visit(node)


class _Changed(ast.NodeTransformer):
    def __init__(self, change: Callable[[ast.AST], ast.AST | None]) -> None:
        self._change = change

    def visit(self, node: ast.AST) -> ast.AST:
        return self._change(node) or self.generic_visit(node)


def expression(code: str) -> ast.expr:
    return ast.parse(code, mode="eval").body


def sums(node: ast.AST) -> ast.Call | None:
    """``node`` where it is a call of ``.sum``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="sum")):
            return node
    return None


def summand(call: ast.Call) -> ast.expr:
    assert isinstance(call.func, ast.Attribute)
    return call.func.value


def _of(node: str, rule: str, codes: Iterator[str] | list[str], *kinds: str, status: str = "fail") -> Iterator[Mutant]:
    for code in codes:
        yield Mutant(node, rule, code, frozenset(kinds), status)


def mutants() -> list[Mutant]:
    """All of them, without repetition of the same code for the same node."""
    found: dict[tuple[str, str], Mutant] = {}
    for rule in (everywhere, sum_rules, sign_rules, path_rules, matrix_rules, shape_rules, upstream_rules, by_hand):
        for mutant in rule():
            found.setdefault((mutant.node, ast.unparse(ast.parse(mutant.code))), mutant)
    return list(found.values())


def names(items: list[tuple[str, str]]) -> list[str]:
    """Readable and distinct names of (node, rule)."""
    total, seen = Counter(items), Counter[tuple[str, str]]()
    ids = []
    for item in items:
        seen[item] += 1
        ids.append("-".join(item) + (f"-{seen[item]}" if total[item] > 1 else ""))
    return ids


def everywhere() -> Iterator[Mutant]:
    """What can be done at each of the nodes."""
    for node, code in solution().items():
        d = f"d{node}"
        yield from _of(node, "zeros", [f"{d} = torch.zeros_like({node})"], "missing-path")
        yield from _of(node, "plus-one", [f"{code}\n{d} = {d} + 1"], "constant-offset")
        yield from _of(node, "twice", [f"{code}\n{d} = 2 * {d}"], "scale")
        yield from _of(node, "grad", [f"{d} = {node}.grad"], "reads-grad", status="error")
        yield from _of(node, "float64", [f"{code}\n{d} = {d}.double()"], "wrong-dtype")
        yield from _of(node, "integers", [f"{code}\n{d} = {d}.long()"], "wrong-dtype")
        yield from _of(node, "divided-by-0", [f"{code}\n{d} = {d} / 0"], "non-finite")


def sum_rules() -> Iterator[Mutant]:
    """Drop a sum, sum further, over another axis, without keepdim; a mean in its place."""
    for node, code in solution().items():
        yield from _of(
            node, "drop-sum", rewritten(code, lambda x: summand(c) if (c := sums(x)) else None), "not-summed"
        )
        for rule, arguments in (("sum-all", ""), ("sum-all-keepdim", "(0, 1), keepdim=True")):
            yield from _of(node, rule, rewritten(code, _summed_with(arguments)), "over-summed")
        yield from _of(node, "other-axis", rewritten(code, _other_axis), *WRONG_AXIS)
        yield from _of(node, "mean", rewritten(code, _mean), "scale")
        if SHAPES[node] == (32, 1):
            yield from _of(node, "lose-keepdim", rewritten(code, _lost_keepdim), "shape")
        if ".sum(" in code:
            continue
        d = f"d{node}"
        alike = ROWS_ALIKE if node == "bndiff2" else frozenset({"over-summed"})
        axes = {"sum-0": "0", "sum-1-keepdim": "1, keepdim=True", "sum-further": ""}
        for rule, arguments in axes.items():
            axis = int(arguments[0]) if arguments else None
            if axis is None or SHAPES[node][axis] != 1:
                kinds = alike if axis == 0 else frozenset({"over-summed"})
                yield from _of(node, rule, [f"{code}\n{d} = {d}.sum({arguments})"], *kinds)


def _summed_with(arguments: str) -> Callable[[ast.AST], ast.AST | None]:
    def change(node: ast.AST) -> ast.AST | None:
        call = sums(node)
        return None if call is None else expression(f"({ast.unparse(summand(call))}).sum({arguments})")

    return change


def _other_axis(node: ast.AST) -> ast.AST | None:
    call = sums(node)
    if call is None:
        return None
    axis = call.args[0]
    assert isinstance(axis, ast.Constant) and isinstance(axis.value, int)
    return ast.Call(call.func, [ast.Constant(1 - axis.value)], call.keywords)


def _mean(node: ast.AST) -> ast.AST | None:
    call = sums(node)
    return (
        None if call is None else ast.Call(ast.Attribute(summand(call), "mean", ast.Load()), call.args, call.keywords)
    )


def _lost_keepdim(node: ast.AST) -> ast.AST | None:
    call = sums(node)
    return None if call is None else ast.Call(call.func, call.args, [])


def sign_rules() -> Iterator[Mutant]:
    """Flip a sign: of the whole, of an exponent, of one path."""
    for node, code in solution().items():
        trees = ast.parse(code).body
        flipped = list(rewritten(code, _unsigned(exponent=False)))
        kinds = SIGN_INSIDE if node == "hpreact" else frozenset({"sign"})
        yield from _of(node, "flip-sign", flipped, *kinds)
        yield from _of(node, "flip-exponent", rewritten(code, _unsigned(exponent=True)), "wrong-power")
        if not flipped or node == "hpreact":
            yield from _of(node, "negate", [f"{code}\nd{node} = -d{node}"], "sign")
        if len(READERS[node]) == 2:
            first, second = (ast.unparse(tree.value) for tree in trees if isinstance(tree, ast.Assign | ast.AugAssign))
            yield from _of(node, "flip-first-path", [f"d{node} = -({first})\nd{node} += {second}"], "sign")
            yield from _of(node, "flip-second-path", [f"d{node} = {first}\nd{node} -= {second}"], "sign")


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
            yield from _of(node, "first-path-only", [f"{d} = {first}"], "missing-path")
            yield from _of(node, "second-path-only", [f"{d} = {second}"], "missing-path")
            yield from _of(node, "overwritten", [f"{d} = {first}\n{d} = {second}", f"{d} = {first}\n{d} =+ {second}"],
                           "missing-path")  # fmt: skip
            yield from _of(node, "first-path-twice", [f"{d} = 2 * ({first})\n{d} += {second}"], "extra-path")
            yield from _of(node, "second-path-twice", [f"{code}\n{d} += {second}"], "extra-path")
            yield from _of(node, "start-from-ones", [f"{d} = torch.ones_like({node})\n{d} += {first}\n{d} += {second}"],
                           "constant-offset")  # fmt: skip
            yield from _of(node, "half-a-path", [f"{d} = {first}\n{d} += 0.5 * ({second})"], "scale")
        if SHAPES[node] in earlier:
            yield from _of(node, "another-gradient", [f"{code}\n{d} = {d} + d{earlier[SHAPES[node]]}"], "extra-path")
        earlier[SHAPES[node]] = node
    for node in ("logprobs", "C"):
        code = solution()[node].replace("zeros_like", "ones_like")
        yield from _of(node, "start-from-ones", [code], "constant-offset")


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
                    yield from _of(
                        node, "operands", [f"{d} = {a} @ {b}"], "transposed", status="fail" if meets else "error"
                    )
        for a, b in ((left, right), tuple(operands)):
            yield from _of(node, "star", [f"{d} = {a} * {b}"], "elementwise-for-matmul", status="error")
        yield from _of(node, "star", [f"{d} = torch.mul({left}, {right})"], "elementwise-for-matmul", status="error")


def _size(operand: str) -> tuple[int, ...]:
    size = SIZES[operand.removesuffix(".T")]
    return size[::-1] if operand.endswith(".T") else size


def shape_rules() -> Iterator[Mutant]:
    """The right numbers, lying on their side or in another shape."""
    for node, code in solution().items():
        d, shape = f"d{node}", SHAPES[node]
        if len(shape) == 2:
            yield from _of(node, "transpose", [f"{code}\n{d} = {d}.T"], "transposed")
        if len(shape) > 1 and shape[0] != 1 and (shape[1] != 1 or node == "counts_sum"):
            yield from _of(node, "flatten", [f"{code}\n{d} = {d}.flatten()"], "shape")


def upstream_rules() -> Iterator[Mutant]:
    """The local derivative alone: at every path, or at one of two."""
    for node, code in solution().items():
        if not READERS[node]:
            continue
        # mypy infers no type for a lambda that has a default
        alone = rewritten(code, lambda x, readers=READERS[node]: _ones(x, readers), everywhere=True)  # type: ignore[misc]
        kinds = ONES_OR_SCALE if node == "counts_sum_inv" else frozenset({"no-upstream"})
        yield from _of(node, "no-upstream", alone, *kinds)
        if len(READERS[node]) == 2:
            for reader in READERS[node]:
                # mypy infers no type for a lambda that has a default
                alone = rewritten(code, lambda x, reader=reader: _ones(x, (reader,)), everywhere=True)  # type: ignore[misc]
                yield from _of(node, "one-path-without-upstream", alone, "no-upstream")


def _ones(node: ast.AST, readers: tuple[str, ...]) -> ast.AST | None:
    match node:
        case ast.Name(id=name) if name.startswith("d") and name[1:] in readers:
            return expression(f"torch.ones_like({name[1:]})")
    return None


def by_hand() -> Iterator[Mutant]:
    """The tables below."""
    for (node, rule, *kinds), codes in BY_HAND.items():
        yield from _of(node, rule, [_whole(node, code) for code in codes], *kinds)
    for (node, rule, *kinds), codes in ERRORS.items():
        yield from _of(node, rule, [_whole(node, code) for code in codes], *kinds, status="error")
    for node, harmed, code in ALIASING:
        elsewhere = Elsewhere(harmed, "pass", "aliasing", ("aliasing",))
        yield Mutant(node, "alias", code, frozenset(), "pass", (elsewhere,))
    for node, warnings, code, harm in CLOBBERING:
        elsewheres = tuple(Elsewhere(other, status, "clobbered") for other, status in harm)
        yield Mutant(node, "clobber", code, frozenset(), "pass", elsewheres, warnings)


def _whole(node: str, code: str) -> str:
    return code if re.search(rf"^d{node} = ", code, re.MULTILINE) else f"d{node} = {code}"


_LOGPROBS = "dlogprobs = torch.zeros_like(logprobs)\n"
_C = "dC = torch.zeros_like(C)\n"
_LOGITS = "dlogits = dnorm_logits.clone()\n"
STANDARD = "n * dhpreact - dhpreact.sum(0) - n / (n - 1) * bnraw * (dhpreact * bnraw).sum(0)"
_NEW_ROWS = "demb.view(-1, 10)"

BY_HAND: dict[tuple[str, ...], list[str]] = {
    # constants
    ("logprobs", "constant", "scale"): [
        f"{_LOGPROBS}dlogprobs[range(n), Yb] = {value}"
        for value in ("-1.0", "-1.0 / (n - 1)", "-1.0 / 27", "-float(n)")
    ],
    ("counts_sum", "exponent", "wrong-power"): [
        f"-(counts_sum**{power}) * dcounts_sum_inv" for power in ("-1", "-3", "1", "-0.5")
    ],
    ("counts_sum", "exponent-of-inverse", "wrong-power"): [
        "-counts_sum_inv * dcounts_sum_inv",
        "-(counts_sum_inv**-2) * dcounts_sum_inv",
        "-dcounts_sum_inv / counts_sum",
    ],
    ("counts_sum", "constant", "scale"): ["-2 * counts_sum**-2 * dcounts_sum_inv"],
    ("bnvar", "exponent", "wrong-power"): [
        f"(-0.5 * (bnvar + 1e-5) ** {power}) * dbnvar_inv" for power in ("-0.5", "-1", "-2", "-2.5", "0.5")
    ],
    ("bnvar", "exponent-of-inverse", "wrong-power"): [
        "-0.5 * bnvar_inv * dbnvar_inv",
        "-0.5 * bnvar_inv**2 * dbnvar_inv",
        "-0.5 * bnvar_inv**-3 * dbnvar_inv",
    ],
    ("bnvar", "exponent-and-constant", "wrong-power"): ["(bnvar + 1e-5) ** -0.5 * dbnvar_inv"],
    ("bnvar", "constant", "scale"): [
        "(-1.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv",
        "-((bnvar + 1e-5) ** -1.5) * dbnvar_inv",
        "(bnvar + 1e-5) ** -1.5 * dbnvar_inv",
    ],
    ("bnvar", "epsilon", *OTHER_FACTOR): [
        "(-0.5 * bnvar**-1.5) * dbnvar_inv",
        "(-0.5 * (bnvar + 1e-3) ** -1.5) * dbnvar_inv",
    ],
    ("bndiff2", "constant", "scale"): [
        f"{factor} * torch.ones_like(bndiff2) * dbnvar"
        for factor in ("(1.0 / n)", "1.0", "(1.0 / (n + 1))", "(n - 1)", "2.0 / (n - 1)")
    ],
    ("bndiff2", "constant", "sign"): ["-1.0 / (n - 1) * torch.ones_like(bndiff2) * dbnvar"],
    ("bndiff", "constant", "scale"): [
        "dbndiff = bnvar_inv * dbnraw\ndbndiff += bndiff * dbndiff2",
        "dbndiff = bnvar_inv * dbnraw\ndbndiff += 2 / n * bndiff * dbndiff2",
        "dbndiff = bnvar_inv * dbnraw / n\ndbndiff += 2 * bndiff * dbndiff2",
    ],
    ("hprebn", "constant", "scale"): [
        f"dbndiff + {factor} * torch.ones_like(hprebn) * dbnmeani" for factor in ("1.0", "1.0 / (n - 1)", "n")
    ],
    ("hprebn", "constant", "sign"): ["dbndiff - dbnmeani / n"],
    ("b2", "constant", "scale"): ["dlogits.sum(0) / n"],
    ("bnbias", "constant", "scale"): ["dhpreact.sum(0, keepdim=True) / (n - 1)"],
    ("bnmeani", "constant", "scale"): ["-dbndiff.sum(0, keepdim=True) / n"],
    ("C", "constant", "scale"): [f"{_C}dC.index_put_((Xb,), demb / n, accumulate=True)"],
    # the upstream gradient without one factor of the local derivative: that factor to the power 0
    ("probs", "drop-factor", "wrong-power"): ["dlogprobs.clone()"],
    ("counts_sum_inv", "drop-factor", "wrong-power"): ["dprobs.sum(1, keepdim=True)"],
    ("counts_sum", "drop-factor", "wrong-power"): ["-dcounts_sum_inv"],
    ("counts", "drop-factor", "wrong-power"): ["dprobs + dcounts_sum"],
    ("norm_logits", "drop-factor", "wrong-power"): ["dcounts.clone()"],
    ("hpreact", "drop-factor", "wrong-power"): ["dh.clone()"],
    ("bngain", "drop-factor", "wrong-power"): ["dhpreact.sum(0, keepdim=True)"],
    ("bnraw", "drop-factor", "wrong-power"): ["dhpreact.clone()"],
    ("bnvar_inv", "drop-factor", "wrong-power"): ["dbnraw.sum(0, keepdim=True)"],
    ("bnvar", "drop-factor", "wrong-power"): ["-0.5 * dbnvar_inv"],
    ("bndiff", "drop-factor", "wrong-power"): [
        "dbnraw + 2 * bndiff * dbndiff2",
        "bnvar_inv * dbnraw + 2 * dbndiff2",
    ],
    ("h", "drop-factor", "shape"): ["dlogits.clone()"],
    ("W2", "drop-factor", "shape"): ["dlogits.clone()"],
    ("embcat", "drop-factor", "shape"): ["dhprebn.clone()"],
    ("W1", "drop-factor", "shape"): ["dhprebn.clone()"],
    # a factor to another power
    ("probs", "power", "wrong-power"): ["probs * dlogprobs", "dlogprobs / probs**2", "probs**-0.5 * dlogprobs"],
    ("counts_sum_inv", "power", "wrong-power"): [
        "(counts**2 * dprobs).sum(1, keepdim=True)",
        "(dprobs / counts).sum(1, keepdim=True)",
    ],
    ("counts", "power", "wrong-power"): [
        "counts_sum * dprobs + dcounts_sum",
        "counts_sum_inv**2 * dprobs + dcounts_sum",
        "counts_sum_inv * dprobs + counts * dcounts_sum",
    ],
    ("norm_logits", "power", "wrong-power"): ["dcounts / counts", "counts**2 * dcounts"],
    ("hpreact", "power", "wrong-power"): [
        "(1 - h) * dh",
        "(1 - h**3) * dh",
        "(1 - h**2) ** 2 * dh",
        "dh / (1 - h**2)",
    ],
    ("bngain", "power", "wrong-power"): ["(bnraw**2 * dhpreact).sum(0, keepdim=True)"],
    ("bnraw", "power", "wrong-power"): ["dhpreact / bngain", "bngain**2 * dhpreact"],
    ("bnvar_inv", "power", "wrong-power"): ["(bndiff**2 * dbnraw).sum(0, keepdim=True)"],
    ("bndiff2", "power", "wrong-power"): ["1.0 / (n - 1) * bndiff2 * dbnvar"],
    ("bndiff", "power", "wrong-power"): [
        "dbnraw / bnvar_inv + 2 * bndiff * dbndiff2",
        "bnvar_inv * dbnraw + 2 * bndiff**2 * dbndiff2",
        "bnvar_inv * dbnraw + 2 * bndiff2 * dbndiff2",
    ],
    ("hprebn", "power", "wrong-power"): ["dbndiff + 1.0 / n * hprebn * dbnmeani"],
    # another tensor of the same statement: the right one stands to the power 0, the wrong one to the power 1
    ("counts_sum_inv", "other-operand", "wrong-power"): ["(counts_sum_inv * dprobs).sum(1, keepdim=True)"],
    ("counts", "other-operand", "wrong-power"): ["counts * dprobs + dcounts_sum"],
    ("norm_logits", "other-operand", "wrong-power"): ["norm_logits * dcounts"],
    ("bngain", "other-operand", "wrong-power"): [
        "(bngain * dhpreact).sum(0, keepdim=True)",
        "(hpreact * dhpreact).sum(0, keepdim=True)",
    ],
    ("bnraw", "other-operand", "wrong-power"): ["bnraw * dhpreact"],
    ("bnvar_inv", "other-operand", "wrong-power"): ["(bnvar_inv * dbnraw).sum(0, keepdim=True)"],
    ("bndiff", "other-operand", "wrong-power"): ["bndiff * dbnraw + 2 * bndiff * dbndiff2"],
    # another tensor of the same shape
    ("norm_logits", "wrong-operand", *OTHER_FACTOR): ["probs * dcounts"],
    ("hpreact", "wrong-operand", *OTHER_FACTOR): ["(1 - hpreact**2) * dh", "h * (1 - h) * dh"],
    ("W2", "wrong-operand", *NO_KIND): ["hpreact.T @ dlogits"],
    # another gradient in the place of the upstream one
    ("counts_sum_inv", "wrong-upstream", *WRONG_UPSTREAM): ["(counts * dlogprobs).sum(1, keepdim=True)"],
    ("norm_logits", "wrong-upstream", *WRONG_UPSTREAM): ["counts * dprobs"],
    ("bngain", "wrong-upstream", *WRONG_UPSTREAM): ["(bnraw * dh).sum(0, keepdim=True)"],
    ("bnraw", "wrong-upstream", *WRONG_UPSTREAM): ["bngain * dh"],
    ("bnbias", "wrong-upstream", *WRONG_UPSTREAM): ["dh.sum(0, keepdim=True)"],
    ("bnvar_inv", "wrong-upstream", *WRONG_UPSTREAM): ["(bndiff * dhpreact).sum(0, keepdim=True)"],
    ("bnmeani", "wrong-upstream", *WRONG_UPSTREAM): ["-dbnraw.sum(0, keepdim=True)"],
    ("embcat", "wrong-upstream", *WRONG_UPSTREAM): ["dbndiff @ W1.T"],
    ("W1", "wrong-upstream", *WRONG_UPSTREAM): ["embcat.T @ dbndiff"],
    ("b1", "wrong-upstream", *WRONG_UPSTREAM): ["dbndiff.sum(0)"],
    # no upstream gradient, typed as people type it
    ("probs", "no-upstream", "no-upstream"): ["1.0 / probs"],
    ("counts_sum", "no-upstream", "no-upstream"): ["-(counts_sum**-2)"],
    ("norm_logits", "no-upstream", "no-upstream"): ["counts.clone()"],
    ("logit_maxes", "no-upstream", "no-upstream"): ["-torch.ones_like(logit_maxes)"],
    ("h", "no-upstream", "no-upstream"): ["W2.T"],
    ("W2", "no-upstream", "no-upstream"): ["h.T"],
    ("b2", "no-upstream", "no-upstream"): ["torch.ones_like(b2)"],
    ("hpreact", "no-upstream", "no-upstream"): ["1 - h**2", "(1 - h**2) * h"],
    ("bngain", "no-upstream", "no-upstream"): ["bnraw.sum(0, keepdim=True)"],
    ("bnraw", "no-upstream", "no-upstream"): ["bngain * torch.ones_like(bnraw)"],
    ("bnbias", "no-upstream", "no-upstream"): ["torch.ones_like(bnbias)"],
    ("bnvar_inv", "no-upstream", "no-upstream"): ["bndiff.sum(0, keepdim=True)"],
    ("bnvar", "no-upstream", "no-upstream"): ["-0.5 * (bnvar + 1e-5) ** -1.5"],
    ("bndiff2", "no-upstream", "no-upstream"): ["torch.ones_like(bndiff2) / (n - 1)"],
    ("bnmeani", "no-upstream", "no-upstream"): ["-torch.ones_like(bnmeani)"],
    ("embcat", "no-upstream", "no-upstream"): ["W1.T"],
    ("W1", "no-upstream", "no-upstream"): ["embcat.T"],
    ("b1", "no-upstream", "no-upstream"): ["torch.ones_like(b1)"],
    ("emb", "no-upstream", "no-upstream"): ["torch.ones_like(emb)"],
    ("C", "no-upstream", "no-upstream"): [f"{_C}dC.index_add_(0, Xb.view(-1), torch.ones(96, 10))"],
    # a sum at one path of two
    ("counts", "sum-at-a-path", "over-summed"): ["counts_sum_inv * dprobs + dcounts_sum.sum()"],
    ("hprebn", "sum-at-a-path", "over-summed"): ["dbndiff + 1.0 / n * dbnmeani.sum()"],
    ("bndiff", "sum-at-a-path", "over-summed"): ["bnvar_inv * dbnraw + (2 * bndiff * dbndiff2).sum(0)"],
    # operands and sums of matrix products
    ("W2", "not-summed", "not-summed"): ["h.unsqueeze(2) * dlogits.unsqueeze(1)"],
    ("W1", "not-summed", "not-summed"): ["embcat.unsqueeze(2) * dhprebn.unsqueeze(1)"],
    ("h", "not-summed", "not-summed", "shape"): ["dlogits.unsqueeze(1) * W2"],  # broadcast nowhere: summed by `@`
    ("h", "mean", "scale"): ["dlogits @ W2.T / 27"],
    ("W2", "mean", "scale"): ["h.T @ dlogits / n"],
    ("W1", "mean", "scale"): ["embcat.T @ dhprebn / n"],
    # closed forms
    ("logits", "closed-form", "scale"): [
        "F.softmax(logits, 1) - F.one_hot(Yb, 27)",
        "(probs - torch.eye(27)[Yb]) / 27",
    ],
    ("logits", "closed-form", "sign"): ["(F.one_hot(Yb, 27) - F.softmax(logits, 1)) / n"],
    ("logits", "closed-form", *CLOSED_FORM): [
        "F.softmax(logits, 1) / n",
        "(F.softmax(logits, 0) - F.one_hot(Yb, 27)) / n",
    ],
    ("hprebn", "closed-form", "scale"): [f"bngain * bnvar_inv * ({STANDARD})"],
    ("hprebn", "closed-form", *CLOSED_FORM): [f"bngain * bnvar_inv / n * ({STANDARD.replace('n / (n - 1) * ', '')})"],
    # masks
    ("logprobs", "mask", *NO_KIND): [f"{_LOGPROBS}dlogprobs[:, Yb] = -1.0 / n", f"{_LOGPROBS}dlogprobs[Yb] = -1.0 / n"],
    ("logprobs", "mask", *START_OR_SUM): ["torch.full_like(logprobs, -1.0 / n)"],
    ("logits", "mask", *MISPLACED): ["dnorm_logits + dlogit_maxes"],
    ("logits", "mask", *NO_KIND): [
        f"{_LOGITS}dlogits[range(n), logits.max(1, keepdim=True).indices] += dlogit_maxes",
        f"{_LOGITS}dlogits[range(n), Yb] += dlogit_maxes.view(-1)",
        f"{_LOGITS}dlogits[range(n), logits.min(1).indices] += dlogit_maxes.view(-1)",
    ],
    # shapes
    ("emb", "shape", "shape"): ["dembcat.clone()", "dembcat.view(n, 10, 3)", "dembcat.view(3, n, 10)"],
    ("emb", "transpose", "transposed", "shape"): ["dembcat.view(emb.shape).transpose(0, 1)"],  # the shape shows it
    ("C", "shape", "shape"): ["demb.clone()", _NEW_ROWS],
    ("C", "transpose", "transposed"): [f"{_NEW_ROWS}.T @ F.one_hot(Xb.view(-1), num_classes=27).float()"],
    # duplicates
    ("C", "duplicates", "lost-duplicates"): [
        f"{_C}dC[Xb] += demb",
        f"{_C}dC[Xb] = demb",
        f"{_C}dC.index_put_((Xb,), demb)",
        f"{_C}dC[Xb.view(-1)] += {_NEW_ROWS}",
        f"{_C}dC.index_copy_(0, Xb.view(-1), {_NEW_ROWS})",
        f"{_C}dC.scatter_(0, Xb.view(-1, 1).expand(-1, 10), {_NEW_ROWS})",
        f"{_C}for k in range(n):\n    for j in range(3):\n        dC[Xb[k, j]] = demb[k, j]",
        f"{_C}for j in range(3):\n    dC[Xb[:, j]] += demb[:, j]",
        f"{_C}for k in range(n):\n    dC[Xb[k]] += demb[k]",
    ],
    ("C", "one-letter-of-three", *NO_KIND): [f"{_C}dC.index_add_(0, Xb[:, 0], demb[:, 0])"],
    # not a number
    ("probs", "not-finite", "non-finite"): ["dlogprobs / (probs - probs)", "torch.log(-probs) * dlogprobs"],
    ("bnvar", "not-finite", "non-finite"): ["-0.5 * (-bnvar) ** -1.5 * dbnvar_inv"],
    # integers by accident
    ("logprobs", "integer-start", "wrong-dtype"): [
        "dlogprobs = torch.zeros_like(logprobs, dtype=torch.int64)\ndlogprobs[range(n), Yb] = -1",
        "dlogprobs = -F.one_hot(Yb, num_classes=27)",
    ],
    ("C", "integer-start", "wrong-dtype"): ["F.one_hot(Xb.view(-1), num_classes=27).T @ demb.view(-1, 10).long()"],
}
"""By node, rule and kinds: answers, or the right-hand sides of such."""

ERRORS: dict[tuple[str, ...], list[str]] = {
    ("logprobs", "indices-swapped", "transposed", "shape"): [f"{_LOGPROBS}dlogprobs[Yb, range(n)] = -1.0 / n"],
    ("counts", "shape", "shape"): ["counts_sum_inv * dprobs + dcounts_sum.view(-1)"],
    ("counts_sum_inv", "shape", "shape"): ["(counts * dprobs.T).sum(1, keepdim=True)"],
    ("emb", "shape", "shape"): ["dembcat.view(n, 3, 27)"],
    ("h", "wrong-operand", "transposed", "shape"): ["dlogits @ W1.T"],  # no sizes would meet
    ("C", "integers", "wrong-dtype"): [f"F.one_hot(Xb.view(-1), num_classes=27).T @ {_NEW_ROWS}"],
    ("W1", "integers", "wrong-dtype"): ["embcat.T.long() @ dhprebn"],
}
"""The same, for what does not run."""

_MAXES = "F.one_hot(logits.max(1).indices, num_classes=27) * dlogit_maxes"
ALIASING: list[tuple[str, str, str]] = [
    ("probs", "logprobs", "dprobs = dlogprobs\ndprobs /= probs"),
    ("counts", "probs", "dcounts = dprobs\ndcounts *= counts_sum_inv\ndcounts += dcounts_sum"),
    ("counts_sum", "counts_sum_inv", "dcounts_sum = dcounts_sum_inv\ndcounts_sum *= -(counts_sum**-2)"),
    ("norm_logits", "counts", "dnorm_logits = dcounts\ndnorm_logits *= counts"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.view(n, -1)\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.detach()\ndlogits += {_MAXES}"),
    ("logits", "norm_logits", f"dlogits = dnorm_logits.data\ndlogits += {_MAXES}"),
    (
        "logits",
        "norm_logits",
        "dlogits = dnorm_logits\ndlogits[range(n), logits.max(1).indices] += dlogit_maxes.view(-1)",
    ),
    ("hpreact", "h", "dhpreact = dh\ndhpreact *= 1 - h**2"),
    ("bnraw", "hpreact", "dbnraw = dhpreact\ndbnraw *= bngain"),
    ("bnvar", "bnvar_inv", "dbnvar = dbnvar_inv\ndbnvar *= -0.5 * (bnvar + 1e-5) ** -1.5"),
    ("bndiff", "bndiff2", "dbndiff = dbndiff2\ndbndiff *= 2 * bndiff\ndbndiff += bnvar_inv * dbnraw"),
    ("hprebn", "bndiff", "dhprebn = dbndiff\ndhprebn += dbnmeani / n"),
    ("hprebn", "bndiff", "dhprebn = dbndiff.reshape(n, -1)\ndhprebn.add_(dbnmeani, alpha=1.0 / n)"),
]
"""Node, node whose gradient is changed, answer: right in itself."""

CLOBBERING: list[tuple[str, tuple[str, ...], str, list[tuple[str, str]]]] = [
    ("bngain", (), "for n in range(3):\n    pass\ndbngain = (bnraw * dhpreact).sum(0, keepdim=True)",
     [("bndiff2", "fail"), ("hprebn", "fail")]),
    ("bngain", (), "for n in range(2):\n    pass\ndbngain = (bnraw * dhpreact).sum(0, keepdim=True)",
     [("bndiff2", "error"), ("hprebn", "fail")]),
    ("bnbias", ("clobbers",), "dbnbias = torch.zeros_like(bnbias)\nfor n in range(32):\n    dbnbias += dhpreact[n]",
     [("bndiff2", "fail"), ("hprebn", "fail")]),
    ("counts_sum_inv", (), "counts = counts * dprobs\ndcounts_sum_inv = counts.sum(1, keepdim=True)",
     [("norm_logits", "fail")]),
    ("counts_sum_inv", ("clobbers",), "dcounts_sum_inv = counts.mul_(dprobs).sum(1, keepdim=True)",
     [("norm_logits", "fail")]),
    ("W2", (), "h = h.T\ndW2 = h @ dlogits", [("hpreact", "error")]),
    ("bngain", (), "bngain = (bnraw * dhpreact).sum(0, keepdim=True)\ndbngain = bngain", [("bnraw", "fail")]),
    ("bnvar_inv", (), "bndiff = bndiff * dbnraw\ndbnvar_inv = bndiff.sum(0, keepdim=True)", [("bndiff", "fail")]),
    ("bnvar", (), "bnvar_inv = bnvar_inv**3\ndbnvar = -0.5 * bnvar_inv * dbnvar_inv", [("bndiff", "fail")]),
    ("bndiff2", (), "n = n - 1\ndbndiff2 = 1.0 / n * torch.ones_like(bndiff2) * dbnvar", [("hprebn", "fail")]),
    ("logprobs", (), "F = -1.0 / n\ndlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = F",
     [("logits", "error")]),
]  # fmt: skip
"""Node, its warnings, answer (right in itself), and the nodes with what comes of them."""


def typed_in(labels: list[int], largest: list[int]) -> list[Mutant]:
    """Numbers of this minibatch typed in: ``labels`` are Yb, ``largest`` where each row of the logits is largest."""
    return [
        Mutant("logprobs", "typed-in", f"{_LOGPROBS}dlogprobs[range(n), {labels}] = -1.0 / n", NO_KIND),
        Mutant("logits", "typed-in", f"{_LOGITS}dlogits[range(n), {largest}] += dlogit_maxes.view(-1)", NO_KIND),
    ]
