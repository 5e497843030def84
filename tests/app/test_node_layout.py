"""The node pane in any room: nothing is wider or higher than it, and what is left out is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.geometry import Size

from ninja_tui.engine.protocol.views import (
    Frame,
    Poke,
    PokeRequest,
    Statistics,
    TensorSummary,
    TensorView,
    View,
    WorstElement,
)
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.heatmap import Palette
from ninja_tui.tui.widgets.node_layout import Layout, Shown, layout
from ninja_tui.tui.widgets.tensor import Viewport, value_lines
from tests.app.canned import facts_of, heatmap_of, lesson_of, window_of

WIDTHS, HEIGHTS = (36, 40, 58, 76, 100, 136), (4, 6, 8, 13, 20, 38)


def shown_at(node: str, view: View = View.VALUE) -> Shown:
    """Everything that the pane can show of a node: a worst element, a cursor and a nudge as well."""
    session = replace(Session.begin(lesson_of("names"), {}, {}).opened(facts_of("names")).at_node(node), view=view)
    shape, frame = session.shapes[node], Frame(0, 0, 99, 99, 99, 99)
    summary = TensorSummary(shape, "float32", 0.25, 3, Statistics(-1.23e-05, 1234.5, 0.1, 0.5))
    index = (0,) * len(shape)
    tensor_view = TensorView(summary, heatmap_of(shape, frame), window_of(shape, frame, None), whole=shape)
    if view is View.DIFFERENCE:
        tensor_view = replace(tensor_view, worst=WorstElement(index, 0.5))
    poke = PokeRequest(node, index, View.YOURS), Poke(0.001, -2.1e-05, -2.1e-05)
    return Shown(session, tensor_view, 0, poke, Palette.DARK)


def drawn_lines(shown: Shown, drawn: Layout) -> list[int]:
    """How wide each line is."""
    widths = [line.cell_length for line in drawn.head.lines]
    if drawn.grid is not None and shown.view is not None and shown.view.window is not None:
        values = value_lines(Viewport(drawn.grid), shown.view.window, shown.axes, {})
        widths += [drawn.grid.left + line.cell_length for line in values]
    return widths


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("node", ["counts", "hprebn", "bnvar", "b1", "emb", "counts_sum", "C", "W1"])
def test_everything_fits_into_its_room(node: str, width: int, height: int) -> None:
    for view in (View.VALUE, View.DIFFERENCE):
        shown = shown_at(node, view)
        drawn = layout(shown, Size(width, height))
        grid = drawn.grid
        assert max(drawn_lines(shown, drawn)) <= width
        assert len(drawn.head.lines) + (grid.above + grid.rows if grid is not None else 0) <= height
        assert drawn.is_whole == (grid is not None)
        if grid is not None:
            assert len(drawn.head.lines) + grid.height == height
            assert grid.heat_columns * grid.cell_width <= width


@pytest.mark.parametrize("node", ["counts", "hprebn", "logits", "bndiff"])
def test_the_readers_are_whole_before_anything_else_has_room(node: str) -> None:
    shown = replace(shown_at(node), poke=None)
    everything = [line.plain for line in layout(shown, Size(36, 200)).head.lines]
    readers = everything[: max(number for number, line in enumerate(everything) if "↑" in line) + 1]
    for height in HEIGHTS:
        head = layout(shown, Size(36, height)).head
        kept = [line.plain for line in head.lines]
        assert kept[: len(readers)] == readers[: len(kept)]
        assert head.hidden == len(everything) - len(kept)


def test_what_a_nudge_did_has_room_before_all_else() -> None:
    for width in WIDTHS:
        for height in HEIGHTS:
            text = " ".join(line.plain.strip() for line in layout(shown_at("counts"), Size(width, height)).head.lines)
            assert "counts[0, 0] +0.001 → loss -2.1e-05; your gradient says -2.1e-05" in text


def test_the_larger_the_pane_the_more_of_the_values_it_shows() -> None:
    grids = [layout(shown_at("counts"), Size(width, 38)).grid for width in WIDTHS]
    columns = [grid.columns for grid in grids if grid is not None]
    assert columns == sorted(columns)
    assert columns[-1] > 10
    assert all(grid.heat_columns for grid in grids if grid is not None)
