"""The list of lessons, each with how far it has come."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ninja_tui.lesson.catalogue import LessonSummary, by_chapter
from ninja_tui.lesson.practice.deck import Progress
from ninja_tui.tui.painting.dialog import Dialog
from ninja_tui.tui.session import Session
from ninja_tui.tui.texts import answered

BAR = 10
"""Cells of a bar."""
STYLES = {"done": "$text-success"}
"""Of states that stand out."""
SHORTEST = 12
"""Cells of what a lesson is about that are worth showing."""
AROUND = 4
"""Lines of the box that are not the list's: its border, and what the lesson under the bar is about."""


@dataclass(frozen=True)
class Row:
    """A lesson in the list: ``count`` of ``asked`` gradients are answered, and pass where ``passes`` is True.

    ``due`` of them are due for practice.
    """

    lesson: LessonSummary
    count: int
    is_open: bool
    passes: bool
    due: int = 0

    @property
    def asked(self) -> int:
        """How many gradients the lesson asks for."""
        return self.lesson.asked

    @property
    def state(self) -> str:
        """What is due comes first. ``done`` is said of what passes: in the lesson that is open, or in the deck."""
        if self.due:
            return f"{self.due} due"
        if not self.count:
            return "open"
        if self.passes:
            return "done" if self.count == self.asked else "pass"
        return "answered"


def rows(session: Session) -> list[Row]:
    """All lessons, in the order of the lectures."""
    result = []
    for lesson in session.catalogue:
        is_open = lesson.name == session.lesson.name and session.practice is None
        progress = session.outlook.progress.get(lesson.name, Progress())
        passed = session.passed if is_open else min(progress.passed, lesson.asked)
        passes = is_open or passed >= lesson.answered
        result.append(Row(lesson, passed if passes else answered(session, lesson), is_open, passes, progress.due))
    return result


def line(row: Row, name_width: int, width: int, about: str) -> Content:
    """One row in columns; what it is ``about`` takes the room that is left, if that is worth it."""
    filled = row.count * BAR // row.asked if row.asked else 0
    bar = ("━" * filled, "$text-success"), ("·" * (BAR - filled), "dim")
    fixed = Content.assemble(
        ("▸ " if row.is_open else "  ", "bold"),
        (row.lesson.name.ljust(name_width), "bold"),
        "  ",
        *bar,
        f" {row.count:>2}/{row.asked:<2} ",
        (row.state.ljust(len("answered")), "$text-warning" if row.due else STYLES.get(row.state, "")),
        "  ",
    )
    room = width - fixed.cell_length
    return fixed + Content.styled(about, "dim").truncate(room, ellipsis=True) if room >= SHORTEST else fixed


class Wish(enum.Enum):
    """What may be wished instead of a lesson."""

    PRACTICE = enum.auto()


class LessonsScreen(Dialog[str | Wish | None]):
    """A list of all lessons; returns the name of the chosen one, or the wish to practise."""

    BINDINGS = [("escape,ctrl+l", "dismiss", "Close"), ("c", "practise", "Practise")]
    DEFAULT_CSS = """
    LessonsScreen #lessons-about { height: 2; padding: 0 2; color: $text-muted; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._rows, self._due = rows(session), session.outlook.due

    def compose(self) -> ComposeResult:
        """One option a lesson, the open one under the bar, and below in full what the one under the bar is about."""
        with Vertical(id="lessons") as box:
            box.border_title = "Lessons"
            if self._due:
                box.border_subtitle = f"{self._due} due: c practises them"
            yield OptionList(id="lessons-list", markup=False)
            yield Static("", id="lessons-about", markup=False)

    def on_resize(self, event: Resize) -> None:
        """The columns fill the width that there is, and chapters have headings where there is room for them."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        options = self.query_one(OptionList)
        width = options.scrollable_content_region.width - 2
        under_bar = options.highlighted_option
        chosen = next((row.lesson.name for row in self._rows if row.is_open), self._rows[0].lesson.name)
        with self.prevent(OptionList.OptionHighlighted):
            options.set_options(self._options(width))
        options.highlighted = options.get_option_index(under_bar.id if under_bar and under_bar.id else chosen)

    def _options(self, width: int) -> Iterator[Option]:
        """A line for each lesson, and above those of one chapter its heading, which the bar passes over."""
        names = max(len(row.lesson.name) for row in self._rows)
        chapters = by_chapter(row.lesson for row in self._rows)
        has_headings = len(chapters) + len(self._rows) + AROUND <= self.size.height
        rows = {row.lesson.name: row for row in self._rows}
        for chapter, lessons in chapters:
            if has_headings and chapter:
                yield Option(Content.styled(chapter, "$text-accent"), disabled=True)
            for lesson in lessons:
                about = lesson.description if has_headings else lesson.full_description
                yield Option(line(rows[lesson.name], names, width, about), id=lesson.name)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Tells in full what the lesson under the bar is about."""
        about = next(row.lesson.full_description for row in self._rows if row.lesson.name == event.option.id)
        self.query_one("#lessons-about", Static).update(Content(about), layout=False)

    def action_practise(self) -> None:
        """Practises what is due."""
        self.dismiss(Wish.PRACTICE)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes what was chosen."""
        self.dismiss(event.option.id)
