"""The current tensor: what is to be differentiated, and the values, over which a cursor moves."""

from __future__ import annotations

from dataclasses import replace

from rich.style import Style
from textual.binding import Binding
from textual.content import Content
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip

from ninja_tui.engine.events import Poked
from ninja_tui.engine.protocol.difference import Cells
from ninja_tui.engine.protocol.views import Frame, Poke, PokeRequest, TensorView, View, Window
from ninja_tui.tui.contrast import Terminal
from ninja_tui.tui.painting.rows import Rows
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.heatmap import Look, Palette, heat_line
from ninja_tui.tui.widgets.node_head import TITLES, Part, statement_parts
from ninja_tui.tui.widgets.node_layout import Layout, Shown, layout
from ninja_tui.tui.widgets.tensor import NARROWEST_VALUE, Form, Viewport, value_lines

PATIENCE = 0.1
"""Seconds for which the tensor before stays in sight while the next one is computed."""
FAR = 1 << 40
WHEEL = 3
"""Lines that the mouse's wheel scrolls."""


class NodePane(Rows, can_focus=True):
    """One widget, which draws head, heatmap and values: no layout follows when they need another room."""

    ALLOW_SELECT = False
    BINDINGS = [
        Binding("up", "move(-1, 0)", "Up", show=False),
        Binding("down", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", f"move(-{FAR}, -{FAR})", "First", show=False),
        Binding("end", f"move({FAR}, {FAR})", "Last", show=False),
    ]
    session: reactive[Session | None] = reactive(None, repaint=False)
    tensor_view: reactive[TensorView | None] = reactive(None, repaint=False)
    poked: reactive[Poked | None] = reactive(None, repaint=False)

    class ViewRequested(Message):
        """The pane needs another view of its tensor, in this frame."""

        def __init__(self, frame: Frame) -> None:
            super().__init__()
            self.frame = frame

    class PokeRequested(Message):
        """The element at ``index`` is to be nudged."""

        def __init__(self, index: tuple[int, ...]) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._cursor: int | None = None
        self._origin = (0, 0)
        self._follows_worst = False
        self._requested: Frame | None = None
        self._begun: Session | None = None
        self._statements: tuple[Session, int, list[Part]] | None = None
        self._laid_out: tuple[Shown, Size, Layout] | None = None
        self._layout: Layout | None = None
        self._painted_palette = Palette.DARK
        self._viewport: Viewport | None = None
        self._values: list[Content] = []
        self._cells: Cells = ()
        self._strips: dict[int, Strip] = {}
        self._look = Look(1, Palette.DARK, Style.null())

    # What changes

    def watch_session(self, old: Session | None, session: Session | None) -> None:
        """Another tensor, view or slice: requests its view, and draws all at once when that has come."""
        if session is None:
            return
        if old is not None and _subject(old) == _subject(session) and old.facts is session.facts:
            if self._is_drawn:
                self._draw()
            return
        if old is None or _subject(old) != _subject(session):
            self._cursor, self._origin = None, (0, 0)
            self._requested = self._requested if session is self._begun else None
            self._follows_worst = session.view is View.DIFFERENCE
            self.set_reactive(NodePane.poked, None)
        self.set_reactive(NodePane.tensor_view, None)
        if session.facts is None or session.asks_shape or old is None:
            self._draw()
        else:
            self.set_timer(PATIENCE, self._draw_if_awaited)
        if session is not self._begun:
            self.request_view()

    def watch_tensor_view(self, view: TensorView | None) -> None:
        """Draws the view, with the cursor at the worst element where nobody has moved it."""
        if view is not None and self._follows_worst and view.worst is not None:
            self._go_to_worst(view)
        elif view is not None:
            self._draw()

    def watch_poked(self) -> None:
        """Draws what a nudge did."""
        if self._is_drawn:
            self._draw()

    def on_resize(self, event: Resize) -> None:
        """More or less has room."""
        if self._is_drawn or self._layout is None:
            self._draw()
        self.request_view()

    def on_focus(self) -> None:
        """Shows the cursor, which the arrow keys move."""
        if self._cursor is None and self._is_drawn:
            self._cursor = 0
            self._draw()

    def forget_rows(self) -> None:
        """Other styles."""
        super().forget_rows()
        self._strips.clear()
        self.call_later(self._recolour)

    def _recolour(self) -> None:
        """The legend has colours of its own."""
        if self._layout is not None and self._palette is not self._painted_palette:
            self._draw()

    # What is asked of it

    def begin(self, session: Session) -> Frame | None:
        """The frame in which the pane will need a view of another tensor: who moves there asks for it at once."""
        if self.session is None or session.facts is None or _subject(session) == _subject(self.session):
            return None
        frame = self._frame_of(self._shown_of(session, None, None), (0, 0))
        if frame is not None:
            self._begun, self._requested = session, frame
        return frame

    def seek_worst(self) -> None:
        """Keeps the cursor at the worst element of the difference, until it is moved."""
        self._follows_worst = True
        if self.tensor_view is not None and self.tensor_view.worst is not None:
            self._go_to_worst(self.tensor_view)

    def poke(self) -> None:
        """Asks for a nudge of the element with the cursor; where there is none, of the first one."""
        shown = self._shown()
        if shown is None:
            return
        if shown.view is None or shown.table.form is Form.EMPTY:
            self.post_message(self.PokeRequested((0,) * len(shown.session.shapes.get(shown.session.tensor, ()))))
            return
        if self._cursor is None:
            self._put(self._viewport.entry(0, 0) if self._viewport is not None else 0)
        self.post_message(self.PokeRequested(shown.axes.index(self._cursor or 0)))

    def request_view(self) -> None:
        """Requests what has room, and what has the most that may have."""
        frame = self._frame()
        if frame is not None:
            self._requested = frame
            self.post_message(self.ViewRequested(frame))

    def _frame(self) -> Frame | None:
        shown = self._shown()
        return None if shown is None else self._frame_of(shown, self._origin)

    def _frame_of(self, shown: Shown, origin: tuple[int, int]) -> Frame | None:
        size = self.content_size
        if not size.width or shown.session.asks_shape:
            return None
        grid = self._lay_out(shown, size).grid
        if grid is None:
            return Frame(0, 0, 1, 1, 1, 1)
        columns = max(1, size.width // (NARROWEST_VALUE + 1))
        view = Viewport(grid).moved(*origin)
        return view.frame(size.height, columns, grid.height * shown.palette.rows)

    # Keys and mouse

    def action_move(self, lines: int, columns: int) -> None:
        """Moves the cursor over the values."""
        view = self._viewport
        if view is None:
            return
        grid, table = view.grid, view.grid.table
        cursor = view.entry(0, 0) if self._cursor is None else self._cursor
        if table.form is Form.VECTOR:
            flat = cursor + lines * grid.columns + columns
            self._put(max(0, min(flat, table.columns - 1)))
            return
        line, column = view.place(cursor)
        line = max(0, min(line + lines, table.rows - 1))
        self._put(line * table.columns + max(0, min(column + columns, table.columns - 1)))

    def action_page(self, pages: int) -> None:
        """Moves the cursor as far as is in sight."""
        if self._viewport is not None:
            self.action_move(pages * self._viewport.grid.rows, 0)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """Scrolls the values."""
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """Scrolls the values."""
        self._scroll(-WHEEL)

    def on_click(self, event: Click) -> None:
        """Puts the cursor on the value, or goes to the place in the heatmap."""
        offset, view, drawn = event.get_content_offset(self), self._viewport, self._layout
        if offset is None or view is None or drawn is None or self.session is None:
            return
        x, y = offset.x, offset.y - len(drawn.head.lines)
        flat = view.entry_at(x, y)
        if flat is not None:
            self._put(flat)
            return
        flat = view.heat_entry(x, y, len(self._cells), self._palette.rows) if y >= 0 else None
        if flat is not None:
            self._origin = view.centred(flat).origin
            self._put(flat)

    def _scroll(self, lines: int) -> None:
        if self._viewport is not None:
            self._origin = self._viewport.moved(lines).origin
            self._draw()

    def _put(self, flat: int) -> None:
        """The person's cursor on that element, which comes in sight."""
        self._follows_worst = False
        if flat != self._cursor:
            self.set_reactive(NodePane.poked, None)
        self._cursor = flat
        if self._viewport is not None:
            self._origin = Viewport(self._viewport.grid).moved(*self._origin).holding(flat).origin
        if self._is_drawn:
            self._draw()

    def _go_to_worst(self, view: TensorView) -> None:
        shown = self._shown()
        flat = shown.axes.flat(view.worst.index) if shown is not None and view.worst is not None else None
        grid = self._lay_out(shown, self.content_size).grid if shown is not None else None
        if flat is not None and grid is not None:
            self._cursor, self._origin = flat, Viewport(grid).centred(flat).origin
        self._draw()

    # Drawing

    @property
    def _is_drawn(self) -> bool:
        """Whether the pane shows the session's tensor, and not the one before."""
        session = self.session
        waits_for_nothing = session is not None and (session.facts is None or session.asks_shape)
        return self.tensor_view is not None or waits_for_nothing

    @property
    def _palette(self) -> Palette:
        terminal = getattr(self.app, "terminal", None)
        few = isinstance(terminal, Terminal) and terminal.sixteen  # sixteen colours have no shades
        if self.app.no_color or few:
            return Palette.SIGNS
        return Palette.DARK if self.app.current_theme.dark else Palette.LIGHT

    def _shown(self) -> Shown | None:
        if self.session is None:
            return None
        poke = (self.poked.request, self.poked.poke) if self.poked is not None else None
        view = None if self.session.asks_shape else self.tensor_view
        return self._shown_of(self.session, view, self._cursor, poke)

    def _shown_of(
        self,
        session: Session,
        view: TensorView | None,
        cursor: int | None,
        poke: tuple[PokeRequest, Poke] | None = None,
    ) -> Shown:
        width = max(1, self.content_size.width)
        if self._statements is None or self._statements[0] is not session or self._statements[1] != width:
            self._statements = session, width, statement_parts(session, width)
        return Shown(session, view, cursor, poke, self._palette, self._statements[2])

    def _lay_out(self, shown: Shown, size: Size) -> Layout:
        """The layout, which is asked for more than once at a step."""
        if self._laid_out is None or self._laid_out[:2] != (shown, size):
            self._laid_out = shown, size, layout(shown, size)
        return self._laid_out[2]

    def _draw_if_awaited(self) -> None:
        if self.tensor_view is None:
            self._draw()

    def _draw(self) -> None:
        """Lays out what is shown; what is missing of it is requested."""
        shown, size = self._shown(), self.content_size
        if shown is None or not size.width:
            return
        if self.has_focus and self._cursor is None and shown.view is not None:
            self._cursor = 0
            shown = replace(shown, cursor=0)
        self._layout = drawn = self._lay_out(shown, size)
        self._painted_palette = self._palette
        self._viewport, self._values = None, []
        self._cells = shown.view.heatmap if shown.view is not None else ()
        window = shown.view.window if shown.view is not None else None
        if drawn.grid is not None:
            self._viewport = view = Viewport(drawn.grid).moved(*self._origin)
            if window is not None:
                self._values = value_lines(view, window, shown.axes, self._marks(shown))
                self._complete(view, window)
        self._title(shown.session, drawn)
        self._strips.clear()
        self.refresh_rows()

    def _complete(self, view: Viewport, window: Window) -> None:
        """Requests the view again where other values, or another heatmap, have room than were requested."""
        frame, requested = self._frame(), self._requested
        if frame is None or requested is None:
            return
        heat_fits = (frame.heat_rows, frame.heat_columns) == (requested.heat_rows, requested.heat_columns)
        if frame != requested and not (heat_fits and view.shows(window)):
            self.request_view()

    def _marks(self, shown: Shown) -> dict[int, str]:
        marks = {}
        worst = shown.view.worst if shown.view is not None else None
        if worst is not None and (flat := shown.axes.flat(worst.index)) is not None:
            marks[flat] = "bold $text-error"
        if self._cursor is not None:
            marks[self._cursor] = f"{marks.get(self._cursor, '')} reverse".strip()
        return marks

    def _title(self, session: Session, drawn: Layout) -> None:
        hidden = drawn.head.hidden
        missing = [f"{hidden} line{'s' * (hidden > 1)}"] if hidden else []
        missing += [] if drawn.is_whole else ["values"]
        more = f" ⋯ {', '.join(missing)}" if missing else ""
        part = f" [{session.slices}]" if session.slices else ""
        self.write_subtitle(Content(f"{session.tensor} · {TITLES[session.view]}{part}{more}"))

    def draw_row(self, y: int) -> Strip:
        """One line of the head, or of heatmap and values."""
        if y not in self._strips:
            self._strips[y] = self._line(y)
        return self._strips[y]

    def _line(self, y: int) -> Strip:
        width, drawn, view = self.content_size.width, self._layout, self._viewport
        if drawn is None:
            return Strip.blank(width, self.plain)
        head = drawn.head.lines
        if y < len(head):
            return self._fitted(head[y], width)
        if view is None:
            return Strip.blank(width, self.plain)
        y, grid = y - len(head), view.grid
        heat = self._heat(view, y)
        if grid.table.form is Form.VECTOR:
            if y < grid.heat_lines:
                return heat.adjust_cell_length(width, self.plain)
            return self._fitted(self._value_line(y - grid.heat_lines), width)
        left = min(width, grid.left)
        return Strip.join([heat.adjust_cell_length(left, self.plain), self._fitted(self._value_line(y), width - left)])

    def _value_line(self, y: int) -> Content:
        return self._values[y] if y < len(self._values) else Content("")

    def _heat(self, view: Viewport, y: int) -> Strip:
        cells = self._cells
        if not cells or y >= view.grid.heat_lines:
            return Strip([])
        box = view.box(len(cells), self._palette.rows)
        look = Look(view.grid.cell_width, self._palette, self.plain)
        if look != self._look:
            self._look = look
        return Strip(heat_line(cells, y, self._look, box))

    def _fitted(self, content: Content, width: int) -> Strip:
        return self.strip(content).crop_extend(0, width, self.plain)


def _subject(session: Session) -> tuple[str, View, str, bool]:
    return session.tensor, session.view, session.slices, session.asks_shape
