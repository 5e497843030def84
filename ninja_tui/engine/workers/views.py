"""Views of tensors for the node pane: a summary, a heatmap and a window, never the whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.heatmap import all_finite, heatmap, matrix, worst_element
from ninja_tui.engine.protocol.views import (
    Element,
    Frame,
    Slice,
    Statistics,
    TensorSummary,
    TensorView,
    View,
    ViewRequest,
    Window,
)

PART = 1 << 18
"""Entries."""


@dataclass(frozen=True)
class _Cached:
    """The view of the last request but for its window, and the part of the tensor that it shows."""

    key: tuple[object, ...]
    part: torch.Tensor
    view: TensorView


class Viewer:
    """Views of the tensors that ``find`` gives by name and view; None where there is no such tensor.

    The last view is cached: to scroll costs a window, not a pass over the whole tensor.
    """

    def __init__(self, find: Callable[[str, View], torch.Tensor | None]) -> None:
        self._find = find
        self._cached: _Cached | None = None

    def view(self, request: ViewRequest) -> TensorView:
        """What is shown of a tensor."""
        frame = request.frame
        key = (request.tensor, request.view, request.slices, frame.heat_rows, frame.heat_columns)
        if self._cached is None or self._cached.key != key:
            tensor = self._find(request.tensor, request.view)
            if tensor is None:
                return TensorView()
            try:
                part = apply_slices(tensor, request.slices)
            except (IndexError, ValueError, TypeError) as error:
                return TensorView(error=str(error))
            worst = worst_element(tensor) if request.view is View.DIFFERENCE else None
            cells = heatmap(part, frame.heat_rows, frame.heat_columns)
            view = TensorView(summary(part), cells, worst=worst, whole=tuple(tensor.shape))
            self._cached = _Cached(key, part, view)
        return replace(self._cached.view, window=window(self._cached.part, frame))

    def invalidate(self) -> None:
        """Drops the cache: a tensor has changed."""
        self._cached = None


def apply_slices(tensor: torch.Tensor, slices: Sequence[int | Slice]) -> torch.Tensor:
    """``tensor[…]``; raises IndexError or ValueError where the slices do not fit."""
    index = tuple(slice(each.start, each.stop, each.step) if isinstance(each, Slice) else each for each in slices)
    return tensor[index] if index else tensor


def summary(tensor: torch.Tensor) -> TensorSummary:
    """Shape, dtype, share of zeros, count of non-finite elements, and the statistics of the finite ones."""
    flat = tensor.detach().reshape(-1)
    empty = TensorSummary(tuple(tensor.shape), str(tensor.dtype).removeprefix("torch."))
    if not flat.numel() or flat.is_complex():
        return empty
    numbers = flat.float() if flat.dtype in (torch.bool, torch.float16, torch.bfloat16) else flat
    finite = numbers if all_finite(numbers) else numbers[torch.isfinite(numbers)]
    return replace(
        empty,
        zeros=(flat.numel() - int(torch.count_nonzero(flat))) / flat.numel(),
        non_finite=flat.numel() - finite.numel(),
        statistics=_statistics(finite) if finite.numel() else None,
    )


def _statistics(numbers: torch.Tensor) -> Statistics:
    minimum, maximum = (float(end.item()) for end in torch.aminmax(numbers))
    return Statistics(minimum, maximum, *_mean_and_std(numbers))


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


def window(tensor: torch.Tensor, frame: Frame) -> Window:
    """The values at the frame's place, moved so that it stays inside."""
    table = matrix(tensor.detach())
    height, width = table.shape
    row = max(0, min(frame.row, height - frame.rows))
    column = max(0, min(frame.column, width - frame.columns))
    part = table[row : row + frame.rows, column : column + frame.columns]
    return Window(row, column, tuple(tuple(map(_element, line)) for line in part.tolist()))


def _element(value: complex) -> Element:
    return str(value) if isinstance(value, complex) else value
