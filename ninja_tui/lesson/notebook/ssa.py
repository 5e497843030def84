"""From a forward pass to the statements of a lesson, in which every name is bound once.

A name that a forward pass binds again, or changes in place, has other names for what it was before; what it is in
the end keeps the file's name.
"""

from __future__ import annotations

import ast
import bisect
from collections.abc import Mapping
from dataclasses import dataclass

from ninja_tui.lesson.model import Statement
from ninja_tui.lesson.notebook.forward_pass import ForwardPass
from ninja_tui.lesson.notebook.slice import Dataflow
from ninja_tui.lesson.syntax.effects import Effects
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import or_nothing
from ninja_tui.lesson.syntax.names import loop_variables, reads, target_names
from ninja_tui.lesson.syntax.rename import as_assignment, free_name, renamed

NUMBER = "number"


@dataclass(frozen=True)
class SsaForm:
    """A forward pass as a lesson has it.

    ``renamed`` has, for each of the file's variables that the lesson calls otherwise, its names and the statements of
    the track from which they hold on; the file's own name is among them where it holds again.
    """

    forward_pass: ForwardPass
    setup: tuple[Fragment, ...]
    minibatch: tuple[Fragment, ...]
    statements: tuple[Statement, ...]
    parameters: tuple[str, ...]
    renamed: Mapping[str, list[tuple[int, str]]]

    def names_at(self, index: int) -> dict[str, str]:
        """The lesson's names for the file's variables at the statement ``index``, where they are others."""
        if not self.forward_pass.first <= index <= self.forward_pass.loss.bound:
            return {}
        names: dict[str, str] = {}
        for name, changes in self.renamed.items():
            at = bisect.bisect_right(changes, index, key=lambda change: change[0])
            if at and changes[at - 1][1] != name:
                names[name] = changes[at - 1][1]
        return names


def ssa_form(flow: Dataflow, forward_pass: ForwardPass) -> SsaForm:
    """The statements of ``forward_pass``, and the fragments that run before them."""
    return _Converter(flow, forward_pass).convert()


