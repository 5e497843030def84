"""What the node pane shows in the room that it has: the head above, the tensor's grid below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.geometry import Size

from ninja_tui.engine.protocol.views import Poke, PokeRequest, TensorView
from ninja_tui.tui.session import Session
from ninja_tui.tui.tensor_index import Axes, parse_index
from ninja_tui.tui.widgets.heatmap import Palette, legend
from ninja_tui.tui.widgets.node_head import Head, Part, arranged, poke_part, state_parts, statement_parts, wrapped
from ninja_tui.tui.widgets.tensor import (
    USUAL_VALUE,
    Form,
    Grid,
    Table,
    element,
    fit,
    label_width,
    value_text,
    value_width,
)

LEAST_GRID = 3
"""Lines that the grid has at least, the numbers of its columns among them; a vector's has its heatmap as well."""
LOW = 9
"""Lines below which the statements to differentiate come before the grid."""
GRID_SHARE = 3
"""In a high pane the grid has at least one line in so many."""
USUAL_SUMMARY = 78
"""Columns that a summary takes, before it is known."""


@dataclass(frozen=True)
class Shown:
    """All that the pane shows: a tensor of the session, the element with the cursor, and what a nudge of it did."""

    session: Session
    view: TensorView | None
    cursor: int | None
    poke: tuple[PokeRequest, Poke] | None
    palette: Palette
    statements: Sequence[Part] | None = None
    """The parts about the statements, where they are known already."""

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the part in sight; before it is known, that of the whole tensor."""
        if self.view is not None and self.view.summary is not None:
            return self.view.summary.shape
        return self.whole

    @property
    def whole(self) -> tuple[int, ...]:
        """The shape of the whole tensor."""
        known = self.view is not None and self.view.summary is not None
        return self.view.whole if self.view is not None and known else self.session.shapes.get(self.session.tensor, ())

    @property
    def axes(self) -> Axes:
        """Where the part in sight lies in the whole."""
        return Axes.of(self.whole, parse_index(self.session.slices))

    @property
    def table(self) -> Table:
        """Its rows and columns; none where there is nothing to show."""
        absent = self.view is not None and self.view.summary is None
        return Table(0, 0) if absent or self.session.asks_shape else Table.of(self.shape)


@dataclass(frozen=True)
class Layout:
    """The head, and the grid below it. Not ``is_whole``: there is no room for the grid."""

    head: Head
    grid: Grid | None
    is_whole: bool = True


def layout(shown: Shown, size: Size) -> Layout:
    """The head takes the lines that it needs, so long as the grid has its least."""
    table = shown.table
    lines = _least_lines(table, size.height)
    width = max(1, size.width)
    statements = statement_parts(shown.session, width) if shown.statements is None else shown.statements
    parts = [*statements, *_state(shown, width), *_about_cursor(shown, width)]
    head = arranged(parts, size.height if size.height < LOW else size.height - lines, size.height - lines)
    room = size.height - len(head.lines)
    if not lines or room < 2:
        return Layout(head, None, is_whole=not lines)
    summary = shown.view.summary if shown.view is not None else None
    widest = value_width(summary) if summary is not None else USUAL_VALUE
    label = label_width(table, shown.axes if summary is not None else Axes.of(shown.shape))
    return Layout(head, fit(table, width, room, label, widest))


def _least_lines(table: Table, height: int) -> int:
    """How many lines the grid has at least in a pane of that height."""
    share = height // GRID_SHARE
    match table.form:
        case Form.MATRIX:
            return min(max(LEAST_GRID, share), table.rows + 1)
        case Form.VECTOR:
            return min(max(LEAST_GRID + 1, share), table.columns + 2)
    return 0


def _state(shown: Shown, width: int) -> Sequence[Part]:
    if shown.view is None and shown.session.facts is not None and not shown.session.asks_shape:
        lines = -(-USUAL_SUMMARY // width)
        return [Part(2, [Content.styled("…", "dim")]), Part(5, [Content("")] * (lines - 1))]
    return state_parts(shown.session, shown.view, width)


def _about_cursor(shown: Shown, width: int) -> list[Part]:
    """What a nudge did; the value at the cursor; and the legend, beside it where there is room."""
    parts = [poke_part(*shown.poke, width)] if shown.poke is not None else []
    key, value = _legend(shown), _at_cursor(shown)
    if key is not None and value is not None and key.cell_length + 3 + value.cell_length <= width:
        return [*parts, Part(3, [key + " " * 3 + value])]
    parts += [Part(3, wrapped(value, width))] if value is not None else []
    parts += [Part(6, wrapped(key, width))] if key is not None else []
    return parts


def _legend(shown: Shown) -> Content | None:
    if shown.table.form in (Form.EMPTY, Form.SCALAR):
        return None
    summary = shown.view.summary if shown.view is not None else None
    of = summary.statistics if summary is not None else None
    if summary is not None and of is None:
        return None
    largest = max(abs(of.minimum), abs(of.maximum)) if of is not None else 0.0
    finite = summary is None or not summary.non_finite
    return legend(shown.palette, value_text(largest), finite=finite)


def _at_cursor(shown: Shown) -> Content | None:
    view, table = shown.view, shown.table
    if shown.cursor is None or view is None or view.window is None or table.form in (Form.EMPTY, Form.SCALAR):
        return None
    if view.worst is not None and shown.axes.flat(view.worst.index) == shown.cursor:
        return None  # it stands there already
    value = element(view.window, table, shown.cursor)
    if value is None:
        return None
    text = f"{value:.8g}" if isinstance(value, float) else str(value)
    return Content.styled(f"{list(shown.axes.index(shown.cursor))} = {text}", "bold")
