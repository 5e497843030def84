"""A tensor as a heatmap of few cells, and the entry of it that is largest."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge.compare import broadcasts, farthest, index_of
from ninja_tui.engine.protocol.difference import MOST_COLUMNS, MOST_ROWS, Cells, Difference, bounds
from ninja_tui.engine.protocol.views import WorstElement, table_width


def matrix(tensor: torch.Tensor) -> torch.Tensor:
    """Two dimensions: (32, 3, 10) is shown as (96, 10); where only one has more than one element, as one row."""
    if not tensor.numel():
        return tensor.new_zeros((0, 0))
    return tensor.reshape(-1, table_width(tuple(tensor.shape)))


def heatmap(tensor: torch.Tensor, rows: int, columns: int) -> Cells:
    """At most ``rows`` by ``columns`` cells, each the entry of largest magnitude under it, over the largest of all.

    So a cell lies in -1…1; None where everything under it is not finite.
    """
    return _scaled_cells(tensor, rows, columns)[0]


def subtracted(gradient: torch.Tensor, reference: torch.Tensor) -> torch.Tensor | None:
    """``gradient`` minus ``reference``; None where they do not broadcast, or are no real numbers."""
    if not broadcasts(tuple(gradient.shape), tuple(reference.shape)) or gradient.is_complex():
        return None
    return (gradient.float() if gradient.dtype == torch.bool else gradient) - reference


def difference_of(gradient: torch.Tensor, reference: torch.Tensor) -> Difference | None:
    """``gradient`` minus ``reference`` as a heatmap; None where they are the same, or have no difference."""
    difference = subtracted(gradient, reference)
    worst = None if difference is None else worst_element(difference)
    if difference is None or worst is None:
        return None
    cells, scale = _scaled_cells(difference, MOST_ROWS, MOST_COLUMNS)
    height, width = matrix(difference).shape
    return Difference(tuple(difference.shape), (height, width), cells, scale, worst)


def worst_element(difference: torch.Tensor) -> WorstElement | None:
    """The entry of largest magnitude, NaN counted as infinite; None where all are 0, or there are none."""
    if not difference.numel():
        return None
    size = difference.abs()
    size = torch.where(torch.isnan(size), math.inf, size)
    largest = float(size.max().item())
    if largest == 0.0:
        return None
    return WorstElement(tuple(index_of(farthest(size), tuple(difference.shape))), largest)


def all_finite(tensor: torch.Tensor) -> bool:
    """Whether there is neither infinity nor NaN, which both show in the smallest and the largest."""
    return all(math.isfinite(float(end.item())) for end in torch.aminmax(tensor))


def _scaled_cells(tensor: torch.Tensor, rows: int, columns: int) -> tuple[Cells, float]:
    """The cells, and the magnitude by which they are scaled: the largest one, 1 where all are 0."""
    table = matrix(tensor.detach())
    if not table.numel() or table.is_complex():
        return (), 1.0
    table = table.float() if not table.is_floating_point() or table.dtype != torch.float64 else table
    bad = None
    if not all_finite(table):
        bad = ~torch.isfinite(table)
        table = table.masked_fill(bad, 0.0)
    low, high = _pool(table, rows, columns)
    cells = torch.where(high.abs() >= low.abs(), high, low)
    all_bad = torch.zeros_like(cells) if bad is None else _pool(bad.float(), rows, columns)[0]
    scale = float(cells.abs().max().item()) or 1.0
    shown = (cells / scale).tolist()
    return tuple(
        tuple(None if is_bad else value for value, is_bad in zip(line, marks, strict=True))
        for line, marks in zip(shown, all_bad.tolist(), strict=True)
    ), scale


def _pool(table: torch.Tensor, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The smallest and the largest over blocks, so that at most ``rows`` by ``columns`` are left."""
    low = high = table
    for axis, most in ((0, rows), (1, columns)):
        size = table.shape[axis]
        if size > most:
            blocks = bounds(size, most)
            low = torch.stack([low.narrow(axis, start, end - start).amin(axis) for start, end in blocks], axis)
            high = torch.stack([high.narrow(axis, start, end - start).amax(axis) for start, end in blocks], axis)
    return low, high
