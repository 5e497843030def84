"""The gradients that a file computes after a forward pass, as a Program of answers in its own names."""

from __future__ import annotations

import ast
import bisect
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ninja_tui.lesson.notebook.gradient_names import USUAL_TEMPLATES, naming_habit
from ninja_tui.lesson.notebook.slice import Dataflow
from ninja_tui.lesson.notebook.ssa import SsaForm
from ninja_tui.lesson.program import Answer, Program, ProgramStatement
from ninja_tui.lesson.syntax.comparisons import Pair, pairs_in
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import is_definition, is_import, or_nothing
from ninja_tui.lesson.syntax.names import assigned
from ninja_tui.lesson.syntax.rename import renamed
from ninja_tui.lesson.syntax.training_steps import asks_autograd


@dataclass
class _Segment:
    """A gradient from a fresh assignment on: the statements that bind and change it.

    ``compared`` has the nodes with which it is compared, each with the number of statements before that.
    """

    name: str
    indices: list[int]
    compared: dict[str, int] = field(default_factory=dict)
    node: str | None = None

    @property
    def computing(self) -> list[int]:
        """The statements that make the gradient: up to the last comparison, if it is compared at all."""
        return self.indices[: max(self.compared.values(), default=len(self.indices))]


@dataclass(frozen=True)
class _Comparison:
    """A pair with the statement that compares it; ``computed``: its gradient has been computed by then."""

    index: int
    pair: Pair
    computed: bool


@dataclass(frozen=True)
class FileGradients:
    """The gradients that a file has for a forward pass, as answers.

    ``definitions`` are functions and imports that they need; ``missing`` are the nodes that the file compares nothing
    computed with; ``used`` are the track's statements that are a part of answers.
    """

    program: Program
    definitions: tuple[Fragment, ...]
    missing: frozenset[str]
    pairs: tuple[Pair, ...]
    used: frozenset[int]

    @property
    def gradient_names(self) -> dict[str, str]:
        """The gradients' names by node; of several names the first."""
        names: dict[str, str] = {}
        for pair in self.pairs:
            names.setdefault(pair.node, pair.gradient)
        for answer in self.program.answers:
            names.setdefault(answer.node, answer.gradient)
        return names


def gradients_of(flow: Dataflow, ssa: SsaForm, bounds: tuple[int, int], excluded: Collection[int]) -> FileGradients:
    """The gradients between the statements ``bounds`` for a forward pass; statements ``excluded`` belong to others.

    What follows ``bounds`` may still compare.
    """
    return _Gatherer(flow, ssa).gather(bounds, excluded)


