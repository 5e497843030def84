"""Discovers the lessons in a script or notebook of any form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.graph import nodes_of
from ninja_tui.lesson.model import Cell, Lesson, Node, Notes, Origin, gradient_name
from ninja_tui.lesson.notebook.cells import Source, read_source, source_of
from ninja_tui.lesson.notebook.forward_pass import ForwardPass, forward_pass_to, losses_of
from ninja_tui.lesson.notebook.gradient_names import template_of
from ninja_tui.lesson.notebook.gradients import FileGradients, gradients_of
from ninja_tui.lesson.notebook.linearize import tracks_of
from ninja_tui.lesson.notebook.own_names import own_names
from ninja_tui.lesson.notebook.parse import Dropped, fragments_of, readable
from ninja_tui.lesson.notebook.requirements import read_statements
from ninja_tui.lesson.notebook.slice import Dataflow, EffectsOf
from ninja_tui.lesson.notebook.ssa import SsaForm, ssa_form
from ninja_tui.lesson.program import Program, ProgramStatement
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.syntax.effects import Effects, FileContext
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import is_definition
from ninja_tui.lesson.syntax.literals import bound_numbers
from ninja_tui.lesson.syntax.names import stored_names
from ninja_tui.lesson.syntax.parsing import TooLong

MOST_LAID_OUT = 100_000
"""Statements on the lines through a file, one for each training loop."""
MOST_SEARCHED = 60_000
"""Losses times statements."""
NO_CODE = (Fragment("", 1, 1),)


@dataclass(frozen=True)
class DiscoveredLesson:
    """A forward pass of a file as a lesson, and the gradients that the file computes for it."""

    lesson: Lesson
    program: Program

    @property
    def with_usual_names(self) -> Program:
        """The program with ``d<node>`` beside each gradient that is called otherwise."""
        last = {answer.node: answer for answer in self.program.answers}
        steps = tuple(
            ProgramStatement(
                code=f"{gradient_name(answer.node)} = {answer.gradient}",
                line=answer.line,
                end_line=answer.line,
                reads=frozenset({answer.gradient}),
                answers=frozenset(),
            )
            for answer in last.values()
            if answer.gradient != gradient_name(answer.node)
        )
        return replace(self.program, steps=(*self.program.steps, *steps))

    @property
    def to_answer(self) -> Lesson:
        """The lesson for somebody who answers it anew: all nodes, with gradients called ``d<node>``."""
        nodes = tuple(replace(node, gradient=gradient_name(node.name)) for node in self.lesson.nodes)
        return replace(self.lesson, nodes=nodes)


@dataclass(frozen=True)
class Discovery:
    """What a file holds: lessons in file order, and a sentence on each thing that could not be read."""

    path: Path
    lessons: tuple[DiscoveredLesson, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Definitions:
    """A script of definitions that a file lacks: its code, and the names that it binds."""

    code: str = ""
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Candidate:
    flow: Dataflow
    ssa: SsaForm
    gradients: FileGradients

    @property
    def forward_pass(self) -> ForwardPass:
        return self.ssa.forward_pass

    @property
    def line(self) -> int:
        """The file's line of its loss."""
        return self.flow.effects[self.forward_pass.loss.bound].fragment.line

    @property
    def answered(self) -> bool:
        return bool(self.gradients.program.answers)

    @property
    def lines(self) -> set[int]:
        """The file's lines of its statements and answers."""
        indices = (*self.forward_pass.forward, *self.gradients.used)
        return {self.flow.effects[index].fragment.line for index in indices}


def read_definitions(path: Path) -> Definitions:
    """The definitions in the script or notebook ``path``; raises UsageError where it is missing, or no Python."""
    source = source_of(path, read_text(path, "the set-up file"))
    with readable(path):
        fragments, remarks = fragments_of(source)
        names = frozenset(name for fragment in fragments for name in Effects(fragment).defines)
    for remark in remarks:
        if isinstance(remark, Dropped):
            raise UsageError(f"{path}, {source.place(remark.line)}: {remark.message}")
    return Definitions("\n".join(fragment.code for fragment in fragments), names)


def discover(path: Path, definitions: Definitions | None = None) -> Discovery:
    """As ``discover_in``, of the file ``path``; raises UsageError where it cannot be read, too."""
    return discover_in(read_source(path), definitions)


