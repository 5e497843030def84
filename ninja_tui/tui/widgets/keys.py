"""The last line of the screen: the keys that act now."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.events import Click
from textual.reactive import reactive
from textual.widgets import Static

from ninja_tui.tui.commands import Command, Mode, footer

BETWEEN = "  "


class KeysLine(Static):
    """The keys of the current mode, each with its label; a click does what the key does."""

    mode: reactive[Mode] = reactive(Mode.READING)

    def __init__(self, commands: Sequence[Command], *, id: str) -> None:
        super().__init__(id=id)
        self._commands = commands

    def render(self) -> Content:
        """As many as have room; the last, which leads to help or out, always."""
        line = Content(" ")
        for key, label, _ in self._offers():
            line += Content.assemble((key, "bold $footer-key-foreground"), (f" {label}", ""), BETWEEN)
        return line

    async def on_click(self, event: Click) -> None:
        """Runs the command whose key or label was clicked."""
        offset = event.get_content_offset(self)
        left = 1
        for key, label, action in self._offers():
            right = left + len(key) + 1 + len(label)
            if offset is not None and left <= offset.x < right and action:
                await self.screen.run_action(action)
            left = right + len(BETWEEN)

    def _offers(self) -> list[tuple[str, str, str]]:
        offers = footer(self.mode, self._commands)
        while len(offers) > 1 and _width(offers) > self.size.width:
            del offers[-2]
        return offers


def _width(offers: list[tuple[str, str, str]]) -> int:
    return sum(len(key) + 1 + len(label) + len(BETWEEN) for key, label, _ in offers) - 1
