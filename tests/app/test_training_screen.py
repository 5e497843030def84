"""What the training shows before, while and after it runs, in terminals of many sizes; and its keys."""

from __future__ import annotations

import re

import pytest

from ninja_tui.engine.training.config import Engine
from ninja_tui.engine.training.messages import Faster, StatementCost
from ninja_tui.engine.training.step import Part
from ninja_tui.lesson.syntax.vectorize import Cause
from ninja_tui.tui.screens.walk import WalkScreen
from ninja_tui.tui.training.screen import TrainScreen
from tests.app.canned import solution_of
from tests.app.fake_backend import Fakes
from tests.app.support import (
    AppPilot,
    backend,
    click_on,
    pane_text,
    press,
    screen_lines,
    screen_text,
    show,
    wait_for,
    wait_for_text,
    walking,
)
from tests.app.training_support import (
    FIELDS,
    choose,
    over,
    training,
)


@pytest.mark.parametrize("size", [(80, 24), (60, 18), (100, 30), (120, 40), (200, 60)])
async def test_the_training_fits_terminals_of_many_sizes(size: tuple[int, int]) -> None:
    async with training(size=size) as pilot:
        for label in FIELDS:
            assert label in pane_text(pilot, "train-form")
        await wait_for_text(pilot, "All 13 gradients pass: your own backward pass trains the network.", "train-run")
        await wait_for_text(pilot, "g starts c changes the choices", "train-run")
        await choose(pilot, "steps", "40")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "40 steps: loss train 2.2500 val 2.5000", "train-run")
        assert "train & sample · done" in pane_text(pilot, "train-title")
        assert re.search(r"┤.*[⠁-⣿]", pane_text(pilot, "train-run"))
        assert "ann" in pane_text(pilot, "train-names-box")
        assert "yours" in pane_text(pilot, "train-costs-box")
        assert screen_lines(pilot)[-1].rstrip().endswith(("Help", "F2"))


@pytest.mark.parametrize("size", [(80, 24), (60, 18)])
async def test_in_a_narrow_terminal_the_choices_make_way_and_a_key_brings_them_back(size: tuple[int, int]) -> None:
    async with training(Fakes(training_waits=True), size) as pilot:
        await choose(pilot, "steps", "4000")
        height = pilot.app.screen.query_one("#train-run").region.height
        await press(pilot, "enter")
        backend(pilot).advance(100)
        await wait_for_text(pilot, "step 100 of 4,000", "train-run")
        assert pilot.app.screen.query_one("#train-form").region.area == 0
        assert "4,000 steps · batch 32 · rate 0.1" in pane_text(pilot, "train-choices")
        assert pilot.app.screen.query_one("LossCurve").region.height > height // 4
        await press(pilot, "c")
        assert "4000" in pane_text(pilot, "train-form")
        await press(pilot, "escape")
        assert pilot.app.screen.query_one("#train-form").region.area == 0
        assert isinstance(pilot.app.screen, TrainScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, WalkScreen)
        await press(pilot, "ctrl+t")
        assert pilot.app.screen.query_one("#train-form").region.area == 0


async def test_letters_are_keys_where_no_field_has_the_focus_and_text_where_one_has() -> None:
    async with training(Fakes(training_waits=True)) as pilot:
        await choose(pilot, "seed", "sgc")
        assert backend(pilot).asked("train") == []
        await choose(pilot, "seed", "")
        await press(pilot, "escape", "g")
        backend(pilot).advance(20)
        await press(pilot, "g")
        await wait_for_text(pilot, "paused at step 20", "train-title")
        await press(pilot, "space")
        await wait_for_text(pilot, "· training", "train-title")
        await press(pilot, "s")
        await over(pilot)
        await press(pilot, "n", "w")
        await wait_for_text(pilot, "saved as run-train-1.npz", "train-messages")
        assert len(backend(pilot).asked("sample")) == 1
        await press(pilot, "o", "enter")
        await wait_for_text(pilot, "loaded from run-train-1.npz", "train-messages")


