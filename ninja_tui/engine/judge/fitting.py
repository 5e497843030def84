"""Whether one tensor is another: up to rounding, a factor, a sum over axes, or weights of several."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations, product

import torch

from ninja_tui.engine.judge.compare import largest_entry

CLOSE = 1e-7
"""Two gradients are the same if no entry differs by more than this share of the largest."""
LARGEST_PLAIN = 64
WEIGHTS = (1.0, 0.0, -1.0, 2.0)
MOST_PARTS = 4


def same(given: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether they are the same, in shape and up to rounding."""
    if given.shape != wanted.shape or given.is_complex():
        return False
    return bool(largest_entry(given.double() - wanted.double()) <= CLOSE * largest_entry(wanted))


def factor_of(given: torch.Tensor, wanted: torch.Tensor) -> float | None:
    """The number that ``wanted`` is to be multiplied with to give ``given``; None where there is none, or 0.

    Any number is a multiple of any other: between single numbers only a factor that people forget counts.
    """
    if given.shape != wanted.shape or not bool(torch.isfinite(wanted).all()):
        return None
    square = float((wanted * wanted).sum().item())
    if square == 0.0:
        return None
    factor = float((given * wanted).sum().item()) / square
    if factor == 0.0 or largest_entry(given - factor * wanted) > CLOSE * abs(factor) * largest_entry(wanted):
        return None
    factor = _round(factor)
    return factor if wanted.numel() > 1 or _plain(factor) else None


def _plain(factor: float) -> bool:
    """A whole number, the root of one, or one over either."""
    square = factor * factor
    square = max(square, 1 / square) if square else math.inf
    return square < LARGEST_PLAIN**2 and math.isclose(square, round(square), rel_tol=2 * CLOSE)


def weights_of(given: torch.Tensor, parts: list[torch.Tensor]) -> list[float] | None:
    """The factors with which ``parts`` add up to ``given``; None where none do, or where they are not certain."""
    if not parts or any(part.shape != given.shape for part in parts):
        return None
    table = torch.stack([part.reshape(-1) for part in parts], 1)
    if len(table) == 1 or int(torch.linalg.matrix_rank(table).item()) < len(parts):
        return _likely_weights(table, given.reshape(-1))
    found = torch.linalg.lstsq(table, given.reshape(-1, 1)).solution[:, 0]
    scale = max(largest_entry(part) for part in parts)
    if largest_entry(table @ found - given.reshape(-1)) > CLOSE * scale:
        return None
    return [_round(float(value)) for value in found.tolist()]


def _likely_weights(table: torch.Tensor, given: torch.Tensor) -> list[float] | None:
    """The simple weights that give ``given``, where only one choice does; single numbers have no other way."""
    if table.shape[1] > MOST_PARTS:
        return None
    limit = CLOSE * max(largest_entry(table), largest_entry(given))
    fitting = [
        list(weights)
        for weights in product(WEIGHTS, repeat=table.shape[1])
        if any(weights) and largest_entry(table @ table.new_tensor(weights) - given) <= limit
    ]
    return fitting[0] if len(fitting) == 1 else None


def _round(value: float) -> float:
    """Rounding away what is rounding: 1 - 1e-12 is 1."""
    near = round(value * 2) / 2
    return near if math.isclose(value, near, rel_tol=CLOSE, abs_tol=CLOSE) else value


def summed_to(tensor: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor | None:
    """``tensor`` summed over the axes along which ``wanted`` would be broadcast to it."""
    try:
        if torch.Size(tensor.shape) != torch.empty(wanted.shape).expand(tensor.shape).shape:
            return None
    except RuntimeError:
        return None
    return tensor.sum_to_size(wanted.shape)


def axes_told(tensor: torch.Tensor, wanted: torch.Tensor) -> str:
    """The axes over which ``tensor`` is to be summed, as text."""
    return ", ".join(str(axis) for axis in sorted(reduced_axes(tensor, wanted)))


def reduced_axes(source: torch.Tensor, wanted: torch.Tensor) -> set[int]:
    """The axes of ``source`` that are gone, or of size 1, in ``wanted``."""
    lead = source.dim() - wanted.dim()
    return {
        axis
        for axis in range(source.dim())
        if axis < lead or (wanted.shape[axis - lead] == 1 and source.shape[axis] != 1)
    }


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    """All choices of axes, the small ones first."""
    for size in range(count + 1):
        yield from combinations(range(count), size)
