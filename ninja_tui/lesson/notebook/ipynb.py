"""Notebooks as JSON: made by Jupyter in any version of its format, or by a tool that keeps to less of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

CODE_KEYS = ("source", "input", "code")
"""Where a cell's code stands: in format 4, in 2 and 3, and in 1."""
MOST_VALUES = 2_000_000
"""Of its JSON, the numbers of its pictures included: each takes memory."""
_NO_CHARACTER = re.compile("[\ud800-\udfff]")
PYTHON = ("python", "ipython", "sage")


class NoNotebook(Exception):
    """A text that is no notebook in Python; says what it is."""


def looks_like_notebook(text: str) -> bool:
    """Whether ``text`` is a JSON object that has cells, whatever its file is called."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        _held(text)
    except NoNotebook:
        return False
    return True


def code_cells(text: str) -> list[str]:
    """The code of each code cell of the notebook ``text``; raises NoNotebook."""
    held = _held(text)
    language = _language(held)
    if language and not language.lower().startswith(PYTHON):
        raise NoNotebook(f"is in {language}, not in Python")
    return [_plain(_code(cell)) for cell in _cells(held) if _is_code(cell)]


def _plain(code: str) -> str:
    """``code`` with line breaks of one kind, and without halves of characters, which JSON can hold."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", code.replace("\r\n", "\n").replace("\r", "\n"))


def _held(text: str) -> dict[str, Any]:
    if text.count("[") + text.count("{") + text.count(",") > MOST_VALUES:
        raise NoNotebook(f"is too large: it holds more than {MOST_VALUES:,} values, and no more are read")
    try:
        held = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoNotebook(f"is damaged: {' '.join(str(error).split())}") from None
    if not isinstance(held, dict) or not all(isinstance(cell, dict) for cell in _cells(held)):
        raise NoNotebook("is damaged: it holds no cells")
    return held


def _cells(held: dict[str, Any]) -> Iterator[Any]:
    """The cells, of format 4, or of all worksheets; raises NoNotebook where there is no such list."""
    lists = [held.get("cells")]
    if lists == [None] and isinstance(held.get("worksheets"), list):
        lists = [sheet.get("cells") if isinstance(sheet, dict) else None for sheet in held["worksheets"]]
    for cells in lists:
        if not isinstance(cells, list):
            raise NoNotebook("is damaged: it holds no cells")
        yield from cells


def _language(held: dict[str, Any]) -> str:
    """The language that the notebook says it is in; nothing where it says none."""
    metadata = held.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for holder, key in (("language_info", "name"), ("kernelspec", "language")):
        value = metadata.get(holder)
        if isinstance(value, dict) and isinstance(value.get(key), str):
            return str(value[key])
    return ""


def _is_code(cell: dict[str, Any]) -> bool:
    """Whether a cell holds Python to run."""
    if cell.get("cell_type", "code") != "code":
        return False
    metadata = cell.get("metadata")
    vscode = metadata.get("vscode") if isinstance(metadata, dict) else None
    language = vscode.get("languageId") if isinstance(vscode, dict) else cell.get("language")
    return not isinstance(language, str) or language.lower().startswith(PYTHON)


def _code(cell: dict[str, Any]) -> str:
    """A cell's code, which may be a text or a list of lines."""
    code = next((cell[key] for key in CODE_KEYS if cell.get(key) is not None), "")
    return "".join(map(str, code)) if isinstance(code, list) else str(code)
