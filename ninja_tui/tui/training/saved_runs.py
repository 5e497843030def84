"""The list of saved runs."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ninja_tui.tui.painting.dialog import Dialog


class SavedRunsScreen(Dialog[Path | None]):
    """A list of files; returns the chosen one."""

    BINDINGS = [("escape", "dismiss", "Close")]

    def __init__(self, paths: list[Path]) -> None:
        super().__init__()
        self._paths = paths

    def compose(self) -> ComposeResult:
        """One option a file."""
        with Vertical(id="saved") as box:
            box.border_title = "Saved runs"
            yield OptionList(*(Option(Content(path.name), id=str(n)) for n, path in enumerate(self._paths)))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes what was chosen."""
        self.dismiss(self._paths[int(event.option.id or 0)])
