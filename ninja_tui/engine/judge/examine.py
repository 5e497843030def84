"""Judges every gradient of a recorded program, in the order in which it computed them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ninja_tui.engine.judge.carried import Carried
from ninja_tui.engine.judge.compare import distance
from ninja_tui.engine.judge.decide import OWN_NUMBERS
from ninja_tui.engine.judge.functions import surrogates
from ninja_tui.engine.judge.recognition import Answer, Pass, Program, Unfollowed
from ninja_tui.engine.judge.recorded import (
    Gradient,
    assess,
    comes_from_outside,
    is_cut,
    keeps_shape,
    nodes_read,
    passes,
)
from ninja_tui.engine.judge.second_look import Judged, SecondLook
from ninja_tui.engine.judge.sources import Sources
from ninja_tui.engine.protocol.judging import Evidence, Reading
from ninja_tui.engine.protocol.programs import FailedOperation, UnansweredNode
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.record import Comparison, Number
from ninja_tui.engine.recording.slices import MATRIX_PRODUCTS, PRODUCTS

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


class Examiner:
    """Judges the answers of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._sources = Sources(program.record)
        self._carried = Carried(program, ())
        self._on_the_way: dict[tuple[Number, ...], Judged] = {}
        self._taken: dict[str, set[Number]] = {}
        self.judged: list[Judged] = []
        self._surrogates: dict[Number, str] | None = None

    def answers(self) -> list[Answer]:
        """What there is to judge, in the order of the program; ``judge`` is to be called in this order."""
        answers, nameless = self._program.answers()
        answers += [_nameless(self._program, each) for each in nameless]
        answers.sort(key=lambda each: each.step)
        self._carried = Carried(self._program, answers)
        return answers

    def reconsider(self) -> list[tuple[int, Judged]]:
        """Answers, by their index, of which what was judged after them tells more."""
        return SecondLook(self.judged, self._sources).changed()

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
            if answer.unfollowed:
                raise Unfollowed(answer.unfollowed)
            judged = self._tried(answer)
        except (Unfollowed, Absent) as error:
            verdict = replace(_unjudged(answer, str(error)), node=self._program.likely_node(answer))
            judged = Judged(answer, verdict)
        except Exception as error:  # whatever a gradient makes go wrong costs that gradient
            judged = Judged(answer, _unjudged(answer, message_of(error)))
        judged = self._on_the_way.get(answer.versions, judged)
        if judged is not None:
            self.judged.append(judged)
        return judged

    def unanswered(
        self, names: Sequence[str], attempts: Mapping[str, FailedOperation]
    ) -> tuple[Pass, list[UnansweredNode]] | None:
        """Nodes without a gradient: those of ``names``, or all; None without a loss.

        ``attempts`` are those of these gradients that raised.
        """
        passes = [self._program.pass_of((output,), step) for output, step in reversed(self._program.starts)]
        if not passes:
            return None
        if not names:
            return passes[0], self._all_nodes(passes[0])
        rows: list[UnansweredNode] = []
        chosen: Pass | None = None
        for gradient in names:
            for backward in passes if chosen is None else [chosen]:
                for path in self._program.naming.nodes_for(gradient, backward.paths)[:1]:
                    chosen = backward
                    number = backward.paths[path][-1]
                    shape = tuple(backward.network.home().value(number).shape)
                    attempt = attempts.get(gradient)
                    diagnosis = None if attempt is None else self._diagnosis_of(attempt, number, backward)
                    rows.append(UnansweredNode(path, gradient, shape, diagnosis))
                if chosen is not None:
                    break
        return chosen or passes[0], rows

    def _diagnosis_of(self, attempt: FailedOperation, node: Number, backward: Pass) -> Diagnosis | None:
        """What is wrong with an attempt at the gradient of ``node`` that raised."""
        assessor = backward.assessor
        graph = assessor.graph
        numbers = [number for number in attempt.numbers if 0 <= number < len(self._program.record.made_by)]
        upstream = [self._sources.node_of(number) for number in numbers]
        reading = Reading(
            nodes=tuple(graph.name(each) for each in upstream if each is not None and each in graph.names),
            names=tuple(graph.names[number] for number in numbers if number in graph.names),
            multiplies=attempt.operator in PRODUCTS,
            multiplies_matrices=attempt.operator in MATRIX_PRODUCTS,
            operands=attempt.operands,
        )
        return assessor.verdict(Evidence(backward.name(node), reading, None, error=attempt.message)).diagnosis

    def _all_nodes(self, backward: Pass) -> list[UnansweredNode]:
        graph, home = backward.assessor.graph, backward.network.home()
        return [
            UnansweredNode(name, f"d{name}", tuple(home.value(number).shape))
            for number, name in sorted(graph.names.items(), reverse=True)
            if number not in backward.network.losses and graph.depends_on_parameters(number)
        ]

    def _tried(self, answer: Answer) -> Judged | None:
        backwards = self._program.passes_for(self._program.owners(answer), answer.step)
        if answer.comparison is not None:
            backwards = self._program.summed(answer.comparison, backwards)
        by_place = answer.comparison is None and self._program.naming.is_by_place(answer.path)
        if by_place and answer.number in self._sources:
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
                self._sources.note(answer.number, node)
            self._sources.note_wrong(*answer.versions)
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
            read = nodes_read(backward.assessor, answer.number, self._sources.of(answer))
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
        if is_cut(backward.assessor, node):
            raise Unfollowed("it flows through an autograd.Function whose forward takes numbers out of PyTorch")
        gradient = Gradient(answer.number, answer.values[-1], answer.step)
        ways = list(self._sources.ways(answer))
        for places in itertools.chain(ways, self._with_carried(answer, name, gradient, backward)):
            if passes(backward.assessor, name, gradient, places):
                self._sources.note(answer.number, node)
                return self._told(answer, assess(backward.assessor, name, gradient, places), backward, node)
        earlier = self._earlier(answer, name, node, backward)
        worst = earlier or assess(backward.assessor, name, gradient, self._telling(ways, name, gradient, backward))
        surrogate = self._surrogate_below(node, backward)
        if surrogate:
            raise Unfollowed(f"it flows through `{surrogate}.backward`, a surrogate gradient")
        if self._is_quotient(answer, worst, backward):
            worst = replace(worst, status=Status.PASS, diagnosis=None, probe=QUOTIENT, note=QUOTIENT)
        elif comes_from_outside(backward.assessor, gradient):
            worst = self._by_numbers(worst, gradient, backward, node)
        return self._told(answer, worst, backward, node)

    def _telling(
        self, ways: Sequence[dict[Number, Number]], name: str, gradient: Gradient, backward: Pass
    ) -> dict[Number, Number]:
        """The first way in which what stands in the place of its sources leaves an answer its shape."""
        if len(ways) == 1:
            return ways[0]
        return next((each for each in ways if keeps_shape(backward.assessor, name, gradient, each)), ways[0])

    def _surrogate_below(self, node: Number, backward: Pass) -> str:
        """The Function between ``node`` and the loss whose backward is meant to be no derivative; empty: none."""
        if self._surrogates is None:
            self._surrogates = surrogates(self._program.record)
        below = backward.assessor.below(node)
        return next((name for number, name in self._surrogates.items() if number in below), "")

    def _with_carried(
        self, answer: Answer, name: str, gradient: Gradient, backward: Pass
    ) -> Iterator[dict[Number, Number]]:
        """What makes an answer right: that a value which is carried on, and was not judged, is a gradient as well.

        Where that value is wrong, the answer that holds it fails in the place of the one that reads it.
        """
        ways = list(self._sources.ways(answer))
        for known in (ways[0], ways[-1]) if len(ways) > 1 else ways:
            for number, node in self._carried.read_by(answer, backward, known):
                places = {**known, number: node}
                if passes(backward.assessor, name, gradient, places):
                    self._judge_carried(number, node, backward)
                    yield places
                    return

    def _judge_carried(self, number: Number, node: Number, backward: Pass) -> None:
        holder = self._carried.holder(number)
        value = holder.values[holder.versions.index(number)]
        verdict = assess(backward.assessor, backward.name(node), Gradient(number, value), self._sources.of(holder))
        self._sources.note(number, node)
        if not verdict.passed:
            self._sources.note_wrong(number)
            told = replace(verdict, line=self._carried.line(number), named=holder.path)
            self._on_the_way.setdefault(holder.versions, Judged(holder, told, backward, node, on_the_way=True))

    def _is_quotient(self, answer: Answer, verdict: Verdict, backward: Pass) -> bool:
        """Whether it is a difference quotient: by its name, near the gradient, and made of other forward passes."""
        if not QUOTIENTS.search(answer.path) or verdict.relative is None or verdict.relative > QUOTIENT_OFF:
            return False
        steps = self._program.record.needed([answer.number], backward.network.computed)
        return len(steps) >= 2 * len(backward.network.operations)

    def _by_numbers(self, verdict: Verdict, gradient: Gradient, backward: Pass, node: Number) -> Verdict:
        """The verdict on what was computed outside PyTorch: right where its numbers are."""
        reference = backward.assessor.reference(node)
        if gradient.value.shape != reference.shape or distance(gradient.value, reference) > NEAR_ENOUGH:
            return verdict
        return replace(verdict, status=Status.PASS, diagnosis=None, probe=OWN_NUMBERS, note=OWN_NUMBERS)

    def _earlier(self, answer: Answer, name: str, node: Number, backward: Pass) -> Verdict | None:
        """Where a former version is the gradient of the node, and the last one that of a tensor inside it."""
        for number, value in list(zip(answer.versions, answer.values, strict=True))[-2::-1]:
            places = self._sources.of(answer)
            if passes(backward.assessor, name, Gradient(number, value), places):
                first = assess(backward.assessor, name, Gradient(number, value), places)
                inner = backward.inside(node)
                rest = {**places, number: node}
                for each in inner:
                    last = Gradient(answer.number, answer.values[-1])
                    if passes(backward.assessor, backward.name(each), last, rest):
                        self._sources.note(number, node)
                        self._sources.note(answer.number, each)
                        return first
                return None
        return None

    def _told(self, answer: Answer, assessment: Verdict, backward: Pass, node: Number) -> Judged:
        verdict = replace(assessment, line=answer.line, named=answer.path)
        if verdict.shape != verdict.expected_shape:
            self._sources.note_misshapen(answer.number)
        return Judged(answer, verdict, backward, node)


def _nearer(one: Judged, other: Judged) -> Judged:
    """The verdict that tells more: of the right shape, and with a known kind."""

    def rank(judged: Judged) -> tuple[bool, bool]:
        verdict = judged.verdict
        known = verdict.diagnosis is not None and verdict.diagnosis.kind not in (Kind.UNKNOWN, Kind.CIRCULAR)
        return verdict.shape == verdict.expected_shape, known

    return other if rank(other) > rank(one) else one


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
