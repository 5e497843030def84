"""The code cells of a script, a notebook or a Markdown file."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ninja_tui.errors import UsageError
from ninja_tui.lesson.files import NOTEBOOK_LIMIT, TEXT_LIMIT
from ninja_tui.lesson.locations import Prompts, place
from ninja_tui.lesson.model import Cell
from ninja_tui.lesson.notebook.fences import fenced_cells, has_python_fence, prose_as_comments
from ninja_tui.lesson.notebook.ipynb import NoNotebook, code_cells, looks_like_notebook
from ninja_tui.lesson.read import described, percent_cells, read_text
from ninja_tui.lesson.syntax.fragment import parsed
from ninja_tui.lesson.syntax.parsing import TooLong, check_length

NOTEBOOK = ".ipynb"
SCRIPT = ".py"
SESSION = Path("the session")
"""What stands for the cells of a session, which no file holds."""
MARKDOWN = frozenset({".md", ".markdown", ".mkd", ".mdx", ".qmd", ".rmd", ".myst"})


class Form(enum.Enum):
    """How code stands in a file."""

    SCRIPT = "script"
    NOTEBOOK = "notebook"
    FENCED = "fenced"
    SESSION = "session"


@dataclass(frozen=True)
class Source:
    """A file's code cells. ``Cell.line`` counts in ``text``.

    That is the file itself, its prose as comments, or the cells of a notebook, or of a session, as a script.
    """

    path: Path
    text: str
    cells: tuple[Cell, ...]
    form: Form = Form.SCRIPT

    @property
    def starts(self) -> tuple[int, ...]:
        """The lines in which a notebook's cells begin; nothing for a file whose lines are counted as they are."""
        lines = (cell.line for cell in self.cells)
        match self.form:
            case Form.NOTEBOOK:
                return tuple(lines)
            case Form.SESSION:
                return Prompts(lines)
            case Form.SCRIPT | Form.FENCED:
                return ()

    def place(self, line: int) -> str:
        """``line 14``, or ``cell 3, line 2`` of a notebook (its code cells, from 1)."""
        return place(line, self.starts)


def read_source(path: Path) -> Source:
    """The cells of ``path``; raises UsageError where it is missing, no text or no notebook, or holds no code."""
    what, most = ("notebook", NOTEBOOK_LIMIT) if is_notebook(path) else ("script", TEXT_LIMIT)
    return source_of(path, read_text(path, f"the {what}", most))


def source_of(path: Path, text: str) -> Source:
    """The cells of the ``text`` that ``path`` holds; raises UsageError where it is no notebook, or holds no code."""
    try:
        source = _cells_of(path, text)
        check_length(cell.source for cell in source.cells)
    except TooLong as error:
        raise UsageError(f"{path} {error}") from None
    if not any(cell.source.strip() for cell in source.cells):
        raise UsageError(f"{path} holds no code")
    return source


def _cells_of(path: Path, text: str) -> Source:
    match form_of(path, text):
        case Form.NOTEBOOK:
            return _notebook(path, text)
        case Form.FENCED:
            cells = fenced_cells(text)
            return Source(path, prose_as_comments(text, cells), tuple(cells), Form.FENCED)
        case Form.SCRIPT | Form.SESSION:
            check_length([text])
            return Source(path, text, tuple(percent_cells(text, f"the script {path}")))


def form_of(path: Path, text: str) -> Form:
    """How code stands in ``text``: as its name says, or else as it looks."""
    if is_notebook(path) or looks_like_notebook(text):
        return Form.NOTEBOOK
    suffix = path.suffix.lower()
    if suffix in MARKDOWN:
        return Form.FENCED
    fenced = suffix != SCRIPT and has_python_fence(text) and parsed(text) is None
    return Form.FENCED if fenced else Form.SCRIPT


def session_source(codes: Mapping[int, str]) -> Source:
    """The cells of a session of IPython, each under the number of its prompt.

    Its path stands for no file, but for a name in the folder where the session is. Raises UsageError where there is no
    code, or more than can be read.
    """
    source = _script(SESSION, [codes.get(number, "") for number in range(1, max(codes, default=0) + 1)], Form.SESSION)
    try:
        check_length([source.text])
    except TooLong as error:
        raise UsageError(f"{SESSION} {error}") from None
    if not any(code.strip() for code in codes.values()):
        raise UsageError(f"{SESSION} holds no code")
    return source


def is_notebook(path: Path) -> bool:
    """Whether ``path`` is a notebook, by its name."""
    return path.suffix.lower() == NOTEBOOK


def _notebook(path: Path, text: str) -> Source:
    """A notebook as a script."""
    if not text.strip():
        raise UsageError(f"the notebook {path} is empty")
    try:
        codes = code_cells(text)
    except NoNotebook as error:
        raise UsageError(f"the notebook {path} {described(error)}") from None
    return _script(path, codes, Form.NOTEBOOK)


def _script(path: Path, codes: Sequence[str], form: Form) -> Source:
    """Cells as a script, in which a comment begins each."""
    lines: list[str] = []
    cells = []
    for number, code in enumerate(codes, 1):
        lines.append(f"# %% [{number}]")
        cells.append(Cell(str(number), code, len(lines) + 1))
        lines += [*code.split("\n"), ""]
    return Source(path, "\n".join(lines), tuple(cells), form)
