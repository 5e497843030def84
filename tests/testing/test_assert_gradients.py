"""``assert_gradients`` on functions with a backward by hand: right ones pass, and of wrong ones it tells the kind."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from ninja_tui.testing import assert_gradients
from tests.testing.backwards import CASES, Case, Wrong

ROW = re.compile(r"^✗ (\S+) \(.*?\)  (\S+)", re.MULTILINE)
WRONG = [
    pytest.param(case, wrong, id=f"{name}-{label}")
    for name, case in CASES.items()
    for label, wrong in case.wrong.items()
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """A warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_right_backward_passes(case: Case) -> None:
    assert_gradients(case.function, *case.inputs(), backward=case.right, strict=True)


@pytest.mark.parametrize(("case", "wrong"), WRONG)
def test_a_wrong_one_fails_and_input_and_kind_are_told(case: Case, wrong: Wrong) -> None:
    with pytest.raises(AssertionError) as told:
        assert_gradients(case.function, *case.inputs(), backward=wrong.backward)
    assert dict(ROW.findall(str(told.value))) == {name: str(kind) for name, kind in wrong.kinds.items()}, told.value


@pytest.mark.parametrize("case", [case for case in CASES.values() if case.smooth])
def test_what_gradcheck_passes_passes(case: Case) -> None:
    class ByHand(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Any) -> Any:
            ctx.inputs = inputs
            return case.function(*inputs)

        @staticmethod
        def backward(ctx: Any, *upstream: torch.Tensor) -> Any:
            given = upstream if len(upstream) > 1 else upstream[0]
            gradients = case.right(given, *ctx.inputs)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            return (*gradients, *[None] * (len(ctx.inputs) - len(gradients)))

    inputs = [each.double().requires_grad_() if each.is_floating_point() else each for each in case.inputs()]
    if any(each.requires_grad for each in case.inputs()):
        inputs = [each.double().detach().requires_grad_(each.requires_grad) for each in case.inputs()]
    assert torch.autograd.gradcheck(ByHand.apply, inputs)
    assert_gradients(case.function, *inputs, backward=case.right, strict=True)


@pytest.mark.parametrize("shape", [(1,), (4, 1), (2, 3, 1)])
def test_of_a_layer_norm_over_one_entry_only_the_bias_has_a_gradient(shape: tuple[int, ...]) -> None:
    """What autograd gives for the others is rounding, times 1 / sqrt(eps)."""
    function = CASES["layer norm"].function

    def right(upstream: torch.Tensor, x: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor) -> Any:
        return torch.zeros_like(x), torch.zeros_like(gain), upstream.sum_to_size(bias.shape)

    def passed_on(upstream: torch.Tensor, x: torch.Tensor, gain: torch.Tensor, bias: torch.Tensor) -> Any:
        return upstream * gain, torch.zeros_like(gain), upstream.sum_to_size(bias.shape)

    inputs = [torch.randn(size, generator=torch.Generator().manual_seed(0)) for size in (shape, (1,), (1,))]
    assert_gradients(function, *inputs, backward=right, strict=True)
    with pytest.raises(AssertionError, match="1 of 3 gradients is wrong\n✗ x "):
        assert_gradients(function, *inputs, backward=passed_on)
