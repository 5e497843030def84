"""However a command ends, none of its processes is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.helpers import right_answers, some_names

pytestmark = [pytest.mark.processes, pytest.mark.skipif(not Path("/proc").exists(), reason="it looks into /proc")]
LONGEST = 30.0


def members(session: int) -> list[int]:
    """The processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] not in ("Z", "X"):
                found.append(int(entry.name))
    return found


def started(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """The command in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "ninja_tui", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def comes(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONGEST
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file with a right answer, and one that never ends."""
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    answers = right_answers()
    (tmp_path / "mine.py").write_text(f"{answers['logprobs']}\ndprobs = 0\nwhile True: pass\n", encoding="utf-8")
    return tmp_path


def test_a_file_that_is_not_there_leaves_no_server_that_was_still_starting(tmp_path: Path) -> None:
    process = started(tmp_path, "replay", "nothing.py")
    assert process.wait(LONGEST) == 2
    assert members(process.pid) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_an_answer_runs_leaves_nobody(endless: Path, number: signal.Signals) -> None:
    process = started(endless, "replay", "mine.py", "--data", "some.txt", "--timeout", "60")
    assert comes(lambda: len(members(process.pid)) >= 4)  # the command, the server, the reference, a runner
    time.sleep(1.0)
    process.send_signal(number)
    process.wait(LONGEST)
    assert comes(lambda: members(process.pid) == [])


def test_a_signal_while_pytorch_is_loaded_leaves_nobody(endless: Path) -> None:
    process = started(endless, "replay", "mine.py", "--data", "some.txt")
    assert comes(lambda: len(members(process.pid)) >= 2)
    process.kill()
    process.wait(LONGEST)
    assert comes(lambda: members(process.pid) == [])
