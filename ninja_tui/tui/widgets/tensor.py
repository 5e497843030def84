"""How the values of a tensor lie in a pane: as a matrix beside its heatmap, or as a vector that wraps over lines."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from textual.content import Content, Span

from ninja_tui.engine.protocol.views import Element, Frame, TensorSummary, Window, table_width
from ninja_tui.tui.tensor_index import Axes
from ninja_tui.tui.widgets.heatmap import Box

GAP = 2
"""Columns between the heatmap and the values."""
WIDEST_CELL = 4
USUAL_VALUE = 8
"""Columns that a float32 takes at most."""
ROOMY = 4
"""Columns that a value gets at most beyond what it needs."""
SMALLEST_HEAT = 8
"""Columns below which a heatmap shows nothing."""
NARROWEST_VALUE = 2


class Form(enum.Enum):
    """How a tensor is shown."""

    EMPTY = enum.auto()
    SCALAR = enum.auto()
    VECTOR = enum.auto()
    MATRIX = enum.auto()


@dataclass(frozen=True)
class Table:
    """The rows and columns in which the elements of a tensor are shown; a vector is one row."""

    rows: int
    columns: int

    @classmethod
    def of(cls, shape: tuple[int, ...]) -> Table:
        """That of a tensor of this shape."""
        if not math.prod(shape):
            return cls(0, 0)
        return cls(math.prod(shape) // table_width(shape), table_width(shape))

    @property
    def form(self) -> Form:
        """How it is shown."""
        if not self.rows:
            return Form.EMPTY
        if self.rows > 1:
            return Form.MATRIX
        return Form.VECTOR if self.columns > 1 else Form.SCALAR


@dataclass(frozen=True)
class Grid:
    """Where values and heatmap stand in a room of ``height`` lines: ``rows`` lines of ``columns`` values each.

    ``above`` counts the lines before the values: a vector's heatmap, and the numbers of the columns.
    """

    table: Table
    height: int
    above: int
    rows: int
    columns: int
    label_width: int
    column_width: int
    heat_columns: int
    cell_width: int

    @property
    def lines(self) -> int:
        """How many lines all values would take."""
        if self.table.form is Form.VECTOR:
            return -(-self.table.columns // self.columns)
        return self.table.rows

    @property
    def heat_lines(self) -> int:
        """How many lines the heatmap may take."""
        if self.table.form is Form.VECTOR:
            return self.above - self.numbered
        return self.height if self.heat_columns else 0

    @property
    def numbered(self) -> int:
        """1 where a line has the numbers of the columns, otherwise 0."""
        return min(1, self.above)

    @property
    def left(self) -> int:
        """The column in which the values begin, with their labels."""
        beside = self.table.form is Form.MATRIX and self.heat_columns
        return self.heat_columns * self.cell_width + GAP if beside else 0


def fit(table: Table, width: int, height: int, label: int, value: int) -> Grid:
    """The grid for a table in a room of that size, with labels and values of at most so many columns."""
    return (_fit_vector if table.form is Form.VECTOR else _fit_matrix)(table, width, height, label + 1, value + 1)


def _fit_vector(table: Table, width: int, height: int, label: int, value: int) -> Grid:
    columns = max(1, min(table.columns, (width - label) // value))
    if columns < table.columns and columns > 10:
        columns -= columns % 5
    lines = -(-table.columns // columns)
    above = 0 if height < 2 else min(2, height - min(lines, 2))
    rows = max(1, min(height - above, lines))
    cells = min(table.columns, width)
    spread = min((width - label) // columns, value + ROOMY)
    return Grid(
        table, height, above, rows, columns, label, max(value, spread), cells, max(1, min(WIDEST_CELL, width // cells))
    )


def _fit_matrix(table: Table, width: int, height: int, label: int, value: int) -> Grid:
    values = label + min(table.columns, 2) * value
    every = label + table.columns * value
    room = max(min(width // 2, width - GAP - values), width - GAP - every)
    cells = min(table.columns, room) if room >= min(SMALLEST_HEAT, table.columns) else 0
    cell = max(1, min(WIDEST_CELL, max(width // 4, width - GAP - every) // cells)) if cells else 0
    beside = width - (cells * cell + GAP if cells else 0) - label
    columns = max(1, min(table.columns, beside // value))
    above = 1 if height > 1 else 0
    spread = min(beside // columns, value + ROOMY)
    return Grid(table, height, above, min(height - above, table.rows), columns, label, max(value, spread), cells, cell)


@dataclass(frozen=True)
class Viewport:
    """The part of a grid's values in sight: from line ``top`` and column ``left`` on."""

    grid: Grid
    top: int = 0
    left: int = 0

    @property
    def origin(self) -> tuple[int, int]:
        """The line and the column where it begins."""
        return self.top, self.left

    def moved(self, lines: int, columns: int = 0) -> Viewport:
        """So far down and to the right, and no farther than the last value."""
        grid = self.grid
        wide = 0 if grid.table.form is Form.VECTOR else grid.table.columns - grid.columns
        top, left = self.top + lines, self.left + columns
        return replace(self, top=max(0, min(top, grid.lines - grid.rows)), left=max(0, min(left, wide)))

    def place(self, flat: int) -> tuple[int, int]:
        """The line and column of an element, by its number in row-major order."""
        return divmod(flat, self.grid.columns if self.grid.table.form is Form.VECTOR else self.grid.table.columns)

    def holding(self, flat: int) -> Viewport:
        """Moved no farther than it takes to have the element in sight."""
        line, column = self.place(flat)
        grid = self.grid
        if grid.table.form is Form.VECTOR:
            column = self.left
        return self.moved(_nearer(self.top, line, grid.rows), _nearer(self.left, column, grid.columns))

    def centred(self, flat: int) -> Viewport:
        """Moved so that the element is in the middle."""
        line, column = self.place(flat)
        grid = self.grid
        return self.moved(line - grid.rows // 2 - self.top, column - grid.columns // 2 - self.left)

    def frame(self, rows: int, columns: int, heat_rows: int) -> Frame:
        """What to request for so many lines of values, which may be more than are in sight, and so many columns."""
        grid = self.grid
        heat = max(1, grid.heat_columns)
        if grid.table.form is Form.VECTOR:
            return Frame(0, self.top * grid.columns, 1, rows * columns, 1, heat)
        return Frame(self.top, self.left, rows, columns, max(1, min(heat_rows, grid.table.rows)), heat)

    def shows(self, window: Window) -> bool:
        """Whether the window has all values in sight."""
        last = self.entry(self.grid.rows - 1, self.grid.columns - 1)
        return all(element(window, self.grid.table, flat) is not None for flat in (self.entry(0, 0), last))

    def entry(self, line: int, column: int) -> int:
        """The number of the element in that line and column of what is in sight; the last one where there is none."""
        grid = self.grid
        wide = grid.columns if grid.table.form is Form.VECTOR else grid.table.columns
        flat = (self.top + line) * wide + min(self.left + column, wide - 1)
        return min(flat, grid.table.rows * grid.table.columns - 1)

    def entry_at(self, x: int, y: int) -> int | None:
        """The number of the element that stands at column ``x`` of line ``y``."""
        grid = self.grid
        column, line = (x - grid.left - grid.label_width) // grid.column_width, y - grid.above
        if x < grid.left + grid.label_width or not (0 <= line < grid.rows and 0 <= column < grid.columns):
            return None
        return self.entry(line, column)

    def heat_entry(self, x: int, y: int, heat_rows: int, rows_a_line: int) -> int | None:
        """The number of the element in the middle of what is under that place of a heatmap of so many rows."""
        grid = self.grid
        column = x // grid.cell_width if grid.cell_width else grid.heat_columns
        row = 0 if grid.table.form is Form.VECTOR else y * rows_a_line
        if column >= grid.heat_columns or row >= heat_rows or y >= grid.heat_lines:
            return None
        at = _middle(column, grid.heat_columns, grid.table.columns)
        return _middle(row, heat_rows, grid.table.rows) * grid.table.columns + at

    def box(self, heat_rows: int, rows_a_line: int) -> Box | None:
        """What is in sight of the values, as a part of the heatmap; None where that is all."""
        grid, table = self.grid, self.grid.table
        if not grid.heat_columns or not heat_rows:
            return None
        first, last = self.entry(0, 0), self.entry(grid.rows - 1, grid.columns - 1)
        if last - first + 1 == table.rows * table.columns:
            return None
        top, bottom = (flat // table.columns * heat_rows // table.rows // rows_a_line for flat in (first, last))
        left, right = (flat % table.columns * grid.heat_columns // table.columns for flat in (first, last))
        return Box(top, bottom, left * grid.cell_width, (right + 1) * grid.cell_width - 1)


def _nearer(first: int, wanted: int, room: int) -> int:
    """How far a view of ``room`` from ``first`` on is to move to have ``wanted`` in sight."""
    return min(0, wanted - first) + max(0, wanted - first - room + 1)


def _middle(cell: int, cells: int, size: int) -> int:
    """The middle one of what lies under a cell, where ``size`` elements are pooled to so many cells."""
    return (cell * size // cells + -(-(cell + 1) * size // cells) - 1) // 2


def element(window: Window, table: Table, flat: int) -> Element | None:
    """The element that is number ``flat`` of the table; None where it is not in the window."""
    row, column = divmod(flat, table.columns)
    row, column = row - window.row, column - window.column
    if not 0 <= row < len(window.values) or not 0 <= column < len(window.values[row]):
        return None
    return window.values[row][column]


def value_lines(view: Viewport, window: Window, axes: Axes, marks: Mapping[int, str]) -> list[Content]:
    """The numbers of the columns, and the lines of values with their labels; ``marks`` are styles by element."""
    grid = view.grid
    wide = grid.columns if grid.table.form is Form.VECTOR else grid.table.columns
    lines = [_numbers(view, axes)] * grid.numbered
    for line in range(min(grid.rows, grid.lines - view.top)):
        start = (view.top + line) * wide
        text = f"{label(grid.table, axes, start):>{grid.label_width - 1}} "
        spans = [Span(0, len(text), "dim")]
        for column in range(view.left, min(view.left + grid.columns, wide)):
            flat = start + column
            if flat < grid.table.rows * grid.table.columns:
                value = element(window, grid.table, flat)
                shown = "…" if value is None else value_text(value)
                text += f"{shown:>{grid.column_width}}"
                if flat in marks:
                    spans.append(Span(len(text) - len(shown), len(text), marks[flat]))
        lines.append(Content(text, spans))  # few spans: each one costs
    return lines


def _numbers(view: Viewport, axes: Axes) -> Content:
    grid = view.grid
    columns = range(view.left, view.left + grid.columns)
    if grid.table.form is Form.VECTOR:
        texts = [f"+{column}" for column in columns]
    else:
        last = axes.taken[axes.kept[-1]] if axes.kept else range(grid.table.columns)
        texts = [str(last[column]) for column in columns if column < len(last)]
    return Content.styled(" " * grid.label_width + "".join(f"{text:>{grid.column_width}}" for text in texts), "dim")


def label(table: Table, axes: Axes, flat: int) -> str:
    """What stands before the line that begins with that element: its index, without the axis of the columns."""
    index = axes.index(flat)
    kept = [index[axis] for axis in axes.kept]
    if table.form is Form.MATRIX:
        kept = kept[:-1]
    return str(kept[0]) if len(kept) == 1 else f"[{','.join(map(str, kept))}]"


def label_width(table: Table, axes: Axes) -> int:
    """How many columns the widest label takes."""
    return len(label(table, axes, table.rows * table.columns - 1)) if table.rows else 1


def value_width(summary: TensorSummary) -> int:
    """How many columns the values of a tensor take at most."""
    of = summary.statistics
    if "complex" in summary.dtype:
        return 3 * USUAL_VALUE
    if summary.dtype == "bool":
        return len("False")
    if of is not None and ("int" in summary.dtype):
        return max(NARROWEST_VALUE, *(len(value_text(int(end))) for end in (of.minimum, of.maximum)))
    return USUAL_VALUE + (summary.dtype == "float64")


def value_text(value: Element) -> str:
    """In three digits; a whole number, and what is not finite, as it is."""
    if isinstance(value, str | int):
        return _short_complex(value) if isinstance(value, str) else str(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    if 1e3 <= abs(value) < 1e5:
        return f"{value:.0f}"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"


def _short_complex(text: str) -> str:
    number = complex(text)
    return f"{number.real:.3g}{number.imag:+.3g}j"
