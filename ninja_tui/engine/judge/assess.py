"""From a value in a recording to the verdict on it as the gradient of a node."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.case import Case, chosen_actuals
from ninja_tui.engine.judge.compare import broadcasts, columns, distance, largest_entry
from ninja_tui.engine.judge.decide import FAILS, OWN_NUMBERS, Decision, Result, decide
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import multiple_of
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.notes import note_on
from ninja_tui.engine.judge.trials import Reach, Reads, Trial, trials
from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.verdict import Kind, Path, Status, Verdict, Warning
from ninja_tui.engine.protocol.worlds import World
from ninja_tui.engine.recording.execution import message_of
from ninja_tui.engine.recording.record import Number, Root
from ninja_tui.engine.recording.recorder import operator_name
from ninja_tui.engine.recording.slices import Slice
from ninja_tui.lesson.syntax.dependencies import Traits

UNSTABLE = 0.02
"""Share of the largest entry; float32 that is farther off than this has lost its digits."""

FAILURES = (RuntimeError, IndexError, ValueError, TypeError, NotImplementedError)
SAME_FACTOR = 1e-6
ADDS = frozenset({"sum", "mean", "mm", "mv", "bmm", "dot", "addmm", "add", "add_", "sub", "sub_", "rsub", "index_add_"})
CANCELLED = 1e-6
"""Share of the largest number that goes in which numbers that cancel leave."""


@dataclass(frozen=True)
class Gradient:
    """A gradient that a program computed: its value in the record, and as float32 has it.

    ``reference`` is what the program itself compares it with.
    """

    number: Number
    value: torch.Tensor
    reference: torch.Tensor | None = None


@dataclass(frozen=True)
class Assessment:
    """A verdict, and the gradients that the answer reads, by node."""

    verdict: Verdict
    reads: tuple[Number, ...]


class Assessor:
    """Judges gradients in the record of ``graph``'s network."""

    def __init__(self, graph: Graph, gradient_names: Mapping[Number, str]) -> None:
        self.graph, self.network = graph, graph.network
        self._reach = Reach(graph.network)
        self._gradient_names = gradient_names
        self._vacuous: dict[Number, bool] = {}

    def gradient_name(self, node: str) -> str:
        """The program's name for the gradient of ``node``."""
        return self._gradient_names.get(self.graph.numbers.get(node, -1), f"d{node}")

    def reference(self, node: Number) -> torch.Tensor:
        """Autograd's gradient in float32."""
        return self.network.single().gradient(node)

    def is_vacuous(self, node: Number) -> bool:
        """Whether the float64 gradient is 0 up to rounding: float32's rounding errors are larger than it is."""
        if node not in self._vacuous:
            gradient = self.network.home().gradient(node)
            gap = largest_entry(self.reference(node).double() - gradient)
            self._vacuous[node] = largest_entry(gradient) <= gap
        return self._vacuous[node]

    def assess(self, name: str, gradient: Gradient, places: Mapping[Number, Number]) -> Assessment:
        """The verdict on ``gradient`` as that of the node ``name``; ``places`` are values that are gradients of nodes."""
        node = self.graph.numbers[name]
        piece = self._slice(gradient.number, places)
        nodes_read = [each for each in piece.nodes_read if each in self.network.computed]
        reads = self._reach.reads(node, nodes_read)
        consumers = self.graph.below(name)
        hidden = [each for each in {*consumers, *reads.below, node} if self.is_vacuous(each)]
        tried = trials(self.network, self._reach, reads, consumers, hidden, len(piece.operations))
        results = [self._result(piece, trial) for trial in tried]
        upstream = any(each not in self.network.losses for each in consumers)
        decision = self._decide(node, gradient, piece, results, reads, upstream=upstream)
        verdict = self._verdict(name, gradient, piece, results, decision, node in piece.nodes_read)
        if decision.passed and decision.probe == "":
            verdict = self._leaning(verdict, reads)
        if not decision.passed and reads.above:
            later = ", ".join(
                self.gradient_name(self.graph.names[each]) for each in reads.above if each in self.graph.names
            )
            verdict = verdict_with(
                verdict,
                Finding(Kind.CIRCULAR, f"{later} comes later on the way back: it is computed from this gradient"),
            )
        return Assessment(verdict, tuple(nodes_read))

    def _slice(self, number: Number, places: Mapping[Number, Number]) -> Slice:
        record = self.network.record
        inside = {place: node for place, node in places.items() if node in self.network.computed}
        for read, owner in record.read.items():
            version = next((each for each in record.versions(owner) if each in self.network.computed), None)
            if version is not None:
                inside.setdefault(read, version)
        return Slice(record, number, self.network.computed, inside)

    def _result(self, piece: Slice, trial: Trial) -> Result:
        world = self.network.worlds()[trial.world]
        upstream = {
            **{
                piece_node: world.gradient(piece_node)
                for piece_node in piece.nodes_read
                if piece_node not in trial.upstream
            },
            **trial.upstream,
        }
        try:
            return Result(trial, piece.run(world.value, world.leaf, upstream)[piece.number].detach())
        except FAILURES as error:
            return Result(trial, None, message_of(error))

    def _decide(
        self, node: Number, gradient: Gradient, piece: Slice, results: Sequence[Result], reads: Reads, *, upstream: bool
    ) -> Decision:
        if gradient.value.dtype != self.reference(node).dtype or node in piece.nodes_read or reads.above:
            return FAILS
        vacuous = self.is_vacuous(node)
        decision = decide(results, reads, vacuous=vacuous, upstream=upstream)
        if not decision.passed and not vacuous and self._escapes():
            at_home = [each for each in results if each.trial.kind is World.LOCAL]
            again = decide(at_home, reads, vacuous=False, upstream=upstream)
            if again.passed and not reads.all:
                decision = replace(again, probe=OWN_NUMBERS)
        if decision.passed and self._loses_digits(node, gradient):
            return FAILS
        if vacuous and Warning.CLOSED_FORM in decision.warnings and not self._cancels(piece):
            return FAILS
        warnings = list(decision.warnings)
        if piece.by_autograd:
            warnings.append(Warning.USES_AUTOGRAD)
        if any(place in self.network.record.read for place in piece.read):
            warnings.append(Warning.READS_GRAD)
        return replace(decision, warnings=tuple(warnings))

    def _cancels(self, piece: Slice) -> bool:
        """Whether somewhere in an answer large numbers add up to nearly nothing: small numbers alone are no formula."""
        home = self.network.home()
        values = piece.run(home.value, home.leaf, {})
        for step in piece.operations:
            if operator_name(step) in ADDS and step.inputs and step.outputs:
                largest = max(largest_entry(values[each]) for each in step.inputs)
                if largest_entry(values[step.outputs[0]]) < CANCELLED * largest:
                    return True
        return False

    def _escapes(self) -> bool:
        """Whether values of the forward pass have become Python's numbers."""
        return bool((self.network.record.escaped & self.network.computed) - set(self.network.losses))

    def _loses_digits(self, node: Number, gradient: Gradient) -> bool:
        """Whether float32 is not finite where autograd's gradient is, or has nothing to do with float64's."""
        reference = self.reference(node)
        if not bool(torch.isfinite(reference).all()):
            return False
        if not bool(torch.isfinite(gradient.value).all()):
            return True
        exact = self.network.home().gradient(node)
        stable = distance(reference, exact) < UNSTABLE / 10
        own = self._own(gradient)
        return own is not None and stable and not self.is_vacuous(node) and distance(gradient.value, own) > UNSTABLE

    def _own(self, gradient: Gradient) -> torch.Tensor | None:
        """What the program itself computes, in float64."""
        home = self.network.home()
        piece = Slice(self.network.record, gradient.number, self.network.computed, {})
        try:
            return piece.run(home.value, home.leaf, {})[gradient.number].detach()
        except FAILURES:
            return None

    def _verdict(
        self, name: str, gradient: Gradient, piece: Slice, results: Sequence[Result], decision: Decision, copied: bool
    ) -> Verdict:
        node = self.graph.numbers[name]
        reference = self.reference(node) if gradient.reference is None else gradient.reference
        actual = gradient.value
        compared = columns(actual, reference)
        local = next(each for each in results if each.trial.kind is World.LOCAL)
        comparable = broadcasts(tuple(actual.shape), tuple(reference.shape))
        own = self._own(gradient)
        case = self._case(name, results)
        evidence = self._evidence(name, gradient, piece, results, copied)
        mistake = None if decision.passed else self._mistake(case, evidence)
        same_shape = actual.shape == reference.shape
        shape_warning = () if same_shape or not decision.passed else (Warning.SHAPE,)
        verdict = Verdict(
            name,
            Status.PASS if decision.passed else Status.FAIL,
            tuple(reference.shape),
            shape=tuple(actual.shape),
            exact=compared.exact,
            approximate=compared.approximate,
            maxdiff=compared.maxdiff,
            relative=local.off if comparable else None,
            chained=None if own is None else distance(own, self.network.home().gradient(node)),
            vacuous=self.is_vacuous(node),
            warnings=(*shape_warning, *decision.warnings) if decision.passed else (),
            probe=decision.probe,
            paths=self._paths(name, mistake),
            diagnosis=None if mistake is None else mistake.diagnosis,
        )
        return replace(verdict, note=note_on(verdict, actual, reference, self._hiding(name, results)))

    def _hiding(self, name: str, results: Sequence[Result]) -> tuple[str, ...]:
        """Upstream gradients that are 0 where only random ones show what is wrong."""
        fails = {each.trial.kind for each in results if not each.holds}
        if World.LOCAL in fails or World.FRESH in fails:
            return ()
        nodes = [each for each in self.graph.below(name) if self.is_vacuous(each)]
        return tuple(self.gradient_name(self.graph.names[each]) for each in nodes)

    def _mistake(self, case: Case, evidence: Evidence[torch.Tensor]) -> Finding:
        return diagnose(case, evidence) or Finding(Kind.UNKNOWN, "no known kind of mistake")

    def _case(self, name: str, results: Sequence[Result]) -> Case:
        vacuous = frozenset(
            each for each in (name, *(self.graph.names[n] for n in self.graph.below(name)))
            if self.is_vacuous(self.graph.numbers[each])
        )  # fmt: skip
        reference = self.reference(self.graph.numbers[name])
        return Case(self.graph, name, results, reference, vacuous, self.gradient_name)

    def _evidence(
        self, name: str, gradient: Gradient, piece: Slice, results: Sequence[Result], copied: bool
    ) -> Evidence[torch.Tensor]:
        gradients = dict(chosen_actuals(results))
        if World.LOCAL in gradients:
            gradients[World.CHAINED] = gradients[World.LOCAL]
        gradients[World.FLOAT32] = gradient.value
        names = {self.graph.names[each] for each in piece.used if each in self.graph.names}
        read = {self.gradient_name(self.graph.names[each]) for each in piece.nodes_read if each in self.graph.names}
        traits = Traits(frozenset(names | read), piece.multiplies, piece.multiplies_matrices, copied)
        errors = {each.trial.kind: each.error for each in results if each.actual is None}
        return Evidence(name, gradients, errors, traits)

    def _paths(self, name: str, mistake: Finding | None) -> tuple[Path, ...]:
        consumers = self.graph.consumers.get(name, [])
        missing = set[int]() if mistake is None else set(consumers) - (mistake.present or frozenset())
        return tuple(Path(self.graph.groups[index], index not in missing) for index in consumers)

    def _leaning(self, verdict: Verdict, reads: Reads) -> Verdict:
        names = [self.graph.names[each] for each in reads.below if each in self.graph.names]
        leans = tuple(map(self.gradient_name, names))
        sparse = all(self._is_sparse(each) for each in reads.below)
        kind = "sparsity" if sparse else "structure"
        return replace(verdict, leans=leans, probe=f"right here, leans on the {kind} of {', '.join(leans)}")

    def _is_sparse(self, node: Number) -> bool:
        gradient = self.network.home().gradient(node)
        return int(torch.count_nonzero(gradient)) * 2 < gradient.numel()

    def multiple(self, node: Number, number: Number) -> float | None:
        """The factor by which a value is the gradient of a node, the same in all worlds; None where there is none."""
        piece = Slice(self.network.record, number, self.network.computed, {})
        factors: list[float] = []
        for world in self.network.worlds():
            try:
                value = piece.run(world.value, world.leaf, {})[number].detach()
            except FAILURES:
                return None
            factor = multiple_of(value, world.gradient(node)) if value.shape == world.gradient(node).shape else None
            if factor is None:
                return None
            factors.append(factor)
        same = all(math.isclose(each, factors[0], rel_tol=SAME_FACTOR) for each in factors)
        return factors[0] if same else None

    def comes_from_outside(self, gradient: Gradient, places: Mapping[Number, Number]) -> bool:
        """Whether it was computed where no operation was recorded, as in NumPy, after the forward pass."""
        last = max(self.network.record.made_by[each] for each in self.network.losses)
        leaves = self._slice(gradient.number, places).leaves
        return any(leaf.root is Root.OUTSIDE and self.network.record.made_by[leaf.number] > last for leaf in leaves)


def verdict_with(verdict: Verdict, finding: Finding) -> Verdict:
    """``verdict`` with another diagnosis."""
    return replace(verdict, diagnosis=finding.diagnosis)
