"""The last line of the training: the keys that act now."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widget import Widget

from ninja_tui.tui.training.texts import KEY_GAP, Key, key_line


class KeyLine(Widget):
    """Keys and what they do; a click does it."""

    keys: reactive[tuple[Key, ...]] = reactive(())

    def render(self) -> Content:
        """One line."""
        return key_line(self.keys)

    async def on_click(self, event: Click) -> None:
        """Does what the key under the pointer does."""
        event.stop()
        end = 1  # the padding
        for each in self.keys:
            end += len(each.key) + 1 + len(each.label)
            if event.x < end:
                await self.run_action(each.action if "." in each.action else f"screen.{each.action}")
                return
            end += len(KEY_GAP)
