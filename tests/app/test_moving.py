"""Getting about: the walk's letters, the prompt's keys, the find list, the table, the mouse."""

from __future__ import annotations

import re

from ninja_tui.tui.session import Phase
from tests.app.support import (
    AppPilot,
    click_on,
    find_open,
    go_to,
    in_prompt,
    pane_text,
    press,
    prompt_code,
    screen_text,
    session,
    submit,
    type_text,
    wait_for,
    wait_for_text,
    walking,
)


def place(pilot: AppPilot) -> str:
    """What the title says of where the walk is."""
    place = re.search(r"forward \d+/\d+|backward \d+/\d+ \w+|the turn|the finish", screen_text(pilot).splitlines()[0])
    return place.group() if place else ""


async def test_escape_gives_the_letters_back_to_the_walk() -> None:
    async with walking(size=(80, 24)) as pilot:
        assert place(pilot) == "forward 1/20"
        await press(pilot, "p")
        assert place(pilot) == "forward 1/20"
        await press(pilot, "n", "n", "p")
        assert place(pilot) == "forward 2/20"
        await press(pilot, "t")
        assert place(pilot) == "the turn"
        await press(pilot, "n")
        assert place(pilot) == "backward 1/26 dlogprobs"
        # a letter has led here, so the letters are the walk's until Enter
        assert "dlogprobs ── walk keys · Enter: type" in screen_text(pilot)
        await press(pilot, "n", "n", "p", "p")
        assert place(pilot) == "backward 1/26 dlogprobs"
        assert prompt_code(pilot) == "dlogprobs = "
        assert not in_prompt(pilot)
        await press(pilot, "enter")
        assert in_prompt(pilot)
        assert "dlogprobs ── typing · Esc: walk keys" in screen_text(pilot)

        # in the prompt a letter is a letter
        await press(pilot, "n", "p", "t", "question_mark", "slash")
        assert prompt_code(pilot) == "dlogprobs = npt?/"
        assert place(pilot) == "backward 1/26 dlogprobs"

        await press(pilot, "escape")
        assert not in_prompt(pilot)
        await press(pilot, "n")
        assert place(pilot) == "backward 2/26 dprobs"
        await press(pilot, "p")
        assert place(pilot) == "backward 1/26 dlogprobs"
        assert prompt_code(pilot) == "dlogprobs = npt?/"
        await press(pilot, "escape", "t")
        assert place(pilot) == "the turn"
        await press(pilot, "question_mark")
        assert "Esc closes" in screen_text(pilot)
        await press(pilot, "escape", "slash")
        assert find_open(pilot)
        await press(pilot, "escape")
        assert place(pilot) == "the turn"


async def test_the_same_by_keys_that_work_in_the_prompt() -> None:
    async with walking(size=(80, 24)) as pilot:
        await press(pilot, "t", "f8")
        assert in_prompt(pilot)
        await type_text(pilot, "half")
        await press(pilot, "f8")
        assert place(pilot) == "backward 2/26 dprobs"
        assert in_prompt(pilot)
        await press(pilot, "alt+p")
        assert place(pilot) == "backward 1/26 dlogprobs"
        assert prompt_code(pilot) == "dlogprobs = half"
        await press(pilot, "f2")
        assert "Esc closes" in screen_text(pilot)
        await press(pilot, "f2")
        await wait_for_text(pilot, "typing · Esc")
        await press(pilot, "f3")
        assert find_open(pilot)
        await press(pilot, "escape")
        assert in_prompt(pilot)
        assert prompt_code(pilot) == "dlogprobs = half"
        await press(pilot, "alt+t")
        assert place(pilot) == "the turn"


async def test_find_goes_to_a_statement_or_a_node() -> None:
    async with walking(size=(80, 24)) as pilot:
        await press(pilot, "slash")
        assert "emb = C[Xb]" in screen_text(pilot)
        await type_text(pilot, "tanh")
        await wait_for(pilot, lambda: "embcat" not in pane_text(pilot, "find"), "a shorter list")
        assert "h = torch.tanh(hpreact)" in pane_text(pilot, "find")
        await press(pilot, "enter")
        assert place(pilot) == "forward 11/20"
        assert session(pilot).phase is Phase.FORWARD

        await press(pilot, "slash")
        await type_text(pilot, "dbn")
        await press(pilot, "down", "enter")
        assert place(pilot) == "backward 14/26 dbnraw"
        assert prompt_code(pilot) == "dbnraw = "

        await press(pilot, "f3")
        await type_text(pilot, "no such thing")
        await press(pilot, "enter")
        assert find_open(pilot)
        await press(pilot, "escape")
        assert place(pilot) == "backward 14/26 dbnraw"


async def test_find_takes_a_name_that_is_typed_whole() -> None:
    """``dcounts`` is not ``dcounts_sum_inv``, though it is how that begins; and ``dC`` is no ``dcounts``."""
    async with walking(size=(80, 24)) as pilot:
        for name in ("dcounts", "dlogits", "dh", "dC", "demb"):
            await press(pilot, "f3")
            await type_text(pilot, name)
            await press(pilot, "enter")
            assert place(pilot).endswith(f" {name}")


async def test_a_row_of_the_table_goes_there() -> None:
    async with walking() as pilot:
        await press(pilot, "t", "n", "escape")
        await press(pilot, "4")
        await press(pilot, "down", "down", "down", "enter")
        assert place(pilot) == "backward 4/26 dcounts_sum"
        assert prompt_code(pilot) == "dcounts_sum = "

        await click_on(pilot, "gradients", "· logits")
        assert place(pilot) == "backward 8/26 dlogits"
        assert in_prompt(pilot)


async def test_a_click_on_a_line_goes_there() -> None:
    """On the way forward to the statement, on the way back to its node."""
    async with walking() as pilot:
        await click_on(pilot, "source", "bndiff = hprebn")
        assert place(pilot) == "forward 5/20"
        await go_to(pilot, "dlogprobs")
        await click_on(pilot, "source", "counts_sum = counts.sum")
        assert place(pilot) == "backward 4/26 dcounts_sum"
        assert "◀ counts_sum = " in pane_text(pilot, "source")
        assert "↰ counts_sum_inv = " in pane_text(pilot, "source")


async def test_enter_goes_into_the_prompt_and_nothing_forces_an_order() -> None:
    """The last gradient first; a right one once more with Enter goes on."""
    async with walking(size=(80, 24)) as pilot:
        await go_to(pilot, "demb")
        await press(pilot, "escape")
        assert not in_prompt(pilot)
        await press(pilot, "enter")
        assert in_prompt(pilot)
        await submit(pilot, "demb = dembcat.view(emb.shape)")
        await wait_for_text(pilot, "saved: Enter", "prompt")
        await press(pilot, "enter")
        assert place(pilot) == "backward 26/26 dC"
        await press(pilot, "f8")
        assert place(pilot) == "the finish"
        await press(pilot, "f8")
        assert place(pilot) == "the finish"
        assert "still to do: logprobs, probs" in " ".join(pane_text(pilot, "card").split())


async def test_on_the_way_back_a_name_leads_to_its_gradient_and_on_the_way_forward_to_its_statement() -> None:
    async with walking(size=(80, 24)) as pilot:
        for key, there in (("", "forward 2/20"), ("t", "the turn")):
            await press(pilot, *([key] if key else []), "slash")
            await type_text(pilot, "embcat")
            await press(pilot, "enter")
            assert place(pilot) == (there if not key else "backward 22/26 dembcat")
            await press(pilot, "escape")
