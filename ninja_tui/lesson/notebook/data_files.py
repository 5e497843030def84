"""The files that a discovered lesson may read: those beside it, modules too, one of --data, and the list of names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import imported_modules, string_literals
from ninja_tui.lesson.words import EVERY_LIST, data_file

NAMES = "names.txt"
LONGEST = 300
"""Characters of a string that may be a path."""
LARGEST = 50_000_000
"""Bytes of a file beside a notebook that are served at the most."""


def served_for(lesson: Lesson, data: Path | None) -> tuple[tuple[str, str], ...]:
    """The texts, by name, that ``lesson`` may open.

    ``data`` stands for a file of its name, for ``names.txt``, and for what is not beside the lesson. Raises UsageError
    where it cannot be read.
    """
    served: dict[str, str] = {}
    paths = list(_paths(lesson))
    modules = [f"{module}.py" for module in imported_modules(_before_forward(lesson))]
    for path in dict.fromkeys((*paths, *modules)):
        text = _beside(lesson.path.absolute().parent, path)
        if text is not None:
            served[path] = served[_last(path)] = text
    if data is not None:
        text = read_text(data, "the data file")
        served |= {data.name: text, NAMES: text, EVERY_LIST: text}
        served |= {path: text for path in paths if _last(path) in (NAMES, data.name)}
    if NAMES not in served:
        served[NAMES] = data_file(NAMES).read_text(encoding="utf-8")
    return tuple(served.items())


def _before_forward(lesson: Lesson) -> tuple[Fragment, ...]:
    return (*lesson.setup.fragments, *lesson.minibatch.fragments)


def _paths(lesson: Lesson) -> Iterator[str]:
    """The strings in a lesson's set-up that may be paths."""
    for text in string_literals(_before_forward(lesson)):
        if "." in text and "\n" not in text and len(text) < LONGEST:
            yield text


def _last(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name


def _beside(folder: Path, name: str) -> str | None:
    """The text of the file ``name`` in ``folder``, or in a folder of it; None where there is none."""
    for path in (folder / name, folder / _last(name)):
        try:
            inside = path.resolve().is_relative_to(folder.resolve())
            if inside and path.is_file() and path.stat().st_size < LARGEST:
                return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
    return None
