"""Views of tensors, against plain formulas."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from ninja_tui.engine.judge.heatmap import heatmap
from ninja_tui.engine.protocol.views import Frame, Slice, Statistics, TensorSummary, TensorView, View, ViewRequest
from ninja_tui.engine.workers.views import PART, Viewer, summary

FRAME = Frame(row=0, column=0, rows=3, columns=2, heat_rows=4, heat_columns=5)


def statistics(tensor: torch.Tensor) -> Statistics:
    found = summary(tensor).statistics
    assert found is not None
    return found


class Tensors:
    """Tensors by name, and how often they were looked up."""

    def __init__(self, **tensors: torch.Tensor) -> None:
        self.tensors, self.count = tensors, 0

    def find(self, name: str, _: View) -> torch.Tensor | None:
        self.count += 1
        return self.tensors.get(name)


def view_of(tensor: torch.Tensor, *slices: int | Slice, view: View = View.VALUE, frame: Frame = FRAME) -> TensorView:
    return Viewer(Tensors(x=tensor).find).view(ViewRequest("x", view, slices, frame))


@pytest.mark.parametrize("count", [1, 2, 1000, PART + 3])
def test_mean_and_deviation_are_those_of_all_entries(count: int) -> None:
    tensor = torch.randn(count, generator=torch.Generator().manual_seed(1)) * 3 + 100
    shown = statistics(tensor)
    assert shown.mean == pytest.approx(tensor.double().mean().item(), rel=1e-12)
    assert shown.std == pytest.approx(tensor.double().std().item() if count > 1 else 0.0, rel=1e-9)
    assert (shown.minimum, shown.maximum) == (tensor.min().item(), tensor.max().item())


def test_zeros_and_what_is_not_finite_are_counted() -> None:
    shown = summary(torch.tensor([0.0, 0.0, 1.0, 3.0, math.inf, math.nan]))
    assert (shown.zeros, shown.non_finite) == (2 / 6, 2)
    assert shown.statistics is not None
    assert (shown.statistics.mean, shown.statistics.maximum) == (1.0, 3.0)
    nothing_finite = summary(torch.full((3,), math.nan))
    assert (nothing_finite.non_finite, nothing_finite.statistics) == (3, None)
    assert summary(torch.tensor([[True, False]])).zeros == 0.5
    assert statistics(torch.arange(5)).mean == 2.0


@pytest.mark.parametrize("tensor", [torch.zeros(0, 3), torch.ones(2, 2, dtype=torch.complex64)])
def test_empty_and_complex_tensors_have_a_shape_and_no_statistics(tensor: torch.Tensor) -> None:
    dtype = str(tensor.dtype).removeprefix("torch.")
    assert summary(tensor) == TensorSummary(tuple(tensor.shape), dtype)
    assert heatmap(tensor, 4, 4) == ()


@pytest.mark.parametrize("shape", [(50, 70), (24, 60), (7, 200), (3, 3), (129, 61)])
def test_a_cell_of_the_heatmap_is_the_largest_under_it(shape: tuple[int, int]) -> None:
    table = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    size = (min(24, shape[0]), min(60, shape[1]))
    largest = F.adaptive_max_pool2d(table.abs()[None], size)[0]
    shown = torch.tensor(heatmap(table, 24, 60))
    assert torch.allclose(shown.abs(), largest / largest.max())


def test_what_is_not_finite_is_left_out_of_the_heatmap() -> None:
    table = torch.ones(4, 4)
    table[0, 0], table[2:, 2:] = math.nan, -math.inf
    assert heatmap(table, 2, 2) == ((1.0, 1.0), (1.0, None))


def test_a_window_stays_inside_and_has_each_kind_of_element() -> None:
    table = torch.arange(20).reshape(5, 4)
    shown = view_of(table, frame=Frame(9, 1, 3, 2, 4, 5)).window
    assert shown is not None
    assert (shown.row, shown.column, shown.values) == (2, 1, ((9, 10), (13, 14), (17, 18)))
    for tensor, row in (
        (torch.tensor([1.5, -math.inf]), (1.5, -math.inf)),
        (torch.tensor([True, False]), (True, False)),
        (torch.tensor([1 + 2j, 0j]), ("(1+2j)", "0j")),
    ):
        window = view_of(tensor).window
        assert window is not None
        assert window.values == (row,)


def test_slices_index_a_tensor_as_python_does() -> None:
    tensor = torch.arange(2 * 3 * 4).reshape(2, 3, 4)
    shown = view_of(tensor, -1, Slice(0, 2), Slice(None, None, 3))
    assert shown.summary is not None
    assert shown.summary.shape == (2, 2)
    assert shown.window is not None
    assert shown.window.values == ((12, 15), (16, 19))


@pytest.mark.parametrize(
    ("slices", "word"), [((5,), "out of"), ((0, 0, 0, 0), "too many"), ((Slice(None, None, -1),), "step")]
)
def test_slices_that_do_not_fit_are_an_error(slices: tuple[int | Slice, ...], word: str) -> None:
    shown = view_of(torch.zeros(2, 3, 4), *slices)
    assert shown.error is not None
    assert word in shown.error
    assert (shown.summary, shown.window) == (None, None)


def test_only_a_difference_has_a_worst_element() -> None:
    tensor = torch.zeros(3, 2, 2)
    tensor[2, 0, 1] = -5.0
    assert view_of(tensor).worst is None
    worst = view_of(tensor, view=View.DIFFERENCE).worst
    assert worst is not None
    assert (worst.index, worst.size) == ((2, 0, 1), 5.0)
    tensor[1, 1, 0] = math.nan
    worst = view_of(tensor, view=View.DIFFERENCE).worst
    assert worst is not None
    assert (worst.index, worst.size) == ((1, 1, 0), math.inf)
    assert view_of(torch.zeros(2, 2), view=View.DIFFERENCE).worst is None


def test_of_entries_that_are_alike_up_to_rounding_the_first_is_the_worst() -> None:
    tensor = torch.full((4, 3), 0.5)
    tensor[0] = 0.25
    tensor[2, 1] = 0.500001
    worst = view_of(tensor, view=View.DIFFERENCE).worst
    assert worst is not None
    assert worst.index == (1, 0)
    assert worst.size == pytest.approx(0.500001)


@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 1), (1, 6, 1)])
def test_a_vector_is_one_row_whatever_its_axis(shape: tuple[int, ...]) -> None:
    shown = view_of(torch.arange(6).reshape(shape), frame=Frame(0, 1, 1, 4, 4, 6))
    assert shown.window is not None
    assert (shown.window.row, shown.window.column, shown.window.values) == (0, 1, ((1, 2, 3, 4),))
    assert [len(row) for row in shown.heatmap] == [6]
    assert shown.whole == shape


def test_a_sliced_view_knows_the_shape_of_the_whole() -> None:
    shown = view_of(torch.zeros(4, 5), 2)
    assert shown.summary is not None
    assert (shown.summary.shape, shown.whole) == ((5,), (4, 5))


def test_scrolling_looks_no_tensor_up_again_until_one_has_changed() -> None:
    tensors = Tensors(x=torch.arange(12).reshape(4, 3))
    viewer = Viewer(tensors.find)
    rows = []
    for row in (0, 1):
        window = viewer.view(ViewRequest("x", View.VALUE, (), Frame(row, 0, 2, 1, 4, 4))).window
        assert window is not None
        rows.append(window.values)
    assert rows == [((0,), (3,)), ((3,), (6,))]
    assert tensors.count == 1
    tensors.tensors["x"] = torch.zeros(1, 1)
    viewer.invalidate()
    window = viewer.view(ViewRequest("x", View.VALUE, (), Frame(1, 0, 2, 1, 4, 4))).window
    assert window is not None
    assert window.values == ((0.0,),)


def test_a_tensor_that_is_not_there_has_an_empty_view() -> None:
    assert Viewer(Tensors().find).view(ViewRequest("x", View.YOURS, (), FRAME)) == TensorView()
