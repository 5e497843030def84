"""Questions about the solutions file: which of two answers stays, and whether to leave answers behind."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ninja_tui.lesson.answer_file import Conflict, Version
from ninja_tui.tui.painting.dialog import Dialog

UNREAD = 0.5
"""Seconds after which a key is meant for the question, and not for what was there before."""


class ConflictScreen(Dialog[Version | None]):
    """Both answers, and a letter for each; returns the one that stays, or None for later."""

    BINDINGS = [("m", "choose('mine')"), ("f", "choose('file')"), ("escape", "dismiss")]

    def __init__(self, gradient: str, conflict: Conflict) -> None:
        super().__init__()
        self._gradient, self._conflict = gradient, conflict
        self._opened = time.monotonic()

    def compose(self) -> ComposeResult:
        """The question, the file's answer, and the one here."""
        with VerticalScroll(id="file-question") as box:
            box.border_title = f"{self._gradient} was changed by another program"
            box.border_subtitle = "m: keep mine · f: take the file's · Esc: later"
            yield Static(Content.styled("In the file:", "bold"))
            yield Static(Content(self._conflict.theirs.code))
            yield Static(Content.styled("Yours, not saved yet:", "bold"))
            yield Static(Content(self._conflict.mine.code))

    def action_choose(self, version: str) -> None:
        """One of the letters."""
        if time.monotonic() - self._opened > UNREAD:
            self.dismiss(Version(version))


class UnsavedScreen(Dialog[bool | None]):
    """Names the answers that are not saved; returns whether to leave all the same."""

    BINDINGS = [("q", "leave"), ("escape", "dismiss")]

    def __init__(self, gradients: Sequence[str], reason: str) -> None:
        super().__init__()
        self._gradients, self._reason = gradients, reason

    def compose(self) -> ComposeResult:
        """What is not saved, why, and what becomes of it."""
        with VerticalScroll(id="file-question") as box:
            count = len(self._gradients)
            box.border_title = f"{count} answer{'s are' if count != 1 else ' is'} not saved"
            box.border_subtitle = "q: leave · Esc: stay"
            yield Static(Content.styled(", ".join(self._gradients), "bold"))
            yield Static(Content(self._reason))
            yield Static(Content("On leaving they are tried once more, or else go into a file of their own."))

    def action_leave(self) -> None:
        """The letter."""
        self.dismiss(result=True)
