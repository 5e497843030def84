"""The gradient in what running code gave, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.answering import Outcome
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.protocol.verdict import Status

SCALARS = ("bool", "int", "float")


@dataclass(frozen=True)
class Gradient:
    """A gradient in one world; where there is no ``tensor``, ``error`` says why, and ``status`` what that means."""

    tensor: TensorData | None
    status: Status = Status.ERROR
    error: str = ""


def gradient_in(outcome: Outcome, name: str, shape: tuple[int, ...]) -> Gradient:
    """The gradient called ``name``, of a node of that ``shape``."""
    if outcome.error:
        return Gradient(None, error=outcome.error)
    bound = (outcome.gradients or {}).get(name)
    if bound is None or not bound.kind:
        return Gradient(None, error=f"the answer does not bind {name}")
    if bound.tensor is None or (bound.kind in SCALARS and shape != ()):
        return Gradient(None, error=f"{name} is a {bound.kind}, not a tensor of shape {shape}")
    return Gradient(bound.tensor)
