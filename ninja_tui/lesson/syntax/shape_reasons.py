"""Why what a statement binds has its shape: one sentence, from its operation and the shapes that it reads."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping, Sequence

from ninja_tui.lesson.syntax.parsing import parse_code
from ninja_tui.lesson.syntax.shapes import ELEMENTWISE, LIBRARIES, Shape, broadcast, product, shape_of
from ninja_tui.lesson.syntax.walk import everything

REDUCTIONS = frozenset(
    ("sum", "mean", "max", "min", "amax", "amin", "var", "std", "prod", "logsumexp", "any", "all", "median")
)
"""Functions that make one entry of many."""
LAID_OUT = frozenset(("view", "reshape", "flatten", "ravel", "unflatten", "squeeze", "unsqueeze"))
SWAPS = frozenset(("transpose", "swapaxes", "swapdims"))
KEEPS = ELEMENTWISE | {
    *("softmax", "log_softmax", "masked_fill", "cumsum", "tril", "triu", "gelu", "silu", "softplus", "leaky_relu"),
    *("dropout", "rsqrt", "log1p", "expm1", "layer_norm", "batch_norm", "contiguous", "float", "double", "detach"),
}
"""Functions that leave the shape of their tensor as it is."""
LOSSES = frozenset(
    ("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits")
)
LONGEST = 28
"""Code that takes more characters is cut."""


def shape_reason(code: str, name: str, shapes: Mapping[str, Shape]) -> str:
    """``sum(1, keepdim=True) keeps axis 1 with size 1``: why ``name``, which ``code`` binds, has its shape.

    Empty where the text alone does not tell it.
    """
    for statement in parse_code(code).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name and name in shapes:
                return _Reasons(shapes).of(value, shapes[name])
    return ""


class _Reasons:
    """Each method takes an expression and the shape that it really has; what does not lead there has no reason."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self._shapes = shapes

    def of(self, tree: ast.expr, result: Shape) -> str:
        """The reason for the shape of ``tree``."""
        match tree:
            case ast.Name(id=name):
                return f"the shape of {name}"
            case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner, attr="values"):
                return self.of(inner, result)
            case ast.Subscript(value=ast.Call() as inner, slice=ast.Constant(value=0)):
                return self.of(inner, result)
            case ast.Subscript(value=inner, slice=index):
                return self._picked(inner, index, result)
            case ast.Attribute(value=inner, attr="T" | "mT" as attr) if self._shape(inner) is not None:
                return f".{attr} swaps the axes of {_text(inner)} {self._shape(inner)}"
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return self._product(left, right, result)
            case ast.BinOp(left=left, right=right):
                return self._entry_by_entry(left, right, result)
            case ast.Call():
                return self._call(tree, result)
        return ""

    def _shape(self, tree: ast.expr) -> Shape | None:
        """The shape of an operand; a number, and what is computed from numbers alone, has none: ``()``."""
        shape = shape_of(tree, self._shapes)
        if shape is not None:
            return shape
        match tree:
            case ast.BinOp(left=left, op=operator, right=right):
                one, other = self._shape(left), self._shape(right)
                if one is None or other is None:
                    return None
                return product(one, other) if isinstance(operator, ast.MatMult) else broadcast(one, other)
            case ast.UnaryOp(operand=inner) | ast.Attribute(value=inner, attr="values"):
                return self._shape(inner)
            case ast.Call():
                return self._shape_of_call(tree)
        names = {node.id for node in everything(tree) if isinstance(node, ast.Name)}
        plain = not any(isinstance(node, ast.Call) for node in everything(tree))
        return () if plain and names.isdisjoint(self._shapes) else None

    def _product(self, left: ast.expr, right: ast.expr, result: Shape) -> str:
        one, other = self._shape(left), self._shape(right)
        if one is None or other is None or product(one, other) != result:
            return ""
        return f"{one} @ {other} sums over the {one[-1]} that both have"

    def _entry_by_entry(self, left: ast.expr, right: ast.expr, result: Shape) -> str:
        operands = [(left, self._shape(left)), (right, self._shape(right))]
        tensors = [(tree, shape) for tree, shape in operands if shape != ()]
        if len(tensors) == 1 and not isinstance(tensors[0][0], ast.Name):
            return self.of(tensors[0][0], result)
        if len(tensors) == 1 and tensors[0][1] == result:
            return f"entry by entry, so it has the shape of {_text(tensors[0][0])}"
        (_, one), (_, other) = operands
        if one is None or other is None or broadcast(one, other) != result:
            return ""
        if one == other:
            return f"entry by entry: both are {one}"
        return ", ".join(
            f"{_text(tree)} {shape} is spread along {_axes(_spread(shape, result))}" if shape != result
            else f"{_text(tree)} is {shape}"
            for tree, shape in ((left, one), (right, other))
        )  # fmt: skip

    def _picked(self, inner: ast.expr, index: ast.expr, result: Shape) -> str:
        """``C[Xb]``: an index of whole numbers takes a part of the first axis for each of its entries."""
        whole, places = self._shape(inner), shape_of(index, self._shapes) if isinstance(index, ast.Name) else None
        if whole is None or places is None or not whole or (*places, *whole[1:]) != result:
            return ""
        part = f"a row of {whole[1]}" if len(whole) == 2 else f"a part of shape {whole[1:]}"
        return f"each of the {places} indices in {_text(index)} picks {part} from {_text(inner)}"

    def _call(self, call: ast.Call, result: Shape) -> str:
        name, tensor, arguments = _called(call)
        known = _reduction(name, arguments, call.keywords)
        if known is not None and self._reduced_shape(call) == result:
            axes, keeps = known
            words = f"{name}({', '.join(map(ast.unparse, (*arguments, *call.keywords)))})"
            if not axes:
                return f"{words} leaves a single number"
            rank = len(self._shape(tensor) or ()) if tensor is not None else 0
            named = _axes([axis % rank for axis in axes])
            return f"{words} keeps {named} with size 1" if keeps else f"{words} drops {named}"
        if name in LOSSES and result == ():
            return f"{name} averages to a single number"
        shape = self._shape(tensor) if tensor is not None else None
        if tensor is None or shape is None:
            return ""
        if name in KEEPS and shape == result:
            return f"{name} leaves the shape of {_text(tensor)} as it is"
        if name in LAID_OUT and math.prod(shape) == math.prod(result):
            return f"{name} lays the {math.prod(shape)} entries of {_text(tensor)} {shape} out anew"
        if name in SWAPS and _swapped(shape, arguments) == result:
            return f"{name} swaps two axes of {_text(tensor)} {shape}"
        return ""

    def _shape_of_call(self, call: ast.Call) -> Shape | None:
        name, tensor, arguments = _called(call)
        shape = self._shape(tensor) if tensor is not None else None
        if shape is None or name in KEEPS:
            return shape
        if name in SWAPS:
            return _swapped(shape, arguments)
        return self._reduced_shape(call)

    def _reduced_shape(self, call: ast.Call) -> Shape | None:
        name, tensor, arguments = _called(call)
        known = _reduction(name, arguments, call.keywords)
        if known is None or tensor is None:
            return None
        axes, keeps = known
        if not axes:
            return None if keeps else ()
        shape = self._shape(tensor)
        if shape is None or any(not -len(shape) <= axis < len(shape) for axis in axes):
            return None
        summed = {axis % len(shape) for axis in axes}
        sizes = [1 if axis in summed else size for axis, size in enumerate(shape)]
        return tuple(size for axis, size in enumerate(sizes) if keeps or axis not in summed)


