"""Opens a lesson by its name, or by the path of a folder, script or notebook."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import (
    BundledLesson,
    LessonFolder,
    OwnNetwork,
    PercentLesson,
    SolutionsFile,
    classify,
    locate,
)  # fmt: skip
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.practice.deck import Deck
from ninja_tui.lesson.read import lesson_of, read_folder, read_lesson
from ninja_tui.lesson.solutions import read_solutions


def check_solutions(solutions: Path, lesson: str) -> None:
    """Raises UsageError for a solutions file that can be neither read nor made. ``lesson`` is what it answers."""
    if solutions.exists():
        read_solutions(solutions, lesson)
    elif not solutions.absolute().parent.is_dir():
        raise UsageError(f"the folder {solutions.absolute().parent} for the solutions file does not exist")


def open_lesson(lesson: str, setup: Path | None = None, number: int = 1) -> Lesson:
    """The lesson of that name, or in that folder, script or notebook.

    Of a script or notebook of any form it is the ``number``th forward pass, to be answered anew; names that the
    script ``setup`` binds are taken from there. Raises UsageError where there is no such lesson.
    """
    definitions = None
    if setup is not None:
        from ninja_tui.lesson.notebook.discover import read_definitions

        definitions = read_definitions(setup)
    kind = classify(locate(lesson), definitions)
    match kind:
        case BundledLesson(name):
            return read_lesson(name)
        case LessonFolder(path):
            return read_folder(path.resolve())
        case PercentLesson(source):
            return lesson_of(source.path.resolve(), source.cells)
        case OwnNetwork():
            discovery = kind.discovery
        case SolutionsFile():
            discovery = kind.discover(definitions)
    lessons = discovery.lessons
    if not 1 <= number <= len(lessons):
        raise UsageError(f"{lesson} holds {len(lessons)} forward passes, and no {number}th")
    return lessons[number - 1].to_answer


def gone(deck: Deck, on: date) -> frozenset[tuple[str, str]]:
    """Lesson and node of the cards that cannot be asked.

    That are those of lessons that are no more, and, of those that are due on that day, those of lessons that cannot be
    read or have no such node any more.
    """
    due = {card.lesson for card in deck.due(on)}
    nodes = {lesson: _nodes_of(lesson) if lesson in due else None for lesson in {card.lesson for card in deck.cards}}
    absent = {lesson for lesson in nodes if not _is_there(lesson)}
    cards = {(card.lesson, card.node) for card in deck.cards}
    return frozenset(
        (lesson, node)
        for lesson, node in cards
        if lesson in absent or ((known := nodes[lesson]) is not None and node not in known)
    )


def _is_there(lesson: str) -> bool:
    try:
        locate(lesson)
    except UsageError:
        return False
    return True


def _nodes_of(lesson: str) -> Collection[str]:
    try:
        return {node.name for node in open_lesson(lesson).nodes}
    except UsageError:
        return ()
