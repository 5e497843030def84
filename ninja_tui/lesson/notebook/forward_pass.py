"""The forward passes of a track: the chain that ends in a loss, and what has to run before it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ninja_tui.lesson.notebook.linearize import LOSSES, stepped
from ninja_tui.lesson.notebook.parse import made
from ninja_tui.lesson.notebook.slice import (
    Line,
    finds_draws,
    goes_backward,
    only_prepares,
    parameters_of,
    reads_values,
    seeds,
)
from ninja_tui.lesson.syntax.effects import Effects
from ninja_tui.lesson.syntax.names import target_names

ITEM = ".item()"


@dataclass(frozen=True)
class Loss:
    """A loss: its ``name``, the statement that binds it, and where autograd is asked to go back from it."""

    name: str
    bound: int
    backward: int | None


@dataclass(frozen=True)
class Chain:
    """A forward pass in a line, by indices of statements.

    ``before`` is what has to run first, once; ``drawn`` what gives another minibatch each time; ``forward`` depends
    on ``parameters``, which are in the order of the file's own list of them.
    """

    loss: Loss
    before: tuple[int, ...]
    drawn: tuple[int, ...]
    forward: tuple[int, ...]
    parameters: tuple[str, ...]
    names: frozenset[str] = field(default_factory=frozenset)

    @property
    def first(self) -> int:
        """The first statement of the forward pass."""
        return self.forward[0]


def losses_of(line: Line, *, by_name: bool) -> tuple[Line, list[Loss]]:
    """The losses in a line's own part: what it goes backward from, or what is named like one.

    The line that is returned has names for losses that had none. With ``by_name`` going backward tells nothing.
    """
    line = _with_names(line)
    track = line.track
    found: list[Loss] = []
    for index in range(track.start, track.end):
        value = goes_backward(line.effects[index])
        if isinstance(value, ast.Name):
            bound = line.last_binding(value.id, index)
            if bound is not None and bound >= track.start:
                found.append(Loss(value.id, bound, index))
    if found and not by_name:
        return line, found
    for name in ("loss", *sorted(LOSSES - {"loss", "L", "error"}), "L", "error"):
        bound = line.last_binding(name, track.end)
        if bound is not None and bound >= track.start:
            return line, [Loss(name, each, None) for each in _bindings(line, name)]
    last = _before_gradients(line) if by_name else None
    return line, [] if last is None else [last]


def _before_gradients(line: Line) -> Loss | None:
    """What is bound last before the first gradient, ``d<x>`` of an ``x`` that was bound before."""
    bound: dict[str, int] = {}
    last: Loss | None = None
    for index in range(line.track.end):
        effects = line.effects[index]
        names = effects.kills if isinstance(effects.unit.tree, ast.Assign) else frozenset()
        if index >= line.track.start and any(
            name.startswith("d") and name[1:].removeprefix("_") in bound for name in names
        ):
            return last
        bound |= dict.fromkeys(names, index)
        if len(names) == 1:
            last = Loss(next(iter(names)), index, None)
    return None


def _bindings(line: Line, name: str) -> list[int]:
    """The statements of a line's own part after which ``name`` stays as it is until it is bound afresh."""
    indices = [
        index
        for index in range(line.track.start, line.track.end)
        if name in line.effects[index].defines | line.effects[index].own_changes and not line.effects[index].shows
    ]
    return [
        index
        for position, index in enumerate(indices)
        if position + 1 == len(indices) or name in line.effects[indices[position + 1]].kills - line.effects[
            indices[position + 1]
        ].reads
    ]  # fmt: skip


