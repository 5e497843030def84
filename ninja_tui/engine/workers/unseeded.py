"""Which names of a lesson hold other numbers where the global random number generators begin differently."""

from __future__ import annotations

import torch

from ninja_tui.engine.protocol.judging import Unseeded
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.forward_data import LessonNames
from ninja_tui.engine.recording.names import tensors_in

ANOTHER_SEED = 1
"""For the global generators: not the one with which a lesson usually runs."""


def unseeded(names: LessonNames, one: Namespace, other: Namespace) -> Unseeded:
    """The ``names`` of tensors, numbers and words that differ between two runs of a lesson with different seeds."""
    known = [name for name in one if not name.startswith("_") and name != "parameters"]
    differing = [name for name in known if _differs(one[name], other.get(name))]
    later = {*names.drawn, *names.bound}
    return Unseeded(
        setup=tuple(name for name in differing if name not in later),
        minibatch=tuple(name for name in differing if name in names.drawn),
        forward=tuple(name for name in names.bound if name in differing),
    )


def _differs(value: object, other: object) -> bool:
    if _is_plain(value) or (isinstance(value, list | tuple) and all(map(_is_plain, value))):
        return repr(value) != repr(other)
    one, two = dict(tensors_in("", value)), dict(tensors_in("", other))
    return one.keys() != two.keys() or not all(_same(one[path], two[path]) for path in one)


def _is_plain(value: object) -> bool:
    return isinstance(value, bool | int | float | str | bytes)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.shape != other.shape or one.dtype is not other.dtype:
        return False
    return torch.equal(one.isnan(), other.isnan()) and torch.equal(one.nan_to_num(), other.nan_to_num())
