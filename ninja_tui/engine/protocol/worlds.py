"""The worlds in which an answer is tried: other values of the lesson's tensors, and other upstream gradients."""

from __future__ import annotations

import enum


class World(enum.StrEnum):
    """A kind of trial."""

    FLOAT32 = "float32"
    """In float32, as the code runs, with the person's own gradients where they pass: what ``cmp`` sees."""
    LOCAL = "local"
    """In float64, with the reference in the place of every gradient whose answer is complete."""
    CHAINED = "chained"
    """In float64, with the person's own gradients throughout: what training would see."""
    FRESH = "fresh"
    """As LOCAL, with other parameters and another minibatch: catches numbers typed in."""
    RANDOM = "random"
    """As FRESH, with random tensors added to the upstream gradients: judges the formula."""
    ALONE = "alone"
    """As RANDOM, where one path at a time is heard and the others are silent."""
    SCALED = "scaled"
    """As FRESH, of a multiple of the loss, with the other sign: gradients are linear in what flows in."""
    VACUOUS = "vacuous"
    """As FRESH, with random tensors for the gradients that are 0 up to rounding."""
