"""What tests of the app need: start it, press its keys, and read what is on the screen."""

from __future__ import annotations

import asyncio
import os
import time
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from unittest import mock

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.pilot import Pilot

from ninja_tui.engine.backend import BackendFactory, Emit
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import read_solutions
from ninja_tui.lesson.words import read_words
from ninja_tui.tui.app import NinjaApp, Practice
from ninja_tui.tui.config import Reading, Settings
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.contrast import ALL_COLOURS, Terminal
from ninja_tui.tui.feedback import Feedback
from ninja_tui.tui.screens.find import FindScreen
from ninja_tui.tui.screens.walk import WalkScreen
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.prompt import PromptPane
from tests.app.fake_backend import FakeBackend, Fakes
from tests.app.practice_support import practice_with

LONGEST = 20.0
"""Seconds after which something that a test waits for counts as never coming."""

ROUNDS = 3
"""A message may give others, and these others again."""
CHARACTERS = {"question_mark": "?", "slash": "/", "colon": ":"}
"""The characters of keys that have a name."""

NODES = read_lesson("names").asks

AppPilot = Pilot[int]
SOME_NAMES = Options(served=(("names.txt", "\n".join(read_words("names.txt")[::20])),))
"""Every twentieth of the lesson's names: the same shapes, and workers that start sooner."""


def solution_code() -> dict[str, str]:
    """The lesson's own answer to each node."""
    lesson = read_lesson("names")
    assert lesson.solution is not None
    answers = read_solutions(lesson.solution, "names").answers("names", lesson.asks)
    return {node: answer.code for node, answer in answers.items()}


ANSWERS = solution_code()


def config_with(settings: Settings) -> Config:
    """These settings, and no file that keeps them."""
    return Config(reading=Reading(settings))


def without_questions() -> Config:
    """The defaults, and a step of the way forward is one key."""
    return config_with(Settings(questions=False))


@asynccontextmanager
async def walking(
    fakes: Fakes | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    history: Path = Path(os.devnull),
    lesson: str = "names",
    config: Config | None = None,
    terminal: Terminal = ALL_COLOURS,
    practice: Practice | None = None,
) -> AsyncIterator[AppPilot]:
    """The app on fake backends, once the lesson has run and its answers are judged."""
    fakes = fakes or Fakes()
    async with opened_app(
        fakes, lesson, size, history, config=config, terminal=terminal, practice=practice or practice_with(fakes)
    ) as pilot:
        await wait_until_ready(pilot)
        yield pilot


@asynccontextmanager
async def walking_with_processes(
    path: Path,
    *,
    size: tuple[int, int] = (120, 40),
    options: Options = SOME_NAMES,
    lesson: str = "names",
    config: Config | None = None,
) -> AsyncIterator[AppPilot]:
    """The app on real workers and the solutions file ``path``."""

    def make_backend(name: str, emit: Emit) -> ProcessBackend:
        return ProcessBackend(name, path, options, emit)

    async with opened_app(make_backend, lesson, size, path.parent / "history.jsonl", config=config) as pilot:
        await wait_until_ready(pilot)
        yield pilot


@asynccontextmanager
async def opened_app(
    make_backend: BackendFactory,
    lesson: str = "names",
    size: tuple[int, int] = (120, 40),
    history: Path = Path(os.devnull),
    *,
    config: Config | None = None,
    terminal: Terminal = ALL_COLOURS,
    practice: Practice | None = None,
) -> AsyncIterator[AppPilot]:
    """The app, as soon as it is painted."""
    with mock.patch.dict(os.environ, {"NINJA_TUI_HISTORY": str(history)}):
        os.environ.pop("NO_COLOR", None)
        if terminal.grey:
            os.environ["NO_COLOR"] = "1"
        app = NinjaApp(lesson, make_backend, config or without_questions(), terminal, practice)
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                yield pilot
        finally:
            app.backend.close()


async def wait_until_ready(pilot: AppPilot) -> None:
    """Waits until the lesson has run and its answers are judged."""
    await wait_for(pilot, lambda: _walk(pilot).ready)
    await wait_for(pilot, lambda: _judged(session(pilot)))
    await settle(pilot)


async def ready(pilot: AppPilot, what: str, condition: Callable[[Session], bool]) -> None:
    """Waits for a session that has run, and of which ``condition`` holds."""

    def there() -> bool:
        now = getattr(pilot.app.screen, "session", None)
        return isinstance(now, Session) and now.facts is not None and condition(now)

    await wait_for(pilot, there, what)


