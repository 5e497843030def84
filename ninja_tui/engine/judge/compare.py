"""Compares two tensors: as the notebook's ``cmp`` does, up to rounding, and by how much they differ."""

from __future__ import annotations

import itertools
import math

import torch

from ninja_tui.engine.protocol.judging import Columns

CLOSE = 1e-7
"""Two gradients are the same if no entry differs by more than this share of the largest."""
UNSTABLE = 0.02
"""Share of the largest entry; float32 that is farther off float64 than this has lost its digits."""
ALIKE = 1e-4
"""Share of the largest; entries of a difference that are so near it count as the same: rounding decides their order."""
LARGEST_BROADCAST = 1 << 26
"""Elements; a comparison that would broadcast to more is a wrong shape, not a comparison."""


def broadcasts(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether ``cmp`` would compare them at all."""
    if shape == expected:
        return math.prod(shape) <= LARGEST_BROADCAST
    sizes = list(itertools.zip_longest(reversed(shape), reversed(expected), fillvalue=1))
    fits = all(one in (1, other) or other == 1 for one, other in sizes)
    return fits and math.prod(max(pair) for pair in sizes) <= LARGEST_BROADCAST


def columns(dt: torch.Tensor, gradient: torch.Tensor) -> Columns:
    """``torch.all(dt == t.grad)``, ``torch.allclose(dt, t.grad)`` and ``(dt - t.grad).abs().max()``, to the bit.

    Where one of them raises, as ``allclose`` does for two dtypes, it counts as False.
    """
    if not broadcasts(tuple(dt.shape), tuple(gradient.shape)):
        return Columns(exact=False, approximate=False, maxdiff=None)
    try:
        difference = (dt - gradient).abs()
    except RuntimeError:
        return Columns(exact=False, approximate=False, maxdiff=None)
    maxdiff = difference.max().item() if difference.numel() else 0.0
    exact = bool(torch.all(dt == gradient))
    try:
        close = (exact and dt.dtype == gradient.dtype) or torch.allclose(dt, gradient)
    except RuntimeError:
        close = False
    return Columns(exact, close, float(maxdiff))


def largest_entry(tensor: torch.Tensor) -> float:
    """The largest absolute value; 0 for an empty tensor."""
    return float(tensor.abs().max().item()) if tensor.numel() else 0.0


def farthest(gap: torch.Tensor) -> int:
    """The number, in row-major order, of the largest entry; of those that are alike up to rounding the first."""
    flat = gap.reshape(-1)
    return int((flat >= flat.max() * (1 - ALIKE)).int().argmax().item())


def loses_digits(single: torch.Tensor, double: torch.Tensor) -> bool:
    """Whether a gradient in float32 is not finite, or has nothing to do with the one in float64."""
    return not bool(torch.isfinite(single).all()) or distance(single, double) > UNSTABLE


def same(actual: torch.Tensor, expected: torch.Tensor) -> bool:
    """Whether they are the same, in shape and up to rounding."""
    if actual.shape != expected.shape or actual.is_complex():
        return False
    return bool(largest_entry(actual.double() - expected.double()) <= CLOSE * largest_entry(expected))


def distance(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference, after broadcasting, over the largest expected entry."""
    if actual.is_complex() or not broadcasts(tuple(actual.shape), tuple(expected.shape)):
        return math.inf
    largest = largest_entry(actual.double() - expected.double())
    if largest == 0.0:
        return 0.0
    scale = largest_entry(expected)
    return largest / scale if scale else math.inf


def ulps(actual: torch.Tensor, expected: torch.Tensor) -> int:
    """The largest distance in units in the last place of the gradient's largest entry (float32)."""
    try:
        gap = largest_entry(actual.double() - expected.double())
    except RuntimeError:
        return 0
    top = largest_entry(expected)
    if not math.isfinite(gap) or top == 0.0:
        return 0
    return max(1, round(gap / 2.0 ** (math.frexp(top)[1] - 24)))


def index_of(flat: int, shape: tuple[int, ...]) -> list[int]:
    """The index of the element that is number ``flat`` in row-major order."""
    index: list[int] = []
    for size in reversed(shape):
        flat, part = divmod(flat, size)
        index.insert(0, part)
    return index
