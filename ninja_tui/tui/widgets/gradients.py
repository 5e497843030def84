"""The table of all nodes and their verdicts."""

from __future__ import annotations

from collections.abc import Hashable

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive

from ninja_tui.engine.protocol.verdict import Verdict, Warning
from ninja_tui.formatting import number_text, shape_text
from ninja_tui.tui.session import Entry, Session
from ninja_tui.tui.style import MARK_STYLES, STATUS_STYLES, WARNING, yes_no
from ninja_tui.tui.widgets.lines import LinesPane

COLUMNS = ("", "node", "shape", "exact", "appr.", "maxdiff", "status", "holds for")
WIDTHS = (1, 4, 5, 5, 5, 8, 6, 12)
"""The least that each column has."""
RIGHT = COLUMNS.index("maxdiff")
"""The column whose cells stand at its right end."""


class GradientsPane(LinesPane, can_focus=True):
    """One row a node in walk order; a click or Enter on a row goes there."""

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

    def watch_session(self, session: Session | None) -> None:
        """Draws what is in sight anew; the row of the current node is kept there."""
        if session is None:
            return
        widths = _widths(session)
        if widths != self._widths or self.head is None:
            self._widths = widths
            self.head = _line([Content.styled(name, "bold") for name in COLUMNS], widths)
            self.clear_cache()
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

    def line_state(self, index: int) -> Hashable:
        """The row's answer and shape, and whether it is under the bar."""
        session = self.session
        if session is None:
            return None
        node = session.lesson.asks[index]
        return node, session.entry(node), _expected_shape(session, node), index == self.cursor

    def draw_line(self, index: int) -> Content:
        """One row of the table; the one under the bar reversed, without its colours."""
        session = self.session
        if session is None:
            return Content("")
        node = session.lesson.asks[index]
        line = _line(_cells(session, node), self._widths)
        return Content.styled(line.plain, "reverse") if index == self.cursor else line

    def _follow(self) -> None:
        if self.session is not None:
            last = len(self.session.lesson.asks) - 1
            self.keep_in_sight(self.cursor, min(last, self.cursor + 1))


def _line(cells: list[Content], widths: tuple[int, ...]) -> Content:
    """The cells side by side, each as wide as its column."""
    fitted = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        aligned = cell.pad_left(max(0, width - cell.cell_length)) if column == RIGHT else cell
        fitted.append(aligned.truncate(width, ellipsis=True, pad=True))
    return Content(" ").join(fitted)


def _widths(session: Session) -> tuple[int, ...]:
    asks = session.lesson.asks
    needed = {
        "node": max(map(len, asks), default=0),
        "shape": max((len(shape_text(_expected_shape(session, node))) for node in asks), default=0),
        "status": max((_status(entry).cell_length for entry in session.entries.values()), default=0),
        "holds for": max((len(_holds_for(verdict)) for verdict in session.verdicts().values()), default=0),
    }
    return tuple(max(least, needed.get(name, 0)) for name, least in zip(COLUMNS, WIDTHS, strict=True))


def _expected_shape(session: Session, node: str) -> tuple[int, ...] | None:
    return session.facts.shapes.get(node) if session.facts else None


def _cells(session: Session, node: str) -> list[Content]:
    entry = session.entry(node)
    verdict = entry.verdict
    mark = Content.styled(entry.mark.value, MARK_STYLES[entry.mark])
    if verdict is None:
        blank = [Content.styled("–", "dim")] * 3
        shape = Content(shape_text(_expected_shape(session, node)))
        return [mark, Content(node), shape, *blank, _status(entry), Content("")]
    shape_of = verdict.shape if verdict.shape is not None else verdict.expected_shape
    return [
        mark,
        Content(node),
        Content.styled(shape_text(shape_of), "" if shape_of == verdict.expected_shape else WARNING),
        _yes_no(verdict, value=verdict.exact),
        _yes_no(verdict, value=verdict.approximate),
        Content(number_text(verdict.maxdiff)),
        _status(entry),
        Content.styled(_holds_for(verdict), "dim"),
    ]


def _yes_no(verdict: Verdict, *, value: bool) -> Content:
    """A column of ``cmp``: a dash where there is nothing to compare."""
    return Content.styled("–", "dim") if verdict.shape is None else Content.styled(*yes_no(value=value))


def _holds_for(verdict: Verdict) -> str:
    """The upstream gradients for which the answer is right."""
    if not verdict.passed:
        return ""
    if Warning.CLOSED_FORM in verdict.warnings:
        return "closed form"
    return f"this {', '.join(verdict.leans)}" if verdict.leans else "any upstream"


def _status(entry: Entry) -> Content:
    verdict = entry.verdict
    if verdict is None:
        parts = [("judging…" if entry.code else "open", "dim")]
    else:
        parts = [(str(verdict.status), STATUS_STYLES[verdict.status])]
        parts += [(" !", WARNING)] if verdict.warnings else []
    return Content.assemble(*parts, *([(" revealed", WARNING)] if entry.revealed else []))
