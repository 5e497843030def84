"""Any size of terminal, at any moment: a layout that fits, or a plain word that there is no room for one."""

from __future__ import annotations

import pytest
from textual.geometry import Region

from tests.app.support import (
    AppPilot,
    find_open,
    focused,
    go_to,
    in_prompt,
    pane_text,
    press,
    prompt_code,
    screen_text,
    session,
    settle,
    type_text,
    unwrapped,
    visible,
    wait_for,
    wait_for_text,
    walking,
)

SIZES = [(40, 10), (60, 18), (80, 24), (100, 30), (110, 24), (120, 40), (200, 60)]
SMALLEST, WIDE, HIGH = (60, 18), (110, 20), 34
PANES = ("source", "gradients", "node", "card", "train", "prompt")


async def resized(pilot: AppPilot, size: tuple[int, int]) -> None:
    await pilot.resize_terminal(*size)
    await wait_for(pilot, lambda: len(screen_text(pilot).splitlines()) == size[1], f"{size} on the screen")
    await settle(pilot)


def check_layout(pilot: AppPilot, size: tuple[int, int]) -> None:
    """What the walk's own screen shows at that size."""
    shown = [pane for pane in PANES if visible(pilot, pane)]
    if size < SMALLEST:
        word = f"ninja-tui needs 60×18; this terminal has {size[0]}×{size[1]}."
        assert unwrapped(word) in unwrapped(screen_text(pilot))
        assert shown == []
        return
    assert "ninja-tui needs" not in screen_text(pilot)
    if size[0] >= WIDE[0] and size[1] >= HIGH:
        assert shown == list(PANES)
    elif size[0] >= WIDE[0]:
        assert shown == [pane for pane in PANES if pane != "train"]
    else:
        assert shown == ["source", "card", "prompt"]
    whole = Region(0, 0, *size)
    for pane in shown:
        region = pilot.app.screen.query_one(f"#{pane}").region
        assert whole.contains_region(region), (pane, region, size)
        assert pane_text(pilot, pane).strip(), pane
    assert screen_text(pilot).splitlines()[0].strip().startswith("names")
    assert "On" in screen_text(pilot).splitlines()[-1]


@pytest.mark.slow
async def test_up_and_down_the_sizes_in_every_part_of_the_walk() -> None:
    async with walking(size=(80, 24)) as pilot:
        for size in SIZES:
            await resized(pilot, size)
            check_layout(pilot, size)

        await go_to(pilot, "dlogprobs")
        await type_text(pilot, "torch.zeros_like(logprobs)\nx = 1")
        await wait_for_text(pilot, "fail", "prompt")
        code = prompt_code(pilot)
        for size in reversed(SIZES):
            await resized(pilot, size)
            check_layout(pilot, size)
            assert prompt_code(pilot) == code
            if size >= SMALLEST:
                assert "x = 1" in pane_text(pilot, "prompt")
                assert "shape ✓ (32, 27)" in pane_text(pilot, "prompt")
        # where there is room again the keys are still the prompt's
        await resized(pilot, (80, 24))
        await type_text(pilot, "2")
        assert prompt_code(pilot) == f"{code}2"

        await press(pilot, "alt+t", "f7", "f8")
        for size in [*SIZES, *reversed(SIZES)][::3]:
            await resized(pilot, size)
            check_layout(pilot, size)


@pytest.mark.slow
async def test_resizing_while_something_is_open() -> None:
    async with walking(size=(80, 24)) as pilot:
        for key in ("slash", "question_mark", "s", "colon"):
            await press(pilot, key)
            await wait_for(pilot, lambda: len(pilot.app.screen_stack) == 2, "something above the walk")
            for size in ((40, 10), (60, 18)):
                await resized(pilot, size)
            if find_open(pilot):
                await type_text(pilot, "tanh")
                assert "h = torch.tanh(hpreact)" in screen_text(pilot)
            await press(pilot, "escape")
            await wait_for(pilot, lambda: len(pilot.app.screen_stack) == 1, "the walk")
            await wait_for(pilot, lambda: "On" in screen_text(pilot).splitlines()[-1], "the footer")
            check_layout(pilot, (60, 18))
        await resized(pilot, WIDE)
        check_layout(pilot, WIDE)


@pytest.mark.slow
async def test_where_there_is_no_room_at_all() -> None:
    async with walking(size=(1, 1)) as pilot:
        for size in ((59, 60), (300, 17), (2, 3)):
            await press(pilot, "escape", "t", "n", "escape", "v", "slash", "escape", "question_mark", "escape")
            assert not any(visible(pilot, pane) for pane in PANES)
            await resized(pilot, size)
        await resized(pilot, (80, 24))
        assert "backward 1/26 dlogprobs" in screen_text(pilot)
        assert prompt_code(pilot) == "dlogprobs = "


async def test_where_not_all_panes_have_room_tab_shows_the_next() -> None:
    async with walking(size=(80, 24)) as pilot:
        seen = []
        for _ in range(5):
            seen.append(next(pane for pane in ("node", "card", "gradients", "train") if visible(pilot, pane)))
            assert visible(pilot, "source")
            assert visible(pilot, "prompt")
            await press(pilot, "tab")
        assert seen == ["card", "node", "gradients", "train", "card"]
        # with the focus in the prompt, by the key that works there
        await go_to(pilot, "dprobs")
        await press(pilot, "f12", "f12")
        assert not visible(pilot, "card")
        # a hint brings its card
        await press(pilot, "f4")
        assert visible(pilot, "card")
        assert "Hint 1" in pane_text(pilot, "card")
        assert session(pilot).entry("probs").hints == 1


async def test_a_number_goes_to_its_pane_and_the_border_tells_which() -> None:
    async with walking(size=(80, 24)) as pilot:
        await press(pilot, "3")
        assert visible(pilot, "node")
        assert "2 Card  [3 Tensor]  4 Gradients 0/26  5 Train  F12" in screen_text(pilot)
        await go_to(pilot, "dprobs")
        await press(pilot, "alt+4")
        assert focused(pilot) == "gradients"
        assert "[4 Gradients 0/26]" in screen_text(pilot)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_one_pane_takes_the_whole_screen_and_gives_it_back(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "escape", "3", "2", "e")  # the cursor that the tensor has from then on
        before = screen_text(pilot)
        for key, pane in (("1", "source"), ("2", "card"), ("3", "node"), ("4", "gradients"), ("5", "train")):
            await press(pilot, "escape", key, "z")
            assert [each for each in PANES if visible(pilot, each)] == [pane]
            assert pilot.app.screen.query_one(f"#{pane}").region.size == (size[0], size[1] - 2)
            await press(pilot, "z")
        await press(pilot, "2", "e")
        assert screen_text(pilot) == before
        # from the prompt, and back into it
        await press(pilot, "alt+z")
        assert not visible(pilot, "prompt")
        await press(pilot, "alt+z")
        assert in_prompt(pilot)
        assert screen_text(pilot) == before


async def test_a_low_source_shows_the_node_and_its_readers() -> None:
    async with walking(size=(80, 24)) as pilot:
        await go_to(pilot, "dcounts")
        shown = [line.strip() for line in pane_text(pilot, "source").splitlines() if " = " in line]
        assert [line.split()[2:4] for line in shown] == [["◀", "counts"], ["↰", "counts_sum"], ["↰", "probs"]]
