"""``assert_gradients`` on ``autograd.Function``s: their own backward is judged, wherever they run."""

from __future__ import annotations

import warnings
from typing import Any

import numpy
import pytest
import torch
from torch.autograd.function import once_differentiable

from ninja_tui.testing import GradientWarning, assert_gradients

T = torch.Tensor
FUTURE = torch.ones(4, 4).triu(1) > 0


class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        s = torch.sigmoid(x)
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        x, s = ctx.saved_tensors
        return grad * (s + x * s * (1 - s))


class WrongSwish(Swish):
    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        x, s = ctx.saved_tensors
        return grad * (s - x * s * (1 - s))


class Linear(torch.autograd.Function):
    """With its context set up apart, and a bias that autograd is left to sum."""

    @staticmethod
    def forward(x: T, w: T, b: T) -> T:
        return x @ w + b

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[T, ...], output: T) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: T) -> Any:
        x, w, _ = ctx.saved_tensors
        dx = grad @ w.T if ctx.needs_input_grad[0] else None
        dw = x.T @ grad if ctx.needs_input_grad[1] else None
        db = grad if ctx.needs_input_grad[2] else None
        return dx, dw, db


class SwappedLinear(Linear):
    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        x, w, _ = ctx.saved_tensors
        dw = x.T @ grad
        dx = grad @ w.T
        return dw, dx, grad.sum(0)


class TransposedLinear(Linear):
    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        x, w, _ = ctx.saved_tensors
        return grad @ w.T, grad.T @ x, grad.sum(0)


class Clip(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        ctx.save_for_backward(x)
        return x.clamp(max=1)

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad


class Masked(torch.autograd.Function):
    """Of a tensor that it closes over."""

    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        return x.masked_fill(FUTURE, 0.0)

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad.tril()


class StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        return x.round()

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad


class DoublesInPlace(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad * 2


class BackwardInNumPy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        ctx.x = x
        return x.sin()

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return torch.from_numpy(grad.numpy() * numpy.cos(ctx.x.detach().numpy()))


class ForwardInNumPy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        ctx.x = x
        return torch.from_numpy(numpy.sin(x.detach().numpy()))

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad * ctx.x.cos()


class Short(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T, w: T) -> T:
        return x * w

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad


class Raising(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: T) -> T:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: T) -> Any:
        return grad.view(7)


swish: Any = Swish.apply
wrong_swish: Any = WrongSwish.apply
doubles_in_place: Any = DoublesInPlace.apply
"""As people take them at import."""


def failure(function: Any, *inputs: Any, **given: Any) -> str:
    with pytest.raises(AssertionError) as told:
        assert_gradients(function, *inputs, **given)
    return str(told.value)


def passes(function: Any, *inputs: Any, **given: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_gradients(function, *inputs, **given)


def linear_inputs() -> tuple[T, T, T]:
    return torch.randn(4, 4), torch.randn(4, 4), torch.randn(4)


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (Swish, (torch.randn(3, 4),)),
        (swish, (torch.randn(3, 4),)),
        (Swish, (torch.randn(3, 4, dtype=torch.float64, requires_grad=True),)),
        (lambda x: swish(x) * 2, (torch.randn(3, 4),)),
        (Masked, (torch.randn(4, 4),)),
        (DoublesInPlace, (torch.randn(3),)),
        (lambda x: doubles_in_place(x.clone()), (torch.randn(3),)),
    ],
)
def test_a_right_one_passes(function: Any, inputs: tuple[T, ...]) -> None:
    passes(function, *inputs)


def test_a_wrong_one_fails_with_its_line() -> None:
    told = failure(WrongSwish, torch.randn(3, 4)).splitlines()
    assert told[0] == "WrongSwish.backward: the gradient is wrong"
    assert told[1].startswith("✗ x (3, 4)  sign  maxdiff ")
    assert "test_own_functions.py:" in told[1]
    assert told[2].strip() == "return grad * (s - x * s * (1 - s))"


@pytest.mark.parametrize("function", [lambda x: wrong_swish(x) * 2, lambda x: wrong_swish(x).sum()])
def test_a_wrong_one_inside_a_function_fails(function: Any) -> None:
    assert "✗ WrongSwish.backward → x (3, 4)  sign" in failure(function, torch.randn(3, 4))


