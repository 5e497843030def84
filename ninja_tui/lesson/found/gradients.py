"""The gradients that a file computes after a forward pass, as a Program of answers in its own names."""

from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from ninja_tui.lesson.answers import Answer, Program, Step
from ninja_tui.lesson.found.effects import Effects
from ninja_tui.lesson.found.flow import Line
from ninja_tui.lesson.found.names import renamed
from ninja_tui.lesson.found.pairs import Pair, habit, pairs_in
from ninja_tui.lesson.found.source import cell_and_line
from ninja_tui.lesson.found.statements import Written
from ninja_tui.lesson.names_in import assigned


@dataclass
class _Segment:
    """A gradient from a fresh assignment on: the statements that bind and change it, and what it is compared with."""

    name: str
    indices: list[int]
    pairs: dict[str, int] = field(default_factory=dict)
    node: str | None = None


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


def gradients_of(
    line: Line, written: Written, bounds: tuple[int, int], closed: Collection[int], starts: tuple[int, ...]
) -> Given:
    """What stands in ``line[bounds]`` for the chain that is ``written``; statements ``closed`` belong to others.

    What follows ``bounds`` may still compare. ``starts`` are the first lines of a notebook's cells.
    """
    return _Gatherer(line, written, starts).gather(bounds, closed)


class _Gatherer:
    def __init__(self, line: Line, written: Written, starts: tuple[int, ...]) -> None:
        self._line, self._chain, self._written, self._starts = line, written.chain, written, starts
        bound = {name for statement in written.statements for name in statement.binds}
        self._nodes = (bound | set(written.parameters)) - {written.chain.loss.name}

    def gather(self, bounds: tuple[int, int], closed: Collection[int]) -> Given:
        segments, pairs = self._segments(bounds)
        missing = {pair.node for _, pair in pairs}
        plain = [pair for _, pair in pairs]
        self._name(segments, plain)
        answered = [each for each in segments if each.node is not None or each.pairs]
        indices = self._needed(answered, bounds, closed)
        steps, answers = self._program(answered, indices, pairs)
        missing -= {answer.node for answer in answers}
        definitions = tuple(
            (_forgiving(self._line.effects[index]), self._line.effects[index].unit.line)
            for index in indices
            if index <= self._chain.loss.bound and _defines(self._line.effects[index])
        )
        used = frozenset(indices) | {index for each in answered for index in each.indices}
        return Given(Program(steps, answers), definitions, frozenset(missing), tuple(plain), used)

    def _segments(self, bounds: tuple[int, int]) -> tuple[list[_Segment], list[tuple[int, Pair]]]:
        segments: list[_Segment] = []
        latest: dict[str, _Segment] = {}
        pairs: list[tuple[int, Pair]] = []
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
                pairs.append((index, pair))
                if pair.gradient in latest:
                    segment = latest[pair.gradient]
                    segment.pairs[pair.node] = len(segment.indices)
            if effects.shows or there or _placeholder(tree) or index >= bounds[1]:
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
        return segments, pairs

    def _name(self, segments: list[_Segment], pairs: list[Pair]) -> None:
        """Says of which node each segment is the gradient."""
        node_of = habit({segment.name for segment in segments}, self._nodes, pairs)
        compared = {node: segment.name for segment in segments for node in segment.pairs}
        for position, segment in enumerate(segments):
            if segment.pairs:
                continue
            node = node_of(segment.name)
            if node is None or compared.get(node, segment.name) != segment.name:
                continue
            if self._superseded(segment, segments[position + 1 :]):
                continue
            segment.node = node

    def _superseded(self, segment: _Segment, later: list[_Segment]) -> bool:
        """Whether something else of that name is compared in the same cell instead."""
        cell = self._cell(segment)
        return any(other.name == segment.name and other.pairs and self._cell(other) == cell for other in later)

    def _cell(self, segment: _Segment) -> int | None:
        return cell_and_line(self._line.effects[segment.indices[0]].unit.line, self._starts)[0]

    def _needed(self, answered: list[_Segment], bounds: tuple[int, int], closed: Collection[int]) -> list[int]:
        """The statements, beside those of the lesson, that the answers need."""
        chain = self._chain
        own = {*chain.before, *chain.drawn, *chain.forward}
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
            wanted |= effects.reads - self._line.given
        return found[::-1]

    def _program(
        self, answered: list[_Segment], indices: list[int], pairs: list[tuple[int, Pair]]
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
        for index, pair in pairs:
            compared.setdefault(index, []).append(pair)
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
    return ".backward(" in effects.unit.code or "autograd.grad(" in effects.unit.code


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
