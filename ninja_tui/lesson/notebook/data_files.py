"""The files that a found lesson may read: those beside it, modules too, one of its person, and the list of names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import read_text
from ninja_tui.lesson.words import EVERY_LIST, data_file

NAMES = "names.txt"
LONGEST = 300
LARGEST = 50_000_000
"""Bytes of a file beside a notebook that are served at the most."""


def served_for(lesson: Lesson, data: Path | None) -> tuple[tuple[str, str], ...]:
    """The texts, by name, that ``lesson`` may open. ``data`` stands for a file of its name, for ``names.txt``, and

    for what is not beside the lesson. Raises UsageError where ``data`` cannot be read.
    """
    served: dict[str, str] = {}
    for literal in dict.fromkeys((*_literals(lesson), *_modules(lesson))):
        text = _beside(lesson.path.absolute().parent, literal)
        if text is not None:
            served[literal] = served[_last(literal)] = text
    if data is not None:
        text = read_text(data, "the data file")
        served |= {data.name: text, NAMES: text, EVERY_LIST: text}
        served |= {literal: text for literal in _literals(lesson) if _last(literal) in (NAMES, data.name)}
    if NAMES not in served:
        served[NAMES] = data_file(NAMES).read_text(encoding="utf-8")
    return tuple(served.items())


def _literals(lesson: Lesson) -> Iterator[str]:
    """The texts in a lesson's set-up that may be paths."""
    for code, _ in (*lesson.setup.parts, *lesson.minibatch.parts):
        for node in ast.walk(ast.parse(code)):
            match node:
                case ast.Constant(value=str() as text) if "." in text and "\n" not in text and len(text) < LONGEST:
                    yield text


def _modules(lesson: Lesson) -> Iterator[str]:
    """The files that modules imported in a lesson's set-up may be."""
    for code, _ in (*lesson.setup.parts, *lesson.minibatch.parts):
        for node in ast.walk(ast.parse(code)):
            match node:
                case ast.Import(names=aliases):
                    yield from (f"{alias.name}.py" for alias in aliases)
                case ast.ImportFrom(module=str() as module):
                    yield f"{module}.py"


def _last(path: str) -> str:
    return PurePosixPath(path.replace("\\", "/")).name


def _beside(folder: Path, literal: str) -> str | None:
    """The text of the file ``literal`` in ``folder``, or in a folder of it; None where there is none."""
    for path in (folder / literal, folder / _last(literal)):
        try:
            inside = path.resolve().is_relative_to(folder.resolve())
            if inside and path.is_file() and path.stat().st_size < LARGEST:
                return path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
    return None
