"""The worlds of an answer: the same code, run where other values and other upstream gradients stand."""

from __future__ import annotations

import enum


class Values(enum.StrEnum):
    """The values of the lesson's tensors that code runs on."""

    FLOAT32 = "float32"
    FLOAT64 = "float64"
    FRESH = "fresh"
    """Other parameters and another minibatch, in float64."""

    @property
    def dtype(self) -> str:
        """``float32`` or ``float64``."""
        return "float32" if self is Values.FLOAT32 else "float64"


class World(enum.StrEnum):
    """One run of a person's code."""

    FLOAT32 = "float32"
    """In float32, with the person's own gradients where they pass: what the notebook's ``cmp`` sees."""
    LOCAL = "local"
    """In float64, with the reference in the place of every gradient whose answer is complete."""
    CHAINED = "chained"
    """In float64, with the person's own gradients throughout: what training would see."""
    FRESH = "fresh"
    """As LOCAL, with other parameters and another minibatch: catches numbers typed in."""
    RANDOM = "random"
    """As FRESH, with a random tensor in the place of every upstream gradient: judges the formula."""
    ALONE = "alone"
    """As RANDOM, where one path at a time is heard and the others are silent."""
    VACUOUS = "vacuous"
    """As FRESH, with random tensors for the gradients that are 0 up to rounding."""

    @property
    def values(self) -> Values:
        """The values that it runs on."""
        return _VALUES[self]

    @property
    def dtype(self) -> str:
        """``float32`` or ``float64``."""
        return _VALUES[self].dtype


_VALUES = {
    World.FLOAT32: Values.FLOAT32,
    World.LOCAL: Values.FLOAT64,
    World.CHAINED: Values.FLOAT64,
    World.FRESH: Values.FRESH,
    World.RANDOM: Values.FRESH,
    World.ALONE: Values.FRESH,
    World.VACUOUS: Values.FRESH,
}

FIRST = (World.FLOAT32, World.LOCAL)
"""What a person typing is shown first."""
DECIDING = (World.FRESH, World.RANDOM, World.VACUOUS)
"""What decides beside LOCAL."""
