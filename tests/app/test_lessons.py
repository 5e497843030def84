"""The lessons offered in the app, and the way from one to another."""

from __future__ import annotations

from pathlib import Path

from ninja_tui.lesson.read import lesson_names, read_lesson
from tests.app.support import (
    ANSWERS,
    AppPilot,
    go_to,
    in_prompt,
    session,
    submit,
    type_text,
    visible,
    wait_for,
    wait_for_text,
    walking,
)


async def chosen(pilot: AppPilot, lesson: str) -> None:
    """Goes to ``lesson`` by the list that ``l`` opens."""
    await pilot.press("escape", "l")
    names = lesson_names()
    now = session(pilot).lesson.name
    steps = names.index(lesson) - (names.index(now) if now in names else 0)
    await pilot.press(*["down" if steps > 0 else "up"] * abs(steps), "enter")
    await opened(pilot, lesson)


async def opened(pilot: AppPilot, lesson: str) -> None:
    def there() -> bool:
        walk = pilot.app.screen
        now = getattr(walk, "session", None)
        return now is not None and now.lesson.name == lesson and now.facts is not None

    await wait_for(pilot, there, f"the lesson {lesson}")


async def test_the_start_tells_all_lessons_and_what_is_answered_in_each(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("# %% lesson: batchnorm\n# %% hprebn\ndhprebn = hprebn * 0\n", encoding="utf-8")
    async with walking(path, size=(80, 24)) as pilot:
        for name in lesson_names():
            asked = len(read_lesson(name).asks)
            answered = 1 if name == "batchnorm" else 0
            await wait_for_text(pilot, f"{name} {answered}/{asked}", "prompt")


async def test_another_lesson_is_one_key_away_and_the_answers_stay_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await chosen(pilot, "cross-entropy")
        await pilot.press("t", "enter")
        await wait_for(pilot, lambda: in_prompt(pilot), "the prompt")
        await submit(pilot, "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n")
        await wait_for_text(pilot, "1/1 pass")
        await chosen(pilot, "names")
        assert session(pilot).entry("probs").code == ANSWERS["probs"]
        await wait_for_text(pilot, "1/26 pass")
        assert visible(pilot, "gradients")
    held = path.read_text(encoding="utf-8")
    assert held.index("# %% lesson: names") < held.index("# %% lesson: cross-entropy")
    assert "dlogits /= n" in held
    assert ANSWERS["probs"] in held


async def test_the_palette_switches_the_lesson(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await wait_for_text(pilot, "dinosaurs 0/", "prompt")
        await pilot.press("ctrl+p")
        await type_text(pilot, "Lesson: batchn")
        await pilot.pause(0.5)
        await pilot.press("down", "enter")
        await opened(pilot, "batchnorm")
        await wait_for_text(pilot, "batchnorm  ·  forward 1/")


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


async def test_the_list_opens_above_a_network_of_ones_own(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(MINE, encoding="utf-8")
    async with walking(tmp_path / "solutions.py", lesson=str(script)) as pilot:
        await go_to(pilot, "dgap")
        await submit(pilot, "dgap = 2 * gap / gap.numel()")
        await wait_for_text(pilot, "1/3 pass")
        await chosen(pilot, "names")
        await wait_for_text(pilot, "0/26 pass")
    assert "dgap = 2 * gap / gap.numel()" in (tmp_path / "solutions.py").read_text(encoding="utf-8")
