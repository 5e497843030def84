"""The table of all nodes and their verdicts."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.events import Click
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.engine.verdict import Verdict, Warning
from ninja_tui.report import STYLES, number_text, shape_text, yes_no
from ninja_tui.tui.session import Entry, Session

COLUMNS = ("", "node", "shape", "exact", "appr.", "maxdiff", "status", "holds for")
HEADER_ROWS = 1


class GradientsPane(VerticalScroll, can_focus=True):
    """A Rich table, one row a node in walk order; a click or Enter on a row goes there."""

    BORDER_TITLE = "Gradients"
    BINDINGS = [
        Binding("up", "cursor(-1)", "Up", show=False),
        Binding("down", "cursor(1)", "Down", show=False),
        Binding("enter", "choose", "Go there", show=False),
    ]
    session: reactive[Session | None] = reactive(None)
    cursor: reactive[int] = reactive(0)

    class Chosen(Message):
        """A row was chosen."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._table = Static("", id="gradients-table")

    def compose(self) -> ComposeResult:
        """The one table."""
        yield self._table

    def watch_session(self, session: Session | None) -> None:
        """Draws the table anew; the row of the current node is kept in sight."""
        if session is not None and session.node is not None:
            self.cursor = session.lesson.asks.index(session.node.name)
        self._draw()

    def watch_cursor(self) -> None:
        """Moves the bar."""
        self._draw()

    def action_cursor(self, by: int) -> None:
        """Moves the bar by rows."""
        if self.session is not None:
            self.cursor = max(0, min(self.cursor + by, len(self.session.lesson.asks) - 1))

    def action_choose(self) -> None:
        """Goes to the row under the bar."""
        if self.session is not None:
            self.post_message(self.Chosen(self.session.lesson.asks[self.cursor]))

    def on_click(self, event: Click) -> None:
        """Goes to the row that was clicked."""
        offset = event.get_content_offset(self._table)
        if offset is None or self.session is None:
            return
        row = offset.y - HEADER_ROWS
        if 0 <= row < len(self.session.lesson.asks):
            self.post_message(self.Chosen(self.session.lesson.asks[row]))

    def _draw(self) -> None:
        session = self.session
        if session is None:
            return
        table = Table(box=None, padding=(0, 1, 0, 0), expand=False)
        for name in COLUMNS:
            table.add_column(Text(name), justify="right" if name == "maxdiff" else "left", no_wrap=True)
        for index, node in enumerate(session.lesson.asks):
            row = _row(node, session.entry(node), session)
            if index == self.cursor:
                row = [Text(cell.plain) for cell in row]
            table.add_row(*row, style="reverse" if index == self.cursor else "")
        self._table.styles.height = HEADER_ROWS + len(session.lesson.asks)
        self._table.update(table, layout=False)
        self.border_subtitle = f"{session.passed} of {len(session.lesson.asks)} pass"
        region = Region(0, self.cursor, 1, 2 + HEADER_ROWS)
        self.call_after_refresh(self.scroll_to_region, region, animate=False, x_axis=False)


def _row(node: str, entry: Entry, session: Session) -> list[Text]:
    verdict = entry.verdict
    if verdict is None:
        expected = session.facts.shapes.get(node) if session.facts else None
        blank = [Text("–", style="dim")] * 3
        state = Text("judging…" if entry.code else "open", style="dim")
        return [
            Text(entry.mark.value, style="dim"),
            Text(node),
            Text(shape_text(expected)),
            *blank,
            _told(state, entry),
            Text(""),
        ]
    shape = verdict.shape if verdict.shape is not None else verdict.expected_shape
    style = "yellow" if shape != verdict.expected_shape else ""
    return [
        Text(entry.mark.value, style=STYLES[verdict.status]),
        Text(node),
        Text(shape_text(shape), style=style),
        yes_no(verdict, value=verdict.exact),
        yes_no(verdict, value=verdict.approximate),
        Text(number_text(verdict.maxdiff)),
        _told(_status(verdict), entry),
        Text(_probe(verdict), style="dim"),
    ]


def _probe(verdict: Verdict) -> str:
    """For which upstream gradients the answer is right."""
    if not verdict.passed:
        return ""
    if Warning.CLOSED_FORM in verdict.warnings:
        return "closed form"
    return f"this {', '.join(verdict.leans)}" if verdict.leans else "any upstream"


def _status(verdict: Verdict) -> Text:
    text = Text(str(verdict.status), style=STYLES[verdict.status])
    if verdict.warnings:
        text.append(" !", style="yellow")
    return text


def _told(text: Text, entry: Entry) -> Text:
    if entry.revealed:
        text.append(" revealed", style="yellow")
    return text