async def test_the_last_line_has_the_keys_that_act_now() -> None:
    def last_line(pilot: AppPilot) -> str:
        return " ".join(screen_lines(pilot)[-1].split())

    async with training(Fakes(training_waits=True), (80, 24)) as pilot:
        assert last_line(pilot) == "g Start o Load c Choices Esc Walk F2 Help"
        await choose(pilot, "steps", "4000")
        assert last_line(pilot) == "F8 Start F3 Load Tab Next Esc Done F2 Help"
        await press(pilot, "escape", "g")
        await wait_for(pilot, lambda: last_line(pilot) == "s Stop c Choices Esc Walk F2 Help", "those of the start")
        backend(pilot).advance(100)
        await wait_for(pilot, lambda: last_line(pilot) == "g Pause s Stop c Choices Esc Walk F2 Help", "a training's")
        await press(pilot, "c")
        await wait_for(pilot, lambda: last_line(pilot).startswith("F8 Pause F7 Stop Tab"), "those in a field")
        await press(pilot, "escape", "g")
        await wait_for(pilot, lambda: last_line(pilot) == "g Go on s Stop c Choices Esc Walk F2 Help", "a pause's")
        await press(pilot, "s")
        await over(pilot)
        assert last_line(pilot) == "g Start n Names w Save o Load c Choices Esc Walk F2 Help"
        await click_on(pilot, "train-keys", "Save")
        await wait_for_text(pilot, "saved as run-train-1.npz", "train-messages")
        await click_on(pilot, "train-keys", "Walk")
        await wait_for(pilot, lambda: isinstance(pilot.app.screen, WalkScreen), "the walk")


async def test_a_choice_goes_by_arrows_and_first_letters() -> None:
    async with training(size=(80, 24)) as pilot:
        await choose(pilot, "backward", "a")
        await wait_for_text(pilot, "‹ autograd's ›", "train-form")
        await wait_for_text(pilot, "Autograd's gradients train the network.", "train-run")
        await press(pilot, "right")
        await wait_for_text(pilot, "‹ both ›", "train-form")
        await press(pilot, "right", "left", "left", "g")
        await wait_for_text(pilot, "‹ autograd's ›", "train-form")
        assert backend(pilot).asked("train") == []
        await click_on(pilot, "train-wrong", "autograd's")
        await wait_for_text(pilot, "if wrong ‹ yours ›", "train-form")


async def test_a_training_that_is_stopped_is_not_done() -> None:
    async with training(Fakes(training_waits=True), (80, 24)) as pilot:
        await choose(pilot, "steps", "2500")
        await press(pilot, "f8")
        backend(pilot).advance(100)
        await press(pilot, "f7")
        await over(pilot)
        assert "stopped at step 100 of 2,500 (4%)" in pane_text(pilot, "train-title")
        assert "done" not in screen_text(pilot)
        await wait_for_text(pilot, "stopped at step 100 of 2,500 (4%): loss train 2.2500", "train-run")
        await press(pilot, "escape")
        await show(pilot, "train")
        await wait_for_text(pilot, "stopped at step 100 of 2,500 (4%)", "train")


async def test_the_curve_reaches_to_the_current_step_and_its_ticks_are_losses() -> None:
    async with training(Fakes(training_waits=True), (80, 24)) as pilot:
        await choose(pilot, "steps", "200000")
        await press(pilot, "f8")
        for steps, last in ((400, "400"), (3600, "4,000")):
            backend(pilot).advance(steps)
            await wait_for(pilot, lambda last=last: _axis(pilot)[-1:] == [last], f"{last} on the axis")  # type: ignore[misc]
            lines = pane_text(pilot, "train-run").splitlines()
            losses = [float(line.split("┤")[0]) for line in lines if "┤" in line]
            assert losses == sorted(losses, reverse=True)
            assert len(losses) > 1
            assert all(0.5 < loss < 3.6 for loss in losses)
            curve = [line for line in lines if "│" in line or "┤" in line]
            right = max(line.rstrip()[-1] >= "⠁" and len(line.rstrip()) for line in curve)
            assert right >= len(lines[0]) - 4


