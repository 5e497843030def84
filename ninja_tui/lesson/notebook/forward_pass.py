"""The forward passes of a track: the statements that end in a loss, and what has to run before them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ninja_tui.lesson.notebook.slice import Dataflow, draws, only_prepares, parameters_of, seeds
from ninja_tui.lesson.syntax.effects import Effects
from ninja_tui.lesson.syntax.imports import is_definition
from ninja_tui.lesson.syntax.names import target_names
from ninja_tui.lesson.syntax.parameters import initialises_floats
from ninja_tui.lesson.syntax.training_steps import LOSSES, differentiated, updated, updates_its_variable

ITEM = ".item()"
LAST_GUESSES = ("L", "error")
"""Names of losses that may well be something else."""


@dataclass(frozen=True)
class Loss:
    """A loss: its ``name``, and the statement that binds it."""

    name: str
    bound: int


@dataclass(frozen=True)
class ForwardPass:
    """A forward pass, by indices of a track's statements.

    ``setup`` is what has to run first, once; ``minibatch`` what draws another minibatch each time; ``forward`` depends
    on ``parameters``, which are in the order of the file's own list of them, and binds the names ``binds``.
    """

    loss: Loss
    setup: tuple[int, ...]
    minibatch: tuple[int, ...]
    forward: tuple[int, ...]
    parameters: tuple[str, ...]
    binds: frozenset[str]

    @property
    def first(self) -> int:
        """The first statement of the forward pass."""
        return self.forward[0]

    @property
    def all_indices(self) -> frozenset[int]:
        """All its statements, with what runs before them."""
        return frozenset((*self.setup, *self.minibatch, *self.forward))


def losses_of(flow: Dataflow, *, by_name: bool) -> tuple[Dataflow, list[Loss]]:
    """The losses in a track's main part: what it goes backward from, or what is named like one.

    In the data flow that is returned every loss has a name. With ``by_name`` going backward does not count.
    """
    flow = _with_names(flow)
    losses: list[Loss] = []
    for index in range(flow.start, flow.end):
        value = differentiated(flow.effects[index].tree)
        if isinstance(value, ast.Name):
            bound = flow.last_binding(value.id, index)
            if bound is not None and bound >= flow.start:
                losses.append(Loss(value.id, bound))
    if losses and not by_name:
        return flow, losses
    for name in ("loss", *sorted(LOSSES - {"loss", *LAST_GUESSES}), *LAST_GUESSES):
        bound = flow.last_binding(name, flow.end)
        if bound is not None and bound >= flow.start:
            return flow, [Loss(name, each) for each in _bindings(flow, name)]
    last = _before_gradients(flow) if by_name else None
    return flow, [] if last is None else [last]


def _before_gradients(flow: Dataflow) -> Loss | None:
    """What is bound last before the first gradient, ``d<x>`` of an ``x`` that was bound before."""
    bound: set[str] = set()
    last: Loss | None = None
    for index in range(flow.end):
        effects = flow.effects[index]
        names = effects.kills if isinstance(effects.tree, ast.Assign) else frozenset()
        gradients = (name for name in names if name.startswith("d"))
        if index >= flow.start and any(name[1:].removeprefix("_") in bound for name in gradients):
            return last
        bound |= names
        if len(names) == 1:
            last = Loss(next(iter(names)), index)
    return None


def _bindings(flow: Dataflow, name: str) -> list[int]:
    """The statements of a track's main part after which ``name`` stays as it is until it is bound afresh."""
    touching = [
        index
        for index in range(flow.start, flow.end)
        if name in flow.effects[index].defines | flow.effects[index].direct_changes and not flow.effects[index].displays
    ]
    following = [flow.effects[index] for index in touching[1:]]
    ends = [name in effects.kills - effects.reads for effects in following] + [True] * bool(touching)
    return [index for index, end in zip(touching, ends, strict=True) if end]


