"""Draws the documentation's pictures into ``docs/pictures``: ``python -m tests.app.picture`` drives the app.

``python -m tests.app.picture train replay`` draws these two.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text
from textual.pilot import Pilot

from ninja_tui.engine.backend import BackendFactory
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.process_backend import ProcessBackend
from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.app import NinjaApp
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.state import Stage

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
STEPS = "20000"
TO_THE_TURN = ("t", "enter")
DLOGPROBS = "torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0 / n"
DPROBS = "(1.0 / probs) * dlogprobs"
NOT_SUMMED = "counts * dprobs"
SUMMED_TOO_FAR = "(counts * dprobs).sum(1)"
SUMMED = "(counts * dprobs).sum(1, keepdim=True)"
FONT_FACE = re.compile(r"\s*@font-face \{[^}]*\}")
"""Fonts that a picture would fetch from elsewhere: it is drawn with a font that is there."""

MISTAKES = """\
# %% lesson: names
# %% logprobs
dlogprobs = torch.zeros_like(logprobs)
dlogprobs[range(n), Yb] = -1.0 / n
# %% probs
dprobs = probs * dlogprobs
# %% counts_sum_inv
dcounts_sum_inv = (counts * dprobs).sum(1)
# %% counts_sum
dcounts_sum = -counts_sum**-2 * dcounts_sum_inv
# %% counts
dcounts = counts_sum_inv * dprobs
# %% norm_logits
dnorm_logits = counts * dcount
# %% bngain
dbngain = (bnraw * dhpreact).sum(0)
"""


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
            _keep(app, "train")
        app.backend.close()


async def walk(name: str, size: tuple[int, int], answers: Sequence[str], *keys: str, steps: int = 0) -> None:
    """Submits all ``answers`` but the last, types that one, presses ``keys``, and keeps the screen.

    Without answers it stays on the way forward, ``steps`` steps from its beginning.
    """
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NINJA_TUI_HISTORY"] = str(Path(folder) / "history")
        app = NinjaApp("names", backends(Path(folder) / "solutions.py"))
        async with app.run_test(size=size) as pilot:
            while not app.ready:
                await pilot.pause(0.1)
            await pilot.press(*(TO_THE_TURN if answers else "n" * steps))
            for position, code in enumerate(answers, 1):
                await _typed(pilot, code)
                if position < len(answers):
                    await pilot.press("enter")
                    await pilot.pause(0.5)
                    await pilot.press("enter")
            await pilot.press(*keys)
            await pilot.pause(0.5)
            _keep(app, name)
        app.backend.close()


async def table() -> None:
    """Answers most of names, some wrong, and gives the table the whole screen."""
    solution = read_lesson("names").solution
    assert solution is not None
    answers = solution.read_text(encoding="utf-8").split("# %%")[:15]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solutions.py"
        path.write_text("# %%".join(answers).replace("counts_sum**-2", "counts_sum**-1"), encoding="utf-8")
        app = NinjaApp("names", backends(path))
        async with app.run_test(size=(100, 34)) as pilot:
            while not app.ready:
                await pilot.pause(0.1)
            await pilot.pause(3)
            await pilot.press("alt+4", "alt+z")
            await pilot.pause(0.5)
            _keep(app, "table")
        app.backend.close()


async def graph() -> None:
    """Answers half of micrograd, where each tensor is a single number."""
    solution = read_lesson("micrograd").solution
    assert solution is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solutions.py"
        path.write_text("# %%".join(solution.read_text(encoding="utf-8").split("# %%")[:9]), encoding="utf-8")
        app = NinjaApp("micrograd", backends(path))
        async with app.run_test(size=(120, 34)) as pilot:
            while not app.ready:
                await pilot.pause(0.1)
            await pilot.pause(2)
            _keep(app, "graph")
        app.backend.close()


async def report() -> None:
    """Replays a file with mistakes, and keeps what is printed."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mist.py").write_text(MISTAKES, encoding="utf-8")
        surroundings = {**os.environ, "COLUMNS": "100", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "ninja_tui", "replay", "mist.py"]
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(Text.from_ansi(f"$ ninja-tui replay mist.py\n{done.stdout}".rstrip()))
    _write("replay", console.export_svg(title="ninja-tui replay"))


def _keep(app: NinjaApp, name: str) -> None:
    _write(name, app.export_screenshot(title="ninja-tui"))


def _write(name: str, picture: str) -> None:
    (PICTURES / f"{name}.svg").write_text(FONT_FACE.sub("", picture), encoding="utf-8")


WIDE = (120, 36)
DRAWN: dict[str, Callable[[], Awaitable[None]]] = {
    "walk": lambda: walk("walk", (120, 40), (DLOGPROBS, DPROBS, SUMMED_TOO_FAR), "f4"),
    "walk-80x24": lambda: walk("walk-80x24", (80, 24), (DLOGPROBS, DPROBS, SUMMED_TOO_FAR)),
    "forward": lambda: walk("forward", WIDE, (), "3", "2", steps=4),
    "first": lambda: walk("first", WIDE, ("",), "f4"),
    "wrong": lambda: walk("wrong", WIDE, (DLOGPROBS, DPROBS, NOT_SUMMED)),
    "right": lambda: walk("right", WIDE, (DLOGPROBS, DPROBS, SUMMED)),
    "table": table,
    "train": train,
    "graph": graph,
    "replay": report,
}
"""By the name of each picture what draws it."""


async def draw(names: Sequence[str]) -> None:
    """Those pictures, or all."""
    for name in names or DRAWN:
        await DRAWN[name]()


if __name__ == "__main__":
    asyncio.run(draw(sys.argv[1:]))