def backend(pilot: AppPilot) -> FakeBackend:
    """The fake backend of the open lesson."""
    app = pilot.app
    assert isinstance(app, NinjaApp)
    assert isinstance(app.backend, FakeBackend)
    return app.backend


def _judged(now: Session) -> bool:
    return all(entry.verdict is not None for entry in now.entries.values() if entry.code)


async def wait_for(pilot: AppPilot, condition: Callable[[], bool], what: str = "") -> None:
    """Returns as soon as ``condition`` holds; fails, with what the screen shows, where it never does."""
    with suppress(TimeoutError):
        await wait_until(lambda: bool(pilot.app.return_code) or condition())
    if not condition():
        raise AssertionError(f"never came: {what or 'what was waited for'}\n{screen_text(pilot)}")


async def wait_until(condition: Callable[[], bool]) -> None:
    """Returns as soon as ``condition`` holds; raises TimeoutError where it never does."""
    deadline = time.monotonic() + LONGEST
    rest = 0.01
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(rest)
        rest = min(0.1, rest * 1.5)
    await asyncio.sleep(0)


async def wait_for_text(pilot: AppPilot, text: str, pane: str = "") -> None:
    """Waits until ``text`` stands on the screen, or in the pane of that id, where its lines may break anywhere."""

    def there() -> bool:
        return unwrapped(text) in unwrapped(pane_text(pilot, pane)) if pane else text in screen_text(pilot)

    await wait_for(pilot, there, f"{text!r} in {pane or 'the screen'}")


def tap(pilot: AppPilot, key: str) -> None:
    """Presses a key and does not wait for what comes of it."""
    name = key if len(key) > 1 or key.isalnum() else _key_name(key)
    pilot.app.post_message(events.Key(name, CHARACTERS.get(key, key if len(key) == 1 else None)))


def _key_name(character: str) -> str:
    return unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")


async def press(pilot: AppPilot, *keys: str) -> None:
    """Presses keys, each once all that came of the one before is done; without the sleeps of ``pilot.press``."""
    for key in keys:
        tap(pilot, key)
        await settle(pilot)


async def settle(pilot: AppPilot) -> None:
    """Returns when every widget has done what it was asked for, and what came of that, and is painted."""
    for _ in range(ROUNDS):
        await pilot.pause(0)


async def type_text(pilot: AppPilot, text: str) -> None:
    """Types ``text`` key by key; a line break is ctrl+j."""
    for number, line in enumerate(text.split("\n")):
        if number:
            await press(pilot, "ctrl+j")
        for character in line:
            tap(pilot, character)
        await settle(pilot)


async def clear_prompt(pilot: AppPilot) -> None:
    """Empties the prompt, as one does by hand."""
    lines = prompt_code(pilot).split("\n")
    for number, line in enumerate(reversed(lines)):
        await press(pilot, *["backspace"] * (number > 0), *["ctrl+u"] * (line != ""))
    await wait_for(pilot, lambda: prompt_code(pilot) == "", "an empty prompt")


async def write_answer(pilot: AppPilot, code: str) -> None:
    """Puts ``code`` in the prompt in the place of what is there, by key."""
    await clear_prompt(pilot)
    await type_text(pilot, code)
    await wait_for(pilot, lambda: prompt_code(pilot) == code, f"{code!r} in the prompt")


async def submit(pilot: AppPilot, code: str) -> None:
    """Writes ``code``, presses Enter, and waits until the table has a verdict on it."""
    await write_answer(pilot, code)
    node = session(pilot).node
    assert node is not None
    name = node.name
    await press(pilot, "enter")

    def judged() -> bool:
        entry = session(pilot).entry(name)
        return entry.code == code and entry.verdict is not None

    await wait_for(pilot, judged, f"a verdict on {code!r}")


async def go_to(pilot: AppPilot, place: str) -> None:
    """Goes to a node, such as ``dprobs``, by the find list; to the first by the turn."""
    if place == f"d{NODES[0]}":
        tap(pilot, "alt+t")
        tap(pilot, "f8")
    else:
        tap(pilot, "f3")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, FindScreen), "the find list")
        await type_text(pilot, place)
        tap(pilot, "enter")
    await wait_for(pilot, lambda: isinstance(pilot.app.screen, WalkScreen), "the walk")
    await wait_for(pilot, lambda: (node := session(pilot).node) is not None and node.gradient == place, place)
    await wait_for(pilot, lambda: in_prompt(pilot), "the focus in the prompt")
    await settle(pilot)


def session(pilot: AppPilot) -> Session:
    """Where the walk is, and what it holds."""
    session = _walk(pilot).session
    assert session is not None
    return session


