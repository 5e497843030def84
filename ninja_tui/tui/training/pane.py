"""The training in the walk: a line on its progress, and sampled names."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import TrainState
from ninja_tui.tui.training.texts import pane_text


class TrainPane(Static):
    """The progress of a training; before one, how to start it. A click opens its screen."""

    session: reactive[Session | None] = reactive(None)
    training: reactive[TrainState] = reactive(TrainState())

    class Opened(Message):
        """The training screen is to be opened."""

    def render(self) -> Content:
        """One or two sentences."""
        return pane_text(self.session, self.training) if self.session is not None else Content("")

    def on_click(self, event: Click) -> None:
        """Opens the training."""
        event.stop()
        self.post_message(self.Opened())
