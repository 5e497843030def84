"""Where the tensors of a forward pass stand in a picture of it: in rows, each below all that it is computed from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SWEEPS = 60
BEND = 10.0
"""Room for a line that passes a row, in pixels."""
GAP = 16.0
Bend = tuple[str, str, int]
"""Where the line between two tensors passes a row."""
Item = str | Bend
"""What has a place in a row."""


@dataclass(frozen=True)
class Edge:
    """The line from a tensor to one computed from it: its places, (x in pixels, row), from one to the other."""

    source: str
    target: str
    points: tuple[tuple[float, int], ...]


@dataclass(frozen=True)
class Layout:
    """``places`` has the middle of each tensor (x in pixels, row); ``width`` is that of all, ``rows`` their count."""

    places: dict[str, tuple[float, int]]
    edges: tuple[Edge, ...]
    width: float
    rows: int


def laid_out(inputs: Mapping[str, Sequence[str]], widths: Mapping[str, float]) -> Layout:
    """A layout of the tensors ``inputs``, which stand in the order of their computation, each with what it reads.

    ``widths`` are those of their labels, in pixels. What nothing is read by stands right above its first consumer.
    """
    row_of = _rows(inputs)
    items: list[list[Item]] = [[] for _ in range(max(row_of.values(), default=-1) + 1)]
    for name, row in row_of.items():
        items[row].append(name)
    above: dict[Item, list[Item]] = {}
    below: dict[Item, list[Item]] = {}
    chains: list[tuple[str, str, list[Item]]] = []
    for target, sources in inputs.items():
        for source in dict.fromkeys(sources):
            bends: list[Item] = [(source, target, row) for row in range(row_of[source] + 1, row_of[target])]
            for bend, row in zip(bends, range(row_of[source] + 1, row_of[target]), strict=True):
                items[row].append(bend)
            chain: list[Item] = [source, *bends, target]
            chains.append((source, target, chain))
            for upper, lower in itertools.pairwise(chain):
                below.setdefault(upper, []).append(lower)
                above.setdefault(lower, []).append(upper)
    _order(items, above, below)
    half = {item: (widths[item] if isinstance(item, str) else BEND) / 2 for row in items for item in row}
    middles = _middles(items, above, below, half)
    left = min((middles[item] - half[item] for row in items for item in row), default=0.0)
    right = max((middles[item] + half[item] for row in items for item in row), default=0.0)
    row_numbers = {item: number for number, row in enumerate(items) for item in row}
    points = {item: (middles[item] - left, row_numbers[item]) for item in row_numbers}
    edges = tuple(Edge(source, target, tuple(points[item] for item in chain)) for source, target, chain in chains)
    return Layout({name: points[name] for name in row_of}, edges, right - left, len(items))


def _rows(inputs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The row of each tensor, from 0: the last that its inputs allow, and for those without any the last of all."""
    rows: dict[str, int] = {}
    for name, sources in inputs.items():
        rows[name] = max((rows[source] + 1 for source in sources), default=0)
    for name, sources in inputs.items():
        readers = [rows[target] for target, read in inputs.items() if name in read]
        if not sources and readers:
            rows[name] = min(readers) - 1
    return rows


def _order(items: list[list[Item]], above: Mapping[Item, list[Item]], below: Mapping[Item, list[Item]]) -> None:
    """Sorts each row by the mean place of what its items are joined to, downwards and upwards in turn."""
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        joined = above if down else below
        numbers = range(1, len(items)) if down else range(len(items) - 2, -1, -1)
        for number in numbers:
            other = items[number - 1 if down else number + 1]
            place = {item: index for index, item in enumerate(other)}
            own = {item: index for index, item in enumerate(items[number])}

            def middle(
                item: Item,
                place: dict[Item, int] = place,
                own: dict[Item, int] = own,
                joined: Mapping[Item, list[Item]] = joined,
                size: int = len(other),
            ) -> float:
                near = [place[each] for each in joined.get(item, ()) if each in place]
                return (sum(near) / len(near) + 0.5) / size if near else (own[item] + 0.5) / len(own)

            items[number].sort(key=middle)


def _middles(
    items: list[list[Item]],
    above: Mapping[Item, list[Item]],
    below: Mapping[Item, list[Item]],
    half: Mapping[Item, float],
) -> dict[Item, float]:
    """The x of each item: near the mean of what it is joined to, and clear of its neighbours."""
    middles: dict[Item, float] = {}
    for row in items:
        x = 0.0
        for item in row:
            middles[item] = x + half[item]
            x += 2 * half[item] + GAP
        for item in row:
            middles[item] -= x / 2
    for sweep in range(SWEEPS):
        for row in items if sweep % 2 == 0 else reversed(items):
            wanted = []
            for item in row:
                near = [(middles[each], _pull(item, each)) for each in (*above.get(item, ()), *below.get(item, ()))]
                total = sum(pull for _, pull in near)
                wanted.append(sum(x * pull for x, pull in near) / total if total else middles[item])
            for item, x in zip(row, _apart(wanted, [half[item] for item in row]), strict=True):
                middles[item] = x
    return middles


def _pull(one: Item, other: Item) -> float:
    """How much two items want to stand one above the other: a line that passes rows is to do so straight."""
    return (1.0, 4.0, 16.0)[(not isinstance(one, str)) + (not isinstance(other, str))]


def _apart(wanted: Sequence[float], half: Sequence[float]) -> list[float]:
    """The places nearest to those ``wanted``, in their order, at which nothing overlaps (by pooling neighbours)."""
    offsets = [0.0]
    for before, after in itertools.pairwise(half):
        offsets.append(offsets[-1] + before + after + GAP)
    blocks: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=False):
        total, count = place - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] >= total / count:
            more, many = blocks.pop()
            total, count = total + more, count + many
        blocks.append((total, count))
    bases = [total / count for total, count in blocks for _ in range(count)]
    return [base + offset for base, offset in zip(bases, offsets, strict=False)]
