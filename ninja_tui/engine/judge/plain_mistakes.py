"""Mistakes that two tensors show by themselves: a gradient that was computed, and autograd's.

The sentences are those that the other mistakes use as well. ``mistake_in`` needs nothing else: no record of how a
gradient was computed, and no second set of numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from ninja_tui.engine.judge.compare import CLOSE, broadcasts, farthest, index_of, largest_entry
from ninja_tui.engine.judge.factors import Numbers, factor_name
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import axes_told, factor_of, multiple_of, reduced_axes, subsets, summed_to
from ninja_tui.engine.protocol.verdict import Kind

NOTHING = 1e-12
"""An entry below this share of the largest one is 0 up to float64's rounding."""
ROUNDING = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 3e-2, torch.bfloat16: 0.1}
"""By dtype the share of the largest entry by which rounding alone may set two gradients apart."""
TINY = 1e-6
"""Where no entry is larger, a gradient may be 0 up to float32's rounding, and its entries say nothing."""
MARKED = 10.0
"""A difference that is no known mistake is told where it is so many times what rounding explains."""
LARGEST_FACTOR = 4096
"""A whole number up to here may be a size that the graph does not show, as that of a minibatch."""


def mistake_in(
    name: str, actual: torch.Tensor, reference: torch.Tensor, shapes: Iterable[torch.Size]
) -> Finding | None:
    """What is wrong with ``actual`` as the gradient of ``name``, which is ``reference``; None where nothing is.

    Nothing is wrong with what is off by rounding. ``shapes`` are those of the graph, of which factors are made.
    """
    close = ROUNDING.get(reference.dtype)
    if close is None or actual.is_complex():
        return None
    if actual.dtype != reference.dtype:
        return wrong_dtype(actual.dtype, reference.dtype)
    entry = not_finite(reference, actual)
    if entry is not None:
        return entry
    actual, expected = actual.detach().double(), reference.detach().double()
    top = largest_entry(expected)
    if top <= max(TINY, TINY * largest_entry(actual)):
        return _beside_nothing(name, actual, expected, close, shapes)
    if actual.shape != expected.shape:
        return _other_shape(name, actual, expected, close)
    gap = largest_entry(actual - expected)
    if gap <= close * top:
        return None
    if largest_entry(actual) <= TINY * top:
        return Finding(Kind.MISSING_PATH, "every entry is 0 up to rounding, so no path is in it")
    return (
        _multiple(actual, expected, close, shapes)
        or _turned(actual, expected, close)
        or _summed_and_spread(name, actual, expected, close)
        or _off(actual, expected, close)
    )


def _beside_nothing(
    name: str, actual: torch.Tensor, expected: torch.Tensor, close: float, shapes: Iterable[torch.Size]
) -> Finding | None:
    """What can be told where autograd's gradient may be 0 up to rounding: a shape, and that far more is there.

    What is a multiple of it in every entry is no matter of rounding.
    """
    if actual.shape != expected.shape:
        return belongs_elsewhere(name, actual, expected)
    if largest_entry(actual) <= MARKED * MARKED * TINY:
        return None
    multiple = _multiple(actual, expected, close, shapes) if expected.numel() > 1 else None
    if multiple is not None:
        return multiple
    top = largest_entry(expected)
    if top == 0.0:
        return Finding(Kind.UNKNOWN, "autograd's gradient is 0, and this is not")
    return Finding(Kind.UNKNOWN, f"autograd's gradient is far smaller (up to {top:.1e}), and may be 0 but for rounding")


def _other_shape(name: str, actual: torch.Tensor, expected: torch.Tensor, close: float) -> Finding:
    found = same_numbers(actual, expected, close) or _each_right(actual, expected, close)
    if found is not None:
        return found
    summed = summed_to(actual, expected)
    if summed is not None and summed.numel() < actual.numel():
        factor = factor_of(summed, expected, close)
        # any constant is a multiple of another: only the sum itself counts then
        if factor is not None and (abs(factor) == 1.0 or not is_constant(expected, close)):
            return not_summed(name, actual, expected)
    return _summed_and_spread(name, actual, expected, close) or belongs_elsewhere(name, actual, expected)


def _each_right(actual: torch.Tensor, expected: torch.Tensor, close: float) -> Finding | None:
    """The right numbers, but for broadcasting: one for all entries that are alike, or all of them again and again."""
    if not broadcasts(tuple(actual.shape), tuple(expected.shape)):
        return None
    if largest_entry(actual - expected) > close * largest_entry(expected):
        return None
    sizes = f"{tuple(actual.shape)} for {tuple(expected.shape)}"
    return Finding(Kind.SHAPE, f"each number is right, the shape is not: {sizes}")