def _with_names(flow: Dataflow) -> Dataflow:
    """``(-ll.mean()).backward()`` as ``loss = -ll.mean()`` and ``loss.backward()``."""
    main = [named for effects in flow.effects[flow.start : flow.end] for named in _named(effects)]
    effects = (*flow.effects[: flow.start], *main, *flow.effects[flow.end :])
    return replace(flow, effects=effects, end=flow.start + len(main))


def _named(effects: Effects) -> list[Effects]:
    fragment = effects.fragment
    if _takes_number(effects):
        return [Effects(fragment.with_code(fragment.code.rstrip().removesuffix(ITEM)))]
    value = differentiated(effects.tree)
    if value is None or isinstance(value, ast.Name) or not isinstance(effects.tree, ast.Expr):
        return [effects]
    codes = (f"loss = {ast.unparse(value)}", "loss.backward()")
    return [Effects(fragment.with_code(code)) for code in codes]


def _takes_number(effects: Effects) -> bool:
    """Whether it is ``loss = x.sum().item()``, as in a pass without autograd."""
    match effects.tree:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name in LOSSES and effects.fragment.code.rstrip().endswith(ITEM)
    return False


def forward_pass_to(loss: Loss, flow: Dataflow, compared: Collection[str]) -> ForwardPass | None:
    """The forward pass that ends in ``loss``; None where it depends on nothing that needs a gradient.

    ``compared`` are the names that the file compares gradients of: what needs them, where the file does not say so.
    """
    stop = loss.bound + 1
    updates = {
        index
        for index, effects in enumerate(flow.effects[:stop])
        if effects.reads_grad or _trains(effects, flow, index)
    }
    needed = flow.slice({loss.name}, stop, updates)
    bound_here = flow.defined_by(needed)
    required = {name: index for name, index in parameters_of(flow, stop).items() if name in bound_here}
    forward = _depending(flow, needed, required)
    if loss.bound not in forward:
        required = _guessed(flow, needed, compared, loss)
        forward = _depending(flow, needed, required)
    if loss.bound not in forward:
        return None
    rest = _without(needed, forward)
    available = flow.defined_by(rest) | flow.predefined
    forward = sorted({*forward, *_rebinding(flow, rest, forward)})
    rest = _without(rest, forward)
    read = flow.read_by(forward)
    parameters = [name for name in required if name in read & available]
    minibatch = _minibatch(flow, rest, parameters, loss.bound)
    return ForwardPass(
        loss=loss,
        setup=tuple(index for index in rest if index not in minibatch),
        minibatch=tuple(minibatch),
        forward=tuple(forward),
        parameters=tuple(_in_file_order(flow, parameters, loss.bound)),
        binds=frozenset(flow.defined_by(forward)),
    )


def _without(indices: Iterable[int], others: Iterable[int]) -> list[int]:
    left_out = frozenset(others)
    return [index for index in indices if index not in left_out]


def _trains(effects: Effects, flow: Dataflow, index: int) -> bool:
    """Whether a statement, beside the walk, updates parameters with gradients: it is no part of their making."""
    tree = effects.tree
    if isinstance(tree, ast.For):
        return updates_its_variable(tree)
    name = updated(tree)
    return name is not None and any(name in _sources(flow, other, index) for other in effects.reads - {name})


def _sources(flow: Dataflow, name: str, before: int) -> set[str]:
    """What the value of ``name`` at the statement ``before`` was computed from, through all statements."""
    return flow.read_by(flow.slice({name}, before))


def _depending(flow: Dataflow, needed: list[int], required: dict[str, int]) -> list[int]:
    """The statements of ``needed`` that depend on what needs a gradient."""
    indices: list[int] = []
    flowing: set[str] = set()
    for index in needed:
        effects = flow.effects[index]
        touched = effects.defines | effects.direct_changes
        requiring = {name for name, since in required.items() if since < index}
        if only_prepares(effects, required) or all(required.get(name, -1) >= index for name in touched):
            flowing -= effects.kills
        elif effects.value_reads & requiring or effects.reads & flowing or touched & flowing & effects.direct_changes:
            indices.append(index)
            flowing |= touched
        else:
            flowing -= effects.kills
    return indices


