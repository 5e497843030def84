"""The lessons offered in the app, and the way from one to another."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ninja_tui.engine.events import CatalogueRead, Failed, Opened, RunsUnlocked
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.tui.app import NinjaApp
from tests.app.fake_backend import Fakes
from tests.app.support import (
    ANSWERS,
    AppPilot,
    backend,
    go_to,
    in_prompt,
    opened_app,
    pane_text,
    press,
    screen_text,
    session,
    settle,
    submit,
    type_text,
    visible,
    wait_for,
    wait_for_text,
    wait_for_toast,
    wait_until,
    walking,
    walking_with_processes,
)

SOFTMAX = "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n"


async def chosen(pilot: AppPilot, lesson: str) -> None:
    """Goes to ``lesson`` by the list that ``l`` opens."""
    await press(pilot, "escape", "l")
    names = lesson_names()
    now = session(pilot).lesson.name
    steps = names.index(lesson) - (names.index(now) if now in names else 0)
    await press(pilot, *["down" if steps > 0 else "up"] * abs(steps), "enter")
    await opened(pilot, lesson)


async def opened(pilot: AppPilot, lesson: str) -> None:
    def there() -> bool:
        walk = pilot.app.screen
        now = getattr(walk, "session", None)
        return now is not None and now.lesson.name == lesson and now.facts is not None

    await wait_for(pilot, there, f"the lesson {lesson}")


async def test_the_start_tells_all_lessons_and_what_is_answered_in_each() -> None:
    async with walking(Fakes().answers("batchnorm", hprebn="dhprebn = hprebn * 0"), size=(80, 24)) as pilot:
        for name in lesson_names():
            asked = len(read_lesson(name).asks)
            answered = 1 if name == "batchnorm" else 0
            await wait_for_text(pilot, f"{name} {answered}/{asked}", "prompt")


def listed(pilot: AppPilot) -> dict[str, list[str]]:
    """The list of lessons as it is on the screen: by name, bar, count and state."""
    found = {}
    for text in pane_text(pilot, "lessons").splitlines():
        words = text.replace("▸", " ").split()
        if words and words[0] in lesson_names():
            found[words[0]] = words[1:4]
    return found


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_the_list_stands_in_columns(size: tuple[int, int]) -> None:
    fakes = Fakes().answers("names", probs=ANSWERS["probs"])
    async with walking(fakes.answers("batchnorm", hprebn="dhprebn = hprebn * 0"), size=size) as pilot:
        await press(pilot, "escape", "l")
        lines = [text for text in pane_text(pilot, "lessons").splitlines() if re.search("[━·]{10}", text)]
        assert len(lines) == len(lesson_names())
        assert len({re.search("[━·]{10}", text).start() for text in lines}) == 1  # type: ignore[union-attr]  # all have it
        assert listed(pilot)["names"] == ["·" * 10, "1/26", "pass"]
        assert listed(pilot)["batchnorm"] == ["━" * 10, "1/1", "answered"]
        assert listed(pilot)["train"] == ["·" * 10, "0/13", "open"]
        await press(pilot, "down", "down", "down")
        await wait_for_text(pilot, "about train", "lessons-about")


@pytest.mark.parametrize("size", [(60, 14), (60, 18), (80, 24), (120, 40)])
async def test_each_lesson_is_told_with_its_chapter_and_the_bar_passes_over_headings(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        await press(pilot, "escape", "l", "home")
        headings = 0
        for name in lesson_names():
            await wait_for_text(pilot, f"about {name}", "lessons-about")
            notes = read_lesson(name).notes
            assert notes.chapter.partition(":")[0] in pane_text(pilot, "lessons-about")
            assert notes.part in pane_text(pilot, "lessons-about")
            headings += notes.chapter in pane_text(pilot, "lessons")
            await press(pilot, "down")
        assert headings == (len(lesson_names()) if size[1] >= 24 else headings)
        await wait_for_text(pilot, f"about {lesson_names()[0]}", "lessons-about")


async def test_the_bar_stays_where_it_is_when_the_terminal_changes() -> None:
    async with walking(size=(120, 40)) as pilot:
        await press(pilot, "escape", "l", "down")
        await pilot.resize_terminal(60, 14)
        await wait_for_text(pilot, "about cross-entropy", "lessons-about")
        await press(pilot, "down", "enter")
        await opened(pilot, "batchnorm")


async def test_a_lesson_is_done_when_all_of_it_passes_and_not_when_all_of_it_is_answered() -> None:
    fakes = Fakes().answers("names", **(ANSWERS | {"probs": "dprobs = probs"}))
    async with walking(fakes) as pilot:
        await press(pilot, "escape", "l")
        assert listed(pilot)["names"] == ["━" * 9 + "·", "25/26", "pass"]
        await press(pilot, "escape")
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "escape", "l")
        assert listed(pilot)["names"] == ["━" * 10, "26/26", "done"]


@pytest.mark.slow
async def test_another_lesson_is_one_key_away_and_each_keeps_its_answers() -> None:
    async with walking() as pilot:
        first = backend(pilot)
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await chosen(pilot, "cross-entropy")
        await wait_for(pilot, lambda: first.closed, "the end of the first backend")
        await press(pilot, "t", "enter")
        await wait_for(pilot, lambda: in_prompt(pilot), "the prompt")
        await submit(pilot, SOFTMAX)
        await chosen(pilot, "names")
        assert session(pilot).entry("probs").code == ANSWERS["probs"]
        await wait_for_text(pilot, "1 ✓")
        assert visible(pilot, "gradients")
        assert backend(pilot) is not first


async def test_events_of_a_lesson_that_was_left_are_not_taken() -> None:
    async with walking() as pilot:
        first = backend(pilot)
        await go_to(pilot, "dprobs")
        first.hold(object)
        await submit_without_waiting(pilot, "dprobs = probs")
        await chosen(pilot, "batchnorm")
        first.closed = False  # as one whose last events are on their way
        first.release()
        await settle(pilot)
        assert session(pilot).lesson.name == "batchnorm"
        assert session(pilot).entries == {}


async def submit_without_waiting(pilot: AppPilot, code: str) -> None:
    await type_text(pilot, code.removeprefix("dprobs = "))
    await press(pilot, "enter")


@pytest.mark.slow
@pytest.mark.processes
async def test_the_answers_to_all_lessons_stay_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking_with_processes(path) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await chosen(pilot, "cross-entropy")
        await press(pilot, "t", "enter")
        await wait_for(pilot, lambda: in_prompt(pilot), "the prompt")
        await submit(pilot, SOFTMAX)
        await wait_for_text(pilot, "1 ✓")
        await chosen(pilot, "names")
        assert session(pilot).entry("probs").code == ANSWERS["probs"]
        await wait_for_text(pilot, "1 ✓")
    held = path.read_text(encoding="utf-8")
    assert held.index("# %% lesson: names") < held.index("# %% lesson: cross-entropy")
    assert "dlogits /= n" in held
    assert ANSWERS["probs"] in held


async def test_the_palette_switches_the_lesson() -> None:
    async with walking() as pilot:
        await wait_for_text(pilot, "dinosaurs 0/", "prompt")
        await press(pilot, "ctrl+p")
        await type_text(pilot, "Lesson: batchn")
        await wait_for_text(pilot, "Lesson: batchnorm")
        await pilot.pause(0.3)
        await press(pilot, "down", "enter")
        await opened(pilot, "batchnorm")
        await wait_for_text(pilot, "batchnorm  ▶ forward 1/")


MINE = """\
import torch
g = torch.Generator().manual_seed(1)
w = torch.randn(3, 2, generator=g, requires_grad=True)
x = torch.randn(4, 3, generator=g)
y = torch.randn(4, 2, generator=g)
out = x @ w
gap = out - y
loss = (gap ** 2).mean()
loss.backward()
"""


@pytest.mark.slow
@pytest.mark.processes
async def test_the_list_opens_above_a_network_of_ones_own(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(MINE, encoding="utf-8")
    async with walking_with_processes(tmp_path / "solutions.py", lesson=str(script)) as pilot:
        await go_to(pilot, "dgap")
        await submit(pilot, "dgap = 2 * gap / gap.numel()")
        await wait_for_text(pilot, "1 ✓")
        await chosen(pilot, "names")
        await wait_for_text(pilot, "0 ✓")
    assert "dgap = 2 * gap / gap.numel()" in (tmp_path / "solutions.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("delay", [0.0, 0.05])
async def test_a_lesson_that_cannot_be_run_ends_the_app_with_its_reason(delay: float) -> None:
    """Whether the reason comes at once, or from a thread."""
    fakes = Fakes(opening_error="line 3: NameError: name 'data' is not defined", delay=delay)
    app = NinjaApp("names", fakes)
    async with app.run_test():
        await wait_until(lambda: app.return_code is not None)
    assert (app.return_code, app.failure) == (2, fakes.opening_error)


async def test_a_failure_later_is_a_toast_and_the_session_stays() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        backend(pilot).emit(Failed("a worker process ended: [range(n), Yb]"))
        await wait_for_toast(pilot, "a worker process ended: [range(n), Yb]")
        assert session(pilot).node is not None
        assert pilot.app.return_code is None


async def test_a_file_that_nothing_locks_in_is_warned_of_before_it_has_run() -> None:
    async with opened_app(Fakes(held=(Opened,))) as pilot:
        await wait_for_text(pilot, "starting PyTorch…")
        assert "locks it in" not in screen_text(pilot)
        backend(pilot).emit(RunsUnlocked(Path("folder", "their[0] [bold]net.py")))
        await wait_for_toast(pilot, "their[0] [bold]net.py runs now, and nothing on this system locks it in")
        await wait_for_toast(pilot, "ninja-tui doctor")
        assert session(pilot).facts is None


async def test_until_pytorch_has_started_a_node_can_be_answered_all_the_same() -> None:
    """What is typed before the lesson has run is judged as soon as it has."""
    fakes = Fakes(held=(Opened,))
    async with opened_app(fakes) as pilot:
        await wait_for_text(pilot, "starting PyTorch…")
        await press(pilot, "t", "enter")
        await type_text(pilot, "logprobs")
        await wait_for_text(pilot, "PyTorch is starting; this is judged as soon as it is there", "prompt")
        await wait_for_text(pilot, "PyTorch is starting…", "node")
        assert backend(pilot).asked("judge") == backend(pilot).asked("view") == []
        backend(pilot).release()
        await wait_for_text(pilot, "fail", "prompt")
        assert set(backend(pilot).asked("judge")) == {("logprobs", "dlogprobs = logprobs")}
        await wait_for(pilot, lambda: "starting" not in screen_text(pilot), "the tensor")


async def test_the_catalogue_may_come_before_the_lesson() -> None:
    fakes = Fakes(held=(object,))
    async with opened_app(fakes) as pilot:
        await wait_for(pilot, lambda: len(backend(pilot).held) >= 3, "the events of the start")
        backend(pilot).release(lambda events: sorted(events, key=lambda event: not isinstance(event, CatalogueRead)))
        await wait_for_text(pilot, "dinosaurs 0/", "prompt")
        await wait_for_text(pilot, "loss 3.5222")