def test_of_a_module_each_function_that_runs_is_judged() -> None:
    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(4, 3)

        def forward(self, x: T) -> Any:
            return wrong_swish(self.layer(x)).sum() + swish(x).sum()

    told = failure(Model(), torch.randn(2, 4))
    assert "Model: 1 of 2 gradients is wrong" in told
    assert "✗ WrongSwish.backward → x (2, 3)" in told
    assert "✓ Swish.backward → x (2, 4)" in told


def test_a_wrong_one_is_no_reference_for_a_backward_by_hand() -> None:
    def right(upstream: T, x: T) -> T:
        s = x.sigmoid()
        return upstream * (s + x * s * (1 - s))

    def as_wrong(upstream: T, x: T) -> T:
        s = x.sigmoid()
        return upstream * (s - x * s * (1 - s))

    passes(wrong_swish, torch.randn(3, 4), backward=right)
    passes(WrongSwish, torch.randn(3, 4), backward=right)
    assert "✗ x (3, 4)  sign" in failure(wrong_swish, torch.randn(3, 4), backward=as_wrong)


def test_what_autograd_sums_is_right_and_told() -> None:
    with pytest.warns(GradientWarning, match=r"Linear.backward: b: right once it is summed"):
        assert_gradients(Linear, *linear_inputs())
    assert "✗ b (4,)" in failure(Linear, *linear_inputs(), strict=True)


def test_swapped_gradients_are_told() -> None:
    told = failure(SwappedLinear, *linear_inputs())
    assert "that is the gradient of `w`: backward returns them in forward's order" in told
    assert "dw = x.T @ grad" in told
    assert "✓ b (4,)" in told


def test_a_shape_that_autograd_refuses_is_told() -> None:
    told = failure(TransposedLinear, torch.randn(3, 4), torch.randn(4, 2), torch.randn(2))
    assert "✗ w (4, 2)  shape" in told
    assert "shape (2, 4) for an input of shape (4, 2): autograd refuses it" in told


def test_a_kink_that_the_inputs_do_not_reach_is_judged() -> None:
    assert "✗ x (3,)  mask" in failure(Clip, torch.zeros(3))


def test_a_straight_through_estimator_passes_with_a_word() -> None:
    with pytest.warns(GradientWarning, match="a surrogate gradient: not the derivative of its forward"):
        assert_gradients(StraightThrough, torch.randn(3))
    assert "a surrogate gradient" in failure(StraightThrough, torch.randn(3), strict=True)


def test_a_backward_in_numpy_is_judged_on_numbers() -> None:
    with pytest.warns(GradientWarning, match="judged on numbers alone"):
        assert_gradients(BackwardInNumPy, torch.randn(3))


def test_numbers_that_are_only_printed_are_no_matter() -> None:
    class Cube(torch.autograd.Function):
        factor = 3

        @staticmethod
        def forward(ctx: Any, x: T) -> T:
            ctx.save_for_backward(x)
            print(x.abs().max().item(), x)
            return x**3

        @staticmethod
        def backward(ctx: Any, grad: T) -> Any:
            (x,) = ctx.saved_tensors
            print(float(grad.norm()))
            return grad * Cube.factor * x**2

    assert_gradients(Cube, torch.randn(4, 3), strict=True)
    Cube.factor = 2
    with pytest.raises(AssertionError, match="scale"):
        assert_gradients(Cube, torch.randn(4, 3))


def test_a_forward_in_numpy_is_not_judged() -> None:
    told = failure(ForwardInNumPy, torch.randn(3))
    assert "could not be judged: its forward takes numbers out of PyTorch" in told


def test_too_few_gradients_are_told() -> None:
    told = failure(Short, torch.randn(3), torch.randn(3))
    assert "returns 1 gradient for the 2 arguments of `forward`" in told


def test_what_a_backward_raises_comes_through() -> None:
    with pytest.raises(RuntimeError, match="invalid for input of size 3") as raised:
        assert_gradients(Raising, torch.randn(3))
    assert raised.traceback[-1].name == "backward"


def test_a_function_without_a_backward_is_refused() -> None:
    class Forward(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: T) -> T:
            return x * 2

    with pytest.raises((TypeError, NotImplementedError), match="backward"):
        assert_gradients(Forward, torch.randn(3))
