"""Opens a lesson by its name, or by the path of a folder, script or notebook."""

from __future__ import annotations

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
