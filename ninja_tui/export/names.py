"""Names for what an exported notebook adds: none that the lesson or the answers use."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ninja_tui.export.pieces import Piece
from ninja_tui.lesson.model import Cell, Lesson, gradient_name
from ninja_tui.lesson.syntax.free_names import deleted_names, free_reads, names_left, rebound_names
from ninja_tui.lesson.syntax.names import BUILTINS
from ninja_tui.lesson.syntax.parsing import parse_code

FUNCTION = re.compile(r"^def (.*)\n((?:(?:[ \t].*)?\n)*)", re.MULTILINE)
WORD = re.compile(r"[^\W\d]\w*")
STEPS = "steps"
"""A notebook's training has so many; the lesson's learning rate may depend on it."""
READ = frozenset({STEPS, "torch", "print", "sum", "range", "zip", "len", "learning_rate", "block_size", "itos"})
"""What the cells of a notebook read that are not the lesson's."""


@dataclass(frozen=True)
class Names:
    """Gives names that no code has: ``p``, or ``p_`` where there is a ``p``."""

    used: frozenset[str]

    def fresh(self, name: str) -> str:
        """``name``, or one like it that is not used."""
        while name in self.used:
            name += "_"
        return name


def names_beside(lesson: Lesson, pieces: Sequence[Piece]) -> Names:
    """Those that can be added behind the set-up. What only the set-up uses, as ``p`` in its loop, is free again."""
    names = _unused(lesson, pieces)
    return Names(names.used | set(kept_names(lesson, pieces).values()))


def kept_names(lesson: Lesson, pieces: Sequence[Piece]) -> dict[str, str]:
    """What answers bind anew, or delete, and others read: each with the name under which it is kept from before.

    That is a node, with which answers are compared, or what the next step of a training begins with.
    """
    rebound = {name for piece in pieces for name in rebound_names(piece.code)}
    lasting = names_left(lesson.setup.source) | BUILTINS | {gradient_name(lesson.loss), STEPS}
    lasting &= READ | set(lesson.parameters) | _read_again(lesson, pieces)
    nodes = {node for piece in pieces for node in piece.nodes}
    unused = _unused(lesson, pieces)
    return {name: unused.fresh(f"{name}_") for name in sorted(rebound & (nodes | lasting))}


def names_of_each_step(lesson: Lesson) -> frozenset[str]:
    """What every step of a training binds before the answers run."""
    return names_left(lesson.minibatch.source) | names_left(lesson.forward.source)


def _read_again(lesson: Lesson, pieces: Sequence[Piece]) -> set[str]:
    """What a training's step, and sampling, have from outside, also to delete it."""
    trees = [tree for cell in _steps(lesson) for tree in parse_code(cell.source).body]
    trees += [tree for piece in pieces for tree in parse_code(piece.code).body]
    setup = parse_code(lesson.setup.source).body
    trees += [tree for tree in setup if isinstance(tree, ast.FunctionDef | ast.ClassDef)]
    return {name for tree in trees for name in (*free_reads(tree), *deleted_names(tree))}


def _steps(lesson: Lesson) -> list[Cell]:
    cells = (lesson.minibatch, lesson.forward, lesson.calibrate, lesson.predict)
    return [cell for cell in cells if cell is not None]


def _unused(lesson: Lesson, pieces: Sequence[Piece]) -> Names:
    texts = (*(cell.source for cell in _steps(lesson)), *(piece.code for piece in pieces))
    used = {word for text in texts for word in WORD.findall(text)}
    return Names(frozenset(used | _in_functions(lesson.setup.source)) | set(lesson.parameters))


def _in_functions(setup: str) -> set[str]:
    """What the functions of a set-up use, but for their own arguments."""
    used: set[str] = set()
    for head, body in FUNCTION.findall(f"{setup}\n"):
        used |= {*WORD.findall(body)} - {*WORD.findall(head)}
    return used
