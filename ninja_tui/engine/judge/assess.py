"""From what an answer gave in its trials to the verdict on it as the gradient of a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.case import Backwards, Case, chosen_actuals
from ninja_tui.engine.judge.compare import UNSTABLE, broadcasts, columns, distance, largest_entry
from ninja_tui.engine.judge.decide import ANY_UPSTREAM, FAILS, OWN_BRANCH, OWN_NUMBERS, Decision, Result, decide
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.evidence import Observed, Traits
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.heatmap import difference_of
from ninja_tui.engine.judge.notes import UPSTREAM_OFF, note_on
from ninja_tui.engine.judge.rounding import HALF_SHOWS, rounded
from ninja_tui.engine.judge.trials import Near, Reach, Reads, Trial, trials
from ninja_tui.engine.protocol.judging import Evidence, Reading
from ninja_tui.engine.protocol.recent import Recent
from ninja_tui.engine.protocol.verdict import Kind, Path, Status, Verdict, Warning
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.recording.record import Number

MOST_TRIALS = 256 << 20
"""Bytes of gradients that are kept for trials of further answers."""

NOTHING_THERE = "NoneType"
"""Is in the error of what computes with a ``.grad`` that is empty."""


@dataclass(frozen=True)
class _Answer:
    """An answer with its results, and what it reads."""

    evidence: Evidence[torch.Tensor]
    node: Number
    reads: Reads
    results: Sequence[Result]
    reference: torch.Tensor


@dataclass(frozen=True)
class _Sound:
    """Whether autograd's gradient in float32 is ``finite``, and ``close`` to the one in float64.

    It ``has_all_digits`` where it is so close that half precision shows beside it.
    """

    finite: bool
    close: bool
    has_all_digits: bool


class Assessor:
    """Judges answers to the nodes of ``graph``.

    With ``differences`` a verdict holds how far off each entry is. ``any_upstream``: what is right only for upstream
    gradients of a certain structure is wrong.
    """

    def __init__(
        self,
        graph: Graph,
        gradient_name: Callable[[str], str],
        *,
        differences: bool = False,
        any_upstream: bool = False,
    ) -> None:
        self.graph, self.network = graph, graph.network
        self._differences = differences
        self.gradient_name = gradient_name
        self._any_upstream = any_upstream
        self._reach = Reach(graph.network)
        self._vacuous: dict[Number, bool] = {}
        self._backwards = Backwards(graph)
        self._sound: dict[Number, _Sound] = {}
        self._trials: Recent[tuple[str, frozenset[str], bool, bool], tuple[Reads, list[Trial]]] = Recent(MOST_TRIALS)

    def reference(self, node: Number) -> torch.Tensor:
        """Autograd's gradient in float32."""
        return self.network.single().gradient(node)

    def below(self, node: Number) -> frozenset[Number]:
        """The values that depend on a node, on the way to the loss."""
        return self._reach.below(node)

    def is_vacuous(self, node: Number) -> bool:
        """Whether the float64 gradient is 0 up to rounding: float32's rounding errors are larger than it is."""
        if node not in self._vacuous:
            gradient = self.network.home().gradient(node)
            gap = largest_entry(self.reference(node).double() - gradient)
            self._vacuous[node] = largest_entry(gradient) <= gap
        return self._vacuous[node]

    def trials(self, name: str, reading: Reading) -> list[Trial]:
        """How an answer to the node ``name`` is tried that reads this."""
        return self._planned(name, reading)[1]

    def _planned(self, name: str, reading: Reading) -> tuple[Reads, list[Trial]]:
        key = (name, *reading.decides_trials)
        known = self._trials.get(key)
        if known is not None:
            return known
        node = self.graph.numbers[name]
        reads = self._reach.reads(node, [self.graph.numbers[each] for each in reading.nodes])
        consumers = self.graph.below(name)
        hidden = [each for each in {*consumers, *reads.below, node} if self.is_vacuous(each)]
        planned = trials(self._reach, reads, Near(tuple(consumers), frozenset(hidden)), reading)
        self._trials.put(key, (reads, planned), sum(each.size for each in planned))
        return reads, planned

    def verdict(self, evidence: Evidence[torch.Tensor]) -> Verdict:
        """The verdict on an answer.

        Where it gave no gradient in float32 its status is ERROR, with a diagnosis at most.
        """
        answer = self._answered(evidence)
        node, expected = answer.node, answer.reference
        blank = Verdict(evidence.node, Status.ERROR, tuple(expected.shape), vacuous=self.is_vacuous(node))
        if evidence.gradient is None:
            mistake = self._mistake(answer, only_known=True)
            return replace(blank, diagnosis=None if mistake is None else mistake.diagnosis)
        decision = self._decide(answer)
        return self._told(answer, decision, blank)

    def passes(self, evidence: Evidence[torch.Tensor]) -> bool:
        """Whether an answer is right, without a word on what is wrong."""
        return evidence.gradient is not None and self._decide(self._answered(evidence)).passed

    def _answered(self, evidence: Evidence[torch.Tensor]) -> _Answer:
        node = self.graph.numbers[evidence.node]
        reads, tried = self._planned(evidence.node, evidence.reading)
        errors = evidence.errors or ("",) * len(tried)
        given = evidence.results or (None,) * len(tried)
        results = [
            Result(*each)
            for index, each in enumerate(zip(tried, given, errors, strict=True))
            if index not in evidence.left_out
        ]
        return _Answer(evidence, node, reads, results, self.reference(node))

    def _decide(self, answer: _Answer) -> Decision:
        evidence, reading = answer.evidence, answer.evidence.reading
        actual = evidence.gradient
        own = evidence.node in reading.nodes
        if actual is None or actual.dtype != self.reference(answer.node).dtype or own or answer.reads.above:
            return FAILS
        vacuous = self.is_vacuous(answer.node)
        upstream = any(each not in self.network.losses for each in self.graph.below(evidence.node))
        decision = decide(answer.results, answer.reads, vacuous=vacuous, upstream=upstream)
        if not decision.passed and not vacuous and not reading.nodes and self._escapes():
            at_home = [each for each in answer.results if each.trial.kind is World.LOCAL]
            again = decide(at_home, answer.reads, vacuous=False, upstream=upstream)
            decision = replace(again, probe=OWN_NUMBERS) if again.passed else decision
        if not decision.passed or self._loses_digits(answer) or self._is_rounded(answer):
            return FAILS
        if self._any_upstream and Warning.STRUCTURE in decision.warnings:
            return FAILS
        if vacuous and Warning.CLOSED_FORM in decision.warnings and not reading.cancels:
            return FAILS
        warnings = list(decision.warnings)
        warnings += [Warning.USES_AUTOGRAD] if reading.by_autograd else []
        warnings += [Warning.READS_GRAD] if reading.reads_grad else []
        probe = OWN_BRANCH if evidence.left_out and decision.probe == ANY_UPSTREAM else decision.probe
        return replace(decision, probe=probe, warnings=tuple(warnings))

    def _escapes(self) -> bool:
        """Whether values of the forward pass have become Python's numbers."""
        escaped = {each.number for each in self.network.record.escapes}
        return bool((escaped & self.network.computed) - set(self.network.losses))

    def _loses_digits(self, answer: _Answer) -> bool:
        """Whether float32 is not finite where autograd's gradient is, or has nothing to do with float64's."""
        reference, isolated = self._soundness(answer.node), answer.evidence.isolated
        actual = answer.evidence.gradient if isolated is None else isolated
        if actual is None or not reference.finite:
            return False
        if not bool(torch.isfinite(actual).all()):
            return True
        stable = reference.close and not self.is_vacuous(answer.node)
        chained = answer.evidence.chained if isolated is None else None
        doubles = [each for each in (chained, answer.results[0].actual) if each is not None]
        return stable and all(distance(actual, each) > UNSTABLE for each in doubles)

    def _is_rounded(self, answer: _Answer) -> bool:
        """Whether half precision takes digits of it that autograd's own gradient has."""
        return bool(answer.evidence.rounded_to) and self._soundness(answer.node).has_all_digits

    def _soundness(self, node: Number) -> _Sound:
        """How good autograd's own gradient in float32 is."""
        if node not in self._sound:
            reference = self.reference(node)
            off = distance(reference, self.network.home().gradient(node))
            finite = bool(torch.isfinite(reference).all())
            self._sound[node] = _Sound(finite, off < UNSTABLE / 10, off < HALF_SHOWS)
        return self._sound[node]

    def _told(self, answer: _Answer, decision: Decision, blank: Verdict) -> Verdict:
        """The verdict with all that there is to say on an answer that gave a gradient."""
        actual, chained = answer.evidence.gradient, answer.evidence.chained
        assert actual is not None
        reference = answer.reference
        compared = columns(actual, reference)
        mistake = None if decision.passed else self._mistake(answer)
        same_shape = actual.shape == reference.shape
        shape = () if same_shape or not decision.passed else (Warning.SHAPE,)
        comparable = broadcasts(tuple(actual.shape), tuple(reference.shape))
        verdict = replace(
            blank,
            status=Status.PASS if decision.passed else Status.FAIL,
            shape=tuple(actual.shape),
            exact=compared.exact,
            approximate=compared.approximate,
            maxdiff=compared.maxdiff,
            relative=answer.results[0].off if comparable else None,
            chained=None if chained is None else distance(chained, self.network.home().gradient(answer.node)),
            warnings=(*shape, *decision.warnings, *self._untried(answer.node)) if decision.passed else (),
            probe=decision.probe,
            paths=self._paths(answer, mistake),
            diagnosis=None if mistake is None else mistake.diagnosis,
            difference=difference_of(actual, reference) if self._differences else None,
        )
        if Warning.STRUCTURE in verdict.warnings:
            verdict = self._leaning(verdict, answer.reads)
        if verdict.passed and not verdict.vacuous and answer.evidence.isolated is not None:
            return replace(verdict, note=UPSTREAM_OFF)
        return replace(verdict, note=note_on(verdict, actual, reference, self._hiding(answer)))

    def _untried(self, node: Number) -> tuple[Warning, ...]:
        """Whether a step that reads the node has a branch that no world takes."""
        consumers = self.graph.consumers.get(self.graph.names[node], ())
        outputs = {
            each for index in consumers for step in self.graph.replays[index].operations for each in step.outputs
        }
        return (Warning.ONE_BRANCH,) if outputs & self.network.one_sided else ()

    def _mistake(self, answer: _Answer, *, only_known: bool = False) -> Finding | None:
        if answer.reads.above and answer.evidence.gradient is not None:
            later = ", ".join(self.gradient_name(self.graph.names[each]) for each in answer.reads.above)
            word = "come" if len(answer.reads.above) > 1 else "comes"
            return Finding(Kind.CIRCULAR, f"{later} {word} later on the way back, and is computed from this gradient")
        half = answer.evidence.rounded_to
        if half and self._decide(replace(answer, evidence=replace(answer.evidence, rounded_to=""))).passed:
            return rounded(half, answer.reference.dtype)
        finding = diagnose(self._case(answer), self._observed(answer))
        if finding is None and not only_known:
            return Finding(Kind.UNKNOWN, "no known kind of mistake")
        return finding

    def _case(self, answer: _Answer) -> Case:
        near = (answer.evidence.node, *(self.graph.names[each] for each in self.graph.below(answer.evidence.node)))
        vacuous = frozenset(each for each in near if self.is_vacuous(self.graph.numbers[each]))
        return Case(
            self._backwards,
            self.graph,
            answer.evidence.node,
            answer.results,
            self.reference(answer.node),
            vacuous=vacuous,
            gradient_name=self.gradient_name,
        )

    def _observed(self, answer: _Answer) -> Observed:
        evidence, reading = answer.evidence, answer.evidence.reading
        gradients = dict(chosen_actuals(answer.results))
        errors = {each.trial.kind: each.error for each in answer.results if each.actual is None}
        if evidence.gradient is None:
            errors[World.FLOAT32] = evidence.error
        else:
            gradients[World.FLOAT32] = evidence.gradient if evidence.isolated is None else evidence.isolated
        if evidence.chained is not None:
            gradients[World.CHAINED] = evidence.chained
        read = {self.gradient_name(name) for name in reading.nodes}
        raised = evidence.gradient is None
        own = reading.reads_grad and NOTHING_THERE in evidence.error if raised else evidence.node in reading.nodes
        depends = frozenset({*reading.names, *read})
        traits = Traits(depends, reading.multiplies, reading.multiplies_matrices, own, reading.operands)
        return Observed(evidence.node, gradients, errors, traits, evidence.restored, evidence.clobbered)

    def _hiding(self, answer: _Answer) -> tuple[str, ...]:
        """Upstream gradients that are 0 where only random ones show what is wrong."""
        fails = {each.trial.kind for each in answer.results if not each.holds}
        if World.LOCAL in fails or World.FRESH in fails:
            return ()
        nodes = [each for each in self.graph.below(answer.evidence.node) if self.is_vacuous(each)]
        return tuple(sorted(self.gradient_name(self.graph.names[each]) for each in nodes))

    def _paths(self, answer: _Answer, mistake: Finding | None) -> tuple[Path, ...]:
        consumers = self.graph.consumers.get(answer.evidence.node, [])
        missing = set[int]() if mistake is None else set(consumers) - (mistake.present or frozenset())
        return tuple(Path(self.graph.groups[index], index not in missing) for index in consumers)

    def _leaning(self, verdict: Verdict, reads: Reads) -> Verdict:
        leans = tuple(self.gradient_name(self.graph.names[each]) for each in reads.below)
        kind = "sparsity" if all(self._is_sparse(each) for each in reads.below) else "structure"
        return replace(verdict, leans=leans, probe=f"right here, leans on the {kind} of {', '.join(leans)}")

    def _is_sparse(self, node: Number) -> bool:
        gradient = self.network.home().gradient(node)
        return int(torch.count_nonzero(gradient)) * 2 < gradient.numel()
