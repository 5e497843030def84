"""The app in a terminal of its own, until it has painted its lesson."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

LONGEST = 60.0
"""Seconds."""
SHOWN = b"forward 1/"


class FirstFrameError(Exception):
    """The app does not come, or not go; the text says what it painted."""


def first_frame(command: str, folder: Path) -> str:
    """Opens the app, quits it, and says how long both took. Raises FirstFrameError."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NINJA_TUI"))}
    begun = time.monotonic()
    app = subprocess.Popen(
        [command],
        cwd=folder,
        env={**inherited, "TERM": "xterm-256color", "NINJA_TUI_CONFIG": str(folder / "config.toml")},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        painted = _read_until(ours, SHOWN)
        came = time.monotonic() - begun
        os.write(ours, b"q")
        _read_until(ours, None)
        code = app.wait(LONGEST)
    finally:
        app.kill()
        app.wait()
        os.close(ours)
    if SHOWN not in painted or code != 0:
        raise FirstFrameError(f"the app ended with {code} and had painted:\n{painted[-2000:].decode(errors='replace')}")
    return f"there after {came:.1f} s, and q ends it with 0"


def _read_until(terminal: int, text: bytes | None) -> bytes:
    """What is written to the terminal until ``text`` is among it, or until its other end is closed."""
    painted = b""
    deadline = time.monotonic() + LONGEST
    while (text is None or text not in painted) and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:  # so Linux says that nobody is there
                break
            if not data:
                break
            painted += data
    return painted
