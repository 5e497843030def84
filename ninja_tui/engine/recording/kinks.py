"""Where a function bends: operations that take another branch on other values, and which branches were taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from ninja_tui.engine.recording.operators import name_of
from ninja_tui.engine.recording.record import Number, Operation, Use
from ninja_tui.engine.recording.replay import Values

ALWAYS = torch.ones((), dtype=torch.bool)
Side = tuple[Number, bool]
"""A branch: the value that an operation gives, and whether its condition held."""


def _positive(args: list[object]) -> torch.Tensor:
    value = args[0]
    return value > 0 if isinstance(value, torch.Tensor) else ALWAYS


def _beyond(place: int) -> Callable[[list[object]], torch.Tensor]:
    def beyond(args: list[object]) -> torch.Tensor:
        value, limit = args[0], args[place] if place < len(args) else None
        if not isinstance(value, torch.Tensor) or not isinstance(limit, torch.Tensor | int | float):
            return torch.tensor([True, False])
        return torch.as_tensor(value > limit)

    return beyond


def _condition(args: list[object]) -> torch.Tensor:
    return args[0] if isinstance(args[0], torch.Tensor) else ALWAYS


CONDITIONS: dict[str, Callable[[list[object]], torch.Tensor]] = {
    **dict.fromkeys(("relu", "relu_", "leaky_relu", "elu", "celu", "abs", "sign", "leaky", "_prelu_kernel"), _positive),
    **dict.fromkeys(("clamp", "clamp_min", "clamp_", "clamp_min_", "threshold", "maximum", "minimum"), _beyond(1)),
    **dict.fromkeys(("gt", "ge", "lt", "le", "gt_", "hardtanh", "hardtanh_"), _beyond(1)),
    **dict.fromkeys(("clamp_max", "clamp_max_"), _beyond(1)),
    "where": _condition,
}
UPPER: dict[str, Callable[[list[object]], torch.Tensor]] = {
    "clamp": _beyond(2), "clamp_": _beyond(2), "hardtanh": _beyond(2), "hardtanh_": _beyond(2)
}  # fmt: skip


def kinks_among(operations: Iterable[Operation]) -> list[Operation]:
    """The operations that bend."""
    return [each for each in operations if name_of(each.function) in CONDITIONS and each.outputs]


def sides_taken(kinks: Iterable[Operation], values: Values) -> set[Side]:
    """The branches that these ``values`` take."""
    sides: set[Side] = set()
    for kink in kinks:
        args = [values.get(arg.number) if isinstance(arg, Use) else arg for arg in kink.args]
        if args and args[0] is None:
            continue
        for conditions, key in ((CONDITIONS, kink.outputs[0]), (UPPER, -1 - kink.outputs[0])):
            condition = conditions.get(name_of(kink.function))
            if condition is None:
                continue
            held = condition(args)
            rest = held.logical_not() if key >= 0 else _between(args, kink, held)
            sides |= {(key, True)} if bool(held.any()) else set()
            sides |= {(key, False)} if bool(rest.any()) else set()
    return sides


def _between(args: list[object], kink: Operation, beyond: torch.Tensor) -> torch.Tensor:
    """Where a value is beyond the lower of two limits, and not ``beyond`` the upper one: what is below says nothing."""
    above = CONDITIONS[name_of(kink.function)](args)
    return above & ~beyond if above.shape == beyond.shape else ~beyond


def sides_of(kinks: Iterable[Operation]) -> set[Side]:
    """All branches that there are."""
    sides: set[Side] = set()
    for kink in kinks:
        keys = [kink.outputs[0], *([-1 - kink.outputs[0]] if name_of(kink.function) in UPPER else [])]
        sides |= {(key, held) for key in keys for held in (True, False)}
    return sides


def values_with(sides: Iterable[Side]) -> frozenset[Number]:
    """The values that operations with these branches give."""
    return frozenset(number if number >= 0 else -1 - number for number, _ in sides)
