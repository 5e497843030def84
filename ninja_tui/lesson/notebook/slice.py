"""The backward slice of a track: the statements that a value needs."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass

from ninja_tui.lesson.notebook.linearize import Track, is_backward
from ninja_tui.lesson.syntax.effects import Effects, Surroundings, elements_of, pruned, value_reads
from ninja_tui.lesson.syntax.names import reads, root_name, target_names


@dataclass(frozen=True)
class Line:
    """A track with what each of its statements does. Names that are ``given`` come from elsewhere."""

    track: Track
    effects: tuple[Effects, ...]
    given: frozenset[str] = frozenset()

    @classmethod
    def of(cls, track: Track, around: Surroundings, given: frozenset[str] = frozenset()) -> Line:
        """The line of ``track``, without the prints and plots inside its statements."""
        return cls(track, tuple(Effects(pruned(unit), around) for unit in track.units), given)

    def needed(self, names: Collection[str], upto: int, without: Collection[int] = ()) -> list[int]:
        """The statements before ``upto`` that give ``names`` their values, in order; ``without`` leaves some out."""
        wanted = set(names) - self.given
        found = []
        for index in range(upto - 1, -1, -1):
            effects = self.effects[index]
            if index in without or effects.shows:
                continue
            touched = effects.defines | effects.changes
            if not touched & wanted and "*" not in touched:
                continue
            found.append(index)
            wanted -= effects.kills
            wanted |= effects.reads | (effects.changes & touched - effects.defines)
            wanted -= self.given
        return found[::-1]

    def last_binding(self, name: str, before: int) -> int | None:
        """The last statement before ``before`` that binds or changes ``name``."""
        for index in range(before - 1, -1, -1):
            effects = self.effects[index]
            if not effects.shows and name in effects.defines | effects.own_changes:
                return index
        return None


def parameters_of(line: Line, upto: int) -> dict[str, int]:
    """The tensors that need gradients, each with the statement after which it does, in file order."""
    found: dict[str, int] = {}
    for index, effects in enumerate(line.effects[:upto]):
        for name in _requiring(effects.unit.tree, line, index):
            found.pop(name, None)
            found[name] = index
    return found


def _requiring(tree: ast.stmt, line: Line, index: int) -> list[str]:
    """The names of which ``tree`` says that they need gradients."""
    match tree:
        case ast.Assign(targets=targets, value=value) if _asks(value) and not isinstance(
            value, ast.ListComp | ast.GeneratorExp
        ):
            return [name for target in targets for name in target_names(target)]
        case ast.Assign(targets=[ast.Attribute(value=owner, attr="requires_grad")]):
            return _plain(owner)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr="requires_grad_"))):
            return _plain(owner)
    for node in ast.walk(tree):
        own: list[str] = []
        iterated: ast.expr | None = None
        if isinstance(node, ast.For):
            own, iterated = list(target_names(node.target)), node.iter
        elif isinstance(node, ast.ListComp | ast.GeneratorExp):
            own, iterated = list(target_names(node.generators[0].target)), node.generators[0].iter
        if iterated is None or not any(
            (isinstance(part, ast.Attribute) and part.attr in ("requires_grad", "requires_grad_"))
            and root_name(part.value) in own
            for part in ast.walk(node)
        ):
            continue
        if any(isinstance(part, ast.If) for part in ast.walk(node)):
            continue
        names = list(_elements(iterated)) or [
            name for listed in reads(iterated) for name in list_before(line, listed, index)
        ]
        return names
    return []


def list_before(line: Line, name: str, index: int) -> list[str]:
    """The names in the list ``name``, as the last statement before ``index`` that binds it has them."""
    for effects in reversed(line.effects[:index]):
        match effects.unit.tree:
            case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                return _elements(value)
    return []


def _elements(value: ast.expr) -> list[str]:
    there = elements_of(value)
    return [name for name in reads(value) if name in there]


def _asks(value: ast.expr) -> bool:
    for node in ast.walk(value):
        match node:
            case ast.keyword(arg="requires_grad", value=ast.Constant(value=True)):
                return True
            case ast.Attribute(attr="requires_grad_" | "Parameter"):
                return True
            case ast.Call(func=ast.Name(id="Parameter")):
                return True
    return False


def _plain(owner: ast.expr) -> list[str]:
    return [owner.id] if isinstance(owner, ast.Name) else []


def only_prepares(effects: Effects, parameters: Collection[str]) -> bool:
    """Whether a statement only gathers parameters, or asks for their gradients."""
    match effects.unit.tree:
        case ast.Assign(targets=[ast.Name()], value=value) if elements_of(value):
            return set(reads(value)) <= set(parameters)
    text = effects.unit.code
    return "requires_grad" in text and "for" in text


def reads_values(effects: Effects) -> frozenset[str]:
    """The names whose values, not only shapes, a statement reads."""
    return frozenset(value_reads(effects.unit.tree)) & effects.reads


def goes_backward(effects: Effects) -> ast.expr | None:
    """The loss of which a statement asks the gradients."""
    for node in ast.walk(effects.unit.tree):
        if is_backward(node) and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            return node.func.value
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="autograd"), attr="grad"), args=[first, *_]):
                return first
    return None


def finds_draws(effects: Effects) -> bool:
    """Whether a statement draws at random."""
    words = (
        "randint",
        "randperm",
        "multinomial",
        "random.choice",
        "random.sample",
        "next(iter",
        "choices",
        "get_batch",
    )
    return any(word in effects.unit.code for word in words)


def seeds(effects: Effects) -> bool:
    """Whether a statement seeds a generator."""
    return isinstance(effects.unit.tree, ast.Expr) and "seed" in effects.unit.code
