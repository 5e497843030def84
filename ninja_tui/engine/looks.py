"""The looks at an answer: the same code, run where other values and other upstream gradients stand.

No PyTorch here: the names are shared by both sides.
"""

from __future__ import annotations

import enum


class Look(enum.StrEnum):
    """One run of a person's code."""

    SINGLE = "single"
    """In float32, with the person's own gradients where they pass: what the notebook's ``cmp`` sees."""
    LOCAL = "local"
    """In float64, with the reference in the place of every gradient whose answer is complete."""
    CHAINED = "chained"
    """In float64, with the person's own gradients throughout: what training would see."""
    UNIVERSE = "universe"
    """As LOCAL, with other parameters and another minibatch: catches numbers typed in."""
    RANDOM = "random"
    """As UNIVERSE, with a random tensor in the place of every upstream gradient: judges the formula."""
    VACUOUS = "vacuous"
    """As UNIVERSE, with random tensors for the gradients that are 0 up to rounding."""


BASES = {
    Look.SINGLE: "float32",
    Look.LOCAL: "float64",
    Look.CHAINED: "float64",
    Look.UNIVERSE: "universe",
    Look.RANDOM: "universe",
    Look.VACUOUS: "universe",
}
"""Whose values a look runs on: the tape in either precision, or the other universe's (in float64)."""

FIRST = (Look.SINGLE, Look.LOCAL)
"""What a person typing is shown first."""
REST = (Look.UNIVERSE, Look.RANDOM, Look.VACUOUS)
"""What decides beside LOCAL."""


def dtype_of(base: str) -> str:
    """The precision of a base."""
    return "float32" if base == "float32" else "float64"
