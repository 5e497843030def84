"""Opens a lesson by its name, or by the path of a folder, script or notebook."""

from __future__ import annotations

from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import lesson_names, percent_cells, read_folder, read_lesson, read_script, read_text


def is_path(lesson: str) -> bool:
    """Whether ``lesson`` names a file or folder, and no bundled lesson."""
    return lesson not in lesson_names() and Path(lesson).exists()


def open_lesson(lesson: str, defined: Path | None = None, number: int = 1) -> Lesson:
    """The lesson of that name, or in that folder, script or notebook.

    Of a script or notebook of any form it is the ``number``th forward pass, to be answered anew; names that the
    script ``defined`` binds are taken from there. Raises UsageError where there is no such lesson.
    """
    if not is_path(lesson):
        return read_lesson(lesson)
    path = Path(lesson)
    if path.is_dir():
        return read_folder(path.resolve())
    if path.suffix == ".py":
        cells = {cell.title for cell in percent_cells(read_text(path, "the lesson"), f"the lesson {path}")}
        if {"setup", "forward"} <= cells:
            return read_script(path.resolve())
    from ninja_tui.lesson.notebook.discover import discover, read_definitions

    found = discover(path, read_definitions(defined)).lessons
    if not 1 <= number <= len(found):
        raise UsageError(f"{path} holds {len(found)} forward passes, and no {number}th")
    return found[number - 1].to_answer
