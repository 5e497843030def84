"""Finds the lessons in a script or notebook of any form."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.graph import nodes_of
from ninja_tui.lesson.model import Cell, Lesson, Node, Notes
from ninja_tui.lesson.notebook.cells import Source, read_source
from ninja_tui.lesson.notebook.forward_pass import Chain, chain_of, losses_of
from ninja_tui.lesson.notebook.gradient_names import name_for
from ninja_tui.lesson.notebook.gradients import Given, gradients_of
from ninja_tui.lesson.notebook.linearize import tracks_of
from ninja_tui.lesson.notebook.parse import Unit, made, units_of
from ninja_tui.lesson.notebook.slice import Line
from ninja_tui.lesson.notebook.ssa import Written, write
from ninja_tui.lesson.program import Program, Step
from ninja_tui.lesson.syntax.effects import BUILTINS, Effects, Surroundings
from ninja_tui.lesson.syntax.names import target_names


@dataclass(frozen=True)
class FoundLesson:
    """A forward pass of a file, as a lesson, and the gradients that the file computes for it."""

    lesson: Lesson
    program: Program

    @property
    def whole(self) -> bool:
        """Whether everything that its forward pass reads is bound in the file."""
        parts = (*self.lesson.setup.parts, *self.lesson.minibatch.parts)
        pieces = [Effects(made(code, line)) for code, line in parts if code]
        bound = {name for effects in pieces for name in effects.defines}
        bound |= {name for statement in self.lesson.statements for name in statement.binds}
        read = {name for effects in pieces for name in effects.reads}
        read |= {name for statement in self.lesson.statements for name in statement.reads}
        return "*" in bound or read <= bound | BUILTINS | {"torch", "F"}

    @property
    def usual(self) -> Program:
        """The program with ``d<node>`` beside each gradient that is called otherwise."""
        last = {answer.node: answer for answer in self.program.answers}
        named = [answer for answer in last.values() if answer.gradient != f"d{answer.node}"]
        codes = [(f"d{answer.node} = {answer.gradient}", answer) for answer in named]
        steps = tuple(
            Step(code, answer.line, answer.line, frozenset({answer.gradient}), frozenset()) for code, answer in codes
        )
        return replace(self.program, steps=(*self.program.steps, *steps))

    @property
    def to_answer(self) -> Lesson:
        """The lesson for somebody who answers it anew: all nodes, with gradients called ``d<node>``."""
        nodes = tuple(replace(node, gradient=f"d{node.name}") for node in self.lesson.nodes)
        return replace(self.lesson, nodes=nodes)


@dataclass(frozen=True)
class Found:
    """What a file holds: lessons in file order, and a sentence on each thing that could not be read."""

    path: Path
    lessons: tuple[FoundLesson, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Candidate:
    line: Line
    chain: Chain
    written: Written
    given: Given

    @property
    def at(self) -> int:
        return self.line.effects[self.chain.loss.bound].unit.line

    @property
    def answered(self) -> bool:
        return bool(self.given.program.answers)

    def lines(self) -> set[int]:
        """The file's lines of its statements and answers."""
        return {self.line.effects[index].unit.line for index in (*self.chain.forward, *self.given.used)}


def find(path: Path, defined: Path | None = None) -> Found:
    """The lessons in ``path``; names that the script ``defined`` binds are taken from there.

    Raises UsageError where the file cannot be read, or holds no forward pass that ends in a loss.
    """
    source = read_source(path)
    units, dropped = units_of(source)
    notes = tuple(f"{source.place(lost.line)} is left out: {lost.message}" for lost in dropped)
    mine = _definitions(defined)
    around = Surroundings.of(units)
    candidates = _candidates(units, around, mine)
    if not candidates:
        said = f" ({'; '.join(notes[:3])})" if notes else ""
        raise UsageError(f"{path} holds no forward pass that ends in a loss and depends on parameters{said}")
    answered = [each for each in candidates if each.answered]
    chosen = answered or [max(candidates, key=lambda each: (bool(each.given.missing), len(each.chain.forward)))]
    lessons = [
        _lesson(each, source, _name(path, number), mine) for number, each in enumerate(chosen)
    ]  # fmt: skip
    return Found(path, tuple(lessons), notes)


def _candidates(units: Sequence[Unit], around: Surroundings, mine: tuple[str, frozenset[str]]) -> list[_Candidate]:
    found: list[_Candidate] = []
    lines = [Line.of(track, around, mine[1]) for track in tracks_of(units)]
    compared = _compared(units)
    for plain in (False, True):
        for line in sorted(lines, key=lambda each: each.track.loop):
            found += _of_line(line, compared, {at for each in found for at in each.lines()}, plain=plain)
        if any(each.answered for each in found):
            break
    return sorted(found, key=lambda each: each.at)


