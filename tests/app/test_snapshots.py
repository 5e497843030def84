"""Pictures of the screens, as they were looked at; ``python -m tests.app.test_snapshots`` draws them anew.

Where a picture differs, the new one is written beside it as ``<name>.new.svg``: look at both.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from textual.strip import Strip

from tests.app.fake_backend import Fakes
from tests.app.support import ANSWERS, AppPilot, go_to, press, settle, wait_for_text, walking, write_answer
from tests.app.training_support import choose, over, training

SNAPSHOTS = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (100, 30), (120, 40), (200, 60))
THEMES = ("textual-dark", "textual-light")


async def walk(size: tuple[int, int], theme: str) -> str:
    """At a node with two readers, of which the answer has one."""
    fakes = Fakes().answers("names", logprobs=ANSWERS["logprobs"], probs="dprobs = probs")
    async with walking(fakes, size=size) as pilot:
        await go_to(pilot, "dcounts")
        await write_answer(pilot, "dcounts = counts_sum_inv * dprobs")
        await wait_for_text(pilot, "fail", "prompt")
        return await picture(pilot, theme)


async def forward(size: tuple[int, int], theme: str) -> str:
    """In the middle of the way forward."""
    async with walking(size=size) as pilot:
        await press(pilot, *["n"] * 4)
        await wait_for_text(pilot, "float32", "node") if size[0] >= 110 else None
        return await picture(pilot, theme)


async def help_(size: tuple[int, int], theme: str) -> str:
    """Help, from the prompt."""
    async with walking(size=size) as pilot:
        await go_to(pilot, "dcounts")
        await press(pilot, "f2")
        return await picture(pilot, theme, leave=False)


async def trained(size: tuple[int, int], theme: str) -> str:
    """After a training."""
    async with training(size=size) as pilot:
        await choose(pilot, "steps", "400")
        await press(pilot, "f8")
        await over(pilot)
        pilot.app.screen.set_focus(None)
        return await picture(pilot, theme, leave=False)


async def lessons(size: tuple[int, int], theme: str) -> str:
    """The list of lessons, with answers to two."""
    fakes = Fakes().answers("names", **{node: ANSWERS[node] for node in ("logprobs", "probs")})
    async with walking(fakes.answers("batchnorm", hprebn="dhprebn = hprebn * 0"), size=size) as pilot:
        await press(pilot, "escape", "l", "down")
        await wait_for_text(pilot, "about cross-entropy", "lessons-about")
        return await picture(pilot, theme, leave=False)


SCREENS: dict[str, Callable[[tuple[int, int], str], Awaitable[str]]] = {
    "walk": walk, "forward": forward, "help": help_, "trained": trained,
    "lessons": lessons,
}  # fmt: skip
CASES = [
    *itertools.product(("walk", "trained"), SIZES, THEMES),
    *itertools.product(("forward", "help", "lessons"), SIZES[:1], THEMES),
    *itertools.product(("lessons",), SIZES[2:3], THEMES),
]


async def picture(pilot: AppPilot, theme: str, *, leave: bool = True) -> str:
    """The screen as SVG, without the cursor, which blinks, and without what differs from run to run."""
    pilot.app.theme = theme
    if leave:
        await press(pilot, "escape")
    await settle(pilot)
    await asyncio.sleep(0.2)
    await settle(pilot)
    width, height = pilot.app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor", record=True,
        legacy_windows=False, safe_box=False,
    )  # fmt: skip
    for strip in pilot.app.screen._compositor.render_strips():
        console.print(Segments([*_pieces(strip), Segment.line()]), end="")
    svg = console.export_svg(title="ninja-tui", unique_id="terminal")
    return f"{svg}\n"


def _pieces(strip: Strip) -> list[Segment]:
    """The segments of a line however it was painted: a space goes with what stands before it on the same ground."""
    pieces: list[tuple[str, Style]] = []
    for segment in strip:
        style = (segment.style or Style()).clear_meta_and_links()
        for character in segment.text:
            text, before = pieces[-1] if pieces else ("", Style())
            plain = character == " " and not style.underline and not style.reverse
            same = plain and before.bgcolor == style.bgcolor and not before.underline and not before.reverse
            if pieces and (same or before == style):
                pieces[-1] = text + character, before
            else:
                pieces.append((character, style))
    return [Segment(text, style) for text, style in pieces]


def path_of(screen: str, size: tuple[int, int], theme: str) -> Path:
    return SNAPSHOTS / f"{screen}-{size[0]}x{size[1]}-{theme.removeprefix('textual-')}.svg"


@pytest.mark.slow
@pytest.mark.parametrize(("screen", "size", "theme"), CASES)
async def test_the_screen_is_as_it_was_looked_at(screen: str, size: tuple[int, int], theme: str) -> None:
    path = path_of(screen, size, theme)
    drawn = await SCREENS[screen](size, theme)
    if drawn != path.read_text(encoding="utf-8"):
        path.with_suffix(".new.svg").write_text(drawn, encoding="utf-8")
        pytest.fail(f"{path.name} differs from {path.stem}.new.svg beside it")


def main(wanted: list[str]) -> None:
    """Draws the pictures whose names contain one of the words, or all."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for screen, size, theme in CASES:
        path = path_of(screen, size, theme)
        if not wanted or any(word in path.name for word in wanted):
            path.write_text(asyncio.run(_drawn(screen, size, theme)), encoding="utf-8")


async def _drawn(screen: str, size: tuple[int, int], theme: str) -> str:
    return await SCREENS[screen](size, theme)


if __name__ == "__main__":
    main(sys.argv[1:])
