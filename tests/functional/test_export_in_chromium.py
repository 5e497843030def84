"""An exported page in a real browser: it fetches nothing, and at no width has to be moved sideways."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from ninja_tui.engine.training.config import Backward
from ninja_tui.engine.training.events import Trained
from ninja_tui.export.page import Exported, page_of
from ninja_tui.replay import TrainingReport
from tests.exporting import judged, only_lesson
from tests.functional.test_serve_in_chromium import CHROMIUM, QUIET
from tests.helpers import a_file

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: the page was not looked at in a browser"),
]
ANSWERS = f"# %% lesson: micrograd\nderr = {{}}['{'x' * 300}']\ndout = derr  # {'y' * 300}\ndo = dout / 0\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.mark.parametrize("width", [1200, 420])
def test_nothing_of_a_page_is_fetched_or_stands_beyond_its_right_edge(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    report = judged(a_file(tmp_path, ANSWERS))
    done = Trained(Backward.MANUAL, 4, 0.5, array("d", [3.0, 2.5, 2.0, 1.5]), 2.0, 2.1, (), {}, None)
    training = TrainingReport("micrograd", done, ("m" * 40,) * 10)
    html = page_of(Exported(report, (only_lesson(report),), training, remarks=("z" * 300,)), "1.0")
    page = browser.new_page(viewport={"width": width, "height": 800})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(a_file(tmp_path, html, "page.html").as_uri())
    assert len(asked) == 1
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
