"""``cmp`` as it is imported into a notebook: the lecture's line to the letter, and what it says of a mistake."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ninja_tui import cmp

ROUNDING = "no mistake is seen: rounding may explain the difference"
Network = dict[str, torch.Tensor]


def of_the_lecture(s: str, dt: torch.Tensor, t: torch.Tensor) -> None:
    grad = t.grad
    assert grad is not None
    ex = torch.all(dt == grad).item()
    app = torch.allclose(dt, grad)
    maxdiff = (dt - grad).abs().max().item()
    print(f"{s:15s} | exact: {str(ex):5s} | approximate: {str(app):5s} | maxdiff: {maxdiff}")  # noqa: RUF010 - as it is


def printed(function: Callable[[str, torch.Tensor, torch.Tensor], None], *arguments: object) -> list[str]:
    """What ``cmp``, or the lecture's, prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        function(*arguments)  # type: ignore[arg-type]
    return out.getvalue().split("\n")[:-1]


def told(name: str, dt: object, t: object) -> list[str]:
    """What ``cmp`` says below its line."""
    _, *below = printed(cmp, name, dt, t)
    assert all(line.startswith(f"{'':15s} | ") for line in below)
    return [line[18:] for line in below]


def with_gradient(gradient: torch.Tensor) -> torch.Tensor:
    tensor = torch.zeros_like(gradient, requires_grad=True)
    tensor.grad = gradient
    return tensor


@pytest.fixture(scope="module")
def network() -> Network:
    """A small network after its backward pass. ``middle`` is broadcast; ``bias`` has no effect: its gradient is 0."""
    torch.manual_seed(5)
    points = torch.randn(32, 10)
    weights = torch.randn(10, 6, requires_grad=True)
    bias = torch.randn(6, requires_grad=True)
    square = torch.randn(6, 6, requires_grad=True)
    before = points @ weights + bias
    middle = before.mean(0, keepdim=True)
    centred = before - middle
    hidden = torch.tanh(centred)
    mixed = hidden @ square
    sums = (mixed**2).sum(1, keepdim=True)
    loss = sums.log().mean()
    for tensor in (before, middle, centred, hidden, mixed, sums):
        tensor.retain_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    dmixed = 2 * mixed / sums / 32
    dhidden = dmixed @ square.T
    dcentred = (1 - hidden**2) * dhidden
    return {
        "points": points,
        "weights": weights,
        "bias": bias,
        "square": square,
        "before": before,
        "middle": middle,
        "centred": centred,
        "hidden": hidden,
        "mixed": mixed,
        "sums": sums,
        "loss": loss,
        "dsums": 1 / sums / 32,
        "dmixed": dmixed,
        "dsquare": hidden.T @ dmixed,
        "dhidden": dhidden,
        "dcentred": dcentred,
        "dmiddle": -dcentred.sum(0, keepdim=True),
        "dbefore": dcentred - dcentred.mean(0, keepdim=True),
        "dbias": (dcentred - dcentred.mean(0)).sum(0),
    }


SHAPES = st.sampled_from([(), (1,), (3,), (1, 3), (2, 3), (3, 2), (2, 1), (3, 3), (1, 2, 3)])
NUMBERS = st.one_of(
    st.floats(-4, 4, width=32), st.sampled_from([0.0, 1.0, -1.0, 1e-9, 1e30, math.nan, math.inf, -math.inf])
)
DTYPES = st.sampled_from([torch.float32, torch.float32, torch.float64, torch.float16, torch.bfloat16])


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(SHAPES)
    values = draw(st.lists(NUMBERS, min_size=math.prod(shape), max_size=math.prod(shape)))
    return torch.tensor(values, dtype=draw(DTYPES)).reshape(shape)


@settings(max_examples=400, deadline=None)
@given(
    gradient=tensors(),
    other=tensors(),
    change=st.sampled_from(["none", "nudge", "other", "negated", "scaled"]),
    name=st.text(max_size=20),
)
def test_the_line_is_the_lectures_to_the_letter(
    gradient: torch.Tensor, other: torch.Tensor, change: str, name: str
) -> None:
    dt = {
        "none": gradient.clone(),
        "nudge": gradient * (1 + 1e-6),
        "other": other,
        "negated": -gradient,
        "scaled": gradient * 3,
    }[change]
    tensor = with_gradient(gradient)
    try:
        expected = printed(of_the_lecture, name, dt, tensor)
    except RuntimeError:
        lines = printed(cmp, name, dt, tensor)
        assert f"{name:15s} | not compared: " in "\n".join(lines)
    else:
        assert printed(cmp, name, dt, tensor)[: len(expected)] == expected


