"""The app in a browser: its driver, and the keys that a browser does not let through."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from typing import Any, cast

from textual.drivers._byte_stream import ByteStream
from textual.drivers.web_driver import WebDriver

from ninja_tui.tui.commands import Command
from ninja_tui.tui.driver import Keyboard, Told
from ninja_tui.tui.keymap import Keymap

TAKEN = frozenset({"ctrl+n", "ctrl+q", "ctrl+t", "ctrl+w"})
"""A new window, quitting, a new tab, closing it: of these a page hears nothing, or only in some browsers."""
ABSENT = frozenset({"suspend"})
"""Commands that have no meaning there."""
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class BrowserDriver(WebDriver):
    """Textual's, which ends the app where the server is gone, and leaves signals to who has them."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._is_gone = False
        self._write = cast("Any", self._write_or_lose)

    def start_application_mode(self) -> None:
        """As Textual's, but for the signals."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        super().start_application_mode()
        for number, handler in before.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, handler)

    def run_input_thread(self) -> None:
        """Reads what the server sends until the app wants no more, or there is no server."""
        packets, keyboard = ByteStream(), Keyboard(debug=self._debug)
        try:
            for data in self._input_reader:
                for kind, payload in packets.feed(data) if data else ():
                    if kind == "D":
                        for message in keyboard.read(payload):
                            self.process_message(message)
                    else:
                        self._on_meta(kind, payload)
                for message in keyboard.read(b""):
                    self.process_message(message)
        except Exception as error:
            cast("Told", self._app).fail(error)
        if not self.exit_event.is_set():
            self._lose()

    def _write_or_lose(self, data: bytes) -> None:
        """Writes all of ``data`` to the server, as long as there is one."""
        while data and not self._is_gone:
            try:
                data = data[os.write(self.fileno, data) :]
            except OSError:
                self._lose()

    def _lose(self) -> None:
        if not self._is_gone:
            self._is_gone = True
            cast("Told", self._app).lose_terminal()


def in_browser(keymap: Keymap) -> Keymap:
    """The keymap without keys that do not arrive; each command keeps one, in the prompt its letter with Alt."""
    commands = tuple(_arriving(each) for each in keymap.commands if each.action not in ABSENT)
    return replace(keymap, commands=commands, training=tuple(_arriving(each) for each in keymap.training))


def _arriving(command: Command) -> Command:
    keys = ",".join(key for key in command.prompt_key.split(",") if key not in TAKEN)
    return replace(command, prompt_key=keys)
