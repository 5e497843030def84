"""Which operation a statement applies to a tensor, from its text alone."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.walk import children, everything

OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("add", "add"),
    ast.Sub: ("add", "subtracted"),
    ast.Mult: ("multiply", "multiply"),
    ast.Div: ("divide", "divisor"),
    ast.Pow: ("power", "exponent"),
    ast.MatMult: ("matmul-left", "matmul-right"),
}
"""For each operator what is done to its left operand, and to its right one."""

CALLS: dict[str, tuple[str, ...]] = {
    "add": ("add", "add"),
    "sub": ("add", "subtracted"),
    "subtract": ("add", "subtracted"),
    "mul": ("multiply", "multiply"),
    "multiply": ("multiply", "multiply"),
    "div": ("divide", "divisor"),
    "divide": ("divide", "divisor"),
    "true_divide": ("divide", "divisor"),
    "pow": ("power", "exponent"),
    "float_power": ("power", "exponent"),
    "matmul": ("matmul-left", "matmul-right"),
    "mm": ("matmul-left", "matmul-right"),
    "mv": ("matmul-left", "matmul-right"),
    "bmm": ("matmul-left", "matmul-right"),
    "dot": ("multiply-sum", "multiply-sum"),
    "addmm": ("add", "matmul-left", "matmul-right"),
    "baddbmm": ("add", "matmul-left", "matmul-right"),
    "linear": ("linear", "linear-weight", "linear-bias"),
    "maximum": ("maximum", "maximum"),
    "minimum": ("maximum", "maximum"),
    "cross_entropy": ("cross-entropy",),
    "nll_loss": ("nll",),
    "mse_loss": ("mse", "mse-target"),
    "l1_loss": ("l1", "l1-target"),
    "binary_cross_entropy_with_logits": ("bce-logits",),
    "embedding": ("other", "embedding"),
    "where": ("other", "where", "where-not"),
    "lerp": ("other", "other"),
    "conv1d": ("conv1d", "conv1d-weight", "conv1d-bias"),
    "layer_norm": ("layer-norm", "other", "norm-gain", "norm-bias"),
    "batch_norm": ("batch-norm", "other", "other", "norm-gain", "norm-bias"),
}
"""What a function does to its arguments, by place; those further on are treated as other."""

ALIKE = {
    "negative": "neg",
    "amax": "max",
    "amin": "max",
    "min": "max",
    "nansum": "sum",
    "nanmean": "mean",
    "view_as": "view",
    "reshape": "view",
    "reshape_as": "view",
    "flatten": "view",
    "unflatten": "view",
    "ravel": "view",
    "T": "transpose",
    "mT": "transpose",
    "t": "transpose",
    "swapaxes": "transpose",
    "swapdims": "transpose",
    "movedim": "permute",
    "moveaxis": "permute",
    "expand_as": "expand",
    "broadcast_to": "expand",
    "repeat": "expand",
    "concat": "cat",
    "concatenate": "cat",
    "hstack": "cat",
    "vstack": "cat",
    "column_stack": "cat",
    "index_select": "index",
    "select": "index",
    "narrow": "index",
    "gather": "index",
    "take": "index",
    "take_along_dim": "index",
    "chunk": "index",
    "split": "index",
    "unbind": "index",
    "triu": "tril",
    "masked_select": "index",
    "contiguous": "clone",
    "float": "clone",
    "double": "clone",
    "to": "clone",
    "type_as": "clone",
    "cuda": "clone",
    "cpu": "clone",
    "alpha_dropout": "dropout",
    "clip": "clamp",
    "concat_": "cat",
    "special_expit": "sigmoid",
    "expit": "sigmoid",
    "softmin": "other",
}  # fmt: skip
"""Other names for operations, functions and methods alike."""

_SINGLE = (
    "neg sum mean max var std exp log sqrt rsqrt square reciprocal abs tanh sigmoid relu gelu silu softplus softmax "
    "log_softmax logsumexp view transpose permute squeeze unsqueeze expand cat stack index masked_fill tril clone "
    "dropout cumsum clamp einsum log1p expm1 sin cos norm"
)
SINGLE = frozenset(_SINGLE.split())
"""Operations on one tensor (or a list of them), called by their own names."""

MODULES = frozenset({"torch", "F", "nn", "functional", "special", "linalg", "np", "math"})
_NO_GRADIENT = (
    "shape size dim ndim numel dtype device detach item tolist argmax argmin zeros_like ones_like new_zeros long "
    "int bool requires_grad len range eq ne lt le gt ge isnan isinf sign indices"
)
NO_GRADIENT = frozenset(_NO_GRADIENT.split())
"""What is read of a tensor without a gradient flowing back."""
MOVES = frozenset({"view", "transpose", "permute", "squeeze", "unsqueeze", "clone"})
"""They change no number: what is done to the result tells more."""
_ELEMENTWISE = (
    "add subtracted multiply divide divisor power exponent neg exp log sqrt rsqrt square reciprocal abs tanh sigmoid "
    "relu gelu silu softplus clamp dropout clone softmax log_softmax masked_fill log1p expm1 sin cos"
)
ELEMENTWISE = frozenset(_ELEMENTWISE.split())
"""They keep the shape of their operand, or broadcast it to that of the other."""
IN_PLACE_OF_ITSELF = frozenset({"values"})


@dataclass(frozen=True)
class Use:
    """One place in a statement where a tensor is read: the ``operation`` applied to it, and those around that.

    ``inner`` only move its entries about before. ``others`` are the names beside it in the operation, ``beside`` is
    the other operand as it is written, where there is one.
    """

    operation: str
    others: tuple[str, ...] = ()
    beside: str = ""
    outer: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()


def uses(code: str, name: str) -> tuple[Use, ...]:
    """How the statement ``code`` uses ``name``, in the order in which it is read; not where no gradient comes back."""
    (statement,) = parse_code(code.strip()).body
    value = getattr(statement, "value", None)
    if value is None:
        return ()
    parents = {child: parent for parent in everything(value) for child in children(parent)}
    places = [node for node in everything(value) if isinstance(node, ast.Name) and node.id == name]
    places.sort(key=lambda node: (node.lineno, node.col_offset))
    result = []
    for place in places:
        steps = list(_steps(place, parents))
        if any(operation == "" for operation, _ in steps):
            continue
        if not steps:
            result.append(Use("clone"))
            continue
        first = next((index for index, (operation, _) in enumerate(steps) if operation not in MOVES), 0)
        operations = [operation for operation, _ in steps]
        whole = steps[first][1]
        outer, inner = tuple(operations[first + 1 :]), tuple(operations[:first])
        result.append(Use(operations[first], _others(place, whole), _beside(place, whole), outer, inner))
    return tuple(result)


def _beside(place: ast.expr, whole: ast.expr) -> str:
    """The operand of ``whole`` that does not hold ``place``."""
    operands: list[ast.expr] = []
    match whole:
        case ast.BinOp(left=left, right=right):
            operands = [left, right]
        case ast.Call(func=ast.Attribute(value=receiver), args=arguments):
            operands = [receiver, *arguments]
    plain = [each for each in operands if not (isinstance(each, ast.Name) and each.id in MODULES)]
    rest = [each for each in plain if place not in everything(each)]
    return ast.unparse(rest[0]) if rest and len(rest) < len(plain) else ""


def _others(place: ast.expr, whole: ast.expr) -> tuple[str, ...]:
    """The tensors that stand in an operation beside the one at ``place``: no functions, and no axes and sizes."""
    called = {node.func for node in everything(whole) if isinstance(node, ast.Call)}
    names = [node for node in everything(whole) if isinstance(node, ast.Name) and node is not place]
    return tuple(dict.fromkeys(node.id for node in names if node not in called and node.id not in MODULES))


def _steps(place: ast.expr, parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """The operations from the inside out, each with its expression; an empty one ends a way without a gradient."""
    child: ast.AST = place
    while child in parents:
        parent = parents[child]
        operation = _applied(parent, child, parents)
        if operation is not None and isinstance(parent, ast.expr):
            yield operation, parent
        child = parent


def _applied(parent: ast.AST, child: ast.AST, parents: dict[ast.AST, ast.AST]) -> str | None:
    """What ``parent`` does to ``child``; None for nothing, "" where no gradient comes back."""
    match parent:
        case ast.BinOp(left=left, op=op):
            known = OPERATORS.get(type(op), ("other", "other"))
            return known[0] if left is child else known[1]
        case ast.UnaryOp(op=ast.USub()):
            return "neg"
        case ast.UnaryOp(op=ast.UAdd()) | ast.List() | ast.Tuple() | ast.keyword() | ast.Starred():
            return None
        case ast.Compare() | ast.UnaryOp():
            return ""
        case ast.Subscript(value=inner):
            return "index" if inner is child and not _result_of_pair(child) else None if inner is child else ""
        case ast.Attribute(attr=attr):
            if isinstance(parents.get(parent), ast.Call) and getattr(parents[parent], "func", None) is parent:
                return "" if attr in NO_GRADIENT else None
            return "" if attr in NO_GRADIENT else None if attr in IN_PLACE_OF_ITSELF else _named(attr, 0)
        case ast.Call(func=func, args=arguments, keywords=keywords):
            return _called(func, arguments, keywords, child)
        case ast.IfExp(test=test):
            return "" if test is child else None
    return "other" if isinstance(parent, ast.expr) else None


def _called(func: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword], child: ast.AST) -> str | None:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    method = isinstance(func, ast.Attribute) and not (isinstance(func.value, ast.Name) and func.value.id in MODULES)
    if func is child:
        place = 1 if name == "where" else 0
    elif child in arguments:
        place = arguments.index(child) + method
        if name == "where" and method:
            place = 0 if place == 1 else 2
    else:
        words = ("input", "weight", "bias") if name != "embedding" else ("input", "weight")
        word = next((each.arg for each in keywords if each is child), "")
        place = words.index(word) if word in words else 9
        if name in ("layer_norm", "batch_norm") and word in ("weight", "bias"):
            place = len(CALLS[name]) - (2 if word == "weight" else 1)
    if name in NO_GRADIENT:
        return ""
    if name == "max" and len(arguments) + method == 2 and not _is_axis(arguments[-1]):
        name = "maximum"
    return _named(name, place)


def _named(name: str, place: int) -> str:
    if name in CALLS:
        return CALLS[name][place] if place < len(CALLS[name]) else "other"
    name = ALIKE.get(name, name)
    if name == "einsum":
        return name
    return name if name in SINGLE and (place == 0 or name in ("cat", "stack")) else "other"


def _is_axis(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant | ast.UnaryOp)


def _result_of_pair(child: ast.AST) -> bool:
    """``x.max(1)[0]``: the index takes the values from a pair."""
    match child:
        case ast.Call(func=ast.Attribute(attr="max" | "min" | "sort" | "topk")):
            return True
    return False
