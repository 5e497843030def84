"""Help while typing: submitted code, and names with their shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from ninja_tui.tui.keys import NEW_LINE, tell_alt_enter
from tests.app.support import (
    ANSWERS,
    AppPilot,
    clear_prompt,
    go_to,
    pane_text,
    press,
    prompt_code,
    session,
    submit,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    walking,
    write_answer,
)

SMALL = (80, 24)


async def test_up_and_down_go_through_what_was_submitted_for_this_node(tmp_path: Path) -> None:
    """Also on another day; of a file of before the nodes were in it, what binds this node's gradient."""
    history = tmp_path / "history.jsonl"
    old = ["dprobs = of_another_day", "dh = of_another_day", "dprobs = half(", 3, {"code": 1}]
    elsewhere = {"code": "dprobs = of_another_lesson", "lesson": "cross-entropy", "node": "probs"}
    history.write_text("".join(f"{json.dumps(line)}\n" for line in [*old, elsewhere]))
    async with walking(size=SMALL, history=history) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, "dlogprobs = logprobs")
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs")
        await submit(pilot, "dprobs = dlogprobs")
        await write_answer(pilot, "dprobs = half of a thou")
        shown = []
        for key in ("up", "up", "up", "up", "down", "down", "down", "down"):
            await press(pilot, key)
            shown.append(prompt_code(pilot))
        assert shown == [
            "dprobs = dlogprobs",
            "dprobs = probs",
            "dprobs = of_another_day",
            "dprobs = of_another_day",
            "dprobs = probs",
            "dprobs = dlogprobs",
            "dprobs = half of a thou",
            "dprobs = half of a thou",
        ]
        # inside an answer of several lines the arrows move the cursor
        await write_answer(pilot, "one = 1\ntwo = 2")
        await press(pilot, "up")
        assert prompt_code(pilot) == "one = 1\ntwo = 2"
        await press(pilot, "up")
        assert prompt_code(pilot) == "dprobs = dlogprobs"
        # a node for which nothing was submitted has no history
        await press(pilot, "f8", "up")
        assert prompt_code(pilot) == "dcounts_sum_inv = "
    assert [json.loads(line) for line in history.read_text().splitlines()][len(old) + 1 :] == [
        {"code": "dlogprobs = logprobs", "lesson": "names", "node": "logprobs"},
        {"code": "dprobs = probs", "lesson": "names", "node": "probs"},
        {"code": "dprobs = dlogprobs", "lesson": "names", "node": "probs"},
    ]


async def test_tab_completes_names_and_shows_their_shapes() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await type_text(pilot, "coun")
        await wait_for_text(pilot, "counts (32, 27)", "prompt")
        assert "counts_sum (32, 1)" in pane_text(pilot, "prompt")
        assert "counts_sum_inv (32, 1)" in pane_text(pilot, "prompt")
        await press(pilot, "tab")
        assert prompt_code(pilot) == "dprobs = counts"
        await type_text(pilot, "_sum_")
        await press(pilot, "tab")
        assert prompt_code(pilot) == "dprobs = counts_sum_inv"

        # gradients that the walk has passed, the loss's, and none that are still to come
        await write_answer(pilot, "dprobs = dlo")
        await wait_for_text(pilot, "dlogprobs (32, 27)", "prompt")
        assert "dloss ()" in pane_text(pilot, "prompt")
        await write_answer(pilot, "dprobs = dh")
        assert "dhpreact" not in pane_text(pilot, "prompt")

        # attributes of modules, and of tensors
        await write_answer(pilot, "dprobs = torch.ze")
        await wait_for_text(pilot, "zeros_like", "prompt")
        await press(pilot, "tab")
        assert prompt_code(pilot) == "dprobs = torch.zeros"
        await press(pilot, "tab")
        assert prompt_code(pilot) == "dprobs = torch.zeros_like"
        for code, completed in (
            ("F.on", "F.one_hot"),
            ("probs.su", "probs.sum"),
            ("(1 / probs).sh", "(1 / probs).shape"),
        ):
            await write_answer(pilot, code)
            await press(pilot, "tab")
            assert prompt_code(pilot) == completed
        await write_answer(pilot, "words.su")
        await press(pilot, "tab")
        assert prompt_code(pilot) == "words.su"

        # what is pasted is taken as it is, line by line
        await clear_prompt(pilot)
        pilot.app.post_message(events.Paste("dprobs = dlogprobs\nfor k in range(2):\n    dprobs = dprobs / probs\n"))
        await wait_for(pilot, lambda: prompt_code(pilot).endswith("    dprobs = dprobs / probs\n"), "what was pasted")
        await wait_for_text(pilot, "fail", "prompt")

        # nothing to complete at the beginning of a line: Tab indents
        await clear_prompt(pilot)
        tap(pilot, "tab")
        await wait_for(pilot, lambda: prompt_code(pilot) == "    ")


async def test_enter_submits_complete_code_from_any_line() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        await press(pilot, "up", "home", "enter")
        assert prompt_code(pilot) == ANSWERS["logprobs"]
        assert session(pilot).entry("logprobs").code == ANSWERS["logprobs"]

        # a loop is complete where the cursor is not at its end
        await go_to(pilot, "dprobs")
        loop = "for k in range(2):\n    dprobs = probs"
        await clear_prompt(pilot)
        await type_text(pilot, "for k in range(2):")
        await press(pilot, "enter")
        await type_text(pilot, "dprobs = probs")
        await press(pilot, "home", "enter")
        assert session(pilot).entry("probs").code == loop

        # where it breaks off, the line is broken at the cursor
        await press(pilot, "end")
        await write_answer(pilot, "dprobs = (1 +\nprobs")
        await press(pilot, "up", "end", "enter")
        assert prompt_code(pilot) == "dprobs = (1 +\n\nprobs"


