"""A lesson's forward pass that has run, as plain data: its record, and what its names stand for."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.messages import decode, encode
from ninja_tui.engine.recording.arrived import arrived_record, arrived_tensors, item
from ninja_tui.engine.recording.portable import PortableRecord, PortableTensor, Tensors, packed_record
from ninja_tui.engine.recording.record import Number, Record


@dataclass(frozen=True)
class LessonNames:
    """The names of a lesson that has run.

    ``numbers`` are the values of tensors by path, ``bound`` the names that its statements bind, ``drawn`` those of its
    minibatch, ``carried`` the statements that bind what is no tensor. ``kinds`` has a tensor's shape or another's kind,
    ``attributes`` those of each module. ``follows``: autograd follows the loss.
    """

    loss: Number
    follows: bool
    parameters: tuple[Number, ...]
    numbers: dict[str, Number]
    bound: tuple[str, ...]
    drawn: frozenset[str]
    carried: tuple[int, ...]
    kinds: dict[str, tuple[int, ...] | str]
    attributes: dict[str, tuple[str, ...]]
    seed: int | None
    count: int | None


@dataclass(frozen=True)
class ForwardRun:
    """What a forward pass has left."""

    record: Record
    names: LessonNames


@dataclass(frozen=True)
class _Forward:
    tensors: tuple[PortableTensor, ...]
    record: PortableRecord
    names: LessonNames


def encoded_forward(run: ForwardRun) -> bytes:
    """``run`` as bytes."""
    tensors = Tensors()
    record = packed_record(run.record, tensors)
    return encode(_Forward(tensors.all, record, run.names))


def decoded_forward(data: bytes) -> ForwardRun:
    """What ``encoded_forward`` wrote; raises Broken for anything else."""
    forward = decode(data, _Forward)
    record = arrived_record(forward.record, arrived_tensors(forward.tensors))
    names = forward.names
    for number in (names.loss, *names.parameters, *names.numbers.values()):
        item(record.made_by, number, "value")
    return ForwardRun(record, names)
