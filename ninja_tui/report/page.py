"""Lines of text for a terminal of any width, or for a file, where nothing folds."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninja_tui.errors import Excerpt
from ninja_tui.formatting import one_line, visible

LONGEST_CODE = 160
"""Columns of a line of code that are shown where nothing limits them."""
FEWEST_COLUMNS, WIDEST = 20, 10_000
GUTTER = 5
"""Columns of a line's number, before the bar."""
BEFORE = 0.25
"""Of a line that is cut, so much of the room stands before what is meant."""

Part = str | Text | tuple[str, str]
"""Words, words with a style, or a text that holds nothing that does not print."""


@dataclass(frozen=True)
class Signs:
    """What begins a line. ``ascii`` stands in for a terminal that has no other characters."""

    passed: str = "✓"
    failed: str = "✗"
    warning: str = "⚠"
    note: str = "·"
    missing: str = "–"
    bar: str = "│"
    cut: str = "…"


ASCII = Signs("+", "x", "!", "-", "-", "|", "~")


class Page:
    """Prints on stdout, stderr or a ``console``: plain text, never markup. What does not print is shown as ``�``."""

    def __init__(self, *, stderr: bool = False, console: Console | None = None) -> None:
        self._console = console or Console(stderr=stderr)
        self.width: int | None = max(self._console.width, FEWEST_COLUMNS)
        if console is None and not self._console.is_terminal and "COLUMNS" not in os.environ:
            self._console, self.width = Console(stderr=stderr, width=WIDEST), None
        self.signs = ASCII if self._console.options.ascii_only else Signs()

    def line(self, *parts: Part, hang: int = 2) -> None:
        """Prints a line; what does not fit goes on below, so many columns further right."""
        text = Text.assemble(*(_plain(part) for part in parts))
        if self.width is None or text.cell_len <= self.width:
            self._print(text)
            return
        for number, each in enumerate(text.wrap(self._console, self.width - hang)):
            each.rstrip()
            self._print(Text.assemble(" " * (hang if number else 0), each))

    def fits(self, table: Table) -> bool:
        """Whether a table has room as wide as it is by itself."""
        return self.width is None or self._width_of(table) <= self.width

    def table(self, table: Table) -> None:
        """Prints a table, as wide as it is by itself."""
        self._console.print(table, width=self.width or self._width_of(table))

    def _width_of(self, table: Table) -> int:
        return self._console.measure(table, options=self._console.options.update_width(WIDEST)).maximum

    def excerpts(self, excerpts: Sequence[Excerpt], numbers: Iterable[int], sentence: Part = "") -> None:
        """Prints lines of code, carets under what is meant in them, and beside the last of these a sentence."""
        indent = min((len(each.code) - len(each.code.lstrip()) for each in excerpts), default=0)
        for position, (excerpt, number) in enumerate(zip(excerpts, numbers, strict=True), 1):
            room = (self.width or LONGEST_CODE + GUTTER + 3) - GUTTER - 3
            code, before, under = _window(excerpt, indent, room, self.signs.cut)
            self._print(Text.assemble((f"{number:>{GUTTER}} {self.signs.bar} ", "blue"), code))
            carets = Text.assemble(
                (f"{'':>{GUTTER}} {self.signs.bar} ", "blue"), " " * before, ("^" * under, "bold red")
            )
            words = _plain(sentence)
            if position < len(excerpts) or not words:
                self._print(carets)
                continue
            beside = Text.assemble(carets, " ", words)
            if self.width is None or beside.cell_len <= self.width:
                self._print(beside)
            else:
                self._print(carets)
                self.below(sentence)

    def below(self, *parts: Part) -> None:
        """Prints a line below an excerpt, behind its bar."""
        bar = Text(f"{'':>{GUTTER}} {self.signs.bar} ", style="blue")
        text = Text.assemble(*(_plain(part) for part in parts))
        room = None if self.width is None else self.width - bar.cell_len
        lines = [text] if room is None or text.cell_len <= room else list(text.wrap(self._console, room))
        for each in lines:
            each.rstrip()
            self._print(Text.assemble(bar, each))

    @contextlib.contextmanager
    def captured(self) -> Iterator[Callable[[], str]]:
        """Keeps what is printed within; it is what the function gives, for ``write``."""
        with self._console.capture() as capture:
            yield capture.get

    def write(self, text: str) -> None:
        """Prints what was captured."""
        self._console.file.write(text)
        self._console.file.flush()

    def clear(self) -> None:
        """Clears a terminal."""
        if self._console.is_terminal:
            self._console.clear()

    def blank(self) -> None:
        """Prints an empty line."""
        self._console.print()

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def _plain(part: Part) -> Text:
    """A part of a line without control characters."""
    if isinstance(part, Text):
        return part
    words, style = (part, "") if isinstance(part, str) else part
    return Text(visible(words), style=style)


def print_error(sentence: str, excerpt: Excerpt | None = None) -> None:
    """Prints a sentence on stderr, and below it the code that it is about."""
    print(f"ninja-tui: {one_line(sentence)}", file=sys.stderr)
    if excerpt is not None:
        Page(stderr=True).excerpts([excerpt], [excerpt.line])


def _window(excerpt: Excerpt, indent: int, room: int, cut: str) -> tuple[str, int, int]:
    """The code as far as there is room for it, the columns before what is meant, and those that it takes."""
    code = visible(excerpt.code)[indent:]
    start, end = max(excerpt.start - indent, 0), max(excerpt.end - indent, 1)
    left = 0
    if cell_len(code) > room:
        left = max(0, min(start - int(room * BEFORE), len(code) - room))
    shown = code[left:]
    if left:
        shown = cut + shown[1:]
    if cell_len(shown) > room:
        shown = set_cell_size(shown, room - 1) + cut
    before = cell_len(shown[: start - left])
    return shown, before, max(1, min(cell_len(code[start:end]), room - before))
