"""The bundled lessons, and how far a solutions file has come with each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import Solutions, read_solutions

_CLAUSE_END = re.compile(r"[.:;](?: |$)")


@dataclass(frozen=True)
class Shelved:
    """One lesson: what it is about in a sentence, and how many of the gradients it asks for are answered."""

    name: str
    about: str
    asked: int
    answered: int


def shelf(path: Path) -> list[Shelved]:
    """All lessons in the order in which they teach, with what the solutions file ``path`` holds for each.

    A file that is not there holds nothing; raises UsageError for one that cannot be used.
    """
    solutions = read_solutions(path, lesson_names()[0]) if path.exists() else None
    return [_shelved(read_lesson(name), solutions) for name in lesson_names()]


def _shelved(lesson: Lesson, solutions: Solutions | None) -> Shelved:
    nodes = [node.name for node in lesson.nodes]
    held = solutions.answers(lesson.name, nodes) if solutions else {}
    answered = sum(1 for node in lesson.asks if node in held and held[node].code)
    about = _CLAUSE_END.split(" ".join(lesson.notes.intro.split()))[0]
    return Shelved(lesson.name, about, len(lesson.asks), answered)
