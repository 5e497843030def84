"""The gradients that a file computes after a forward pass, as a Program of answers in its own names."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ninja_tui.lesson.notebook.gradient_names import Pair, habit, pairs_in
from ninja_tui.lesson.notebook.linearize import is_backward
from ninja_tui.lesson.notebook.slice import Line
from ninja_tui.lesson.notebook.ssa import Written
from ninja_tui.lesson.program import Answer, Program, Step
from ninja_tui.lesson.syntax.effects import Effects
from ninja_tui.lesson.syntax.names import assigned
from ninja_tui.lesson.syntax.rename import renamed


@dataclass
class _Segment:
    """A gradient from a fresh assignment on: the statements that bind and change it, and what it is compared with."""

    name: str
    indices: list[int]
    pairs: dict[str, int] = field(default_factory=dict)
    node: str | None = None


@dataclass(frozen=True)
class _Comparison:
    """A pair with the statement that compares it; ``computed``: its gradient has been found by then."""

    index: int
    pair: Pair
    computed: bool


@dataclass(frozen=True)
class Given:
    """What a file gives for one chain: answers, the nodes that it compares nothing computed with, and the pairs."""

    program: Program
    definitions: tuple[tuple[str, int], ...]
    missing: frozenset[str]
    pairs: tuple[Pair, ...]
    used: frozenset[int]

    @property
    def names(self) -> dict[str, str]:
        """The gradients' names by node; of several names the first."""
        found: dict[str, str] = {}
        for pair in self.pairs:
            found.setdefault(pair.node, pair.gradient)
        for answer in self.program.answers:
            found.setdefault(answer.node, answer.gradient)
        return found


def gradients_of(line: Line, written: Written, bounds: tuple[int, int], closed: Collection[int]) -> Given:
    """What stands in ``line[bounds]`` for the chain that is ``written``; statements ``closed`` belong to others.

    What follows ``bounds`` may still compare.
    """
    return _Gatherer(line, written).gather(bounds, closed)


