"""The code cells of a script or notebook."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.read import one_line, percent_cells, read_text

NOTEBOOK = ".ipynb"


@dataclass(frozen=True)
class Source:
    """A file's code cells. ``Cell.line`` counts in ``text``: the file itself, or a notebook's cells as a script."""

    path: Path
    text: str
    cells: tuple[Cell, ...]

    @property
    def starts(self) -> tuple[int, ...]:
        """The lines in which a notebook's cells begin; nothing for a script, whose lines are counted as they are."""
        return tuple(cell.line for cell in self.cells) if is_notebook(self.path) else ()

    def place(self, line: int) -> str:
        """``line 14``, or ``cell 3, line 2`` of a notebook (its code cells, from 1)."""
        return place(line, self.starts)


def read_source(path: Path) -> Source:
    """The cells of ``path``; raises UsageError where it is missing, no text or no notebook, or holds no code."""
    return source_of(path, read_text(path, "the notebook" if is_notebook(path) else "the script"))


def source_of(path: Path, text: str) -> Source:
    """The cells of the ``text`` that ``path`` holds; raises UsageError where it is no notebook, or holds no code."""
    source = (
        _notebook(path, text)
        if is_notebook(path)
        else Source(path, text, tuple(percent_cells(text, f"the script {path}")))
    )
    if not any(cell.source.strip() for cell in source.cells):
        raise UsageError(f"{path} holds no code")
    return source


def is_notebook(path: Path) -> bool:
    """Whether ``path`` is a notebook, by its name."""
    return path.suffix.lower() == NOTEBOOK


def _notebook(path: Path, text: str) -> Source:
    """A notebook as a script, in which a comment begins each cell."""
    lines: list[str] = []
    cells = []
    for number, code in enumerate(_notebook_cells(text, path), 1):
        lines.append(f"# %% [{number}]")
        cells.append(Cell(str(number), code, len(lines) + 1))
        lines += [*code.split("\n"), ""]
    return Source(path, "\n".join(lines), tuple(cells))


def _notebook_cells(text: str, path: Path) -> list[str]:
    import nbformat  # 0.3 s: only where a notebook is read

    if not text.strip():
        raise UsageError(f"the notebook {path} is empty")
    logger = logging.getLogger("traitlets")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it warns of what does not fit the schema, which does no harm here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types for it
        cells = [str(cell.get("source", "")) for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # a file that is no notebook fails in as many ways as there are files
        raise UsageError(f"the notebook {path} is damaged: {one_line(error)}") from None
    finally:
        logger.setLevel(level)
    return [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells]
