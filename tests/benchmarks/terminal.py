"""The app in a pseudo-terminal: its bytes, with the time at which each came, drawn on a small terminal of our own."""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

COLUMNS, ROWS = 120, 40
REST = 0.08
"""Seconds without a byte after which the screen is at rest."""
UNCHANGED = 0.5
"""Seconds after which a verdict that did not come is taken for the same as the one before."""
PATIENCE = 60.0
PROVISIONAL = "looking further"
"""What the app says beside a verdict that may still change."""
ENTER, NEW_LINE, BACKSPACE, QUIT = "\r", "\n", "\x7f", "\x11"


class Screen:
    """What a terminal shows, as far as the app's output needs it: text at the cursor, and moving the cursor."""

    _TOKEN = re.compile(
        r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[^\[\]]|[\x00-\x1a\x1c-\x1f]|[^\x00-\x1f]+"
    )
    _BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?$")

    _VERDICT = re.compile(r"(?:[✓✗…·] )?(pass|fail|error|timeout|running|shape needed)\b")  # older ones have no sign

    def __init__(self, columns: int = COLUMNS, rows: int = ROWS) -> None:
        self._columns, self._rows = columns, rows
        self._cells = [[" "] * columns for _ in range(rows)]
        self._row = self._column = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Draws ``data``; a sequence that breaks off at its end waits for more."""
        text = self._rest + self._decoder.decode(data)
        begun = self._BEGUN.search(text)
        end = begun.start() if begun else len(text)
        self._rest = text[end:]
        for token in self._TOKEN.findall(text[:end]):
            self._draw(token)

    def lines(self) -> list[str]:
        """The rows from top to bottom."""
        return ["".join(row) for row in self._cells]

    def shows(self, *texts: str) -> bool:
        """Whether all of ``texts`` are to be seen."""
        whole = "\n".join(self.lines())
        return all(text in whole for text in texts)

    def verdict(self) -> str:
        """The lines in the prompt pane from the verdict down; empty where there is none."""
        lines = self.lines()
        top = next((row for row, line in enumerate(lines) if " ── typing" in line or "─ Prompt ·" in line), self._rows)
        bottom = next((row for row in range(top, self._rows) if lines[row].startswith("╰")), self._rows)
        inside = [line[2:-2].rstrip() for line in lines[top + 1 : bottom]]
        first = next((row for row, line in enumerate(inside) if self._VERDICT.match(line)), len(inside))
        return "\n".join(inside[first:]).strip()

    def settled(self) -> bool:
        """Whether no verdict is still to come, as far as the app says so."""
        shown = self.verdict()
        return not shown.removeprefix("… ").startswith("running") and PROVISIONAL not in shown

    def _draw(self, token: str) -> None:
        if token == "\r":
            self._column = 0
        elif token == "\n":
            self._row = min(self._row + 1, self._rows - 1)
        elif token.startswith("\x1b["):
            if token.endswith("H"):
                row, _, column = token[2:-1].partition(";")
                self._row, self._column = int(row or 1) - 1, int(column or 1) - 1
            elif token[-1] in "ABCDEFGJKLMPSTXdr@":
                raise RuntimeError(f"this benchmark's terminal does not know {token!r}")
        elif token[0] >= " ":
            line = self._cells[self._row]
            for character in token[: self._columns - self._column]:
                line[self._column] = character
                self._column += 1


@dataclass(frozen=True)
class Answered:
    """Seconds from a key to the first verdict on it that was painted, and to the last: it may come in two steps."""

    first: float
    last: float


class Terminal:
    """A program in a pseudo-terminal, and the screen that it draws."""

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        python: str = sys.executable,
        size: tuple[int, int] = (COLUMNS, ROWS),
    ) -> None:
        self.screen = Screen(*size)
        self._end, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.started = time.monotonic()
        self._process = subprocess.Popen(
            [python, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs,
            cwd=folder, env=surroundings(folder, python), start_new_session=True,
        )  # fmt: skip
        os.close(theirs)

    @property
    def cpu(self) -> float:
        """Seconds that the main thread of the program has computed, where the system tells (Linux)."""
        pid = self._process.pid
        with suppress(OSError):
            return int(Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()[0]) / 1e9
        return 0.0

    def press(self, keys: str) -> float:
        """Writes keys; the time at which that was done."""
        pressed = time.monotonic()
        os.write(self._end, keys.encode())
        return pressed

    def received(self, seconds: float) -> tuple[float, bytes] | None:
        """The next bytes, not yet drawn, and when they came; None where none come in ``seconds``, or ever."""
        if not select.select([self._end], [], [], max(0.0, seconds))[0]:
            return None
        try:
            data = os.read(self._end, 1 << 16)
        except OSError:  # Linux's way to say that the other side is closed
            return None
        return (time.monotonic(), data) if data else None

    def until(self, reached: Callable[[], bool], what: str) -> float:
        """Draws until the screen is as wanted, and answers when the bytes came that made it so."""
        at, deadline = time.monotonic(), time.monotonic() + PATIENCE
        while not reached():
            got = self.received(deadline - time.monotonic())
            if got is None:
                raise SystemExit("\n".join([*self.screen.lines(), f"the app did not come to {what}"]))
            at = got[0]
            self.screen.feed(got[1])
        return at

    def echoed(self, text: str) -> None:
        """Draws until the last line of ``text`` is in the prompt: a busy app must not mix up the order of keys."""
        line = text.rpartition("\n")[2]
        self.until(lambda: self.screen.shows(f"│ {line}"), f"showing {line!r}")

    def rest(self, seconds: float = REST) -> None:
        """Draws until nothing has come for ``seconds``, or for three times as long."""
        deadline = time.monotonic() + 3 * seconds
        while time.monotonic() < deadline and (got := self.received(seconds)) is not None:
            self.screen.feed(got[1])

    def after(self, pressed: float, judged: bool) -> Answered | None:
        """Draws until the key pressed then has been answered; when its verdict was painted, if it was."""
        shown = self.screen.verdict()
        first = last = 0.0
        while True:
            chunks = []
            while (got := self.received(REST)) is not None:
                chunks.append(got)
                if got[0] > pressed + PATIENCE:
                    raise SystemExit("the screen never comes to rest")
            for at, data in chunks:  # drawn only now, so that drawing delays no reading
                self.screen.feed(data)
                if self.screen.verdict() != shown:
                    shown, last = self.screen.verdict(), at
                    if not shown.removeprefix("… ").startswith("running"):
                        first = first or at
            if self.screen.settled() and first:
                return Answered(first - pressed, last - pressed) if judged else None
            if self.screen.settled() and (not judged or time.monotonic() > pressed + UNCHANGED):
                return None

    def quit(self) -> None:
        """Has the app quit in its own way."""
        self.press(QUIT)
        deadline = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < deadline:
            self.received(0.05)

    def close(self) -> None:
        """Ends the program and everything that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._end)


