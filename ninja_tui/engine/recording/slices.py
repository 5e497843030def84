"""What one value was computed from, down to values that are known and places where others are put in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch

from ninja_tui.engine.protocol.judging import Reading
from ninja_tui.engine.recording.kinks import kinks_among
from ninja_tui.engine.recording.operators import name_of
from ninja_tui.engine.recording.record import Leaf, Number, Operation, Record
from ninja_tui.engine.recording.replay import RAISED, WIDENED, Replay, Values

ADDS = frozenset({"sum", "mean", "mm", "mv", "bmm", "dot", "addmm", "add", "add_", "sub", "sub_", "rsub", "index_add_"})
CANCELLED = 1e-6
"""Share of the largest number that goes in which numbers that cancel leave."""
N = TypeVar("N", Number, str)
"""What stands for a node: its value, or its name."""
PRODUCTS = frozenset({"mul", "mul_", "addcmul", "addcmul_"})
MATRIX_PRODUCTS = frozenset({
    "mm", "bmm", "addmm", "addmm_", "addbmm", "baddbmm", "mv", "addmv", "dot", "vdot", "convolution", "linear",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Either(Container[Number]):
    """What is in one of two collections; a set of both would be made for every answer, and grow with the file."""

    places: Container[Number]
    known: Container[Number]

    def __contains__(self, number: object) -> bool:
        return number in self.places or number in self.known


class Slice(Generic[N]):
    """The operations that compute ``number`` from ``known`` values and from those of ``places``.

    ``read`` are the places that it uses, ``used`` the known values. ``by_autograd``: a part of it was computed by a
    backward pass of autograd's.
    """

    def __init__(self, record: Record, number: Number, known: Container[Number], places: Mapping[Number, N]) -> None:
        self.number = number
        self._record = record
        self._places: Mapping[Number, N] = places
        self._replay = Replay(record, [number], _Either(places, known))
        inputs = {each for step in self._replay.operations for each in step.inputs} | {number}
        self.read = tuple(sorted(each for each in inputs if each in places))
        self.used = tuple(sorted(each for each in inputs if each in known and each not in places))
        self.leaves: tuple[Leaf, ...] = self._replay.leaves
        self.operations: tuple[Operation, ...] = self._replay.operations
        self.by_autograd = any(step.engine for step in self.operations)
        self.kinks = kinks_among(self.operations)
        names = {name_of(step.function) for step in self.operations}
        self.multiplies = bool(names & PRODUCTS)
        self.multiplies_matrices = bool(names & MATRIX_PRODUCTS)

    @property
    def nodes_read(self) -> tuple[N, ...]:
        """The nodes whose gradients it uses."""
        return tuple(dict.fromkeys(self._places[place] for place in self.read))

    def run(
        self,
        value: Callable[[Number], torch.Tensor],
        leaf: Callable[[Leaf], torch.Tensor],
        upstream: Mapping[N, torch.Tensor],
    ) -> Values:
        """All values on the way, from known values, leaves, and ``upstream`` gradients by node.

        Raises what an operation raises on these values.
        """
        values = {number: value(number) for number in self.used}
        values |= {each.number: leaf(each) for each in self.leaves}
        for place in self.read:
            values[place] = upstream[self._places[place]]
        with torch.no_grad():
            return self._replay.run(values)

    @functools.cached_property
    def half(self) -> torch.dtype | None:
        """The half precision that numbers on the way have; None where there is none."""
        there = {leaf.dtype for leaf in self.leaves}.union(*map(_dtypes, self.operations))
        return next((each for each in WIDENED if each in there), None)

    def as_written(
        self, upstream: Mapping[N, torch.Tensor], dtype: torch.dtype, *, widened: bool = False
    ) -> torch.Tensor:
        """Its value as the program would have it, in ``dtype``, with other ``upstream`` gradients by node.

        Half precision is float32 where it is ``widened``. Raises what an operation raises on these values.
        """
        given = {place: upstream[self._places[place]].to(dtype) for place in self.read}
        with torch.no_grad():
            replay = Replay(self._record, [self.number], given, dtype=torch.float32, widened=widened)
            return replay.run(given)[self.number].detach()

    def reading(
        self,
        nodes: tuple[str, ...],
        names: tuple[str, ...],
        value: Callable[[Number], torch.Tensor],
        leaf: Callable[[Leaf], torch.Tensor],
    ) -> Reading:
        """What it was computed from, by name; ``value`` and ``leaf`` as in ``run``."""
        return Reading(
            nodes=nodes,
            names=names,
            operations=len(self.operations),
            multiplies=self.multiplies,
            multiplies_matrices=self.multiplies_matrices,
            by_autograd=self.by_autograd,
            bends=bool(self.kinks),
            cancels=self._cancels(value, leaf),
        )

    def _cancels(self, value: Callable[[Number], torch.Tensor], leaf: Callable[[Leaf], torch.Tensor]) -> bool:
        """Whether somewhere large numbers add up to nearly nothing: what is small for another reason is no such sum."""
        if self.read:
            return False
        try:
            values = self.run(value, leaf, {})
        except (*RAISED, KeyError):  # KeyError: a known value that this world has not drawn
            return False
        for step in self.operations:
            if name_of(step.function) in ADDS and step.inputs and step.outputs:
                largest = max(_largest(values[each]) for each in step.inputs)
                if _largest(values[step.outputs[0]]) < CANCELLED * largest:
                    return True
        return False


def _dtypes(step: Operation) -> set[torch.dtype]:
    """The dtypes that an operation is called with."""
    return {each for each in (*step.args, *step.kwargs.values()) if isinstance(each, torch.dtype)}


def _largest(value: torch.Tensor) -> float:
    return float(value.abs().max()) if value.numel() else 0.0
