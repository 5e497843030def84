"""The losses of a training as an inline SVG: their mean, and the range around it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 480.0, 260.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 8.0, 18.0, 30.0
"""Pixels; the last four are margins."""
BINS = 200
DECADES = 1.3
"""Powers of 10 between smallest and largest mean from which on the axis is logarithmic."""


@dataclass(frozen=True)
class Bin:
    """The losses of a part of the steps, whose middle is ``step``."""

    step: float
    mean: float
    low: float
    high: float


def curve_svg(losses: Sequence[float]) -> str:
    """The curve; empty where there are fewer than two finite losses."""
    bins = binned(losses)
    if len(bins) < 2:
        return ""
    axis = _Axis.of(bins)
    last = max(len(losses) - 1, 1)

    def x(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / last

    upper = [f"{x(each.step):.1f},{axis.y(each.high):.1f}" for each in bins]
    lower = [f"{x(each.step):.1f},{axis.y(each.low):.1f}" for each in reversed(bins)]
    mean = " ".join(f"{x(each.step):.1f},{axis.y(each.mean):.1f}" for each in bins)
    grid = "".join(
        f'<line x1="{LEFT:g}" x2="{WIDTH - RIGHT:g}" y1="{axis.y(tick):.1f}" y2="{axis.y(tick):.1f}"/>'
        f'<text x="{LEFT - 6:g}" y="{axis.y(tick) + 4:.1f}" class="end">{tick:.3g}</text>'
        for tick in axis.ticks()
    )
    steps = "".join(
        f'<text x="{x(step):.1f}" y="{HEIGHT - 10:g}" class="{kind}">{told}</text>'
        for step, kind, told in (
            (0, "start", "0"),
            (last / 2, "middle", f"{len(losses) // 2:,}"),
            (last, "end", f"{len(losses):,} steps"),
        )
    )
    name = f'<text x="{LEFT - 6:g}" y="{TOP - 2:g}" class="end">loss</text>'
    told = f"Loss over {len(losses):,} steps: {bins[0].mean:.4g} at first, {bins[-1].mean:.4g} at the end"
    return (
        f'<svg class="curve" xmlns="http://www.w3.org/2000/svg" role="img" width="{WIDTH:g}" height="{HEIGHT:g}" '
        f'viewBox="0 0 {WIDTH:g} {HEIGHT:g}"><title>{told}</title><g class="grid">{grid}{steps}{name}</g>'
        f'<polygon class="range" points="{" ".join([*upper, *lower])}"/><polyline class="mean" points="{mean}"/></svg>'
    )


def binned(losses: Sequence[float], most: int = BINS) -> list[Bin]:
    """At most so many bins of losses; what is not finite is left out."""
    bins: list[Bin] = []
    count = min(most, len(losses))
    for number in range(count):
        start, end = number * len(losses) // count, (number + 1) * len(losses) // count
        part = sorted(loss for loss in losses[start:end] if math.isfinite(loss))
        if part:
            tenth = len(part) // 10
            bins.append(Bin((start + end - 1) / 2, sum(part) / len(part), part[tenth], part[-1 - tenth]))
    return bins


@dataclass(frozen=True)
class _Axis:
    """The axis of losses, from ``low`` to ``high``."""

    low: float
    high: float
    logarithmic: bool

    @staticmethod
    def of(bins: Sequence[Bin]) -> _Axis:
        means = [each.mean for each in bins]
        low, high = min(each.low for each in bins), max(*means, *(each.high for each in bins[1:]))
        logarithmic = low > 0 and math.log10(max(means) / min(means)) > DECADES
        if not logarithmic:
            room = (high - low or abs(high) or 1.0) * 0.05
            low, high = low - room, high + room
        return _Axis(low, high if high > low else low * 1.1, logarithmic)

    def y(self, loss: float) -> float:
        """In pixels from the top."""
        share = self._share(min(max(loss, self.low), self.high))
        return TOP + (HEIGHT - TOP - BOTTOM) * (1 - share)

    def _share(self, loss: float) -> float:
        if self.logarithmic:
            return math.log(loss / self.low) / math.log(self.high / self.low)
        return (loss - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Round numbers on it."""
        if self.logarithmic:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            ticks = [10.0**power for power in powers][:: max(1, len(powers) // 5)]
            if len(ticks) > 1:
                return ticks
        rough = (self.high - self.low) / 5
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(each * unit for each in (1, 2, 5, 10) if each * unit >= rough)
        first = math.ceil(self.low / step)
        return [number * step for number in range(first, math.floor(self.high / step) + 1)]
