"""Compares a person's gradient with autograd's: what the notebook's ``cmp`` prints, and the verdict."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch

LARGEST_BROADCAST = 1 << 26
"""Elements; a comparison that would broadcast to more is a wrong shape, not a comparison."""


@dataclass(frozen=True)
class Columns:
    """The notebook's ``cmp``: ``maxdiff`` is None where the shapes do not broadcast."""

    exact: bool
    approximate: bool
    maxdiff: float | None


def broadcasts(shape: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Whether ``cmp`` would compare them at all."""
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
        close = torch.allclose(dt, gradient)
    except RuntimeError:
        close = False
    try:
        difference = (dt - gradient).abs()
    except RuntimeError:
        return Columns(exact=False, approximate=False, maxdiff=None)
    maxdiff = difference.max().item() if difference.numel() else 0.0
    return Columns(bool(torch.all(dt == gradient)), close, float(maxdiff))


def relative_difference(dt: torch.Tensor, gradient: torch.Tensor, scale: float) -> float:
    """The largest difference (after broadcasting) over ``scale``; infinite where nothing can be compared."""
    if not broadcasts(tuple(dt.shape), tuple(gradient.shape)):
        return math.inf
    try:
        difference = (dt.double() - gradient.double()).abs()
    except RuntimeError:
        return math.inf
    largest = float(difference.max().item()) if difference.numel() else 0.0
    if largest == 0.0:
        return 0.0
    return largest / scale if scale else math.inf


def largest_entry(tensor: torch.Tensor) -> float:
    """The largest absolute value; 0 for an empty tensor."""
    return float(tensor.abs().max().item()) if tensor.numel() else 0.0
