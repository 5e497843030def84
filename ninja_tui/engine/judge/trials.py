"""In which worlds an answer is tried, with which upstream gradients, and what it must give there.

A trial is one consistent backward pass: autograd's of the loss, plus a random number times each of some values. So
every gradient in it belongs to every other, and an answer that is right for any upstream is right in all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.network import HOME, Network, World
from ninja_tui.engine.protocol.judging import MANY, Reading
from ninja_tui.engine.protocol.worlds import World as Kind
from ninja_tui.engine.recording.draws import generator
from ninja_tui.engine.recording.record import Number

PASSING = 1e-9
"""The largest difference that passes in float64, as a share of the gradient's largest entry."""
ROUNDING = 1e-12
"""Of the largest upstream gradient: what rounding may leave of a gradient that is 0."""
MOST_PATHS = 4
"""So many upstream gradients are tried one by one."""
SIZES = (None, None, 1e3, 1e-3)
"""Of random gradients, from draw to draw: clamping to a range shows. None: near what is there."""
LARGE = 1e3
"""How large a gradient is where a multiple of the loss is tried."""
BENT = 4
"""Draws in each world for an answer that takes another branch on other numbers."""
Numbered = tuple[int, World]


@dataclass(frozen=True)
class Trial:
    """One backward pass in the world number ``world``: ``upstream`` gradients by value, and the gradient ``expected``.

    ``floor`` is what rounding may leave of it, ``weights`` what is added to the loss, by value.
    """

    kind: Kind
    world: int
    upstream: Mapping[Number, torch.Tensor]
    expected: torch.Tensor
    floor: float
    weights: Mapping[Number, torch.Tensor]

    @functools.cached_property
    def margin(self) -> float:
        """By how much an entry of an answer may differ from what is expected."""
        return PASSING * largest_entry(self.expected) + self.floor

    @property
    def size(self) -> int:
        """Bytes of all gradients in it."""
        return sum(each.nbytes for each in (self.expected, *self.upstream.values(), *self.weights.values()))


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
        self._after: dict[Number, set[Number]] = {}
        for step in network.operations:
            for number in step.inputs:
                self._after.setdefault(number, set()).update(step.outputs)

    def below(self, number: Number) -> frozenset[Number]:
        """The values that depend on ``number``, on the way to the loss."""
        if number not in self._below:
            reached: set[Number] = set()
            waiting = [number]
            while waiting:
                new = self._after.get(waiting.pop(), set()) - reached
                reached |= new
                waiting += new
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


@dataclass(frozen=True)
class Near:
    """The nodes that come next below a node, and which of the nodes about it have a gradient of 0."""

    consumers: tuple[Number, ...]
    vacuous: frozenset[Number]


def trials(reach: Reach, reads: Reads, near: Near, reading: Reading) -> list[Trial]:
    """The trials of an answer to ``reads.node``."""
    network, node = reach.network, reads.node
    drawn = network.worlds()[1:]
    worlds = list(enumerate(drawn[:1] if reading.operations > MANY else drawn, HOME + 1))
    wanted = list(dict.fromkeys([node, *reads.all, *near.consumers, *network.losses]))
    result = [_trial(Kind.LOCAL, (HOME, network.home()), wanted, {})]
    result += [_trial(Kind.FRESH, each, wanted, {}) for each in worlds]
    places = _places(reach, reads, near)
    numbered = worlds or [(HOME, network.home())]
    draws = [(each, salt) for salt in range(BENT if reading.bends else 1) for each in numbered]
    if places:
        draws.append(((HOME, network.home()), 0))
        result += [_trial(Kind.RANDOM, each, wanted, _random_weights(each, places, salt)) for each, salt in draws]
        if reading.operations <= MANY:
            result += _one_by_one(numbered[0], wanted, places)
    if reads.below:
        index, world = numbered[0]
        largest = largest_entry(world.gradient(node))
        scale = -LARGE / largest if largest > 0 else -LARGE
        more = {each: world.gradient(each) * (scale - 1.0) for each in network.losses}
        result.append(_trial(Kind.SCALED, (index, world), wanted, more))
    hidden = [number for number in dict.fromkeys((*near.consumers, *reads.below)) if number in near.vacuous]
    if hidden:
        result.append(_trial(Kind.VACUOUS, numbered[0], wanted, _random_weights(numbered[0], hidden, 0)))
    return result


def _places(reach: Reach, reads: Reads, near: Near) -> list[Number]:
    """Where random gradients are added: at what the answer reads, or, for what is beside its node, where both meet."""
    places = list(reads.below)
    for other in reads.beside:
        met = reach.met(reads.node, other)
        if met is not None and met not in places:
            places.append(met)
    return places or (list(near.consumers) if reads.node in near.vacuous else [])


def _random_weights(numbered: Numbered, places: Iterable[Number], salt: int) -> dict[Number, torch.Tensor]:
    """Random gradients; from draw to draw of another size."""
    index, world = numbered
    size = SIZES[(index + salt) % len(SIZES)]
    return {place: _random(world, place, index + 101 * salt, size) for place in places}


def _one_by_one(numbered: Numbered, wanted: list[Number], places: list[Number]) -> list[Trial]:
    """Each path by itself, where all others are silent: none is hidden by a larger one."""
    index, world = numbered
    silence: dict[Number, torch.Tensor] = {}
    for place in sorted(places, reverse=True):  # what is nearest to the loss first: it flows into the others
        silence[place] = -world.pulled([place], silence)[place]
    result = [_trial(Kind.ALONE, numbered, wanted, silence)]
    if len(places) == 1:
        return result
    for place in places[:MOST_PATHS]:
        weights = dict(silence)
        weights[place] = silence[place] + _random(world, place, index + 17)
        for other in sorted((each for each in places if each != place and each < place), reverse=True):
            without = {each: weight for each, weight in weights.items() if each != other}
            weights[other] = -world.pulled([other], without)[other]
        result.append(_trial(Kind.ALONE, numbered, wanted, weights))
    return result


def _trial(kind: Kind, numbered: Numbered, wanted: list[Number], weights: Mapping[Number, torch.Tensor]) -> Trial:
    """The trial of an answer to the first of ``wanted``."""
    (index, world), node = numbered, wanted[0]
    gradients = world.pulled(wanted, weights) if weights else world.gradients(wanted)
    upstream = {number: gradients[number] for number in wanted if number != node}
    sizes = [largest_entry(each) for each in (*upstream.values(), *weights.values())]
    return Trial(kind, index, upstream, gradients[node], max(sizes, default=0.0) * ROUNDING, weights)


def _random(world: World, place: Number, salt: int, size: float | None = None) -> torch.Tensor:
    """A random gradient of this ``size``, or several times as large as the one that is there."""
    there = world.gradient(place)
    if size is None:
        size = largest_entry(there)
        size = size if 1e-3 < size < 1e3 else 1.0
    drawn = torch.randn(there.shape, generator=generator(31 * place + salt), dtype=torch.float64)
    if drawn.numel() == 1:
        drawn = drawn.sign() * (0.4 + drawn.abs())
    return (3 * size * drawn).to(there.dtype)
