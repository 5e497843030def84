"""Each file has a process of its own; of a lesson that comes with us it is a copy of one where the set-up has run."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.protocol.answering import Outcome, RunStatement
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Worker
from ninja_tui.lesson.read import LESSONS, lesson_names, read_folder, read_lesson

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def bench() -> Iterator[Workbench]:
    opened = Workbench(read_lesson("micrograd"), Options())
    opened.open()
    yield opened
    opened.close()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def server_of(bench: Workbench) -> int:
    """The process of which the reference is a child."""
    assert isinstance(bench._reference, Worker)
    return parent_of(bench._reference.pid)


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.01)
    return False


def ran(bench: Workbench, code: str) -> tuple[Outcome, int]:
    """What a fresh process says of ``code``, and the process's parent."""
    runner = bench.runner()
    worker = runner._worker
    assert isinstance(worker, Worker)
    try:
        runner.begin(())
        return runner.execute(RunStatement(code, 1), 5.0), parent_of(worker.pid)
    finally:
        runner.close()


def test_what_a_file_changes_is_not_there_for_the_next(bench: Workbench) -> None:
    spoil = "import torch\ntorch.Tensor.__add__ = lambda *_: 1 / 0\ntorch.spoilt = w1.data.fill_(7.0)"
    assert ran(bench, spoil)[0].error == ""
    assert ran(bench, "assert not hasattr(torch, 'spoilt') and w1 + 0 != 7.0")[0].error == ""


def test_processes_of_a_lesson_of_ours_are_copies_of_one(bench: Workbench) -> None:
    (_, one), (_, other) = ran(bench, "1"), ran(bench, "2")
    assert one == other != server_of(bench)


def test_a_template_that_was_killed_is_made_anew(bench: Workbench) -> None:
    _, template = ran(bench, "1")
    os.kill(template, signal.SIGKILL)
    assert is_gone(template)
    for _ in range(2):  # the first may have been made ahead, and have gone with it
        try:
            outcome, parent = ran(bench, "1")
            break
        except (Broken, TimedOut):
            continue
    assert outcome.error == ""
    assert parent != template


def test_a_lesson_of_somebody_elses_has_no_template(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "forward.py").write_text((LESSONS / "micrograd" / "forward.py").read_text(encoding="utf-8"), "utf-8")
    theirs = Workbench(read_folder(folder), Options())
    theirs.open()
    try:
        assert ran(theirs, "1")[1] == server_of(theirs)
    finally:
        theirs.close()


@pytest.mark.parametrize("name", lesson_names())
def test_no_gradient_is_in_a_template(name: str) -> None:
    """Only the lesson's own forward pass has run in it."""
    lesson = read_lesson(name)
    opened = Workbench(lesson, Options())
    opened.open()
    try:
        for gradient in map(opened.gradient_name, opened.facts.shapes):
            outcome, _ = ran(opened, f"assert {gradient!r} not in globals()")
            assert outcome.error == "", gradient
    finally:
        opened.close()


def test_a_closed_workbench_leaves_no_process() -> None:
    opened = Workbench(read_lesson("micrograd"), Options())
    opened.open()
    runner = opened.runner()
    worker = runner._worker
    assert isinstance(worker, Worker)
    template = parent_of(worker.pid)
    opened.close()
    assert is_gone(template)
    assert is_gone(worker.pid)
