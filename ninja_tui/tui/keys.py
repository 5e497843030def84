"""The keys that terminals send under other names than Textual knows."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, cast

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import Keys

ALT_ENTER = "\x1b\r"
"""What VS Code, xterm, Terminal and most others send for Alt+Enter; Textual makes of it, after a while, Enter."""
NEW_LINE = frozenset({"ctrl+j", "alt+enter", "shift+enter", "shift+\r", "\r"})
"""The keys that break a line, where the terminal tells them from Enter; two are named so after xterm's own codes."""


def tell_alt_enter() -> None:
    """Has Textual report Alt+Enter as Ctrl+J, which breaks a line too."""
    sequences = cast("MutableMapping[str, Any]", ANSI_SEQUENCES_KEYS)
    sequences[ALT_ENTER] = (Keys.ControlJ,)
