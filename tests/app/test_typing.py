"""Help while typing: submitted code, and names with their shapes."""

from __future__ import annotations

import json
from pathlib import Path

from textual import events

from tests.app.support import (
    clear_prompt,
    go_to,
    pane_text,
    press,
    prompt_code,
    submit,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    walking,
    write_answer,
)

SMALL = (80, 24)


async def test_up_and_down_go_through_what_was_submitted(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(json.dumps("dold = of_another_day") + "\n")
    async with walking(size=SMALL, history=history) as pilot:
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
            "dold = of_another_day",
            "dold = of_another_day",
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
    assert [json.loads(line) for line in history.read_text().splitlines()] == [
        "dold = of_another_day",
        "dprobs = probs",
        "dprobs = dlogprobs",
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

        # what is pasted is taken as it is, line by line
        await clear_prompt(pilot)
        pilot.app.post_message(events.Paste("dprobs = dlogprobs\nfor k in range(2):\n    dprobs = dprobs / probs\n"))
        await wait_for(pilot, lambda: prompt_code(pilot).endswith("    dprobs = dprobs / probs\n"), "what was pasted")
        await wait_for_text(pilot, "fail", "prompt")

        # nothing to complete at the beginning of a line: Tab indents
        await clear_prompt(pilot)
        tap(pilot, "tab")
        await wait_for(pilot, lambda: prompt_code(pilot) == "    ")
