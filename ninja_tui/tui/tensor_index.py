"""The index that a person types to see a part of a tensor."""

from __future__ import annotations

from ninja_tui.engine.protocol.views import Slice


def parse_index(text: str) -> tuple[int | Slice, ...]:
    """``3, :, 0:5``, with brackets around it or without; raises ValueError with a sentence on what is neither."""
    text = text.strip().removeprefix("[").removesuffix("]").strip()
    return tuple(_parse_part(part) for part in text.split(",")) if text else ()


def _parse_part(part: str) -> int | Slice:
    bounds = part.split(":")
    try:
        if len(bounds) == 1:
            return int(part)
        if len(bounds) <= 3:
            return Slice(*(int(bound) if bound.strip() else None for bound in bounds))
    except ValueError:
        pass
    raise ValueError(f"`{part.strip()}` is neither a whole number nor a slice such as 0:5")
