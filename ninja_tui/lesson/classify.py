"""What kind of file a name or path is: a lesson, a network, or a file of answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ninja_tui.errors import UsageError
from ninja_tui.lesson.files import NOTEBOOK_LIMIT, TEXT_LIMIT, exists, is_folder
from ninja_tui.lesson.model import gradient_name
from ninja_tui.lesson.read import DEFAULT_LESSON, REQUIRED_CELLS, lesson_names, no_such_lesson, read_lesson, read_text
from ninja_tui.lesson.solutions import LESSON_MARKER
from ninja_tui.lesson.syntax.fragment import UNREADABLE

if TYPE_CHECKING:
    from ninja_tui.lesson.notebook.cells import Source
    from ninja_tui.lesson.notebook.discover import Definitions, Discovery
    from ninja_tui.lesson.notebook.own_program import OwnProgram


@dataclass(frozen=True)
class BundledLesson:
    """A lesson that comes with ninja-tui, by its name."""

    name: str


@dataclass(frozen=True)
class LessonFolder:
    """A folder that holds a lesson's files."""

    path: Path


@dataclass(frozen=True)
class PercentLesson:
    """A script with cells ``setup`` and ``forward``."""

    source: Source


@dataclass(frozen=True)
class OwnNetwork:
    """A script or notebook that is a program of its own; ``definitions`` bind names that it lacks."""

    source: Source
    definitions: Definitions | None = None

    @cached_property
    def discovery(self) -> Discovery:
        """The forward passes in it as lessons; raises UsageError where it holds none."""
        from ninja_tui.lesson.notebook.discover import discover_in

        return discover_in(self.source, self.definitions)

    @cached_property
    def program(self) -> OwnProgram:
        """Its statements; raises UsageError where it computes with something that is not PyTorch."""
        from ninja_tui.lesson.notebook.own_program import own_program

        return own_program(self.source, self.definitions)


@dataclass(frozen=True)
class SolutionsFile:
    """A script with answers to lessons that it does not hold itself."""

    path: Path
    text: str

    def discover(self, definitions: Definitions | None = None) -> Discovery:
        """The forward passes in it, incomplete as they may be; raises UsageError where there is none."""
        from ninja_tui.lesson.notebook.cells import source_of
        from ninja_tui.lesson.notebook.discover import discover_in

        return discover_in(source_of(self.path, self.text), definitions)


NO_TENSORS = frozenset({"torch", "F", "n"})
FileKind = BundledLesson | LessonFolder | PercentLesson | OwnNetwork | SolutionsFile


def locate(lesson: str) -> BundledLesson | Path:
    """The bundled lesson of that name, or the path that it is; opens no file. Raises UsageError for neither."""
    if lesson in lesson_names():
        return BundledLesson(lesson)
    path = Path(lesson)
    if exists(path):
        return path
    if path.suffix or len(path.parts) > 1:
        raise UsageError(f"{lesson} does not exist")
    raise no_such_lesson(lesson)


def classify(place: BundledLesson | Path, definitions: Definitions | None = None) -> FileKind:
    """The kind of file that ``place`` is, with its content, read once; ``definitions`` bind names that a file lacks.

    A script without a forward pass of its own is a file of answers only if it reads tensors of the default lesson that
    it does not bind. Raises UsageError where it is neither, or cannot be read.
    """
    if isinstance(place, BundledLesson):
        return place
    if is_folder(place):
        return LessonFolder(place)
    from ninja_tui.lesson.notebook.cells import Form, form_of, is_notebook, source_of  # only where a file is read

    text = read_text(place, "the file", NOTEBOOK_LIMIT if is_notebook(place) else TEXT_LIMIT)
    if form_of(place, text) is Form.NOTEBOOK:
        return OwnNetwork(source_of(place, text), definitions)
    solutions = SolutionsFile(place, text)
    if LESSON_MARKER.search(text):
        return solutions
    try:
        source = source_of(place, text)
    except UsageError:
        return solutions
    if place.suffix == ".py" and set(REQUIRED_CELLS) <= {cell.title for cell in source.cells}:
        return PercentLesson(source)
    if ".backward(" not in source.text and _may_answer_a_lesson(source, definitions):
        return SolutionsFile(place, source.text)
    return OwnNetwork(source, definitions)


def _may_answer_a_lesson(source: Source, definitions: Definitions | None) -> bool:
    """Whether a script answers the default lesson, or cannot be read, so as to tell: a file of answers is told so."""
    try:
        return _answers_a_lesson(source, definitions)
    except UNREADABLE:
        return True


def _answers_a_lesson(source: Source, definitions: Definitions | None) -> bool:
    """Whether a script reads tensors of the default lesson, or their gradients, before it binds them.

    So does what is no Python as yet, and is told so.
    """
    from ninja_tui.lesson.notebook.parse import Dropped, fragments_of
    from ninja_tui.lesson.notebook.requirements import reads_before_binding
    from ninja_tui.lesson.syntax.names import stored_names

    fragments, remarks = fragments_of(source)
    has_loss = any("loss" in stored_names(fragment.tree) for fragment in fragments)
    if not fragments or (not has_loss and any(isinstance(remark, Dropped) for remark in remarks)):
        return True
    lesson = read_lesson(DEFAULT_LESSON)
    tensors = {name for statement in lesson.statements for name in (*statement.binds, *statement.reads)}
    tensors |= {gradient_name(node.name) for node in lesson.nodes}
    names = frozenset() if definitions is None else definitions.names
    return bool(reads_before_binding(fragments, names) & (tensors - NO_TENSORS))
