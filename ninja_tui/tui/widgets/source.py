"""The forward pass, with the current statement and the marks of the answers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from textual.content import Content
from textual.events import Click
from textual.highlight import highlight
from textual.message import Message
from textual.reactive import reactive

from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.lesson.model import Lesson, Statement
from ninja_tui.tui.session import Mark, Phase, Session
from ninja_tui.tui.style import CURRENT_LINE, MARK_STYLES
from ninja_tui.tui.themes import CodeColours
from ninja_tui.tui.widgets.lines import LinesPane

GUTTER = 8
AROUND = 2
"""Lines that are kept in sight before and behind the current statement."""


class SourcePane(LinesPane, can_focus=True):
    """A gutter (line number, mark, arrow) and the highlighted lines of the forward cell.

    Where the pane is too low for a node's statement and all of its readers, only these lines are shown.
    """

    session: reactive[Session | None] = reactive(None, repaint=False)

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
        self._rows: Sequence[int] = ()

    @property
    def whole_width(self) -> int:
        """The columns of the longest line."""
        return self._width

    def watch_session(self, session: Session | None) -> None:
        """Draws the lines anew, and keeps the current one in sight."""
        if session is None:
            return
        lesson = session.lesson
        if lesson is not self._lesson:
            self._lesson = lesson
            self._code = highlight(lesson.forward.source, language="python", theme=CodeColours).split(
                "\n", allow_blank=True
            )
            self._by_line = {
                line: statement
                for statement in lesson.statements
                for line in range(statement.line, statement.end_line + 1)
            }
            self._asks = frozenset(lesson.asks)
            self._width = GUTTER + max(line.cell_length for line in self._code)
            self.forget_rows()
        rows = _rows(session, len(self._code), self.scrollable_content_region.height)
        if rows != self._rows:
            self._rows = rows
            self.forget_rows()
        self.show_lines(len(rows), self._width)
        self.write_subtitle(Content(" · ".join(filter(None, (_chunk(session), _cell(session))))))
        self._follow()

    def on_resize(self) -> None:
        """Other lines have room; the current statement stays in sight."""
        self.watch_session(self.session)

    def _follow(self) -> None:
        if self.session is None or not self._rows:
            return
        lines = _lines_of(self.session)
        first, last = self._rows.index(lines[0]), self._rows.index(lines[-1])
        room = self.scrollable_content_region.height
        around = max(0, min(AROUND, (room - (last - first + 1)) // 2))
        self.follow(max(0, first - around), min(len(self._rows) - 1, last + around))

    def on_click(self, event: Click) -> None:
        """Goes to the statement that was clicked."""
        row = self.line_at(event)
        if row is None or row >= len(self._rows) or self.session is None:
            return
        statement = self._by_line.get(self.session.lesson.forward.line + self._rows[row])
        if statement is not None:
            self.post_message(self.Chosen(statement.index))

    def line_state(self, index: int) -> Hashable:
        """Its mark and arrow, and whether it is the current one."""
        if self.session is None or index >= len(self._rows):
            return ()
        return self._state(self.session, self._rows[index])

    def draw_line(self, index: int) -> Content:
        """Gutter and code."""
        session = self.session
        if session is None or index >= len(self._rows):
            return Content("")
        at = self._rows[index]
        mark, arrow, current = self._state(session, at)
        sign = (mark.value, MARK_STYLES[mark]) if mark else (" ", "")
        number = cell_and_line(session.lesson.forward.line + at, session.lesson.starts)[1]
        gutter = Content.assemble((f"{number:>3} ", "dim"), sign, " ", (arrow, "bold $text-accent"))
        code = self._code[at]
        line = gutter + (Content.styled(code.plain, "bold $text-accent") if code.plain.startswith("#") else code)
        return line.stylize(CURRENT_LINE) if current else line

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


def _rows(session: Session, count: int, room: int) -> Sequence[int]:
    """The lines of the forward cell that are shown, from 0: all, or those of the node and its readers."""
    lines = _lines_of(session)
    return lines if session.node is not None and lines[-1] - lines[0] >= room > 0 else range(count)


def _lines_of(session: Session) -> list[int]:
    """The lines, from 0, of the current statement and, at a node, of its readers."""
    statements = [] if session.statement is None else [session.statement]
    if session.node is not None:
        statements += [session.lesson.statements[each] for each in session.node.consumers]
    first = session.lesson.forward.line
    return sorted({line - first for each in statements for line in range(each.line, each.end_line + 1)}) or [0]


def _chunk(session: Session) -> str:
    """The comment above the current statement: what this part of the forward pass is."""
    statement = session.statement
    if statement is None:
        return ""
    lines = session.lesson.forward.source.split("\n")[: statement.line - session.lesson.forward.line]
    return next((line.removeprefix("#").strip() for line in reversed(lines) if line.startswith("#")), "")


def _cell(session: Session) -> str:
    """The notebook's cell of the current statement."""
    starts, statement = session.lesson.starts, session.statement
    return f"cell {cell_and_line(statement.line, starts)[0]}" if starts and statement is not None else ""
