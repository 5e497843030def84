"""Training in the app, by key: start, pause, stop, sample, save, load, and what goes wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.state import Stage, TrainState
from tests.app.support import AppPilot, pane_text, screen_text, type_text, wait_for, wait_for_text, walking
from tests.engine.notebook_support import ANSWERS, CELLS, notebook

FIELDS = ("steps", "batch", "rate", "then", "seed", "names' seed", "backward", "if wrong")
"""The choices in the order in which Tab goes through them."""


def answers() -> str:
    """The lesson's own answers, as a file."""
    solution = read_lesson("train").solution
    assert solution is not None
    return solution.read_text(encoding="utf-8")


@asynccontextmanager
async def training(
    tmp_path: Path, code: str, size: tuple[int, int] = (120, 40), lesson: str = "train"
) -> AsyncIterator[AppPilot]:
    """The training screen of a lesson, with these answers in the file."""
    path = tmp_path / "solutions.py"
    path.write_text(code, encoding="utf-8")
    async with walking(path, lesson=lesson, size=size) as pilot:
        await pilot.press("ctrl+t")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
        await pilot.pause()
        yield pilot


def state(pilot: AppPilot) -> TrainState:
    """What is being trained."""
    found: TrainState = pilot.app.screen_stack[0].training  # type: ignore[attr-defined]
    return found


def step(pilot: AppPilot) -> int:
    return sum(side.step for side in state(pilot).sides.values())


async def choose(pilot: AppPilot, field: str, value: str) -> None:
    """Goes to a field by Tab, and types."""
    pilot.app.screen.query_one("#train-steps").focus()
    await pilot.press(*["tab"] * FIELDS.index(field))
    if field in ("backward", "if wrong"):
        await pilot.press("enter")
        await type_text(pilot, value)
        await pilot.press("enter")
    else:
        await pilot.press("ctrl+a", "ctrl+u", "ctrl+k")
        await type_text(pilot, value)
    await pilot.pause()


async def over(pilot: AppPilot) -> None:
    await wait_for(pilot, lambda: state(pilot).stage is Stage.OVER, "its end")
    await pilot.pause()


async def test_training_from_start_to_names(tmp_path: Path) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "400")
        await pilot.press("f8")
        await over(pilot)
        await wait_for_text(pilot, "your 13 gradients agree with autograd's", "train-said")
        shown = pane_text(pilot, "train-run")
        found = re.search(r"400 steps: loss train (\d\.\d+)  val (\d\.\d+)", shown)
        assert found is not None, shown
        assert float(found[1]) < 3.0
        (side,) = state(pilot).sides.values()
        assert len(side.names) == 20
        assert side.names[0] in pane_text(pilot, "train-names-box")
        assert re.search(r"yours +\d+ µs", pane_text(pilot, "train-costs-box"))
        await pilot.press("escape")
        await wait_for_text(pilot, "400 steps: loss train", "train")


async def test_the_network_of_a_notebook_trains(tmp_path: Path) -> None:
    path = notebook(tmp_path / "exercise.ipynb", CELLS)
    async with training(tmp_path, f"# %% lesson: exercise\n{ANSWERS}\n", lesson=str(path)) as pilot:
        await choose(pilot, "steps", "400")
        await pilot.press("f8")
        await over(pilot)
        await wait_for_text(pilot, "gradients agree with autograd's", "train-said")
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.step == 400
        assert re.search(r"yours +\d+ µs", pane_text(pilot, "train-costs-box"))


async def test_a_training_pauses_goes_on_and_stops_while_the_walk_is_usable(tmp_path: Path) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "5000000")
        await pilot.press("f8")
        await wait_for(pilot, lambda: step(pilot) > 100, "some steps")
        await pilot.press("f8")
        await wait_for_text(pilot, "paused", "train-said")
        await pilot.pause(0.6)
        held = step(pilot)
        await pilot.pause(0.5)
        assert step(pilot) == held
        await pilot.press("f8")
        await wait_for(pilot, lambda: step(pilot) > held, "more steps")
        await pilot.press("escape", "escape", "t")
        await wait_for_text(pilot, "the turn")
        before = step(pilot)
        await wait_for(pilot, lambda: step(pilot) > before, "steps behind the walk")
        assert "steps/s" in pane_text(pilot, "train")
        await pilot.press("ctrl+t")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
        await pilot.press("f7")
        await over(pilot)
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.trained.stop is None
        assert len(side.names) == 20


