"""What ``assert_gradients`` takes and what a backward may return; what it says where it cannot judge."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from ninja_tui.testing import assert_gradients
from tests.testing.asserted import failure, passes, warned

T = torch.Tensor
Function = Callable[..., Any]


def double(x: T) -> T:
    return x * 2


# what is asked for


def test_gradients_are_those_of_inputs_that_require_one() -> None:
    x, w = torch.randn(3), torch.randn(3, requires_grad=True)
    passes(lambda x, w: x * w, x, w, backward=lambda u, x, w: u * x)


def test_or_of_all_floating_point_ones_where_none_does() -> None:
    x, w = torch.randn(3), torch.randn(3)
    passes(lambda x, w: x * w, x, w, backward=lambda u, x, w: (u * w, u * x))
    told = failure(lambda x, w: x * w, x, w, backward=lambda u, x, w: u * w)
    assert told == "backward returns 1 gradient, and there are 2 to judge: x, w"


def test_what_is_returned_for_an_input_that_requires_none_is_judged_all_the_same() -> None:
    x, w = torch.randn(3), torch.randn(3, requires_grad=True)
    passes(lambda x, w: x * w, x, w, backward=lambda u, x, w: (None, u * x))
    assert "✗ x (3,)  sign" in failure(lambda x, w: x * w, x, w, backward=lambda u, x, w: (-u * w, u * x))


def test_whole_numbers_need_no_gradient_and_get_none() -> None:
    given = torch.randn(4, 3), torch.tensor([0, 2])
    passes(lambda x, rows: x[rows], *given, backward=lambda u, x, rows: torch.zeros_like(x).index_add(0, rows, u))
    passes(
        lambda x, rows: x[rows], *given, backward=lambda u, x, rows: (torch.zeros_like(x).index_add(0, rows, u), None)
    )
    told = failure(lambda x, n: x * n, torch.randn(2), torch.tensor([1, 2]), backward=lambda u, x, n: (u * n, u * x))
    assert "it is int64 and has no gradient: return None for it" in told


def test_arguments_that_are_no_tensors_go_through() -> None:
    passes(lambda x, n, flag: x**n if flag else x, torch.rand(3), 3, True, backward=lambda u, x, n, flag: u * n * x**2)
    passes(
        lambda x, n, flag: x**n if flag else x,
        torch.rand(3), 3, True, backward=lambda u, x, n, flag: (u * n * x**2, None, None),
    )  # fmt: skip
    passes(
        lambda x, *, by: x / by, torch.randn(3), kwargs={"by": torch.tensor([2.0, 3.0, 4.0])},
        backward=lambda u, x, *, by: (u / by, -u * x / by**2),
    )  # fmt: skip


def test_tensors_in_lists_and_dicts() -> None:
    passes(lambda xs: xs[0] * xs[1], [torch.randn(3), torch.randn(3)], backward=lambda u, xs: [u * xs[1], u * xs[0]])
    passes(
        lambda layer: layer["x"] * layer["w"], {"x": torch.randn(3), "w": torch.randn(3)},
        backward=lambda u, layer: (u * layer["w"], u * layer["x"]),
    )  # fmt: skip


def test_a_tensor_that_is_given_twice_is_two() -> None:
    x = torch.randn(3)
    passes(torch.mul, x, x, backward=lambda u, a, b: (u * b, u * a))
    assert "✗ b (3,)  sign" in failure(torch.mul, x, x, backward=lambda u, a, b: (u * b, -u * a))


def test_upstream_has_the_structure_of_the_output() -> None:
    x = torch.randn(3)
    passes(lambda x: {"a": x * 2, "b": x.sin()}, x, backward=lambda u, x: u["a"] * 2 + u["b"] * x.cos())
    passes(lambda x: x.max(0), x, backward=lambda u, x: torch.zeros_like(x).index_put((x.argmax(),), u.values))
    told = failure(lambda x: {"a": x * 2, "b": x.sin()}, x, backward=lambda u, x: u["a"] * 2)
    assert "missing: the one through `output['b']`" in told


def test_a_backward_may_take_the_output() -> None:
    passes(torch.sigmoid, torch.randn(3), backward=lambda upstream, x, output: upstream * output * (1 - output))


def test_a_backward_may_read_what_forward_kept() -> None:
    class Dropout:
        def forward(self, x: T) -> T:
            self.mask = (torch.rand(x.shape) > 0.3).to(x.dtype) / 0.7
            return x * self.mask

        def backward(self, upstream: T, x: T) -> T:
            return upstream * self.mask

    layer = Dropout()
    passes(layer.forward, torch.randn(4, 5), backward=layer.backward)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_whether_gradients_are_on_is_no_matter(mode: Callable[[], AbstractContextManager[None]]) -> None:
    with mode():
        passes(torch.sin, torch.randn(3), backward=lambda u, input: u * input.cos())
        assert "sign" in failure(torch.sin, torch.randn(3), backward=lambda u, input: -u * input.cos())


def test_random_generators_stay_as_they_are() -> None:
    state = torch.random.get_rng_state()
    passes(F.dropout, torch.randn(3), backward=lambda u, input, output: u * (output != 0) * 2)
    torch.random.set_rng_state(state)
    drawn = torch.rand(3)
    torch.random.set_rng_state(state)
    x = torch.rand(3)
    assert torch.equal(x, drawn)
    torch.random.set_rng_state(state)
    assert_gradients(F.dropout, torch.ones(3), backward=lambda u, input, output: u * (output != 0) * 2)
    assert torch.equal(torch.rand(3), drawn)


# what cannot be judged is said


@pytest.mark.parametrize(
    ("function", "x", "reason"),
    [
        (torch.log, -torch.ones(3), "output is nan in 3 of 3 entries"),
        (torch.argmax, torch.randn(3), "there is no gradient"),
        (lambda x: torch.from_numpy(numpy.sin(x.detach().numpy())), torch.randn(3), "there is no gradient"),
        (lambda x: torch.fft.fft(x).abs(), torch.randn(4), "computes with complex numbers"),
        (lambda x: 3.0, torch.randn(3), "returns no tensor"),
    ],
)
def test_a_function_without_a_gradient_is_not_judged(function: Function, x: T, reason: str) -> None:
    told = failure(function, x, backward=lambda u, x: u)
    assert "could not be judged" in told
    assert reason in told


def test_a_part_that_leaves_pytorch_is_not_judged() -> None:
    def function(x: T, w: T) -> T:
        return torch.from_numpy(numpy.sin(x.detach().numpy())) * w

    told = failure(function, torch.randn(3), torch.randn(3), backward=lambda u, x, w: (u * x.cos() * w, u * x.sin()))
    assert "✓ w (3,)" in told
    assert "could not be judged: on the way to what is returned it leaves PyTorch" in told


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ((3.0,), "needs a floating-point tensor"),
        ((torch.tensor([1, 2]),), "needs a floating-point tensor"),
        ((torch.zeros(3, dtype=torch.complex64),), "`x` is complex"),
        ((torch.zeros(3, device="meta"),), "`x` is on meta"),
        ((torch.eye(3).to_sparse(),), "`x` is sparse"),
    ],
)
def test_inputs_that_cannot_be_judged_are_refused(inputs: tuple[Any, ...], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        assert_gradients(double, *inputs, backward=lambda u, x: u * 2)


def test_a_backward_that_takes_other_arguments_is_told_what_it_is_given() -> None:
    with pytest.raises(
        TypeError, match=r"called with the upstream gradient and the inputs, as backward\(upstream, x\)"
    ):
        assert_gradients(double, torch.randn(3), backward=lambda u: u * 2)


def test_without_a_backward_there_is_nothing_to_judge() -> None:
    with pytest.raises(
        TypeError, match=r"`double` runs no torch\.autograd\.Function that has one; give yours with backward="
    ):
        assert_gradients(double, torch.randn(3))
    with pytest.raises(TypeError, match="backward= takes a function"):
        assert_gradients(double, torch.randn(3), backward=torch.randn(3))  # type: ignore[arg-type]


@pytest.mark.parametrize(("returned", "words"), [(2.0, "no tensor but 2.0, a float"), (numpy.ones(3), "a ndarray")])
def test_what_is_no_tensor_is_no_gradient(returned: object, words: str) -> None:
    assert words in failure(double, torch.randn(3), backward=lambda u, x: returned)


def test_an_error_of_ones_own_code_comes_through_with_its_own_places_alone() -> None:
    def backward(upstream: T, x: T) -> T:
        return upstream.view(7)

    with pytest.raises(RuntimeError, match="invalid for input of size 3") as raised:
        assert_gradients(double, torch.randn(3), backward=backward)
    files = {str(each.path) for each in raised.traceback}
    assert files - {__file__} == {str(each.path) for each in raised.traceback if each.name == "assert_gradients"}


# zeros


def test_none_is_a_gradient_of_0() -> None:
    passes(torch.round, torch.randn(3), backward=lambda u, x: None)
    passes(lambda x, y: x * 2, torch.randn(3), torch.randn(3), backward=lambda u, x, y: (u * 2, None))
    passes(lambda x: x.detach() * x, torch.randn(3), backward=lambda u, x: u * x)


def test_what_nothing_depends_on_has_a_gradient_of_0() -> None:
    told = failure(lambda x, y: x * 2, torch.randn(3), torch.randn(3), backward=lambda u, x, y: (u * 2, u))
    assert "✗ y (3,)  extra-path" in told
    assert "nothing that is returned depends on it" in told


def test_a_surrogate_gradient_is_told_as_such() -> None:
    told = failure(torch.round, torch.randn(3), backward=lambda u, x: u)
    assert "derivative is 0 wherever it has one: what is returned is a surrogate" in told


# numbers that are not finite, other dtypes


def test_entries_that_are_infinite_have_no_gradient() -> None:
    future = torch.ones(4, 4).triu(1) > 0
    passes(lambda x: x.masked_fill(future, -torch.inf), torch.randn(4, 4), backward=lambda u, x: u.tril())
    told = failure(lambda x: x.masked_fill(future, -torch.inf), torch.randn(4, 4), backward=lambda u, x: u)
    assert "✗ x (4, 4)  mask" in told


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_each_dtype_is_judged_in_its_own(dtype: torch.dtype) -> None:
    x, w = torch.randn(3, 4).to(dtype), torch.randn(4, 2).to(dtype)
    passes(torch.matmul, x, w, backward=lambda u, x, w: (u @ w.T, x.T @ u))
    assert "sign" in failure(torch.matmul, x, w, backward=lambda u, x, w: (-u @ w.T, x.T @ u))
    told = failure(torch.matmul, x, w, backward=lambda u, x, w: (u @ w.T, (x.T @ u).int()))
    assert "✗ w (4, 2)  wrong-dtype" in told


def test_a_numerically_unstable_backward_fails_in_float32() -> None:
    x = torch.tensor([[1000.0, 0.0], [3.0, 200.0]])

    def backward(upstream: T, x: T) -> T:
        p = x.exp() / x.exp().sum(1, keepdim=True)
        return p * (upstream - (upstream * p).sum(1, keepdim=True))

    assert "non-finite" in failure(lambda x: x.softmax(1), x, backward=backward)


def test_inputs_without_entries_pass() -> None:
    passes(double, torch.zeros(0, 3), backward=lambda u, x: u * 2)


# what leaves PyTorch


def test_where_python_chooses_the_function_is_run_again_on_other_inputs() -> None:
    def function(x: T) -> T:
        return x * 2 if x.sum() > 0 else x * 3

    passes(function, torch.ones(3), backward=lambda u, x: u * 2 if x.sum() > 0 else u * 3)
    assert "scale" in failure(function, torch.ones(3), backward=lambda u, x: u * 2)


def test_a_branch_that_is_never_taken_is_warned_of() -> None:
    def function(x: T) -> T:
        return x * 2 if x.shape[0] and (x * x >= 0).all() else x * 3

    (told,) = warned(function, torch.ones(3), backward=lambda u, x: u * 2)
    assert told == "backward: x: an `if` takes the same branch on all numbers tried: the other one is not judged"
    (told,) = warned(lambda x: (x * x).relu(), torch.ones(3), backward=lambda u, x: u * 2 * x)
    assert "one branch of what reads it is never taken" in told
    assert "never taken" in failure(
        lambda x: (x * x).relu(), torch.ones(3), backward=lambda u, x: u * 2 * x, strict=True
    )


def test_numbers_that_become_pythons_are_constants() -> None:
    passes(lambda x: x / x.abs().max().item(), torch.randn(3), backward=lambda u, x: u / x.abs().max())
    told = failure(lambda x: x / x.abs().max().item(), torch.randn(3), backward=lambda u, x: u * x.abs().max())
    assert "scale" in told


def test_a_backward_in_numpy_is_judged_on_numbers() -> None:
    def backward(upstream: T, x: T, sign: float = 1.0) -> T:
        return torch.from_numpy(sign * upstream.numpy() * numpy.cos(x.detach().numpy()))

    (told,) = warned(torch.sin, torch.randn(4), backward=backward)
    assert "judged on numbers alone" in told
    assert "sign" in failure(torch.sin, torch.randn(4), backward=lambda u, x: backward(u, x, -1.0))


def test_a_function_that_raises_on_other_inputs_is_judged_on_these_and_that_is_told() -> None:
    def function(x: T) -> T:
        if x[0] != 0.25:
            raise ValueError("for this number only")
        return x * x

    (told,) = warned(function, torch.tensor([0.25, 3.0]), backward=lambda u, x: u * 2 * x)
    assert "judged on these inputs alone" in told


def test_a_backward_that_raises_where_the_function_does_not_is_wrong() -> None:
    def backward(upstream: T, x: T) -> T:
        if x.sum() > 0:
            return upstream * 2
        raise NotImplementedError("the other branch")

    with pytest.raises(NotImplementedError, match="the other branch") as raised:
        assert_gradients(lambda x: x * 2 if x.sum() > 0 else x * 3, torch.ones(3), backward=backward)
    assert "other inputs, which the function itself takes" in raised.value.__notes__[0]


def test_a_change_in_place_of_what_is_given_is_warned_of() -> None:
    def backward(upstream: T, x: T) -> T:
        return upstream.mul_(2)

    assert warned(double, torch.randn(3), backward=backward) == ["backward changes in place what it is given: upstream"]


def test_autograd_inside_a_backward_is_warned_of() -> None:
    def backward(upstream: T, x: T) -> T:
        with torch.enable_grad():
            z = x.detach().requires_grad_()
            return torch.autograd.grad(z.sin(), z, upstream)[0]

    (told,) = warned(torch.sin, torch.randn(3), backward=backward)
    assert "right, and not by hand" in told


@pytest.mark.parametrize("start", [-7.0, 3.0, 8.5])
def test_a_number_is_judged_below_between_and_beyond_two_limits(start: float) -> None:
    passes(F.relu6, torch.tensor(start), backward=lambda u, x: u * ((x > 0) & (x < 6)))
    for wrong in (lambda u, x: -u * ((x > 0) & (x < 6)), lambda u, x: u * (x > 0), lambda u, x: u * (x < 6)):
        assert "✗ x ()" in failure(F.relu6, torch.tensor(start), backward=wrong).replace("input", "x")


# for all shapes


@st.composite
def broadcast(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Two shapes that broadcast to one."""
    whole: list[int] = draw(st.lists(st.integers(1, 3), max_size=3))
    shapes = []
    for _ in range(2):
        kept: int = draw(st.integers(0, len(whole)))
        shapes.append(tuple(draw(st.sampled_from([1, size])) for size in whole[kept:]))
    return shapes[0], shapes[1]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(broadcast(), st.integers(0, 5))
def test_a_product_of_all_shapes_passes_summed_and_fails_with_a_sign(
    shapes: tuple[tuple[int, ...], tuple[int, ...]], seed: int
) -> None:
    one, other = (torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for shape in shapes)

    def backward(upstream: T, a: T, b: T) -> tuple[T, T]:
        return (upstream * b).sum_to_size(a.shape), (upstream * a).sum_to_size(b.shape)

    passes(torch.mul, one, other, backward=backward, seed=seed)
    told = failure(torch.mul, one, other, backward=lambda u, a, b: (backward(u, a, b)[0], -backward(u, a, b)[1]))
    assert "✓ a" in told
    assert "✗ b" in told
