"""Find a statement or a node, and go there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.tui.screens.dialog import Dialog
from ninja_tui.tui.session import Phase, Session


class FindScreen(Dialog[int | None]):
    """A list of all steps of the walk, narrowed by what is typed; returns the chosen position."""

    BINDINGS = [("escape", "dismiss", "Close"), ("down", "move(1)", "Down"), ("up", "move(-1)", "Up")]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._places = _places(session)

    def compose(self) -> ComposeResult:
        """An input above a list."""
        with Vertical(id="find"):
            yield Input(placeholder="statement or node", id="find-input")
            yield OptionList(id="find-list")

    def on_mount(self) -> None:
        """Begins with all steps."""
        self._narrow("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrows the list."""
        self._narrow(event.value)

    def on_input_submitted(self) -> None:
        """Takes what is under the bar."""
        options = self.query_one(OptionList)
        if options.highlighted is not None:
            self._choose(options.get_option_at_index(options.highlighted))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Takes what was clicked."""
        self._choose(event.option)

    def action_move(self, by: int) -> None:
        """Moves the bar while the input keeps the keys."""
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + by) % options.option_count

    def _narrow(self, text: str) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        wanted = text.lower().split()
        matching = [place for place in self._places if all(word in place[1].lower() for word in wanted)]
        matching.sort(
            key=lambda place: (_name(place[1]) not in (text.strip(), f"d{text.strip()}"), text not in place[1])
        )
        options.add_options(Option(Content(line), id=str(position)) for position, line in matching)
        if options.option_count:
            options.highlighted = 0

    def _choose(self, option: Option) -> None:
        self.dismiss(int(option.id or 0))


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
