"""Mistakes in what stands beside the upstream gradients: uses that are mixed up, and parts of a Jacobian."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import weights_of
from ninja_tui.engine.judge.uses import Use
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

MOST_USES = 6
MOST_ENTRIES = 200
"""Of a Jacobian's diagonal, which costs a backward pass for each."""
Pair = tuple[int | str, int | None]
"""A use, or a tensor in its place, and the use whose upstream gradient stands beside it; None for none at all."""


def mixed_up(attempt: Attempt) -> Finding | None:
    """A node that is used several times, where an operand of one use meets the gradient of another."""
    worlds = [each for world in (World.LOCAL, World.FRESH, World.RANDOM) if (each := attempt.in_world(world))]
    tables = [_candidates(each) for each in worlds]
    if not tables or any(table is None or table.keys() != (tables[0] or {}).keys() for table in tables):
        return None
    whole = torch.cat([each.actual.reshape(-1) for each in worlds])
    columns = {pair: torch.cat([(table or {})[pair].reshape(-1) for table in tables]) for pair in tables[0] or {}}
    kept = _different(columns, CLOSE * largest_entry(whole))
    if whole.numel() < len(kept) + 2:
        return None
    weights = weights_of(whole, [columns[pair] for pair in kept])
    if weights is None or any(weight not in (0.0, 1.0, -1.0) for weight in weights):
        return None
    found = {pair: weight for pair, weight in zip(kept, weights, strict=True) if weight}
    return _told(attempt, found)


def _told(attempt: Attempt, found: dict[Pair, float]) -> Finding | None:
    right = [one for one, other in found if one == other]
    wrong = [(one, other) for one, other in found if one != other]
    places = _places(attempt)
    if not wrong or any(weight != 1.0 for weight in found.values()):
        return None
    are = "is" if len(right) == 1 else "are"
    count = f"{len(right) or 'none'} of {len(places)} terms {are} right"
    everywhere = frozenset(attempt.consumers)
    alone = [one for one, other in wrong if other is None]
    if alone:
        first = alone[0]
        assert isinstance(first, int)
        message = f"the one through {places[first]} is without its upstream gradient"
        return Finding(Kind.NO_UPSTREAM, f"{count}; {message}", everywhere)
    one, other = wrong[0]
    assert other is not None
    what = f"`{attempt.shown_name(one)}`" if isinstance(one, str) else f"what belongs to the one through {places[one]}"
    message = f"{what} stands beside the gradient of the one through {places[other]}"
    return Finding(Kind.WRONG_DERIVATIVE, f"{count}; {message}", everywhere)


def _uses(attempt: Attempt) -> list[tuple[int, Use]]:
    return [
        (index, use)
        for index in attempt.consumers
        for use in attempt.statements.each_use(index, attempt.node, attempt.upstream)
    ]


def _places(attempt: Attempt) -> list[str]:
    return [attempt.consumer_names([index]) for index, _ in _uses(attempt)]


def _candidates(attempt: Attempt) -> dict[Pair, torch.Tensor] | None:
    """What each use makes of its own upstream gradient, of those of the others, and of ones."""
    uses = [use for _, use in _uses(attempt)]
    if not 2 <= len(uses) <= MOST_USES or attempt.actual.shape != attempt.expected.shape:
        return None
    made: dict[Pair, torch.Tensor] = {}
    for one, use in enumerate(uses):
        for other, beside in enumerate(uses):
            if beside.upstream.shape == use.upstream.shape:
                made[one, other] = use.pulled(beside.upstream)
        made[one, None] = use.pulled(torch.ones_like(use.upstream))
        if use.operation == "@" and use.upstream.dim() == 2:
            made |= {(name, one): tensor.mT @ use.upstream for name, tensor in _read(attempt, len(use.upstream))}
    return {pair: value.double() for pair, value in made.items() if value.shape == attempt.expected.shape}


def _read(attempt: Attempt, rows: int) -> Iterator[tuple[str, torch.Tensor]]:
    """The matrices that the answer was computed from, of so many rows."""
    for name, tensor in attempt.tensors.items():
        if name in attempt.evidence.traits.depends and tensor.dim() == 2 and len(tensor) == rows:
            yield name, tensor


