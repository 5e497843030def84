"""The app as a process in a terminal of its own: started, killed, refused."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.app.support import ANSWERS, LONGEST, SOME_NAMES

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ESCAPES = re.compile(rb"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|P[^\x1b]*\x1b\\|[()=>][0B]?)")
COLORS = re.compile(rb"[34]8;2;(\d+);(\d+);(\d+)")


class Terminal:
    """A process that has a pseudo-terminal for its standard streams; all that it writes is kept."""

    def __init__(self, path: Path, *options: str, **environment: str) -> None:
        names = path.parent / "names.txt"
        names.write_text(SOME_NAMES.served[0][1])
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        own = {"NINJA_TUI_HISTORY": "history.jsonl", "NINJA_TUI_CONFIG": "config.toml"}
        taken = {"TERM": "xterm-256color"} | {name: str(path.parent / file) for name, file in own.items()}
        inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ninja_tui", "--solutions", str(path), "--data", str(names), *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=inherited | taken | environment,
            start_new_session=True,  # and no controlling terminal, whose end would end the workers too
        )
        os.close(slave)
        self._master = master
        self.raw = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self._master, 65536):
                self.raw += data

    @property
    def shown(self) -> str:
        """Everything that was ever written to the terminal, without its control sequences."""
        return ESCAPES.sub(b"", self.raw).decode(errors="replace")

    def keys(self, keys: str) -> None:
        """Types into the terminal."""
        os.write(self._master, keys.encode())

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
        self._reader.join(5)
        os.close(self._master)


@contextmanager
def terminal(path: Path, *options: str, **environment: str) -> Iterator[Terminal]:
    opened = Terminal(path, *options, **environment)
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


def test_kill_9_loses_nothing_that_was_submitted_and_leaves_nobody_behind(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        to_the_first_node(opened)
        first, second = ANSWERS["logprobs"].split("\n")
        for part in (first.removeprefix("dlogprobs = "), "\n", second):
            opened.keys(part)
            time.sleep(0.3)  # keys are typed, not thrown
        until(lambda: "Enter submits it" in opened.shown, opened, "a verdict")
        assert not path.exists()
        opened.keys("\r")
        until(lambda: path.exists() and second in path.read_text(), opened, "the answer in the file")
        assert len(opened.family()) > 1
        opened.process.kill()
        opened.process.wait()
        until(lambda: opened.family() == [], opened, "the end of all workers")
    assert path.read_text() == f"# %% lesson: names\n# %% logprobs\n{ANSWERS['logprobs']}\n"
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".part")] == []


def test_kill_9_while_an_answer_runs_without_end(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        to_the_first_node(opened)
        opened.keys("[0 for _ in iter(int, 1)]")
        until(lambda: "running" in opened.shown, opened, "an answer that runs")
        opened.process.kill()
        opened.process.wait()
        until(lambda: opened.family() == [], opened, "the end of all workers")


def test_quitting_leaves_the_terminal_as_it_was_and_nobody_behind(tmp_path: Path) -> None:
    """With ``NO_COLOR`` set, there are only greys, too."""
    path = tmp_path / "solutions.py"
    with terminal(path, NO_COLOR="1") as opened:
        to_the_first_node(opened)
        opened.keys("\x11")  # ctrl+q
        assert opened.process.wait(LONGEST) == 0
        until(lambda: opened.family() == [], opened, "the end of all workers")
        assert b"\x1b[?1049l" in opened.raw
        assert "Traceback" not in opened.shown
        assert [color for color in COLORS.findall(opened.raw) if len(set(color)) > 1] == []
    assert not path.exists()


def test_a_stopped_app_is_painted_whole_when_it_goes_on(tmp_path: Path) -> None:
    with terminal(tmp_path / "solutions.py") as opened:
        until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
        for _ in range(3):
            painted = len(opened.raw)
            opened.keys("n")
            opened.keys("\x1a")
            until(lambda: _state_of(opened.process.pid) == "T", opened, "a stop")
            until(lambda at=painted: b"\x1b[?1049l" in opened.raw[at:], opened, "the shell's screen")  # type: ignore[misc]
            painted = len(opened.raw)
            opened.process.send_signal(signal.SIGCONT)
            until(lambda at=painted: b"Gradients" in opened.raw[at:], opened, "the panes once more")  # type: ignore[misc]
        opened.keys("\x11")
        assert opened.process.wait(LONGEST) == 0


def test_sigterm_ends_the_app_and_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    with terminal(tmp_path / "solutions.py") as opened:
        until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
        opened.process.terminate()
        assert opened.process.wait(LONGEST) == 128 + signal.SIGTERM
        until(lambda: opened.family() == [], opened, "the end of all workers")
        assert b"\x1b[?1049l" in opened.raw


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_file_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "C[ix] [red]x.py"
    path.write_text("dprobs = 1\ndh = (\n")
    with terminal(path) as opened:
        assert opened.process.wait(LONGEST) == 2
        until(lambda: "was never closed" in opened.shown, opened, "the sentence")
        line, *excerpt = opened.shown.replace("\r", "").strip().split("\n")
        assert line.startswith("ninja-tui: ")
        assert f"{path}, line 2" in line
        assert "dh = (" in excerpt[0]
    assert path.read_text() == "dprobs = 1\ndh = (\n"


def test_not_on_a_terminal(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "ninja_tui"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=LONGEST,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    (line,) = ran.stderr.splitlines()
    assert line.startswith("ninja-tui: ")
    assert "terminal" in line
    assert list(tmp_path.iterdir()) == []


def test_lines_that_a_terminal_pastes_as_keys_are_one_answer_and_alt_enter_breaks_a_line(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        to_the_first_node(opened)
        opened.keys(ANSWERS["logprobs"].removeprefix("dlogprobs = ").replace("\n", "\r"))
        until(lambda: "Enter submits it" in opened.shown, opened, "a verdict on both lines")
        opened.keys("\x1b\r")
        time.sleep(0.3)
        opened.keys("x = 1")
        time.sleep(0.3)
        assert not path.exists()
        opened.keys("\r")
        until(path.exists, opened, "the answer in the file")
    assert path.read_text() == f"# %% lesson: names\n# %% logprobs\n{ANSWERS['logprobs']}\nx = 1\n"
