"""The table of all nodes and their verdicts."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text
from textual.binding import Binding
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ninja_tui.engine.protocol.verdict import Verdict, Warning
from ninja_tui.report import STYLES, number_text, shape_text, yes_no
from ninja_tui.tui.session import Entry, Session
from ninja_tui.tui.widgets.lines import LinesPane

COLUMNS = ("", "node", "shape", "exact", "appr.", "maxdiff", "status", "holds for")
WIDTHS = (1, 4, 5, 5, 5, 8, 6, 12)
"""The least that each column has."""


class GradientsPane(LinesPane, can_focus=True):
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
        self._widths: tuple[int, ...] = WIDTHS
        self._rows: dict[str, tuple[Entry, Strip]] = {}

    def watch_session(self, session: Session | None) -> None:
        """Draws what is in sight anew; the row of the current node is kept there."""
        if session is None:
            return
        widths = _widths(session)
        if widths != self._widths or self.head is None:
            self._widths = widths
            self.head = self._drawn([Text(name, style="bold") for name in COLUMNS])
            self._rows.clear()
        if session.node is not None:
            self.cursor = session.lesson.asks.index(session.node.name)
        self.border_subtitle = f"{session.passed} of {len(session.lesson.asks)} pass"
        self.show_lines(len(session.lesson.asks), sum(widths) + len(widths) - 1)
        self.call_after_refresh(self._follow)

    def watch_cursor(self) -> None:
        """Moves the bar."""
        self.refresh()
        self.call_after_refresh(self._follow)

    def on_resize(self) -> None:
        """The bar stays in sight."""
        self._follow()

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
        row = self.line_at(event)
        if row is not None and self.session is not None:
            self.post_message(self.Chosen(self.session.lesson.asks[row]))

    def draw_line(self, index: int) -> Strip:
        """One row of the table; the one under the bar reversed."""
        session = self.session
        if session is None:
            return Strip.blank(0)
        node = session.lesson.asks[index]
        entry = session.entry(node)
        if node not in self._rows or self._rows[node][0] != entry:
            self._rows[node] = (entry, self._drawn(_row(node, entry, session)))
        strip = self._rows[node][1]
        return Strip([Segment(strip.text, Style(reverse=True))]) if index == self.cursor else strip

    def _follow(self) -> None:
        if self.session is not None:
            last = len(self.session.lesson.asks) - 1
            self.keep_in_sight(self.cursor, min(last, self.cursor + 1))

    def _drawn(self, cells: list[Text]) -> Strip:
        table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
        for width, name in zip(self._widths, COLUMNS, strict=True):
            table.add_column(justify="right" if name == "maxdiff" else "left", no_wrap=True, width=width)
        table.add_row(*cells)
        console = self.app.console
        options = console.options.update(width=sum(self._widths) + len(self._widths), height=None)
        return Strip(console.render_lines(table, options)[0])


def _widths(session: Session) -> tuple[int, ...]:
    shapes = session.facts.shapes if session.facts else {}
    nodes = max(map(len, session.lesson.asks), default=0)
    longest = max((len(shape_text(shapes.get(node))) for node in session.lesson.asks), default=0)
    status = max((len(_told(_state(entry), entry)) for entry in session.entries.values()), default=0)
    leans = max((len(_probe(each)) for each in session.verdicts().values()), default=0)
    least = dict(enumerate(WIDTHS)) | {1: max(4, nodes), 2: max(5, longest), 6: max(6, status), 7: max(12, leans)}
    return tuple(least.values())


def _row(node: str, entry: Entry, session: Session) -> list[Text]:
    verdict = entry.verdict
    if verdict is None:
        expected = session.facts.shapes.get(node) if session.facts else None
        blank = [Text("–", style="dim")] * 3
        return [
            Text(entry.mark.value, style="dim"),
            Text(node),
            Text(shape_text(expected)),
            *blank,
            _told(_state(entry), entry),
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
        _told(_state(entry), entry),
        Text(_probe(verdict), style="dim"),
    ]


def _probe(verdict: Verdict) -> str:
    """For which upstream gradients the answer is right."""
    if not verdict.passed:
        return ""
    if Warning.CLOSED_FORM in verdict.warnings:
        return "closed form"
    return f"this {', '.join(verdict.leans)}" if verdict.leans else "any upstream"


def _state(entry: Entry) -> Text:
    verdict = entry.verdict
    if verdict is None:
        return Text("judging…" if entry.code else "open", style="dim")
    text = Text(str(verdict.status), style=STYLES[verdict.status])
    if verdict.warnings:
        text.append(" !", style="yellow")
    return text


def _told(text: Text, entry: Entry) -> Text:
    if entry.revealed:
        text.append(" revealed", style="yellow")
    return text
