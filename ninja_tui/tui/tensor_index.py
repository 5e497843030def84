"""The index that a person types to see a part of a tensor, and the places of that part in the whole."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ninja_tui.engine.protocol.views import Slice

LARGEST = 2**31
"""No tensor here has an axis so long."""


def parse_index(text: str) -> tuple[int | Slice, ...]:
    """``3, :, 0:5``, with brackets around it or without; raises ValueError with a sentence on what is neither."""
    text = text.strip().removeprefix("[").removesuffix("]").strip().removesuffix(",")
    return tuple(_parse_part(part.strip()) for part in text.split(",")) if text else ()


def _parse_part(part: str) -> int | Slice:
    bounds = part.split(":")
    try:
        numbers = [int(bound) if bound.strip() else None for bound in bounds]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) > 3 or numbers == [None]:
        raise ValueError(f"`{part}` is neither a whole number nor a slice such as 0:5")
    if any(abs(number or 0) >= LARGEST for number in numbers):
        raise ValueError(f"`{part}` is too large")
    if len(numbers) == 3 and numbers[2] is not None and numbers[2] <= 0:
        raise ValueError(f"`{part}`: PyTorch knows no step that is not positive")
    first = numbers[0]
    return first if len(numbers) == 1 and first is not None else Slice(*numbers)


@dataclass(frozen=True)
class Axes:
    """Where a part of a tensor lies in the whole: the indices that it takes of each axis, and the axes that it keeps.

    An axis that an index takes a single element of is not kept.
    """

    taken: tuple[range, ...]
    kept: tuple[int, ...]

    @classmethod
    def of(cls, whole: tuple[int, ...], slices: Sequence[int | Slice] = ()) -> Axes:
        """Those of ``tensor[slices]``, for slices that fit a tensor of that shape."""
        taken = [range(size) for size in whole]
        for axis, each in enumerate(slices[: len(whole)]):
            if isinstance(each, Slice):
                taken[axis] = taken[axis][each.start : each.stop : each.step]
            else:
                taken[axis] = taken[axis][each : each + 1 or None]
        singled = [axis for axis, each in enumerate(slices) if isinstance(each, int)]
        return cls(tuple(taken), tuple(axis for axis in range(len(whole)) if axis not in singled))

    def index(self, flat: int) -> tuple[int, ...]:
        """The index in the whole tensor of the part's element that is number ``flat`` in row-major order."""
        index = []
        for each in reversed(self.taken):
            flat, at = divmod(flat, len(each))
            index.append(each[at])
        return tuple(reversed(index))

    def flat(self, index: Sequence[int]) -> int | None:
        """The number in the part of the element of the whole at ``index``; None where the part does not have it."""
        flat = 0
        for at, each in zip(index, self.taken, strict=True):
            if at not in each:
                return None
            flat = flat * len(each) + each.index(at)
        return flat

    @property
    def count(self) -> int:
        """How many elements the part has."""
        return math.prod(map(len, self.taken))
