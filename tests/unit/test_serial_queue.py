"""A queue of jobs: their order, which of them are dropped, and its end."""

from __future__ import annotations

import enum
import threading
from collections.abc import Iterator

import pytest

from ninja_tui.engine.serial_queue import Job, SerialQueue


class Kind(enum.Enum):
    VIEW = enum.auto()
    JUDGE = enum.auto()


class Gate:
    """A job that runs until it is opened."""

    def __init__(self) -> None:
        self.running, self._open = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.running.set()
        assert self._open.wait(10)

    def open(self) -> None:
        self._open.set()


@pytest.fixture
def queue() -> Iterator[SerialQueue]:
    queue = SerialQueue()
    queue.start()
    yield queue
    queue.close()
    queue.join(10)
    assert not queue.is_alive()


def finish(queue: SerialQueue) -> None:
    """Returns when all jobs so far are done."""
    done = threading.Event()
    queue.add(done.set)
    assert done.wait(10)


def test_jobs_run_in_order_and_the_newest_of_a_kind_replaces_those_that_wait(queue: SerialQueue) -> None:
    done: list[str] = []

    def job(name: str) -> Job:
        return lambda: done.append(name)

    gate = Gate()
    queue.add(gate, Kind.VIEW)
    assert gate.running.wait(10)
    for name, kind in (("v1", Kind.VIEW), ("s1", None), ("j1", Kind.JUDGE), ("s2", None), ("v2", Kind.VIEW)):
        queue.add(job(name), kind)
    gate.open()
    finish(queue)
    assert done == ["s1", "j1", "s2", "v2"]


def test_closing_drops_what_waits_and_not_what_runs(queue: SerialQueue) -> None:
    done: list[str] = []
    gate = Gate()
    queue.add(gate)
    assert gate.running.wait(10)
    queue.add(lambda: done.append("waiting"))
    queue.close()
    gate.open()
    queue.join(10)
    assert done == []


def test_a_job_that_raises_takes_no_other_along(queue: SerialQueue) -> None:
    done = threading.Event()
    queue.add(lambda: print(1 / len("")))
    queue.add(done.set)
    assert done.wait(10)