def _different(columns: dict[Pair, torch.Tensor], least: float) -> list[Pair]:
    """The pairs without those that give 0, or the same as one before; the right ones first."""
    kept: list[Pair] = []
    for pair in sorted(columns, key=lambda pair: (pair[0] != pair[1], pair[1] is None)):
        value = columns[pair]
        alike = any(largest_entry(value - columns[each]) <= least for each in kept)
        if largest_entry(value) > least and not alike:
            kept.append(pair)
    return kept


def diagonal_alone(attempt: Attempt) -> Finding | None:
    """Each entry's own derivative is in it, and not what it does to the others."""
    actual, read = attempt.fitted(), [name for name in attempt.upstream_read if name in _below(attempt)]
    if actual is None or len(read) != 1 or not 2 <= actual.numel() <= MOST_ENTRIES:
        return None
    upstream = attempt.upstream[read[0]]
    if upstream.shape != attempt.expected.shape or not _covers(attempt, attempt.node, set(read)):
        return None
    diagonal = _diagonal(attempt, read[0])
    if not bool(attempt.differs(diagonal * upstream, attempt.expected).any()):
        return None
    if bool(attempt.differs(actual, diagonal * upstream).any()):
        return None
    name, node = attempt.shown_name(read[0]), attempt.shown_name(attempt.node)
    message = f"an entry of `{node}` changes other entries of `{name}` too: their terms are missing"
    return Finding(Kind.MISSING_PATH, message, frozenset(attempt.consumers))


def _diagonal(attempt: Attempt, read: str) -> torch.Tensor:
    """The derivative of each entry of ``read`` by the entry of the node at its place."""
    count = attempt.expected.numel()
    entries: list[torch.Tensor] = []
    for place in range(count):
        one = torch.zeros(count, dtype=torch.float64)
        one[place] = 1.0
        entries.append(_pulled(attempt, attempt.node, read, one.reshape(attempt.expected.shape)).reshape(-1)[place])
    return torch.stack(entries).reshape(attempt.expected.shape)


def _pulled(attempt: Attempt, node: str, read: str, upstream: torch.Tensor) -> torch.Tensor:
    """The gradient of ``node`` where that of ``read`` is ``upstream``."""
    total = torch.zeros_like(attempt.upstream[node])
    for index in attempt.statements.consumers(node):
        bound = attempt.bound_by(index)
        given = {name: upstream if name == read else _pulled(attempt, name, read, upstream) for name in bound}
        part = attempt.statements.contributions(node, given).get(index)
        total = total if part is None else total + part
    return total


def by_line(attempt: Attempt) -> Finding | None:
    """Along an axis it is off by a number of its own: a factor, or a multiple of a tensor."""
    actual = attempt.fitted()
    if actual is None or attempt.expected.dim() < 2 or attempt.vacuous or attempt.at_home().right:
        return None
    everywhere, gap = frozenset(attempt.consumers), actual - attempt.expected
    axis = _axis(actual, attempt.expected)
    if axis is not None:
        message = f"along axis {axis} it is right but for a factor, which is another one for each line"
        return Finding(Kind.SCALE, message, everywhere)
    for name, tensor in (("", torch.ones_like(gap)), *_near(attempt)):
        axis = _axis(gap, tensor) if tensor.shape == gap.shape else None
        if axis is not None:
            what = f"a multiple of `{attempt.shown_name(name)}`" if name else "one number"
            message = (
                f"along axis {axis} it is off by {what}, another one for each line: a sum over it is wrong or missing"
            )
            return Finding(Kind.WRONG_DERIVATIVE, message, everywhere)
    return None


def _axis(gap: torch.Tensor, tensor: torch.Tensor) -> int | None:
    """The axis along which ``gap`` is a multiple of ``tensor``; None where there is none, or all is one multiple."""
    for axis in reversed(range(gap.dim())):
        square = (tensor * tensor).sum(axis, keepdim=True)
        if gap.shape[axis] < 2 or bool((square == 0).any()):
            continue
        factor = (gap * tensor).sum(axis, keepdim=True) / square
        if largest_entry(gap - factor * tensor) <= CLOSE * largest_entry(gap):
            return axis if factor.numel() > 1 else None
    return None


