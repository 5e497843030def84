"""Which value a tensor has, and the memory that tensors share: a change of one is a change of all in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from ninja_tui.engine.recording.record import Number


@dataclass(slots=True)
class Storage:
    """The memory of a tensor: ``origin`` is the value that it was made with, of this size and these strides.

    ``flat`` is the value of all of it, once it was changed, ``writes`` how often it was.
    """

    owner: object
    epoch: int
    origin: Number
    geometry: tuple[tuple[int, ...], tuple[int, ...], int]
    flat: Number | None = None
    writes: int = 0


class Tag(NamedTuple):
    """Which value a tensor has, if its memory was not changed since: ``writes`` is how often it had been."""

    owner: object
    epoch: int
    number: Number
    writes: int

    def __deepcopy__(self, memo: object) -> Tag:
        return self

    def __reduce__(self) -> tuple[type[str], tuple[()]]:
        return str, ()


def forget(result: Any) -> None:
    """Has a tensor be taken for one that was never seen."""
    for tensor in tensors_of(result):
        if tensor is not None and tensor.layout is torch.strided:
            tensor._recorded = None
            memory: Any = tensor.untyped_storage()
            memory._recorded = None


def tensors_of(result: Any) -> list[Any]:
    """What an operator returned: its tensors, None for anything else."""
    if isinstance(result, torch.Tensor):
        return [result]
    if isinstance(result, list | tuple):
        return [tensor for each in result for tensor in tensors_of(each)]
    return [None]


def is_dense(size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    """Whether a tensor of these strides is contiguous."""
    expected = 1
    for n, step in zip(reversed(size), reversed(stride), strict=True):
        if n != 1 and step != expected:
            return False
        expected *= n
    return True