async def test_keys_that_break_the_line_of_complete_code() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        for key in ("ctrl+j", "alt+enter", "shift+enter"):
            await write_answer(pilot, "dprobs = probs")
            await press(pilot, key)
            assert prompt_code(pilot) == "dprobs = probs\n"
            assert session(pilot).entry("probs").code == ""


@pytest.mark.parametrize("sent", ["\x1b\r", "\x1b[13;3u", "\x1b[13;2u", "\x1b[27;2;13~", "\n"])
def test_a_terminal_that_tells_such_a_key_from_enter_breaks_the_line(sent: str) -> None:
    """VS Code and xterm send escape and a return for Alt+Enter, others the codes of the Kitty protocol."""
    tell_alt_enter()
    (key,) = [event.key for event in XTermParser().feed(sent) if isinstance(event, events.Key)]
    assert key in NEW_LINE


async def test_select_all_undo_and_redo() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = probs\ndprobs *= 2")
        await press(pilot, "ctrl+a")
        await type_text(pilot, "x")
        assert prompt_code(pilot) == "x"
        await press(pilot, "ctrl+z")
        assert prompt_code(pilot) == "dprobs = probs\ndprobs *= 2"
        await press(pilot, "ctrl+y")
        assert prompt_code(pilot) == "x"
        # an earlier entry takes nothing away for good
        await press(pilot, "ctrl+z", "ctrl+a")
        await submit(pilot, "dprobs = probs")
        await write_answer(pilot, "dprobs = half")
        await press(pilot, "up")
        assert prompt_code(pilot) == "dprobs = probs"
        await press(pilot, "ctrl+z")
        assert prompt_code(pilot) == "dprobs = half"
        # there is nothing to undo of another node's
        await press(pilot, "f8", "ctrl+z")
        assert prompt_code(pilot) == "dcounts_sum_inv = "


async def test_what_is_selected_is_copied_or_else_the_answer() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = probs")
        await press(pilot, "ctrl+c")
        assert pilot.app.clipboard == "dprobs = probs"
        await press(pilot, "shift+left", "shift+left", "ctrl+c")
        assert pilot.app.clipboard == "bs"
        await press(pilot, "escape", "y")
        assert pilot.app.clipboard == "bs"
        await press(pilot, "e", "end", "escape", "y")
        assert pilot.app.clipboard == "dprobs = probs"
        # the editor's own Ctrl+V takes it as a paste
        await press(pilot, "e", "ctrl+a", "ctrl+v")
        assert prompt_code(pilot) == "dprobs = probs"


def send(pilot: AppPilot, text: str) -> None:
    """All keys of ``text`` at once, as a terminal sends a paste that it does not mark as one."""
    for character in text:
        tap(pilot, "enter" if character == "\n" else character)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("dlogprobs = logprobs\ndlogprobs = dlogprobs * 2", "dlogprobs = logprobs\ndlogprobs = dlogprobs * 2"),
        ("# mine\n>>> x = 1\n", "x = 1"),
        ("    x = 1\n    dlogprobs = x", "x = 1\ndlogprobs = x"),
        ("for k in x:\n    dlogprobs = k\n", "for k in x:\n    dlogprobs = k\n"),
    ],
)
async def test_a_paste_that_is_not_marked_as_one_is_one_answer(text: str, code: str) -> None:
    """Not a submission, and a rest."""
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        send(pilot, text)
        await wait_for(pilot, lambda: prompt_code(pilot) == code, code)
        submitted = session(pilot).entry("logprobs").code
        assert submitted == (code.rstrip() if text.endswith("\n") and "dlogprobs" in code else "")


async def test_enter_at_the_end_of_keys_that_came_at_once_submits() -> None:
    """What a slow line has gathered is no paste."""
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        send(pilot, "logprobs\n")
        await wait_for(pilot, lambda: session(pilot).entry("logprobs").code == "dlogprobs = logprobs", "a submission")


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        (["ctrl+a", *"dh"], "dh"),
        ([*"xy", "backspace", *"z+1"], "dlogprobs = xz+1"),
        ([*"abc", "left", "left", *"de", "delete", "end", "f"], "dlogprobs = adecf"),
        ([*"ab", "shift+left", "c", "ctrl+z", "ctrl+a", *"m", "enter", *"n"], "m\nn"),
    ],
)
async def test_keys_that_come_at_once_do_their_work_in_their_order(keys: list[str], code: str) -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        for key in keys:
            tap(pilot, key)
        await wait_for(pilot, lambda: prompt_code(pilot) == code, code)


async def test_what_is_pasted_comes_to_stand_where_it_belongs() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        pilot.app.post_message(events.Paste("  # by hand\r\n  dprobs\u00a0= dlogprobs\r\n  dprobs /= probs\r\n"))
        pasted = "# by hand\ndprobs = dlogprobs\ndprobs /= probs"
        await wait_for(pilot, lambda: prompt_code(pilot) == pasted, "what was pasted")
        await press(pilot, "ctrl+z")
        assert prompt_code(pilot) == "dprobs = "
        pilot.app.post_message(events.Paste(">>> dlogprobs / probs\n"))
        await wait_for(pilot, lambda: prompt_code(pilot) == "dprobs = dlogprobs / probs", "what was pasted")
        await type_text(pilot, " + 1")
        assert prompt_code(pilot) == "dprobs = dlogprobs / probs + 1"
