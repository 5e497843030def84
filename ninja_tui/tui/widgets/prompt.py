"""Where a gradient is typed, and what is said of it meanwhile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static, TextArea

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.syntax.completeness import Completeness, completeness, ends_open
from ninja_tui.report import number_text
from ninja_tui.tui.style import STATUS_STYLES

INDENT = "    "
_WORD = re.compile(r"[^\W\d]\w*$")
MOST_CANDIDATES = 12


@dataclass(frozen=True)
class Live:
    """What is known of the code in the prompt. ``word`` is the one quiet line below the verdict."""

    expected_shape: tuple[int, ...] | None = None
    verdict: Verdict | None = None
    word: str = ""
    running: bool = False


@dataclass(frozen=True)
class Names:
    """What completion offers: each name with its shape or kind."""

    known: Mapping[str, str] = field(default_factory=dict)

    def matching(self, prefix: str) -> list[tuple[str, str]]:
        """The names that begin with ``prefix``, shortest first."""
        found = [(name, kind) for name, kind in self.known.items() if name.startswith(prefix) and name != prefix]
        return sorted(found, key=lambda pair: (len(pair[0]), pair[0]))


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

    names: Names = Names()

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
        """The beginning of the name at the cursor, and the names that go on from there."""
        row, column = self.cursor_location
        before = self.document.get_line(row)[:column]
        word = _WORD.search(before)
        if word is None or before[: word.start()].endswith("."):
            return "", []
        return word.group(), self.names.matching(word.group())

    def _enter(self) -> None:
        text = self.text
        inside = self.cursor_location[0] < self.document.line_count - 1
        state, _ = completeness(text)
        if inside or (state is not Completeness.WRONG and ends_open(text) and not _only_begun(text)):
            self.new_line()
        else:
            self.post_message(self.Submitted(text))

    def _complete(self) -> None:
        prefix, found = self.candidates()
        if found:
            names = [name for name, _ in found]
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
    """The input, the verdict on it, one quiet line, and the names that would complete it."""

    BORDER_TITLE = "Prompt"
    live: reactive[Live] = reactive(Live())

    class Typed(Message):
        """The code in the prompt is another."""

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
        self._word = Static("", id="prompt-word")
        self._names = Static("", id="prompt-names")

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield self.input
        yield self._names
        yield self._verdict
        yield self._word

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
        """Tells that the code is another."""
        event.stop()
        self.post_message(self.Typed(self.input.text))

    def on_text_area_selection_changed(self, event: TextArea.SelectionChanged) -> None:
        """Shows the names that fit at the cursor."""
        event.stop()
        _, found = self.input.candidates()
        shown = Content("  ").join(
            Content.assemble((name, "$text-accent"), (f" {kind}", "dim")) for name, kind in found[:MOST_CANDIDATES]
        )
        self._names.update(shown, layout=False)

    def watch_live(self, before: Live, live: Live) -> None:
        """Shows the verdict and the quiet line. At a node the lines keep their room: no layout on a key press."""
        self._verdict.update(_verdict(live), layout=False)
        typing = before.expected_shape is not None and live.expected_shape is not None
        self._word.update(Content.styled(live.word, "dim"), layout=not typing)


def _verdict(live: Live) -> Content:
    expected = live.expected_shape
    if expected is None:
        return Content("")
    needed = f"shape needed {expected}"
    verdict = live.verdict
    if live.running:
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
        _yes_no(value=verdict.exact),
        ("  approx. ", "dim"),
        _yes_no(value=verdict.approximate),
        (f"  maxdiff {number_text(verdict.maxdiff)}", ""),
    ]
    return Content.assemble(*parts)


def _yes_no(*, value: bool) -> tuple[str, str]:
    return ("yes", "$text-success") if value else ("no", "$text-warning")
