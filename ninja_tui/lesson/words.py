"""Word lists: where the bundled ones are, and how other ones are read."""

from __future__ import annotations

import csv
import io
from functools import lru_cache
from pathlib import Path

from ninja_tui.errors import UsageError

FEWEST_WORDS = 2
"""With fewer the 80/10/10 split leaves no word to train on."""

EVERY_LIST = "*"
"""As a name in ``serve``: whichever list a lesson reads."""

_served: dict[str, str] = {}


def data_file(name: str) -> Path:
    """The bundled data file ``name``: inside an installed package, or beside it in a source tree."""
    package = Path(__file__).parent.parent
    for folder in (package / "data", package.parent / "data"):
        if (folder / name).is_file():
            return folder / name
    raise UsageError(f"the data file {name} is missing from this installation")


def serve(name: str, text: str) -> None:
    """From now on ``read_words(name)`` gives the lines of ``text``: for processes that open no files.

    With ``EVERY_LIST`` for a name it does so for every list that has no text of its own.
    """
    _served[name] = text


def read_words(name: str) -> list[str]:
    """The words of the bundled list ``name``, or of what is served in its place."""
    served = _served.get(name, _served.get(EVERY_LIST))
    if served is not None:
        return served.split("\n")
    return parse_words(bundled_text(name), name)


@lru_cache(maxsize=8)
def bundled_text(name: str) -> str:
    """The text of the bundled data file ``name``; once it was read, a process that opens no files has it too."""
    return data_file(name).read_text(encoding="utf-8")


def word_list_text(path: Path) -> str:
    """The words of the list ``path``, one a line; raises UsageError with one sentence that says what is wrong."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory, not a word list")
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"the word list {path} does not exist") from None
    except OSError as error:
        raise UsageError(f"the word list {path} cannot be read: {error.strerror or error}") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"the word list {path} is not text (UTF-8)") from None
    if "\0" in text:
        raise UsageError(f"the word list {path} is not text")
    return "\n".join(parse_words(text, str(path)))


def parse_words(text: str, where: str) -> list[str]:
    """The words of ``text``: one a line, or the ``Name``/``name`` column of a CSV. Raises UsageError."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    filled = [(number, line) for number, line in lines if line]
    if not filled:
        raise UsageError(f"the word list {where} is empty")
    header = filled[0][1]
    if "," in header or header in ("Name", "name") or where.lower().endswith(".csv"):
        filled = _name_column(text, where)
    for number, word in filled:
        if "." in word:
            raise UsageError(
                f"the word list {where} holds a `.` in line {number} ({word!r}); `.` marks where a word ends"
            )
    words = [word for _, word in filled]
    if len(words) < FEWEST_WORDS:
        raise UsageError(f"the word list {where} holds {len(words)} word; at least {FEWEST_WORDS} are needed")
    return words


def _name_column(text: str, where: str) -> list[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        cells = ((reader.line_num, [" ".join(cell.split()) for cell in row]) for row in reader)
        rows = [(number, row) for number, row in cells if any(row)]
    except csv.Error as error:
        raise UsageError(f"the word list {where} is no readable CSV: {error}") from None
    if not rows:
        raise UsageError(f"the word list {where} is empty")
    columns = [index for index, cell in enumerate(rows[0][1]) if cell in ("Name", "name")]
    if not columns:
        raise UsageError(f"the word list {where} is a CSV without a column `Name` or `name`")
    words = [(number, row[columns[0]]) for number, row in rows[1:] if len(row) > columns[0] and row[columns[0]]]
    if not words:
        raise UsageError(f"the word list {where} is empty")
    return words
