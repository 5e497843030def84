"""Half precision on the way to a gradient of another dtype, which takes most of its digits."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from ninja_tui.engine.judge.compare import distance
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.plain_mistakes import dtype_name
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.recording.replay import RAISED, WIDENED
from ninja_tui.engine.recording.slices import N, Slice

DIGITS = {"bfloat16": 2, "float16": 3, "float32": 7, "float64": 16}
HALF_SHOWS = 1e-5
"""Share of the largest entry; what float32 has in the place of half precision differs by more, where that matters."""


def rounded_to(piece: Slice[N], value: torch.Tensor, upstream: Mapping[N, torch.Tensor]) -> str:
    """The half precision that changes ``value``, computed with these ``upstream`` gradients; empty where none does.

    Numbers that it holds exactly, as those of a mask, are not changed by it.
    """
    if piece.half is None or value.dtype in WIDENED or not value.is_floating_point():
        return ""
    try:
        own = piece.as_written(upstream, value.dtype)
        wide = piece.as_written(upstream, value.dtype, widened=True)
    except (*RAISED, KeyError):  # KeyError: there is no gradient for something that it reads
        return ""
    return "" if distance(own, wide) <= HALF_SHOWS else dtype_name(piece.half)


def rounded(half: str, dtype: torch.dtype) -> Finding:
    """What a gradient of this ``dtype`` is told that is right but for ``half`` on the way."""
    own = dtype_name(dtype)
    message = f"right but for {half} on the way, which leaves about {DIGITS[half]} digits of {own}'s {DIGITS[own]}"
    return Finding(Kind.WRONG_DTYPE, message)
