"""A program that has run, as plain data: its record, which names stood for which values, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ninja_tui.engine.protocol.messages import decode, encode
from ninja_tui.engine.recording.arrived import arrived_record, arrived_tensors, item
from ninja_tui.engine.recording.names import Binding
from ninja_tui.engine.recording.portable import Place, PortableRecord, PortableTensor, Tensors, packed_record
from ninja_tui.engine.recording.record import Number, Record
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.instrument import Site


@dataclass(frozen=True)
class ProgramRun:
    """What a run has left: its record, the ``bindings`` of names, and the statements that ``failed``."""

    record: Record
    bindings: Sequence[Binding]
    sites: Sequence[Site]
    failed: Sequence[Fragment] = ()
    seed: int | None = None


@dataclass(frozen=True)
class _Binding:
    path: str
    number: Number
    site: int
    step: int
    function: str
    value: Place | None


@dataclass(frozen=True)
class _Program:
    tensors: tuple[PortableTensor, ...]
    record: PortableRecord
    bindings: tuple[_Binding, ...]
    sites: tuple[Site, ...]
    failed: tuple[Fragment, ...]
    seed: int | None


def encoded_program(run: ProgramRun) -> bytes:
    """``run`` as bytes."""
    tensors = Tensors()
    record = packed_record(run.record, tensors)
    bindings = tuple(
        _Binding(
            each.path, each.number, each.site, each.step, each.function,
            None if each.value is None else tensors.place(each.value),
        )
        for each in run.bindings
    )  # fmt: skip
    return encode(_Program(tensors.all, record, bindings, tuple(run.sites), tuple(run.failed), run.seed))


def decoded_program(data: bytes) -> ProgramRun:
    """What ``encoded_program`` wrote; raises Broken for anything else."""
    program = decode(data, _Program)
    tensors = arrived_tensors(program.tensors)
    record = arrived_record(program.record, tensors)
    bindings = [
        Binding(
            each.path, each.number, each.site, each.step, each.function,
            None if each.value is None else item(tensors, each.value, "tensor"),
        )
        for each in program.bindings
    ]  # fmt: skip
    for each in bindings:
        item(program.sites, each.site, "site")
        item(record.made_by, each.number, "value")
    return ProgramRun(record, bindings, program.sites, program.failed, program.seed)
