"""The fields of the choices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Grid
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Input, Label

from ninja_tui.engine.training.config import Backward, Wrong
from ninja_tui.tui.training.form import Form

FIELDS = (
    ("steps", "steps"),
    ("batch_size", "batch size"),
    ("first_rate", "learning rate"),
    ("second_rate", "second half"),
    ("seed", "seed"),
    ("sampling_seed", "sampling seed"),
)
BACKWARDS = (("your own", Backward.MANUAL), ("autograd's", Backward.AUTOGRAD), ("both", Backward.BOTH))
WRONGS = (("autograd's", Wrong.AUTOGRAD), ("yours", Wrong.AS_IS))
AT_ONCE = 4
"""Fields that are mounted at once: all of them would keep the app from painting."""


class Choice(Widget, can_focus=True):
    """One of a few values: arrow keys go through them, and a first letter picks one."""

    BINDINGS = [
        Binding("right,down", "step(1)", show=False),
        Binding("left,up", "step(-1)", show=False),
    ]
    number: reactive[int] = reactive(0)

    class Changed(Message):
        """Another value is chosen."""

    def __init__(self, options: Sequence[tuple[str, str]], value: str, *, id: str) -> None:
        super().__init__(id=id)
        self._options = options
        self.set_reactive(Choice.number, [each for _, each in options].index(value))

    @property
    def value(self) -> str:
        """The value that is chosen."""
        return self._options[self.number][1]

    def render(self) -> Content:
        """The value between arrows."""
        return Content(f"‹ {self._options[self.number][0]} ›")

    def watch_number(self) -> None:
        """Tells that it is another one."""
        self.post_message(self.Changed())

    def action_step(self, step: int) -> None:
        """The next value, or the one before."""
        self.number = (self.number + step) % len(self._options)

    def on_click(self, event: Click) -> None:
        """The next value."""
        event.stop()
        self.action_step(1)

    def on_key(self, event: Key) -> None:
        """Picks a value by its first letter; other letters do nothing, as in any field."""
        if event.character is not None and event.is_printable:
            event.stop()
            for number, (name, _) in enumerate(self._options):
                if name.startswith(event.character):
                    self.number = number
                    break


class Choices(Grid):
    """The choices for a training, as fields."""

    def __init__(self, form: Form) -> None:
        super().__init__(id="train-form")
        self.border_title = "Choices"
        self._form = form

    def compose(self) -> ComposeResult:
        """The first fields; the others come one after another."""
        yield from self._fields()[: 2 * AT_ONCE]

    async def on_mount(self) -> None:
        """Mounts the others."""
        fields = self._fields()
        for first in range(2 * AT_ONCE, len(fields), 2 * AT_ONCE):
            await asyncio.sleep(0)
            await self.mount(*fields[first : first + 2 * AT_ONCE])

    @property
    def typing(self) -> bool:
        """Whether one of them has the focus."""
        return self.has_focus_within

    def read(self) -> Form:
        """The choices as they are now."""
        typed = {field.id: field.value for field in [*self.query(Input), *self.query(Choice)]}
        values = {name: typed.get(f"train-{name}", str(getattr(self._form, name))) for name, _ in FIELDS}
        backward = Backward(typed.get("train-backward", self._form.backward))
        return Form(**values, backward=backward, wrong=Wrong(typed.get("train-wrong", self._form.wrong)))

    def focus_first(self) -> None:
        """Gives the keys to the first field."""
        self.query_one("#train-steps", Input).focus()

    def set_sampling_seed(self, seed: int) -> None:
        """Another seed, in its field."""
        self.query_one("#train-sampling_seed", Input).value = str(seed)

    def _fields(self) -> list[Widget]:
        """Labels and fields by turns."""
        fields: list[Widget] = []
        for name, label in FIELDS:
            fields += [Label(label), Input(str(getattr(self._form, name)), compact=True, id=f"train-{name}")]
        fields += [Label("backward"), Choice(BACKWARDS, self._form.backward, id="train-backward")]
        return [*fields, Label("if wrong"), Choice(WRONGS, self._form.wrong, id="train-wrong")]
