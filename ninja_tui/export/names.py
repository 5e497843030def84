"""Names for what an exported notebook adds: none that the lesson or the answers use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ninja_tui.export.pieces import Piece
from ninja_tui.lesson.model import Lesson

FUNCTION = re.compile(r"^def (.*)\n((?:(?:[ \t].*)?\n)*)", re.MULTILINE)
WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """Gives names that no code has: ``p``, or ``p_`` where there is a ``p``."""

    used: frozenset[str]

    def fresh(self, name: str) -> str:
        """``name``, or one like it that is not used."""
        while name in self.used:
            name += "_"
        return name


def names_beside(lesson: Lesson, pieces: Iterable[Piece]) -> Names:
    """Those that can be added behind the set-up. What only the set-up uses, as ``p`` in its loop, is free again."""
    cells = (lesson.minibatch, lesson.forward, lesson.calibrate, lesson.predict)
    texts = (*(cell.source for cell in cells if cell is not None), *(piece.code for piece in pieces))
    used = {word for text in texts for word in WORD.findall(text)}
    return Names(frozenset(used | _in_functions(lesson.setup.source)) | set(lesson.parameters))


def _in_functions(setup: str) -> set[str]:
    """What the functions of a set-up use, but for their own arguments."""
    used: set[str] = set()
    for head, body in FUNCTION.findall(f"{setup}\n"):
        used |= {*WORD.findall(body)} - {*WORD.findall(head)}
    return used
