"""A process of the app, and the pipes through which a browser paints it and types into it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.metadata import version
from typing import Literal

from textual_serve.app_service import AppService

from ninja_tui.formatting import printable

BOOT = """
import sys
sys.path[:] = {path}
from ninja_tui.__main__ import run
sys.exit(run())
"""
PATIENCE = 12.0
"""Seconds that the app has to end: after nine it ends by itself, whatever it waits for."""
MOST_LAST_WORDS = 4000
"""Characters of what a process says of its end."""
WIDEST, HIGHEST = 500, 200
"""Cells: more than any screen has."""
BEGUN = b"__GANGLION__\n"
"""What Textual writes before its first packet."""
PAINTED = b"D"
ENDED = json.dumps({"type": "exit"}).encode()


class AppProcess:
    """Speaks with the app in Textual's packets: a letter, four bytes of length, and the payload."""

    def __init__(self, process: Process) -> None:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self._said = asyncio.create_task(_all_of(process.stderr))

    @classmethod
    async def started(
        cls, arguments: Sequence[str], width: int, height: int, environment: Mapping[str, str]
    ) -> AppProcess:
        """The app with these arguments, on a screen of ``width`` by ``height`` cells. Raises OSError."""
        boot = BOOT.format(path=[each for each in sys.path if os.path.isabs(each)])  # noqa: PTH117
        columns, rows = on_screen(width, height)
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "LINES")}
        screen = {
            "TEXTUAL_COLOR_SYSTEM": "truecolor",
            "TEXTUAL_FPS": "60",
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "TERM_PROGRAM": "textual",
            "TERM_PROGRAM_VERSION": version("textual-serve"),
            "COLUMNS": str(columns),
            "ROWS": str(rows),
            "PYTHONUTF8": "1",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-c", boot, *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**inherited, **screen, **environment},
            start_new_session=True,  # a Ctrl-C in the terminal is for the server, which ends all in order
        )  # fmt: skip
        return cls(process)

    async def type(self, text: str) -> None:
        """Sends what a person typed, as a terminal would."""
        await self._send(b"D", text.encode(errors="replace"))

    async def resize(self, width: int, height: int) -> None:
        """The screen has another size, in cells."""
        columns, rows = on_screen(width, height)
        await self._tell({"type": "resize", "width": columns, "height": rows})

    async def focus(self, *, has_it: bool) -> None:
        """Whether keys go to the page."""
        await self._tell({"type": "focus" if has_it else "blur"})

    async def painted(self) -> AsyncIterator[bytes]:
        """What the app writes to its screen, until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await self._output.readuntil(BEGUN)
            while True:
                head = await self._output.readexactly(5)
                payload = await self._output.readexactly(int.from_bytes(head[1:], "big"))
                if head[:1] == PAINTED:
                    yield payload
                elif payload == ENDED:
                    return

    async def last_words(self) -> str:
        """What the process says of why it ended, in printable lines; empty where it ended as it should."""
        code = await self._process.wait()
        said = await self._said
        if code == 0:
            return ""
        lines = [printable(line) for line in said[:MOST_LAST_WORDS].splitlines()]
        return "\n".join(lines) or f"the app ended with exit code {code}"

    async def end(self) -> None:
        """Has the app save what was submitted and end, and sees that it does."""
        await self._tell({"type": "quit"})
        self._input.close()
        leftover = asyncio.create_task(_all_of(self._output))  # who waits to write does not end
        try:
            await asyncio.wait_for(self._process.wait(), PATIENCE)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        leftover.cancel()
        self._said.cancel()

    def kill(self) -> None:
        """Ends the process at once; its workers see that and end too."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _tell(self, message: Mapping[str, str | int]) -> None:
        await self._send(b"M", json.dumps(message).encode())

    async def _send(self, kind: Literal[b"D", b"M"], payload: bytes) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # of a process that has ended
            self._input.write(AppService.encode_packet(kind, payload))
            await self._input.drain()


def on_screen(width: int, height: int) -> tuple[int, int]:
    """A size that a screen can have, in cells."""
    return min(max(width, 1), WIDEST), min(max(height, 1), HIGHEST)


async def _all_of(stream: asyncio.StreamReader) -> str:
    """The beginning of ``stream``, read to its end."""
    said = b""
    with contextlib.suppress(OSError):
        while data := await stream.read(65536):
            said = (said + data)[: 4 * MOST_LAST_WORDS]
    return said.decode(errors="replace")
