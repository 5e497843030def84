"""Asks which part of a tensor to show."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Label

from ninja_tui.tui.painting.dialog import Dialog
from ninja_tui.tui.tensor_index import parse_index


class SliceScreen(Dialog[str | None]):
    """One input; returns the text of the slice, empty for the whole tensor."""

    BINDINGS = [("escape", "dismiss", "Close")]

    def __init__(self, name: str, slices: str) -> None:
        super().__init__()
        self._name, self._slices = name, slices

    def compose(self) -> ComposeResult:
        """A label, the input, and the error in it."""
        with Vertical(id="slicing"):
            yield Label(f"Slice {self._name}, such as 3, :, 0:5 (empty: the whole)", markup=False)
            yield Input(self._slices, id="slice-input")
            yield Label("", id="slice-error", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Returns the text, if it is a slice."""
        try:
            parse_index(event.value)
        except ValueError as error:
            self.query_one("#slice-error", Label).update(f"no slice: {error}")
        else:
            self.dismiss(event.value.strip())
