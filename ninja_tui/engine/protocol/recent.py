"""What was used last, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
ENTRY = 1 << 12
"""Bytes that a value takes beside its own: it is made of objects, and has a key."""


class Recent(Generic[K, V]):
    """Values by key, of at most ``most`` bytes together: what was not used for the longest time is dropped."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value; None where it is not kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keeps a value of ``size`` bytes under a new key, unless it alone is too large."""
        size += ENTRY
        if size > self._most:
            return
        self._kept[key] = value, size
        self._bytes += size
        while self._bytes > self._most:
            _, (_, dropped) = self._kept.popitem(last=False)
            self._bytes -= dropped