def _of_line(line: Line, compared: frozenset[str], claimed: set[int], *, plain: bool) -> list[_Candidate]:
    """The forward passes of one line; with ``plain`` those whose loss is only named like one."""
    line, losses = losses_of(line, by_name=plain)
    chains: list[Chain] = []
    for loss in losses:
        if any(loss.bound == chain.loss.bound for chain in chains):
            continue
        chain = chain_of(line, loss, compared)
        if chain is None or any(set(chain.forward) & set(other.forward) for other in chains):
            continue
        chains.append(chain)
    found: list[_Candidate] = []
    for position, chain in enumerate(chains):
        bounds = (chain.loss.bound + 1, max(_end(line, chain, chains[position + 1 :]), chain.loss.bound + 1))
        mine = {index for other in chains if other is not chain for index in other.forward}
        closed = {index for index, effects in enumerate(line.effects) if effects.unit.line in claimed} | mine
        closed -= {*chain.before, *chain.drawn, *chain.forward}
        written = write(line, chain)
        given = gradients_of(line, written, bounds, closed)
        found.append(_Candidate(line, chain, written, given))
    return found


def _end(line: Line, chain: Chain, later: Sequence[Chain]) -> int:
    """Where the gradients of ``chain`` can stand no more: a later forward pass binds its names anew."""
    own = (chain.names | set(chain.parameters)) - {chain.loss.name}
    for index in range(later[0].first if later else line.track.end, line.track.end):
        if line.effects[index].defines & own:
            return index
    return line.track.end


def _compared(units: Sequence[Unit]) -> frozenset[str]:
    """The names ``x`` for which the file binds a ``dx`` or ``d_x``."""
    bound = {
        node.id
        for unit in units
        for node in ast.walk(unit.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return frozenset(name[1:].removeprefix("_") for name in bound if name.startswith("d") and len(name) > 1)


def _definitions(path: Path | None) -> tuple[str, frozenset[str]]:
    """The code of a person's own set-up, and the names that it binds; raises UsageError where it is no Python."""
    if path is None:
        return "", frozenset()
    source = read_source(path)
    units, dropped = units_of(source)
    if dropped:
        raise UsageError(f"{path}, {source.place(dropped[0].line)}: {dropped[0].message}")
    return "\n".join(unit.code for unit in units), frozenset(name for unit in units for name in Effects(unit).defines)


def _lesson(candidate: _Candidate, source: Source, name: str, mine: tuple[str, frozenset[str]]) -> FoundLesson:
    written, given = candidate.written, candidate.given
    names = given.names
    nodes = _named(nodes_of(written.statements, written.parameters), names, candidate)
    known = [node.name for node in nodes]
    program = given.program.among(known)
    asked = {answer.node for answer in program.answers} | given.missing
    asks = tuple(node for node in known if node in asked) or tuple(known)
    first = min(statement.line for statement in written.statements)
    last = max(statement.end_line for statement in written.statements)
    text = source.text.split("\n")[first - 1 : last]
    setup = (*(((mine[0], 1),) if mine[0] else ()), *written.setup, *given.definitions)
    lesson = Lesson(
        name=name,
        path=source.path,
        setup=Cell("setup", "\n".join(code for code, _ in setup), 1, setup or (("", 1),)),
        minibatch=Cell(
            "minibatch", "\n".join(code for code, _ in written.minibatch), 1, written.minibatch or (("", 1),)
        ),
        forward=Cell("forward", "\n".join(text), first),
        calibrate=None,
        predict=None,
        statements=written.statements,
        nodes=nodes,
        parameters=written.parameters,
        asks=asks,
        numbers=_numbers(setup),
        notes=Notes(),
        solution=None,
        found=True,
        starts=source.starts,
        hints=_hints(written),
    )
    return FoundLesson(lesson, program)


def _named(nodes: Sequence[Node], names: dict[str, str], candidate: _Candidate) -> tuple[Node, ...]:
    """The nodes with the file's own names for their gradients; a name stands for one node only."""
    taken: set[str] = set()
    found = []
    for node in nodes:
        gradient = names.get(node.name) or name_for(node.name, names, candidate.given.pairs)
        if gradient in taken:
            gradient = f"d{node.name}"
        taken.add(gradient)
        found.append(replace(node, gradient=gradient))
    return tuple(found)


def _hints(written: Written) -> dict[int, tuple[str, ...]]:
    """For the line of each piece of the set-up the names that could be defined in the place of what it gives."""
    pieces = [(Effects(made(code, line)), line) for code, line in (*written.setup, *written.minibatch)]
    read = {name for effects, _ in pieces for name in effects.reads}
    read |= {name for statement in written.statements for name in statement.reads}
    hints: dict[int, tuple[str, ...]] = {}
    for index, (effects, line) in enumerate(pieces):
        given = {name for name in effects.defines if name in read}
        if _is_definition(effects):
            for later, _ in pieces[index + 1 :]:
                if later.reads & given:
                    given |= later.defines if _is_definition(later) else set()
                    names = sorted(later.defines & read) if not _is_definition(later) else []
                    hints[line] = tuple(dict.fromkeys((*hints.get(line, ()), *names)))
        else:
            hints[line] = tuple(sorted(given))
    return hints


def _is_definition(effects: Effects) -> bool:
    return isinstance(effects.unit.tree, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


def _numbers(pieces: Sequence[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for code, _ in pieces:
        match ast.parse(code).body:
            case [ast.Assign(targets=[target], value=ast.Constant(value=int() as value))]:
                found |= dict.fromkeys(target_names(target), value)
    return found


def _name(path: Path, number: int) -> str:
    """A lesson's name in a solutions file: the file's own, and a number for the second and later ones."""
    stem = re.sub(r"\s+", "_", path.stem) or "lesson"
    return stem if number == 0 else f"{stem}-{number + 1}"
