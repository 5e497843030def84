"""The app as a process in a terminal of its own: started, killed, refused."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.app.process import COLORS, state_of, terminal, to_the_first_node, until
from tests.app.support import ANSWERS, LONGEST

pytestmark = [pytest.mark.processes, pytest.mark.slow]


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
            until(lambda: state_of(opened.process.pid) == "T", opened, "a stop")
            until(lambda at=painted: b"\x1b[?1049l" in opened.raw[at:], opened, "the shell's screen")  # type: ignore[misc]
            painted = len(opened.raw)
            opened.process.send_signal(signal.SIGCONT)
            until(lambda at=painted: b"Gradients" in opened.raw[at:], opened, "the panes once more")  # type: ignore[misc]
        opened.keys("\x11")
        assert opened.process.wait(LONGEST) == 0


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
