"""The app in a real browser: a walk, an answer, its verdict, and a training."""

from __future__ import annotations

import base64
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, WebSocket, sync_playwright

from tests.app.process import ESCAPES
from tests.functional.test_processes_end import LONGEST
from tests.functional.test_serve import serving
from tests.helpers import right_answers, some_names

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: the app was not tried in a browser"),
]
QUIET = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
]
BLURRED = 0.3
"""Seconds in which Esc and the next key would be one."""


class Tab:
    """A page with the app; what it is sent to paint, what it asks of whom, and what it complains of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._raw, self._mark = page, b"", 0
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        page.on("websocket", self._watch)
        page.on("request", lambda request: self.hosts.add(re.split("[/:]", request.url.split("://")[-1])[0]))
        page.on("requestfailed", lambda request: self.complaints.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        page.goto(url)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._take)

    def _take(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            self._raw += frame

    def shows(self, text: str) -> None:
        """Waits until ``text`` is painted, after what was waited for before."""
        deadline = time.monotonic() + LONGEST
        shown = ""
        while time.monotonic() < deadline:
            shown = ESCAPES.sub(b"", self._raw[self._mark :]).decode(errors="replace")
            if text in shown:
                self._mark = len(self._raw)
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{text!r} was never painted, but:\n{shown[-3000:]}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(1000 * BLURRED)

    def colours(self) -> int:
        """How many colours a picture of the page has."""
        picture = self.page.evaluate(
            """async (png) => {
                const image = new Image();
                image.src = "data:image/png;base64," + png;
                await image.decode();
                const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
                canvas.drawImage(image, 0, 0);
                const data = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
                return new Set(data).size;
            }""",
            base64.b64encode(self.page.screenshot()).decode(),
        )
        return int(picture)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("width", "height"), [(1200, 800), (800, 500)])
def test_a_walk_an_answer_and_a_training(browser: Browser, tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": height})
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    with serving(tmp_path, "--data", "some.txt") as served:
        tab = Tab(page, served.url)
        tab.shows("forward 1/20")
        tab.shows("What shape will")
        assert tab.colours() > 20
        tab.press("Enter", "n")
        tab.shows("2/20")
        tab.press("t", "n")
        tab.shows("backward 1/26")
        tab.press("e")
        tab.shows("typing")
        page.keyboard.type("torch.zeros_like(logprobs)")
        tab.shows("fail")
        answer = right_answers()["logprobs"]
        page.evaluate("text => navigator.clipboard.writeText(text)", answer)
        tab.press("Control+a", "Control+v")  # the browser's own pasting
        tab.shows("right: Enter submits it")
        tab.press("Control+c")
        tab.shows("copied; Alt+Q quits")
        page.wait_for_function("async () => (await navigator.clipboard.readText()).includes('range(n)')")
        tab.press("Enter")
        tab.shows("saved: Enter or F8 goes on")
        tab.press("Alt+g")  # Ctrl+T would be the browser's
        tab.shows("train & sample")
        tab.press("g")
        tab.shows("Start again to train")  # 25 are missing
        tab.press("g")
        tab.shows("steps/s")
        tab.press("s")
        tab.shows("stopped")
        tab.press("Escape", "?")
        tab.shows("Help")
        tab.press("Escape", "q")
        page.wait_for_selector("body.-closed")
        assert page.get_by_text("The session has ended").is_visible()
        assert answer in (tmp_path / "solutions.py").read_text(encoding="utf-8")
        assert tab.hosts == {"127.0.0.1"}
        assert tab.complaints == []
        tab.press("Enter")  # opens it again
        tab.shows("1 ✓")
        assert served.end() == 130
    page.close()


def test_keys_of_commands_arrive_also_those_that_a_browser_has_uses_for(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    page = browser.new_page(viewport={"width": 1200, "height": 800})
    with serving(tmp_path, "--data", "some.txt") as served:
        tab = Tab(page, served.url)
        tab.shows("forward 1/20")
        for key, shown in {
            "F3": "Find",
            "Control+l": "Lessons",
            "F2": "Walk: the key in the walk",
            "Control+p": "Search for commands",
            "F6": "loss",
        }.items():
            tab.press(key)
            tab.shows(shown)
            tab.press("Escape")
        tab.press("n", "F5")
        tab.shows("Answer")
        assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "navigate"  # F5 reloaded nothing
        closing = """() => {
            const event = new Event("beforeunload", { cancelable: true });
            window.dispatchEvent(event);
            return event.defaultPrevented;
        }"""
        assert page.evaluate(closing) is True  # Ctrl+W, to delete a word, closes no tab without a question
        tab.press("Escape", "q")
        page.wait_for_selector("body.-closed")
        assert page.evaluate(closing) is False
    page.close()


def test_a_page_of_someone_else_cannot_drive_the_app(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    with serving(tmp_path) as served:
        page.goto("data:text/html,<p>elsewhere</p>")
        opened = """url => new Promise(tell => {
            const socket = new WebSocket(url);
            socket.onopen = () => tell(true);
            socket.onerror = () => tell(false);
        })"""
        assert page.evaluate(opened, served.url.replace("http", "ws") + "/ws/all") is False
        page.set_content(f"<iframe src='{served.url}'></iframe>")
        page.wait_for_timeout(500)
        assert page.frames[1].evaluate("document.getElementById('terminal')") is None
    page.close()