def _guessed(flow: Dataflow, needed: list[int], compared: Collection[str], loss: Loss) -> dict[str, int]:
    """What must need gradients in a file that does not say so: what is compared, or else tensors of random numbers."""
    made_from: dict[str, frozenset[str]] = {}
    for index in needed:
        effects = flow.effects[index]
        for name in effects.defines:
            made_from[name] = effects.value_reads - {name}
    wanted = [name for name in made_from if name in compared and name != loss.name]
    sources = {
        name: flow.last_binding(name, loss.bound) or 0
        for name in wanted
        if not _comes_from(name, frozenset(wanted) - {name}, made_from)
    }
    if sources:
        return sources
    initialised: dict[str, int] = {}
    for index in needed:
        if index != loss.bound and _initialises(flow.effects[index]):
            initialised |= dict.fromkeys(sorted(flow.effects[index].defines), index)
    return initialised


def _comes_from(name: str, others: Collection[str], made_from: Mapping[str, frozenset[str]]) -> bool:
    """Whether ``name`` is computed from one of ``others``."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for source in made_from.get(waiting.pop(), frozenset()) - seen:
            if source in others:
                return True
            seen.add(source)
            waiting.append(source)
    return False


def _initialises(effects: Effects) -> bool:
    match effects.tree:
        case ast.Assign(targets=[ast.Name()], value=value):
            return initialises_floats(value)
    return False


def _rebinding(flow: Dataflow, rest: list[int], forward: list[int]) -> Iterator[int]:
    """The statements amid a forward pass that bind again what was bound, and perhaps read, before them."""
    first = forward[0]
    bound = flow.defined_by([index for index in (*rest, *forward) if index < first])
    for index in rest:
        if index < first:
            continue
        effects = flow.effects[index]
        if effects.direct_changes or effects.defines & bound:
            yield index
        bound |= effects.defines
    # what the forward pass binds is bound again by what does not depend on the parameters
    inside = frozenset(forward)
    bound_inside: set[str] = set()
    for index in sorted({*rest, *forward}):
        if index in inside:
            bound_inside |= flow.effects[index].defines
        elif flow.effects[index].defines & bound_inside:
            yield index


def _minibatch(flow: Dataflow, rest: list[int], parameters: Collection[str], stop: int) -> list[int]:
    """What gives another minibatch each time: a draw that no parameter needs, and what depends on it."""
    leading = flow.leading_to(parameters, stop)
    indices: list[int] = []
    drawn: set[str] = set()
    for index in rest:
        effects = flow.effects[index]
        begins = index >= flow.start if flow.loop else draws(effects)
        if index in leading or is_definition(effects.tree) or not (begins or effects.reads & drawn):
            continue
        indices.append(index)
        drawn |= effects.defines | effects.direct_changes
    # what cannot be done again, because it starts from what it left the last time, is done once
    outside = flow.defined_by(_without(rest, indices))
    return [] if _continued(flow, indices) & outside or drawn & set(parameters) else indices


def _continued(flow: Dataflow, indices: list[int]) -> set[str]:
    """The names whose values before the statements ``indices`` these change, or read to bind them again."""
    names: set[str] = set()
    for index in indices:
        effects = flow.effects[index]
        names |= effects.defines & effects.reads
        if not seeds(effects):
            names |= effects.direct_changes
    return names


def _in_file_order(flow: Dataflow, parameters: list[str], before: int) -> list[str]:
    """``parameters`` in the order of the file's own list of them, if it has one."""
    for effects in reversed(flow.effects[:before]):
        match effects.tree:
            case ast.Assign(targets=[target], value=ast.List(elts=elements) | ast.Tuple(elts=elements)):
                listed = [element.id for element in elements if isinstance(element, ast.Name)]
                if len(set(listed) & set(parameters)) > 1 and list(target_names(target)):
                    order = [name for name in listed if name in parameters]
                    return [*order, *(name for name in parameters if name not in order)]
    return parameters
