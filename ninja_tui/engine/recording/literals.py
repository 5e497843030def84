"""Numbers in the code of which tensors are made."""

from __future__ import annotations

from typing import NamedTuple

LONG_LIST = 64
NUMBERS = (int, float, bool, complex)


class Literal(NamedTuple):
    """Tensors are being made of numbers in the code; ``numbers`` are those that are no indices."""

    numbers: object


def is_plain(data: object) -> bool:
    """Whether ``data`` is numbers and lists of numbers; of long lists the ends are looked at."""
    if isinstance(data, range):
        return True
    if isinstance(data, list | tuple):
        looked_at = data if len(data) <= LONG_LIST else [data[0], data[-1]]
        return all(is_plain(each) for each in looked_at)
    return isinstance(data, NUMBERS)