def is_constant(tensor: torch.Tensor, close: float) -> bool:
    """Whether all entries are alike, up to the share ``close`` of the largest one."""
    return largest_entry(tensor - tensor.reshape(-1)[0]) <= close * largest_entry(tensor)


def _multiple(
    actual: torch.Tensor, expected: torch.Tensor, close: float, shapes: Iterable[torch.Size]
) -> Finding | None:
    """Off by one factor. Between single numbers there is one always: it counts if it has a name."""
    factor = multiple_of(actual, expected, close)
    if factor is None or factor == 1.0:
        return None
    sizes = {size for shape in shapes for size in shape}
    sizes |= {math.prod(shape[: axis + 1]) for shape in shapes for axis in range(len(shape))}
    alone = expected.numel() == 1
    if not alone:
        sizes |= _whole(factor)
    named = factor_name(factor, Numbers(None, frozenset(sizes), frozenset(sizes)), close / 10)
    if alone and factor != -1.0 and named is None:
        return None
    return off_by_factor(factor, named, expected)


def _whole(factor: float) -> set[int]:
    """The whole number that a factor, or one over it, is."""
    size = max(abs(factor), 1 / abs(factor))
    return {round(size)} if size <= LARGEST_FACTOR and math.isclose(size, round(size), rel_tol=1e-5) else set()


def _turned(actual: torch.Tensor, expected: torch.Tensor, close: float) -> Finding | None:
    """A square gradient that lies on its side."""
    if actual.dim() < 2 or expected.numel() == 1 or actual.mT.shape != expected.shape:
        return None
    if factor_of(actual.mT, expected, close) is None:
        return None
    return Finding(Kind.TRANSPOSED, "the transpose of it is meant")


def _summed_and_spread(name: str, actual: torch.Tensor, expected: torch.Tensor, close: float) -> Finding | None:
    """Summed over axes along which the tensor was not broadcast."""
    for axes in subsets(expected.dim()):
        if not axes or any(expected.shape[axis] == 1 for axis in axes):
            continue
        told = summed_over(actual, expected, axes, expected.shape, close)
        if told is not None:
            return axes_off(name, told, set(axes), set())
    return None


def _off(actual: torch.Tensor, expected: torch.Tensor, close: float) -> Finding | None:
    gap = (actual - expected).abs()
    top = largest_entry(expected)
    if largest_entry(gap) <= MARKED * close * top:
        return None
    return Finding(Kind.UNKNOWN, entries_off(gap, gap > close * top))


def same_numbers(actual: torch.Tensor, expected: torch.Tensor, close: float = CLOSE) -> Finding | None:
    """The right numbers, transposed or in another shape than the tensor's."""
    sizes = f"{tuple(actual.shape)} for {tuple(expected.shape)}"
    if actual.dim() == 2 and actual.T.shape == expected.shape and factor_of(actual.T, expected, close) is not None:
        return Finding(Kind.TRANSPOSED, f"the transpose of it is meant: {sizes}")
    if actual.numel() == expected.numel() and factor_of(actual.reshape(expected.shape), expected, close) == 1.0:
        return Finding(Kind.SHAPE, f"the numbers are right, the shape is not: {sizes}")
    return None


def belongs_elsewhere(name: str, actual: torch.Tensor, expected: torch.Tensor) -> Finding:
    """A shape that is another tensor's."""
    shapes = f"{tuple(actual.shape)}; `{name}` is {tuple(expected.shape)}"
    return Finding(Kind.SHAPE, f"a gradient has its tensor's shape, and this is {shapes}")


def not_summed(name: str, actual: torch.Tensor, expected: torch.Tensor) -> Finding:
    """What was broadcast on the way forward, and is not summed on the way backward."""
    return Finding(
        Kind.NOT_SUMMED,
        f"not summed over {axes_told(reduced_axes(actual, expected))}: "
        f"`{name}` {tuple(expected.shape)} was broadcast there, and this is {tuple(actual.shape)}",
    )


def axes_off(name: str, summed: str, axes: set[int], wants: set[int]) -> Finding:
    """``summed``, or averaged, over ``axes``, where it ``wants`` others."""
    extra, lacking, right = axes - wants, wants - axes, axes & wants
    if lacking:
        done = f"{summed} over {axes_told(axes)}; " if axes else f"not {summed}: "
        return Finding(Kind.NOT_SUMMED, f"{done}`{name}` was broadcast along {axes_told(wants)}")
    also = f" as well: {axes_told(right)} {'is' if len(right) == 1 else 'are'} right" if right else ""
    return Finding(Kind.OVER_SUMMED, f"{summed} too far: over {axes_told(extra)}{also}")


