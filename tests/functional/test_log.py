"""The log on request: from every process, and without what tensors hold."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import right_answers, run, some_names

pytestmark = pytest.mark.processes

SECRET = 7919.25
ANSWERS = f"""\
# %% lesson: names
# %% logprobs
{right_answers()["logprobs"]}
# %% probs
dprobs = torch.full_like(probs, {SECRET})
# %% counts_sum_inv
raise ValueError(str(torch.full((2,), {SECRET})))
"""


def replayed(tmp_path: Path, *options: str, **environment: str) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    (tmp_path / "mine.py").write_text(ANSWERS, encoding="utf-8")
    command = [sys.executable, "-m", "ninja_tui", "--replay", "mine.py", "--data", "some.txt", *options]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("asked", ["option", "variable"])
def test_the_log_has_lines_of_every_process_and_no_value(tmp_path: Path, asked: str) -> None:
    if asked == "option":
        replayed(tmp_path, "--log", "log.txt")
    else:
        replayed(tmp_path, NINJA_TUI_LOG=str(tmp_path / "log.txt"))
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert len(set(re.findall(r"^\S+ \S+ (\d+) ", log, re.MULTILINE))) >= 3
    assert "JudgeAnswer" in log
    assert "RunStatement" in log
    assert "7919" not in log


def test_without_being_asked_for_there_is_none(tmp_path: Path) -> None:
    replayed(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.py", "some.txt"]


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    done = run("--list", "--log", str(tmp_path / "no" / "log.txt"), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "log.txt" in done.stderr
