"""Fixtures of all tests, and the guard that keeps the mark ``processes`` truthful."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from typing import Any, NoReturn

import jupytext  # noqa: F401 - it looks for pandoc, in a process, when it is imported
import pytest
from hypothesis import settings

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.workers import client
from ninja_tui.lesson import words
from ninja_tui.lesson.read import read_lesson
from tests.helpers import some_names

# No test reads or writes the practice deck of the person who runs it.
os.environ["NINJA_TUI_DECK"] = os.devnull
# Threads of PyTorch that wait for each other take the cores from the other workers of xdist.
os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")

STARTERS: tuple[tuple[Any, str], ...] = (
    (BaseProcess, "start"),
    (subprocess.Popen, "__init__"),
    *((os, name) for name in ("fork", "forkpty", "posix_spawn", "system") if hasattr(os, name)),
)
"""Whatever starts a process, as an object and the name of its attribute."""


class UnmarkedProcess(AssertionError):
    """A test without the mark ``processes`` started a process."""


class ProcessGuard:
    """Refuses processes while a test without the mark ``processes`` runs, its fixtures included."""

    def __init__(self) -> None:
        self._test: str | None = None
        self._attempts: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Guards one test, from its fixtures' set-up to their teardown."""
        self._test = None if item.get_closest_marker("processes") else item.nodeid
        self._attempts.clear()
        try:
            return (yield)
        finally:
            self._test = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Fails a test whose refused process was started by code that went on without it."""
        result = yield
        if self._attempts:
            raise UnmarkedProcess(", ".join(self._attempts))
        return result

    def refusing(self, start: Callable[..., Any], name: str) -> Callable[..., Any]:
        """``start``, as it is to be called in this session."""

        def start_if_marked(*args: Any, **named: Any) -> Any:
            if self._test is not None:
                self._refuse(name)
            return start(*args, **named)

        return start_if_marked

    def _refuse(self, name: str) -> NoReturn:
        self._attempts.append(name)
        raise UnmarkedProcess(f"{self._test} starts a process by {name}: mark it `processes`")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Takes Hypothesis's timing of garbage collections away again, which nothing uses where there is no deadline.

    Up to Python 3.11.7 and 3.12.1 a callback of the collector while one thread parses makes ``ast.parse`` raise a
    SystemError where another thread parses too, as the app's do (python/cpython#106905).
    """
    gc.callbacks[:] = [each for each in gc.callbacks if "hypothesis" not in getattr(each, "__module__", "")]


def pytest_configure(config: pytest.Config) -> None:
    """Puts the guard in place."""
    guard = ProcessGuard()
    config.pluginmanager.register(guard, "process-guard")
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for owner, name in STARTERS:
        patch.setattr(owner, name, guard.refusing(getattr(owner, name), f"{owner.__name__}.{name}"))


@pytest.fixture(scope="module", autouse=True)
def own_word_lists() -> Iterator[None]:
    """Each file of tests has the bundled word lists: opening a lesson in this process may put others in their place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(words, "_served", {})
        yield


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """PyTorch is not loaded ahead of a test that has no processes."""
    if request.node.get_closest_marker("processes") is None:
        monkeypatch.setattr(client._OneServer, "running", _without_workers)


def _without_workers(_: object) -> NoReturn:
    raise client.WorkerError("this test has no workers")


@pytest.fixture(scope="session")
def bench() -> Iterator[Workbench]:
    """The names lesson on some of its names, opened once for the whole run: opening it costs seconds."""
    opened = Workbench(read_lesson("names"), Options(served=(("names.txt", some_names()),)))
    opened.open()
    yield opened
    opened.close()
