"""Finds the backward passes of a recorded program, their nodes, and the gradients that the program computes itself.

What the program compares with a ``.grad`` tells most; names tell the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.assess import Assessor
from ninja_tui.engine.judge.graph import Graph
from ninja_tui.engine.judge.network import Network, Output
from ninja_tui.engine.recording.names import Binding
from ninja_tui.engine.recording.record import Comparison, Number, Operation, Record, Use
from ninja_tui.engine.recording.recorder import SAME_VALUES, operator_name
from ninja_tui.lesson.notebook.gradient_paths import Naming, Path
from ninja_tui.lesson.syntax.instrument import Site
from ninja_tui.lesson.syntax.training_steps import LOSSES

FARTHEST = 6
"""Of the tensors that bore a name so many are tried for one gradient."""


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

    @property
    def number(self) -> Number:
        """Its last value."""
        return self.versions[-1]


@dataclass
class Pass:
    """One backward pass of autograd's, or one that could be: its network, and its nodes by name.

    ``step`` is where it started; ``paths`` are the values that stood behind each name, in their order.
    """

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
    """What a run has left: its record, and which names stood for which values."""

    def __init__(self, record: Record, bindings: Sequence[Binding], sites: Sequence[Site]) -> None:
        self.record, self.bindings, self.sites = record, list(bindings), sites
        self._passes: dict[tuple[Output, ...], Pass] = {}
        self.starts = self._starts()

    def _starts(self) -> list[tuple[Output, int]]:
        """Where backward passes start, and after which step; without any, values that are called a loss."""
        starts = [(Output(each.loss, each.seed), each.step) for each in self.record.backwards]
        if starts:
            return starts
        last: dict[str, tuple[Output, int]] = {}
        for binding in self.bindings:
            if Path.of(binding.path).last in LOSSES and self._is_number(binding.number):
                last[binding.path] = (Output(binding.number), binding.step)
        return sorted(last.values(), key=lambda each: each[1])

    def _is_number(self, number: Number) -> bool:
        return isinstance(self.record.step_of(number), Operation)

    def passes_for(self, candidates: Iterable[Number], step: int) -> list[Pass]:
        """The passes of a value, the one before ``step`` first that is nearest to it, then those that come later."""
        wanted = set(candidates)
        before = [(output, at) for output, at in self.starts if at <= step]
        after = [(output, at) for output, at in self.starts if at > step]
        result: list[Pass] = []
        for output, at in (*reversed(before), *after):
            if wanted & self.record.ancestors(output.number):
                result.append(self.pass_of((output,), at))
                if len(result) == 2:
                    break
        return result

    def pass_of(self, outputs: tuple[Output, ...], step: int) -> Pass:
        """The backward pass from ``outputs``."""
        if outputs not in self._passes:
            self._passes[outputs] = self._opened(outputs, step)
        return self._passes[outputs]

    def _opened(self, outputs: tuple[Output, ...], step: int) -> Pass:
        network = Network(self.record, outputs)
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
        return Pass(outputs, step, network, paths, Assessor(graph, lambda name: f"d{name}"))

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
        nodes = self._node_paths()
        naming = self._naming(nodes)
        grouped = self._grouped()
        compared, nameless = self._compared(grouped)
        result: list[Answer] = []
        for index, (path, events) in enumerate(grouped):
            comparison = compared.get(index)
            if comparison is None and not naming.nodes_for(path, nodes):
                continue
            values = tuple(event.value for event in events if event.value is not None)
            if len(values) != len(events):
                values = (comparison.value,) * len(events) if comparison is not None else ()
            if not values:
                continue
            first, last = self.sites[events[0].site], self.sites[events[-1].site]
            result.append(
                Answer(
                    path,
                    first.line,
                    last.end_line,
                    events[-1].step,
                    tuple(e.number for e in events),
                    values,
                    comparison,
                )
            )
        self.naming = naming
        return result, nameless

    def _node_paths(self) -> list[str]:
        """The names of tensors that may be nodes: of what some loss depends on."""
        members: set[Number] = set()
        for output, _ in self.starts[-1:] + self.starts[:-1][-8:]:
            members |= self.record.ancestors(output.number)
        for comparison in self.record.comparisons:
            members.update(self.record.versions(comparison.owner))
        return list(
            dict.fromkeys(each.path for each in self.bindings if each.number in members and self._bears_name(each))
        )

    def _naming(self, nodes: Sequence[str]) -> Naming:
        losses = {output.number for output, _ in self.starts}
        naming = Naming({each.path for each in self.bindings if each.number in losses})
        naming.learn({each.path for each in self.bindings}, nodes)
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
            if path.root not in site.roots:
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
            versions = list(self.record.versions(answer.comparison.owner))
            same = [each for each in versions if each in backward.network.computed]
            if same:
                return same
        nodes = self.naming.nodes_for(answer.path, backward.paths)
        numbers = [number for node in nodes for number in reversed(backward.paths[node])]
        return list(dict.fromkeys(numbers))

    def owners(self, answer: Answer) -> set[Number]:
        """All values whose gradient an answer may be, in any pass."""
        if answer.comparison is not None:
            return set(self.record.versions(answer.comparison.owner))
        names = set(self.naming.nodes_for(answer.path, self._node_paths()))
        return {each.number for each in self.bindings if each.path in names}


def inputs_of(record: Record, number: Number) -> tuple[Number, ...]:
    """The values that an operation was called with for a value."""
    step = record.step_of(number)
    return tuple(arg.number for arg in getattr(step, "args", ()) if isinstance(arg, Use))