def summed_over(
    actual: torch.Tensor, source: torch.Tensor, axes: tuple[int, ...], shape: torch.Size, close: float = CLOSE
) -> str | None:
    """``summed`` or ``averaged`` if ``actual`` is this sum up to a factor, as it is or spread over ``shape`` again."""
    total = source.sum(axes, keepdim=True)
    if largest_entry(total) <= close * largest_entry(source):
        return None  # any constant is a multiple of what is left of rounding
    factor = None
    if actual.numel() == total.numel() and actual.squeeze().shape == total.squeeze().shape:
        factor = factor_of(actual.squeeze(), total.squeeze(), close)
    elif actual.shape == shape:
        spread = _spread(total, actual.shape) or _spread(source.sum(axes), actual.shape)
        factor = None if spread is None else factor_of(actual, spread[0], close)
    if factor is None:
        return None
    count = math.prod(source.shape[axis] for axis in axes)
    averaged = math.isclose(factor * count, 1.0, rel_tol=close)
    if is_constant(total, close) and not averaged and not math.isclose(factor, 1.0, rel_tol=close):
        return None  # any constant is a multiple of another
    return "averaged" if averaged else "summed"


def _spread(total: torch.Tensor, shape: torch.Size) -> tuple[torch.Tensor] | None:
    try:
        return (total.expand(shape),)
    except RuntimeError:
        return None


def entries(wrong: torch.Tensor) -> tuple[str, str]:
    """``every entry`` or ``3 of 8 entries``, and the verb that follows."""
    count, total = int(wrong.sum().item()), wrong.numel()
    if total == 1:
        return "it", "is"
    if count == total:
        return "every entry", "is"
    return f"{count} of {total} entries", "is" if count == 1 else "are"


def nonzero(tensor: torch.Tensor) -> torch.Tensor:
    """Where a tensor is not 0 up to rounding."""
    return tensor.abs() > NOTHING * largest_entry(tensor)


def off_by_factor(factor: float, named: str | None, expected: torch.Tensor, what: str = "", where: str = "") -> Finding:
    """Off by one factor, which is not 1; ``what`` is, by default all entries of ``expected`` that are not 0."""
    subject, verb = (what, "is") if what else entries(nonzero(expected))
    rest = "" if what or not subject[0].isdigit() else "; the others are 0"
    if factor == -1.0:
        has = "has" if verb == "is" else "have"
        return Finding(Kind.SIGN, f"{where}{subject} {has} the wrong sign{rest}")
    by = f"by the factor {named}" if named else "by a factor" if what else "by the same factor"
    return Finding(Kind.SCALE, f"{where}{subject} {verb} off {by}{rest}")


def entries_off(gap: torch.Tensor, wrong: torch.Tensor) -> str:
    """How many entries are ``wrong``, and where the largest of the differences ``gap`` is."""
    if gap.numel() == 1:
        return "another number"
    place, count = index_of(farthest(gap), tuple(gap.shape)), int(wrong.sum().item())
    return f"{count} of {gap.numel()} entries {'is' if count == 1 else 'are'} off, farthest the one at {place}"


def wrong_dtype(actual: torch.dtype, expected: torch.dtype) -> Finding:
    """Integers, or float64 where it is float32."""
    return Finding(Kind.WRONG_DTYPE, f"the gradient is {dtype_name(actual)}, its tensor is {dtype_name(expected)}")


def dtype_name(dtype: torch.dtype) -> str:
    """``float32``."""
    return str(dtype).removeprefix("torch.")


def not_finite(reference: torch.Tensor, *gradients: torch.Tensor) -> Finding | None:
    """NaN or infinity in autograd's own gradient, or in one of ``gradients``."""
    if not bool(torch.isfinite(reference).all()):
        where, count = _first_not_finite(reference)
        told = f"autograd's own gradient is not finite here: {count} of {reference.numel()} entries, the first {where}"
        return Finding(Kind.NON_FINITE, f"{told}; nothing can be compared there")
    for gradient in gradients:
        if not bool(torch.isfinite(gradient).all()):
            where, count = _first_not_finite(gradient)
            return Finding(Kind.NON_FINITE, f"entries that are not finite: {count}; the first {where}")
    return None


def _first_not_finite(tensor: torch.Tensor) -> tuple[str, int]:
    """Where the first entry stands that is not finite, with what it is, and how many there are."""
    bad = ~torch.isfinite(tensor)
    first = str(float(tensor[bad][0].item())) if not tensor.is_complex() else "complex"
    place = f" at {torch.nonzero(bad)[0].tolist()}" if tensor.dim() else ""
    return f"is {first}{place}", int(bad.sum().item())
