"""Which gradient belongs to which tensor, as the file itself has it: by what it compares, and by its habit."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import get_close_matches

from ninja_tui.lesson.syntax.effects import BUILTINS

COMPARES = frozenset({"allclose", "equal", "isclose", "assert_close", "assert_allclose", "assert_equal", "mse_loss"})
HABITS = (
    "d{}", "d_{}", "dl_d_{}", "dl_d{}", "dL_d{}", "dL_d_{}", "dl{}", "dL{}", "dloss_d{}", "dloss_d_{}", "dLd{}",
    "dldx_{}", "grad_{}", "g_{}", "{}_grad", "{}_g", "grad{}", "delta_{}", "del_{}", "D{}", "d{}_", "my_d{}",
    "d{}_manual", "manual_d{}", "{}_bar", "d_loss_d_{}", "d_loss_{}", "dloss_{}", "dJ_d{}", "d{}_dloss",
)  # fmt: skip
"""How people name the gradient of a tensor; the first two go without saying, the others where a file does it twice."""


NEAR = 0.9
"""How like two names are (from 0 to 1, as difflib has it) of which one may be the other misspelt."""


@dataclass(frozen=True)
class Pair:
    """A comparison: the gradient that the file computed, the tensor that it is of, and the label that was given."""

    gradient: str
    node: str
    label: str


def pairs_in(tree: ast.stmt, nodes: Collection[str], computed: Collection[str]) -> list[Pair]:
    """The comparisons that a statement makes between ``computed`` gradients and autograd's of ``nodes``."""
    found = _Finder(frozenset(nodes), frozenset(computed) - frozenset(nodes))
    return list(dict.fromkeys(found.of(tree)))


@dataclass(frozen=True)
class _Finder:
    nodes: frozenset[str]
    computed: frozenset[str]

    def of(self, tree: ast.stmt) -> Iterator[Pair]:
        match tree:
            case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
                return
            case ast.For(iter=iterated):
                yield from self._listed(iterated)
            case ast.Assign(value=ast.List() | ast.Tuple() | ast.Dict() as value):
                yield from self._listed(value)
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=function) if not isinstance(tree, ast.For) and self._compares(function, tree):
                    yield from self._between(node)
                case ast.BinOp(left=left, op=ast.Sub(), right=right):
                    yield from self._gap(left, right)
                case ast.Compare(left=left, comparators=[right]):
                    yield from self._gap(left, right)
                case ast.Call(func=function, args=args) if _last(function) in COMPARES:
                    receiver = [function.value] if isinstance(function, ast.Attribute) else []
                    for left, right in itertools.pairwise([*receiver, *args[:2]]):
                        yield from self._gap(left, right)

    def _compares(self, function: ast.expr, tree: ast.stmt) -> bool:
        """Whether a call may be one of the file's own helper: a plain function, whose value is not kept."""
        kept = isinstance(tree, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.Return)
        if isinstance(function, ast.Attribute):
            owner = function.value
            return not kept and isinstance(owner, ast.Name) and owner.id not in ("torch", "F", "np", "plt", "nn")
        return isinstance(function, ast.Name) and function.id not in BUILTINS and not kept

    def _between(self, call: ast.Call) -> Iterator[Pair]:
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        pair = self._pair(given)
        if pair is not None:
            yield pair

    def _pair(self, given: Iterable[ast.expr]) -> Pair | None:
        """The pair among what stands side by side: one gradient, one tensor, and perhaps labels."""
        given = list(given)
        labels = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        gradients = [each.id for each in given if isinstance(each, ast.Name) and each.id in self.computed]
        nodes = [node for each in given if (node := self._node(each)) is not None]
        if len(set(gradients)) == 1 and len(set(nodes)) == 1:
            return Pair(gradients[0], nodes[0], labels[0] if labels else nodes[0])
        return None

    def _node(self, tree: ast.expr) -> str | None:
        match tree:
            case ast.Name(id=name) if name in self.nodes:
                return name
        return self._autograd(tree)

    def _autograd(self, tree: ast.expr) -> str | None:
        """``h`` of ``h.grad``, also behind ``.clone()`` and the like."""
        match tree:
            case ast.Attribute(value=ast.Name(id=name), attr="grad") if name in self.nodes:
                return name
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Attribute(value=inner):
                return self._autograd(inner)
        return None

    def _gap(self, left: ast.expr, right: ast.expr) -> Iterator[Pair]:
        for one, other in ((left, right), (right, left)):
            node = self._autograd(other)
            if isinstance(one, ast.Name) and one.id in self.computed and node is not None:
                yield Pair(one.id, node, node)

    def _listed(self, tree: ast.expr) -> Iterator[Pair]:
        """The pairs in ``[("h", dh, h), …]``, and in ``zip([dh, …], [h, …])``."""
        match tree:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                for element in elements:
                    if isinstance(element, ast.Tuple | ast.List):
                        pair = self._pair(element.elts)
                        if pair is not None:
                            yield pair
            case ast.Call(func=ast.Name(id="zip"), args=args) if all(
                isinstance(each, ast.List | ast.Tuple) for each in args
            ):
                for row in zip(*(each.elts for each in args if isinstance(each, ast.List | ast.Tuple)), strict=False):
                    pair = self._pair(row)
                    if pair is not None:
                        yield pair
            case ast.Dict(values=values):
                yield from self._listed(ast.List(values))
            case ast.Call(func=ast.Name(id="enumerate" | "list"), args=[inner, *_]):
                yield from self._listed(inner)
            case ast.Call(func=ast.Attribute(value=inner, attr="items" | "values")):
                yield from self._listed(inner)


