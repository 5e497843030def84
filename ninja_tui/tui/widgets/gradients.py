"""The table of all nodes and their verdicts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive

from ninja_tui.engine.protocol.verdict import Verdict, Warning
from ninja_tui.formatting import number_text, shape_text
from ninja_tui.tui.session import Entry, Session
from ninja_tui.tui.style import CURRENT_LINE, MARK_STYLES, STATUS_STYLES, WARNING, yes_no
from ninja_tui.tui.widgets.lines import LinesPane

COLUMNS = ("", "node", "shape", "exact", "appr.", "maxdiff", "status", "holds for")
WIDTHS = (2, 4, 5, 5, 5, 8, 8, 12)
"""The least that each column has."""
RIGHT = COLUMNS.index("maxdiff")
"""The column whose cells stand at its right end."""
LEFT_OUT = ("holds for", "appr.", "exact", "shape")
"""Columns for which a narrow pane has no room, the first to go first."""
CURSOR = "▸"
DRAFT = "…"
"""Behind the status of an answer that is not submitted."""


class GradientsPane(LinesPane, can_focus=True):
    """One row a node in walk order; a click or Enter on a row goes there."""

    BINDINGS = [
        Binding("up", "cursor(-1)", "Up", show=False),
        Binding("down", "cursor(1)", "Down", show=False),
        Binding("enter", "choose", "Go there", show=False),
    ]
    session: reactive[Session | None] = reactive(None, repaint=False)
    live: reactive[Verdict | None] = reactive(None, repaint=False)
    """The verdict on what stands in the prompt."""
    cursor: reactive[int] = reactive(0, repaint=False)

    class Chosen(Message):
        """A row was chosen."""

        def __init__(self, node: str) -> None:
            super().__init__()
            self.node = node

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._widths: tuple[int, ...] = WIDTHS

    @property
    def whole_width(self) -> int:
        """The columns of the whole table."""
        return 0 if self.session is None else _total(_widths(self.session))

    def watch_session(self, session: Session | None) -> None:
        """Draws what is in sight anew; the row of the current node is kept there."""
        if session is None:
            return
        widths = _fitting(_widths(session), self.scrollable_content_region.width)
        if widths != self._widths or self.head is None:
            self._widths = widths
            self.head = _line([Content.styled(name, "bold") for name in COLUMNS], widths)
            self.forget_rows()
        if session.node is not None:
            self.cursor = session.lesson.asks.index(session.node.name)
        self.show_lines(len(session.lesson.asks), _total(widths))
        self._follow()

    def watch_cursor(self) -> None:
        """Moves the bar."""
        self.refresh_rows()
        self._follow()

    def watch_live(self) -> None:
        """Draws the current row anew."""
        self.refresh_rows()

    def on_resize(self) -> None:
        """Other columns have room; the bar stays in sight."""
        self.watch_session(self.session)

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
        return node, session.entry(node), _expected_shape(session, node), index == self.cursor, self._draft(node)

    def draw_line(self, index: int) -> Content:
        """One row of the table; the one under the bar has a sign, and a background of its own."""
        session = self.session
        if session is None:
            return Content("")
        node = session.lesson.asks[index]
        line = _line(_cells(session, node, self._draft(node), CURSOR if index == self.cursor else " "), self._widths)
        return line.stylize(CURRENT_LINE) if index == self.cursor else line

    def _draft(self, node: str) -> Verdict | None:
        """The verdict on what stands in the prompt of ``node``, where it is not that of the submitted answer."""
        session = self.session
        current = session is not None and session.node is not None and session.node.name == node
        return self.live if current and session is not None and self.live != session.entry(node).verdict else None

    def _follow(self) -> None:
        if self.session is not None:
            last = len(self.session.lesson.asks) - 1
            self.follow(self.cursor, min(last, self.cursor + 1))


def _line(cells: list[Content], widths: tuple[int, ...]) -> Content:
    """The cells side by side, each as wide as its column; those of columns without a width are left out."""
    fitted = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        if width:
            aligned = cell.pad_left(max(0, width - cell.cell_length)) if column == RIGHT else cell
            fitted.append(aligned.truncate(width, ellipsis=True, pad=True))
    return Content(" ").join(fitted)


def _widths(session: Session) -> tuple[int, ...]:
    asks = session.lesson.asks
    needed = {
        "node": max(map(len, asks), default=0),
        "shape": max((len(shape_text(shape)) for shape in _expected_shapes(session).values()), default=0),
        "status": max(map(_status_width, session.entries.values()), default=0),
        "holds for": max((len(_holds_for(verdict)) for verdict in session.verdicts().values()), default=0),
    }
    return tuple(max(least, needed.get(name, 0)) for name, least in zip(COLUMNS, WIDTHS, strict=True))


def _fitting(widths: tuple[int, ...], room: int) -> tuple[int, ...]:
    """The widths where columns are left out, with a width of 0, until the rest has room."""
    for name in LEFT_OUT:
        if _total(widths) <= room or not room:
            break
        widths = tuple(0 if column == name else width for column, width in zip(COLUMNS, widths, strict=True))
    return widths


def _total(widths: tuple[int, ...]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + len(shown) - 1


def _expected_shapes(session: Session) -> Mapping[str, tuple[int, ...]]:
    return session.facts.shapes if session.facts else {}


def _expected_shape(session: Session, node: str) -> tuple[int, ...] | None:
    """None before it is known, and while it is a question."""
    return None if node in session.hidden else _expected_shapes(session).get(node)


def _cells(session: Session, node: str, draft: Verdict | None, cursor: str) -> list[Content]:
    entry = session.entry(node)
    verdict, mark = (entry.verdict, entry.mark) if draft is None else (draft, Entry(verdict=draft).mark)
    sign = Content.assemble(cursor, (mark.value, MARK_STYLES[mark]))
    if verdict is None:
        blank = [Content.styled("–", "dim")] * 3
        shape = Content(shape_text(_expected_shape(session, node)))
        return [sign, Content(node), shape, *blank, _status(entry, draft), Content("")]
    shape_of = verdict.shape if verdict.shape is not None else verdict.expected_shape
    return [
        sign,
        Content(node),
        Content.styled(shape_text(shape_of), "" if shape_of == verdict.expected_shape else WARNING),
        _yes_no(verdict, value=verdict.exact),
        _yes_no(verdict, value=verdict.approximate),
        Content(number_text(verdict.maxdiff)),
        _status(entry, draft),
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


def _status_width(entry: Entry) -> int:
    """The columns for its status, now and with another draft in the prompt."""
    return _status(entry, None).cell_length + (len(DRAFT) + 2 if entry.revealed else 0)


def _status(entry: Entry, draft: Verdict | None) -> Content:
    verdict = draft or entry.verdict
    if verdict is None:
        parts = [("judging…" if entry.code else "open", "dim")]
    else:
        parts = [(str(verdict.status), STATUS_STYLES[verdict.status])]
        parts += [(DRAFT, "dim")] if draft is not None else []
        parts += [(" !", WARNING)] if verdict.warnings else []
    return Content.assemble(*parts, *([(" revealed", WARNING)] if entry.revealed else []))
