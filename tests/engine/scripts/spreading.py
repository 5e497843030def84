"""An order of candidates in which every statement and every rule has its turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(queues: Sequence[Sequence[T]], rule_of: Callable[[T], str], name: str) -> Iterator[T]:
    """From each queue in turn the candidate whose rule was used least; ``name`` decides where it begins."""
    begin = sum(map(ord, name))
    left = [_from(begin + 3 * number, list(queue)) for number, queue in enumerate(queues)]
    left = _from(begin, [queue for queue in left if queue])
    used: Counter[str] = Counter()
    while left:
        for queue in left:
            candidate = min(queue, key=lambda each: used[rule_of(each)])
            queue.remove(candidate)
            used[rule_of(candidate)] += 1
            yield candidate
        left = [queue for queue in left if queue]


def _from(start: int, items: list[T]) -> list[T]:
    """``items`` in a circle, from ``start`` on."""
    turn = start % max(len(items), 1)
    return [*items[turn:], *items[:turn]]
