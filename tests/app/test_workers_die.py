"""A worker that dies costs one answer at most, whatever it dies of; the app goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.engine.events import Event, Failed, Judged, Opened, Saved
from ninja_tui.engine.protocol.verdict import Status, Upstream
from ninja_tui.lesson.solutions import SavedAnswer
from tests.app.real_backend import LONGEST, RealBackend, started
from tests.app.support import ANSWERS, NODES

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBackend]:
    with started(tmp_path_factory.mktemp("names") / "solutions.py") as real:
        real.event(Opened)
        real.backend.prepare("logprobs", Upstream.PASSING, {})
        assert real.verdict("logprobs", ANSWERS["logprobs"]).passed
        yield real


@pytest.mark.parametrize(
    "code",
    [
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\ndlogprobs = 1",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\ndlogprobs = 1",
        "import ctypes\nctypes.string_at(0)\ndlogprobs = 1",
        "import os\nos._exit(0)\ndlogprobs = 1",
        "held = []\nwhile True:\n    held.append(bytearray(1 << 28))\ndlogprobs = 1",
        "dlogprobs = torch.ones(1 << 40)",
        "def deeper(n):\n    return deeper(n + 1)\nimport sys\nsys.setrecursionlimit(10**9)\ndlogprobs = deeper(0)",
    ],
    ids=["SIGKILL", "SIGSEGV", "null pointer", "exit", "memory", "one tensor", "stack"],
)
def test_an_answer_that_ends_its_worker_costs_itself(names: RealBackend, code: str) -> None:
    verdict = names.verdict("logprobs", code)
    assert verdict.status in (Status.ERROR, Status.TIMEOUT)
    assert verdict.error
    assert names.verdict("logprobs", ANSWERS["logprobs"]).passed


def workers() -> list[int]:
    """The processes that descend from this one's children, which are servers."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    servers = {child for child, parent in parents.items() if parent == os.getpid()}
    found = [child for child, parent in parents.items() if parent in servers]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def judged_at_last(real: RealBackend) -> list[Event]:
    """The events of judging the right answer again and again, until it passes; at most twice it does not."""
    events: list[Event] = []
    for _ in range(3):
        real.backend.prepare("logprobs", Upstream.PASSING, {})
        real.backend.judge("logprobs", ANSWERS["logprobs"])
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline:
            event = real.event(object)
            if isinstance(event, Judged | Failed):
                events.append(event)
                break
        if isinstance(events[-1], Judged) and events[-1].verdict.passed:
            return events
    raise AssertionError(f"it never passes again: {events}")


def test_workers_that_are_killed_from_outside_cost_one_answer_and_what_is_submitted_is_saved(tmp_path: Path) -> None:
    """One by one."""
    path = tmp_path / "solutions.py"
    with started(path) as real:
        real.event(Opened)
        judged_at_last(real)
        for number in (signal.SIGKILL, signal.SIGSEGV):
            for pid in workers():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    continue
                real.backend.save("logprobs", SavedAnswer(f"dlogprobs = {pid}"), NODES)
                assert real.event(Saved).answer.code == f"dlogprobs = {pid}"
                judged_at_last(real)
