"""The training in the walk: a line on its progress, and sampled names."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import TrainState, summary


class TrainPane(Static):
    """The progress of a training; before one, how to start it. A click opens its screen."""

    session: reactive[Session | None] = reactive(None)
    training: reactive[TrainState] = reactive(TrainState())

    class Opened(Message):
        """The training screen is to be opened."""

    def render(self) -> Content:
        """One or two sentences."""
        if self.session is None:
            return Content("")
        line = self.training.error or summary(self.training)
        if line:
            names = [name for side in self.training.sides.values() for name in side.names]
            return Content.assemble(line, ("\n" + " ".join(names), "$text-accent"))
        passed, total = self.session.passed, len(self.session.lesson.asks)
        return Content.assemble(
            f"{passed} of {total} pass. ",
            ("g", "bold $text-accent"),
            " trains on your own backward pass, and samples names.",
        )

    def on_click(self, event: Click) -> None:
        """Opens the training."""
        event.stop()
        self.post_message(self.Opened())