async def test_other_names_come_with_another_seed(tmp_path: Path) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "50")
        await pilot.press("f8")
        await over(pilot)
        (first,) = (side.names for side in state(pilot).sides.values())
        await pilot.press("f6")
        await wait_for(pilot, lambda: next(iter(state(pilot).sides.values())).names[:20] != first, "other names")
        await over(pilot)
        (second,) = (side.names for side in state(pilot).sides.values())
        assert len(second) == 20
        await choose(pilot, "names' seed", "2147483657")
        await pilot.press("f6")
        await wait_for(pilot, lambda: next(iter(state(pilot).sides.values())).names == first, "the first names")


async def test_a_wrong_gradient_is_named_first_and_then_fails_to_learn(tmp_path: Path) -> None:
    wrong = re.sub(r"(?m)^dW2 = .*", "dW2 = -50 * (h.T @ dlogits)", answers())
    async with training(tmp_path, wrong) as pilot:
        await choose(pilot, "steps", "600")
        await pilot.press("f8")
        await wait_for_text(pilot, "dW2 is wrong: autograd's gradient stands in", "train-said")
        assert not state(pilot).busy
        await pilot.press("f8")
        await over(pilot)
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.trained.train_loss is not None
        assert side.trained.train_loss < 3.0
        await choose(pilot, "if wrong", "y")
        await pilot.press("f8")
        await wait_for_text(pilot, "dW2 is wrong: the wrong ones train as they are", "train-said")
        await pilot.press("f8")
        await wait_for(pilot, lambda: state(pilot).stage is not Stage.OVER, "another training")
        await over(pilot)
        await wait_for_text(pilot, "the loss diverges", "train-said")


async def test_what_is_not_finite_stops_it_and_is_named(tmp_path: Path) -> None:
    broken = re.sub(r"(?m)^dW2 = .*", "dW2 = (h.T @ dlogits) / 0", answers())
    async with training(tmp_path, broken) as pilot:
        await choose(pilot, "if wrong", "y")
        await pilot.press("f8", "f8")
        await over(pilot)
        await wait_for_text(pilot, "stopped at step 0: the gradient `dW2` is not finite", "train-said")


async def test_without_any_answer_autograd_trains_after_a_word(tmp_path: Path) -> None:
    async with training(tmp_path, "") as pilot:
        await choose(pilot, "steps", "60")
        await pilot.press("f8")
        await wait_for_text(pilot, "9 more are missing: autograd's gradient stands in", "train-said")
        await pilot.press("f8")
        await over(pilot)
        assert step(pilot) == 60


async def test_manual_and_autograd_side_by_side_are_one_curve(tmp_path: Path) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "100")
        await choose(pilot, "backward", "b")
        await pilot.press("f8")
        await over(pilot)
        manual, autograd = (side.trained for side in state(pilot).sides.values())
        assert manual is not None
        assert autograd is not None
        assert len(manual.losses) == len(autograd.losses) == 100
        assert max(abs(a - b) for a, b in zip(manual.losses, autograd.losses, strict=True)) < 1e-5
        assert "manual: " in screen_text(pilot)
        assert "autograd: " in screen_text(pilot)


async def test_a_run_is_saved_and_sampled_from_later(tmp_path: Path) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "50")
        await pilot.press("f8")
        await over(pilot)
        (names,) = (side.names for side in state(pilot).sides.values())
        await pilot.press("f5")
        await wait_for_text(pilot, "saved as run-train-1.npz", "train-said")
    async with training(tmp_path, answers()) as pilot:
        await pilot.press("f3", "enter")
        await wait_for_text(pilot, "loaded from run-train-1.npz", "train-said")
        assert next(iter(state(pilot).sides.values())).names == names
        await pilot.press("f6")
        await over(pilot)
        await wait_for(pilot, lambda: len(next(iter(state(pilot).sides.values())).names) == 20, "names")


@pytest.mark.parametrize(("field", "value", "word"), [("steps", "many", "steps"), ("rate", "-1", "rate")])
async def test_a_choice_that_is_none_is_said(tmp_path: Path, field: str, value: str, word: str) -> None:
    async with training(tmp_path, answers()) as pilot:
        await choose(pilot, field, value)
        await pilot.press("f8")
        await wait_for_text(pilot, f"{word}: '{value}' is no")
        assert not state(pilot).busy


@pytest.mark.parametrize("size", [(80, 24), (60, 18), (200, 60)])
async def test_the_training_fits_terminals_of_many_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    async with training(tmp_path, answers(), size) as pilot:
        await choose(pilot, "steps", "40")
        await pilot.press("f8")
        await over(pilot)
        shown = screen_text(pilot)
        assert "Loss (log10)" in shown
        assert "40 steps" in shown
