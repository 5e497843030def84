"""What a statement compares: a gradient that the file computed, with autograd's of a tensor."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass

from ninja_tui.lesson.syntax.names import BUILTINS
from ninja_tui.lesson.syntax.walk import everything

COMPARING = frozenset({"allclose", "equal", "isclose", "assert_close", "assert_allclose", "assert_equal", "mse_loss"})
LIBRARIES = frozenset({"torch", "F", "np", "plt", "nn"})


@dataclass(frozen=True)
class Pair:
    """A comparison: the gradient that the file computed, the tensor that it is of, and the label beside them."""

    gradient: str
    node: str
    label: str


def pairs_in(tree: ast.stmt, nodes: Collection[str], *computed: Container[str]) -> list[Pair]:
    """The comparisons that a statement makes between ``computed`` gradients and autograd's of ``nodes``."""
    return list(dict.fromkeys(_Finder(frozenset(nodes), computed).pairs(tree)))


@dataclass(frozen=True)
class _Finder:
    nodes: frozenset[str]
    computed: tuple[Container[str], ...]

    def _is_computed(self, tree: ast.expr) -> bool:
        return (
            isinstance(tree, ast.Name) and tree.id not in self.nodes and any(tree.id in each for each in self.computed)
        )

    def pairs(self, tree: ast.stmt) -> Iterator[Pair]:
        match tree:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                return
            case ast.For(iter=iterated):
                yield from self._listed(iterated)
            case ast.Assign(value=ast.List() | ast.Tuple() | ast.Dict() as value):
                yield from self._listed(value)
        for node in everything(tree):
            match node:
                case ast.Call(func=function) if not isinstance(tree, ast.For) and _is_helper(function, tree):
                    yield from self._among([*node.args, *(keyword.value for keyword in node.keywords)])
                case ast.BinOp(left=left, op=ast.Sub(), right=right):
                    yield from self._difference(left, right)
                case ast.Compare(left=left, comparators=[right]):
                    yield from self._difference(left, right)
                case ast.Call(func=function, args=args) if _last_name(function) in COMPARING:
                    receiver = [function.value] if isinstance(function, ast.Attribute) else []
                    for left, right in itertools.pairwise([*receiver, *args[:2]]):
                        yield from self._difference(left, right)

    def _among(self, expressions: Iterable[ast.expr]) -> Iterator[Pair]:
        """The pair among what stands side by side: one gradient, one tensor, and perhaps labels."""
        expressions = list(expressions)
        labels = [each.value for each in expressions if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        gradients = {each.id for each in expressions if isinstance(each, ast.Name) and self._is_computed(each)}
        nodes = {node for each in expressions if (node := self._node(each)) is not None}
        if len(gradients) == len(nodes) == 1:
            (gradient,), (node,) = gradients, nodes
            yield Pair(gradient, node, labels[0] if labels else node)

    def _node(self, tree: ast.expr) -> str | None:
        match tree:
            case ast.Name(id=name) if name in self.nodes:
                return name
        return self._node_of_grad(tree)

    def _node_of_grad(self, tree: ast.expr) -> str | None:
        """``h`` of ``h.grad``, also before ``.clone()`` and the like."""
        match tree:
            case ast.Attribute(value=ast.Name(id=name), attr="grad") if name in self.nodes:
                return name
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner):
                return self._node_of_grad(inner)
        return None

    def _difference(self, left: ast.expr, right: ast.expr) -> Iterator[Pair]:
        for one, other in ((left, right), (right, left)):
            node = self._node_of_grad(other)
            if isinstance(one, ast.Name) and node is not None and self._is_computed(one):
                yield Pair(one.id, node, node)

    def _listed(self, tree: ast.expr) -> Iterator[Pair]:
        """The pairs in ``[("h", dh, h), …]``, and in ``zip([dh, …], [h, …])``."""
        match tree:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                for element in elements:
                    if isinstance(element, ast.Tuple | ast.List):
                        yield from self._among(element.elts)
            case ast.Call(func=ast.Name(id="zip"), args=args) if all(
                isinstance(each, ast.List | ast.Tuple) for each in args
            ):
                for row in zip(*(each.elts for each in args if isinstance(each, ast.List | ast.Tuple)), strict=False):
                    yield from self._among(row)
            case ast.Dict(values=values):
                yield from self._listed(ast.List(values))
            case ast.Call(func=ast.Name(id="enumerate" | "list"), args=[inner, *_]):
                yield from self._listed(inner)
            case ast.Call(func=ast.Attribute(value=inner, attr="items" | "values")):
                yield from self._listed(inner)


def _is_helper(function: ast.expr, tree: ast.stmt) -> bool:
    """Whether a call may be one of the file's own helper for comparing: its value goes nowhere."""
    if isinstance(tree, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return):
        return False
    match function:
        case ast.Attribute(value=ast.Name(id=owner)):
            return owner not in LIBRARIES
        case ast.Name(id=name):
            return name not in BUILTINS
    return False


def _last_name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
