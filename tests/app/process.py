"""The app as a process in a terminal of its own, for tests of how it starts and ends."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.app.support import LONGEST, SOME_NAMES

ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()=>][0B]?)")
COLORS = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")


RUN = "import sys; from ninja_tui.__main__ import run; sys.exit(run())"


class Terminal:
    """The app as a process that has a pseudo-terminal for its standard streams; all that it writes is kept.

    ``first`` is code that runs in it before the app.
    """

    def __init__(self, path: Path, *options: str, first: str = "", **environment: str) -> None:
        names = path.parent / "names.txt"
        names.write_text(SOME_NAMES.served[0][1])
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        own = {"NINJA_TUI_HISTORY": "history.jsonl", "NINJA_TUI_CONFIG": "config.toml", "NINJA_TUI_DECK": "deck.json"}
        taken = {"TERM": "xterm-256color"} | {name: str(path.parent / file) for name, file in own.items()}
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        run = ["-c", f"{first}\n{RUN}"] if first else ["-m", "ninja_tui"]
        self.process = subprocess.Popen(
            [sys.executable, *run, "--solutions", str(path), "--data", str(names), *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=inherited | taken | environment,
            start_new_session=True,  # and no controlling terminal, whose end would end the workers too
        )
        os.close(slave)
        self._master = master
        self.raw = b""
        self._leaving, self._reads = threading.Event(), threading.Event()
        self._reads.set()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):
            while not self._leaving.is_set():
                if self._reads.is_set() and select.select([self._master], [], [], 0.05)[0]:
                    self.raw += os.read(self._master, 65536)

    def stop_reading(self) -> None:
        """Takes nothing more of what the app writes."""
        self._reads.clear()

    @property
    def shown(self) -> str:
        """Everything that was ever written to the terminal, without its control sequences."""
        return ESCAPES.sub(b"", self.raw).decode(errors="replace")

    def keys(self, keys: str) -> None:
        """Types into the terminal."""
        os.write(self._master, keys.encode())

    def bytes(self, raw: bytes) -> None:
        """Sends bytes, whatever they are."""
        os.write(self._master, raw)

    def settings(self) -> list[object]:
        """What the terminal is set to."""
        return termios.tcgetattr(self._master)[:4]

    def go_away(self) -> None:
        """The terminal is gone, as when its window is closed."""
        self._leaving.set()
        self._reader.join(LONGEST)
        os.close(self._master)
        self._master = -1

    def family(self) -> list[int]:
        """The processes of this one's session that are alive."""
        return [pid for pid in _processes() if _session_of(pid) == self.process.pid]

    def close(self) -> None:
        """Ends everything."""
        self.process.kill()
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        self.process.wait()
        self._leaving.set()
        self._reader.join(5)
        if self._master >= 0:
            os.close(self._master)


@contextmanager
def terminal(path: Path, *options: str, first: str = "", **environment: str) -> Iterator[Terminal]:
    """The app in a terminal; in the end nothing of it is left."""
    opened = Terminal(path, *options, first=first, **environment)
    try:
        yield opened
    finally:
        opened.close()


def until(condition: Callable[[], bool], opened: Terminal, what: str) -> None:
    """Returns as soon as ``condition`` holds."""
    deadline = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came: {what}\n{opened.shown[-4000:]}")
        time.sleep(0.05)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _session_of(pid: int) -> int:
    """The session of a process that is alive; 0 for one that is gone, or only waits to be buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    state, session = fields[0], int(fields[3])
    return 0 if state in ("Z", "X") else session


def to_the_first_node(opened: Terminal) -> None:
    """Waits for the lesson, and steps to the first gradient."""
    until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
    opened.keys("t")
    until(lambda: "Prompt" in opened.shown and "the turn" in opened.shown, opened, "the turn")
    opened.keys("\r")
    until(lambda: "backward 1/26 dlogprobs" in opened.shown, opened, "the first node")


def state_of(pid: int) -> str:
    """The letter of a process's state, as ``ps`` has it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
