"""Which panes have room: all of them, one at a time, or none."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from ninja_tui.tui.widgets.prompt import PromptPane

SMALLEST = (60, 18)
WIDE = (110, 34)
PANES = ("node", "card", "gradients", "train")


class PanedScreen(Screen[None]):
    """A screen whose panes are all in sight in a wide terminal, and take turns in a narrow one."""

    AUTO_FOCUS = ""  # the letters are the walk's, also when a list closes above it

    def __init__(self) -> None:
        super().__init__()
        self._typing = False
        self._pane = PANES[0]
        self.add_class(f"pane-{PANES[0]}")

    def on_resize(self, event: events.Resize) -> None:
        """Chooses the layout; where no layout fits, shows the size that is needed."""
        width, height = event.size
        small = width < SMALLEST[0] or height < SMALLEST[1]
        if small and not self.has_class("too-small"):
            self._typing = self._prompt.input.has_focus  # what is hidden loses the focus
        elif not small and self._typing:
            self._typing = False
            self.call_after_refresh(self._type_on)
        self.set_class(small, "too-small")
        self.set_class(width < WIDE[0] or height < WIDE[1], "narrow")
        needed = f"ninja-tui needs {SMALLEST[0]}×{SMALLEST[1]}; this terminal has {width}×{height}."
        self.query_one("#too-small", Static).update(Content(needed))

    def action_pane(self) -> None:
        """The next pane: shown, where not all are in sight, and with the focus for its arrow keys."""
        if self.has_class("narrow"):
            self.show_pane(PANES[(PANES.index(self._pane) + 1) % len(PANES)])
        else:
            self.focus_next("GradientsPane, NodePane, CardPane, AnswerInput")

    def show_pane(self, pane: str) -> None:
        """Brings a pane in sight; where they take turns, with the keys, unless somebody types."""
        self._pane = pane
        for other in PANES:
            self.set_class(other == pane, f"pane-{other}")
        if self.has_class("narrow") and not self._prompt.input.has_focus:
            self.query_one(f"#{pane}").focus()

    @property
    def _prompt(self) -> PromptPane:
        return self.query_one(PromptPane)

    def _type_on(self) -> None:
        if not self._prompt.input.disabled:
            self._prompt.input.focus()
