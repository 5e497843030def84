"""The list of lessons, each with its count of answers."""

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
    """A list of all lessons; returns the name of the chosen one."""

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
        names = [lesson.name for lesson in self._session.catalogue]
        name = self._session.lesson.name
        self.query_one(OptionList).highlighted = names.index(name) if name in names else 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes what was chosen."""
        self.dismiss(event.option.id)

    def _options(self) -> list[Option]:
        options = []
        for lesson in self._session.catalogue:
            row = Table.grid(padding=(0, 2, 0, 0))
            row.add_column(width=14)
            row.add_column(width=18)
            row.add_column(no_wrap=True, overflow="ellipsis")
            count = answered(self._session, lesson)
            state = "done" if count == lesson.asked else f"{count} of {lesson.asked} answered"
            row.add_row(Text(lesson.name, "bold"), Text(state), Text(lesson.about, "dim"))
            options.append(Option(row, id=lesson.name))
        return options
