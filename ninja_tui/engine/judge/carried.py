"""Gradients that are carried on under one name, as ``dc`` is through the steps of an LSTM, and read on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ninja_tui.engine.judge.recognition import Answer, Pass, Program
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.slices import Slice

MOST_READ = 4
"""So many values that are read on the way are looked at for one answer."""
MOST_TRIED = 12
"""So many tensors are tried for each."""


class Carried:
    """The values that the answers of a program hold on the way to their last."""

    def __init__(self, program: Program, answers: Sequence[Answer]) -> None:
        self._program = program
        self._holders: dict[Number, Answer] = {}
        for answer in answers:
            for number in answer.versions[:-1]:
                self._holders.setdefault(number, answer)

    def holder(self, number: Number) -> Answer:
        """The answer that holds a value on the way."""
        return self._holders[number]

    def line(self, number: Number) -> int:
        """The line that computes a value on the way."""
        path = self._holders[number].path
        bound = next(each for each in self._program.bindings if each.number == number and each.path == path)
        return self._program.sites[bound.site].line

    def read_by(
        self, answer: Answer, backward: Pass, places: Mapping[Number, Number]
    ) -> Iterator[tuple[Number, Number]]:
        """The values on the way that an answer reads, each with a node whose gradient it may be."""
        held = {
            number: number
            for number, holder in self._holders.items()
            if number not in places and number not in answer.versions and holder.step > answer.step
        }
        if not held:
            return
        known = backward.network.computed
        piece: Slice[Number] = Slice(self._program.record, answer.number, known, {**held, **places})
        home = backward.network.home()
        for number in [each for each in piece.read if each in held][-MOST_READ:]:
            holder = self._holders[number]
            shape = holder.values[holder.versions.index(number)].shape
            nodes = [each for each in self._program.candidates(holder, backward) if home.value(each).shape == shape]
            yield from ((number, node) for node in nodes[:MOST_TRIED])
