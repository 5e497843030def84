"""What is painted at a step: once, without a layout, and nothing less than has changed."""

from __future__ import annotations

from unittest import mock

import pytest
from textual.screen import Screen

from ninja_tui.engine.events import Viewed
from ninja_tui.tui.painting.compositor import SparingCompositor
from tests.app.fake_backend import Fakes
from tests.app.support import (
    ANSWERS,
    AppPilot,
    go_to,
    pane_text,
    press,
    settle,
    submit,
    wait_for,
    wait_for_text,
    walking,
)

SIZES = ((80, 24), (120, 40))


def kept(pilot: AppPilot) -> list[list[tuple[str, str]]]:
    """All that is on the screen, as it was drawn when it last changed: text and style."""
    return [[(text, str(style)) for text, style, _ in strip] for strip in pilot.app.screen._compositor.render_strips()]


async def drawn_anew(pilot: AppPilot) -> list[list[tuple[str, str]]]:
    """The same with every widget drawn again."""
    for widget in pilot.app.screen.walk_children():
        widget.refresh()
    await settle(pilot)
    return kept(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_what_is_kept_of_the_screen_is_what_would_be_drawn_anew(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        for key in ("n", "n", "p", "3", "down", "4", "down", "2", "t", "n", "h", "n", "v", "u", "p", "f2", "down"):
            await press(pilot, key)
            await pilot.wait_for_scheduled_animations()
            await settle(pilot)
            assert kept(pilot) == await drawn_anew(pilot), key
        await press(pilot, "escape")
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        assert kept(pilot) == await drawn_anew(pilot)


async def test_a_step_is_one_paint_and_no_layout() -> None:
    async with walking(size=(120, 40)) as pilot:
        await press(pilot, "n", "t", "n")
        paints, layouts = SparingCompositor.render_partial_update, Screen._refresh_layout
        with (
            mock.patch.object(SparingCompositor, "render_partial_update", autospec=True, side_effect=paints) as painted,
            mock.patch.object(Screen, "_refresh_layout", autospec=True, side_effect=layouts) as laid_out,
        ):
            for steps, key in enumerate("nnnnpp", 1):
                await press(pilot, key)
                assert painted.call_count == steps
        assert not laid_out.called


async def test_a_step_is_painted_though_its_tensor_never_comes() -> None:
    async with walking(Fakes(held=(Viewed,)), size=(120, 40)) as pilot:
        await press(pilot, "n")
        await wait_for(pilot, lambda: "▶ embcat" in pane_text(pilot, "source"))
        await wait_for_text(pilot, "…", "node")


async def test_a_dialog_shows_what_is_behind_it_in_other_colours() -> None:
    async with walking(size=(120, 40)) as pilot:
        before = kept(pilot)[0]
        await press(pilot, "s")
        behind = kept(pilot)[0]
        assert "".join(text for text, _ in behind) == "".join(text for text, _ in before)
        assert not {style for _, style in behind} & {style for _, style in before}


@pytest.mark.parametrize("size", SIZES)
async def test_a_widget_that_has_left_the_screen_is_not_drawn_before_the_next_layout(size: tuple[int, int]) -> None:
    """Its styles are gone with it, and the layout that the screen has still places it."""
    async with walking(size=size) as pilot:
        await go_to(pilot, "dlogprobs")
        with pilot.app.batch_update():
            for widget in reversed(pilot.app.screen.query("*")):
                await widget.remove()
                assert kept(pilot), widget
        await settle(pilot)
