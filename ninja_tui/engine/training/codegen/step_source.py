"""From a lesson's cells and a person's answers to one function that trains: minibatch, forward, backward, update.

The function has nothing of a particular network in it. It is given the learning rates of its steps, what was drawn
ahead for them, and a list that takes the losses, each from before its step's update.
"""

from __future__ import annotations

import ast
import builtins
import enum
import symtable
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.training.codegen.draws import OWN, Ahead, plan_ahead
from ninja_tui.lesson.syntax.names import assigned, changed, reads

_TEMPLATE = f"""\
def {OWN}train({OWN}rates, {OWN}ahead, {OWN}losses):
    for {OWN}rate, {OWN}drawn in zip({OWN}rates, {OWN}ahead):
        pass
"""
_UNSEEN = frozenset({"eval", "exec", "globals", "locals", "vars"})
"""Names of functions that read names which the text does not show."""
_PLAIN = frozenset({"range", "len", "float", "int", "abs", "min", "max", "sum", "tuple", "list"})
_RANDOM = ("rand", "dropout", "bernoulli", "multinomial", "normal", "seed", "poisson", "exponential", "uniform")


class Part(enum.StrEnum):
    """What a statement of a training step belongs to."""

    MINIBATCH = "minibatch"
    FORWARD = "forward"
    AUTOGRAD = "autograd"
    ANSWERS = "answers"
    UPDATE = "update"


@dataclass(frozen=True)
class Piece:
    """One top-level statement of a training step; ``line`` counts in the file that it comes from, 0 for none."""

    part: Part
    code: str
    line: int

    def tree(self) -> ast.Module:
        """The statement parsed, its first line being line 1."""
        return ast.parse(self.code)

    def binds(self) -> frozenset[str]:
        """The names that it binds or changes in place."""
        (statement,) = self.tree().body
        return assigned(statement) | changed(statement)

    def reads(self) -> frozenset[str]:
        """The names that it reads."""
        return frozenset(reads(self.tree()))


@dataclass(frozen=True)
class Recipe:
    """What one training step is made of.

    ``replaced`` are the nodes whose gradient is autograd's: all parameters, where there are no ``answers``.
    ``shapes`` are the parameters whose gradient has another shape and as many elements.
    """

    minibatch: tuple[Piece, ...]
    forward: tuple[Piece, ...]
    answers: tuple[Piece, ...]
    parameters: tuple[str, ...]
    loss: str
    replaced: tuple[str, ...] = ()
    shapes: frozenset[str] = frozenset()

    @property
    def with_autograd(self) -> bool:
        """Whether the forward pass is recorded for autograd."""
        return bool(self.replaced)

    def pieces(self) -> tuple[Piece, ...]:
        """The statements of one step, in order."""
        return (*self.minibatch, *self.forward, *self.autograd(), *self.answers, *self.update())

    def autograd(self) -> tuple[Piece, ...]:
        """The statement that takes autograd's gradients; they are copies where answers might change them."""
        if not self.replaced:
            return ()
        names = ", ".join(f"d{name}" for name in self.replaced)
        call = f"torch.autograd.grad({self.loss}, [{', '.join(self.replaced)}])"
        if self.answers:
            call = f"[{OWN}each.clone() for {OWN}each in {call}]"
        if any(piece.part is Part.AUTOGRAD for piece in self.answers):
            names += "] = [" + ", ".join(f"{OWN}d{name}" for name in self.replaced)
        return (Piece(Part.AUTOGRAD, f"[{names}] = {call}", 0),)

    def update(self) -> tuple[Piece, ...]:
        """``p += -lr * dp`` for every parameter, in one call."""
        gradients = (
            f"d{name}.reshape({name}.shape)" if name in self.shapes else f"d{name}" for name in self.parameters
        )
        held, given = ", ".join(f"{OWN}{name}" for name in self.parameters), ", ".join(gradients)
        return (Piece(Part.UPDATE, f"torch._foreach_add_([{held}], [{given}], alpha=-{OWN}rate)", 0),)


