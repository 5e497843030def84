"""The forward pass, with the current statement and the marks of the answers."""

from __future__ import annotations

from collections.abc import Hashable

from textual.content import Content
from textual.events import Click
from textual.highlight import highlight
from textual.message import Message
from textual.reactive import reactive

from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.lesson.model import Lesson, Statement
from ninja_tui.tui.session import Mark, Phase, Session
from ninja_tui.tui.style import MARK_STYLES
from ninja_tui.tui.widgets.lines import LinesPane

GUTTER = 8
AROUND = 2
"""Lines that are kept in sight before and behind the current statement."""


class SourcePane(LinesPane, can_focus=False):
    """A gutter (line number, mark, arrow) and the highlighted lines of the forward cell."""

    BORDER_TITLE = "Source"
    session: reactive[Session | None] = reactive(None)

    class Chosen(Message):
        """A statement was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lesson: Lesson | None = None
        self._code: list[Content] = []
        self._by_line: dict[int, Statement] = {}
        self._asks: frozenset[str] = frozenset()
        self._width = GUTTER

    def watch_session(self, session: Session | None) -> None:
        """Draws the lines anew, and keeps the current one in sight."""
        if session is None:
            return
        lesson = session.lesson
        if lesson is not self._lesson:
            self._lesson = lesson
            self._code = highlight(lesson.forward.source, language="python").split("\n", allow_blank=True)
            self._by_line = {
                line: statement
                for statement in lesson.statements
                for line in range(statement.line, statement.end_line + 1)
            }
            self._asks = frozenset(lesson.asks)
            self._width = GUTTER + max(line.cell_length for line in self._code)
            self.clear_cache()
        self.show_lines(len(self._code), self._width)
        if lesson.starts and session.statement is not None:
            self.border_subtitle = f"cell {cell_and_line(session.statement.line, lesson.starts)[0]}"
        self.call_after_refresh(self._follow)

    def on_resize(self) -> None:
        """The current statement stays in sight."""
        self._follow()

    def _follow(self) -> None:
        statement = self.session.statement if self.session is not None else None
        if statement is not None and self.session is not None:
            first = self.session.lesson.forward.line
            last = min(len(self._code) - 1, statement.end_line - first + AROUND)
            self.keep_in_sight(max(0, statement.line - first - AROUND), last)

    def on_click(self, event: Click) -> None:
        """Goes to the statement that was clicked."""
        index = self.line_at(event)
        if index is None or self.session is None:
            return
        statement = self._by_line.get(self.session.lesson.forward.line + index)
        if statement is not None:
            self.post_message(self.Chosen(statement.index))

    def line_state(self, index: int) -> Hashable:
        """Its mark and arrow, and whether it is the current one."""
        return self._state(self.session, index) if self.session is not None else None

    def draw_line(self, index: int) -> Content:
        """Gutter and code."""
        session = self.session
        if session is None:
            return Content("")
        mark, arrow, current = self._state(session, index)
        sign = (mark.value, MARK_STYLES[mark]) if mark else (" ", "")
        number = cell_and_line(session.lesson.forward.line + index, session.lesson.starts)[1]
        gutter = Content.assemble((f"{number:>3} ", "dim"), sign, " ", (arrow, "bold $text-accent"))
        line = gutter + self._code[index]
        return line.stylize("bold on $primary 25%") if current else line

    def _state(self, session: Session, index: int) -> tuple[Mark | None, str, bool]:
        number = session.lesson.forward.line + index
        here, node = self._by_line.get(number), session.node
        current = here is not None and here is session.statement
        reads = here is not None and node is not None and here.index in node.consumers and here.line == number
        mark = self._mark(session, here) if here is not None and here.line == number else None
        ahead = "◀ " if session.phase is Phase.BACKWARD else "▶ "
        return mark, ahead if current else "↰ " if reads else "  ", current

    def _mark(self, session: Session, statement: Statement) -> Mark | None:
        asked = [session.entry(name).mark for name in statement.binds if name in self._asks]
        for mark in (Mark.WRONG, Mark.OPEN, Mark.APPROXIMATE, Mark.EXACT):
            if mark in asked:
                return mark
        return None
