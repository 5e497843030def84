"""From a chain to the statements of a lesson, in which every name is bound once.

A name that a forward pass binds again, or changes in place, has other names for what it was before; what it is in
the end keeps the file's name.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from ninja_tui.lesson.model import Statement
from ninja_tui.lesson.notebook.forward_pass import Chain
from ninja_tui.lesson.notebook.slice import Line
from ninja_tui.lesson.syntax.effects import Effects, value_reads
from ninja_tui.lesson.syntax.names import reads, target_names
from ninja_tui.lesson.syntax.rename import free_name, renamed

Piece = tuple[str, int]
NUMBER = "number"


@dataclass(frozen=True)
class Written:
    """A chain as a lesson has it. ``seen`` tells for each statement of the line which names variables have there."""

    chain: Chain
    setup: tuple[Piece, ...]
    minibatch: tuple[Piece, ...]
    statements: tuple[Statement, ...]
    parameters: tuple[str, ...]
    seen: Mapping[int, Mapping[str, str]]


def write(line: Line, chain: Chain) -> Written:
    """The statements of ``chain``, and the pieces that run before them."""
    return _Writer(line, chain).write()


class _Writer:
    def __init__(self, line: Line, chain: Chain) -> None:
        self._line, self._chain = line, chain
        outside = (*chain.before, *chain.drawn)
        self._held = {name for index in outside for name in line.effects[index].defines}
        self._taken = {name for effects in line.effects for name in (*effects.defines, *effects.reads)}
        self._left = self._count()
        self._names: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._bound = set(self._held)
        for index in outside:
            self._note_kinds(line.effects[index], dict.fromkeys(line.effects[index].defines, ""))

    def write(self) -> Written:
        line, chain = self._line, self._chain
        setup = [_piece(line.effects[index]) for index in chain.before]
        minibatch = [_piece(line.effects[index]) for index in chain.drawn]
        drawn = {name for index in chain.drawn for name in line.effects[index].defines}
        at = line.effects[chain.first].unit.line
        for name in sorted(self._left.keys() & self._held):
            self._names[name] = free_name(name, self._taken)
            (minibatch if name in drawn else setup).append((f"{self._names[name]} = {name}", at))
        parameters = tuple(self._names.get(name, name) for name in chain.parameters)
        statements: list[Statement] = []
        seen: dict[int, Mapping[str, str]] = {}
        for index in range(chain.first, chain.loss.bound + 1):
            seen[index] = dict(self._names)
            if index in chain.forward:
                statements.append(self._statement(len(statements), line.effects[index]))
        return Written(chain, tuple(setup), tuple(minibatch), tuple(statements), parameters, seen)

    def _count(self) -> dict[str, int]:
        """How often the forward pass binds or changes each name that is more than once bound."""
        counts: dict[str, int] = {}
        for index in self._chain.forward:
            for name in self._touched(self._line.effects[index]):
                counts[name] = counts.get(name, 0) + 1
        return {name: count for name, count in counts.items() if count > 1 or name in self._held}

    def _touched(self, effects: Effects) -> frozenset[str]:
        """What a statement binds, and what it changes of what stands before it."""
        return effects.defines | (effects.own_changes & (self._held | self._chain.names))

    def _statement(self, number: int, effects: Effects) -> Statement:
        unit = effects.unit
        touched = self._touched(effects)
        before = {name: self._names.get(name, name) for name in touched}
        after = {name: self._next(name) for name in touched}
        loads = {name: other for name, other in self._names.items() if name in effects.reads}
        code = unit.code
        tree = unit.tree
        wanted = set(value_reads(tree)) & effects.reads
        augmented = [tree.target.id] if isinstance(tree, ast.AugAssign) and isinstance(tree.target, ast.Name) else []
        read = [loads.get(name, name) for name in (*augmented, *reads(tree)) if name in wanted]
        if isinstance(tree, ast.AugAssign) and isinstance(tree.target, ast.Name):
            name = tree.target.id
            if before[name] != after[name]:
                whole = ast.Assign([tree.target], ast.BinOp(ast.Name(name), tree.op, tree.value))
                code = ast.unparse(ast.fix_missing_locations(whole))
            code = renamed(code, loads, after)
        elif isinstance(tree, ast.Assign | ast.AnnAssign) and touched <= effects.defines:
            code = renamed(code, loads, after)
        else:
            inside = {**loads, **after}
            code = renamed(code, inside, inside)
            starts = [name for name in sorted(touched) if before[name] != after[name] and name in self._bound]
            lines = [self._start(name, before[name], after[name], effects) for name in starts]
            read = [before[name] for name in starts] + [
                name for name in read if name not in before.values() and name not in after.values()
            ]
            code = "\n".join([*lines, code])
        self._names |= after
        self._bound |= touched
        self._note_kinds(effects, after)
        binds = _in_order(effects, after)
        last = after.get(self._chain.loss.name)
        if effects is self._line.effects[self._chain.loss.bound] and last in binds:
            binds = (last, *(name for name in binds if name != last))
        own = tuple(name for name in dict.fromkeys(read) if name not in binds)
        return Statement(number, code, unit.line, unit.end_line, binds, own)

    def _next(self, name: str) -> str:
        """The name that ``name`` has after it is bound once more: its own, for the last time."""
        if name not in self._left:
            return name
        self._left[name] -= 1
        return name if self._left[name] == 0 else free_name(name, self._taken)

    def _start(self, name: str, before: str, after: str, effects: Effects) -> str:
        """How a statement that changes ``name``, or may bind it, begins with what it was before."""
        if name in effects.defines and name not in effects.own_changes:
            return f"{after} = {before}"
        kind = self._kinds.get(name, "")
        if kind == NUMBER:
            return f"{after} = {before}"
        if kind:
            return f"{after} = {kind}({before})"
        known = name in self._chain.names or name in self._chain.parameters
        return f"{after} = {before}.clone()" + ("" if known else f' if hasattr({before}, "clone") else {before}')

    def _note_kinds(self, effects: Effects, after: Mapping[str, str]) -> None:
        value = getattr(effects.unit.tree, "value", None)
        kinds: dict[type, str] = {
            ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Constant: NUMBER
        }  # fmt: skip
        kind = kinds.get(type(value), "")
        for name in after:
            if name in effects.defines and isinstance(effects.unit.tree, ast.Assign):
                self._kinds[name] = kind


def _piece(effects: Effects) -> Piece:
    code = effects.unit.code
    if "*" in effects.defines:  # nobody knows what it is needed for
        code = f"try:\n    {code}\nexcept ImportError:\n    pass"
    return code, effects.unit.line


def _in_order(effects: Effects, after: Mapping[str, str]) -> tuple[str, ...]:
    """The names that a statement binds, an assignment's in the order of its targets."""
    tree = effects.unit.tree
    targets = [name for target in tree.targets for name in target_names(target)] if isinstance(tree, ast.Assign) else []
    turning = {name for node in ast.walk(tree) if isinstance(node, ast.For) for name in target_names(node.target)}
    rest = sorted((name for name in after if name not in targets), key=lambda name: (name in turning, name))
    return tuple(dict.fromkeys(after[name] for name in (*targets, *rest) if name in after))
