"""The current tensor: its statement with shapes, its consumers, and its values."""

from __future__ import annotations

import math

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.engine.protocol.views import Element, Frame, TensorSummary, TensorView, View, Window, WorstElement
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.syntax.shapes import with_shapes
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.tensor import TensorGrid, heat_room, heat_width

VALUE_WIDTH = 9
LABEL_WIDTH = 5
TITLES = {
    View.VALUE: "the tensor",
    View.YOURS: "your gradient",
    View.DIFFERENCE: "yours − autograd's",
    View.AUTOGRAD: "autograd's gradient",
}


class NodePane(Vertical, can_focus=True):
    """Head (statement, consumers, summary), heatmap and a window of values that the arrow keys move."""

    BINDINGS = [
        Binding("up", "scroll_window(-1, 0)", "Up", show=False),
        Binding("down", "scroll_window(1, 0)", "Down", show=False),
        Binding("left", "scroll_window(0, -1)", "Left", show=False),
        Binding("right", "scroll_window(0, 1)", "Right", show=False),
        Binding("pageup", "scroll_window(-10, 0)", "Page up", show=False),
        Binding("pagedown", "scroll_window(10, 0)", "Page down", show=False),
        Binding("home", "scroll_window(-1000000000, -1000000000)", "Begin", show=False),
    ]
    session: reactive[Session | None] = reactive(None)
    tensor_view: reactive[TensorView | None] = reactive(None)

    class ViewRequested(Message):
        """The pane needs another view of its tensor, in this frame."""

        def __init__(self, frame: Frame) -> None:
            super().__init__()
            self.frame = frame

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._head = Static("", id="node-head")
        self._grid = TensorGrid(id="node-tensor")
        self._origin = (0, 0)
        self._middle: tuple[int, int] | None = None
        self._seeks_worst = False
        self._requested_rows = 0

    def compose(self) -> ComposeResult:
        """Head above, heatmap and window side by side below."""
        yield self._head
        yield self._grid

    def on_resize(self, event: Resize) -> None:
        """More or less of the tensor has room."""
        self.request_view()

    def watch_session(self, old: Session | None, session: Session | None) -> None:
        """Another tensor, view or slice: requests its view."""
        if session is None:
            return
        if old is None or _subject(old) != _subject(session):
            self._origin, self._middle = (0, 0), None
            self.tensor_view = None
        self._draw_head()
        self.request_view()

    def watch_tensor_view(self, view: TensorView | None) -> None:
        """Draws the view; the one before it stays until then, so that nothing flickers."""
        self._draw_head()
        if view is None:
            return
        self.call_after_refresh(self._refit)
        cells = self._grid.cells = view.heatmap
        self._grid.values = _values(view.window, view.worst) if view.window is not None else ()
        if self._seeks_worst and view.worst is not None:
            self._seeks_worst = False
            self.move_to(view.worst.row, view.worst.column)
        elif view.window is not None:
            self._origin = (view.window.row, view.window.column)
            values = view.window.values
            if values and len(values[0]) > self._columns(len(cells[0]) if cells else 0):
                self.request_view()  # the heatmap is wider than was expected

    def _refit(self) -> None:
        """Requests another view where the head has left another room than was expected."""
        if self._requested_rows != max(1, self.content_size.height - self._head.size.height - 1):
            self.request_view()

    def seek_worst(self) -> None:
        """Moves the window to the worst element of the difference, once that is in sight."""
        self._seeks_worst = True
        self.request_view()

    def move_to(self, row: int, column: int) -> None:
        """Moves the window so that this element is in its middle, however many rows it comes to have."""
        self._middle = (row, column)
        self.request_view()

    def action_scroll_window(self, rows: int, columns: int) -> None:
        """Moves the window over the tensor."""
        self._origin, self._middle = (max(0, self._origin[0] + rows), max(0, self._origin[1] + columns)), None
        self.request_view()

    def _columns(self, heat_columns: int) -> int:
        """How many columns of values have room beside a heatmap of so many cells in a row."""
        width = max(VALUE_WIDTH, self.content_size.width)
        return max(1, (width - heat_width(heat_columns, width) - 2 - LABEL_WIDTH) // VALUE_WIDTH)

    def request_view(self) -> None:
        """Requests what has room."""
        session, width = self.session, max(VALUE_WIDTH, self.content_size.width)
        if session is None or not self.content_size.width:
            return
        height = max(1, self.content_size.height - self._head.size.height)
        heat_columns = heat_room(width)
        cells = self.tensor_view.heatmap if self.tensor_view is not None else ()
        rows = max(1, height - 1)
        columns = self._columns(len(cells[0]) if cells else min(heat_columns, _width(session)))
        if self._middle is not None:
            self._origin = (max(0, self._middle[0] - rows // 2), max(0, self._middle[1] - columns // 2))
        self._requested_rows = rows
        self.post_message(self.ViewRequested(Frame(*self._origin, rows, columns, 2 * height, heat_columns)))

    def _draw_head(self) -> None:
        session = self.session
        if session is None:
            return
        part = f" [{session.slices}]" if session.slices else ""
        self.border_subtitle = Content(f"{TITLES[session.view]}{part}")
        self._head.update(Content("\n").join(_head(session, self.tensor_view)), layout=False)


def _subject(session: Session) -> tuple[str, View, str]:
    return session.tensor, session.view, session.slices


def _width(session: Session) -> int:
    shape = session.shapes.get(session.tensor, ())
    return shape[-1] if shape else 1


def _head(session: Session, view: TensorView | None) -> list[Content]:
    shapes = session.shapes
    lines = []
    if session.statement is not None:
        lines.append(Content.styled(with_shapes(session.statement.code, shapes), "bold"))
    elif session.node is not None:
        shape = shapes.get(session.tensor, "")
        lines.append(Content.styled(f"{session.tensor} {shape} is a parameter", "bold"))
    consumers = [statement for statement in session.lesson.statements if session.tensor in statement.reads]
    if consumers:
        starts = session.lesson.starts
        listed = ", ".join(f"{' '.join(each.binds)} ({place(each.line, starts)})" for each in consumers)
        lines.append(Content.styled(f"read by {listed}", "dim"))
    if view is not None and view.worst is not None:
        index = ", ".join(map(str, view.worst.index))
        lines.append(Content.styled(f"worst at [{index}]: off by {_element(view.worst.size)}", "$text-warning"))
    lines.append(_state(session, view))
    return lines


def _state(session: Session, view: TensorView | None) -> Content:
    """The summary, or why there is none."""
    if view is None:
        return Content.styled("…" if session.facts else "PyTorch is starting…", "dim")
    if view.error is not None:
        return Content.styled(f"[{session.slices}]: {view.error}", "$text-warning")
    if view.summary is None:
        absent = "no gradient of yours yet" if session.view in (View.YOURS, View.DIFFERENCE) else "no value"
        return Content.styled(f"{TITLES[session.view]}: {absent}", "dim")
    return Content("  ".join(_summary(view.summary)))


def _summary(summary: TensorSummary) -> list[str]:
    parts = [f"{summary.shape} {summary.dtype}"]
    if summary.statistics is not None:
        of = summary.statistics
        named = (("min", of.minimum), ("max", of.maximum), ("mean", of.mean), ("std", of.std))
        parts += [f"{name} {_element(value)}" for name, value in named]
    if summary.zeros is not None:
        parts += [f"zeros {_share(summary.zeros)}", f"non-finite {summary.non_finite}"]
    return parts


def _share(share: float) -> str:
    """In per cent; 0% and 100% only where it is none and all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _values(window: Window, worst: WorstElement | None) -> list[Content]:
    """The window with row and column numbers, the worst element marked."""
    if not window.values:
        return [Content.styled("empty", "dim")]
    columns = range(window.column, window.column + len(window.values[0]))
    lines = [Content.styled(" " * LABEL_WIDTH + "".join(f"{number:>{VALUE_WIDTH}}" for number in columns), "dim")]
    for number, row in enumerate(window.values, window.row):
        label = (f"{number:>{LABEL_WIDTH - 1}} ", "dim")
        marked = worst.column if worst is not None and worst.row == number else None
        cells = [
            (f"{_element(value):>{VALUE_WIDTH}}", "bold $text-error" if column == marked else "")
            for column, value in zip(columns, row, strict=True)
        ]
        lines.append(Content.assemble(label, *cells))
    return lines


def _element(value: Element) -> str:
    """Short enough for a column of the window."""
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < 10**8) or not math.isfinite(value):
        return str(value)
    if value == 0:
        return "0"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.1e}"