def _last(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def habit(names: AbstractSet[str], nodes: Collection[str], pairs: Iterable[Pair]) -> Callable[[str], str | None]:
    """Which node a gradient's name is of, by the way in which the file names gradients."""
    patterns = [*HABITS[:2]]
    templates = [*HABITS[2:], *_templates(pairs)]
    shown: dict[str, int] = {}
    for pair in pairs:
        for template in templates:
            if template.format(pair.node) == pair.gradient:
                shown[template] = shown.get(template, 0) + 2
    for template in templates:
        uses = sum(template.format(node) in names for node in nodes)
        if uses + shown.get(template, 0) >= 2:
            patterns.append(template)
    known: dict[str, str] = {}
    for template in patterns:
        for node in nodes:
            known.setdefault(template.format(node), node)
    known = _near(names - known.keys(), patterns, set(nodes) - {known[name] for name in names & known.keys()}) | known
    return lambda name: known.get(name) if name not in nodes else None


def _near(names: Collection[str], patterns: Iterable[str], nodes: Collection[str]) -> dict[str, str]:
    """Which of ``names`` is nearly that of one of ``nodes``: ``dw1`` for ``W1``, ``dnorms_logits`` for ``norm_logits``.

    They may differ in case and underscores, and long ones in a letter, but in no digit.
    """
    found: dict[str, str] = {}
    plain: dict[str, set[str]] = {}
    for template in patterns:
        for node in nodes:
            plain.setdefault(_plain(template.format(node)), set()).add(node)
    for name in sorted(names):
        near = [_plain(name)] if _plain(name) in plain else get_close_matches(_plain(name), plain, n=2, cutoff=NEAR)
        near = [each for each in near if _digits(each) == _digits(name)]
        if len(near) == 1 and len(plain[near[0]]) == 1:
            (found[name],) = plain[near[0]]
    taken = list(found.values())
    return {name: node for name, node in found.items() if taken.count(node) == 1}


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)


def _templates(pairs: Iterable[Pair]) -> list[str]:
    """The patterns that ``pairs`` follow: ``dloss_by_{}`` of ``dloss_by_h`` for ``h``."""
    found = []
    for pair in pairs:
        if len(pair.node) > 1 and pair.gradient.count(pair.node) == 1 and re.fullmatch(r"\w+", pair.gradient):
            found.append(pair.gradient.replace(pair.node, "{}"))
    return list(dict.fromkeys(template for template in found if found.count(template) > 1))


def name_for(node: str, names: Mapping[str, str], pairs: Iterable[Pair]) -> str:
    """The name that the file would give the gradient of ``node``: ``names`` are those that it gave others."""
    counts: dict[str, int] = {}
    for other, gradient in names.items():
        for template in (*HABITS, *_templates(pairs)):
            if template.format(other) == gradient:
                counts[template] = counts.get(template, 0) + 1
    best = max(counts, key=lambda template: counts[template], default=HABITS[0])
    return best.format(node)
