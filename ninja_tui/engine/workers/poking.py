"""Nudges one element of a forward pass, and sees the loss move."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge.network import Network
from ninja_tui.engine.protocol.views import Poke
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.replay import RAISED, Replay

SHARE = 1e-3
"""Of the element: so far it is nudged, or less."""


def poked(network: Network, number: Number, index: tuple[int, ...], gradient: torch.Tensor | None) -> Poke:
    """What a nudge of the element at ``index`` of a value does to the loss; ``gradient`` predicts it."""
    home = network.home()
    if number not in home.values:
        return Poke(refusal="the loss is not computed from it")
    value = home.value(number)
    if not value.is_floating_point():
        dtype = str(value.dtype).removeprefix("torch.")
        return Poke(refusal=f"it is {dtype}: only floating-point numbers can be nudged")
    if len(index) != value.dim() or any(not 0 <= at < size for at, size in zip(index, value.shape, strict=True)):
        return Poke(refusal=f"it has no element {list(index)}")
    step = nudge(value, index)
    raised = value.clone()
    raised[index] += step
    replay = Replay(network.record, network.losses, frozenset({number}))
    try:
        before, after = (sum(replay.run({number: each})[loss] for loss in network.losses) for each in (value, raised))
    except RAISED as error:
        return Poke(refusal=f"the loss cannot be computed again: {error}")
    fits = gradient is not None and gradient.shape == value.shape and not gradient.is_complex()
    predicted = step * float(gradient[index].item()) if gradient is not None and fits else None
    return Poke(step, float(after) - float(before), predicted)


def nudge(value: torch.Tensor, index: tuple[int, ...]) -> float:
    """A power of ten, at most 0.001 and at most that share of the element; of the largest one where it is 0."""
    size = abs(float(value[index].item())) or float(value.abs().max().item())
    if not size or not math.isfinite(size):
        return SHARE
    return float(10.0 ** math.floor(math.log10(SHARE * min(1.0, size)) + 1e-9))
