"""Find a statement or a node, and go there."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input

from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.tui.painting.dialog import Dialog
from ninja_tui.tui.session import Phase, Session
from ninja_tui.tui.style import CURRENT_LINE
from ninja_tui.tui.widgets.lines import LinesPane


class PlacesPane(LinesPane):
    """Steps of the walk, one a line, with a bar."""

    bar: reactive[int] = reactive(0, repaint=False)

    class Chosen(Message):
        """The line ``index`` was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._lines: tuple[str, ...] = ()

    def show_places(self, lines: Iterable[str]) -> None:
        """Shows other lines, with the bar on the first."""
        self._lines = tuple(lines)
        self.forget_rows()
        self.bar = 0
        self._show()

    def watch_bar(self) -> None:
        """Keeps the bar in sight."""
        self._show()

    def on_resize(self) -> None:
        """Other lines have room."""
        self._show()

    def on_click(self, event: Click) -> None:
        """Takes the line that was clicked."""
        index = self.line_at(event)
        if index is not None:
            self.post_message(self.Chosen(index))

    def line_state(self, index: int) -> Hashable:
        """Whether it is under the bar."""
        return index == self.bar

    def draw_line(self, index: int) -> Content:
        """One line; the one under the bar has a background of its own."""
        line = Content(f" {self._lines[index]}")
        if index != self.bar:
            return line
        return (line + Content(" " * max(0, self.room.width - line.cell_length))).stylize(CURRENT_LINE)

    def _show(self) -> None:
        self.show_lines(len(self._lines), self.scrollable_content_region.width)
        self.keep_in_sight(self.bar, self.bar)


class FindScreen(Dialog[int | None]):
    """A list of all steps of the walk, narrowed by what is typed; returns the chosen position."""

    BINDINGS = [("escape", "dismiss", "Close"), ("down", "move(1)", "Down"), ("up", "move(-1)", "Up")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._places = _places(session)
        self._matching: list[tuple[int, str]] = []

    def compose(self) -> ComposeResult:
        """An input above a list."""
        with Vertical(id="find"):
            yield Input(placeholder="statement or node", id="find-input")
            yield PlacesPane(id="find-list")

    def on_mount(self) -> None:
        """Begins with all steps."""
        self._narrow("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows the list."""
        self._narrow(event.value)

    def on_input_submitted(self) -> None:
        """Takes what is under the bar."""
        self._choose(self.query_one(PlacesPane).bar)

    def on_places_pane_chosen(self, message: PlacesPane.Chosen) -> None:
        """Takes what was clicked."""
        self._choose(message.index)

    def action_move(self, by: int) -> None:
        """Moves the bar while the input keeps the keys."""
        if self._matching:
            pane = self.query_one(PlacesPane)
            pane.bar = (pane.bar + by) % len(self._matching)

    def _narrow(self, text: str) -> None:
        wanted = text.lower().split()
        self._matching = [place for place in self._places if all(word in place[1].lower() for word in wanted)]
        self._matching.sort(
            key=lambda place: (_name(place[1]) not in (text.strip(), f"d{text.strip()}"), text not in place[1])
        )
        self.query_one(PlacesPane).show_places(line for _, line in self._matching)

    def _choose(self, index: int) -> None:
        if index < len(self._matching):
            self.dismiss(self._matching[index][0])


def _name(line: str) -> str:
    """The name that a step binds."""
    return line.lstrip("▶◀↩■ 0123456789").partition(" = ")[0]


def _places(session: Session) -> list[tuple[int, str]]:
    """All steps: on the way back the nodes first, so that a name leads to its gradient."""
    lesson = session.lesson
    turn = len(lesson.statements)
    numbers = [cell_and_line(each.line, lesson.starts)[1] for each in lesson.statements]
    forward = [
        (each.index, f"▶ {number:>4}  {each.code}") for each, number in zip(lesson.statements, numbers, strict=True)
    ]
    backward = [(turn + 1 + at, f"◀       {lesson.gradients[node]}") for at, node in enumerate(lesson.asks)]
    ends = [(turn, "↩       the turn"), (turn + 1 + len(lesson.asks), "■       the finish")]
    first, second = (forward, backward) if session.phase is Phase.FORWARD else (backward, forward)
    return [*first, *ends[:1], *second, *ends[1:]]