def discover_in(source: Source, definitions: Definitions | None = None) -> Discovery:
    """The lessons in ``source``; names that ``definitions`` bind are taken from there.

    Raises UsageError where it holds no forward pass that ends in a loss.
    """
    with readable(source.path):
        return _discover_in(source, definitions or Definitions())


def _discover_in(source: Source, definitions: Definitions) -> Discovery:
    fragments, notes = read_statements(source, definitions.names)
    candidates = _candidates(fragments, definitions.names)
    if not candidates:
        reasons = f" ({'; '.join(notes[:3])})" if notes else ""
        raise UsageError(f"{source.path} holds no forward pass that ends in a loss and depends on parameters{reasons}")
    chosen = [each for each in candidates if each.answered] or [max(candidates, key=_promise)]
    lessons = [
        _lesson(candidate, source, _name(source.path, number), definitions) for number, candidate in enumerate(chosen)
    ]  # fmt: skip
    return Discovery(source.path, tuple(lessons), notes)


def _promise(candidate: _Candidate) -> tuple[bool, int]:
    """Of forward passes without answers the one that somebody set out to answer, or the longest."""
    return bool(candidate.gradients.missing), len(candidate.forward_pass.forward)


def _candidates(fragments: Sequence[Fragment], predefined: frozenset[str]) -> list[_Candidate]:
    candidates: list[_Candidate] = []
    known = EffectsOf(FileContext.of(fragments))
    tracks = tracks_of(fragments)
    if sum(len(track.fragments) for track in tracks) > MOST_LAID_OUT:
        raise TooLong(f"has {len(tracks) - 1:,} training loops, too many for its length to find passes in")
    flows = [Dataflow.of(track, known, predefined) for track in tracks]
    compared = _compared(fragments)
    for by_name in (False, True):
        for flow in sorted(flows, key=lambda each: each.loop):
            taken = {line for each in candidates for line in each.lines}
            candidates += _candidates_of(flow, compared, taken, by_name=by_name)
        if any(each.answered for each in candidates):
            break
    return sorted(candidates, key=lambda each: each.line)


def _candidates_of(flow: Dataflow, compared: frozenset[str], taken: set[int], *, by_name: bool) -> list[_Candidate]:
    """The forward passes of one track, without the lines ``taken``; ``by_name`` for losses only named like one."""
    flow, losses = losses_of(flow, by_name=by_name)
    bound = len({loss.bound for loss in losses})
    if bound * len(flow.effects) > MOST_SEARCHED:
        raise TooLong(f"goes backward from {bound:,} losses, too many for its length to find passes in")
    passes: list[ForwardPass] = []
    for loss in losses:
        if any(loss.bound == other.loss.bound for other in passes):
            continue
        forward_pass = forward_pass_to(loss, flow, compared)
        if forward_pass is None or any(set(forward_pass.forward) & set(other.forward) for other in passes):
            continue
        passes.append(forward_pass)
    taken_here = {index for index, effects in enumerate(flow.effects) if effects.fragment.line in taken}
    candidates: list[_Candidate] = []
    for position, forward_pass in enumerate(passes):
        after = forward_pass.loss.bound + 1
        bounds = (after, max(_end(flow, forward_pass, passes[position + 1 :]), after))
        of_others = {index for other in passes if other is not forward_pass for index in other.forward}
        excluded = (taken_here | of_others) - forward_pass.all_indices
        ssa = ssa_form(flow, forward_pass)
        candidates.append(_Candidate(flow, ssa, gradients_of(flow, ssa, bounds, excluded)))
    return candidates


def _end(flow: Dataflow, forward_pass: ForwardPass, later: Sequence[ForwardPass]) -> int:
    """Where the gradients of ``forward_pass`` can stand no more: a later one binds its names anew."""
    names = (forward_pass.binds | set(forward_pass.parameters)) - {forward_pass.loss.name}
    for index in range(later[0].first if later else flow.end, flow.end):
        if flow.effects[index].defines & names:
            return index
    return flow.end


def _compared(fragments: Sequence[Fragment]) -> frozenset[str]:
    """The names ``x`` for which the file binds a ``dx`` or ``d_x``."""
    bound = {name for fragment in fragments for name in stored_names(fragment.tree)}
    return frozenset(name[1:].removeprefix("_") for name in bound if name.startswith("d") and len(name) > 1)


