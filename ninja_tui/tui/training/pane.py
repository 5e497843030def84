"""What is being trained, in the walk: a line on how far it is, and names."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.session import Session
from ninja_tui.tui.training.state import TrainState, summary


class TrainPane(Static):
    """Says how far the training is; before one, how to start it. A click opens it."""

    BORDER_TITLE = "Train & sample"
    session: reactive[Session | None] = reactive(None)
    training: reactive[TrainState] = reactive(TrainState())

    class Opened(Message):
        """The training is to be seen whole."""

    def render(self) -> Content:
        """One or two sentences."""
        if self.session is None:
            return Content("")
        told = self.training.error or summary(self.training)
        if told:
            names = [name for side in self.training.sides.values() for name in side.names]
            return Content.assemble(told, ("\n" + " ".join(names), "$text-accent"))
        done, total = self.session.passed, len(self.session.lesson.asks)
        return Content.assemble(
            f"{done} of {total} pass. ",
            ("g", "bold $text-accent"),
            " trains on your own backward pass, and samples names.",
        )

    def on_click(self, event: Click) -> None:
        """Opens the training."""
        event.stop()
        self.post_message(self.Opened())