def _called(call: ast.Call) -> tuple[str, ast.expr | None, list[ast.expr]]:
    """The name of a function, the tensor that it works on, and its other arguments by place."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=library), attr=name) if library in LIBRARIES:
            return name, call.args[0] if call.args else None, call.args[1:]
        case ast.Attribute(value=tensor, attr=name):
            return name, tensor, call.args
    return "", None, []


def _swapped(shape: Shape, axes: Sequence[ast.expr]) -> Shape | None:
    try:
        first, second = (ast.literal_eval(axis) for axis in axes)
        sizes = list(shape)
        sizes[first], sizes[second] = shape[second], shape[first]
    except (ValueError, TypeError, IndexError):
        return None
    return tuple(sizes)


def _reduction(
    name: str, arguments: Sequence[ast.expr], keywords: Sequence[ast.keyword]
) -> tuple[tuple[int, ...], bool] | None:
    """The axes that a reduction takes, none for all, and whether it keeps them; None where that is not known."""
    if name not in REDUCTIONS:
        return None
    given = {keyword.arg: keyword.value for keyword in keywords}
    axis = given.get("dim", given.get("axis"))
    rest = list(arguments)
    if axis is None and rest:
        axis = rest.pop(0)
    keeps = given.get("keepdim", rest.pop(0) if rest and name not in ("var", "std") else ast.Constant(value=False))
    if rest or not isinstance(keeps, ast.Constant):
        return None
    if axis is None:
        return (), bool(keeps.value)
    try:
        axes = ast.literal_eval(axis)
    except ValueError:
        return None
    axes = axes if isinstance(axes, tuple | list) else (axes,)
    return (tuple(axes), bool(keeps.value)) if axes and all(type(each) is int for each in axes) else None


def _text(tree: ast.expr) -> str:
    text = ast.unparse(tree)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _spread(shape: Shape, result: Shape) -> list[int]:
    lead = len(result) - len(shape)
    return [axis for axis, size in enumerate(result) if axis < lead or shape[axis - lead] != size]


def _axes(axes: Sequence[int]) -> str:
    return f"ax{'e' if len(axes) > 1 else 'i'}s {', '.join(map(str, axes))}"
