"""The lessons, and what is answered in each: choose one."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ninja_tui.tui.session import Session
from ninja_tui.tui.texts import answered


class LessonsScreen(ModalScreen[str | None]):
    """A list of all lessons; gives the name of the one that was chosen."""

    BINDINGS = [("escape,ctrl+l", "dismiss", "Close")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def compose(self) -> ComposeResult:
        """One option a lesson, the open one under the bar."""
        with Vertical(id="lessons") as box:
            box.border_title = "Lessons"
            yield OptionList(*self._options(), id="lessons-list")

    def on_mount(self) -> None:
        """The bar begins at the open lesson."""
        names = [shelved.name for shelved in self._session.shelf]
        name = self._session.lesson.name
        self.query_one(OptionList).highlighted = names.index(name) if name in names else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes what was chosen."""
        self.dismiss(event.option.id)

    def _options(self) -> list[Option]:
        options = []
        for shelved in self._session.shelf:
            row = Table.grid(padding=(0, 2, 0, 0))
            row.add_column(width=14)
            row.add_column(width=18)
            row.add_column(no_wrap=True, overflow="ellipsis")
            done = answered(self._session, shelved)
            state = "done" if done == shelved.asked else f"{done} of {shelved.asked} answered"
            row.add_row(Text(shelved.name, "bold"), Text(state), Text(shelved.about, "dim"))
            options.append(Option(row, id=shelved.name))
        return options
