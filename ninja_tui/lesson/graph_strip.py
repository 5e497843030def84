"""The graph of a lesson around one tensor, in one to three lines of any width.

``C→emb→…→[counts]─┬→counts_sum→counts_sum_inv┐→probs→logprobs→loss``: what leads to the tensor, then the paths from it
to the loss. A path that forks off and comes back stands between ``┬`` and ``┐``; the direct way needs no place.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ninja_tui.lesson.model import Lesson

ARROW, GAP = "→", "…"
FORK, BACK = "─┬", "┐"
MOST_LINES = 3
FARTHEST = 60
"""Tensors of one way that are considered: more have no room in any terminal."""
BEYOND = ""
"""Stands for the tensors that are not considered."""
NEAR = 3
"""Tensors on the way to the loss that come before those that lead to the current one."""


class Part(enum.Enum):
    """What a piece of the strip belongs to."""

    BEFORE = enum.auto()
    """What the current tensor was computed from."""
    CURRENT = enum.auto()
    AFTER = enum.auto()
    """What is computed from it."""


@dataclass(frozen=True)
class Piece:
    """A piece of a line: the label of ``node``, or what stands between nodes, which belongs to none."""

    text: str
    part: Part
    node: str = ""


Line = tuple[Piece, ...]


class Graph:
    """Who is computed from whom: the tensors that a forward pass binds, and its parameters."""

    def __init__(self, lesson: Lesson) -> None:
        bound = [name for statement in lesson.statements for name in statement.binds]
        self.loss = lesson.loss
        self.names = tuple(dict.fromkeys([*(node.name for node in lesson.nodes if node.statement is None), *bound]))
        known = set(self.names)
        self._after: dict[str, list[str]] = {name: [] for name in self.names}
        self._before: dict[str, list[str]] = {name: [] for name in self.names}
        for statement in lesson.statements:
            for read in statement.reads:
                for name in statement.binds if read in known else ():
                    self._after[read].append(name)
                    self._before[name].append(read)

    def before(self, name: str) -> list[str]:
        """The longest way to ``name``, without it."""
        return _way(name, self._sources)[:0:-1]

    def after(self, name: str) -> list[str]:
        """The longest way from ``name``, without it: to the loss, where it leads there."""
        return _way(name, self._targets if self._to_loss[name] else self._all_targets)[1:]

    def branches(self, name: str) -> tuple[list[list[str]], list[str]]:
        """The ways from ``name`` up to where all of them meet, one for each reader, and the way from there on.

        A reader in which they meet has an empty way; one that stands on the way of another has none.
        """
        readers = [reader for reader in self._after[name] if self._to_loss[reader]]
        meeting = self._meeting(name) if len(readers) > 1 else None
        if meeting is None:
            return [], self.after(name)
        first, last = (self._places[each] for each in (name, meeting))
        between = {each for each in self.names[first + 1 : last] if self._to_loss[each]}
        onward = _longest(self._after, self.names[last - 1 : first : -1], between)
        ways = [[] if reader == meeting else _way(reader, onward) for reader in readers]
        passed = {each for way in ways for each in way[1:]}
        return [way for way in ways if not way or way[0] not in passed], [meeting, *self.after(meeting)]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def _sources(self) -> dict[str, str]:
        return _longest(self._before, self.names, self._places.keys())

    @cached_property
    def _targets(self) -> dict[str, str]:
        return _longest(self._after, self.names[::-1], {name for name in self.names if self._to_loss[name]})

    @cached_property
    def _all_targets(self) -> dict[str, str]:
        return _longest(self._after, self.names[::-1], self._places.keys())

    @cached_property
    def _to_loss(self) -> dict[str, int]:
        """How many ways lead from each tensor to the loss."""
        ways = dict.fromkeys(self.names, 0) | {self.loss: 1}
        for name in reversed(self.names):
            ways[name] += sum(ways[after] for after in self._after[name])
        return ways

    def _meeting(self, name: str) -> str | None:
        """The first tensor that all ways from ``name`` to the loss have in common."""
        reached = {name: 1}
        for each in self.names[self._places[name] + 1 :] if self._to_loss[name] else ():
            reached[each] = sum(reached.get(before, 0) for before in self._before[each])
            if reached[each] and reached[each] * self._to_loss[each] == self._to_loss[name]:
                return each
        return None


def _longest(following: Mapping[str, list[str]], order: Iterable[str], known: Container[str]) -> dict[str, str]:
    """What comes next on the longest way through ``known``; ``order`` has a tensor after all that follow it."""
    length: dict[str, int] = {}
    onward: dict[str, str] = {}
    for each in order:
        choices = [other for other in following[each] if other in known and other in length]
        best = max(choices, key=lambda other: length[other], default=None)
        length[each] = 1 + (length[best] if best is not None else 0)
        if best is not None:
            onward[each] = best
    return onward


def _way(name: str, onward: Mapping[str, str]) -> list[str]:
    way = [name]
    while way[-1] in onward:
        way.append(onward[way[-1]])
    return way


def graph_strip(graph: Graph, current: str, label: Callable[[str], str], width: int, lines: int) -> list[Line]:
    """The strip around ``current``, which is always in it, in at most so many lines of at most so many columns.

    ``label`` gives the text for a tensor.
    """
    ways, onward = graph.branches(current)
    rows = _rows([_shortened(way) for way in ways if way], max(1, min(lines, MOST_LINES)))
    before = _shortened(graph.before(current)[::-1])[::-1]
    return _Strip(before, current, rows, _shortened(onward), label).fitted(width)


def _shortened(way: list[str]) -> list[str]:
    """``way`` without what is too far from its beginning to be shown; its end stays."""
    return way if len(way) <= FARTHEST else [*way[:FARTHEST], BEYOND, way[-1]]


def _rows(ways: Sequence[Sequence[str]], lines: int) -> list[list[list[str]]]:
    """The ways in so many rows; the last row has all that are left."""
    if len(ways) <= lines:
        return [[list(way)] for way in ways]
    return [*([list(way)] for way in ways[: lines - 1]), [list(way) for way in ways[lines - 1 :]]]


class _Strip:
    """Which tensors are shown, and how the lines look with these."""

    def __init__(
        self,
        before: list[str],
        current: str,
        rows: list[list[list[str]]],
        onward: list[str],
        label: Callable[[str], str],
    ) -> None:
        self._before, self._current, self._rows, self._onward = before, current, rows, onward
        names = {current, *before, *onward, *(name for row in rows for way in row for name in way)} - {BEYOND}
        self._labels = {name: label(name) for name in names}

    def fitted(self, width: int) -> list[Line]:
        """With as many tensors as have room, the nearest first, and none behind one that has no room."""
        shown: set[str] = set()
        best = self._drawn(shown)
        for way in self._by_nearness():
            for name in way:
                drawn = self._drawn(shown | {name})
                if name == BEYOND or _width(drawn) > width:
                    break
                shown.add(name)
                best = drawn
        if _width(best) > width:
            label = self._labels[self._current]
            best = [(Piece(f"[{label}"[: max(1, width - 2)] + f"{GAP}]", Part.CURRENT, self._current),)]
        return best

    def _by_nearness(self) -> list[list[str]]:
        """The readers and where they meet, what comes just before, and both ends; then what is on each way."""
        ways = [way for row in self._rows for way in row]
        first = [*self._onward[:1], *(way[0] for way in ways)]
        first += [*self._before[-1:], *self._onward[-1:], *self._before[:1], *(way[-1] for way in ways)]
        return [*([name] for name in first), *ways, self._onward[:NEAR], self._before[::-1], self._onward]

    def _drawn(self, shown: set[str]) -> list[Line]:
        head = [*self._chain(self._before, shown, Part.BEFORE), *([Piece(ARROW, Part.BEFORE)] if self._before else [])]
        head.append(Piece(f"[{self._labels[self._current]}]", Part.CURRENT, self._current))
        tail = [Piece(ARROW, Part.AFTER), *self._chain(self._onward, shown, Part.AFTER)] if self._onward else []
        if not self._rows:
            return [(*head, *tail)]
        middles = [self._row(row, shown) for row in self._rows]
        widest = max(map(_cells, middles))
        indent = Piece(" " * (_cells(head) + len(FORK) - 1), Part.BEFORE)
        lines: list[Line] = []
        for number, middle in enumerate(middles):
            first, last = number == 0, number == len(middles) - 1
            fork = Piece(FORK if first else "└" if last else "├", Part.AFTER)
            fill = Piece("─" * (widest - _cells(middle)), Part.AFTER)
            back = Piece(("┬" if len(middles) > 1 else BACK) if first else "┘" if last else "┤", Part.AFTER)
            lines.append((*(head if first else (indent,)), fork, *middle, fill, back, *(tail if first else ())))
        return lines

    def _row(self, ways: list[list[str]], shown: set[str]) -> list[Piece]:
        pieces = [Piece(ARROW, Part.AFTER)]
        if len(ways) == 1:
            return pieces + self._chain(ways[0], shown, Part.AFTER)
        for number, way in enumerate(ways):
            pieces += [Piece("│", Part.AFTER)] * (number > 0) + self._chain(way[:1], shown, Part.AFTER)
        return [*pieces, Piece(f"{ARROW}{GAP}", Part.AFTER)] if any(len(way) > 1 for way in ways) else pieces

    def _chain(self, way: list[str], shown: set[str], part: Part) -> list[Piece]:
        """The shown ones of ``way`` with arrows between, and one gap for each run of others."""
        pieces: list[Piece] = []
        for name in way:
            if name in shown:
                piece = Piece(self._labels[name], part, name)
            elif pieces and pieces[-1].text == GAP:
                continue
            else:
                piece = Piece(GAP, part)
            pieces += [Piece(ARROW, part)] * bool(pieces) + [piece]
        return pieces


def _cells(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.text) for piece in pieces)


def _width(lines: Iterable[Iterable[Piece]]) -> int:
    return max(map(_cells, lines))
