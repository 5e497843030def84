"""Names for the factor by which a gradient is off, and the powers of operands that may stand in its way."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

import torch

EXPONENTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
FAR_EXPONENTS = (-6.0, -4.0, -3.0, -1.5, 1.5, 3.0, 4.0, 6.0)
"""Tried for one operand alone."""
MOST_OPERANDS = 5
PLAIN = {2.0: "2", 0.5: "1/2"}
"""The factors that are likelier to be just that than a size less one."""


def factor_name(factor: float, sizes: Collection[int], count: int | None) -> str:
    """``1/n``, ``(n-1)/n``, ``64`` or the plain number. ``count`` is the lesson's own ``n``, if it has one."""
    sign = "-" if factor < 0 else ""
    size = abs(factor)
    for value, text in PLAIN.items():
        if math.isclose(size, value, rel_tol=1e-6) and value not in (count, 1 / (count or 1)):
            return sign + text
    ordered = sorted(set(sizes) | ({count} if count else set()), key=lambda each: (each != count, each))
    for each in ordered:
        if each is None or each < 2:
            continue
        name = f"n = {each}" if each == count and not sign else str(each)
        short = "n" if each == count else str(each)
        candidates = {
            float(each): name,
            1 / each: f"1/{short}",
            each - 1.0: f"{short}-1",
            1 / (each - 1): f"1/({short}-1)",
            (each - 1) / each: f"({short}-1)/{short}",
            each / (each - 1): f"{short}/({short}-1)",
        }
        for value, text in candidates.items():
            if value not in (1.0,) and math.isclose(size, value, rel_tol=1e-6):
                return sign + text
    return f"{factor:.6g}"


def powers(operands: Mapping[str, torch.Tensor], shape: torch.Size) -> Iterator[tuple[tuple[str, ...], torch.Tensor]]:
    """Powers of one operand, and products of powers of two, in a shape that can be broadcast to ``shape``."""
    fitting = {name: tensor for name, tensor in list(operands.items())[:MOST_OPERANDS] if _fits(tensor, shape)}
    single: list[tuple[str, torch.Tensor]] = []
    for name, tensor in fitting.items():
        for exponent in (*EXPONENTS, *FAR_EXPONENTS):
            if exponent != round(exponent) and bool((tensor <= 0).any()):
                continue
            raised = tensor**exponent
            if bool(torch.isfinite(raised).all()):
                yield (name,), raised
                if exponent in EXPONENTS:
                    single.append((name, raised))
    for first, (one, left) in enumerate(single):
        for other, right in single[first + 1 :]:
            if other != one:
                yield (one, other), left * right


def _fits(tensor: torch.Tensor, shape: torch.Size) -> bool:
    try:
        return tensor.expand(shape).shape == shape
    except RuntimeError:
        return False