def _with_names(line: Line) -> Line:
    """``(-ll.mean()).backward()`` as ``loss = -ll.mean()`` and ``loss.backward()``."""
    effects = list(line.effects)
    units = list(line.track.units)
    start, end = line.track.start, line.track.end
    index = start
    while index < end:
        each = effects[index]
        if _takes_number(each):
            units[index] = made(each.unit.code.rstrip().removesuffix(ITEM), each.unit.line, each.unit.end_line)
            effects[index] = Effects(units[index])
        value = goes_backward(each)
        if value is not None and not isinstance(value, ast.Name) and isinstance(each.unit.tree, ast.Expr):
            unit = each.unit
            bound = made(f"loss = {ast.unparse(value)}", unit.line, unit.end_line)
            after = made("loss.backward()", unit.line, unit.end_line)
            units[index : index + 1] = [bound, after]
            effects[index : index + 1] = [Effects(bound), Effects(after)]
            index += 1
            end += 1
        index += 1
    track = type(line.track)(tuple(units), start, end, line.track.loop)
    return Line(track, tuple(effects), line.given)


def _takes_number(effects: Effects) -> bool:
    """Whether it is ``loss = x.sum().item()``, which a pass without autograd may say."""
    match effects.unit.tree:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in LOSSES and effects.unit.code.rstrip().endswith(ITEM)
    return False


def chain_of(line: Line, loss: Loss, compared: Collection[str]) -> Chain | None:
    """The forward pass that ends in ``loss``; None where it depends on nothing that needs a gradient.

    ``compared`` are the names that the file compares gradients of: what needs them, where the file does not say so.
    """
    upto = loss.bound + 1
    spoilt = {
        index
        for index, effects in enumerate(line.effects[:upto])
        if effects.reads_grad or _trains_on(effects, line, index)
    }
    needed = line.needed({loss.name}, upto, spoilt)
    required = parameters_of(line, upto)
    bound_here = {name for index in needed for name in line.effects[index].defines}
    required = {name: index for name, index in required.items() if name in bound_here}
    forward = _depending(line, needed, required)
    if not forward or loss.bound not in forward:
        required = _guessed(line, needed, compared, loss)
        forward = _depending(line, needed, required)
    if not forward or loss.bound not in forward:
        return None
    rest = [index for index in needed if index not in set(forward)]
    held = {name for index in rest for name in line.effects[index].defines} | line.given
    forward = sorted({*forward, *_rebinding(line, rest, forward)})
    rest = [index for index in rest if index not in set(forward)]
    read = {name for index in forward for name in line.effects[index].reads}
    parameters = [name for name in required if name in read & held]
    drawn = _drawn(line, rest, parameters, loss.bound)
    return Chain(
        loss=loss,
        before=tuple(index for index in rest if index not in drawn),
        drawn=tuple(drawn),
        forward=tuple(forward),
        parameters=tuple(_in_file_order(line, parameters, loss.bound)),
        names=frozenset(name for index in forward for name in line.effects[index].defines),
    )


def _trains_on(effects: Effects, line: Line, index: int) -> bool:
    """Whether a statement, beside the walk, updates parameters with gradients: it is no part of their making."""
    match effects.unit.tree:
        case ast.For(target=target, body=body):
            own = set(target_names(target))
            return any(stepped(node) in own for part in body for node in ast.walk(part))
    name = stepped(effects.unit.tree)
    return name is not None and any(name in _sources(line, other, index) for other in effects.reads - {name})


def _sources(line: Line, name: str, before: int) -> set[str]:
    """What the value of ``name`` at the statement ``before`` was computed from, through all statements."""
    return {each for at in line.needed({name}, before) for each in line.effects[at].reads}


def _depending(line: Line, needed: list[int], required: dict[str, int]) -> list[int]:
    """The statements of ``needed`` that depend on what needs a gradient."""
    found: list[int] = []
    flowing: set[str] = set()
    for index in needed:
        effects = line.effects[index]
        touched = effects.defines | effects.own_changes
        given = {name for name, since in required.items() if since < index}
        if only_prepares(effects, required) or all(required.get(name, -1) >= index for name in touched):
            flowing -= effects.kills
            continue
        if reads_values(effects) & given or effects.reads & flowing or touched & flowing & effects.own_changes:
            found.append(index)
            flowing |= touched
        else:
            flowing -= effects.kills
    return found


