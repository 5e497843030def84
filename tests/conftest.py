from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.lesson.read import read_lesson
from tests.helpers import some_names

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def bench() -> Iterator[Workbench]:
    """The names lesson on some of its names, opened once for the whole run: opening it costs seconds."""
    opened = Workbench(read_lesson("names"), Options(served=(("names.txt", some_names()),)))
    opened.open()
    yield opened
    opened.close()