class _Gatherer:
    def __init__(self, flow: Dataflow, ssa: SsaForm) -> None:
        self._flow, self._pass, self._ssa = flow, ssa.forward_pass, ssa
        bound = {name for statement in ssa.statements for name in statement.binds}
        self._nodes = frozenset((bound | set(ssa.parameters)) - {ssa.forward_pass.loss.name})

    def gather(self, bounds: tuple[int, int], excluded: Collection[int]) -> FileGradients:
        segments, comparisons = self._segments(bounds)
        pairs = [comparison.pair for comparison in comparisons]
        node_of = naming_habit({segment.name for segment in segments}, self._nodes, pairs)
        self._assign_nodes(segments, node_of)
        answered = [each for each in segments if each.node is not None or each.compared]
        indices = self._needed(answered, bounds, excluded)
        program = self._program(answered, indices, comparisons)
        after = [index for index in indices if index > self._pass.loss.bound]
        unbound = self._flow.read_by(after) - self._flow.defined_by(indices)
        missing = {pair.node for pair in pairs} | {node for name in unbound if (node := node_of(name)) is not None}
        missing -= {answer.node for answer in program.answers}
        definitions = [self._flow.effects[index].fragment for index in indices if self._is_definition(index)]
        used = frozenset(indices) | {index for each in answered for index in each.indices}
        return FileGradients(program, tuple(map(_tolerant, definitions)), frozenset(missing), tuple(pairs), used)

    def _is_definition(self, index: int) -> bool:
        """Whether a statement before the loss only defines what answers need."""
        return index <= self._pass.loss.bound and is_definition(self._flow.effects[index].tree)

    def _segments(self, bounds: tuple[int, int]) -> tuple[list[_Segment], list[_Comparison]]:
        segments: list[_Segment] = []
        latest: dict[str, _Segment] = {}
        comparisons: list[_Comparison] = []
        usual = {template.format(node) for template in USUAL_TEMPLATES for node in self._nodes} - self._nodes
        of_pass = self._pass.binds | set(self._pass.parameters)
        for index in range(bounds[0], len(self._flow.effects)):
            effects = self._flow.effects[index]
            tree = effects.tree
            if index >= bounds[1]:
                if effects.defines & of_pass:
                    break
                for name in effects.defines:
                    latest.pop(name, None)
            pairs = pairs_in(tree, self._nodes, latest, usual if index < bounds[1] else ())
            for pair in pairs:
                comparisons.append(_Comparison(index, pair, computed=pair.gradient in latest))
                if pair.gradient in latest:
                    segment = latest[pair.gradient]
                    segment.compared[pair.node] = len(segment.indices)
            if effects.displays or pairs or index >= bounds[1]:
                continue
            if _placeholder(tree):
                for name in effects.defines:
                    latest.pop(name, None)
                continue
            if is_definition(tree):
                continue
            fresh = assigned(tree) - self._nodes - effects.direct_changes
            for name in sorted(fresh):
                latest[name] = _Segment(name, [index])
                segments.append(latest[name])
            for name in sorted(effects.direct_changes - fresh):
                if name in latest:
                    latest[name].indices.append(index)
                elif name in usual:  # its beginning is missing
                    latest[name] = _Segment(name, [index])
                    segments.append(latest[name])
        return segments, comparisons

    def _assign_nodes(self, segments: list[_Segment], node_of: Callable[[str], str | None]) -> None:
        """Says of which node each segment is the gradient."""
        compared = {node: segment for segment in segments for node in segment.compared}
        superseded = self._superseded(segments)
        for position, segment in enumerate(segments):
            if segment.compared or position in superseded:
                continue
            node = node_of(segment.name)
            if node is not None and not (node in compared and self._is_part(segment, compared[node])):
                segment.node = node

    def _is_part(self, segment: _Segment, other: _Segment) -> bool:
        """Whether ``other``, of another name, is computed from ``segment``."""
        return other.name != segment.name and segment.name in self._flow.read_by(other.indices)

    def _superseded(self, segments: list[_Segment]) -> set[int]:
        """The segments of which nothing comes.

        The name is bound again and only then compared, and nothing that counts was computed from it before.
        """
        read: dict[str, list[int]] = {}  # the statements that read a name, in order
        following: dict[str, _Segment] = {}
        compared: set[str] = set()
        superseded: set[int] = set()
        for position in range(len(segments) - 1, -1, -1):
            segment = segments[position]
            again = following.get(segment.name)
            following[segment.name] = segment
            if segment.compared:
                compared.add(segment.name)
            elif again is not None and segment.name in compared:
                reading = read.get(segment.name, [])
                start, stop = (bisect.bisect_left(reading, each.indices[0]) for each in (segment, again))
                if set(reading[start:stop]) <= set(segment.indices):
                    superseded.add(position)
                    continue
            for index in segment.indices:
                for name in self._flow.effects[index].reads - {segment.name}:
                    bisect.insort(read.setdefault(name, []), index)
        return superseded

    def _needed(self, answered: list[_Segment], bounds: tuple[int, int], excluded: Collection[int]) -> list[int]:
        """The statements, beside those of the lesson, that the answers need."""
        of_lesson = self._pass.all_indices
        bound = self._flow.defined_by(of_lesson)
        computing = {index for segment in answered for index in segment.computing}
        wanted: set[str] = set()
        indices: list[int] = []
        for index in range(bounds[1] - 1, -1, -1):
            effects = self._flow.effects[index]
            if index in of_lesson:
                wanted -= effects.defines
                continue
            if effects.displays or index in excluded or asks_autograd(effects.tree):
                continue
            touched = effects.defines | effects.direct_changes
            if index not in computing and not touched & wanted:
                continue
            if index not in computing and bounds[0] <= index and pairs_in(effects.tree, self._nodes, touched, wanted):
                continue
            indices.append(index)
            wanted -= effects.kills
            reads = effects.reads - self._flow.predefined
            # a function reads its globals when it is called, and by then the pass has bound them
            wanted |= reads - bound if is_definition(effects.tree) else reads
            bound |= effects.defines
        return indices[::-1]

    def _program(self, answered: list[_Segment], indices: list[int], comparisons: list[_Comparison]) -> Program:
        available = set(indices)
        parts = [
            (node, segment)
            for segment in answered
            for node in (list(segment.compared) or ([segment.node] if segment.node else []))
            if set(segment.computing) <= available
        ]
        numbers: dict[int, set[int]] = {}
        for number, (_, segment) in enumerate(parts):
            for index in segment.computing:
                numbers.setdefault(index, set()).add(number)
        compared: dict[int, list[Pair]] = {}
        for comparison in comparisons:
            if comparison.computed:
                compared.setdefault(comparison.index, []).append(comparison.pair)
        steps: list[ProgramStatement] = []
        position: dict[int, int] = {}
        for index in sorted({*indices, *compared}):
            if index in compared:
                steps += [_cmp(pair, self._flow.effects[index].fragment) for pair in compared[index]]
            elif not self._is_definition(index):
                position[index] = len(steps)
                steps.append(self._step(index, frozenset(numbers.get(index, ()))))
        answers = tuple(
            Answer(
                node,
                self._flow.effects[segment.indices[0]].fragment.line,
                tuple(position[index] for index in segment.computing),
                segment.name,
            )
            for node, segment in parts
        )
        return Program(tuple(steps), answers, whole=True)

    def _step(self, index: int, answers: frozenset[int]) -> ProgramStatement:
        """A statement with the names that the lesson has for the variables of the forward pass."""
        effects = self._flow.effects[index]
        fragment, code = effects.fragment, effects.fragment.code
        names = self._ssa.names_at(index)
        if names:
            code = renamed(code, {name: names[name] for name in names if name not in effects.defines}, {})
        reads = effects.reads | effects.direct_changes
        return ProgramStatement(code, fragment.line, fragment.end_line, reads, answers)


def _cmp(pair: Pair, fragment: Fragment) -> ProgramStatement:
    """A comparison of the file in the form that ``--replay`` knows."""
    code = f"cmp({pair.label!r}, {pair.gradient}, {pair.node})"
    return ProgramStatement(code, fragment.line, fragment.end_line, frozenset({pair.gradient, pair.node}), frozenset())


def _placeholder(tree: ast.stmt) -> bool:
    """``dprobs = None``, or ``dprobs = ...``, to be filled in later."""
    if not isinstance(tree, ast.Assign):
        return False
    values = tree.value.elts if isinstance(tree.value, ast.Tuple) else [tree.value]
    return bool(values) and all(
        isinstance(value, ast.Constant) and (value.value is None or value.value is ... or value.value == "")
        for value in values
    )


def _tolerant(fragment: Fragment) -> Fragment:
    """An import that only an answer needs spoils no more than that answer."""
    return or_nothing(fragment) if is_import(fragment.tree) else fragment
