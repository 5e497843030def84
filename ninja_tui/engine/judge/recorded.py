"""Judges a value of a recording as the gradient of a node: its trials are replays of that recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.trials import Trial
from ninja_tui.engine.protocol.judging import Evidence, Reading
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.record import Number, Root
from ninja_tui.engine.recording.slices import Slice

RAISED = (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError)


@dataclass(frozen=True)
class Gradient:
    """A gradient that a program computed: its value in the record, and as float32 has it.

    ``reference`` is what the program itself compares it with.
    """

    number: Number
    value: torch.Tensor
    reference: torch.Tensor | None = None


def assess(assessor: Assessor, name: str, gradient: Gradient, places: Mapping[Number, Number]) -> Verdict:
    """The verdict on ``gradient`` as that of the node ``name``; ``places`` are values that are gradients of nodes."""
    network = assessor.network
    inside, read = _places(assessor, places)
    piece = Slice(network.record, gradient.number, network.computed, inside)
    names = assessor.graph.names
    reading = Reading(
        nodes=tuple(assessor.graph.name(each) for each in piece.nodes_read),
        names=tuple(names[each] for each in piece.used if each in names),
        operations=len(piece.operations),
        multiplies=piece.multiplies,
        multiplies_matrices=piece.multiplies_matrices,
        by_autograd=piece.by_autograd,
        reads_grad=any(place in read for place in piece.read),
    )
    results: list[torch.Tensor | None] = []
    errors: list[str] = []
    for trial in assessor.trials(name, reading):
        result, error = _replayed(assessor, piece, trial)
        results.append(result)
        errors.append(error)
    evidence = Evidence(
        name, reading, gradient.value, tuple(results), tuple(errors), chained=_own(assessor, gradient.number)
    )  # fmt: skip
    return assessor.verdict(evidence, gradient.reference)


def comes_from_outside(assessor: Assessor, gradient: Gradient) -> bool:
    """Whether it was computed where no operation was recorded, as in NumPy, after the forward pass."""
    record = assessor.network.record
    last = max(record.made_by[each] for each in assessor.network.losses)
    leaves = Slice(record, gradient.number, assessor.network.computed, {}).leaves
    return any(leaf.root is Root.OUTSIDE and record.made_by[leaf.number] > last for leaf in leaves)


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


def _own(assessor: Assessor, number: Number) -> torch.Tensor | None:
    """What the program itself computes, in float64."""
    home = assessor.network.home()
    try:
        piece = Slice(assessor.network.record, number, assessor.network.computed, {})
        return piece.run(home.value, home.leaf, {})[number].detach()
    except RAISED:
        return None
