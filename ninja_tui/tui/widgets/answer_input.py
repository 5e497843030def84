"""The editor of an answer."""

from __future__ import annotations

from functools import partial

from textual import events
from textual.binding import Binding
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import TextArea

from ninja_tui.lesson.syntax.completeness import Completeness, completeness, ends_open
from ninja_tui.lesson.syntax.pasted import pasted
from ninja_tui.tui.completions import Completions
from ninja_tui.tui.keys import NEW_LINE
from ninja_tui.tui.widgets.burst import REST, Around, Burst, character_of

INDENT = "    "
TAKEN = {"f6": "", "f7": "", "home,ctrl+a": "home"}
"""The editor's keys that are the walk's, or mean something else here, and what is left of them."""


class AnswerInput(TextArea, inherit_bindings=False):
    """A Python editor in which Enter submits code that is complete, as Python's own prompt does.

    ``gradient`` is the name that the answer binds.
    """

    BINDINGS = [
        *(
            Binding(TAKEN.get(each.key, each.key), each.action, each.description, show=False)
            for each in TextArea.BINDINGS
            if isinstance(each, Binding) and TAKEN.get(each.key, each.key)
        ),
        Binding("ctrl+a,super+a", "select_all", "Select all", show=False),
        Binding("ctrl+shift+z,super+shift+z", "redo", "Redo", show=False),
    ]

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
    gradient: str = ""
    _burst: Burst

    def on_mount(self) -> None:
        """No key has come yet."""
        self._burst = Burst()

    async def _on_key(self, event: events.Key) -> None:
        if self._held_back(event) or self._acts(event.key) or await self._edits(event.key):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._paste(event.text, self._around())

    def action_paste(self) -> None:
        """What was copied here."""
        self._paste(self.app.clipboard, self._around())

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

    def begin(self, code: str, gradient: str, completions: Completions) -> None:
        """Starts on another node, with ``code``; what was done before is not to be undone there."""
        self.gradient, self.completions = gradient, completions
        self._burst = Burst()
        self.put(code)
        self.history.clear()

    def put(self, code: str) -> None:
        """Puts ``code`` in the place of what is there, the cursor at its end."""
        self.replace(code, (0, 0), self.document.end)  # a new document would build the highlighting anew
        self.move_cursor(self.document.end)

    def scroll_cursor_visible(self, center: bool = False, animate: bool = False) -> Offset:  # noqa: FBT001, FBT002
        """Nothing while the editor undoes, and the cursor's line is gone: it does not see to that itself."""
        gone = self.cursor_location[0] >= self.document.line_count
        return Offset() if gone else super().scroll_cursor_visible(center, animate)

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
        return self.completions.behind(self.document.get_line(row)[:column])

    def _acts(self, key: str) -> bool:
        """Does what a key is for that writes no character."""
        if key in {"enter", "ctrl+enter"}:
            self._enter()
        elif key in NEW_LINE:
            self.new_line()
        elif key == "tab":
            self._complete()
        else:
            return False
        return True

    async def _edits(self, key: str) -> bool:
        """Does what a key of the editor is bound to: left to bubble, it would come behind what is typed after it."""
        for binding in self._bindings.key_to_bindings.get(key, ()):
            if await self.app.run_action(binding.action, self):
                return True
        return False

    def _enter(self) -> None:
        """Submits, from whatever line, unless the code breaks off, or a block may go on at its end."""
        text = self.text
        goes_on = ends_open(text) and not _only_begun(text)
        if goes_on and (not self._around().after.strip() or completeness(text)[0] is Completeness.UNFINISHED):
            self.new_line()
        else:
            self.post_message(self.Submitted(text))

    def _complete(self) -> None:
        prefix, candidates = self.candidates()
        row, column = self.cursor_location
        if candidates:
            names = [name for name, _ in candidates]
            common = names[0]
            for name in names:
                while not name.startswith(common):
                    common = common[:-1]
            self.insert((common if common != prefix else names[0])[len(prefix) :])
        elif not self.document.get_line(row)[:column].strip():
            self.insert(INDENT)

    # Pastes

    def _around(self) -> Around:
        start, end = sorted(self.selection)
        return Around(self.get_text_range((0, 0), start), self.get_text_range(end, self.document.end))

    def _paste(self, text: str, around: Around) -> None:
        before, after = pasted(around.before, around.after, text, self.gradient)
        self.replace(before + after, (0, 0), self.document.end)
        last = before.rpartition("\n")[2]
        self.move_cursor((before.count("\n"), len(last)))

    def _held_back(self, event: events.Key) -> bool:
        """Notes the key; whether it waits for what may come at once behind it, as in a paste."""
        if not character_of(event):
            self._release()
            self._burst = Burst()  # no paste goes on behind such a key
            return False
        follows = self._burst.follows(event)
        if not follows:
            self._burst.begin(self._around())
        was_held = self._burst.held
        held = self._burst.take(event, follows=follows)
        if held and not was_held:
            self._release_once_it_rests(0)
        return held

    def _release_once_it_rests(self, before: int) -> None:
        """Releases what is held back when in a while nothing has come: it was so many characters ``before``."""
        burst = self._burst
        if burst.held and len(burst.text) == before:
            self._release()
        elif burst.held:
            self.set_timer(REST, partial(self._release_once_it_rests, len(burst.text)))

    def _release(self) -> None:
        """Does what was held back: a paste as a whole, or a line break that nothing has followed."""
        burst = self._burst
        if not burst.held:
            return
        self._burst = Burst()
        if burst.is_paste:
            self._paste(burst.text, burst.around)
        if burst.ends_with_enter:
            self._enter()
        elif not burst.is_paste:
            self.new_line()


def _only_begun(text: str) -> bool:
    """``dprobs =``, or nothing at all: another line would not mend it."""
    return "\n" not in text.strip() and (text.rstrip().endswith("=") or not text.strip())
