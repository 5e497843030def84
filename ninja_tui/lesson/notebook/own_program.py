"""A script or notebook as a program that is run from its first statement to its last."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ninja_tui.lesson.notebook.cells import Source
from ninja_tui.lesson.notebook.data_files import files_for
from ninja_tui.lesson.notebook.discover import Definitions
from ninja_tui.lesson.notebook.parse import readable
from ninja_tui.lesson.notebook.requirements import read_statements
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.imports import is_definition
from ninja_tui.lesson.syntax.names import assigned, placeholders, stored_names


@dataclass(frozen=True)
class OwnProgram:
    """The top-level statements of a file, and ``notes`` on how they were read. ``defined`` runs before them."""

    path: Path
    statements: tuple[Fragment, ...]
    starts: tuple[int, ...]
    notes: tuple[str, ...] = ()
    defined: tuple[Fragment, ...] = ()

    def served(self, data: Path | None, hidden: frozenset[Path] = frozenset()) -> dict[str, str]:
        """The files that it may open, by path, none of them ``hidden``; raises UsageError if ``data`` is not read."""
        return dict(files_for(self.path, self.statements, data, hidden))

    def binding(self, name: str, after: int) -> int | None:
        """The line of the first statement behind line ``after`` that binds ``name``; None where there is none."""
        lines = [each.line for each in self.statements if name in stored_names(each.tree)]
        return next((line for line in lines if line > after), None)

    @property
    def placeholders(self) -> dict[str, int]:
        """Names that are to be filled in later, with their lines."""
        return {name: each.line for each in self.statements for name in placeholders(each.tree)}

    def fresh_names(self, statement: Fragment) -> frozenset[str]:
        """The names that a statement gives a value of its own, those that it imports among them."""
        return assigned(statement.tree)

    def binding_names(self, statement: Fragment) -> frozenset[str]:
        """The names that a statement binds, if it does not define a function or a class."""
        return frozenset() if is_definition(statement.tree) else frozenset(stored_names(statement.tree))


def own_program(source: Source, definitions: Definitions | None = None) -> OwnProgram:
    """The program in ``source``; raises UsageError where it computes with something that is not PyTorch."""
    with readable(source.path):
        return _own_program(source, definitions or Definitions())


def _own_program(source: Source, definitions: Definitions) -> OwnProgram:
    fragments, notes = read_statements(source, definitions.names)
    defined = (Fragment.at(definitions.code, 1),) if definitions.code else ()
    return OwnProgram(source.path, tuple(fragments), source.starts, notes, defined)
