"""Finds the backward passes of a recorded program, their nodes, and the gradients that the program computes itself.

What the program compares with a ``.grad`` tells most; names tell the rest.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.compare import distance
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.recording.arrived import NO_NUMBER
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.names import Binding
from ninja_tui.engine.recording.operators import Absent
from ninja_tui.engine.recording.record import Comparison, Number, Operation, Record
from ninja_tui.engine.recording.recorder import SAME_VALUES, operator_name
from ninja_tui.engine.recording.replay import RAISED, Replay
from ninja_tui.lesson.notebook.gradient_paths import Naming, Path
from ninja_tui.lesson.syntax.comparisons import pairs_in
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.instrument import Site, may_be_gradient
from ninja_tui.lesson.syntax.training_steps import LOSSES

FEW_TURNS = 4
"""Turns of a training of which each is judged, where each compares."""
MOST_SUMMED = 16
"""So many backward passes may add up in one ``.grad``."""
ACCUMULATED = 1e-4
"""Relative difference up to which a ``.grad`` is the sum of such passes."""


class Unfollowed(Exception):
    """Why a forward pass cannot be followed; the text is for a person."""


@dataclass(frozen=True)
class Answer:
    """A gradient that a program computes: the ``versions`` of one name from a fresh binding to its last change.

    ``values`` are those in float32. ``comparison`` is what the program compares it with, if it does.
    """

    path: str
    line: int
    end_line: int
    step: int
    versions: tuple[Number, ...]
    values: tuple[torch.Tensor, ...]
    comparison: Comparison | None = None
    inner: bool = False
    """It is bound in a function, and others are computed from it."""
    unfollowed: str = ""
    """Why its value is not known, if it is not."""

    @property
    def number(self) -> Number:
        """Its last value."""
        return self.versions[-1]


@dataclass
class Pass:
    """One backward pass of autograd's, or one that could be: its network, and its nodes by name.

    ``step`` is where it started; ``paths`` are the values that stood behind each name, in their order."""

    outputs: tuple[Output, ...]
    step: int
    network: Network
    paths: dict[str, list[Number]]
    assessor: Assessor

    def name(self, number: Number) -> str:
        """The name of a value; one that has none is given one."""
        return self.assessor.graph.name(number)

    def inside(self, node: Number) -> list[Number]:
        """The tensors that ``node`` was computed from in one step, the nearest first."""
        step = self.network.record.step_of(node)
        inner = [each for each in step.inputs if each in self.network.computed]
        return [each for each in inner if self.network.home().values[each].is_floating_point()]


class Program:
    """What a run has left: its record, which names stood for which values, and the statements that ``failed``."""

    def __init__(
        self, record: Record, bindings: Sequence[Binding], sites: Sequence[Site], failed: Sequence[Fragment] = (),
        *, differences: bool = False,
    ) -> None:  # fmt: skip
        self.record, self.bindings, self.sites = record, list(bindings), sites
        self._failed, self._differences = tuple(failed), differences
        self._passes: dict[tuple[Output, ...], Pass] = {}
        self._ancestors: dict[Number, set[Number]] = {}
        self.starts = self._starts()

    def _starts(self) -> list[tuple[Output, int]]:
        """Where backward passes start, and after which step: where autograd's do, and at what is called a loss.

        The latter counts where no backward pass of autograd's is: in the whole file, or in a loop that trains.
        """
        starts = [(Output(each.loss, each.seed), each.step) for each in self.record.backwards]
        last: dict[str, tuple[Output, int]] = {}
        for binding in self.bindings:
            is_loss = Path.of(binding.path).last in LOSSES and self._is_number(binding.number)
            if is_loss and (not starts or self._trains_by_hand(binding.step)):
                last[binding.path] = (Output(binding.number), binding.step)
        return sorted([*starts, *last.values()], key=lambda each: each[1])

    def _trains_by_hand(self, step: int) -> bool:
        """Whether a step belongs to the last turn of a loop that trains without autograd."""
        return any(
            each.is_last(step) and not any(each.first <= backward.step and not each.is_after(backward.step)
            for backward in self.record.backwards)
            for each in self.record.trainings
        )  # fmt: skip

    def _is_number(self, number: Number) -> bool:
        return isinstance(self.record.step_of(number), Operation)

    def passes_for(self, candidates: Iterable[Number], step: int) -> list[Pass]:
        """The passes of a value, the one before ``step`` first that is nearest to it, then those that come later."""
        wanted = set(candidates)
        before = [(output, at) for output, at in self.starts if at <= step]
        after = [(output, at) for output, at in self.starts if at > step]
        result: list[Pass] = []
        for output, at in (*reversed(before), *after):
            if wanted & self._before(output.number):
                result.append(self.pass_of((output,), at))
                if len(result) == 2:
                    break
        return result

    def summed(self, comparison: Comparison, passes: list[Pass]) -> list[Pass]:
        """``passes``, or the one of several losses where a ``.grad`` holds the sum of their gradients."""
        versions = set(self.record.versions(comparison.owner))
        before = [
            (output, at)
            for output, at in self.starts
            if at <= comparison.step and versions & self._before(output.number)
        ]
        if len(before) < 2:
            return passes
        found: tuple[Output, ...] = ()
        total = torch.zeros_like(comparison.reference)
        for count, (output, at) in enumerate(reversed(before[-MOST_SUMMED:]), 1):
            single = self.pass_of((output,), at).network
            owner = next(each for each in self.record.versions(comparison.owner) if each in single.computed)
            total = total + single.single().gradient(owner)
            together = tuple(each for each, _ in before[-count:])
            if distance(total, comparison.reference) < ACCUMULATED:
                return passes if count == 1 else [self.pass_of(together, before[-1][1])]
            if self.record.functions and distance(total, comparison.value) < ACCUMULATED:
                found = found or together  # a backward of the program's own may have made that ``.grad`` wrong
        return [self.pass_of(found, before[-1][1])] if len(found) > 1 else passes

    def _before(self, loss: Number) -> set[Number]:
        """All values that a loss was computed from."""
        if loss not in self._ancestors:
            self._ancestors[loss] = self.record.ancestors(loss)
        return self._ancestors[loss]

    def pass_of(self, outputs: tuple[Output, ...], step: int) -> Pass:
        """The backward pass from ``outputs``."""
        if outputs not in self._passes:
            self._passes[outputs] = self._opened(outputs, step)
        return self._passes[outputs]

    def _opened(self, outputs: tuple[Output, ...], step: int) -> Pass:
        network = Network(self.record, outputs)
        if network.is_complex:
            raise Unfollowed("the forward pass computes with complex numbers")
        paths: dict[str, list[Number]] = {}
        lines: dict[tuple[str, Number], Binding] = {}
        for binding in self.bindings:
            if binding.number in network.computed and self._bears_name(binding):
                versions = paths.setdefault(binding.path, [])
                if binding.number not in versions:
                    versions.append(binding.number)
                    lines[binding.path, binding.number] = binding
        numbers = self._named(paths, lines, network)
        graph = Graph(network, numbers, [(name,) for name in numbers])
        return Pass(outputs, step, network, paths, Assessor(graph, "d{}".format, differences=self._differences))

    def _bears_name(self, binding: Binding) -> bool:
        """Whether a name is one that the program gives, and no argument of a function."""
        site = self.sites[binding.site]
        root = Path.of(binding.path).root
        return root not in site.arguments or root in site.roots or bool(Path.of(binding.path).steps)

    def _named(
        self, paths: dict[str, list[Number]], lines: dict[tuple[str, Number], Binding], network: Network
    ) -> dict[str, Number]:
        """A name for each value that has one: the plainest that it alone bears."""
        home = network.home()
        by_number: dict[Number, list[str]] = {}
        for path, versions in paths.items():
            for number in versions:
                if home.values[number].is_floating_point():
                    by_number.setdefault(number, []).append(path)
        numbers: dict[str, Number] = {}
        for number, names in sorted(by_number.items()):
            best = min(
                names,
                key=lambda path: (
                    len(paths[path]) > 1,
                    lines[path, number].function != "",
                    path.startswith("self."),
                    path.count("[") + path.count("."),
                    len(path),
                ),
            )
            versions = paths[best]
            name = best
            if len(versions) > 1 and number != versions[-1]:
                binding = lines[best, number]
                again = sum(lines[best, other].site == binding.site for other in versions) > 1
                turn = versions.index(number)
                name = f"{best}[t={turn}]" if again else f"{best} (line {self.sites[binding.site].line})"
            numbers.setdefault(name if name not in numbers else f"{name} #{number}", number)
        return numbers

    def answers(self) -> tuple[list[Answer], list[Comparison]]:
        """The gradients that the program computes, and comparisons of what bears no name."""
        nodes = self._node_paths
        naming = self._naming(nodes)
        grouped = self._grouped()
        compared, nameless = self._compared(grouped)
        repeated = self._repeated(grouped, compared)
        result: list[Answer] = []
        for index, (path, events) in enumerate(grouped):
            comparison = compared.get(index)
            if index in repeated:
                continue
            if comparison is None and (self._is_over(events[-1].step) or not naming.nodes_for(path, nodes)):
                continue
            values, unfollowed = self._values(events)
            first, last = self.sites[events[0].site], self.sites[events[-1].site]
            result.append(
                Answer(
                    path, first.line, last.end_line, events[-1].step, tuple(e.number for e in events), values,
                    comparison, bool(events[-1].function), unfollowed,
                )
            )  # fmt: skip
        self.naming = naming
        return self._with_inner(result), self._last_of(nameless)

    def _repeated(self, groups: Sequence[tuple[str, list[Binding]]], compared: Mapping[int, Comparison]) -> set[int]:
        """What a training compares in turn after turn, by the index of its group; but for the last time."""
        times: dict[tuple[str, int], list[int]] = {}
        for index in sorted(compared):
            path, events = groups[index]
            if self._is_over(events[-1].step):
                times.setdefault((path, events[0].site), []).append(index)
        return {index for indices in times.values() if len(indices) > FEW_TURNS for index in indices[:-1]}

    def _last_of(self, comparisons: Sequence[Comparison]) -> list[Comparison]:
        """The comparisons, of those that a training repeats in one line only the last."""
        times: dict[int, list[Comparison]] = {}
        for each in comparisons:
            if self._is_over(each.step):
                times.setdefault(each.line, []).append(each)
        repeated = [each for group in times.values() if len(group) > FEW_TURNS for each in group[:-1]]
        return [each for each in comparisons if not any(each is other for other in repeated)]

    def _with_inner(self, answers: Sequence[Answer]) -> list[Answer]:
        """The answers, of which those in functions are inner ones only where others are computed from them."""
        outer: set[Number] = set()
        for answer in answers:
            if not answer.inner or answer.comparison is not None:
                outer |= self.record.ancestors(answer.number)
        return [replace(each, inner=each.inner and each.number in outer) for each in answers]

    @functools.cached_property
    def _node_paths(self) -> list[str]:
        """The names of tensors that may be nodes: of what some loss depends on."""
        members: set[Number] = set()
        for output, _ in self.starts[-1:] + self.starts[:-1][-8:]:
            members |= self._before(output.number)
        for comparison in self.record.comparisons:
            members.update(self.record.versions(comparison.owner))
        return list(
            dict.fromkeys(each.path for each in self.bindings if each.number in members and self._bears_name(each))
        )

    def _values(self, bindings: Sequence[Binding]) -> tuple[tuple[torch.Tensor, ...], str]:
        """What values were in the program, and why that is not known."""
        try:
            return tuple(self._value(each) for each in bindings), ""
        except (*RAISED, Absent) as error:
            return (NO_NUMBER,) * len(bindings), str(error) if isinstance(error, Absent) else message_of(error)

    def _value(self, binding: Binding) -> torch.Tensor:
        """What a value was in the program."""
        if binding.value is not None:
            return binding.value
        with torch.no_grad():
            return Replay(self.record, [binding.number], dtype=torch.float32).run({})[binding.number]

    def _is_over(self, step: int) -> bool:
        """Whether a step belongs to a turn of training that another turn followed."""
        return any(each.is_over(step) for each in self.record.trainings)

    def _naming(self, nodes: Sequence[str]) -> Naming:
        losses = {output.number for output, _ in self.starts}
        names = {each.path for each in self.bindings}
        pairs = [pair for each in self._failed for tree in each.statements for pair in pairs_in(tree, nodes, names)]
        compared = {pair.gradient: pair.node for pair in pairs}
        naming = Naming({each.path for each in self.bindings if each.number in losses}, compared)
        naming.learn(names, nodes)
        return naming

    def _grouped(self) -> list[tuple[str, list[Binding]]]:
        """The bindings of each name, from a fresh one to its last change."""
        groups: list[tuple[str, list[Binding]]] = []
        latest: dict[tuple[str, str], int] = {}
        lasting: dict[tuple[str, str], int] = {}
        for binding in self.bindings:
            key = (binding.function, binding.path)
            site = self.sites[binding.site]
            path = Path.of(binding.path)
            at = latest.get(key)
            if at is not None:
                before = groups[at][1][-1]
                goes_on = before.number in self.record.versions(binding.number) or (
                    bool(site.again) and path.root in site.roots
                )
                if goes_on:
                    groups[at][1].append(binding)
                    continue
            if path.root not in site.roots and not (site.binds_unseen and may_be_gradient(binding.path)):
                if path.root in site.arguments or not (path.index or path.steps):
                    continue
                if key in lasting:  # what a list holds there in the end counts
                    groups[lasting[key]] = (binding.path, [])
                lasting[key] = len(groups)
            latest[key] = len(groups)
            groups.append((binding.path, [binding]))
        return [(path, events) for path, events in groups if events]

    def _compared(self, groups: Sequence[tuple[str, list[Binding]]]) -> tuple[dict[int, Comparison], list[Comparison]]:
        """By the index of a group what the program compares it with; and comparisons of what bears no name."""
        by_number: dict[Number, list[int]] = {}
        for index, (_, events) in enumerate(groups):
            for event in events:
                by_number.setdefault(event.number, []).append(index)
        compared: dict[int, Comparison] = {}
        nameless: dict[tuple[Number, Number], Comparison] = {}
        for comparison in self.record.comparisons:
            number = comparison.actual
            while number not in by_number:
                step = self.record.step_of(number)
                if not isinstance(step, Operation) or operator_name(step) not in SAME_VALUES or not step.inputs:
                    break
                number = step.inputs[0]
            if number in by_number:
                choices = by_number[number]
                names = self._names_of(comparison.owner)
                fitting = [index for index in choices if names & set(Path.of(groups[index][0]).names)]
                compared.setdefault((fitting or choices)[0], comparison)
            else:
                nameless[number, comparison.owner] = comparison
        return compared, list(nameless.values())

    def _names_of(self, owner: Number) -> set[str]:
        versions = set(self.record.versions(owner))
        paths = {each.path for each in self.bindings if each.number in versions}
        return {f"d{name}" for path in paths for name in Path.of(path).names}

    def candidates(self, answer: Answer, backward: Pass) -> list[Number]:
        """The values of ``backward`` whose gradient an answer may be, the likeliest first."""
        if answer.comparison is not None:
            versions = self.record.versions(answer.comparison.owner)
            if same := [each for each in versions if each in backward.network.computed]:
                return same
        nodes = self.naming.nodes_for(answer.path, backward.paths)
        numbers = [number for node in nodes for number in reversed(backward.paths[node])]
        return list(dict.fromkeys(numbers))

    def likely_node(self, answer: Answer) -> str:
        """The name of the tensor whose gradient an answer may be; the gradient's own where there is none."""
        return next(iter(self.naming.nodes_for(answer.path, self._node_paths)), answer.path)

    def owners(self, answer: Answer) -> set[Number]:
        """All values whose gradient an answer may be, in any pass."""
        if answer.comparison is not None:
            return set(self.record.versions(answer.comparison.owner))
        names = set(self.naming.nodes_for(answer.path, self._node_paths))
        return {each.number for each in self.bindings if each.path in names}
