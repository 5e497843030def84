"""The app in a terminal ends by a signal, without its terminal, or by an error: cleanly, and losing nothing."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.app.process import Terminal, terminal, to_the_first_node, until
from tests.app.support import ANSWERS, LONGEST

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def answered(opened: Terminal) -> None:
    """Submits the first answer, and waits until it is called saved."""
    to_the_first_node(opened)
    first, second = ANSWERS["logprobs"].split("\n")
    for part in (first.removeprefix("dlogprobs = "), "\n", second):
        opened.keys(part)
        time.sleep(0.3)  # keys are typed, not thrown
    until(lambda: "Enter submits it" in opened.shown, opened, "a verdict")
    opened.keys("\r")


SAVED = f"# %% lesson: names\n# %% logprobs\n{ANSWERS['logprobs']}\n"


def ends(opened: Terminal, code: int) -> None:
    """The app ends with that code, and nobody is left."""
    assert opened.process.wait(LONGEST) == code
    until(lambda: opened.family() == [], opened, "the end of all workers")


def assert_left(opened: Terminal) -> None:
    """The terminal has its own screen again, and tells no more of the mouse; there is no traceback on it."""
    for mode in (b"?1049", b"?1000", b"?1003", b"?1006", b"?2004"):
        assert opened.raw.rindex(b"\x1b[" + mode + b"l") > opened.raw.rindex(b"\x1b[" + mode + b"h")
    assert "Traceback" not in opened.shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_app_and_leaves_the_terminal_as_it_was(tmp_path: Path, number: signal.Signals) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        before = opened.settings()
        answered(opened)
        until(lambda: "saved: Enter" in opened.shown, opened, "what is called saved")
        assert opened.settings() != before
        opened.process.send_signal(number)
        ends(opened, 128 + number)
        assert opened.settings() == before
        assert_left(opened)
    assert path.read_text() == SAVED


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_it_starts_ends_the_app(tmp_path: Path, number: signal.Signals) -> None:
    with terminal(tmp_path / "solutions.py") as opened:
        until(lambda: b"\x1b[?1049h" in opened.raw, opened, "the first frame")
        opened.process.send_signal(number)
        ends(opened, 128 + number)
        assert_left(opened)


def test_a_signal_ends_an_app_whose_terminal_reads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        before = opened.settings()
        to_the_first_node(opened)
        opened.stop_reading()
        time.sleep(0.2)
        opened.keys("\x1b[A\x1b[B" * 50 + "\x1bp\x1bn" * 60)
        time.sleep(1.0)
        opened.process.terminate()
        ends(opened, 128 + signal.SIGTERM)
        assert opened.settings() == before


def test_a_terminal_that_goes_away_takes_the_app_along(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        answered(opened)
        until(lambda: "saved: Enter" in opened.shown, opened, "what is called saved")
        opened.go_away()
        ends(opened, 128 + signal.SIGHUP)
    assert path.read_text() == SAVED


def test_a_terminal_that_goes_away_while_an_answer_runs(tmp_path: Path) -> None:
    with terminal(tmp_path / "solutions.py") as opened:
        to_the_first_node(opened)
        opened.keys("[0 for _ in iter(int, 1)]")
        until(lambda: "running" in opened.shown, opened, "an answer that runs")
        opened.go_away()
        ends(opened, 128 + signal.SIGHUP)


def test_a_stopped_app_whose_terminal_goes_away_ends_when_it_goes_on(tmp_path: Path) -> None:
    with terminal(tmp_path / "solutions.py") as opened:
        until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
        opened.keys("\x1a")
        until(lambda: opened.raw.rstrip().endswith(b"\x1b[?1004l"), opened, "a stop")
        opened.go_away()
        opened.process.send_signal(signal.SIGCONT)
        ends(opened, 128 + signal.SIGHUP)


GARBAGE = (
    b"\xe9",  # a letter in Latin-1
    b"\xff\xfe\x80",
    b"\x1b[M \xe9\xf0",  # an old mouse report
    b"\x1b[99999999999;5u",  # a key that no character has
    b"\x1b[200~\xe9\xff\x1b[201~",
    b"\xf0\x9f\x92",  # the beginning of a character
)


def test_bytes_that_are_no_text_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as opened:
        to_the_first_node(opened)
        for garbage in GARBAGE:
            opened.bytes(garbage)
            time.sleep(0.3)
        opened.keys(ANSWERS["logprobs"].removeprefix("dlogprobs = ").replace("\n", "\r"))
        until(lambda: "Enter submits it" in opened.shown, opened, "a verdict on the answer")
        assert "Traceback" not in opened.shown
        opened.keys("\r")
        until(path.exists, opened, "the answer in the file")
        opened.keys("\x11")
        ends(opened, 0)
    assert path.read_text() == SAVED


BROKEN = """
from ninja_tui.tui.screens.walk import WalkScreen
def action_view(self):
    raise KeyError("an error of our own [b]not bold")
WalkScreen.action_view = action_view
"""


def test_an_error_of_our_own_is_a_short_report_and_the_answers_are_safe(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path, first=BROKEN) as opened:
        before = opened.settings()
        answered(opened)
        until(lambda: "saved: Enter" in opened.shown, opened, "what is called saved")
        opened.keys("\x1b")
        time.sleep(0.5)
        opened.keys("v")
        ends(opened, 3)
        assert opened.settings() == before
        assert_left(opened)
        said = f"ninja-tui: {opened.shown.rpartition('ninja-tui: ')[2]}".replace("\r", "").strip().split("\n")
    assert len(said) == 2
    assert said[0].startswith("ninja-tui: KeyError in ")
    (report,) = tmp_path.glob("crash-*.txt")
    assert str(report) in said[0]
    assert said[1] == f"Your answers are in {path}."
    assert "an error of our own [b]not bold" in report.read_text()
    assert path.read_text() == SAVED


IN_A_THREAD = """
from ninja_tui.tui.driver import Keyboard
real = Keyboard.read
def read(self, data):
    if b"n" in data:
        raise RuntimeError("keys")
    return real(self, data)
Keyboard.read = read
"""


def test_an_error_where_keys_are_read_is_no_success(tmp_path: Path) -> None:
    with terminal(tmp_path / "solutions.py", first=IN_A_THREAD) as opened:
        until(lambda: "loss 3." in opened.shown, opened, "the lesson's loss")
        opened.keys("n")
        ends(opened, 3)
        assert "RuntimeError in " in opened.shown
        assert "Traceback" not in opened.shown


def test_answers_that_could_not_be_saved_go_into_a_file_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("# mine\n")
    path.chmod(0o444)
    with terminal(path) as opened:
        answered(opened)
        until(lambda: "1 not saved" in opened.shown, opened, "what is not saved")
        assert "saved: Enter" not in opened.shown
        opened.process.terminate()
        ends(opened, 128 + signal.SIGTERM)
        (file,) = tmp_path.glob("unsaved-*.py")
        assert str(file) in opened.shown
    assert file.read_text() == SAVED
    assert path.read_text() == "# mine\n"


def test_a_second_app_on_a_file_says_so_and_knows_when_the_first_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with terminal(path) as first:
        until(lambda: "loss 3." in first.shown, first, "the lesson's loss")
        with terminal(path) as second:
            until(lambda: "open elsewhere" in second.shown, second, "a word on the other")
            assert f"process {first.process.pid}" in second.shown
            assert "open elsewhere" not in first.shown
            first.process.kill()
            first.process.wait()
            second.keys("t\r")
            until(lambda: "no other ninja-tui" in second.shown, second, "a word on the end of the other")
