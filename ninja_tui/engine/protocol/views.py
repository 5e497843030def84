"""What is shown of a tensor, never the whole: a summary, a heatmap, a window of values, and what a nudge does."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

Element = bool | int | float | str
"""A tensor's element; a complex number as text."""


def table_width(shape: tuple[int, ...]) -> int:
    """How long the rows are in which a tensor of that shape is shown; all of a vector is one, ``(n, 1)`` too."""
    count = math.prod(shape)
    return count if count == max(shape, default=1) else shape[-1]


class View(enum.StrEnum):
    """The tensor that is shown of a node."""

    VALUE = "value"
    YOURS = "yours"
    """The person's gradient."""
    DIFFERENCE = "difference"
    """The person's gradient minus autograd's."""
    AUTOGRAD = "autograd"
    """Autograd's gradient."""


@dataclass(frozen=True)
class Slice:
    """``start:stop:step`` of one dimension."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


@dataclass(frozen=True)
class Frame:
    """The part of a tensor that a pane has room for.

    The window of values has its first element at ``row`` and ``column`` of the table and is ``rows`` by ``columns``
    large; the heatmap has at most ``heat_rows`` by ``heat_columns`` cells.
    """

    row: int
    column: int
    rows: int
    columns: int
    heat_rows: int
    heat_columns: int


@dataclass(frozen=True)
class ViewRequest:
    """Which ``view`` of which ``tensor`` (its name) to show, of what part: the ``slices`` index it."""

    tensor: str
    view: View
    slices: tuple[int | Slice, ...]
    frame: Frame


@dataclass(frozen=True)
class Statistics:
    """Of the finite elements of a tensor; ``std`` is the sample standard deviation."""

    minimum: float
    maximum: float
    mean: float
    std: float


@dataclass(frozen=True)
class TensorSummary:
    """``zeros`` is a share (0 to 1), ``non_finite`` a count: None for empty and complex tensors.

    ``statistics`` is None where no element is finite, too.
    """

    shape: tuple[int, ...]
    dtype: str
    zeros: float | None = None
    non_finite: int | None = None
    statistics: Statistics | None = None


@dataclass(frozen=True)
class Window:
    """The ``values`` of a table of all rows of a tensor, from ``row`` and ``column`` on."""

    row: int
    column: int
    values: tuple[tuple[Element, ...], ...]


@dataclass(frozen=True)
class WorstElement:
    """The largest entry of a difference: its ``index`` in the whole tensor, and its ``size``."""

    index: tuple[int, ...]
    size: float


@dataclass(frozen=True)
class TensorView:
    """``heatmap``: rows of cells in -1 to 1, None where nothing under a cell is finite.

    ``whole`` is the shape of the tensor before it was sliced. ``error`` says why the slices do not fit; with neither
    an error nor a summary, there is no such tensor.
    """

    summary: TensorSummary | None = None
    heatmap: tuple[tuple[float | None, ...], ...] = ()
    window: Window | None = None
    worst: WorstElement | None = None
    whole: tuple[int, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class PokeRequest:
    """Which element of which ``tensor`` (its name) to nudge, and whose gradient is to predict what the loss does."""

    tensor: str
    index: tuple[int, ...]
    gradient: View


@dataclass(frozen=True)
class Poke:
    """An element was raised by ``step``, and the loss, in float64, by ``change``.

    ``predicted`` is the step times the gradient's element, None where there is no such gradient. ``refusal`` says why
    nothing was nudged.
    """

    step: float = 0.0
    change: float = 0.0
    predicted: float | None = None
    refusal: str | None = None
