"""The editor of an answer."""

from __future__ import annotations

import re

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from ninja_tui.lesson.syntax.completeness import Completeness, completeness, ends_open
from ninja_tui.tui.completions import Completions

INDENT = "    "
_WORD = re.compile(r"[^\W\d]\w*$")


class AnswerInput(TextArea):
    """A Python editor in which Enter submits code that is complete, as Python's own prompt does."""

    class Submitted(Message):
        """Complete code, and Enter."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    class Recall(Message):
        """Up on the first line, or down on the last: an earlier (-1) or later (1) entry of the history."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    completions: Completions = Completions()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self._enter()
        elif event.key == "ctrl+j":
            event.stop()
            event.prevent_default()
            self.new_line()
        elif event.key == "tab":
            event.stop()
            event.prevent_default()
            self._complete()
        else:
            await super()._on_key(event)

    def action_cursor_up(self, select: bool = False) -> None:  # noqa: FBT001, FBT002 - Textual's signature
        """On the first line the history's earlier entry."""
        if self.cursor_location[0] == 0 and not select:
            self.post_message(self.Recall(-1))
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:  # noqa: FBT001, FBT002 - Textual's signature
        """On the last line the history's later entry."""
        if self.cursor_location[0] == self.document.line_count - 1 and not select:
            self.post_message(self.Recall(1))
        else:
            super().action_cursor_down(select)

    def set_code(self, code: str) -> None:
        """Puts ``code`` in the prompt, the cursor at its end."""
        self.replace(code, (0, 0), self.document.end)  # a new document would build the highlighting anew
        self.history.clear()
        self.move_cursor(self.document.end)

    def new_line(self) -> None:
        """Breaks the line, indented as Python wants it."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        indent = before[: len(before) - len(before.lstrip())]
        if before.rstrip().endswith(":"):
            indent += INDENT
        self.insert(f"\n{indent}")

    def candidates(self) -> tuple[str, list[tuple[str, str]]]:
        """The beginning of the name at the cursor, and the names that complete it, each with its kind."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        word = _WORD.search(before)
        if word is None or before[: word.start()].endswith("."):
            return "", []
        return word.group(), self.completions.matching(word.group())

    def _enter(self) -> None:
        text = self.text
        inside = self.cursor_location[0] < self.document.line_count - 1
        state, _ = completeness(text)
        if inside or (state is not Completeness.WRONG and ends_open(text) and not _only_begun(text)):
            self.new_line()
        else:
            self.post_message(self.Submitted(text))

    def _complete(self) -> None:
        prefix, candidates = self.candidates()
        if candidates:
            names = [name for name, _ in candidates]
            common = names[0]
            for name in names:
                while not name.startswith(common):
                    common = common[:-1]
            self.insert((common if common != prefix else names[0])[len(prefix) :])
        elif not prefix:
            self.insert(INDENT)


def _only_begun(text: str) -> bool:
    """``dprobs =``: another line would not mend it."""
    return "\n" not in text.strip() and text.rstrip().endswith("=")
