"""The columns of a verdict are, to the bit, what the notebook's ``cmp`` computes."""

from __future__ import annotations

import math

import pytest
import torch

from ninja_tui.engine.judge.compare import columns

ONE = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
PAIRS = {
    "equal": (ONE, ONE.clone()),
    "near": (ONE, ONE + 1e-9),
    "close": (ONE, ONE * (1 + 1e-6)),
    "far": (ONE, ONE + 1),
    "row": (ONE[:1], ONE[:1].reshape(2)),
    "broadcast": (ONE, torch.ones(2)),
    "infinite": (torch.tensor([1.0, math.inf]), torch.tensor([1.0, math.inf])),
    "nan": (torch.tensor([1.0, math.nan]), torch.tensor([1.0, math.nan])),
    "empty": (torch.zeros(0), torch.zeros(0)),
    "complex": (ONE.to(torch.complex64), ONE.to(torch.complex64)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_columns_are_those_of_cmp(name: str) -> None:
    dt, gradient = PAIRS[name]
    found = columns(dt, gradient)
    assert found.exact is bool(torch.all(dt == gradient))
    assert found.approximate is torch.allclose(dt, gradient)
    expected = (dt - gradient).abs().max().item() if dt.numel() else 0.0
    assert found.maxdiff == expected or (math.isnan(expected) and math.isnan(found.maxdiff or 0.0))


def test_another_dtype_is_exact_and_not_close_as_allclose_raises() -> None:
    found = columns(ONE.double(), ONE)
    assert (found.exact, found.approximate, found.maxdiff) == (True, False, 0.0)


def test_shapes_that_do_not_broadcast_have_no_difference() -> None:
    found = columns(ONE, torch.ones(3))
    assert (found.exact, found.approximate, found.maxdiff) == (False, False, None)
