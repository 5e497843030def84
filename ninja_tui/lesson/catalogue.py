"""The bundled lessons, and how far a solutions file has come with each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import DEFAULT_LESSON, lesson_names, read_lesson
from ninja_tui.lesson.solutions import Solutions, read_solutions

_CLAUSE_END = re.compile(r"[.:;](?: |$)")


@dataclass(frozen=True)
class LessonSummary:
    """One lesson: what it is about in a sentence, and how many of the gradients it asks for are answered.

    ``chapter`` is the lecture that it goes with, and ``part`` what it is there; both may be empty. ``nodes`` are all
    that it has, whether it asks for them or not.
    """

    name: str
    about: str
    asked: int
    answered: int
    chapter: str = ""
    part: str = ""
    nodes: frozenset[str] = frozenset()

    @property
    def description(self) -> str:
        """What it is about, under its chapter's heading: ``Exercise 1. All 26 gradients of …``."""
        return ". ".join(filter(None, (self.part[:1].upper() + self.part[1:], self.about)))

    @property
    def full_description(self) -> str:
        """What it is about, without a heading: ``makemore 4, exercise 1. All 26 gradients of …``."""
        place = ", ".join(filter(None, (self.chapter.partition(":")[0], self.part)))
        return ". ".join(filter(None, (place, self.about)))


def by_chapter(lessons: Iterable[LessonSummary]) -> list[tuple[str, list[LessonSummary]]]:
    """The lessons under the chapters that they go with, in the order that they have."""
    return [(chapter, list(each)) for chapter, each in groupby(lessons, attrgetter("chapter"))]


def lesson_summaries(path: Path) -> list[LessonSummary]:
    """All lessons in the order of the lectures, with the answers of the solutions file ``path`` to each.

    A file that does not exist has no answers; raises UsageError for one that cannot be used.
    """
    solutions = read_solutions(path, DEFAULT_LESSON) if path.exists() else None
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
    notes = lesson.notes
    nodes = frozenset(node.name for node in lesson.nodes)
    return LessonSummary(lesson.name, about, len(lesson.asks), answered, notes.chapter, notes.part, nodes)
