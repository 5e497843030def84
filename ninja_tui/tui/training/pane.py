"""The training in the walk: a line on its progress, and sampled names."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.painting.rows import Titled
from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import TrainState
from ninja_tui.tui.training.texts import pane_text


class TrainPane(Titled, Static):
    """The progress of a training; before one, how to start it. A click opens its screen."""

    session: reactive[Session | None] = reactive(None, repaint=False)
    training: reactive[TrainState] = reactive(TrainState(), repaint=False)

    def __init__(self, keys: Sequence[str], *, id: str) -> None:
        """``keys`` open the training: ``g`` and ``Ctrl+T``."""
        super().__init__("", id=id)
        self._keys = keys
        self._text = Content("")

    class Opened(Message):
        """The training screen is to be opened."""

    def watch_session(self) -> None:
        """Paints where there is something else to say."""
        self._tell()

    def watch_training(self) -> None:
        """Paints where there is something else to say."""
        self._tell()

    def _tell(self) -> None:
        text = pane_text(self.session, self.training, self._keys) if self.session is not None else Content("")
        if not text.is_same(self._text):
            self._text = text
            self.update(text, layout=False)

    def on_click(self, event: Click) -> None:
        """Opens the training."""
        event.stop()
        self.post_message(self.Opened())