def _lesson(candidate: _Candidate, source: Source, name: str, definitions: Definitions) -> DiscoveredLesson:
    ssa, gradients = candidate.ssa, candidate.gradients
    nodes = _with_gradient_names(nodes_of(ssa.statements, ssa.parameters), gradients)
    names = [node.name for node in nodes]
    program = gradients.program.among(names)
    asked = {answer.node for answer in program.answers} | gradients.missing
    first = min(statement.line for statement in ssa.statements)
    last = max(statement.end_line for statement in ssa.statements)
    defined = (Fragment(definitions.code, 1, 1),) if definitions.code else ()
    setup = (*defined, *ssa.setup, *gradients.definitions)
    own = _own_names(candidate, nodes, setup, definitions)
    lesson = Lesson(
        name=name,
        path=source.path,
        setup=_cell("setup", (*setup, *own)),
        minibatch=_cell("minibatch", ssa.minibatch),
        forward=Cell("forward", "\n".join(source.text.split("\n")[first - 1 : last]), first),
        calibrate=None,
        predict=None,
        statements=ssa.statements,
        nodes=nodes,
        parameters=ssa.parameters,
        asks=tuple(name for name in names if name in asked) or tuple(names),
        numbers=_numbers(setup),
        notes=Notes(),
        solution=None,
        origin=Origin.DISCOVERED,
        starts=source.starts,
        hints=_hints(ssa),
    )
    return DiscoveredLesson(lesson, program)


def _own_names(
    candidate: _Candidate, nodes: Sequence[Node], setup: Sequence[Fragment], definitions: Definitions
) -> Iterator[Fragment]:
    """The file's names that only its answers have a use for."""
    ssa = candidate.ssa
    bound = {name for fragment in setup if fragment.code for name in Effects(fragment).defines} | definitions.names
    taken = {name for each in ssa.statements for name in each.binds} | {node.gradient for node in nodes}
    taken |= {gradient_name(node.name) for node in nodes} | candidate.flow.defined_by(ssa.forward_pass.all_indices)
    used = {*ssa.forward_pass.all_indices, *candidate.gradients.used}
    return own_names(candidate.flow, used, bound, taken)


def _cell(title: str, fragments: tuple[Fragment, ...]) -> Cell:
    return Cell(title, "\n".join(fragment.code for fragment in fragments), 1, fragments or NO_CODE)


def _with_gradient_names(nodes: Sequence[Node], gradients: FileGradients) -> tuple[Node, ...]:
    """The nodes with the file's own names for their gradients; a name stands for one node only."""
    names = gradients.gradient_names
    usual = template_of(names, gradients.pairs)
    taken: set[str] = set()
    result = []
    for node in nodes:
        gradient = names.get(node.name) or usual.format(node.name)
        if gradient in taken:
            gradient = gradient_name(node.name)
        taken.add(gradient)
        result.append(replace(node, gradient=gradient))
    return tuple(result)


def _hints(ssa: SsaForm) -> dict[int, tuple[str, ...]]:
    """For the line of each fragment of the set-up the names that could be defined in the place of what it binds."""
    before = [Effects(fragment) for fragment in (*ssa.setup, *ssa.minibatch)]
    read = {name for effects in before for name in effects.reads}
    read |= {name for statement in ssa.statements for name in statement.reads}
    hints: dict[int, tuple[str, ...]] = {}
    for index, effects in enumerate(before):
        line = effects.fragment.line
        bound = effects.defines & read
        if not is_definition(effects.tree):
            hints[line] = tuple(sorted(bound))
            continue
        for later in before[index + 1 :]:
            if later.reads & bound and is_definition(later.tree):
                bound |= later.defines
            elif later.reads & bound:
                hints[line] = tuple(dict.fromkeys((*hints.get(line, ()), *sorted(later.defines & read))))
    return hints


def _numbers(fragments: Sequence[Fragment]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for fragment in fragments:
        if len(fragment.statements) == 1:
            numbers |= bound_numbers(fragment.statements)
    return numbers


def _name(path: Path, number: int) -> str:
    """A lesson's name in a solutions file: the file's own, and a number for the second and later ones."""
    stem = re.sub(r"\s+", "_", one_line(path.stem.strip("<>"))) or "lesson"
    return stem if number == 0 else f"{stem}-{number + 1}"
