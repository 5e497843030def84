"""The current tensor: its statement with shapes, who reads it, and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.lesson.locations import place
from ninja_tui.lesson.syntax.shapes import with_shapes
from ninja_tui.tui.session import Session, View
from ninja_tui.tui.widgets.tensor import TensorView, heat_room, heat_width

VALUE_WIDTH = 9
LABEL_WIDTH = 5
TITLES = {
    View.VALUE: "the tensor",
    View.YOURS: "your gradient",
    View.DIFFERENCE: "yours − autograd's",
    View.AUTOGRAD: "autograd's gradient",
}


class NodePane(Vertical, can_focus=True):
    """Head (statement, readers, summary), heatmap and a window of values that the arrow keys move."""

    BORDER_TITLE = "Node"
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
    view: reactive[Mapping[str, Any] | None] = reactive(None)

    class Wanted(Message):
        """The pane needs to be told what its tensor looks like: in this frame."""

        def __init__(self, frame: dict[str, int]) -> None:
            super().__init__()
            self.frame = frame

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._head = Static("", id="node-head")
        self._tensor = TensorView(id="node-tensor")
        self._at = (0, 0)
        self._middle: tuple[int, int] | None = None
        self._seeking = False
        self._asked = 0

    def compose(self) -> ComposeResult:
        """Head above, heatmap and window side by side below."""
        yield self._head
        yield self._tensor

    def on_resize(self, event: Resize) -> None:
        """More or less of the tensor has room."""
        self.ask()

    def watch_session(self, old: Session | None, session: Session | None) -> None:
        """Another place, view or slice: asks for what it looks like."""
        if session is None:
            return
        if old is None or _sight(old) != _sight(session):
            self._at, self._middle = (0, 0), None
            self.view = None
        self._draw_head()
        self.ask()

    def watch_view(self) -> None:
        """Draws what the tensor looks like."""
        self._draw_head()
        view = self.view
        if view is None:
            return  # what is there stays for the moment that the next takes: no pane that goes out and comes back
        self.call_after_refresh(self._refit)
        cells = self._tensor.cells = view.get("heatmap", [])
        self._tensor.values = _values(view["window"], view.get("worst")) if "window" in view else ()
        columns = len(cells[0]) if cells else 0
        if self._seeking and view.get("worst"):
            self._seeking = False
            self.move_to(view["worst"]["row"], view["worst"]["column"])
        elif "window" in view:
            self._at = (view["window"]["row"], view["window"]["column"])
            shown = view["window"]["values"]
            if shown and len(shown[0]) > self._columns(columns):
                self.ask()  # the heatmap turned out wider than was thought

    def _refit(self) -> None:
        """Asks again where the head left another room than was asked for."""
        if self._asked != max(1, self.content_size.height - self._head.size.height - 1):
            self.ask()

    def seek_worst(self) -> None:
        """As soon as the difference is in sight, moves the window to its worst element."""
        self._seeking = True
        self.ask()

    def move_to(self, row: int, column: int) -> None:
        """Moves the window so that this element is in its middle, however many rows it comes to have."""
        self._middle = (row, column)
        self.ask()

    def action_scroll_window(self, rows: int, columns: int) -> None:
        """Moves the window over the tensor."""
        self._at, self._middle = (max(0, self._at[0] + rows), max(0, self._at[1] + columns)), None
        self.ask()

    def _columns(self, heat_columns: int) -> int:
        """How many columns of values have room beside a heatmap of so many cells in a row."""
        width = max(VALUE_WIDTH, self.content_size.width)
        return max(1, (width - heat_width(heat_columns, width) - 2 - LABEL_WIDTH) // VALUE_WIDTH)

    def ask(self) -> None:
        """Asks for what is in sight."""
        height = max(1, self.content_size.height - self._head.size.height)
        width = max(VALUE_WIDTH, self.content_size.width)
        heat_columns = heat_room(width)
        if self.session is not None and self.content_size.width:
            known = self.view["heatmap"] if self.view and self.view.get("heatmap") else None
            heat = len(known[0]) if known else min(heat_columns, _width(self.session))
            rows, columns = max(1, height - 1), self._columns(heat)
            if self._middle is not None:
                self._at = (max(0, self._middle[0] - rows // 2), max(0, self._middle[1] - columns // 2))
            self._asked = rows
            self.post_message(
                self.Wanted(
                    {
                        "row": self._at[0],
                        "column": self._at[1],
                        "rows": rows,
                        "columns": columns,
                        "heat_rows": 2 * height,
                        "heat_columns": heat_columns,
                    }
                )
            )

    def _draw_head(self) -> None:
        session = self.session
        if session is None:
            return
        self.border_title = Content(f"Node · {session.tensor}")
        part = f" [{session.slices}]" if session.slices else ""
        self.border_subtitle = Content(f"{TITLES[session.view]}{part}")
        self._head.update(Content("\n").join(_head(session, self.view)), layout=False)


def _sight(session: Session) -> tuple[str, View, str]:
    return session.tensor, session.view, session.slices


def _width(session: Session) -> int:
    shape = session.shapes.get(session.tensor, ())
    return shape[-1] if shape else 1


def _head(session: Session, view: Mapping[str, Any] | None) -> list[Content]:
    shapes = session.shapes
    lines = []
    if session.statement is not None:
        lines.append(Content.styled(with_shapes(session.statement.code, shapes), "bold"))
    elif session.node is not None:
        shape = shapes.get(session.tensor, "")
        lines.append(Content.styled(f"{session.tensor} {shape} is a parameter", "bold"))
    tensor = session.tensor
    readers = [s for s in session.lesson.statements if tensor in s.reads]
    if readers:
        told = ", ".join(f"{' '.join(s.binds)} ({place(s.line, session.lesson.starts)})" for s in readers)
        lines.append(Content.assemble((f"read by {told}", "dim")))
    if view and view.get("worst"):
        index = ", ".join(str(part) for part in view["worst"]["index"])
        lines.append(Content.styled(f"worst at [{index}]: off by {_number(view['worst']['size'])}", "$text-warning"))
    lines.append(_summary(session, view))
    return lines


def _summary(session: Session, view: Mapping[str, Any] | None) -> Content:
    if view is None:
        return Content.styled("…" if session.facts else "PyTorch is starting…", "dim")
    if "nothing" in view:
        what = "no gradient of yours yet" if session.view in (View.YOURS, View.DIFFERENCE) else "no value"
        return Content.styled(f"{TITLES[session.view]}: {what}", "dim")
    if "unsliceable" in view:
        return Content.styled(f"[{session.slices}]: {view['unsliceable']}", "$text-warning")
    facts = view["summary"]
    parts = [f"{tuple(facts['shape'])} {facts['dtype']}"]
    parts += [f"{name} {_number(facts[name])}" for name in ("min", "max", "mean", "std") if name in facts]
    if "zeros" in facts:
        parts.append(f"zeros {_share(facts['zeros'])}")
        parts.append(f"non-finite {facts['non_finite']}")
    return Content("  ".join(parts))


def _share(share: float) -> str:
    """In per cent, without calling some none, or most all."""
    if 0 < share < 0.005:
        return "<1%"
    return ">99%" if 0.995 <= share < 1 else f"{share:.0%}"


def _values(window: Mapping[str, Any], worst: Mapping[str, Any] | None) -> list[Content]:
    """The window with row and column numbers, the worst element marked."""
    values = window["values"]
    if not values:
        return [Content.styled("empty", "dim")]
    columns = range(window["column"], window["column"] + len(values[0]))
    lines = [Content.styled(" " * LABEL_WIDTH + "".join(f"{number:>{VALUE_WIDTH}}" for number in columns), "dim")]
    for number, row in enumerate(values, window["row"]):
        label = (f"{number:>{LABEL_WIDTH - 1}} ", "dim")
        marked = worst["column"] if worst and worst["row"] == number else None
        cells = [
            (f"{_number(value):>{VALUE_WIDTH}}", "bold $text-error" if column == marked else "")
            for column, value in zip(columns, row, strict=True)
        ]
        lines.append(Content.assemble(label, *cells))
    return lines


def _number(value: float | int | str) -> str:
    if isinstance(value, str) or (isinstance(value, int) and abs(value) < 10**8):
        return str(value)
    if value == 0:
        return "0"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e4 else f"{value:.1e}"
