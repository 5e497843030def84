"""Where the network will train on the person's own backward pass."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.session import Session


class TrainPane(Static):
    """Says what it is for, and how far the person is."""

    BORDER_TITLE = "Train & sample"
    session: reactive[Session | None] = reactive(None)

    def render(self) -> Content:
        """One sentence."""
        if self.session is None:
            return Content("")
        done, total = self.session.passed, len(self.session.lesson.asks)
        return Content(f"{done} of {total} pass. To come: training on your own backward pass, and names.")
