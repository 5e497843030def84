"""The training screen, by its keys: what tests of it need."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.screens.walk import WalkScreen
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.state import Stage, TrainState
from tests.app.canned import solution_of
from tests.app.fake_backend import Fakes
from tests.app.support import (
    AppPilot,
    press,
    settle,
    type_text,
    wait_for,
    walking,
    walking_with_processes,
)

FIELDS = (
    "steps", "batch size", "learning rate", "second half", "seed", "sampling seed", "backward", "if wrong"
)  # fmt: skip
"""The choices in the order in which Tab goes through them."""


def answers() -> str:
    """The lesson's own answers, as a file."""
    solution = read_lesson("train").solution
    assert solution is not None
    return solution.read_text(encoding="utf-8")


@asynccontextmanager
async def training(fakes: Fakes | None = None, size: tuple[int, int] = (120, 40)) -> AsyncIterator[AppPilot]:
    """The training screen on fake backends, with the lesson's own answers in the file if nothing else is there."""
    fakes = fakes or Fakes()
    if "train" not in fakes.solutions:
        fakes.answers("train", **solution_of("train"))
    async with walking(fakes, lesson="train", size=size) as pilot:
        await open_training(pilot)
        yield pilot


@asynccontextmanager
async def training_with_processes(tmp_path: Path, code: str, lesson: str = "train") -> AsyncIterator[AppPilot]:
    """The training screen of a lesson, with these answers in the file, on real workers."""
    path = tmp_path / "solutions.py"
    path.write_text(code, encoding="utf-8")
    async with walking_with_processes(path, lesson=lesson) as pilot:
        await open_training(pilot)
        yield pilot


async def open_training(pilot: AppPilot) -> None:
    await press(pilot, "ctrl+t")
    await wait_for(pilot, lambda: isinstance(pilot.app.screen, TrainScreen), "the training")
    await settle(pilot)


def state(pilot: AppPilot) -> TrainState:
    """What is being trained."""
    walk = pilot.app.screen_stack[0]
    assert isinstance(walk, WalkScreen)
    return walk.training


def step(pilot: AppPilot) -> int:
    return sum(side.step for side in state(pilot).sides.values())


async def choose(pilot: AppPilot, field: str, value: str) -> None:
    """Goes to a field by Tab, and types."""
    if pilot.app.screen.focused:
        await press(pilot, "f4")
    await press(pilot, "f4")
    assert pilot.app.screen.focused is pilot.app.screen.query_one("#train-steps")
    await press(pilot, *["tab"] * FIELDS.index(field))
    if field not in ("backward", "if wrong"):
        await press(pilot, "ctrl+a", "ctrl+u", "ctrl+k")
    await type_text(pilot, value)
    await settle(pilot)


async def over(pilot: AppPilot) -> None:
    await wait_for(pilot, lambda: state(pilot).stage is Stage.OVER, "its end")
    await settle(pilot)
