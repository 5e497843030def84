"""The editor of an answer in its pane, with the feedback on it below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import TextArea

from ninja_tui.tui.feedback import Feedback, feedback_lines
from ninja_tui.tui.painting.rows import Titled
from ninja_tui.tui.themes import editor_theme
from ninja_tui.tui.widgets.answer_input import AnswerInput
from ninja_tui.tui.widgets.lines import LinesPane

MOST_CANDIDATES = 12
BORDERS = 2
TYPING_LINES = 5
"""So many lines an answer and its feedback have at least: most have no more, and nothing moves then."""


class FeedbackLines(LinesPane, can_focus=False):
    """The verdict, a sentence and facts, wrapped; what has no room is scrolled to."""

    BINDINGS = [
        Binding("alt+down,ctrl+down", "scroll_feedback(1)", show=False),  # Ctrl is what xterm.js makes of Alt
        Binding("alt+up,ctrl+up", "scroll_feedback(-1)", show=False),
    ]
    feedback: reactive[Feedback] = reactive(Feedback(), repaint=False)

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._wrapped: list[Content] = []

    @property
    def line_count(self) -> int:
        """How many lines there are, wrapped."""
        return len(self._wrapped)

    def watch_feedback(self) -> None:
        """Wraps the lines anew, and shows the first."""
        self.wrap()
        if self.scroll_offset.y:
            self.scroll_home(animate=False)

    def on_resize(self) -> None:
        """Other lines have room."""
        self.wrap()

    def notify_style_update(self) -> None:
        """Another theme."""
        super().notify_style_update()
        self.wrap()

    def draw_line(self, index: int) -> Content:
        """One wrapped line."""
        return self._wrapped[index]

    def wrap(self) -> None:
        """Wraps the lines to the pane's width."""
        width = self.scrollable_content_region.width
        if width:
            text = Content("\n").join(feedback_lines(self.feedback))
            self._wrapped = text.wrap(width) if text else []
            self.show_lines(len(self._wrapped), width)


class PromptPane(Titled, Vertical):
    """The editor, and below it the feedback; in the lower border the names that would complete what is typed.

    It grows with both, as far as the screen has room, and is smaller again at the next node: nothing moves at a key.
    """

    BINDINGS = [
        Binding("alt+down,ctrl+down", "scroll_feedback(1)", show=False),  # Ctrl is what xterm.js makes of Alt
        Binding("alt+up,ctrl+up", "scroll_feedback(-1)", show=False),
    ]
    feedback: reactive[Feedback] = reactive(Feedback(), repaint=False)
    most: reactive[int] = reactive(12, repaint=False)
    """Lines, with borders, that the screen has for it."""

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
        self._lines = FeedbackLines(id="prompt-feedback")
        self._least = 0
        self._heights = (0, 0)
        self._rest = ""

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.input
        yield self._lines

    def on_mount(self) -> None:
        """The editor's colours go with the theme."""
        self._fit_theme()
        self.call_after_refresh(self._highlight)
        self.app.theme_changed_signal.subscribe(self, lambda _: self._fit_theme())

    def on_resize(self) -> None:
        """Other lines have room."""
        self.call_after_refresh(self._fit)

    def begin(self) -> None:
        """Another place of the walk: the pane may be smaller again."""
        self._least = 0
        self._fit()

    def _highlight(self) -> None:
        """Only after the first frame: the grammar takes longer to load than all else that is painted."""
        self.input.language = "python"

    def _fit_theme(self) -> None:
        theme = editor_theme(self.app.theme, self.app.theme_variables)
        self.input.register_theme(theme)
        self.input.theme = theme.name

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Posts that the code has changed."""
        event.stop()
        self._fit()
        self.post_message(self.Typed(self.input.text))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Shows the names that fit at the cursor."""
        event.stop()
        self._show_border()

    def watch_feedback(self, feedback: Feedback) -> None:
        """Shows the feedback."""
        self._lines.feedback = feedback
        self._fit()

    def action_scroll_feedback(self, lines: int) -> None:
        """Scrolls the feedback, where not all of it has room."""
        self._lines.scroll_relative(y=lines, animate=False)
        self.call_after_refresh(self._show_rest)

    def _show_rest(self) -> None:
        """How many lines of the feedback are below."""
        below = self._lines.line_count - int(self._lines.scroll_offset.y) - self._lines.size.height
        self._rest = f"{below} more line{'s' if below > 1 else ''}: Alt+Down" if below > 0 else ""
        self._show_border()

    def _show_border(self) -> None:
        """In the lower border what has no room, or the names that complete what is typed."""
        _, candidates = self.input.candidates()
        shown = Content("  ").join(
            Content.assemble((name, "$text-accent"), (f" {kind}", "dim")) for name, kind in candidates[:MOST_CANDIDATES]
        )
        self.write_subtitle(Content.styled(self._rest, "$text-warning") if self._rest else shown)

    def watch_most(self) -> None:
        """More or less room."""
        self._least = 0
        self._fit()

    def _fit(self) -> None:
        """Gives the editor and the feedback the lines that they need, where the screen has them."""
        most = max(TYPING_LINES, self.most - BORDERS)
        typing = not self.input.disabled
        code = max(1, self.input.wrapped_document.height) if typing else 0
        needed = code + max(self._lines.line_count, TYPING_LINES - 1 if typing or self.feedback.lead else 1)
        self._least = min(most, max(self._least, needed))
        code = min(code, max(1, self._least - min(self._lines.line_count, TYPING_LINES - 1)))
        heights = (self._least + BORDERS, code)
        if heights != self._heights:
            self._heights = heights
            self.styles.height, self.input.styles.height = heights
        if self._rest or code + self._lines.line_count > self._least:
            self.call_after_refresh(self._show_rest)
