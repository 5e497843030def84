"""All keys."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ninja_tui.tui.commands import key_table


class HelpScreen(ModalScreen[None]):
    """The command table; any of the keys that open it closes it."""

    BINDINGS = [("escape,question_mark,f2,q,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """One table."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("in the walk", "everywhere", ""):
            table.add_column(Text(name, style="bold"), no_wrap=bool(name))
        for walk, everywhere, title in key_table():
            table.add_row(Text(walk, style="bold"), Text(everywhere, style="bold"), Text(title))
        with VerticalScroll(id="help"):
            yield Static(table)
