"""Training in the app, by key: start, pause, stop, sample, save, load, and what goes wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ninja_tui.engine.training.config import Backward, Plan, Wrong
from ninja_tui.engine.training.messages import GradientCheck
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.texts import gradcheck_text
from tests.app.fake_backend import Fakes
from tests.app.support import (
    backend,
    pane_text,
    press,
    screen_text,
    wait_for,
    wait_for_text,
    wait_for_toast,
)
from tests.app.training_support import (
    answers,
    choose,
    over,
    state,
    step,
    training,
    training_with_processes,
)
from tests.engine.notebook_support import ANSWERS, CELLS, notebook


@pytest.mark.slow
@pytest.mark.processes
async def test_training_from_start_to_names(tmp_path: Path) -> None:
    async with training_with_processes(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "400")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "your 13 gradients agree with autograd's", "train-messages")
        shown = pane_text(pilot, "train-run")
        match = re.search(r"400 steps: loss train (\d\.\d+)  val (\d\.\d+)", shown)
        assert match is not None, shown
        assert float(match[1]) < 3.0
        (side,) = state(pilot).sides.values()
        assert len(side.names) == 20
        assert side.names[0] in pane_text(pilot, "train-names-box")
        assert re.search(r"yours +\d+ µs", pane_text(pilot, "train-costs-box"))
        await press(pilot, "escape")
        await wait_for_text(pilot, "400 steps: loss train", "train")


@pytest.mark.slow
@pytest.mark.processes
async def test_the_network_of_a_notebook_trains(tmp_path: Path) -> None:
    path = notebook(tmp_path / "exercise.ipynb", CELLS)
    async with training_with_processes(tmp_path, f"# %% lesson: exercise\n{ANSWERS}\n", lesson=str(path)) as pilot:
        await choose(pilot, "steps", "400")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "gradients agree with autograd's", "train-messages")
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.step == 400
        assert re.search(r"yours +\d+ µs", pane_text(pilot, "train-costs-box"))


@pytest.mark.slow
async def test_a_training_pauses_goes_on_and_stops_while_the_walk_is_usable() -> None:
    async with training(Fakes(training_waits=True)) as pilot:
        await choose(pilot, "steps", "5000000")
        await press(pilot, "f8")
        await wait_for_text(pilot, "starting", "train-title")
        backend(pilot).advance(101)
        await wait_for_text(pilot, "· training", "train-title")
        assert step(pilot) == 101
        await press(pilot, "f8")
        await wait_for_text(pilot, "paused at step", "train-title")
        assert backend(pilot).asked("continue_training") == []
        backend(pilot).advance(4)  # the steps that were under way
        await wait_for(pilot, lambda: step(pilot) == 105, "their end")
        assert "paused at step 105" in pane_text(pilot, "train-title")
        await press(pilot, "f8")
        await wait_for_text(pilot, "· training", "train-title")
        assert len(backend(pilot).asked("pause_training")) == len(backend(pilot).asked("continue_training")) == 1
        await press(pilot, "escape", "escape", "t")
        await wait_for_text(pilot, "the turn")
        backend(pilot).advance(10)
        await wait_for(pilot, lambda: step(pilot) == 115, "steps behind the walk")
        await wait_for_text(pilot, "step 115 of 5,000,000 · loss 1.9", "train")
        await press(pilot, "ctrl+t")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
        await press(pilot, "f7")
        await over(pilot)
        assert len(backend(pilot).asked("stop_training")) == 1
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.trained.stop is None
        assert len(side.names) == 20


async def test_nothing_is_paused_or_stopped_where_nothing_trains() -> None:
    async with training(Fakes(training_waits=True)) as pilot:
        await press(pilot, "f7", "f6")
        await choose(pilot, "steps", "10")
        await press(pilot, "f8", "f8")  # it has not begun yet: there is nothing to pause
        await wait_for_text(pilot, "starting", "train-title")
        names = [name for name, _ in backend(pilot).requests]
        assert [name for name in names if "train" in name or name == "sample"] == ["train"]


async def test_other_names_come_with_another_seed() -> None:
    async with training() as pilot:
        await choose(pilot, "steps", "50")
        await press(pilot, "f8")
        await over(pilot)
        (first,) = (side.names for side in state(pilot).sides.values())
        await press(pilot, "f6")
        await wait_for(pilot, lambda: next(iter(state(pilot).sides.values())).names[:20] != first, "other names")
        await over(pilot)
        (second,) = (side.names for side in state(pilot).sides.values())
        assert len(second) == 20
        await choose(pilot, "sampling seed", "2147483657")
        await press(pilot, "f6")
        await wait_for(pilot, lambda: next(iter(state(pilot).sides.values())).names == first, "the first names")
        assert backend(pilot).asked("sample") == [(20, 2147483658), (20, 2147483657)]


@pytest.mark.slow
@pytest.mark.processes
async def test_a_wrong_gradient_is_named_first_and_then_fails_to_learn(tmp_path: Path) -> None:
    wrong = re.sub(r"(?m)^dW2 = .*", "dW2 = -50 * (h.T @ dlogits)", answers())
    async with training_with_processes(tmp_path, wrong) as pilot:
        await choose(pilot, "steps", "600")
        await press(pilot, "f8")
        await wait_for_text(pilot, "dW2 is wrong: autograd's gradient stands in", "train-messages")
        assert not state(pilot).busy
        await press(pilot, "f8")
        await over(pilot)
        (side,) = state(pilot).sides.values()
        assert side.trained is not None
        assert side.trained.train_loss is not None
        assert side.trained.train_loss < 3.0
        await choose(pilot, "if wrong", "y")
        await press(pilot, "f8")
        await wait_for_text(pilot, "dW2 is wrong: the wrong ones train as they are", "train-messages")
        await press(pilot, "f8")
        await wait_for_text(pilot, "the loss diverges", "train-messages")
        await over(pilot)


@pytest.mark.slow
@pytest.mark.processes
async def test_what_is_not_finite_stops_it_and_is_named(tmp_path: Path) -> None:
    broken = re.sub(r"(?m)^dW2 = .*", "dW2 = (h.T @ dlogits) / 0", answers())
    async with training_with_processes(tmp_path, broken) as pilot:
        await choose(pilot, "if wrong", "y")
        await press(pilot, "f8", "f8")
        await over(pilot)
        await wait_for_text(pilot, "stopped at step 0: the gradient `dW2` is not finite", "train-messages")


async def test_without_any_answer_autograd_trains_after_a_word() -> None:
    async with training(Fakes().answers("train")) as pilot:
        await choose(pilot, "steps", "60")
        await press(pilot, "f8")
        await wait_for_text(pilot, "9 more are missing: autograd's gradient stands in", "train-messages")
        assert backend(pilot).asked("train") == []
        await press(pilot, "f8")
        await over(pilot)
        assert step(pilot) == 60


async def test_gradients_that_are_not_autograd_s_are_named_by_their_own_names() -> None:
    async with training(Fakes(wrong_gradients=("W2", "h"))) as pilot:
        await choose(pilot, "steps", "40")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "not autograd's on fresh minibatches: dh, dW2", "train-messages")


async def test_a_training_that_fails_says_why_and_another_may_begin() -> None:
    fakes = Fakes(training_error="training ended its own process: C[ix] [red]x[/red]")
    async with training(fakes) as pilot:
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, fakes.training_error, "train-messages")
        fakes.training_error = ""
        await choose(pilot, "steps", "40")
        await press(pilot, "f8")
        await wait_for_text(pilot, "40 steps: loss train 2.2500  val 2.5000", "train-run")
        assert "ended its own process" not in pane_text(pilot, "train-messages")


@pytest.mark.slow
async def test_the_choices_are_those_that_train_and_are_there_the_next_time() -> None:
    choices = {"steps": "1,000", "batch size": "8", "learning rate": "0.5", "second half": "0.05", "seed": "3"}
    async with training() as pilot:
        for field, value in choices.items():
            await choose(pilot, field, value)
        await choose(pilot, "backward", "a")
        await choose(pilot, "if wrong", "y")
        await press(pilot, "f8")
        await over(pilot)
        ((plan, _),) = backend(pilot).asked("train")
        assert plan == Plan(
            steps=1000,
            batch_size=8,
            rates=(0.5, 0.05),
            seed=3,
            backward=Backward.AUTOGRAD,
            wrong=Wrong.AS_IS,
            previews=3,
        )
        await press(pilot, "escape", "ctrl+t")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
        assert "1,000" in pane_text(pilot, "train-form")


@pytest.mark.slow
@pytest.mark.processes
async def test_manual_and_autograd_side_by_side_are_one_curve(tmp_path: Path) -> None:
    async with training_with_processes(tmp_path, answers()) as pilot:
        await choose(pilot, "steps", "100")
        await choose(pilot, "backward", "b")
        await press(pilot, "f8")
        await over(pilot)
        manual, autograd = (side.trained for side in state(pilot).sides.values())
        assert manual is not None
        assert autograd is not None
        assert len(manual.losses) == len(autograd.losses) == 100
        assert max(abs(a - b) for a, b in zip(manual.losses, autograd.losses, strict=True)) < 1e-5
        assert "manual: " in screen_text(pilot)
        assert "autograd: " in screen_text(pilot)


@pytest.mark.slow
async def test_a_run_is_saved_and_sampled_from_later() -> None:
    fakes = Fakes()
    async with training(fakes) as pilot:
        await press(pilot, "f3")
        await wait_for_toast(pilot, "no run of this lesson is saved here")
        await press(pilot, "f5")
        await wait_for_toast(pilot, "nothing is trained yet")
        await choose(pilot, "steps", "50")
        await press(pilot, "f8")
        await over(pilot)
        (names,) = (side.names for side in state(pilot).sides.values())
        await press(pilot, "f5")
        await wait_for_text(pilot, "saved as run-train-1.npz", "train-messages")
    async with training(fakes) as pilot:
        await press(pilot, "f3", "enter")
        await wait_for_text(pilot, "loaded from run-train-1.npz", "train-messages")
        assert next(iter(state(pilot).sides.values())).names == names
        await press(pilot, "f6")
        await over(pilot)
        await wait_for(pilot, lambda: len(next(iter(state(pilot).sides.values())).names) == 20, "names")


@pytest.mark.parametrize(
    ("field", "value", "label"),
    [("steps", "many", "steps"), ("learning rate", "-1", "learning rate"), ("sampling seed", "x", "sampling seed")],
)
async def test_a_choice_that_is_none_is_said(field: str, value: str, label: str) -> None:
    async with training() as pilot:
        await choose(pilot, field, value)
        await press(pilot, "f8")
        await wait_for_toast(pilot, f"{label}: '{value}' is not a")
        assert not state(pilot).busy
        assert backend(pilot).asked("train") == []


async def test_what_a_trained_network_shows() -> None:
    async with training() as pilot:
        await choose(pilot, "steps", "400")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "your 13 gradients agree with autograd's", "train-messages")
        assert "400 steps: loss train 2.2500  val 2.5000" in pane_text(pilot, "train-run")
        (side,) = state(pilot).sides.values()
        assert side.names[0] in pane_text(pilot, "train-names-box")
        costs = pane_text(pilot, "train-costs-box").splitlines()
        assert [line.split()[:2] for line in costs if "%" in line] == [["yours", "6"], ["forward", "2"]]
        await press(pilot, "escape")
        await wait_for_text(pilot, "400 steps: loss train", "train")


@pytest.mark.slow
async def test_two_sides_have_a_line_each() -> None:
    async with training() as pilot:
        await choose(pilot, "steps", "100")
        await choose(pilot, "backward", "b")
        await press(pilot, "f8")
        await over(pilot)
        for side in ("manual", "autograd"):
            assert f"{side}: 100 steps: loss train" in pane_text(pilot, "train-run")


def test_one_gradient_that_agrees_is_told_as_one() -> None:
    check = GradientCheck("h", (), fits=True, relative=0.0)
    assert gradcheck_text((check,), {"h": "dh"}) == "your gradient agrees with autograd's on fresh minibatches"
