"""Heatmaps of differences: for a page, and for a terminal."""

from __future__ import annotations

import itertools
import math
from xml.etree import ElementTree

import pytest
import torch

from ninja_tui.engine.judge.heatmap import difference_of
from ninja_tui.engine.protocol.difference import Cells, Difference, bounds
from ninja_tui.engine.protocol.views import WorstElement
from ninja_tui.report.heatmap import MOST_TITLES, caption, heatmap_html, heatmap_lines

SVG = "{http://www.w3.org/2000/svg}"


def difference(
    cells: Cells,
    shape: tuple[int, ...],
    worst: tuple[int, ...],
    size: float = 0.5,
    table: tuple[int, int] | None = None,
) -> Difference:
    return Difference(shape, table or (len(cells), len(cells[0])), cells, 0.5, WorstElement(worst, size))


def svg(found: Difference) -> ElementTree.Element:
    """The picture, which is well-formed."""
    figure = ElementTree.fromstring(heatmap_html(found))
    assert figure.tag == "figure"
    return figure[0]


def titles(found: Difference) -> list[str]:
    return [title.text or "" for title in svg(found).iter(f"{SVG}title")]


SMALL = difference(((0.0, -1.0), (0.25, None)), (2, 2), (1, 1), math.inf)


def test_every_cell_that_is_off_is_drawn_with_its_number_and_the_others_are_the_ground() -> None:
    assert titles(SMALL)[1:] == ["[0, 1]: -5.00e-01", "[1, 0]: +1.25e-01", "[1, 1]: not finite"]
    kinds = [rect.get("class") for rect in svg(SMALL).iter(f"{SVG}rect")]
    assert kinds == ["b", "a", "x"]


def test_a_stronger_cell_has_more_of_its_colour() -> None:
    strengths = [rect.get("fill-opacity", "1") for rect in svg(SMALL).iter(f"{SVG}rect")]
    assert strengths == ["1", "0.5", "1"]


def test_the_caption_tells_how_far_off_it_is_at_most_and_where() -> None:
    assert caption(SMALL) == "largest difference not finite, at [1, 1] of (2, 2)"
    assert caption(difference(((1.0,),), (), ())) == "largest difference 5.00e-01"
    assert "at [1, 1] of (2, 2)" in heatmap_html(SMALL)


def test_a_large_one_has_a_title_a_row_and_one_rectangle_for_cells_that_look_alike() -> None:
    columns = 40
    row = (*(1.0,) * 10, *(0.0,) * 20, *(-1.0,) * 10)
    large = difference((row,) * 20, (80, columns), (0, 0), table=(80, columns))
    assert len(row) * 20 > MOST_TITLES
    picture = svg(large)
    groups = picture.findall(f"{SVG}g")
    assert len(groups) == 20
    assert [each.get("width") for each in groups[0].iter(f"{SVG}rect")] == ["10", "10"]
    assert titles(large)[2] == "[4–7, :]: -5.00e-01 to +5.00e-01"
    assert "a cell is the largest of 4 × 1 entries" in heatmap_html(large)


def test_rows_of_more_dimensions_have_their_whole_index() -> None:
    cells = tuple((0.0, 1.0) for _ in range(6))
    assert titles(difference(cells, (2, 3, 2), (0, 0, 1)))[1:3] == ["[0, 0, 1]: +5.00e-01", "[0, 1, 1]: +5.00e-01"]


def test_a_column_is_drawn_as_one_row_and_told_by_its_own_index() -> None:
    assert titles(difference(((1.0, 0.0, -1.0),), (3, 1), (0, 0)))[1:] == ["[0, 0]: +5.00e-01", "[2, 0]: -5.00e-01"]


def test_in_a_terminal_signs_stand_for_colours() -> None:
    assert heatmap_lines(SMALL)[:2] == ["·━", "+!"]
    assert heatmap_lines(SMALL)[2].endswith("! not finite")


def legend(found: Difference) -> list[str]:
    """What the colours of the picture mean."""
    figure = ElementTree.fromstring(heatmap_html(found))
    return ["".join(each.itertext()) for each in figure.findall("figcaption/span/span")]


@pytest.mark.parametrize(
    ("gradient", "colours", "signs"),
    [
        ([math.nan, math.nan], ["not finite"], "! not finite"),
        ([math.inf, -math.inf], ["not finite"], "! not finite"),
        ([2.0, math.nan], ["equal", "not finite"], "! not finite"),
        ([2.5, math.inf], ["below autograd’s", "equal", "above, up to 5.00e-01", "not finite"],
         "─━ below autograd's, +╋ above, ! not finite"),
        ([-1.0, 2.0], ["below autograd’s", "equal", "above, up to 3.00e+00"], "─━ below autograd's, +╋ above"),
    ],
)  # fmt: skip
def test_only_what_there_is_to_see_is_explained(gradient: list[float], colours: list[str], signs: str) -> None:
    found = difference_of(torch.tensor([gradient]), torch.full((1, 2), 2.0))
    assert found is not None
    assert legend(found) == colours
    assert heatmap_lines(found)[-1].partition("; ")[2] == signs


def test_a_terminal_gets_few_lines_and_none_of_what_is_off_is_lost() -> None:
    cells = tuple(tuple(1.0 if (y, x) == (31, 63) else 0.0 for x in range(64)) for y in range(32))
    lines = heatmap_lines(difference(cells, (32, 64), (31, 63)), rows=4, columns=8)
    assert [*map(len, lines[:4])] == [8] * 4
    assert lines[3] == "·······╋"
    assert all(set(line) == {"·"} for line in lines[:3])


def test_blocks_cover_every_entry() -> None:
    for size in (1, 5, 32, 33, 63, 64, 65, 1000):
        blocks = bounds(size, 32)
        assert len(blocks) == min(size, 32)
        assert blocks[0][0] == 0
        assert blocks[-1][1] == size
        assert all(before[1] >= after[0] for before, after in itertools.pairwise(blocks))
