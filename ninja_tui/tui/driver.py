"""Textual's driver, for terminals that send anything at all, stop reading, or go away."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import select
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

if TYPE_CHECKING:
    from textual.app import App

POLL = 0.1
"""Seconds after which the thread that reads keys looks whether it is to end."""
LARGEST_READ = 4096
OLD_MOUSE = re.compile(rb"\x1b\[M[\x20-\xff]{3}", re.DOTALL)
"""What old terminals send of the mouse, in bytes that are no text; Textual asks for another form, and ignores this."""


class Told(Protocol):
    """An app that is told, from any thread, what happens to its terminal."""

    def lose_terminal(self) -> None:
        """Ends the app, whose terminal is gone."""

    def fail(self, error: Exception) -> None:
        """Ends the app by an error of its own."""


class TerminalDriver(LinuxDriver):
    """Ignores bytes that are no text and sequences that mean nothing, and ends the app when the terminal is gone."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file = cast("Any", Output(sys.__stderr__, self._lose_terminal))

    def _lose_terminal(self) -> None:
        cast("Told", self._app).lose_terminal()

    def _run_input_thread(self) -> None:
        """Textual would print the traceback, and exit with 0."""
        try:
            self.run_input_thread()
        except Exception as error:
            cast("Told", self._app).fail(error)

    def run_input_thread(self) -> None:
        """Reads keys until the app wants no more, or there is nobody to press them."""
        keyboard = Keyboard(debug=self._debug)
        while not self.exit_event.is_set():
            data = b""
            if select.select([self.fileno], [], [], POLL)[0]:
                try:
                    data = os.read(self.fileno, LARGEST_READ)
                except (BlockingIOError, InterruptedError):
                    continue
                except OSError:  # the other end is closed
                    data = b""
                if not data:
                    self._lose_terminal()
                    return
            for message in keyboard.read(data):
                self.process_message(message)

    def start_application_mode(self) -> None:
        """As Textual's; where there is no terminal any more, nothing is begun."""
        super().start_application_mode()  # type: ignore[no-untyped-call]  # Textual has no types for it
        if self._writer_thread is None:
            self._lose_terminal()

    def write(self, data: str) -> None:
        """Writes to the terminal, as long as there is one."""
        if self._writer_thread is not None and self._writer_thread.is_alive():
            super().write(data)


class Keyboard:
    """Makes messages of the bytes that a terminal sends; of those that mean nothing, none."""

    def __init__(self, *, debug: bool = False) -> None:
        self._decoder = getincrementaldecoder("utf-8")("surrogateescape")
        self._parser, self._debug = XTermParser(debug), debug

    def read(self, data: bytes) -> Iterator[Message]:
        """The messages of ``data``, which is empty where nothing has come for a while."""
        text = self._decoder.decode(OLD_MOUSE.sub(b"", data))
        try:
            for message in itertools.chain(self._parser.feed(text) if text else (), self._parser.tick()):
                if isinstance(message, events.Paste):
                    message.text = "".join(character for character in message.text if _is_text(character))
                if not isinstance(message, events.Key) or _is_text(message.character or ""):
                    yield message
        except (ValueError, OverflowError):  # a key with a number that no character has: this parser is at its end
            before, self._parser = self._parser, XTermParser(self._debug)
            self._parser.mouse_pixels, self._parser.terminal_size = before.mouse_pixels, before.terminal_size
            self._parser.terminal_pixel_size = before.terminal_pixel_size


def _is_text(text: str) -> bool:
    """Whether there is nothing in it that stands for bytes that are no UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


class Output:
    """Standard error, to which Textual paints; what is written to a terminal that is gone is dropped."""

    def __init__(self, stream: IO[str] | None, lose: Callable[[], None]) -> None:
        self._stream, self._lose, self._gone = stream, lose, False

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError):
            if not self._gone:
                self._gone = True
                self._lose()

    def write(self, text: str) -> None:
        """Writes ``text``."""
        if not self._gone and self._stream is not None:
            with self._guarded():
                self._stream.write(text)

    def flush(self) -> None:
        """Has it at the terminal."""
        if not self._gone and self._stream is not None:
            with self._guarded():
                self._stream.flush()

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return self._stream.fileno() if self._stream is not None else -1