@pytest.mark.parametrize("name", ["sums", "mixed", "hidden", "centred", "middle", "square", "bias", "before"])
@pytest.mark.parametrize("error", [0.0, 1e-9, 3e-8])
def test_a_right_gradient_is_never_accused(network: Network, name: str, error: float) -> None:
    dt = network[f"d{name}"] + error
    if torch.allclose(dt, network[name].grad):  # type: ignore[arg-type]
        assert told(name, dt, network[name]) == []
    else:
        assert told(name, dt, network[name]) == [ROUNDING]


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([1, 2, 5, 30]), scale=st.sampled_from([1e-4, 1.0, 1e4]))
def test_rounding_has_no_kind(seed: int, size: int, scale: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    gradient = torch.randn(size, 4, generator=generator) * scale
    rounded = gradient + (torch.rand(size, 4, generator=generator) - 0.5) * 1e-6 * float(gradient.abs().max())
    assert told("x", rounded, with_gradient(gradient)) in (
        [],
        [ROUNDING],
    )


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10_000), shape=st.sampled_from([(1,), (2,), (5,), (1, 6), (4, 4), (8, 3)]))
def test_what_is_wrong_in_no_known_way_is_not_given_a_kind(seed: int, shape: tuple[int, ...]) -> None:
    generator = torch.Generator().manual_seed(seed)
    gradient, wrong = torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)
    (line,) = told("x", wrong, with_gradient(gradient))
    assert line == "another number" or "entries are off" in line or "entries is off" in line


@pytest.mark.parametrize("size", [1e-9, 3e-8, 5e-7])
def test_a_gradient_that_is_0_up_to_rounding_gets_neither_sign_nor_factor(size: float) -> None:
    rounding = torch.tensor([1.0, -2.0, 1.5]) * size
    tensor = with_gradient(rounding)
    for dt in (-rounding, rounding * 32, torch.zeros(3), rounding.flip(0)):
        assert [line for line in told("b1", dt, tensor) if line != ROUNDING] == []
    told_of_it = f"autograd's gradient is far smaller (up to {2 * size:.1e}), and may be 0 but for rounding"
    assert told("b1", torch.ones(3), tensor) == [told_of_it]


def test_a_gradient_of_zeros_alone_is_told_as_such() -> None:
    assert told("x", torch.ones(2, 3), with_gradient(torch.zeros(2, 3))) == [
        "autograd's gradient is 0, and this is not"
    ]


@pytest.mark.parametrize("entries", [300_000, 4_194_304])
def test_a_gradient_that_is_small_by_itself_has_its_factor(entries: int) -> None:
    gradient = torch.randn(6, 4, generator=torch.Generator().manual_seed(11)) / entries
    assert told("x", gradient * entries, with_gradient(gradient))[0].startswith("scale: every entry is off by the ")
    assert told("x", gradient * -entries, with_gradient(gradient))[0].startswith("scale: every entry is off by the ")


ALIKE: dict[str, tuple[torch.Tensor, torch.Tensor, str]] = {
    "one number for all": (
        torch.full((3, 4), 1 / 12),
        torch.tensor(1 / 12),
        "shape: each number is right, the shape is not: () for (3, 4)",
    ),
    "one row for all": (
        torch.full((3, 4), 1 / 12),
        torch.full((4,), 1 / 12),
        "shape: each number is right, the shape is not: (4,) for (3, 4)",
    ),
    "the sum in each row": (
        torch.tensor([[2.0, -1.0, 0.5]]),
        torch.tensor([[2.0, -1.0, 0.5]]).repeat(5, 1),
        "shape: each number is right, the shape is not: (5, 3) for (1, 3)",
    ),
    "ones for a loss": (
        torch.tensor(1.0),
        torch.ones(7),
        "shape: each number is right, the shape is not: (7,) for ()",
    ),
    "another multiple": (
        torch.full((4,), 0.5),
        torch.full((6, 4), 0.25),
        "shape: a gradient has its tensor's shape, and this is (6, 4); `x` is (4,)",
    ),
    "not summed": (
        torch.full((4,), 3.0),
        torch.full((6, 4), 0.5),
        "not-summed: not summed over axis 0: `x` (4,) was broadcast there, and this is (6, 4)",
    ),
}


@pytest.mark.parametrize("case", ALIKE)
def test_of_a_gradient_whose_entries_are_alike_only_what_is_certain_is_told(case: str) -> None:
    gradient, dt, sentence = ALIKE[case]
    assert told("x", dt, with_gradient(gradient)) == [sentence]