def _guessed(line: Line, needed: list[int], compared: Collection[str], loss: Loss) -> dict[str, int]:
    """What must need gradients in a file that does not say so: what is compared, or else tensors of its own."""
    made_from: dict[str, frozenset[str]] = {}
    for index in needed:
        effects = line.effects[index]
        for name in effects.defines:
            made_from[name] = frozenset(reads_values(effects)) - {name}
    wanted = [name for name in made_from if name in compared and name != loss.name]
    sources = {
        name: line.last_binding(name, loss.bound) or 0
        for name in wanted
        if not any(other in _behind(name, made_from) for other in wanted if other != name)
    }
    if sources:
        return sources
    found: dict[str, int] = {}
    for index in needed:
        if index != loss.bound and _floating(line.effects[index]):
            found |= dict.fromkeys(sorted(line.effects[index].defines), index)
    return found


def _behind(name: str, made_from: dict[str, frozenset[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for other in made_from.get(waiting.pop(), frozenset()):
            if other not in found:
                found.add(other)
                waiting.append(other)
    return found


def _floating(effects: Effects) -> bool:
    """Whether a statement makes a tensor of numbers that a network may learn."""
    match effects.unit.tree:
        case ast.Assign(targets=[ast.Name()], value=value):
            for node in ast.walk(value):
                match node:
                    case ast.Attribute(attr="randn" | "rand" | "normal" | "kaiming_normal_" | "xavier_uniform_"):
                        return True
                    case ast.Call(func=ast.Attribute(attr="tensor" | "Tensor")):
                        return any(
                            isinstance(part, ast.Constant) and isinstance(part.value, float) for part in ast.walk(node)
                        )
    return False


def _rebinding(line: Line, rest: list[int], forward: list[int]) -> Iterator[int]:
    """The statements amid a forward pass that bind again what was bound, and perhaps read, before them."""
    first = forward[0]
    bound = {name for index in (*rest, *forward) if index < first for name in line.effects[index].defines}
    for index in rest:
        if index < first:
            continue
        effects = line.effects[index]
        if effects.own_changes or effects.defines & bound:
            yield index
        bound |= effects.defines
    # what the forward pass binds is bound again by what does not depend on the parameters
    for index in rest:
        if index > first and line.effects[index].defines & {
            name for other in forward if other < index for name in line.effects[other].defines
        }:
            yield index


def _drawn(line: Line, rest: list[int], parameters: Collection[str], upto: int) -> list[int]:
    """What gives another minibatch each time: a draw that no parameter needs, and what depends on it."""
    leading: set[int] = set()
    for name in parameters:
        bound = line.last_binding(name, upto)
        if bound is not None:
            leading.update(line.needed({name}, bound + 1))
    definitions = ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    found: list[int] = []
    flowing: set[str] = set()
    for index in rest:
        effects = line.effects[index]
        begins = index >= line.track.start if line.track.loop else finds_draws(effects)
        if index in leading or isinstance(effects.unit.tree, definitions) or not (begins or effects.reads & flowing):
            continue
        found.append(index)
        flowing |= effects.defines | effects.own_changes
    held = {name for index in rest if index not in found for name in line.effects[index].defines}
    touched = {
        name
        for index in found
        for name in (
            *(line.effects[index].defines & line.effects[index].reads),
            *(() if seeds(line.effects[index]) else line.effects[index].own_changes),
        )
    }
    # what cannot be done again, because it starts from what it left the last time, is done once
    return [] if touched & held or flowing & set(parameters) else found


def _in_file_order(line: Line, parameters: list[str], before: int) -> list[str]:
    """``parameters`` in the order of the file's own list of them, if it has one."""
    for effects in reversed(line.effects[:before]):
        match effects.unit.tree:
            case ast.Assign(targets=[target], value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
                listed = [element.id for element in elements if isinstance(element, ast.Name)]
                if len(set(listed) & set(parameters)) > 1 and list(target_names(target)):
                    order = [name for name in listed if name in parameters]
                    return [*order, *(name for name in parameters if name not in order)]
    return parameters
