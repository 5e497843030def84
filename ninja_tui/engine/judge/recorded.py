"""Judges a value of a recording as the gradient of a node: its trials are replays of that recording."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import loses_digits
from ninja_tui.engine.judge.fitting import multiple_of
from ninja_tui.engine.judge.rounding import rounded_to
from ninja_tui.engine.judge.trials import Trial
from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.operators import Absent, outside
from ninja_tui.engine.recording.record import Number, Root
from ninja_tui.engine.recording.replay import RAISED
from ninja_tui.engine.recording.slices import Slice

SAME_FACTOR = 1e-6
OWN_READ = "autograd's own gradient is read"
"""Why there is nothing to compute again."""


@dataclass(frozen=True)
class Gradient:
    """A gradient that a program computed: its value in the record, and as float32 has it.

    ``step`` is how many steps there were when it was bound.
    """

    number: Number
    value: torch.Tensor
    step: int | None = None


def assess(assessor: Assessor, name: str, gradient: Gradient, places: Mapping[Number, Number]) -> Verdict:
    """The verdict on ``gradient`` as that of the node ``name``; ``places`` are values that are gradients of nodes."""
    return assessor.verdict(evidence_on(assessor, name, gradient, places))


def nodes_read(assessor: Assessor, number: Number, places: Mapping[Number, Number]) -> tuple[Number, ...]:
    """The nodes whose gradients a value was computed from."""
    inside, _ = _places(assessor, places)
    return Slice(assessor.network.record, number, assessor.network.computed, inside).nodes_read


def passes(assessor: Assessor, name: str, gradient: Gradient, places: Mapping[Number, Number]) -> bool:
    """Whether ``gradient`` is right as that of the node ``name``, as ``assess`` has it."""
    return assessor.passes(evidence_on(assessor, name, gradient, places))


def keeps_shape(assessor: Assessor, name: str, gradient: Gradient, places: Mapping[Number, Number]) -> bool:
    """Whether ``gradient`` has its own shape where the gradients of nodes stand at ``places``."""
    here = evidence_on(assessor, name, gradient, places).results[0]
    return here is not None and here.shape == gradient.value.shape


def evidence_on(
    assessor: Assessor, name: str, gradient: Gradient, places: Mapping[Number, Number]
) -> Evidence[torch.Tensor]:
    """What a gradient is computed from, and what it gives in each trial."""
    network = assessor.network
    node = assessor.graph.numbers[name]
    inside, read = _places(assessor, {place: each for place, each in places.items() if each != node})
    piece = Slice(network.record, gradient.number, network.computed, inside)
    names = assessor.graph.names
    home = network.home()
    reading = piece.reading(
        tuple(assessor.graph.name(each) for each in piece.nodes_read),
        tuple(names[each] for each in piece.used if each in names),
        home.value,
        home.leaf,
    )
    reading = replace(reading, reads_grad=any(place in read for place in piece.read))
    tried = assessor.trials(name, reading)
    branches = _Branches(assessor, gradient, inside, tried[0])
    left_out: set[int] = set()
    results: list[torch.Tensor | None] = []
    errors: list[str] = []
    reads_own = node in piece.nodes_read
    for index, trial in enumerate(tried):
        result, error = (None, OWN_READ) if reads_own else _replayed(assessor, piece, trial)
        if not branches.same_in(trial):
            left_out.add(index)
        results.append(result)
        errors.append(error)
    return Evidence(
        name, reading, gradient.value, tuple(results), tuple(errors), _own(assessor, gradient.number),
        _isolated(piece, gradient.value, tried[0], results[0]),
        "" if reads_own else rounded_to(piece, gradient.value, tried[0].upstream), left_out=frozenset(left_out),
    )  # fmt: skip


class _Branches:
    """The truth values by which a program chose what to compute, and whether they are the same in a trial.

    Those of a comparison with autograd's gradients choose nothing.
    """

    def __init__(self, assessor: Assessor, gradient: Gradient, places: Mapping[Number, Number], home: Trial) -> None:
        self._assessor = assessor
        record, known = assessor.network.record, assessor.network.computed
        last = record.made_by[gradient.number] + 1 if gradient.step is None else gradient.step
        first = max(record.made_by[each] for each in assessor.network.losses)
        self._slices: list[tuple[Slice[Number], torch.Tensor]] = []
        for escape in record.escapes:
            chooses = escape.decides or escape.number in record.indices
            if not chooses or not first < escape.step <= last or escape.number >= len(record.made_by):
                continue
            if record.ancestors(escape.number) & record.read.keys():
                continue
            piece = Slice(record, escape.number, known, places)
            own = self._value(piece, home)
            if own is not None:
                self._slices.append((piece, own))

    def same_in(self, trial: Trial) -> bool:
        """Whether the program would have taken the same branches."""
        for piece, own in self._slices:
            value = self._value(piece, trial)
            if value is not None and not torch.equal(value, own):
                return False
        return True

    def _value(self, piece: Slice[Number], trial: Trial | None) -> torch.Tensor | None:
        if trial is None or not set(piece.nodes_read) <= trial.upstream.keys():
            return None
        return _replayed(self._assessor, piece, trial)[0]


def multiple(assessor: Assessor, node: Number, number: Number) -> float | None:
    """The factor by which a value is the gradient of a node, the same in all worlds; None where there is none."""
    piece: Slice[Number] = Slice(assessor.network.record, number, assessor.network.computed, {})
    factors: list[float] = []
    for world in assessor.network.worlds():
        try:
            value = piece.run(world.value, world.leaf, {})[number].detach()
        except RAISED:
            return None
        gradient = world.gradient(node)
        factor = multiple_of(value, gradient) if value.shape == gradient.shape else None
        if factor is None:
            return None
        factors.append(factor)
    same = all(math.isclose(each, factors[0], rel_tol=SAME_FACTOR) for each in factors)
    return factors[0] if same else None


def comes_from_outside(assessor: Assessor, gradient: Gradient) -> bool:
    """Whether it was computed where no operation was recorded, as in NumPy, after the forward pass."""
    record = assessor.network.record
    last = max(record.made_by[each] for each in assessor.network.losses)
    leaves = Slice(record, gradient.number, assessor.network.computed, {}).leaves
    return any(leaf.root is Root.OUTSIDE and record.made_by[leaf.number] > last for leaf in leaves)


def is_cut(assessor: Assessor, node: Number) -> bool:
    """Whether the way from ``node`` to the loss leads through what no operation is recorded of."""
    below = assessor.below(node)
    return any(step.function is outside and not below.isdisjoint(step.outputs) for step in assessor.network.operations)


def _places(assessor: Assessor, places: Mapping[Number, Number]) -> tuple[dict[Number, Number], set[Number]]:
    """The values that are gradients of this network's nodes, and those of them that were read from a ``.grad``."""
    network = assessor.network
    inside = {place: node for place, node in places.items() if node in network.computed}
    read: set[Number] = set()
    for number, owner in network.record.read.items():
        version = next((each for each in network.record.versions(owner) if each in network.computed), None)
        if version is not None and number not in inside:
            inside[number] = version
            read.add(number)
    return inside, read


def _replayed(assessor: Assessor, piece: Slice[Number], trial: Trial) -> tuple[torch.Tensor | None, str]:
    world = assessor.network.worlds()[trial.world]
    try:
        return piece.run(world.value, world.leaf, trial.upstream)[piece.number].detach(), ""
    except RAISED as error:
        return None, message_of(error)


def _isolated(
    piece: Slice[Number], value: torch.Tensor, home: Trial, result: torch.Tensor | None
) -> torch.Tensor | None:
    """What it gives in float32 with the reference's gradients upstream, where ``value`` is far from that."""
    if not piece.read or result is None or not loses_digits(value, result):
        return None
    try:
        return piece.as_written(home.upstream, value.dtype)
    except RAISED:
        return None


def _own(assessor: Assessor, number: Number) -> torch.Tensor | None:
    """What the program itself computes, in float64."""
    home = assessor.network.home()
    try:
        piece = Slice(assessor.network.record, number, assessor.network.computed, {})
        return piece.run(home.value, home.leaf, {})[number].detach()
    except (*RAISED, Absent):
        return None