def feedback(pilot: AppPilot) -> Feedback:
    """The feedback on the code in the prompt."""
    return _walk(pilot).query_one(PromptPane).feedback


def prompt_code(pilot: AppPilot) -> str:
    """The code in the prompt."""
    return _walk(pilot).query_one(PromptPane).input.text


def in_prompt(pilot: AppPilot) -> bool:
    """Whether the keys are the prompt's."""
    return _walk(pilot).query_one(PromptPane).input.has_focus


def focused(pilot: AppPilot) -> str:
    """The id of the pane that has the keys; empty where none has."""
    return (_walk(pilot).focused or _walk(pilot)).id or ""


def screen_lines(pilot: AppPilot) -> list[str]:
    """What is on the screen, line by line."""
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def screen_text(pilot: AppPilot) -> str:
    """What is on the screen."""
    return "\n".join(screen_lines(pilot))


def pane_text(pilot: AppPilot, pane: str) -> str:
    """What the pane of that id shows within its borders, as much of it as is in sight."""
    return "\n".join(line[1:-1].rstrip() for line in _within(pilot, pane))


def toasts(pilot: AppPilot) -> str:
    """What toasts say, without white space."""
    lines = screen_lines(pilot)
    regions = [toast.region for toast in pilot.app.screen.query("Toast")]
    return "".join(unwrapped(line[r.x : r.right].strip("▌")) for r in regions for line in lines[r.y : r.bottom])


async def wait_for_toast(pilot: AppPilot, text: str) -> None:
    """Waits until a toast says ``text``, whatever way its lines break."""
    await wait_for(pilot, lambda: unwrapped(text) in toasts(pilot), f"a toast that says {text!r}")


def close_toasts(pilot: AppPilot) -> None:
    """Takes away the toasts, which cover a part of the panes for five seconds."""
    pilot.app.clear_notifications()


def unwrapped(text: str) -> str:
    """Text without any white space, so that wrapped lines compare."""
    return "".join(text.split())


def visible(pilot: AppPilot, pane: str) -> bool:
    """Whether the pane has a place on the screen."""
    widget = _walk(pilot).query_one(f"#{pane}")
    return widget.region.size.area > 0 and all(each.display for each in widget.ancestors_with_self)


async def show(pilot: AppPilot, pane: str) -> None:
    """Goes through the panes until this one is in sight."""
    for _ in range(4):
        if visible(pilot, pane):
            return
        await press(pilot, "f12")
    assert visible(pilot, pane), f"{pane} is not shown\n{screen_text(pilot)}"


def place_of(pilot: AppPilot, pane: str, text: str) -> tuple[int, int]:
    """Column and row of the screen at which ``text`` begins in a pane."""
    region = _region(pilot, pane)
    for row, line in enumerate(_within(pilot, pane)):
        if text in line:
            return region.x + line.index(text), region.y + row
    raise AssertionError(f"{text!r} is not in {pane}\n{screen_text(pilot)}")


async def click_on(pilot: AppPilot, pane: str, text: str) -> None:
    """Clicks where ``text`` stands in a pane."""
    await wait_for_text(pilot, text, pane)
    await settle(pilot)
    column, row = place_of(pilot, pane, text)
    await pilot.click(offset=(column + len(text) // 2, row))


def styles_of(pilot: AppPilot, pane: str, text: str) -> set[Style]:
    """The styles in which ``text`` is painted in a pane."""
    column, row = place_of(pilot, pane, text)
    strip = pilot.app.screen._compositor.render_strips()[row].crop(column, column + len(text))
    return {_style(segment) for segment in strip if segment.text.strip()}


def table_rows(pilot: AppPilot) -> dict[str, list[str]]:
    """The rows of the gradients table that are in sight: by node, the cells after its name."""
    rows = {}
    for line in pane_text(pilot, "gradients").splitlines():
        words = line.replace(", ", ",").split()
        if len(words) > 2 and words[1] in NODES:
            rows[words[1]] = words[2:]
    return rows


def _style(segment: Segment) -> Style:
    return segment.style or Style()


def _within(pilot: AppPilot, pane: str) -> list[str]:
    region = _region(pilot, pane)
    return [line[region.x : region.right] for line in screen_lines(pilot)[region.y : region.bottom]]


def _region(pilot: AppPilot, pane: str) -> Region:
    return pilot.app.screen.query_one(f"#{pane}").region


def _walk(pilot: AppPilot) -> WalkScreen:
    walk = pilot.app.screen_stack[0]
    assert isinstance(walk, WalkScreen)
    return walk


def find_open(pilot: AppPilot) -> bool:
    """Whether the find list is open."""
    return isinstance(pilot.app.screen, FindScreen)