class _Gatherer:
    def __init__(self, line: Line, written: Written) -> None:
        self._line, self._chain, self._written = line, written.chain, written
        bound = {name for statement in written.statements for name in statement.binds}
        self._nodes = (bound | set(written.parameters)) - {written.chain.loss.name}

    def gather(self, bounds: tuple[int, int], closed: Collection[int]) -> Given:
        segments, comparisons = self._segments(bounds)
        plain = [comparison.pair for comparison in comparisons]
        missing = {pair.node for pair in plain}
        node_of = habit({segment.name for segment in segments}, self._nodes, plain)
        self._name(segments, node_of)
        answered = [each for each in segments if each.node is not None or each.pairs]
        indices = self._needed(answered, bounds, closed)
        steps, answers = self._program(answered, indices, comparisons)
        bound = {name for index in indices for name in self._line.effects[index].defines}
        read = {name for index in indices if index > self._chain.loss.bound for name in self._line.effects[index].reads}
        missing |= {node for name in read - bound if (node := node_of(name)) is not None}
        missing -= {answer.node for answer in answers}
        definitions = tuple(
            (_forgiving(self._line.effects[index]), self._line.effects[index].unit.line)
            for index in indices
            if index <= self._chain.loss.bound and _defines(self._line.effects[index])
        )
        used = frozenset(indices) | {index for each in answered for index in each.indices}
        return Given(Program(steps, answers, whole=True), definitions, frozenset(missing), tuple(plain), used)

    def _segments(self, bounds: tuple[int, int]) -> tuple[list[_Segment], list[_Comparison]]:
        segments: list[_Segment] = []
        latest: dict[str, _Segment] = {}
        comparisons: list[_Comparison] = []
        usual = {template.format(node) for template in ("d{}", "d_{}") for node in self._nodes}
        for index in range(bounds[0], len(self._line.effects)):
            effects = self._line.effects[index]
            tree = effects.unit.tree
            if index >= bounds[1]:
                if effects.defines & (self._chain.names | set(self._chain.parameters)):
                    break
                for name in effects.defines & latest.keys():
                    del latest[name]
            names = (latest.keys() | usual if index < bounds[1] else latest.keys()) - self._nodes
            there = pairs_in(tree, self._nodes, names)
            for pair in there:
                comparisons.append(_Comparison(index, pair, computed=pair.gradient in latest))
                if pair.gradient in latest:
                    segment = latest[pair.gradient]
                    segment.pairs[pair.node] = len(segment.indices)
            if effects.shows or there or index >= bounds[1]:
                continue
            if _placeholder(tree):
                latest = {name: segment for name, segment in latest.items() if name not in effects.defines}
                continue
            if isinstance(tree, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
                continue
            fresh = assigned(tree) - self._nodes - effects.own_changes
            for name in sorted(fresh):
                latest[name] = _Segment(name, [index])
                segments.append(latest[name])
            for name in sorted(effects.own_changes - fresh):
                if name in latest:
                    latest[name].indices.append(index)
                elif name in usual - self._nodes:  # its beginning is missing
                    latest[name] = _Segment(name, [index])
                    segments.append(latest[name])
        return segments, comparisons

    def _name(self, segments: list[_Segment], node_of: Callable[[str], str | None]) -> None:
        """Says of which node each segment is the gradient."""
        compared = {node: segment for segment in segments for node in segment.pairs}
        tries = self._tries(segments)
        for position, segment in enumerate(segments):
            if segment.pairs or position in tries:
                continue
            node = node_of(segment.name)
            if node is not None and not (node in compared and self._is_part(segment, compared[node])):
                segment.node = node

    def _is_part(self, segment: _Segment, other: _Segment) -> bool:
        """Whether ``other``, of another name, is computed from ``segment``."""
        reads = {name for index in other.indices for name in self._line.effects[index].reads}
        return other.name != segment.name and segment.name in reads

    def _tries(self, segments: list[_Segment]) -> set[int]:
        """The segments that were tries: the name is bound again, and only then compared, and nothing that counts

        was computed from the try.
        """
        read: set[tuple[str, int]] = set()
        tries: set[int] = set()
        for position in range(len(segments) - 1, -1, -1):
            segment = segments[position]
            again = [other for other in segments[position + 1 :] if other.name == segment.name]
            if not segment.pairs and any(other.pairs for other in again):
                meanwhile = {*range(segment.indices[0], again[0].indices[0])} - {*segment.indices}
                if not any(name == segment.name and index in meanwhile for name, index in read):
                    tries.add(position)
                    continue
            for index in segment.indices:
                read |= {(name, index) for name in self._line.effects[index].reads - {segment.name}}
        return tries

    def _needed(self, answered: list[_Segment], bounds: tuple[int, int], closed: Collection[int]) -> list[int]:
        """The statements, beside those of the lesson, that the answers need."""
        chain = self._chain
        own = {*chain.before, *chain.drawn, *chain.forward}
        there = {name for index in own for name in self._line.effects[index].defines}
        ends: dict[int, set[str]] = {}
        for segment in answered:
            for index in segment.indices[: _length(segment)]:
                ends.setdefault(index, set()).add(segment.name)
        wanted: set[str] = set()
        found: list[int] = []
        for index in range(bounds[1] - 1, -1, -1):
            effects = self._line.effects[index]
            if index in own:
                wanted -= effects.defines
                continue
            if effects.shows or index in closed or goes_back(effects):
                continue
            touched = effects.defines | effects.own_changes
            if index not in ends and not touched & wanted:
                continue
            if index not in ends and bounds[0] <= index and pairs_in(effects.unit.tree, self._nodes, touched | wanted):
                continue
            found.append(index)
            wanted -= effects.kills
            reads = effects.reads - self._line.given
            # a function reads its globals when it is called, and by then the pass has bound them
            wanted |= reads - there if _defines(effects) else reads
            there |= effects.defines
        return found[::-1]

    def _program(
        self, answered: list[_Segment], indices: list[int], comparisons: list[_Comparison]
    ) -> tuple[tuple[Step, ...], tuple[Answer, ...]]:
        steps: list[Step] = []
        place: dict[int, int] = {}
        parts: list[tuple[str, _Segment]] = []
        for segment in answered:
            nodes = list(segment.pairs) or ([segment.node] if segment.node else [])
            parts += [(node, segment) for node in nodes]
        parts = [(node, segment) for node, segment in parts if set(segment.indices[: _length(segment)]) <= set(indices)]
        held: dict[int, set[int]] = {}
        for number, (_, segment) in enumerate(parts):
            for index in segment.indices[: _length(segment)]:
                held.setdefault(index, set()).add(number)
        compared: dict[int, list[Pair]] = {}
        for comparison in comparisons:
            if comparison.computed:
                compared.setdefault(comparison.index, []).append(comparison.pair)
        for index in sorted({*indices, *compared}):
            effects = self._line.effects[index]
            unit = effects.unit
            if index in compared:
                for pair in compared[index]:
                    code = f"cmp({pair.label!r}, {pair.gradient}, {pair.node})"
                    reads = frozenset({pair.gradient, pair.node})
                    steps.append(Step(code, unit.line, unit.end_line, reads, frozenset()))
                continue
            if index <= self._chain.loss.bound and _defines(effects):
                continue
            code = self._seen(effects, index)
            place[index] = len(steps)
            reads = effects.reads | effects.own_changes
            steps.append(Step(code, unit.line, unit.end_line, reads, frozenset(held.get(index, ()))))
        answers = tuple(
            Answer(
                node,
                self._line.effects[segment.indices[0]].unit.line,
                tuple(place[index] for index in segment.indices[: _length(segment)]),
                segment.name,
            )
            for node, segment in parts
        )
        return tuple(steps), answers

    def _seen(self, effects: Effects, index: int) -> str:
        """A statement's code, with the names that the lesson has for the variables of the forward pass."""
        names = self._written.seen.get(index)
        if not names:
            return effects.unit.code
        loads = {name: names[name] for name in names if name not in effects.defines}
        return renamed(effects.unit.code, loads, {})


def goes_back(effects: Effects) -> bool:
    """Whether a statement asks autograd for gradients."""
    return any(map(is_backward, ast.walk(effects.unit.tree))) or "autograd.grad(" in effects.unit.code


def _length(segment: _Segment) -> int:
    """How many statements make the gradient: up to the last comparison, if it is compared at all."""
    return max(segment.pairs.values(), default=len(segment.indices))


def _placeholder(tree: ast.stmt) -> bool:
    """``dprobs = None``, or ``dprobs = ...``, to be filled in later."""
    if not isinstance(tree, ast.Assign):
        return False
    values = tree.value.elts if isinstance(tree.value, ast.Tuple) else [tree.value]
    return bool(values) and all(
        isinstance(value, ast.Constant) and (value.value is None or value.value is ... or value.value == "")
        for value in values
    )


def _defines(effects: Effects) -> bool:
    return isinstance(effects.unit.tree, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


def _forgiving(effects: Effects) -> str:
    """An import that only an answer needs spoils no more than that answer."""
    code = effects.unit.code
    if isinstance(effects.unit.tree, ast.Import | ast.ImportFrom):
        return f"try:\n    {' '.join(code.split())}\nexcept ImportError:\n    pass"
    return code
