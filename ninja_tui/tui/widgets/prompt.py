"""The editor of an answer, and the feedback on it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.formatting import number_text
from ninja_tui.lesson.syntax.completeness import Completeness, completeness, ends_open
from ninja_tui.tui.completions import Completions
from ninja_tui.tui.style import STATUS_STYLES, yes_no

INDENT = "    "
_WORD = re.compile(r"[^\W\d]\w*$")
MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Feedback:
    """On the code in the prompt: its verdict, and the ``message`` that stands below."""

    expected_shape: tuple[int, ...] | None = None
    verdict: Verdict | None = None
    message: str = ""
    running: bool = False


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


class PromptPane(Vertical):
    """The editor, the names that would complete what is typed, the verdict, and a message."""

    BORDER_TITLE = "Prompt"
    feedback: reactive[Feedback] = reactive(Feedback())

    class Typed(Message):
        """The code in the prompt has changed."""

        def __init__(self, code: str) -> None:
            super().__init__()
            self.code = code

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.input = AnswerInput(
            tab_behavior="indent",
            compact=True,
            highlight_cursor_line=False,
            soft_wrap=True,
            id="prompt-input",
        )
        self._verdict = Static("", id="prompt-verdict")
        self._message = Static("", id="prompt-message")
        self._completions = Static("", id="prompt-completions")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.input
        yield self._completions
        yield self._verdict
        yield self._message

    def on_mount(self) -> None:
        """The editor's colours go with the theme."""
        self._fit_theme()
        self.call_after_refresh(self._highlight)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fit_theme())

    def _highlight(self) -> None:
        """Only after the first frame: the grammar takes longer to load than all else that is painted."""
        self.input.language = "python"

    def _fit_theme(self) -> None:
        self.input.theme = "vscode_dark" if self.app.current_theme.dark else "github_light"

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Posts that the code has changed."""
        event.stop()
        self.post_message(self.Typed(self.input.text))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Shows the names that fit at the cursor."""
        event.stop()
        _, candidates = self.input.candidates()
        shown = Content("  ").join(
            Content.assemble((name, "$text-accent"), (f" {kind}", "dim")) for name, kind in candidates[:MOST_CANDIDATES]
        )
        self._completions.update(shown, layout=False)

    def watch_feedback(self, before: Feedback, feedback: Feedback) -> None:
        """Shows the verdict and the message. At a node the lines keep their room: no layout on a key press."""
        self._verdict.update(_verdict(feedback), layout=False)
        typing = before.expected_shape is not None and feedback.expected_shape is not None
        self._message.update(Content.styled(feedback.message, "dim"), layout=not typing)


def _verdict(feedback: Feedback) -> Content:
    expected = feedback.expected_shape
    if expected is None:
        return Content("")
    needed = f"shape needed {expected}"
    verdict = feedback.verdict
    if feedback.running:
        return Content.assemble((f"running…  {needed}", "dim"))
    if verdict is None or verdict.shape is None:
        status = verdict.status if verdict is not None and verdict.status is Status.TIMEOUT else ""
        return Content.assemble((f"{status} · " if status else "", STATUS_STYLES[Status.TIMEOUT]), (needed, "dim"))
    fits = verdict.shape == verdict.expected_shape
    parts: list[tuple[str, str]] = [
        (f"{verdict.status}  ", STATUS_STYLES[verdict.status]),
        (f"shape {verdict.shape}", "" if fits else "$text-warning"),
        (f" of {expected}" if fits else f", needed {expected}", "dim"),
        ("  exact ", "dim"),
        yes_no(value=verdict.exact),
        ("  approx. ", "dim"),
        yes_no(value=verdict.approximate),
        (f"  maxdiff {number_text(verdict.maxdiff)}", ""),
    ]
    return Content.assemble(*parts)
