"""For which nodes' gradients the values of a program are taken."""

from __future__ import annotations

from collections.abc import Iterator

from ninja_tui.engine.judge.recognition import Answer
from ninja_tui.engine.recording.record import Number, Record


class Sources:
    """The nodes of which values are the gradients, as they were judged, right or wrong."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._places: dict[Number, list[Number]] = {}
        self._wrong: set[Number] = set()
        self._misshapen: set[Number] = set()
        self._ancestors: dict[Number, set[Number]] = {}

    def __contains__(self, number: Number) -> bool:
        return number in self._places

    def note(self, number: Number, node: Number) -> None:
        """Takes a value for the gradient of ``node``, as well as of those noted before."""
        nodes = self._places.setdefault(number, [])
        if node not in nodes:
            nodes.append(node)

    def node_of(self, number: Number) -> Number | None:
        """The node that a value was last taken for the gradient of; None for what is no gradient."""
        nodes = self._places.get(number)
        return nodes[-1] if nodes else None

    def note_wrong(self, *numbers: Number) -> None:
        """These values are wrong."""
        self._wrong.update(numbers)

    def note_misshapen(self, number: Number) -> None:
        """This value has not the shape of the tensor whose gradient it was taken for."""
        self._misshapen.add(number)

    def before(self, number: Number) -> set[Number]:
        """What a value was computed from, itself aside."""
        if number not in self._ancestors:
            self._ancestors[number] = self._record.ancestors(number) - {number}
        return self._ancestors[number]

    def apart_from(self, number: Number) -> set[Number]:
        """The gradients that were not computed from ``number``."""
        return {at for at in self._places if at != number and number not in self.before(at)}

    def of(self, answer: Answer) -> dict[Number, Number]:
        """By value the node that it was last taken for, as an answer reads it: its own versions are none."""
        own = set(answer.versions)
        places = {number: nodes[-1] for number, nodes in self._places.items() if number not in own}
        same = answer.number
        shared = {same: self._places[same][-1]} if same in own & self._places.keys() - self._wrong else {}
        return places | shared

    def ways(self, answer: Answer) -> Iterator[dict[Number, Number]]:
        """What the sources of an answer are taken for: gradients as they were judged, others, or right ones alone.

        What has another shape than its tensor is also taken for itself: nothing that fits can stand in its place.
        """
        plain = self.of(answer)
        yield plain
        for number, nodes in self._places.items():
            for node in nodes[:-1]:
                if number not in answer.versions:
                    yield {**plain, number: node}
        right = {number: node for number, node in plain.items() if number not in self._wrong}
        if len(right) < len(plain):
            yield right
        sound = {number: node for number, node in plain.items() if not self._is_tainted(number)}
        if len(sound) < len(right):
            yield sound
        if not self._misshapen.isdisjoint(plain):
            yield {number: node for number, node in plain.items() if number not in self._misshapen}

    def _is_tainted(self, number: Number) -> bool:
        """Whether a value is a wrong gradient, or was computed from one."""
        if not self._wrong:
            return False
        return number in self._wrong or not self._wrong.isdisjoint(self.before(number))
