"""The forward pass, with the current statement and what is answered for each line."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Click
from textual.geometry import Region
from textual.highlight import highlight
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.session import Mark, Phase, Session
from ninja_tui.tui.style import MARK_STYLES


class SourcePane(VerticalScroll):
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
        self._text = Static("", id="source-text")
        self._highlighted: tuple[str, list[Content]] = ("", [])

    def compose(self) -> ComposeResult:
        """The one text."""
        yield self._text

    def watch_session(self, session: Session | None) -> None:
        """Draws the lines anew, and keeps the current one in sight."""
        if session is None:
            return
        self._text.update(Content("\n").join(self._lines(session)))
        statement = session.statement
        if statement is not None:
            row = statement.line - session.lesson.forward.line
            height = statement.end_line - statement.line + 1
            self.call_after_refresh(
                self.scroll_to_region, Region(0, max(0, row - 2), 1, height + 4), animate=False, x_axis=False
            )

    def on_click(self, event: Click) -> None:
        """Goes to the statement that was clicked."""
        if self.session is None:
            return
        offset = event.get_content_offset(self._text)
        if offset is None:
            return
        line = self.session.lesson.forward.line + offset.y
        for statement in self.session.lesson.statements:
            if statement.line <= line <= statement.end_line:
                self.post_message(self.Chosen(statement.index))

    def _lines(self, session: Session) -> list[Content]:
        source = session.lesson.forward.source
        if self._highlighted[0] != source:
            self._highlighted = (source, highlight(source, language="python").split("\n", allow_blank=True))
        first = session.lesson.forward.line
        marks = {s.line: _mark(session, s.binds) for s in session.lesson.statements}
        statement, node = session.statement, session.node
        current = range(statement.line, statement.end_line + 1) if statement else range(0)
        readers = {session.lesson.statements[index].line for index in node.consumers} if node else set()
        lines = []
        for number, code in enumerate(self._highlighted[1], first):
            mark = marks.get(number)
            sign = (mark.value, MARK_STYLES[mark]) if mark else (" ", "")
            backward = session.phase is Phase.BACKWARD
            arrow = ("◀ " if backward else "▶ ") if number in current else "↰ " if number in readers else "  "
            gutter = Content.assemble((f"{number:>3} ", "dim"), sign, " ", (arrow, "bold $text-accent"))
            line = gutter + code
            lines.append(line.stylize("bold on $primary 25%") if number in current else line)
        return lines


def _mark(session: Session, names: tuple[str, ...]) -> Mark | None:
    asked = [session.entry(name).mark for name in names if name in session.lesson.asks]
    for mark in (Mark.WRONG, Mark.OPEN, Mark.APPROXIMATE, Mark.EXACT):
        if mark in asked:
            return mark
    return None
