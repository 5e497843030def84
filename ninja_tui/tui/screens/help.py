"""Help: what belongs to the pane in focus first, then all keys by group, the marks, and the words of the table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.geometry import Size

from ninja_tui.tui.commands import ARROWS, ASKED, EDITING, Group, Mode, footer
from ninja_tui.tui.keymap import Keymap
from ninja_tui.tui.painting.dialog import Dialog
from ninja_tui.tui.widgets.lines import LinesPane

SIGNS = (
    ("·  ✗  ≈  =", "open; wrong; right up to rounding; right to the last bit"),
    ("◀  ▶", "the current statement, on the way back and on the way forward"),
    ("↰", "a statement that reads the current tensor: it gives one path of the gradient"),
    ("▸", "the row of the table that Enter goes to"),
    ("fail…", "the verdict on what stands in the prompt and is not submitted"),
    ("pass !", "passes with a warning: the line under the prompt says which"),
    ("↑ dx", "an upstream gradient: yours where it passes, otherwise the reference"),
    ("blue, orange", "below and above zero, the brighter the farther; dark at zero; magenta where not finite"),
)
HOLDS_FOR = (
    ("any upstream", "the formula is right, whatever gradient flows in"),
    ("closed form", "right for this loss; it reads no upstream gradient"),
    ("this dx", "right because of a structure that this dx really has, such as zeros"),
)
Row = tuple[str, str, str]
Part = tuple[str, Sequence[Row]]
LEAST = 8
"""Columns that the keys have at least."""
GAP = 2
"""Columns before each of a row's."""


class HelpScreen(Dialog[None]):
    """Any of the keys that open it closes it."""

    BINDINGS = [
        Binding("escape,question_mark,f2,q,enter", "dismiss", "Close"),
        Binding("alt+question_mark", "dismiss", show=False),
    ]

    def __init__(self, mode: Mode, keymap: Keymap) -> None:
        super().__init__()
        self._mode, self._keymap = mode, keymap

    def compose(self) -> ComposeResult:
        """One pane of lines."""
        pane = HelpPane(_parts(self._mode, self._keymap), id="help")
        pane.border_title, pane.border_subtitle = "Help", "Esc closes"
        yield pane


class HelpPane(LinesPane, can_focus=True):
    """All parts one below the other, as wide as there is room."""

    def __init__(self, parts: Sequence[Part], *, id: str) -> None:
        super().__init__(id=id)
        self._parts = parts
        self._width = 0
        self._lines: list[Content] = []

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """All lines, where the screen is high enough."""
        return len(self._wrap(width - self.scrollbar_size_vertical))

    def on_resize(self) -> None:
        """Other lines have room."""
        width = self.scrollable_content_region.width
        self.show_lines(len(self._wrap(width)), width)

    def draw_line(self, index: int) -> Content:
        """One line."""
        return self._lines[index]

    def _wrap(self, width: int) -> list[Content]:
        if width != self._width:
            self._width, self._lines = width, help_lines(self._parts, width)
        return self._lines


def _parts(mode: Mode, keymap: Keymap) -> list[Part]:
    now = footer(mode, (*keymap.commands, *keymap.training))
    parts: list[Part] = [(f"Now: {mode.value}", [(key, "", label) for key, label, _ in now])]
    for group in Group:
        rows = [(each.walk_keys, each.everywhere, each.title) for each in keymap.commands if each.group is group]
        parts.append((f"{group.value}: the key in the walk, and those that work in the prompt too", rows))
    return [
        *parts,
        ("In the prompt", [("", *row) for row in EDITING]),
        ("At a question for a shape", [(keys, "", title) for keys, title in ASKED]),
        ("In a pane", [(keys, "", title) for keys, title in ARROWS]),
        ("In training", [(each.walk_keys, each.everywhere, each.title) for each in keymap.training]),
        ("Marks and colours", [(sign, "", meaning) for sign, meaning in SIGNS]),
        ("“holds for”: the upstream gradients for which an answer is right", [(w, "", m) for w, m in HOLDS_FOR]),
    ]


def help_lines(parts: Iterable[Part], width: int) -> list[Content]:
    """The parts in lines of ``width``: a title, and rows in columns, of which the last takes what is left."""
    lines: list[Content] = []
    width = max(LEAST, width)
    for title, rows in parts:
        columns = [column for column in range(3) if any(row[column] for row in rows)]
        keys = columns[:-1]
        widths = [
            min(max(LEAST, *(len(row[column]) for row in rows)), max(LEAST, width // (len(keys) + 2)))
            for column in keys
        ]
        widths.append(max(LEAST, width - sum(widths) - GAP * len(columns)))
        lines += Content.styled(title, "underline").wrap(width)
        for row in rows:
            cells = [Content.styled(row[column], "bold" if column < 2 else "") for column in columns]
            wrapped = [
                [cell] if cell.cell_length <= room else cell.wrap(room)
                for cell, room in zip(cells, widths, strict=True)
            ]
            for line in zip_longest(*wrapped, fillvalue=Content("")):
                padded = (
                    cell + Content(" " * (room - cell.cell_length)) for cell, room in zip(line, widths, strict=True)
                )
                lines.append(Content(" " * GAP).join([Content(""), *padded]).rstrip())
        lines.append(Content(""))
    return lines[:-1]