Wrong = Callable[[Network], torch.Tensor]
MISTAKES: dict[str, tuple[str, Wrong, str]] = {
    "sign": ("sums", lambda n: -n["dsums"], "sign: every entry has the wrong sign"),
    "size of a minibatch": ("sums", lambda n: n["dsums"] * 32, "scale: every entry is off by the factor 32"),
    "size behind the loss": ("square", lambda n: n["dsquare"] * 32, "scale: every entry is off by the factor 32"),
    "n - 1 for n": ("before", lambda n: n["dbefore"] * 31 / 32, "scale: every entry is off by the factor (32-1)/32"),
    "two": ("mixed", lambda n: n["dmixed"] * 2, "scale: every entry is off by the factor 2"),
    "no size": ("mixed", lambda n: n["dmixed"] * 0.7137, "scale: every entry is off by the same factor"),
    "transposed": ("mixed", lambda n: n["dmixed"].T, "transposed: the transpose of it is meant: (6, 32) for (32, 6)"),
    "square": ("square", lambda n: n["dsquare"].T, "transposed: the transpose of it is meant"),
    "not summed": (
        "middle",
        lambda n: -n["dcentred"],
        "not-summed: not summed over axis 0: `middle` (1, 6) was broadcast there, and this is (32, 6)",
    ),
    "keepdim": ("middle", lambda n: n["dmiddle"][0], "shape: the numbers are right, the shape is not: (6,) for (1, 6)"),
    "summed": ("hidden", lambda n: n["dhidden"].sum(0, keepdim=True), "over-summed: summed too far: over axis 0"),
    "averaged": ("hidden", lambda n: n["dhidden"].mean(0, keepdim=True), "over-summed: averaged too far: over axis 0"),
    "of another": (
        "middle",
        lambda n: n["dsquare"],
        "shape: a gradient has its tensor's shape, and this is (6, 6); `middle` is (1, 6)",
    ),
    "zeros": ("hidden", lambda n: n["dhidden"] * 0, "missing-path: every entry is 0 up to rounding, so no path"),
    "nan": ("middle", lambda n: n["dmiddle"] / 0, "non-finite: entries that are not finite: 6; the first is"),
    "float64": ("hidden", lambda n: n["dhidden"].double(), "wrong-dtype: the gradient is float64, its tensor is"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(network: Network, mistake: str) -> None:
    node, wrong, sentence = MISTAKES[mistake]
    lines = told(node, wrong(network).detach(), network[node])
    assert lines[-1].startswith(sentence)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1)])
@pytest.mark.parametrize("factor", [31.0, 31**0.5, 0.618])
def test_a_single_number_is_neither_transposed_nor_so_many_of_one(shape: tuple[int, ...], factor: float) -> None:
    gradient = torch.full(shape, 0.37)
    assert told("x", gradient * factor, with_gradient(gradient)) == ["another number"]


def test_another_shape_is_always_told(network: Network) -> None:
    assert told("hidden", network["dhidden"].sum(0), network["hidden"])[0] == "shape (6,), and its tensor is (32, 6)"


def test_shapes_that_do_not_broadcast_are_told_in_a_line(network: Network) -> None:
    line = printed(cmp, "mixed", torch.zeros(5), network["mixed"])[0]
    assert line == "mixed           | not compared: the shapes do not broadcast: (5,) and (32, 6)"


def test_a_tensor_without_a_gradient_says_what_to_do(network: Network) -> None:
    assert "call t.retain_grad() on it before loss.backward()" in printed(cmp, "x", torch.ones(()), network["loss"])[0]
    assert "does not require a gradient" in printed(cmp, "x", network["points"], network["points"])[0]
    fresh = torch.zeros(2, requires_grad=True)
    assert "call loss.backward() first" in printed(cmp, "x", torch.zeros(2), fresh)[0]


def _frozen() -> object:
    tensor = with_gradient(torch.tensor([1.0, -3.0]))
    return tensor.requires_grad_(False)


def _not_retained() -> object:
    tensor = torch.ones(2, requires_grad=True) * 2
    tensor.grad = torch.tensor([1.0, -3.0])
    return tensor


class _OwnTensor:
    """A tensor of one's own engine."""

    grad = torch.tensor([1.0, -3.0])


@pytest.mark.filterwarnings("ignore:The .grad attribute")
@pytest.mark.parametrize("make", [_frozen, _not_retained, _OwnTensor])
def test_whatever_holds_a_gradient_is_compared(make: Callable[[], object]) -> None:
    dt, holder = torch.tensor([1.0, 3.0]), make()
    assert printed(cmp, "x", dt, holder)[:1] == printed(of_the_lecture, "x", dt, holder)


def test_tensors_that_cannot_be_looked_into_are_told_in_a_line() -> None:
    table = torch.nn.Embedding(5, 2, sparse=True)
    table(torch.tensor([1, 1, 3])).sum().backward()
    sparse = table.weight.grad
    assert sparse is not None
    for dt in (sparse, sparse.to_dense()):
        assert printed(cmp, "x", dt, table.weight) == [
            "x               | not compared: a sparse gradient is not compared: give both as dense tensors"
        ]
    nowhere = with_gradient(torch.zeros(2, device="meta"))
    (line,) = printed(cmp, "x", torch.zeros(2, device="meta"), nowhere)
    assert line.startswith("x               | not compared: ")


def test_what_is_no_tensor_is_told_in_a_line(network: Network) -> None:
    assert "is to be a gradient, and is None" in printed(cmp, "x", None, network["hidden"])[0]
    assert "is to be the tensor itself, and is of the type str" in printed(cmp, "x", network["dhidden"], "hidden")[0]


def test_a_tensor_without_retain_grad_brings_no_warning(network: Network, recwarn: pytest.WarningsRecorder) -> None:
    printed(cmp, "loss", torch.ones(()), network["loss"])
    assert len(recwarn) == 0