@dataclass(frozen=True)
class Generated:
    """A compiled training function: ``train(rates, ahead, losses)``, with what it needs of its namespace.

    ``source`` is its text. ``where`` finds the statement and its file's line by a line of the function. ``rebinds``
    are the lesson's names that a step rebinds; each step begins with the lesson's own values for them.
    """

    train: Callable[[Iterable[float], Iterable[Any], list[Any]], None]
    source: str
    filename: str
    ahead: Ahead | None
    rebinds: frozenset[str]
    spans: tuple[tuple[int, int, Piece], ...]

    def where(self, line: int) -> tuple[Piece, int] | None:
        """The statement that stands in ``line`` of the function, and the line of that statement's own file."""
        for first, last, piece in self.spans:
            if first <= line <= last:
                return piece, piece.line + line - first if piece.line else 0
        return None


def split(source: str, line: int, part: Part) -> tuple[Piece, ...]:
    """The top-level statements of ``source``, which begins in ``line`` of its file; raises SyntaxError.

    The notebook's ``cmp`` is left out: its calls and its definition.
    """
    pieces: list[Piece] = []
    for statement in ast.parse(source).body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Name(id="cmp"))) | ast.FunctionDef(name="cmp") | ast.Global():
                continue
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
        code = ast.get_source_segment(source, statement) or ast.unparse(statement)
        decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
        if decorators or not _alone(code):
            code = ast.unparse(statement)
        pieces.append(Piece(part, code, line + statement.lineno - 1))
    return tuple(pieces)


def without(answers: Sequence[Piece], replaced: Collection[str], gradients: Collection[str]) -> tuple[Piece, ...]:
    """``answers`` without what only serves the gradients of ``replaced`` nodes, which autograd gives.

    ``gradients`` are all names that answers may bind (``dlogits``). A statement that gives others too stays, and
    autograd's gradient is put in its place behind it.
    """
    theirs = {f"d{name}" for name in replaced}
    kept: list[Piece] = []
    for piece in answers:
        given = piece.binds() & set(gradients)
        if given and given <= theirs:
            continue
        kept.append(piece)
        for name in sorted(given & theirs):
            kept.append(Piece(Part.AUTOGRAD, f"{name} = {OWN}{name}", 0))
    return _needed(kept, set(gradients)) if len(kept) < len(answers) else tuple(kept)


def generate(recipe: Recipe, namespace: dict[str, Any]) -> Generated:
    """The function for ``recipe``, which runs in ``namespace``, and binds there what it must find again.

    Raises SyntaxError for a statement that cannot stand in a function, such as ``from torch import *``.
    """
    forward = _needed(recipe.forward, {recipe.loss}, (*recipe.autograd(), *recipe.answers, *recipe.update()))
    rest = [piece for piece in recipe.pieces() if piece.part is not Part.MINIBATCH]
    read = {name for piece in rest for name in piece.reads()}
    bound = {name for piece in rest for name in piece.binds()} | set(recipe.parameters)
    ahead = plan_ahead([piece.tree() for piece in recipe.minibatch], namespace, read, bound)
    minibatch: list[tuple[Piece, ast.Module]] = [(piece, piece.tree()) for piece in recipe.minibatch]
    if ahead is not None:
        minibatch = [(piece, tree) for piece, tree in zip(recipe.minibatch, ahead.statements, strict=True) if tree.body]
    losses = ast.parse(f"{OWN}losses.append({recipe.loss}{'.detach()' if recipe.with_autograd else ''})")
    body: list[tuple[Piece | None, ast.Module]] = [*minibatch, *((piece, piece.tree()) for piece in forward)]
    body.append((None, losses))
    body += [(piece, piece.tree()) for piece in recipe.autograd()]
    backward = len(body) + bool(ahead is not None and ahead.names)
    body += [(piece, piece.tree()) for piece in (*recipe.answers, *recipe.update())]
    if ahead is not None and ahead.names:
        body.insert(0, (None, ast.parse(f"({', '.join(ahead.names)},) = {OWN}drawn")))
    steady = _Steady(namespace, {name for piece in recipe.pieces() for name in piece.binds()})
    for _, tree in body:
        steady.visit(tree)
    function = ast.parse(_TEMPLATE)
    loop = function.body[0].body[0]  # type: ignore[attr-defined]  # as it was written above
    loop.body, spans, line = [], [], 3
    into = loop.body
    for number, (piece, tree) in enumerate(body):
        if recipe.with_autograd and number == backward:
            (unrecorded,) = ast.parse("with torch.no_grad():\n    pass").body
            assert isinstance(unrecorded, ast.With)
            unrecorded.body = []
            into.append(unrecorded)
            into = unrecorded.body
        length = max((getattr(node, "end_lineno", 1) or 1 for node in ast.walk(tree)), default=1)
        ast.increment_lineno(tree, line - 1)
        into += tree.body
        if piece is not None:
            spans.append((line, line + length - 1, piece))
        line += length
    for name in _made_local(function):
        loop.body[:0] = ast.parse(f"{name} = {OWN}{name}").body
        namespace[f"{OWN}{name}"] = namespace.get(name)
    rebinds = _assigned_in(function) & (namespace.keys() | vars(builtins).keys())
    resets = [ast.parse(f"{name} = {OWN}{name}") for name in sorted(rebinds)]
    loop.body[:0] = [statement for tree in resets for statement in tree.body]
    for name in (*rebinds, *recipe.parameters):
        namespace[f"{OWN}{name}"] = namespace[name] if name in namespace else getattr(builtins, name)
    ast.fix_missing_locations(function)
    filename = f"<{OWN}train>"
    exec(compile(function, filename, "exec"), namespace)
    train = namespace.pop(f"{OWN}train")
    return Generated(train, ast.unparse(function), filename, ahead, frozenset(rebinds), tuple(spans))


