"""The loss curve as text: braille dots on axes whose ticks fit the room that there is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from textual.content import Content

AXIS = "$foreground"
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each of a braille character's dots, by row and column."""
BLANK = 0x2800
GAP = 2
"""Columns between two numbers of the x axis; rows from one number of the y axis to the next."""
LADDER = tuple(size * 10.0**power for power in range(-6, 10) for size in (1, 2, 5))
DECADES = ((1, 2, 5), (1, 3), (1,))
"""The ticks of each power of ten, the closest first."""

Scale = Callable[[float], float]


@dataclass(frozen=True)
class Line:
    """``points`` of step and loss. A ``dashed`` line differs from another one without colours."""

    points: Sequence[tuple[float, float]]
    style: str
    dashed: bool = False


@dataclass(frozen=True)
class Tick:
    """A number beside an axis, at a row or a column of the plot."""

    at: int
    label: str


def chart(lines: Sequence[Line], last_step: int, width: int, height: int) -> Content:
    """``lines`` from step 0 to ``last_step`` in so many cells; empty without any point, or without room.

    The scale is logarithmic where every loss is positive; the ticks are losses.
    """
    losses = [loss for line in lines for _, loss in line.points]
    if not losses or width < 20 or height < 4:
        return Content("")
    scale = math.log10 if min(losses) > 0 else float
    low, high = _limits(min(losses), max(losses), scale)
    rows = height - 2
    ticks = loss_ticks(low, high, rows, scale)
    margin = max(len(tick.label) for tick in ticks) + 1
    plot = _Plot(width - margin - 1, rows, max(last_step, 1), scale(low), scale(high))
    for line in lines:
        plot.draw([(step, scale(loss)) for step, loss in line.points], line)
    labels = {tick.at: tick.label for tick in ticks}
    below = step_ticks(last_step, plot.width)
    parts: list[Content | tuple[str, str] | str] = []
    for row in range(rows):
        parts.append((f"{labels.get(row, ''):>{margin - 1}} {'┤' if row in labels else '│'}", AXIS))
        parts += [*plot.cells(row), "\n"]
    marks = {tick.at for tick in below}
    axis = "".join("┬" if column in marks else "─" for column in range(plot.width))
    parts.append((f"{' ' * margin}└{axis}\n{' ' * (margin + 1)}{_labels_below(below, plot.width)}", AXIS))
    return Content.assemble(*parts)


def loss_ticks(low: float, high: float, rows: int, scale: Scale) -> list[Tick]:
    """The losses beside the rows: round ones, as many as keep apart, or those of the first and the last row."""
    decades = ([each * 10.0**power for power in range(-9, 12) for each in decade] for decade in DECADES if low > 0)
    candidates = [*decades] if low > 0 and high / low > 8 else []
    for size in LADDER:
        if (high - low) / size <= rows:
            first = math.ceil(low / size)
            candidates.append([number * size for number in range(first, math.floor(high / size) + 1)])
    for losses in candidates:
        inside = [loss for loss in losses if low <= loss <= high]
        places = [_row(scale(loss), scale(low), scale(high), rows) for loss in inside]
        if len(inside) > 1 and all(one - other >= GAP for one, other in pairwise(places)):
            return [Tick(place, label) for place, label in zip(places, _numbers(inside), strict=True)]
    return [Tick(0, f"{high:.4g}"), Tick(rows - 1, f"{low:.4g}")][: max(1, rows)]


def step_ticks(last_step: int, columns: int) -> list[Tick]:
    """The steps below the columns: multiples of a round number, as many as keep apart."""
    for size in (int(each) for each in LADDER if each >= 1):
        if last_step // size > columns:
            continue
        ticks = [
            Tick(round(step / max(last_step, 1) * (columns - 1)), f"{step:,}") for step in range(0, last_step + 1, size)
        ]
        starts = [_start(tick, columns) for tick in ticks]
        ends = [start + len(tick.label) for start, tick in zip(starts, ticks, strict=True)]
        if all(start - end >= GAP for end, start in zip(ends, starts[1:], strict=False)):
            return ticks
    return []


def _limits(low: float, high: float, scale: Scale) -> tuple[float, float]:
    """Limits that are apart, also where all losses are the same."""
    if scale(high) - scale(low) > 1e-6:
        return low, high
    room = abs(low) * 0.01 or 0.01
    return low - room, high + room


def _numbers(values: Sequence[float]) -> list[str]:
    """With as many decimals as tell them apart."""
    smallest = min(abs(one - other) for one, other in pairwise(values))
    decimals = max(0, -math.floor(math.log10(smallest) + 1e-9))
    return [f"{value:,.{decimals}f}" for value in values]


def _row(value: float, low: float, high: float, rows: int) -> int:
    return min(rows - 1, int((high - value) / (high - low) * rows))


def _start(tick: Tick, columns: int) -> int:
    """The column at which a label begins: its middle is below the tick, where the ends of the axis allow it."""
    return max(0, min(columns - len(tick.label), tick.at - len(tick.label) // 2))


def _labels_below(ticks: Sequence[Tick], columns: int) -> str:
    text = ""
    for tick in ticks:
        text += " " * (_start(tick, columns) - len(text)) + tick.label
    return text


class _Plot:
    """Dots in cells of 2 × 4; the style of a cell is that of the line that was drawn last in it."""

    def __init__(self, width: int, rows: int, last_step: int, low: float, high: float) -> None:
        self.width, self._rows, self._last_step, self._low, self._high = width, rows, last_step, low, high
        self._bits: dict[tuple[int, int], int] = {}
        self._styles: dict[tuple[int, int], str] = {}

    def draw(self, points: Sequence[tuple[float, float]], line: Line) -> None:
        """Joins points of step and scaled loss."""
        dots = [self._dot(step, value) for step, value in points]
        for one, other in pairwise([dots[0], *dots] if dots else []):
            for x, y in _between(one, other):
                if not line.dashed or x // 4 % 2 == 0:
                    cell = y // 4, x // 2
                    self._bits[cell] = self._bits.get(cell, 0) | DOTS[y % 4][x % 2]
                    self._styles[cell] = line.style

    def cells(self, row: int) -> Iterator[tuple[str, str] | str]:
        """The characters of a row, those of one style together."""
        text, style = "", ""
        for column in range(self.width):
            bits = self._bits.get((row, column), 0)
            other = self._styles.get((row, column), style)
            if other != style and text:
                yield (text, style) if style else text
                text = ""
            style = other
            text += chr(BLANK + bits) if bits else " "
        yield (text, style) if style else text

    def _dot(self, step: float, value: float) -> tuple[int, int]:
        x = round(step / self._last_step * (2 * self.width - 1))
        y = round((self._high - value) / (self._high - self._low) * (4 * self._rows - 1))
        return min(2 * self.width - 1, x), min(4 * self._rows - 1, max(0, y))


def _between(one: tuple[int, int], other: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots from ``one`` to ``other``, both included."""
    count = max(abs(other[0] - one[0]), abs(other[1] - one[1]), 1)
    for number in range(count + 1):
        part = number / count
        yield round(one[0] + part * (other[0] - one[0])), round(one[1] + part * (other[1] - one[1]))
