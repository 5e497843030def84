"""Judges every gradient of a recorded program, in the order in which it computed them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ninja_tui.engine.judge.compare import distance
from ninja_tui.engine.judge.decide import OWN_NUMBERS
from ninja_tui.engine.judge.recognition import Answer, Pass, Program, Unfollowed
from ninja_tui.engine.judge.recorded import (
    SAME_FACTOR,
    Gradient,
    assess,
    comes_from_outside,
    multiple,
    nodes_read,
    passes,
)
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict, Warning
from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.record import Comparison, Number

MOST_NODES = 4
"""So many tensors are tried for one gradient."""
QUOTIENTS = re.compile(r"num|approx|finite|estim|quot|fd|diff", re.IGNORECASE)
"""How people name difference quotients."""
QUOTIENT = "a difference quotient: as near to autograd's gradient as such come"
QUOTIENT_OFF = 0.02
NEAR_ENOUGH = 1e-4
"""Relative difference up to which numbers that were computed outside PyTorch are right."""
NEAR = 1e-3
"""Relative difference up to which numbers suggest whose gradient one is."""


@dataclass(frozen=True)
class Judged:
    """The verdict on an answer; ``node`` is the value whose gradient it is taken for.

    ``dismissed``: it turned out to be none.
    """

    answer: Answer
    verdict: Verdict
    backward: Pass | None = None
    node: Number | None = None
    dismissed: bool = False


class Examiner:
    """Judges the answers of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._places: dict[Number, list[Number]] = {}
        self._wrong: set[Number] = set()
        self._taken: dict[str, set[Number]] = {}
        self._ancestors: dict[Number, set[Number]] = {}
        self.judged: list[Judged] = []

    def answers(self) -> list[Answer]:
        """What there is to judge, in the order of the program; ``judge`` is to be called in this order."""
        answers, nameless = self._program.answers()
        answers += [_nameless(self._program, each) for each in nameless]
        return sorted(answers, key=lambda each: each.step)

    def reconsider(self) -> list[tuple[int, Judged]]:
        """Answers, by their index, of which what was judged after them tells more.

        Gradients that are scaled later, and names in a function that are no gradients of what is called so elsewhere:
        those have no verdict any more.
        """
        again: list[tuple[int, Judged]] = []
        for index, judged in enumerate(self.judged):
            if judged.verdict.status is Status.FAIL and judged.answer.comparison is None:
                again += self._scaled(index, judged) or self._of_another_name(index, judged)
        return list(dict(again).items())

    def _of_another_name(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        """A name in a function that fails, where all that is computed from it in the end is right as it is."""
        number = judged.answer.number
        same = [each for each in self.judged if each is not judged and each.answer.number == number]
        later = [*same, *(each for _, each in self._computed_from(index, judged))]
        outer = [each for each in later if not each.answer.inner]
        if not outer or not all(self._passes_without(number, each) for each in outer):
            return []
        if judged.answer.inner:
            return [(index, replace(judged, dismissed=True))]
        inside = self._of_inside(judged)
        return [] if inside is None else [(index, replace(judged, verdict=inside))]

    def _of_inside(self, judged: Judged) -> Verdict | None:
        """The verdict where it is the gradient of what its tensor was computed from: ``dh`` before the activation."""
        answer, backward = judged.answer, judged.backward
        if backward is None or judged.node is None:
            return None
        gradient = Gradient(answer.number, answer.values[-1], None, answer.step)
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
        gradient = Gradient(judged.answer.number, judged.answer.values[-1], None, judged.answer.step)
        name = judged.backward.assessor.graph.names[judged.node]
        others = {at for at in self._places if at != number and number not in self._before(at)}
        return any(
            passes(judged.backward.assessor, name, gradient, {at: node for at, node in places.items() if at in others})
            for places in self._ways(judged.answer)
        )

    def _scaled(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        """A gradient and those computed from it that are multiples, where what is computed in the end is right.

        Where one of these is a multiple too, the factor is a mistake and no habit.
        """
        later = [(index, judged), *self._computed_from(index, judged)]
        factors = {at: self._multiple(each) for at, each in later}
        if factors[index] is None or self._is_one(factors[index]):
            return []
        last = [at for at, each in later if not any(each.answer.number in self._sources(other) for _, other in later)]
        multiples = [(at, each, factor) for at, each in later if (factor := factors[at]) and not self._is_one(factor)]
        if any(at in last for at, _, _ in multiples) or not any(self._is_one(factors[at]) for at in last):
            return []
        return [(at, replace(each, verdict=_multiple_of(each.verdict, factor))) for at, each, factor in multiples]

    def _is_one(self, factor: float | None) -> bool:
        return factor is not None and math.isclose(factor, 1, rel_tol=SAME_FACTOR)

    def _computed_from(self, index: int, judged: Judged) -> list[tuple[int, Judged]]:
        return [
            (at, each)
            for at, each in enumerate(self.judged[index + 1 :], index + 1)
            if each.backward is judged.backward and judged.answer.number in self._sources(each)
        ]

    def _sources(self, judged: Judged) -> set[Number]:
        """What an answer was computed from, itself aside."""
        return self._before(judged.answer.number)

    def _before(self, number: Number) -> set[Number]:
        if number not in self._ancestors:
            self._ancestors[number] = self._program.record.ancestors(number) - {number}
        return self._ancestors[number]

    def _multiple(self, judged: Judged) -> float | None:
        if judged.backward is None or judged.node is None:
            return None
        return multiple(judged.backward.assessor, judged.node, judged.answer.number)

    def examine(self) -> list[Judged]:
        """All verdicts."""
        for each in self.answers():
            self.judge(each)
        again = dict(self.reconsider())
        judged = [again.get(index, each) for index, each in enumerate(self.judged)]
        return [each for each in judged if not each.dismissed]

    def judge(self, answer: Answer) -> Judged | None:
        """The verdict; None for what turns out to be no gradient."""
        try:
            judged = self._tried(answer)
        except Unfollowed as error:
            verdict = replace(_unjudged(answer, str(error)), node=self._program.likely_node(answer))
            judged = Judged(answer, verdict)
        except Exception as error:  # whatever a gradient makes go wrong costs that gradient
            judged = Judged(answer, _unjudged(answer, message_of(error)))
        if judged is not None:
            self.judged.append(judged)
        return judged

    def unanswered(self, names: Sequence[str]) -> tuple[Pass, list[tuple[str, str, tuple[int, ...]]]] | None:
        """Nodes with the names and shapes of their gradients: those of ``names``, or all; None without a loss."""
        passes = [self._program.pass_of((output,), step) for output, step in reversed(self._program.starts)]
        if not passes:
            return None
        if not names:
            return passes[0], self._all_nodes(passes[0])
        rows: list[tuple[str, str, tuple[int, ...]]] = []
        chosen: Pass | None = None
        for gradient in names:
            for backward in passes if chosen is None else [chosen]:
                for path in self._program.naming.nodes_for(gradient, backward.paths)[:1]:
                    chosen = backward
                    value = backward.network.home().value(backward.paths[path][-1])
                    rows.append((path, gradient, tuple(value.shape)))
                if chosen is not None:
                    break
        return chosen or passes[0], rows

    def _all_nodes(self, backward: Pass) -> list[tuple[str, str, tuple[int, ...]]]:
        graph, home = backward.assessor.graph, backward.network.home()
        return [
            (name, f"d{name}", tuple(home.value(number).shape))
            for number, name in sorted(graph.names.items(), reverse=True)
            if number not in backward.network.losses and graph.depends_on_parameters(number)
        ]

    def _tried(self, answer: Answer) -> Judged | None:
        backwards = self._program.passes_for(self._program.owners(answer), answer.step)
        if answer.comparison is not None:
            backwards = self._program.summed(answer.comparison, backwards)
        by_place = answer.comparison is None and self._program.naming.is_by_place(answer.path)
        if by_place and answer.number in self._places:
            return None
        worst: Judged | None = None
        tried: list[Number] = []
        for backward in backwards:
            if answer.comparison is None and self._is_forward(answer, backward):
                continue
            for node in self._nodes(answer, backward):
                if by_place and backward.network.home().value(node).shape != answer.values[-1].shape:
                    continue
                if self._is_judged(answer, node):
                    return None
                judged = self._as_gradient_of(node, backward, answer)
                if judged.verdict.passed:
                    self._taken.setdefault(answer.path, set()).add(node)
                    return judged
                tried.append(node)
                worst = judged if worst is None else _nearer(worst, judged)
        if worst is None:
            if answer.comparison is None:
                return None
            return Judged(answer, _unjudged(answer, "no backward pass here computes what it is compared with"))
        if worst.node is not None:
            for node in (*reversed(tried), worst.node):
                self._note(answer.number, node)
            self._wrong.update(answer.versions)
        self._taken.setdefault(answer.path, set()).add(worst.node or -1)
        return worst

    def _is_forward(self, answer: Answer, backward: Pass) -> bool:
        """Whether a name that looks like a gradient's is that of a tensor on the way to the loss."""
        record = self._program.record
        last = max(record.made_by[each] for each in backward.network.losses)
        return answer.number in backward.network.members and answer.step <= last + 1

    def _is_judged(self, answer: Answer, node: Number) -> bool:
        """Whether the same value was judged as the gradient of the same tensor, under another name."""
        return any(each.answer.number == answer.number and each.node == node for each in self.judged)

    def _nodes(self, answer: Answer, backward: Pass) -> Iterator[Number]:
        graph = backward.assessor.graph
        nodes = [node for node in self._program.candidates(answer, backward) if node in graph.names]
        home, value = backward.network.home(), answer.values[-1]
        fitting = [node for node in nodes if home.value(node).shape == value.shape] or nodes
        if len(fitting) > 1:
            taken, below = self._taken.get(answer.path, set()), backward.assessor.below
            read = nodes_read(backward.assessor, answer.number, self._without(answer))
            fitting.sort(
                key=lambda node: (
                    distance(value, home.gradient(node)) > NEAR,
                    node in taken,
                    not all(each in below(node) for each in read),
                )
            )
        yield from fitting[:MOST_NODES]

    def _as_gradient_of(self, node: Number, backward: Pass, answer: Answer) -> Judged:
        """The best of what it is where one or another of its sources is taken for a gradient."""
        name = backward.assessor.graph.names[node]
        reference = None if answer.comparison is None else answer.comparison.reference
        gradient = Gradient(answer.number, answer.values[-1], reference, answer.step)
        ways = list(self._ways(answer))
        for places in ways:
            if passes(backward.assessor, name, gradient, places):
                self._note(answer.number, node)
                return self._told(answer, assess(backward.assessor, name, gradient, places), backward, node)
        earlier = self._earlier(answer, name, node, backward)
        worst = earlier or assess(backward.assessor, name, gradient, ways[0])
        if self._is_quotient(answer, worst, backward):
            worst = replace(worst, status=Status.PASS, diagnosis=None, probe=QUOTIENT, note=QUOTIENT)
        elif comes_from_outside(backward.assessor, gradient):
            worst = self._by_numbers(worst, gradient, backward, node)
        return self._told(answer, worst, backward, node)

    def _is_quotient(self, answer: Answer, verdict: Verdict, backward: Pass) -> bool:
        """Whether it is a difference quotient: by its name, near the gradient, and made of other forward passes."""
        if not QUOTIENTS.search(answer.path) or verdict.relative is None or verdict.relative > QUOTIENT_OFF:
            return False
        steps = self._program.record.needed([answer.number], backward.network.computed)
        return len(steps) >= 2 * len(backward.network.operations)

    def _by_numbers(self, verdict: Verdict, gradient: Gradient, backward: Pass, node: Number) -> Verdict:
        """The verdict on what was computed outside PyTorch: right where its numbers are."""
        reference = backward.assessor.reference(node) if gradient.reference is None else gradient.reference
        if gradient.value.shape != reference.shape or distance(gradient.value, reference) > NEAR_ENOUGH:
            return verdict
        return replace(verdict, status=Status.PASS, diagnosis=None, probe=OWN_NUMBERS, note=OWN_NUMBERS)

    def _earlier(self, answer: Answer, name: str, node: Number, backward: Pass) -> Verdict | None:
        """Where a former version is the gradient of the node, and the last one that of a tensor inside it."""
        for number, value in list(zip(answer.versions, answer.values, strict=True))[-2::-1]:
            places = self._without(answer)
            if passes(backward.assessor, name, Gradient(number, value), places):
                first = assess(backward.assessor, name, Gradient(number, value), places)
                inner = backward.inside(node)
                rest = {**places, number: node}
                for each in inner:
                    last = Gradient(answer.number, answer.values[-1])
                    if passes(backward.assessor, backward.name(each), last, rest):
                        self._note(number, node)
                        self._note(answer.number, each)
                        return first
                return None
        return None

    def _ways(self, answer: Answer) -> Iterator[dict[Number, Number]]:
        """What the sources of an answer are taken for: gradients as they were judged, others, or right ones alone."""
        plain = self._without(answer)
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

    def _is_tainted(self, number: Number) -> bool:
        """Whether a value is a wrong gradient, or was computed from one."""
        if not self._wrong:
            return False
        return number in self._wrong or not self._wrong.isdisjoint(self._before(number))

    def _without(self, answer: Answer) -> dict[Number, Number]:
        own = set(answer.versions)
        places = {number: nodes[-1] for number, nodes in self._places.items() if number not in own}
        same = answer.number
        shared = {same: self._places[same][-1]} if same in own & self._places.keys() - self._wrong else {}
        return places | shared

    def _note(self, number: Number, node: Number) -> None:
        nodes = self._places.setdefault(number, [])
        if node not in nodes:
            nodes.append(node)

    def _told(self, answer: Answer, assessment: Verdict, backward: Pass, node: Number) -> Judged:
        verdict = replace(assessment, line=answer.line, named=answer.path)
        return Judged(answer, verdict, backward, node)


def _nearer(one: Judged, other: Judged) -> Judged:
    """The verdict that tells more: of the right shape, and with a known kind."""

    def rank(judged: Judged) -> tuple[bool, bool]:
        verdict = judged.verdict
        known = verdict.diagnosis is not None and verdict.diagnosis.kind not in (Kind.UNKNOWN, Kind.CIRCULAR)
        return verdict.shape == verdict.expected_shape, known

    return other if rank(other) > rank(one) else one


def _multiple_of(verdict: Verdict, factor: float) -> Verdict:
    """The verdict on a gradient that later ones take for ``factor`` times what it is."""
    told = f"{factor:.4g} times the gradient of {verdict.node}, as what is computed from it takes it to be"
    warnings = (*verdict.warnings, Warning.SCALED)
    return replace(verdict, status=Status.PASS, warnings=warnings, diagnosis=None, probe=told, note=told)


def _unjudged(answer: Answer, reason: str) -> Verdict:
    shape = tuple(answer.values[-1].shape)
    return Verdict(
        answer.path, Status.ERROR, shape, line=answer.line, named=answer.path, error=f"could not be judged: {reason}"
    )


def _nameless(program: Program, comparison: Comparison) -> Answer:
    """A comparison of an expression, as an answer."""
    names = [each.path for each in program.bindings if each.number in set(program.record.versions(comparison.owner))]
    line = comparison.line or next(
        (program.sites[each.site].line for each in reversed(program.bindings) if each.step <= comparison.step), 1
    )
    path = f"d{names[0]}" if names else "gradient"
    return Answer(path, line, line, comparison.step, (comparison.actual,), (comparison.value,), comparison)