def _alone(code: str) -> bool:
    try:
        return len(ast.parse(code).body) == 1
    except SyntaxError:
        return False


def _made_local(function: ast.Module) -> set[str]:
    """Has functions inside the step that say ``global x`` change the step's own ``x``; the names."""
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef):
            for index, statement in enumerate(node.body):
                if isinstance(statement, ast.Global):
                    node.body[index] = ast.copy_location(ast.Nonlocal(statement.names), statement)
                    names.update(statement.names)
    return names


def _assigned_in(function: ast.Module) -> set[str]:
    """The names that are local to the function; raises SyntaxError."""
    table = symtable.symtable(ast.unparse(function), "<step>", "exec").get_children()[0]
    names = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_local()}
    return {name for name in names if not name.startswith(OWN)}


def _needed(pieces: Sequence[Piece], wanted: set[str], after: Sequence[Piece] = ()) -> tuple[Piece, ...]:
    """``pieces`` without those that compute, and do nothing else, what neither ``wanted`` nor ``after`` reads."""
    if any(piece.reads() & _UNSEEN for piece in (*pieces, *after)):
        return tuple(pieces)
    live = set(wanted)
    for piece in after:
        live |= piece.reads() | piece.binds()
    kept: list[Piece] = []
    for piece in reversed(pieces):
        bound = piece.binds()
        if bound & live or not _only_computes(piece):
            kept.append(piece)
            live |= piece.reads() | bound
    return tuple(reversed(kept))


def _only_computes(piece: Piece) -> bool:
    """Whether a statement is an assignment to names with no other effect, as far as its text tells."""
    (statement,) = piece.tree().body
    if not isinstance(statement, ast.Assign) or changed(statement):
        return False
    for node in ast.walk(statement):
        match node:
            case ast.NamedExpr() | ast.Await() | ast.Lambda():
                return False
            case ast.Call(func=ast.Name(id=name)) if name not in _PLAIN:
                return False
            case ast.Call(func=ast.Attribute(attr=method)) if any(word in method for word in _RANDOM):
                return False
            case ast.Call(func=ast.Attribute(attr="backward" | "append" | "pop" | "extend" | "update")):
                return False
    return True


class _Steady(ast.NodeTransformer):
    """Puts a tensor in the place of ``range(n)`` in a subscript, where ``n`` is the same in every step.

    PyTorch takes longer to make a tensor of a range than to index with it.
    """

    def __init__(self, namespace: dict[str, Any], bound: Collection[str]) -> None:
        self._namespace, self._bound = namespace, bound

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.slice, ast.Tuple):
            node.slice.elts = [self._steady(each) for each in node.slice.elts]
        return node

    def _steady(self, index: ast.expr) -> ast.expr:
        match index:
            case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))], keywords=[]):
                pass
            case ast.Call(func=ast.Name(id="range"), args=[ast.Name(id=name)], keywords=[]) if (
                name not in self._bound and isinstance(self._namespace.get(name), int)
            ):
                count = self._namespace[name]
            case _:
                return index
        if {"range"} & (set(self._bound) | self._namespace.keys()):
            return index
        self._namespace[f"{OWN}rows_{count}"] = torch.arange(count)
        return ast.copy_location(ast.Name(f"{OWN}rows_{count}", ast.Load()), index)
