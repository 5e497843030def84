"""In which worlds an answer is tried, with which upstream gradients, and what it must give there.

A trial is one consistent backward pass: autograd's of the loss, plus a random number times each of some values. So
every gradient in it belongs to every other, and an answer that is right for any upstream is right in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.network import HOME, Network, World
from ninja_tui.engine.protocol.worlds import World as Kind
from ninja_tui.engine.recording.draws import generator
from ninja_tui.engine.recording.record import Number

ROUNDING = 1e-12
"""Of the largest upstream gradient: what rounding may leave of a gradient that is 0."""
MOST_PATHS = 4
"""So many upstream gradients are tried one by one."""
MANY = 400
"""Operations of an answer from which on it is tried in fewer worlds."""


@dataclass(frozen=True)
class Trial:
    """One backward pass in the world number ``world``: ``upstream`` gradients by value, and the gradient ``expected``.

    It is that of the loss plus the sum of ``weights`` times these values. ``floor`` is what rounding may leave of it.
    """

    kind: Kind
    world: int
    upstream: Mapping[Number, torch.Tensor]
    expected: torch.Tensor
    weights: Mapping[Number, torch.Tensor]
    floor: float


@dataclass(frozen=True)
class Reads:
    """The gradients that an answer to ``node`` reads: those ``below`` the node, ``beside`` it, and ``above`` it.

    Below is what depends on the node, above what the node depends on: a gradient that comes later on the way back.
    """

    node: Number
    below: tuple[Number, ...] = ()
    beside: tuple[Number, ...] = ()
    above: tuple[Number, ...] = ()

    @property
    def all(self) -> tuple[Number, ...]:
        """All of them."""
        return (*self.below, *self.beside, *self.above)


class Reach:
    """What depends on what in a network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._below: dict[Number, frozenset[Number]] = {}

    def below(self, number: Number) -> frozenset[Number]:
        """The values that depend on ``number``, on the way to the loss."""
        if number not in self._below:
            reached = {number}
            for step in self.network.operations:
                if any(each in reached for each in step.inputs):
                    reached.update(step.outputs)
            reached.discard(number)
            self._below[number] = frozenset(reached)
        return self._below[number]

    def reads(self, node: Number, numbers: Iterable[Number]) -> Reads:
        """The gradients of ``numbers``, which an answer to ``node`` reads, by where they stand."""
        below: list[Number] = []
        beside: list[Number] = []
        above: list[Number] = []
        for number in sorted(set(numbers) - {node}):
            if number in self.below(node):
                below.append(number)
            elif node in self.below(number):
                above.append(number)
            else:
                beside.append(number)
        return Reads(node, tuple(below), tuple(beside), tuple(above))

    def met(self, node: Number, other: Number) -> Number | None:
        """The first value that depends on both; None where there is none."""
        return min(self.below(node) & self.below(other), default=None)


def trials(
    reach: Reach,
    reads: Reads,
    consumers: Sequence[Number],
    vacuous: Iterable[Number],
    length: int = 0,
) -> list[Trial]:
    """The trials of an answer of ``length`` operations; ``consumers`` are the next nodes below its node."""
    network = reach.network
    drawn = network.worlds()[1:]
    worlds = drawn[:1] if length > MANY else drawn
    wanted = list(dict.fromkeys([reads.node, *reads.all, *consumers, *network.losses]))
    result = [_trial(Kind.LOCAL, HOME, network.home(), reads.node, wanted)]
    result += [_trial(Kind.FRESH, index, world, reads.node, wanted) for index, world in enumerate(worlds, HOME + 1)]
    places = list(reads.below)
    for other in reads.beside:
        met = reach.met(reads.node, other)
        if met is not None and met not in places:
            places.append(met)
    if not places and reads.node in set(vacuous):
        places = list(consumers)
    numbered = list(enumerate(worlds, HOME + 1)) or [(HOME, network.home())]
    for index, world in numbered:
        weights = {place: _random(world, place, index) for place in places}
        if weights:
            result.append(_trial(Kind.RANDOM, index, world, reads.node, wanted, weights=weights))
    if places and length <= MANY:
        result += _one_by_one(*numbered[0], reads.node, wanted, places)
    hidden = [number for number in dict.fromkeys((*consumers, *reads.below)) if number in set(vacuous)]
    if hidden:
        index, world = numbered[0]
        weights = {place: _random(world, place, index) for place in hidden}
        result.append(_trial(Kind.VACUOUS, index, world, reads.node, wanted, weights=weights))
    return result


def _one_by_one(index: int, world: World, node: Number, wanted: list[Number], places: list[Number]) -> list[Trial]:
    """Each path by itself, where all others are silent: none is hidden by a larger one."""
    silence: dict[Number, torch.Tensor] = {}
    for place in sorted(places, reverse=True):  # what is nearest to the loss first: it flows into the others
        silence[place] = -world.pulled([place], silence)[place]
    result = [_trial(Kind.ALONE, index, world, node, wanted, weights=silence)]
    if len(places) == 1:
        return result
    for place in places[:MOST_PATHS]:
        weights = dict(silence)
        weights[place] = silence[place] + _random(world, place, index + 17)
        for other in sorted((each for each in places if each != place and each < place), reverse=True):
            without = {each: weight for each, weight in weights.items() if each != other}
            weights[other] = -world.pulled([other], without)[other]
        result.append(_trial(Kind.ALONE, index, world, node, wanted, weights=weights))
    return result


def _trial(
    kind: Kind,
    index: int,
    world: World,
    node: Number,
    wanted: list[Number],
    *,
    weights: Mapping[Number, torch.Tensor] | None = None,
) -> Trial:
    weights = dict(weights or {})
    gradients = world.pulled(wanted, weights=weights)
    upstream = {number: gradients[number] for number in wanted if number != node}
    largest = max(
        [*(largest_entry(each) for each in upstream.values()), *map(largest_entry, weights.values())], default=0
    )
    return Trial(kind, index, upstream, gradients[node], weights, largest * ROUNDING)


def _random(world: World, place: Number, salt: int) -> torch.Tensor:
    """A random gradient, several times as large as the one that is there."""
    there = world.gradient(place)
    size = float(there.abs().max()) if there.numel() else 0.0
    size = size if 1e-3 < size < 1e3 else 1.0
    drawn = torch.randn(there.shape, generator=generator(31 * place + salt), dtype=torch.float64)
    if drawn.numel() == 1:
        drawn = drawn.sign() * (0.4 + drawn.abs())
    return (3 * size * drawn).to(there.dtype)
