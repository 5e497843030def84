"""Code in Markdown: fenced blocks of Quarto, R Markdown, MyST and plain Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ninja_tui.lesson.model import Cell

_FENCE = re.compile(r"(?P<indent>[ \t]*(?:>[ \t]?)*)(?P<fence>`{3,}|~{3,}|:{3,})[ \t]*(?P<info>.*)")
_RUN = re.compile(r"\{\s*(?:code-cell\s*\}\s*(?P<kernel>\w*)|(?P<engine>[A-Za-z]\w*+)(?P<options>[^}]*)\})")
_SHOWN = re.compile(r"\{?\s*\.?(?:code(?:-block)?\s*\}?\s*)?(?P<language>[A-Za-z]\w*)")
_NOT_RUN = re.compile(r"(?:#\|\s*|[\s,{])eval\s*[:=]\s*(?:false|f|no)\b", re.IGNORECASE)
_OPTION = re.compile(r":[\w-]+:")
PYTHON = frozenset({"python", "python3", "py", "py3", "ipython", "ipython3"})
INDENT = " \t>"
SHORTEST = 3
"""Characters of a fence."""


@dataclass(frozen=True)
class _Block:
    """A fenced block of Python. ``line`` is that of its first line of code; ``runs``: its tool runs it."""

    line: int
    lines: tuple[str, ...]
    runs: bool

    @property
    def switched_off(self) -> bool:
        """Whether its options say that it is not run."""
        return self.runs and any(_NOT_RUN.match(line.strip()) for line in self.lines if line.lstrip().startswith("#|"))


def has_python_fence(text: str) -> bool:
    """Whether a fenced block of Python stands in ``text``."""
    return any(True for _ in _blocks(text))


def fenced_cells(text: str) -> list[Cell]:
    """The blocks of Python in ``text``, whose lines count in it.

    Where some are of a kind that Quarto, R Markdown or MyST runs, those alone: others are only shown.
    """
    blocks = list(_blocks(text))
    if any(block.runs for block in blocks):
        blocks = [block for block in blocks if block.runs and not block.switched_off]
    return [Cell(str(number), "\n".join(block.lines), block.line) for number, block in enumerate(blocks, 1)]


def prose_as_comments(text: str, cells: list[Cell]) -> str:
    """``text`` with each line that stands in none of ``cells`` as a comment."""
    code = {cell.line + offset: line for cell in cells for offset, line in enumerate(cell.source.split("\n"))}
    lines = text.split("\n")
    return "\n".join(
        code.get(number, f"# {line}".rstrip() if line.strip() else "") for number, line in enumerate(lines, 1)
    )


def _blocks(text: str) -> Iterator[_Block]:
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opening = _FENCE.fullmatch(lines[at])
        at += 1
        if opening is None or "`" in opening["info"]:
            continue
        kind = _kind(opening["info"], opening["fence"])
        if kind is None and _may_hold_blocks(opening["fence"], opening["info"]):
            continue
        end = _end(lines, at, opening["fence"])
        if kind is not None:
            body = [_unindented(line, len(opening["indent"])) for line in lines[at:end]]
            yield _Block(at + 1, tuple(_without_options(body)), kind)
        at = end + 1


def _kind(info: str, fence: str) -> bool | None:
    """Whether a block's tool runs it; None for one that is not in Python, or that says it is not run."""
    info = info.strip()
    run = _RUN.match(info)
    if run is not None and run["engine"] is None:
        return True if (run["kernel"] or "python").lower() in PYTHON else None
    if run is not None and run["engine"].lower() in PYTHON:
        return None if _NOT_RUN.search(run["options"]) else True
    shown = _SHOWN.match(info)
    in_python = shown is not None and shown["language"].lower() in PYTHON and not fence.startswith(":")
    return False if in_python else None


def _may_hold_blocks(fence: str, info: str) -> bool:
    """Whether it is a directive, such as a note, in whose text blocks of code may stand."""
    return fence.startswith(":") or (len(fence) > SHORTEST and info.strip().startswith("{"))


def _end(lines: list[str], at: int, fence: str) -> int:
    """The line, from 0, that closes the block which begins in line ``at``; the text's end where none does."""
    for number in range(at, len(lines)):
        line = lines[number].strip(INDENT)
        if len(line) >= len(fence) and not line.strip(fence[0]):
            return number
    return len(lines)


def _unindented(line: str, width: int) -> str:
    """``line`` without the indentation, or marks of a quotation, that its fence has."""
    taken = 0
    while taken < min(width, len(line)) and line[taken] in INDENT:
        taken += 1
    return line[taken:]


def _without_options(lines: list[str]) -> list[str]:
    """A block's lines with MyST's options, ``:tags: […]`` or between ``---``, left empty."""
    lines = list(lines)
    if lines and lines[0].strip() == "---":
        end = next((number for number, line in enumerate(lines) if number and line.strip() == "---"), 0)
        lines[: end + 1] = [""] * (end + 1)
    for number, line in enumerate(lines):
        if not _OPTION.match(line):
            break
        lines[number] = ""
    return lines
