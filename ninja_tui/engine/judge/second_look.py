"""Looks again at gradients that failed, now that what was computed from them is judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ninja_tui.engine.judge.recognition import Answer, Pass
from ninja_tui.engine.judge.recorded import SAME_FACTOR, Gradient, assess, multiple, passes
from ninja_tui.engine.judge.sources import Sources
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict, Warning
from ninja_tui.engine.recording.record import Number


@dataclass(frozen=True)
class Judged:
    """The verdict on an answer; ``node`` is the value whose gradient it is taken for.

    ``dismissed``: it turned out to be none. ``on_the_way``: the verdict is on a value that the answer held before its
    last one.
    """

    answer: Answer
    verdict: Verdict
    backward: Pass | None = None
    node: Number | None = None
    dismissed: bool = False
    on_the_way: bool = False


class SecondLook:
    """The answers of a program that have been judged, in its order, with what their sources were taken for."""

    def __init__(self, judged: Sequence[Judged], sources: Sources) -> None:
        self._judged, self._sources = judged, sources

    def changed(self) -> list[tuple[int, Judged]]:
        """Answers, by their index, of which what was judged after them tells more.

        Gradients that are scaled later, and names in a function that are no gradients of what is called so elsewhere,
        or of autograd's gradient, kept to compare with: those have no verdict any more.
        """
        again: list[tuple[int, Judged]] = []
        for index, judged in enumerate(self._judged):
            fails = judged.verdict.status is Status.FAIL and not judged.on_the_way
            if fails and _is_read(judged) and self._is_answered_elsewhere(judged):
                again.append((index, replace(judged, dismissed=True)))
            elif fails and judged.answer.comparison is None:
                again += self._scaled(index, judged) or self._of_another_name(index, judged)
        return list(dict(again).items())

    def _is_answered_elsewhere(self, judged: Judged) -> bool:
        """Whether the gradient of the same tensor is computed under another name, or at another time."""
        return any(each.node == judged.node and each is not judged and not _is_read(each) for each in self._judged)

    def _of_another_name(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        """A name in a function that fails, where all that is computed from it in the end is right as it is."""
        number = judged.answer.number
        if judged.answer.inner and self._is_told_outside(judged):
            return [(index, replace(judged, dismissed=True))]
        same = [each for each in self._judged if each is not judged and each.answer.number == number]
        later = [*same, *(each for _, each in self._computed_from(index, judged))]
        outer = [each for each in later if not each.answer.inner]
        if judged.answer.inner and any(self._is_gradient_of(each.node, judged) for each in outer):
            return [(index, replace(judged, dismissed=True))]
        if not outer or not all(self._passes_without(number, each) for each in outer):
            return []
        if judged.answer.inner:
            return [(index, replace(judged, dismissed=True))]
        inside = self._of_inside(judged)
        return [] if inside is None else [(index, replace(judged, verdict=inside))]

    def _is_told_outside(self, judged: Judged) -> bool:
        """Whether the same tensor fails under a name outside the function: that a caller gives tells whose it is."""
        return any(
            each.answer.number == judged.answer.number and not each.answer.inner and each.verdict.status is Status.FAIL
            for each in self._judged
        )

    def _is_gradient_of(self, node: Number | None, judged: Judged) -> bool:
        """Whether an answer that fails is the gradient of another node than the one that its name stands for."""
        answer, backward = judged.answer, judged.backward
        if node is None or backward is None or node not in backward.assessor.graph.names:
            return False
        gradient = Gradient(answer.number, answer.values[-1], answer.step)
        return passes(backward.assessor, backward.name(node), gradient, self._sources.of(answer))

    def _of_inside(self, judged: Judged) -> Verdict | None:
        """The verdict where it is the gradient of what its tensor was computed from: ``dh`` before the activation."""
        answer, backward = judged.answer, judged.backward
        if backward is None or judged.node is None:
            return None
        gradient = Gradient(answer.number, answer.values[-1], answer.step)
        for inner in backward.inside(judged.node):
            if passes(backward.assessor, backward.name(inner), gradient, {}):
                verdict = assess(backward.assessor, backward.name(inner), gradient, {})
                node = judged.verdict.node
                told = f"the gradient of what `{node}` is computed from, as what follows takes it to be"
                return replace(verdict, node=node, line=answer.line, named=answer.path, probe=told, note=told)
        return None

    def _passes_without(self, number: Number, judged: Judged) -> bool:
        """Whether an answer is right where ``number``, and what was computed from it, are taken for no gradients."""
        if judged.backward is None or judged.node is None:
            return False
        gradient = Gradient(judged.answer.number, judged.answer.values[-1], judged.answer.step)
        name = judged.backward.assessor.graph.names[judged.node]
        others = self._sources.apart_from(number)
        return any(
            passes(judged.backward.assessor, name, gradient, {at: node for at, node in places.items() if at in others})
            for places in self._sources.ways(judged.answer)
        )

    def _scaled(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        """A gradient and those computed from it that are multiples, where what is computed in the end is right.

        Where one of these is a multiple too, the factor is a mistake and no habit.
        """
        later = [(index, judged), *self._computed_from(index, judged)]
        factors = {at: self._multiple(each) for at, each in later}
        if judged.backward is not None and judged.answer.number in judged.backward.network.computed:
            return []  # it is a tensor of the forward pass, and what reads that does not take it for a gradient
        if factors[index] is None or self._is_one(factors[index]):
            return []
        last = [
            at
            for at, each in later
            if not any(each.answer.number in self._sources.before(other.answer.number) for _, other in later)
        ]
        multiples = [(at, each, factor) for at, each in later if (factor := factors[at]) and not self._is_one(factor)]
        if any(at in last for at, _, _ in multiples) or not any(self._is_one(factors[at]) for at in last):
            return []
        return [(at, replace(each, verdict=_multiple_of(each.verdict, factor))) for at, each, factor in multiples]

    def _is_one(self, factor: float | None) -> bool:
        return factor is not None and math.isclose(factor, 1, rel_tol=SAME_FACTOR)

    def _computed_from(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        return [
            (at, each)
            for at, each in enumerate(self._judged[index + 1 :], index + 1)
            if each.backward is judged.backward and judged.answer.number in self._sources.before(each.answer.number)
        ]

    def _multiple(self, judged: Judged) -> float | None:
        if judged.backward is None or judged.node is None:
            return None
        return multiple(judged.backward.assessor, judged.node, judged.answer.number)


def _multiple_of(verdict: Verdict, factor: float) -> Verdict:
    """The verdict on a gradient that later ones take for ``factor`` times what it is."""
    told = f"{factor:.4g} times the gradient of {verdict.node}, as what is computed from it takes it to be"
    warnings = (*verdict.warnings, Warning.SCALED)
    return replace(verdict, status=Status.PASS, warnings=warnings, diagnosis=None, probe=told, note=told)


def _is_read(judged: Judged) -> bool:
    """Whether an answer is autograd's own gradient, read from a ``.grad``."""
    diagnosis = judged.verdict.diagnosis
    return diagnosis is not None and diagnosis.kind is Kind.READS_GRAD and judged.verdict.exact
