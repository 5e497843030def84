"""Names for the factor by which a gradient is off, and the powers of operands that may stand in its way."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch

EXPONENTS = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
FAR_EXPONENTS = (-6.0, -4.0, -3.0, -1.5, 1.5, 3.0, 4.0, 6.0)
"""Tried for one operand alone."""
MOST_OPERANDS = 5
PLAIN = {2.0: "2", 0.5: "1/2", 1.5: "3/2", 2 / 3: "2/3"}
"""The factors that are likelier to be just that than a size less one."""
SMALL = {3.0: "3", 4.0: "4", 1 / 3: "1/3", 0.25: "1/4"}
EQUAL = 1e-6


@dataclass(frozen=True)
class Numbers:
    """What a factor may be made of: the lesson's own ``n``, if it has one, and sizes; ``summed`` are those of axes.

    ``scalars`` are single numbers of the network.
    """

    count: int | None
    sizes: frozenset[int]
    summed: frozenset[int]
    scalars: Mapping[str, float] = field(default_factory=dict)


def factor_name(factor: float, numbers: Numbers, equal: float = EQUAL) -> str | None:
    """``1/n``, ``(n-1)/n``, ``64`` or a scalar's name; None for a factor that nobody forgets.

    ``equal`` is the share by which two factors may differ that are the same.
    """
    count = numbers.count
    sign = "-" if factor < 0 else ""
    size = abs(factor)
    for value, text in PLAIN.items():
        if _equal(size, value, equal) and value not in (count, 1 / (count or 1)):
            return sign + text
    own = {count} if count else set[int]()
    ordered = [each for each in sorted(numbers.sizes | own, key=lambda each: (each != count, each)) if each >= 2]
    near = [_size(each, count, sign) for each in ordered]
    less = [_one_less(each, count) for each in ordered if each in numbers.summed | own]
    for table in (*near, SMALL, *less, *(_made_of(each, count) for each in ordered)):
        for value, text in table.items():
            if value != 1.0 and _equal(size, value, equal):
                return sign + text
    named = (scalar_name(factor, name, value) for name, value in numbers.scalars.items())
    return next((each for each in named if each), None)


def _size(each: int, count: int | None, sign: str) -> dict[float, str]:
    """A size, and one over it."""
    short = "n" if each == count else str(each)
    return {float(each): f"n = {each}" if each == count and not sign else str(each), 1 / each: f"1/{short}"}


def _one_less(each: int, count: int | None) -> dict[float, str]:
    """What a variance has to do with the size of the axis along which it is taken."""
    short = "n" if each == count else str(each)
    return {
        each - 1.0: f"{short}-1",
        1 / (each - 1): f"1/({short}-1)",
        (each - 1) / each: f"({short}-1)/{short}",
        each / (each - 1): f"{short}/({short}-1)",
    }


def _made_of(each: int, count: int | None) -> dict[float, str]:
    """What else is made of a size."""
    short = "n" if each == count else str(each)
    return {
        each / 2: f"{short}/2",
        2 / each: f"2/{short}",
        2.0 * each: f"2*{short}",
        1 / (2 * each): f"1/(2*{short})",
        math.sqrt(each): f"the square root of {each}",
        1 / math.sqrt(each): f"1 over the square root of {each}",
    }


def scalar_name(factor: float, name: str, value: float) -> str | None:
    """``1/`alpha`, with `alpha` = 0.5``, where the factor is made of this scalar; None where it is not."""
    if not value or not math.isfinite(value) or _equal(abs(value), 1.0):
        return None
    shown = f"`{name}` = {value:g}"
    made = {value: shown, 1 / value: f"1/`{name}`, with {shown}", value * value: f"`{name}` squared, with {shown}"}
    for each, text in made.items():
        if _equal(factor, each):
            return text
        if _equal(-factor, each):
            return f"-{text}"
    return None


def _equal(one: float, other: float, equal: float = EQUAL) -> bool:
    return math.isclose(one, other, rel_tol=equal)


Powers = dict[str, float]
"""An exponent by tensor."""


def powers(operands: Mapping[str, torch.Tensor], shape: torch.Size) -> Iterator[tuple[Powers, torch.Tensor]]:
    """Powers of one operand, in a shape that can be broadcast to ``shape``."""
    for name, tensor in list(operands.items())[:MOST_OPERANDS]:
        if not _fits(tensor, shape):
            continue
        for exponent in (*EXPONENTS, *FAR_EXPONENTS):
            if exponent != round(exponent) and bool((tensor <= 0).any()):
                continue
            raised = tensor**exponent
            if bool(torch.isfinite(raised).all()):
                yield {name: exponent}, raised


def products(operands: Mapping[str, torch.Tensor], shape: torch.Size) -> Iterator[tuple[Powers, torch.Tensor]]:
    """Products of powers of two operands."""
    single = [(power, raised) for power, raised in powers(operands, shape) if set(power.values()) <= set(EXPONENTS)]
    for first, (one, left) in enumerate(single):
        for other, right in single[first + 1 :]:
            if other.keys() != one.keys():
                yield one | other, left * right


def _fits(tensor: torch.Tensor, shape: torch.Size) -> bool:
    try:
        return tensor.expand(shape).shape == shape
    except RuntimeError:
        return False
