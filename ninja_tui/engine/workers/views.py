"""What the node pane shows of a tensor: a summary, a heatmap and a window, never the whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.judge.compare import index_of

PART = 1 << 18
"""Entries."""


@dataclass(frozen=True)
class Frame:
    """How much of a tensor a pane has room for, and where its window stands (rows and columns, in elements)."""

    row: int
    column: int
    rows: int
    columns: int
    heat_rows: int
    heat_columns: int


def matrix(tensor: torch.Tensor) -> torch.Tensor:
    """Two dimensions, the last one kept: (32, 3, 10) is shown as (96, 10), (64,) as (1, 64)."""
    if tensor.dim() == 0:
        return tensor.reshape(1, 1)
    return tensor.reshape(-1, tensor.shape[-1]) if tensor.numel() else tensor.new_zeros((0, 0))


def apply_slice(tensor: torch.Tensor, slices: list[Any]) -> torch.Tensor:
    """``tensor[…]`` for plain data: an int, or ``[start, stop, step]`` with None where it is open."""
    index = tuple(slice(*part) if isinstance(part, list) else int(part) for part in slices)
    return tensor[index] if index else tensor


def summary(tensor: torch.Tensor) -> dict[str, Any]:
    """Shape, dtype, min, max, mean, std, share of zeros (0 to 1) and count of non-finite elements."""
    flat = tensor.detach().reshape(-1)
    facts: dict[str, Any] = {
        "shape": list(tensor.shape),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "count": flat.numel(),
    }
    if not flat.numel() or flat.is_complex():
        return facts
    numbers = flat.float() if flat.dtype in (torch.bool, torch.float16, torch.bfloat16) else flat
    good = numbers if _all_finite(numbers) else numbers[torch.isfinite(numbers)]
    facts["non_finite"] = flat.numel() - good.numel()
    facts["zeros"] = (flat.numel() - int(torch.count_nonzero(flat))) / flat.numel()
    if good.numel():
        facts["min"], facts["max"] = (float(value.item()) for value in torch.aminmax(good))
        facts["mean"], facts["std"] = _mean_and_std(good)
    return facts


def _all_finite(tensor: torch.Tensor) -> bool:
    """Whether there is neither infinity nor NaN, which both show in the smallest and the largest."""
    return all(math.isfinite(float(end.item())) for end in torch.aminmax(tensor))


def _mean_and_std(flat: torch.Tensor) -> tuple[float, float]:
    """In float64, in parts that fit into a cache: a double of all of a large tensor takes longer than the sums."""
    count, mean, squares = 0, 0.0, 0.0
    for part in torch.split(flat, PART):
        wide = part.double()
        middle = float(wide.mean().item())
        wide = wide - middle
        whole, gap = count + part.numel(), middle - mean
        squares += float(torch.dot(wide, wide).item()) + gap * gap * count * part.numel() / whole
        mean += gap * part.numel() / whole
        count = whole
    return mean, math.sqrt(squares / (count - 1)) if count > 1 else 0.0


def heatmap(tensor: torch.Tensor, rows: int, columns: int) -> list[list[float | None]]:
    """At most ``rows`` by ``columns`` cells, each the entry of largest magnitude under it, over the largest of all.

    So a cell lies in -1…1; None where everything under it is not finite.
    """
    table = matrix(tensor.detach())
    if not table.numel() or table.is_complex():
        return []
    table = table.float() if not table.is_floating_point() or table.dtype != torch.float64 else table
    bad = None
    if not _all_finite(table):
        bad = ~torch.isfinite(table)
        table = table.masked_fill(bad, 0.0)
    low, high = _pool(table, rows, columns)
    cells = torch.where(high.abs() >= low.abs(), high, low)
    all_bad = torch.zeros_like(cells) if bad is None else _pool(bad.float(), rows, columns)[0]
    scale = float(cells.abs().max().item()) or 1.0
    shown = (cells / scale).tolist()
    return [
        [None if is_bad else value for value, is_bad in zip(line, marks, strict=True)]
        for line, marks in zip(shown, all_bad.tolist(), strict=True)
    ]


def _pool(table: torch.Tensor, rows: int, columns: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The smallest and the largest over blocks, so that at most ``rows`` by ``columns`` are left."""
    low = high = table
    for axis, most in ((0, rows), (1, columns)):
        size = table.shape[axis]
        if size > most:
            bounds = [(number * size // most, -(-(number + 1) * size // most)) for number in range(most)]
            low = torch.stack([low.narrow(axis, start, end - start).amin(axis) for start, end in bounds], axis)
            high = torch.stack([high.narrow(axis, start, end - start).amax(axis) for start, end in bounds], axis)
    return low, high


def window(tensor: torch.Tensor, frame: Frame) -> dict[str, Any]:
    """The values at the frame's place, moved so that it stays inside; with where it stands and the whole size."""
    table = matrix(tensor.detach())
    height, width = table.shape
    row = max(0, min(frame.row, height - frame.rows))
    column = max(0, min(frame.column, width - frame.columns))
    part = table[row : row + frame.rows, column : column + frame.columns]
    values = [[_number(value) for value in line] for line in part.tolist()]
    return {"row": row, "column": column, "height": height, "width": width, "values": values}


def _number(value: complex) -> float | int | str:
    if isinstance(value, complex):
        return str(value)
    return value if math.isfinite(value) else str(value)


def worst(difference: torch.Tensor) -> dict[str, Any] | None:
    """The index and size of the largest difference; None where there is none."""
    if not difference.numel():
        return None
    size = difference.abs()
    size = torch.where(torch.isnan(size), math.inf, size)
    place = int(size.argmax().item())
    value = float(size.reshape(-1)[place].item())
    if value == 0.0:
        return None
    index = index_of(place, tuple(difference.shape))
    width = difference.shape[-1] if difference.dim() else 1
    return {"index": index, "size": _number(value), "row": place // width, "column": place % width}
