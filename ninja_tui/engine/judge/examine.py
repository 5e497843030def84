"""Judges every gradient of a recorded program, in the order in which it computed them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ninja_tui.engine.judge.compare import distance
from ninja_tui.engine.judge.recognition import Answer, Pass, Program
from ninja_tui.engine.judge.recorded import Gradient, assess
from ninja_tui.engine.protocol.verdict import Kind, Status, Verdict
from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.record import Comparison, Number

MOST_NODES = 4
"""So many tensors are tried for one gradient."""
NEAR = 1e-3
"""Relative difference up to which numbers suggest whose gradient one is."""


@dataclass(frozen=True)
class Judged:
    """The verdict on an answer; ``node`` is the value whose gradient it is taken for."""

    answer: Answer
    verdict: Verdict
    backward: Pass | None = None
    node: Number | None = None


class Examiner:
    """Judges the answers of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._places: dict[Number, list[Number]] = {}
        self._wrong: set[Number] = set()
        self.judged: list[Judged] = []

    def answers(self) -> list[Answer]:
        """What there is to judge, in the order of the program; ``judge`` is to be called in this order."""
        answers, nameless = self._program.answers()
        answers += [_nameless(self._program, each) for each in nameless]
        return sorted(answers, key=lambda each: each.step)

    def examine(self) -> list[Judged]:
        """All verdicts."""
        return [judged for each in self.answers() if (judged := self.judge(each)) is not None]

    def judge(self, answer: Answer) -> Judged | None:
        """The verdict; None for what turns out to be no gradient."""
        try:
            judged = self._tried(answer)
        except (RuntimeError, ValueError, TypeError, IndexError, KeyError, NotImplementedError) as error:
            judged = Judged(answer, _unjudged(answer, message_of(error)))
        if judged is not None:
            self.judged.append(judged)
        return judged

    def unanswered(self, names: Sequence[str]) -> tuple[Pass, list[tuple[str, str, tuple[int, ...]]]] | None:
        """Nodes with the names and shapes of their gradients: those of ``names``, or all; None without a loss."""
        if not self._program.starts:
            return None
        output, step = self._program.starts[-1]
        backward = self._program.pass_of((output,), step)
        graph, home = backward.assessor.graph, backward.network.home()
        rows: list[tuple[str, str, tuple[int, ...]]] = []
        if names:
            for gradient in names:
                for path in self._program.naming.nodes_for(gradient, backward.paths)[:1]:
                    rows.append((path, gradient, tuple(home.value(backward.paths[path][-1]).shape)))
            return backward, rows
        for number, name in sorted(graph.names.items(), reverse=True):
            if number not in backward.network.losses and graph.depends_on_parameters(number):
                rows.append((name, f"d{name}", tuple(home.value(number).shape)))
        return backward, rows

    def _tried(self, answer: Answer) -> Judged | None:
        passes = self._program.passes_for(self._program.owners(answer), answer.step)
        worst: Judged | None = None
        for backward in passes:
            if answer.comparison is None and answer.number in backward.network.members:
                continue
            for node in self._nodes(answer, backward):
                judged = self._as_gradient_of(node, backward, answer)
                if judged.verdict.passed:
                    return judged
                worst = judged if worst is None else _nearer(worst, judged)
        if worst is None:
            if answer.comparison is None:
                return None
            return Judged(answer, _unjudged(answer, "no backward pass here computes what it is compared with"))
        if worst.node is not None:
            self._note(answer.number, worst.node)
            self._wrong.update(answer.versions)
        return worst

    def _nodes(self, answer: Answer, backward: Pass) -> Iterator[Number]:
        graph = backward.assessor.graph
        nodes = [node for node in self._program.candidates(answer, backward) if node in graph.names]
        home, value = backward.network.home(), answer.values[-1]
        fitting = [node for node in nodes if home.value(node).shape == value.shape] or nodes
        if len(fitting) > 1:
            fitting.sort(key=lambda node: distance(value, home.gradient(node)) > NEAR)
        yield from fitting[:MOST_NODES]

    def _as_gradient_of(self, node: Number, backward: Pass, answer: Answer) -> Judged:
        """The best of what it is where one or another of its sources is taken for a gradient."""
        name = backward.assessor.graph.names[node]
        reference = None if answer.comparison is None else answer.comparison.reference
        gradient = Gradient(answer.number, answer.values[-1], reference)
        worst: Verdict | None = None
        for places in self._ways(answer):
            assessment = assess(backward.assessor, name, gradient, places)
            if assessment.passed:
                self._note(answer.number, node)
                return self._told(answer, assessment, backward, node)
            worst = worst or assessment
        if worst is None:
            raise ValueError("no way to judge it")
        earlier = self._earlier(answer, name, node, backward)
        return self._told(answer, earlier or worst, backward, node)

    def _earlier(self, answer: Answer, name: str, node: Number, backward: Pass) -> Verdict | None:
        """Where a former version is the gradient of the node, and the last one that of a tensor inside it."""
        for number, value in list(zip(answer.versions, answer.values, strict=True))[-2::-1]:
            places = self._without(answer)
            first = assess(backward.assessor, name, Gradient(number, value), places)
            if first.passed:
                inner = backward.inside(node)
                rest = {**places, number: node}
                for each in inner:
                    last = assess(
                        backward.assessor, backward.name(each), Gradient(answer.number, answer.values[-1]), rest
                    )
                    if last.passed:
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

    def _without(self, answer: Answer) -> dict[Number, Number]:
        own = set(answer.versions)
        places = {number: nodes[-1] for number, nodes in self._places.items() if number not in own}
        shared = {
            number: nodes[-1] for number, nodes in self._places.items() if number in own and number == answer.number
        }
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
        known = verdict.diagnosis is not None and verdict.diagnosis.kind is not Kind.UNKNOWN
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
    line = next(
        (program.sites[each.site].line for each in reversed(program.bindings) if each.step <= comparison.step), 1
    )
    path = f"d{names[0]}" if names else "gradient"
    return Answer(path, line, line, comparison.step, (comparison.actual,), (comparison.value,), comparison)
