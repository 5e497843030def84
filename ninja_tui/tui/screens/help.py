"""Help: what belongs to the pane in focus first, then all keys by group, the marks, and the words of the table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group as Lines
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ninja_tui.tui.commands import ARROWS, ASKED, EDITING, Group, Mode, footer
from ninja_tui.tui.keymap import Keymap

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


class HelpScreen(ModalScreen[None]):
    """Any of the keys that open it closes it."""

    BINDINGS = [
        Binding("escape,question_mark,f2,q,enter", "dismiss", "Close"),
        Binding("alt+question_mark", "dismiss", show=False),
    ]

    def __init__(self, mode: Mode, keymap: Keymap) -> None:
        super().__init__()
        self._mode, self._keymap = mode, keymap

    def compose(self) -> ComposeResult:
        """One table a group."""
        with VerticalScroll(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            for title, rows in _parts(self._mode, self._keymap):
                yield Static(_table(title, rows))


def _parts(mode: Mode, keymap: Keymap) -> list[tuple[str, list[Row]]]:
    parts = [
        (
            f"Now: {mode.value}",
            [(key, "", label) for key, label, _ in footer(mode, (*keymap.commands, *keymap.training))],
        )
    ]
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


def _table(title: str, rows: Sequence[Row]) -> Lines:
    """Keys of the walk, keys that work everywhere, what they do; a column that is empty is left out."""
    table = Table(box=None, padding=(0, 2, 0, 2), show_header=False)
    columns = [column for column in range(3) if any(row[column] for row in rows)]
    for column in columns:
        table.add_column(min_width=8 if column < 2 else None)
    for row in rows:
        table.add_row(*(Text(row[column], "bold" if column < 2 else "") for column in columns))
    return Lines(Text(title, "underline"), table, Text(""))
