"""One call of an ``autograd.Function`` while it goes on, and what is asked of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import torch

from ninja_tui.engine.recording.record import FunctionCall, FunctionInput, Leaf, Number, Operation, Record

PLAIN = (bool, int, float, str, type(None))


@dataclass
class Called:
    """A call that goes on: its class, its arguments, and its node of autograd's graph once there is one.

    ``cuts`` are values that it returned, each with the one that it stands in the place of.
    """

    cls: Any
    args: tuple[Any, ...]
    inputs: tuple[FunctionInput, ...]
    values: tuple[torch.Tensor | None, ...]
    first: int
    call: FunctionCall | None = None
    node: Any = None
    differentiated: bool = False
    cuts: list[tuple[Number, Number]] = field(default_factory=list)

    @property
    def asked(self) -> set[int]:
        """The places of the arguments of which a gradient was asked for."""
        return {place for place, each in enumerate(self.inputs) if each.needed}


def numbers_left(record: Record, first: int, last: int, known: Collection[Number]) -> bool:
    """Whether in some steps of a record numbers that depend on ``known`` values became Python's, or an array's.

    Truth values and whole numbers do not count: they decide what is computed, and are looked at as such.
    """
    return any(
        first <= each.step <= last
        and not each.decides
        and each.number not in record.indices
        and not record.ancestors(each.number, known).isdisjoint(known)
        for each in record.escapes
    )


def alike(step: Leaf | Operation) -> object:
    """What two steps have in common that do the same to other tensors."""
    if isinstance(step, Leaf):
        return None
    return step.function, tuple(arg if isinstance(arg, PLAIN) else None for arg in step.args)


def follows(output: Any, called: Called) -> bool:
    """Whether a gradient flows into an output; where none flows at all, it might."""
    if not isinstance(output, torch.Tensor) or not (output.is_floating_point() or output.is_complex()):
        return False
    return output.requires_grad or not any(each.needed for each in called.inputs)