class _Converter:
    def __init__(self, flow: Dataflow, forward_pass: ForwardPass) -> None:
        self._flow, self._pass = flow, forward_pass
        outside = (*forward_pass.setup, *forward_pass.minibatch)
        self._outside = flow.defined_by(outside)
        self._before = self._outside | forward_pass.binds
        self._taken = {name for effects in flow.effects for name in (*effects.defines, *effects.reads)}
        self._bindings_left = self._rebound()
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._bound = set(self._outside)
        for index in outside:
            self._note_kinds(flow.effects[index], dict.fromkeys(flow.effects[index].defines, ""))

    def convert(self) -> SsaForm:
        flow, forward_pass = self._flow, self._pass
        setup = [_tolerant(flow.effects[index]) for index in forward_pass.setup]
        minibatch = [_tolerant(flow.effects[index]) for index in forward_pass.minibatch]
        drawn = flow.defined_by(forward_pass.minibatch)
        line = flow.effects[forward_pass.first].fragment.line
        for name in sorted(self._bindings_left.keys() & self._outside):
            self._names[name] = self._free_name(name)
            (minibatch if name in drawn else setup).append(Fragment.at(f"{self._names[name]} = {name}", line))
        parameters = tuple(self._names.get(name, name) for name in forward_pass.parameters)
        statements: list[Statement] = []
        renamed = {name: [(forward_pass.first, other)] for name, other in self._names.items()}
        for index in forward_pass.forward:
            statements.append(self._statement(len(statements), index))
            for name in self._touched(flow.effects[index]):
                other = self._names.get(name, name)
                if other != name or name in renamed:
                    renamed.setdefault(name, []).append((index + 1, other))
        return SsaForm(forward_pass, tuple(setup), tuple(minibatch), tuple(statements), parameters, renamed)

    def _rebound(self) -> dict[str, int]:
        """How often the forward pass binds or changes each name that is more than once bound."""
        counts: dict[str, int] = {}
        for index in self._pass.forward:
            for name in self._touched(self._flow.effects[index]):
                counts[name] = counts.get(name, 0) + 1
        return {name: count for name, count in counts.items() if count > 1 or name in self._outside}

    def _touched(self, effects: Effects) -> frozenset[str]:
        """What a statement binds, and what it changes of what stands before it."""
        return effects.defines | (effects.direct_changes & self._before)

    def _statement(self, number: int, index: int) -> Statement:
        effects = self._flow.effects[index]
        fragment, tree = effects.fragment, effects.tree
        touched = self._touched(effects)
        before = {name: self._names.get(name, name) for name in touched}
        after = {name: self._next(name) for name in touched}
        loads = {name: self._names[name] for name in effects.reads if name in self._names}
        augmented = [tree.target.id] if isinstance(tree, ast.AugAssign) and isinstance(tree.target, ast.Name) else []
        read = [loads.get(name, name) for name in (*augmented, *reads(tree)) if name in effects.value_reads]
        if augmented:
            rebinds = before[augmented[0]] != after[augmented[0]]
            code = renamed(as_assignment(fragment) if rebinds else fragment.code, loads, after)
        elif isinstance(tree, ast.Assign | ast.AnnAssign) and touched <= effects.defines:
            code = renamed(fragment.code, loads, after)
        else:
            inside = {**loads, **after}
            starts = [name for name in sorted(touched) if before[name] != after[name] and name in self._bound]
            lines = [self._start(name, before[name], after[name], effects) for name in starts]
            code = "\n".join([*lines, renamed(fragment.code, inside, inside)])
            changing = {*before.values(), *after.values()}
            read = [before[name] for name in starts] + [name for name in read if name not in changing]
        self._names |= after
        self._bound |= touched
        self._note_kinds(effects, after)
        binds = _in_order(effects, after)
        last = after.get(self._pass.loss.name)
        if index == self._pass.loss.bound and last in binds:
            binds = (last, *(name for name in binds if name != last))
        return Statement(
            code=code,
            line=fragment.line,
            end_line=fragment.end_line,
            index=number,
            binds=binds,
            reads=tuple(name for name in dict.fromkeys(read) if name not in binds),
        )

    def _next(self, name: str) -> str:
        """The name that ``name`` has after it is bound once more: the file's, for the last time."""
        if name not in self._bindings_left:
            return name
        self._bindings_left[name] -= 1
        return name if self._bindings_left[name] == 0 else self._free_name(name)

    def _free_name(self, name: str) -> str:
        self._numbers[name], free = free_name(name, self._taken, self._numbers.get(name, 1))
        return free

    def _start(self, name: str, before: str, after: str, effects: Effects) -> str:
        """How a statement that changes ``name``, or may bind it, begins with what it was before."""
        if name in effects.defines and name not in effects.direct_changes:
            return f"{after} = {before}"
        kind = self._kinds.get(name, "")
        if kind == NUMBER:
            return f"{after} = {before}"
        if kind:
            return f"{after} = {kind}({before})"
        is_tensor = name in self._pass.binds or name in self._pass.parameters
        return f"{after} = {before}.clone()" + ("" if is_tensor else f' if hasattr({before}, "clone") else {before}')

    def _note_kinds(self, effects: Effects, after: Mapping[str, str]) -> None:
        if not isinstance(effects.tree, ast.Assign):
            return
        kinds: dict[type, str] = {
            ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Constant: NUMBER
        }  # fmt: skip
        kind = kinds.get(type(effects.tree.value), "")
        self._kinds |= {name: kind for name in after if name in effects.defines}


def _tolerant(effects: Effects) -> Fragment:
    """A star import that fails is passed over: nobody knows what it is needed for."""
    return or_nothing(effects.fragment) if "*" in effects.defines else effects.fragment


def _in_order(effects: Effects, after: Mapping[str, str]) -> tuple[str, ...]:
    """The names that a statement binds, an assignment's in the order of its targets."""
    tree = effects.tree
    targets = [name for target in tree.targets for name in target_names(target)] if isinstance(tree, ast.Assign) else []
    turning = loop_variables(tree)
    rest = sorted((name for name in after if name not in targets), key=lambda name: (name in turning, name))
    return tuple(dict.fromkeys(after[name] for name in (*targets, *rest) if name in after))
