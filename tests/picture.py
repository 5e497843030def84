"""Draws the README's picture: ``python tests/picture.py`` drives the app and writes ``.github/walk.svg``."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from ninja_tui.engine.workbench import Options
from ninja_tui.tui.app import NinjaApp

PICTURE = Path(__file__).parent.parent / ".github" / "walk.svg"
KEYS = ("t", "n")
ANSWERS = (
    "torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0 / n",
    "(1.0 / probs) * dlogprobs",
    "(counts * dprobs).sum(1)",
)


async def _typed(pilot: Pilot[int], code: str) -> None:
    for character in code:
        await pilot.press("ctrl+j" if character == "\n" else character)
    await pilot.pause(0.5)


async def main() -> None:
    """Answers two nodes, types a third wrong, and keeps the screen."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NINJA_TUI_HISTORY"] = str(Path(folder) / "history")
        app = NinjaApp("names", Path(folder) / "solutions.py", Options())
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
            PICTURE.write_text(app.export_screenshot(title="ninja-tui"), encoding="utf-8")
        app.desk.close()


if __name__ == "__main__":
    asyncio.run(main())
