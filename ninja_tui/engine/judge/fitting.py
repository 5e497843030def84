"""Whether one tensor is another: up to rounding, a factor, a sum over axes, or weights of several."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, product

import torch

from ninja_tui.engine.judge.compare import CLOSE, largest_entry

LARGEST_PLAIN = 64
WEIGHTS = (1.0, 0.0, -1.0, 2.0)
MOST_PARTS = 4


def multiple_of(actual: torch.Tensor, expected: torch.Tensor, close: float = CLOSE) -> float | None:
    """The number that ``expected`` is to be multiplied with to give ``actual``; None where there is none, or 0.

    ``close`` is the share of the largest entry by which any may differ.
    """
    if actual.shape != expected.shape or not bool(torch.isfinite(expected).all()):
        return None
    square = float((expected * expected).sum().item())
    if square == 0.0:
        return None
    factor = float((actual * expected).sum().item()) / square
    if (
        factor == 0.0
        or not math.isfinite(factor)
        or largest_entry(actual - factor * expected) > close * abs(factor) * largest_entry(expected)
    ):
        return None
    return _round(factor, close)


def factor_of(actual: torch.Tensor, expected: torch.Tensor, close: float = CLOSE) -> float | None:
    """The same; but any number is a multiple of any other: of single ones only a factor that people forget counts."""
    factor = multiple_of(actual, expected, close)
    return factor if factor is None or expected.numel() > 1 or _plain(factor) else None


def _plain(factor: float) -> bool:
    """A whole number, the root of one, or one over either."""
    square = factor * factor
    square = max(square, 1 / square) if square else math.inf
    return square < LARGEST_PLAIN**2 and math.isclose(square, round(square), rel_tol=2 * CLOSE)


def weights_of(actual: torch.Tensor, parts: list[torch.Tensor]) -> list[float] | None:
    """The factors with which ``parts`` add up to ``actual``; None where none do, or where they are not certain."""
    if not parts or any(part.shape != actual.shape for part in parts):
        return None
    table = torch.stack([part.reshape(-1) for part in parts], 1)
    if len(table) == 1 or int(torch.linalg.matrix_rank(table).item()) < len(parts):
        return _likely_weights(table, actual.reshape(-1))
    weights = torch.linalg.lstsq(table, actual.reshape(-1, 1)).solution[:, 0]
    scale = max(largest_entry(part) for part in parts)
    if largest_entry(table @ weights - actual.reshape(-1)) > CLOSE * scale:
        return None
    return [_round(float(value)) for value in weights.tolist()]


def _likely_weights(table: torch.Tensor, actual: torch.Tensor) -> list[float] | None:
    """The simple weights that give ``actual``, where only one choice does; single numbers have no other way."""
    if table.shape[1] > MOST_PARTS:
        return None
    limit = CLOSE * max(largest_entry(table), largest_entry(actual))
    fitting = [
        list(weights)
        for weights in product(WEIGHTS, repeat=table.shape[1])
        if any(weights) and largest_entry(table @ table.new_tensor(weights) - actual) <= limit
    ]
    return fitting[0] if len(fitting) == 1 else None


def _round(value: float, close: float = CLOSE) -> float:
    """Rounding away what is rounding: 1 - 1e-12 is 1."""
    if not math.isfinite(value * 2):
        return value
    near = round(value * 2) / 2
    return near if math.isclose(value, near, rel_tol=close, abs_tol=close) else value


def summed_to(tensor: torch.Tensor, expected: torch.Tensor) -> torch.Tensor | None:
    """``tensor`` summed over the axes along which ``expected`` would be broadcast to it."""
    try:
        if torch.Size(tensor.shape) != torch.empty(expected.shape).expand(tensor.shape).shape:
            return None
    except RuntimeError:
        return None
    return tensor.sum_to_size(expected.shape)


def axes_told(axes: Iterable[int]) -> str:
    """Each axis by its number, as text."""
    return " and ".join(f"axis {axis}" for axis in sorted(axes))


def reduced_axes(source: torch.Tensor, expected: torch.Tensor) -> set[int]:
    """The axes of ``source`` that are gone, or of size 1, in ``expected``."""
    lead = source.dim() - expected.dim()
    return {
        axis
        for axis in range(source.dim())
        if axis < lead or (expected.shape[axis - lead] == 1 and source.shape[axis] != 1)
    }


def subsets(count: int) -> Iterator[tuple[int, ...]]:
    """All choices of axes, the small ones first."""
    for size in range(count + 1):
        yield from combinations(range(count), size)


def affine_power(
    slope: torch.Tensor, factor: torch.Tensor, tensors: Mapping[str, torch.Tensor]
) -> tuple[str, str, bool] | None:
    """What ``factor`` is to ``slope`` = a + b * t**p: the tensor in either, and whether another power is what differs.

    None where one of them is nothing of that kind, or both are alike but for neither power nor tensor.
    """
    for name, tensor in tensors.items():
        line = _line(slope, tensor, (1.0, 2.0, 3.0))
        if line is None:
            continue
        for other in (name, *(each for each in tensors if each != name)):
            found = _line(factor, tensors[other], (1.0, 2.0, 3.0, 4.0))
            if found is None:
                continue
            if other == name:
                return name, other, found[0] != line[0]
            if found[1:] == line[1:]:
                return name, other, False
    return None


def _line(values: torch.Tensor, tensor: torch.Tensor, powers: tuple[float, ...]) -> tuple[float, float, float] | None:
    """The power p, and a and b, of a + b * tensor**p = values; b is not 0."""
    if values.numel() < MOST_PARTS:
        return None
    for power in powers:
        table = torch.stack([torch.ones_like(values).reshape(-1), (tensor**power).reshape(-1)], 1)
        a, b = (_round(float(each)) for each in torch.linalg.lstsq(table, values.reshape(-1, 1)).solution[:, 0])
        if largest_entry(a + b * tensor**power - values) <= CLOSE * largest_entry(values) and abs(b) > CLOSE:
            return power, a, b
    return None