def factor_dropped(attempt: Attempt) -> Finding | None:
    """All of it, or one of its terms, is off by a tensor of the steps about the node, entry by entry."""
    actual = attempt.fitted()
    if actual is None or actual.numel() < 3 or attempt.vacuous:
        return None
    everywhere = frozenset(attempt.consumers)
    for name, tensor in _near(attempt):
        word = _by(actual, attempt.expected, tensor)
        if word:
            return Finding(Kind.WRONG_DERIVATIVE, f"`{attempt.shown_name(name)}` is {word} in it", everywhere)
    return None


def _near(attempt: Attempt) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors of the steps that read the node, and those that the answer was computed from."""
    names = {name for index in attempt.consumers for name in attempt.statements.operands(index)}
    for name, tensor in attempt.tensors.items():
        if (name in names or name in attempt.evidence.traits.depends) and tensor.numel() > 1:
            yield name, tensor


def _by(actual: torch.Tensor, expected: torch.Tensor, tensor: torch.Tensor) -> str:
    """``missing as a factor`` or ``a factor too many``; empty for neither."""
    try:
        lacking, more = actual * tensor, expected * tensor
    except RuntimeError:
        return ""
    for one, other, word in ((lacking, expected, "missing as a factor"), (actual, more, "one factor too many")):
        if (
            one.shape == other.shape
            and largest_entry(one) > 0
            and largest_entry(one - other) <= CLOSE * largest_entry(other)
        ):
            return word
    return ""


def offset_of_one(attempt: Attempt) -> Finding | None:
    """A single number that is off by the same everywhere."""
    if attempt.expected.numel() != 1:
        return None
    attempts = [each for each in attempt.everywhere() if each.fitted() is not None]
    gaps = [float((each.actual - each.expected).sum().item()) for each in attempts]
    start = round(gaps[0]) if gaps else 0
    if len(gaps) < 3 or not start or not all(math.isclose(gap, start, rel_tol=1e-6) for gap in gaps):
        return None
    message = f"it is off by the same {start} whatever flows in: where does it start from?"
    return Finding(Kind.CONSTANT_OFFSET, message, frozenset(attempt.consumers))


def beside_several(attempt: Attempt) -> Finding | None:
    """Every path runs through a gradient that is read, or one does not."""
    read = set(attempt.upstream_read) - {attempt.node}
    if not read or attempt.vacuous:
        return None
    everywhere = frozenset(attempt.consumers)
    bare = [index for index in attempt.consumers if not _covered(attempt, index, read)]
    needed = [name for name in attempt.upstream if name in read and name in _below(attempt)]
    if bare and len(attempt.consumers) > 1 and attempt.has_upstream:
        path = attempt.consumer_names(bare)
        message = f"nothing that it is computed from comes through {path}: {attempt.worst()}"
        return Finding(Kind.NO_UPSTREAM, message, everywhere)
    if bare or not needed:
        return None
    names = ", ".join(map(attempt.shown_gradient, needed))
    verb, them = ("is", "it") if len(needed) == 1 else ("are", "them")
    node = attempt.shown_name(attempt.node)
    message = (
        f"{names} {verb} what it can be computed from, but what is done with {them} is not the derivative by `{node}`"
    )
    return Finding(Kind.WRONG_DERIVATIVE, f"{message}: {attempt.worst()}", everywhere)


def _covers(attempt: Attempt, node: str, read: set[str]) -> bool:
    """Whether each path from ``node`` to the loss runs through one of ``read``."""
    further = attempt.statements.consumers(node)
    return bool(further) and all(_covered(attempt, each, read) for each in further)


def _covered(attempt: Attempt, index: int, read: set[str]) -> bool:
    """Whether all that comes through a step has a gradient that is read, on its way to the loss."""
    for name in attempt.bound_by(index):
        if name not in read and not _covers(attempt, name, read):
            return False
    return bool(attempt.bound_by(index))


def _below(attempt: Attempt) -> set[str]:
    """The nodes that depend on the node."""
    found: set[str] = set()
    waiting = list(attempt.consumers)
    while waiting:
        for name in attempt.bound_by(waiting.pop()):
            if name not in found:
                found.add(name)
                waiting.extend(attempt.statements.consumers(name))
    return found
