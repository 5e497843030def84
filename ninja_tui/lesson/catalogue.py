"""The bundled lessons, and how far a solutions file has come with each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import Solutions, read_solutions

_CLAUSE_END = re.compile(r"[.:;](?: |$)")


@dataclass(frozen=True)
class LessonSummary:
    """One lesson: what it is about in a sentence, and how many of the gradients it asks for are answered."""

    name: str
    about: str
    asked: int
    answered: int


def lesson_summaries(path: Path) -> list[LessonSummary]:
    """All lessons in the order in which they teach, with the answers of the solutions file ``path`` to each.

    A file that does not exist has no answers; raises UsageError for one that cannot be used.
    """
    solutions = read_solutions(path, lesson_names()[0]) if path.exists() else None
    return [_summary(read_lesson(name), solutions) for name in lesson_names()]


def next_lesson(lessons: Sequence[LessonSummary], name: str) -> LessonSummary | None:
    """The lesson after ``name`` that still asks for answers, or the first that does; None where there is none."""
    names = [each.name for each in lessons]
    at = names.index(name) + 1 if name in names else 0
    others = [each for each in (*lessons[at:], *lessons[:at]) if each.name != name]
    return next((each for each in others if each.answered < each.asked), None)


def _summary(lesson: Lesson, solutions: Solutions | None) -> LessonSummary:
    answers = solutions.answers(lesson.name, [node.name for node in lesson.nodes]) if solutions else {}
    answered = sum(1 for node in lesson.asks if node in answers and answers[node].code)
    about = _CLAUSE_END.split(" ".join(lesson.notes.intro.split()))[0]
    return LessonSummary(lesson.name, about, len(lesson.asks), answered)
