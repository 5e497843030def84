"""The mark ``processes`` is truthful: a test without it that starts a process fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import a_file

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parent.parent.parent
TESTS = """
import contextlib, os, subprocess, sys
import pytest
from ninja_tui.engine.workers.client import Role, Worker

def test_command():
    subprocess.run([sys.executable, "-c", ""])

def test_worker():
    Worker(Role.RUNNER).close()

def test_silenced():
    with contextlib.suppress(BaseException):
        os.system("true")

@pytest.fixture
def started():
    subprocess.run([sys.executable, "-c", ""])

def test_fixture(started):
    pass

def test_none():
    pass

@pytest.mark.processes
def test_marked(started):
    os.system("true")
"""


def test_a_test_without_the_mark_that_starts_a_process_fails(tmp_path: Path) -> None:
    options = ["-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest", "-p", "no:cacheprovider", "-n0", "-rA"]
    command = [sys.executable, "-m", "pytest", *options, str(a_file(tmp_path, TESTS, "test_some.py"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    outcomes = {line.split("::")[1].split(" ")[0]: line.split()[0] for line in done.stdout.splitlines() if "::" in line}
    assert outcomes == {
        "test_command": "FAILED",
        "test_worker": "FAILED",
        "test_silenced": "FAILED",
        "test_fixture": "ERROR",
        "test_none": "PASSED",
        "test_marked": "PASSED",
    }
