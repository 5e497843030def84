"""The editor of an answer in its pane, with the feedback on it below."""

from __future__ import annotations

from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.formatting import number_text
from ninja_tui.tui.style import STATUS_STYLES, yes_no
from ninja_tui.tui.widgets.answer_input import AnswerInput

MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Feedback:
    """On the code in the prompt: its verdict, and the ``message`` that stands below."""

    expected_shape: tuple[int, ...] | None = None
    verdict: Verdict | None = None
    message: str = ""
    running: bool = False


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
