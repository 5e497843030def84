"""The index that a person types to see a part of a tensor."""

from __future__ import annotations

Index = list[int | list[int | None]]
"""Plain data, one entry a dimension: a number, or ``[start, stop, step]``."""


def parse_index(text: str) -> Index:
    """``3, :, 0:5``, with brackets around it or without; raises ValueError with a sentence on what is neither."""
    text = text.strip().removeprefix("[").removesuffix("]").strip()
    if not text:
        return []
    index: Index = []
    for part in text.split(","):
        bounds = [_bound(bound, part) for bound in part.split(":")]
        if len(bounds) > 3 or bounds == [None]:
            raise _no_index(part)
        first = bounds[0]
        index.append(first if len(bounds) == 1 and first is not None else [*bounds, None, None][:3])
    return index


def _bound(text: str, part: str) -> int | None:
    try:
        return int(text) if text.strip() else None
    except ValueError:
        raise _no_index(part) from None


def _no_index(part: str) -> ValueError:
    return ValueError(f"`{part.strip()}` is neither a whole number nor a slice such as 0:5")