def _axis(pilot: AppPilot) -> list[str]:
    """The numbers of the x axis, or nothing before there is one."""
    lines = pane_text(pilot, "train-run").splitlines()
    below = [lines[row + 1] for row, line in enumerate(lines) if "└" in line]
    return below[0].split() if below else []


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_names_come_while_it_trains_with_the_step_that_they_are_of(size: tuple[int, int]) -> None:
    async with training(Fakes(training_waits=True), size) as pilot:
        await choose(pilot, "steps", "4000")
        await press(pilot, "f8")
        for _ in range(2):
            backend(pilot).advance(1500)
        await wait_for_text(pilot, "1,500 mo1500na0 mo1500na1 mo1500na2 0 mo0na0", "train-names-box")
        await press(pilot, "escape")
        await show(pilot, "train")
        await wait_for_text(pilot, "mo1500na0", "train")


LOOP = "for k in range(Xb.shape[0]):\n    dC[Xb[k]] += demb[k]"


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        (
            StatementCost(Part.ANSWERS, LOOP, 4, 4e-3, Cause.ELEMENTS, Faster("dC.index_add_(0, Xb, demb)", 12e-6)),
            "`for k in range(Xb.shape[0]): …` takes 80% of a step, 4.0 ms. "
            "The same in 12 µs: `dC.index_add_(0, Xb, demb)`",
        ),
        (
            StatementCost(Part.ANSWERS, LOOP, 4, 4e-3, Cause.ELEMENTS),
            "takes 80% of a step, 4.0 ms. It takes single elements in a Python loop",
        ),
        (
            StatementCost(Part.ANSWERS, "dh = f(dlogits)", 4, 4e-3),
            "`dh = f(dlogits)` takes 80% of a step, 4.0 ms.",
        ),
    ],
)
async def test_a_statement_that_takes_most_of_a_step_is_told_with_what_is_faster(
    cost: StatementCost, sentence: str
) -> None:
    fakes = Fakes(costs=(StatementCost(Part.FORWARD, "logits = h @ W2 + b2", 9, 1e-3), cost), engine=Engine.EAGER)
    async with training(fakes) as pilot:
        await choose(pilot, "steps", "40")
        await press(pilot, "f8")
        await wait_for_text(pilot, sentence, "train-messages")


@pytest.mark.parametrize("engine", [Engine.EAGER, Engine.COMPILED])
async def test_nothing_is_told_of_what_takes_a_fair_part_or_runs_compiled(engine: Engine) -> None:
    slow = StatementCost(Part.ANSWERS, LOOP, 4, 4e-3, Cause.ELEMENTS)
    fair = StatementCost(Part.ANSWERS, "dh = dlogits @ W2.T", 4, 4e-5)
    rest = StatementCost(Part.FORWARD, "logits = h @ W2 + b2", 9, 5e-5)
    costs = (rest, slow) if engine is Engine.COMPILED else (rest, fair)
    async with training(Fakes(costs=costs, engine=engine)) as pilot:
        await choose(pilot, "steps", "40")
        await press(pilot, "f8")
        await over(pilot)
        await wait_for_text(pilot, "13 gradients agree", "train-messages")
        assert "of a step" not in pane_text(pilot, "train-messages")


async def test_before_a_run_nothing_is_empty_and_the_rest_is_autograd_s() -> None:
    async with training(Fakes().answers("train", **dict([*solution_of("train").items()][:4]))) as pilot:
        await wait_for_text(pilot, "4 of 13 gradients pass and train the network; autograd's stand in", "train-run")
        for pane, text in (
            ("train-run", "It begins near 3.52"),
            ("train-names-box", "Names come here while it trains."),
            ("train-costs-box", "The time of each statement comes here."),
            ("train-messages", "if wrong: what trains for a gradient that does not pass"),
        ):
            await wait_for_text(pilot, text, pane)


async def test_where_everything_passes_the_walk_invites_to_train() -> None:
    async with walking(Fakes().answers("train", **solution_of("train")), lesson="train") as pilot:
        await wait_for_text(pilot, "All 13 gradients pass. g or Ctrl+T trains the network", "train")


async def test_help_shows_the_keys_of_the_training_first() -> None:
    async with training(size=(120, 40)) as pilot:
        for key in ("f2", "question_mark"):
            await press(pilot, key)
            await wait_for_text(pilot, "Now: training")
            assert "Start, pause, go on" in screen_text(pilot)
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, TrainScreen)
