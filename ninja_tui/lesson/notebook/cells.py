"""The code cells of a script or notebook, as they stand in the file."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.read import percent_cells, read_text

NOTEBOOK = ".ipynb"


@dataclass(frozen=True)
class Source:
    """A file's code cells. ``Cell.line`` counts in ``text``: the file itself, or a notebook's cells as a script."""

    path: Path
    text: str
    cells: tuple[Cell, ...]

    @property
    def notebook(self) -> bool:
        """Whether it is a notebook, whose places are cells."""
        return self.path.suffix.lower() == NOTEBOOK

    @property
    def starts(self) -> tuple[int, ...]:
        """The lines before a notebook's cells' first; nothing for a script, which counts its own lines."""
        return tuple(cell.line for cell in self.cells) if self.notebook else ()

    def place(self, line: int) -> str:
        """``line 14``, or ``cell 3, line 2`` of a notebook (its code cells, from 1)."""
        return place(line, self.starts)


def read_source(path: Path) -> Source:
    """The cells of ``path``; raises UsageError where it is missing, no text or no notebook, or holds no code."""
    text = read_text(path, "the notebook" if path.suffix.lower() == NOTEBOOK else "the script")
    if path.suffix.lower() == NOTEBOOK:
        texts = _notebook_cells(text, path)
        lines: list[str] = []
        cells = []
        for number, cell in enumerate(texts, 1):
            lines.append(f"# %% [{number}]")
            cells.append(Cell(str(number), cell, len(lines) + 1))
            lines += [*cell.split("\n"), ""]
        source = Source(path, "\n".join(lines), tuple(cells))
    else:
        try:
            cells = percent_cells(text)
        except Exception as error:  # jupytext reads headers that may hold anything
            raise UsageError(f"the script {path} cannot be read: {error}") from None
        source = Source(path, text, tuple(cells))
    if not any(cell.source.strip() for cell in source.cells):
        raise UsageError(f"{path} holds no code")
    return source


def _notebook_cells(text: str, path: Path) -> list[str]:
    import nbformat  # 0.3 s: only where a notebook is read

    if not text.strip():
        raise UsageError(f"the notebook {path} is empty")
    logger = logging.getLogger("traitlets")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # what does not fit the schema is told there, and does no harm here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(text, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types for it
        cells = [str(cell.get("source", "")) for cell in notebook.cells if cell.cell_type == "code"]
    except Exception as error:  # a file that is no notebook fails in as many ways as there are files
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise UsageError(f"the notebook {path} is damaged: {words}") from None
    finally:
        logger.setLevel(level)
    return [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in cells]
