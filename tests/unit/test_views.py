"""What is shown of a tensor, against plain formulas; and what does not grow with a lesson."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from ninja_tui.engine.workers.views import PART, heatmap, summary


@pytest.mark.parametrize("count", [1, 2, 1000, PART + 3])
def test_mean_and_deviation_are_those_of_all_entries(count: int) -> None:
    tensor = torch.randn(count, generator=torch.Generator().manual_seed(1)) * 3 + 100
    told = summary(tensor)
    assert told["mean"] == pytest.approx(tensor.double().mean().item(), rel=1e-12)
    assert told["std"] == pytest.approx(tensor.double().std().item() if count > 1 else 0.0, rel=1e-9)
    assert (told["min"], told["max"]) == (tensor.min().item(), tensor.max().item())


def test_zeros_and_what_is_not_finite_are_counted() -> None:
    told = summary(torch.tensor([0.0, 0.0, 1.0, 3.0, math.inf, math.nan]))
    assert (told["zeros"], told["non_finite"], told["mean"], told["max"]) == (2 / 6, 2, 1.0, 3.0)
    assert summary(torch.full((3,), math.nan))["non_finite"] == 3
    assert summary(torch.tensor([[True, False]]))["zeros"] == 0.5
    assert summary(torch.arange(5))["mean"] == 2.0


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
    assert heatmap(table, 2, 2) == [[1.0, 1.0], [1.0, None]]
