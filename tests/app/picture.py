"""Draws the documentation's pictures into ``docs/pictures``: ``python -m tests.app.picture`` drives the app.

``python -m tests.app.picture train replay`` draws these two.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.text import Text
from textual import events

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.config import DEFAULTS
from ninja_tui.tui.training.screen import TrainScreen
from ninja_tui.tui.training.state import Stage
from tests.app.support import (
    AppPilot,
    config_with,
    press,
    prompt_code,
    screen_text,
    session,
    settle,
    wait_for,
    wait_for_text,
    walking_with_processes,
)

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


PROMPT = "prompt"
NO_VALUES_YET = re.compile(r"\s{5}…")


@asynccontextmanager
async def opened(lesson: str, size: tuple[int, int], solutions: str = "") -> AsyncIterator[AppPilot]:
    """The app on real workers and the whole word list, with the questions for shapes, once ``solutions`` are judged."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "solutions.py"
        if solutions:
            path.write_text(solutions, encoding="utf-8")
        async with walking_with_processes(
            path, size=size, options=Options(), lesson=lesson, config=config_with(DEFAULTS)
        ) as pilot:
            yield pilot


def answers_to(lesson: str, cells: int) -> str:
    """The first cells of the lesson's own answers, with its name before them."""
    solution = read_lesson(lesson).solution
    assert solution is not None
    return "# %%".join(solution.read_text(encoding="utf-8").split("# %%")[: cells + 1])


async def submitted(pilot: AppPilot, code: str) -> None:
    """Pastes an answer behind its name, submits it, and goes on."""
    node = session(pilot).node
    assert node is not None
    await pasted(pilot, code)
    await wait_for_text(pilot, "right: Enter submits it", PROMPT)
    await press(pilot, "enter")
    await wait_for_text(pilot, "goes on", PROMPT)
    await press(pilot, "enter")
    await wait_for(pilot, lambda: session(pilot).node != node)


async def pasted(pilot: AppPilot, code: str) -> None:
    """Whole, so that no verdict on half of it leaves the prompt larger than it need be."""
    pilot.app.post_message(events.Paste(code))
    await wait_for(pilot, lambda: prompt_code(pilot).endswith(code), f"{code!r} in the prompt")


async def walk(size: tuple[int, int], answers: Sequence[str], *keys: str, shows: Sequence[str]) -> str:
    """Submits all ``answers`` but the last, pastes that one, presses ``keys``, and waits for what the screen shows."""
    async with opened("names", size) as pilot:
        await press(pilot, *TO_THE_TURN)
        for code in answers[:-1]:
            await submitted(pilot, code)
        await pasted(pilot, answers[-1])
        return await shown(pilot, *keys, shows=shows)


async def forward() -> str:
    """A few steps from the beginning, with a shape half typed."""
    async with opened("names", WIDE) as pilot:
        await press(pilot, *"nnnn")
        return await shown(pilot, "3", "2", shows=("What shape will hprebn have?  32",))


async def table() -> str:
    """Most of names answered, one wrong, and the table on the whole screen."""
    answers = answers_to("names", 14).replace("counts_sum**-2", "counts_sum**-1")
    async with opened("names", (100, 34), answers) as pilot:
        return await shown(pilot, "alt+4", "alt+z", shows=("holds for",))


async def graph() -> str:
    """Half of micrograd answered, where each tensor is a single number."""
    async with opened("micrograd", (120, 34), answers_to("micrograd", 8)) as pilot:
        return await shown(pilot, shows=())


async def train() -> str:
    """A training on the lesson's own answers, at its end."""
    async with opened("train", (120, 40), answers_to("train", 100)) as pilot:
        await press(pilot, "ctrl+t")
        await wait_for_text(pilot, "starts")
        await press(pilot, "c", *STEPS, "f8")
        while isinstance(pilot.app.screen, TrainScreen) and pilot.app.screen.state.stage is not Stage.OVER:
            await pilot.pause(0.2)
        return await shown(pilot, shows=("loss train",))


async def shown(pilot: AppPilot, *keys: str, shows: Sequence[str]) -> str:
    """The screen after ``keys``, once it shows all that."""
    await press(pilot, *keys)
    for text in shows:
        await wait_for_text(pilot, text)
    await wait_for(pilot, lambda: not NO_VALUES_YET.search(screen_text(pilot)), "the tensor's values")
    await settle(pilot)
    return FONT_FACE.sub("", pilot.app.export_screenshot(title="ninja-tui"))


async def report() -> str:
    """What the replay of a file with mistakes prints."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mist.py").write_text(MISTAKES, encoding="utf-8")
        surroundings = {**os.environ, "COLUMNS": "100", "FORCE_COLOR": "1", "TERM": "xterm-256color"}
        command = [sys.executable, "-m", "ninja_tui", "replay", "mist.py"]
        done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(Text.from_ansi(f"$ ninja-tui replay mist.py\n{done.stdout}".rstrip()))
    return FONT_FACE.sub("", console.export_svg(title="ninja-tui replay"))


WIDE = (120, 36)
OFF = "worst at"
"""The tensor's pane has the difference of a wrong answer."""
DRAWN: dict[str, Callable[[], Awaitable[str]]] = {
    "walk": lambda: walk((120, 40), (DLOGPROBS, DPROBS, SUMMED_TOO_FAR), "f4", shows=("shape: ", OFF, "Hint 1")),
    "walk-80x24": lambda: walk((80, 24), (DLOGPROBS, DPROBS, SUMMED_TOO_FAR), shows=("shape: ",)),
    "forward": forward,
    "first": lambda: walk(WIDE, ("",), "f4", shows=("Hint 1",)),
    "wrong": lambda: walk(WIDE, (DLOGPROBS, DPROBS, NOT_SUMMED), shows=("not-summed: ", OFF)),
    "right": lambda: walk(WIDE, (DLOGPROBS, DPROBS, SUMMED), shows=("holds for any upstream",)),
    "table": table,
    "train": train,
    "graph": graph,
    "replay": report,
}
"""By the name of each picture what draws it."""


async def draw(names: Sequence[str]) -> None:
    """Those pictures, or all."""
    for name in names or DRAWN:
        (PICTURES / f"{name}.svg").write_text(await DRAWN[name](), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.app.picture", description="Draws the pictures of the pages.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(DRAWN)} (all)")
    wanted: list[str] = parser.parse_args().names
    if unknown := set(wanted) - set(DRAWN):
        parser.error(f"no picture is called {', '.join(sorted(unknown))}")
    asyncio.run(draw(wanted))
