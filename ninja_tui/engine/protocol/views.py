"""What is shown of a tensor: a summary, a heatmap and a window of its values, never the whole."""

from __future__ import annotations

import enum
from dataclasses import dataclass

Element = bool | int | float | str
"""A tensor's element; a complex number as text."""


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

    The window of values has its first element at ``row`` and ``column`` and is ``rows`` by ``columns`` large; the
    heatmap has at most ``heat_rows`` by ``heat_columns`` cells.
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
    """The largest entry of a difference: its ``index``, its ``size``, and where it stands in the table of all rows."""

    index: tuple[int, ...]
    size: float
    row: int
    column: int


@dataclass(frozen=True)
class TensorView:
    """``heatmap``: rows of cells in -1 to 1, None where nothing under a cell is finite.

    ``error`` says why the slices do not fit; with neither an error nor a summary, there is no such tensor.
    """

    summary: TensorSummary | None = None
    heatmap: tuple[tuple[float | None, ...], ...] = ()
    window: Window | None = None
    worst: WorstElement | None = None
    error: str | None = None
