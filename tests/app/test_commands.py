"""One table of commands: each has a key that works in the prompt, a place in the palette and help."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.command import CommandPalette

from ninja_tui.tui.commands import COMMANDS, Mode, footer
from ninja_tui.tui.screens.help import HelpScreen
from ninja_tui.tui.screens.lessons import LessonsScreen
from ninja_tui.tui.screens.slicing import SliceScreen
from ninja_tui.tui.training.screen import TrainScreen
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
    toasts,
    type_text,
    visible,
    wait_for,
    wait_for_text,
    walking,
)

RESIZES = {"resize(1)", "resize(-1)", "resize(0)"}
"""They have no key that works in the prompt."""


def test_every_key_is_given_once() -> None:
    in_walk = [key for c in COMMANDS for key in c.key.split(",") if key]
    everywhere = [key for c in COMMANDS for key in c.everywhere.split(", ") if key]
    assert len(in_walk) == len(set(in_walk))
    assert len(everywhere) == len(set(everywhere))


@pytest.mark.slow
async def test_every_command_has_a_key_that_works_in_the_prompt() -> None:
    """All but the one that goes into the prompt. What each does is looked for on the screen."""

    def shows(text: str, pane: str = "") -> Callable[[AppPilot], bool]:
        return lambda pilot: text in (pane_text(pilot, pane) if pane else screen_text(pilot))

    effects: dict[str, Callable[[AppPilot], bool]] = {
        "on": shows("backward 4/26"),
        "back": shows("backward 2/26"),
        "turn": shows("the turn"),
        "hint": shows("Hint 1", "card"),
        "reveal": shows("Answer", "card"),
        "view": shows("your gradient", "node"),
        "autograd": shows("autograd's gradient", "node"),
        "worst": shows("yours − autograd's", "node"),
        "poke": shows("→ loss", "node"),
        "practise": lambda pilot: "nothingisdue;next:tomorrow" in toasts(pilot),
        "again": lambda pilot: "dcounts_sum_invispractisedagainonceitpasses" in toasts(pilot),
        "other_sizes": lambda pilot: "practicewithothersizestoo" in toasts(pilot),
        "upstream": lambda pilot: "upstreamgradients:" in toasts(pilot),
        "slice": lambda pilot: isinstance(pilot.app.screen, SliceScreen),
        "pane": lambda pilot: not in_prompt(pilot),
        "questions": lambda pilot: "questionsonthewayforward:on" in toasts(pilot),
        "find": find_open,
        "walk": lambda pilot: not in_prompt(pilot),
        "show_pane('source')": shows("1 Source"),
        "show_pane('card')": lambda pilot: focused(pilot) == "card",
        "show_pane('node')": lambda pilot: focused(pilot) == "node",
        "show_pane('gradients')": lambda pilot: focused(pilot) == "gradients",
        "show_pane('train')": shows("5 Train"),
        "zoom": lambda pilot: not visible(pilot, "prompt"),
        "copy_answer": lambda pilot: pilot.app.clipboard == "dcounts_sum_inv = ",
        "lessons": lambda pilot: isinstance(pilot.app.screen, LessonsScreen),
        "train": lambda pilot: isinstance(pilot.app.screen, TrainScreen),
        "help": lambda pilot: isinstance(pilot.app.screen, HelpScreen),
        "app.command_palette": lambda pilot: isinstance(pilot.app.screen, CommandPalette),
        "app.quit": lambda pilot: pilot.app.return_code == 0,
    }
    assert {c.action for c in COMMANDS} == set(effects) | {"prompt", "suspend"} | RESIZES
    quitting_last = sorted((c for c in COMMANDS if c.action in effects), key=lambda c: c.action == "app.quit")
    async with walking() as pilot:
        await go_to(pilot, "dcounts_sum_inv")
        for command in quitting_last:
            await wait_for(pilot, lambda: in_prompt(pilot), f"the focus in the prompt, before {command.title}")
            assert prompt_code(pilot) == "dcounts_sum_inv = "
            key = command.everywhere_keys.split(",")[0]
            await press(pilot, key)
            # mypy infers no type for a lambda that has a default
            await wait_for(pilot, lambda c=command: effects[c.action](pilot), f"{key}: {command.title}")  # type: ignore[misc]
            if command.action == "app.quit":
                break
            if len(pilot.app.screen_stack) > 1:
                await press(pilot, "escape")
                await wait_for(pilot, lambda: len(pilot.app.screen_stack) == 1, "the walk")
            elif command.action in ("walk", "pane") or "show_pane" in command.action:
                await press(pilot, "escape", "e")
            else:
                ways_back = {"on": ["alt+p"], "back": ["f8"], "turn": ["f8", "f8", "f8"], "zoom": ["alt+z"]}
                await press(pilot, *ways_back.get(command.action, []))


async def test_the_palette_has_every_command_and_runs_it() -> None:
    async with walking() as pilot:
        offered = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {c.title for c in COMMANDS if not c.action.startswith("app.")} <= offered
        assert {"Theme", "Quit"} <= offered
        await press(pilot, "ctrl+p")
        await type_text(pilot, "turn")
        await wait_for_text(pilot, "Go to the turn, where the walk back begins")
        await press(pilot, "enter")
        await wait_for(pilot, lambda: screen_text(pilot).splitlines()[0].find("the turn") > 0, "the turn")


async def test_help_has_every_key_and_shows_first_what_acts_now() -> None:
    async with walking(size=(120, 140)) as pilot:
        await press(pilot, "question_mark")
        lines = [" ".join(line.split()) for line in pane_text(pilot, "help").splitlines()]
        assert lines[1] == "Now: walking forward"
        for command in COMMANDS:
            wanted = " ".join(filter(None, (command.walk_keys, command.everywhere)))
            assert any(f"{wanted} {command.title[:20]}" in line for line in lines), command.title
        for word in ("any upstream", "closed form", "↰", "≈", "blue, orange"):
            assert any(word in line for line in lines), word
        await press(pilot, "escape", "4", "question_mark")
        assert "Now: in the table" in pane_text(pilot, "help")


async def test_the_footer_offers_what_acts_in_each_mode_at_80_columns() -> None:
    async with walking(size=(80, 24)) as pilot:

        def offered() -> str:
            return screen_text(pilot).splitlines()[-1].strip()

        forward = offered()
        assert "Hint" not in forward
        assert "Reveal" not in forward
        for mode, keys in (
            (Mode.FORWARD, ()), (Mode.QUESTION, ("o", "n")), (Mode.TURN, ("t",)), (Mode.TYPING, ("f8", "e")),
            (Mode.BACKWARD, ("escape",)), (Mode.TABLE, ("4",)),
        ):  # fmt: skip
            await press(pilot, *keys)
            assert offered() == "  ".join(f"{key} {label}" for key, label, _ in footer(mode))


async def test_a_click_on_the_footer_does_what_its_key_does() -> None:
    async with walking(size=(80, 24)) as pilot:
        column = screen_text(pilot).splitlines()[-1].index("Turn")
        await pilot.click(offset=(column, 23))
        await wait_for_text(pilot, "the turn")
