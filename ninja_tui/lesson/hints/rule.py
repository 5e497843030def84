"""The form of the texts of an operation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """The texts of one operation. ``ends`` are the first hint and the last, the principle and the structure.

    ``fit`` says how the shapes of {x} and {y} hang together.
    """

    name: str
    derivative: str
    ends: tuple[str, str]
    why: str
    notice: str
    fit: str = "own"