class Gap(NamedTuple):
    """A beat that came late: when (monotonic), by how much, and how much of that the loop's thread computed; seconds.

    What it did not compute itself it waited for, for the interpreter or for a processor.
    """

    at: float
    late: float
    computed: float


def read_gaps(notes: Path) -> list[Gap]:
    """What ``beats.py`` noted in a file."""
    return [Gap(*map(float, each)) for each in json.loads(notes.read_text(encoding="utf-8"))]


@contextmanager
def app(
    folder: Path, *before: str, python: str = sys.executable, size: tuple[int, int] = (COLUMNS, ROWS)
) -> Iterator[Terminal]:
    """The app in a terminal, on an empty solutions file; ``before`` in the place of ``-m ninja_tui``."""
    solutions = folder / "solutions.py"
    solutions.unlink(missing_ok=True)
    terminal = Terminal([*(before or ("-m", "ninja_tui")), "--solutions", str(solutions)], folder, python, size)
    try:
        yield terminal
    finally:
        terminal.close()


def surroundings(folder: Path, python: str = sys.executable) -> dict[str, str]:
    """The environment, less what changes how Python or Textual run, and with files of our own.

    The interpreter of another checkout finds that one, and not this.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("TEXTUAL")
        and name not in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "TERM_PROGRAM")
        and (name != "PYTHONPATH" or python == sys.executable)
    }
    files = {"HISTORY": "history.jsonl", "CONFIG": "config.toml", "DECK": "deck.json"}
    own = {f"NINJA_TUI_{name}": str(folder / file) for name, file in files.items()}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"} | own
