"""Draws the README's pictures into ``.github``: ``python -m tests.app.picture`` drives the app."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from ninja_tui.engine.backend import BackendFactory
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.app import NinjaApp
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.state import Stage

PICTURES = Path(__file__).parent.parent.parent / ".github"
STEPS = "20000"
KEYS = ("t", "enter")
ANSWERS = (
    "torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0 / n",
    "(1.0 / probs) * dlogprobs",
    "(counts * dprobs).sum(1)",
)


def backends(solutions: Path) -> BackendFactory:
    """Makes backends with processes."""
    return lambda lesson, emit: ProcessBackend(lesson, solutions, Options(), emit)


async def _typed(pilot: Pilot[int], code: str) -> None:
    for character in code:
        await pilot.press("ctrl+j" if character == "\n" else character)
    await pilot.pause(0.5)


async def train() -> None:
    """Trains the lesson's own answers, and keeps the screen."""
    solution = read_lesson("train").solution
    assert solution is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solutions.py"
        path.write_text(solution.read_text(encoding="utf-8"), encoding="utf-8")
        app = NinjaApp("train", backends(path))
        async with app.run_test(size=(120, 40)) as pilot:
            while not app.ready:
                await pilot.pause(0.1)
            await pilot.pause(2)
            await pilot.press("ctrl+t")
            await pilot.pause(0.5)
            await pilot.press("c", *STEPS, "f8")
            while isinstance(pilot.app.screen, TrainScreen) and pilot.app.screen.state.stage is not Stage.OVER:
                await pilot.pause(0.2)
            await pilot.pause(0.5)
            (PICTURES / "train.svg").write_text(app.export_screenshot(title="ninja-tui"), encoding="utf-8")
        app.backend.close()


async def walk() -> None:
    """Answers two nodes, types a third wrong, and keeps the screen."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NINJA_TUI_HISTORY"] = str(Path(folder) / "history")
        app = NinjaApp("names", backends(Path(folder) / "solutions.py"))
        async with app.run_test(size=(120, 40)) as pilot:
            while not app.ready:
                await pilot.pause(0.1)
            await pilot.press(*KEYS)
            for code in ANSWERS[:-1]:
                await _typed(pilot, code)
                await pilot.press("enter")
                await pilot.pause(0.5)
                await pilot.press("enter")
            await _typed(pilot, ANSWERS[-1])
            await pilot.press("f4", "f10")
            await pilot.pause(0.5)
            (PICTURES / "walk.svg").write_text(app.export_screenshot(title="ninja-tui"), encoding="utf-8")
        app.backend.close()


if __name__ == "__main__":
    asyncio.run(walk())
    asyncio.run(train())
