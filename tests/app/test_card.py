"""Hints one by one, and the answer on request, which stays marked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ninja_tui.lesson.hints.question import question
from ninja_tui.lesson.model import Notes
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import SavedAnswer
from ninja_tui.tui.screens.walk import WalkScreen
from tests.app.fake_backend import Fakes
from tests.app.support import (
    ANSWERS,
    backend,
    go_to,
    in_prompt,
    pane_text,
    press,
    prompt_code,
    screen_text,
    session,
    settle,
    show,
    submit,
    table_rows,
    type_text,
    unwrapped,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
)

LARGE = (150, 60)
NAMES = read_lesson("names")
NOTES = NAMES.notes


def plain(text: str) -> str:
    """A note as the card shows it, without the breaks of its lines."""
    return unwrapped(text.replace("`", ""))


@pytest.mark.slow
async def test_hints_come_one_by_one() -> None:
    note = NOTES.backward["probs"]
    assert len(note.hints) == 3
    async with walking(size=LARGE) as pilot:
        await press(pilot, "h")
        await wait_for_toast(pilot, "hints are for the way back")
        await go_to(pilot, "dprobs")
        asked = plain(question(NAMES, NAMES.node("probs"), {"probs": (32, 27)}))
        assert asked in unwrapped(pane_text(pilot, "card"))
        assert plain(note.shape) in unwrapped(pane_text(pilot, "card"))
        assert "∂" not in pane_text(pilot, "card")
        assert "3 more hints" in pane_text(pilot, "card")
        assert not any(plain(hint) in unwrapped(pane_text(pilot, "card")) for hint in note.hints)
        for shown, key in enumerate(("f4", "h", "h"), 1):
            if key == "h":
                await press(pilot, "escape")
            await press(pilot, key)
            card = unwrapped(pane_text(pilot, "card"))
            assert [plain(hint) in card for hint in note.hints] == [number < shown for number in range(3)]
        assert "more hint" not in pane_text(pilot, "card")
        await press(pilot, "h")
        await wait_for_toast(pilot, "there is no further hint; F5 reveals the answer")
        # they are this node's
        await press(pilot, "f8")
        assert "3 more hints" in pane_text(pilot, "card")
        await press(pilot, "alt+p")
        assert plain(note.hints[2]) in unwrapped(pane_text(pilot, "card"))


async def test_what_there_is_to_notice_comes_with_the_right_answer() -> None:
    async with walking(size=LARGE) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs")
        assert "Notice" not in pane_text(pilot, "card")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "Notice", "card")
        assert plain(NOTES.backward["probs"].notice) in unwrapped(pane_text(pilot, "card"))


@pytest.mark.slow
async def test_a_revealed_answer_stays_revealed() -> None:
    fakes = Fakes()
    async with walking(fakes, size=LARGE) as pilot:
        await go_to(pilot, "dlogprobs")
        assert ANSWERS["logprobs"].splitlines()[1] not in screen_text(pilot)
        await type_text(pilot, "half")
        await press(pilot, "f5")
        card = pane_text(pilot, "card")
        assert all(line in card for line in ANSWERS["logprobs"].splitlines())
        assert plain(NOTES.backward["logprobs"].why) in unwrapped(card)
        assert "revealed" in table_rows(pilot)["logprobs"]
        assert prompt_code(pilot) == "dlogprobs = half"
        assert in_prompt(pilot)
        assert backend(pilot).asked("save") == [("logprobs", SavedAnswer("", revealed=True))]
        await go_to(pilot, "dprobs")
        assert ANSWERS["probs"] not in screen_text(pilot)

    async with walking(fakes, size=LARGE) as pilot:
        assert "revealed" in table_rows(pilot)["logprobs"]
        await go_to(pilot, "dlogprobs")
        assert ANSWERS["logprobs"].splitlines()[1] in pane_text(pilot, "card")
        assert session(pilot).passed == 0
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for(pilot, lambda: table_rows(pilot)["logprobs"][4:6] == ["pass", "revealed"])
        await press(pilot, "f5")  # once more changes nothing
        assert backend(pilot).asked("save") == [("logprobs", SavedAnswer(ANSWERS["logprobs"], revealed=True))]


async def test_the_card_shows_what_is_drawn_from_the_operation() -> None:
    async with walking(size=LARGE, lesson="layernorm") as pilot:
        now = session(pilot)
        assert now.facts is not None
        names = {"var": (16, 1), "var_inv": (16, 1), "diff": (16, 32), "norm": (16, 32)}
        walk = pilot.app.screen
        assert isinstance(walk, WalkScreen)
        walk.session = replace(
            now.at_node("var_inv"),
            lesson=replace(now.lesson, notes=Notes()),
            facts=replace(now.facts, names={**now.facts.names, **names}),
        )
        await settle(pilot)
        card = unwrapped(pane_text(pilot, "card"))
        assert unwrapped("drawn from the operation") in card
        assert unwrapped("var_inv is (16, 1)") in card
        assert unwrapped("3 more hints") in card
        assert "product" not in card
        await press(pilot, "f4", "f4", "f4")
        card = unwrapped(pane_text(pilot, "card"))
        assert unwrapped("Hint 2: A product.") in card
        assert unwrapped("summed over axis 1, kept with size 1") in card
        assert "more hint" not in pane_text(pilot, "card")


SMALL = [(80, 24), (120, 40), (110, 34), (60, 18)]


@pytest.mark.parametrize("size", SMALL)
async def test_the_answer_comes_in_sight_also_where_the_node_passes(size: tuple[int, int]) -> None:
    answers = {"logprobs": ANSWERS["logprobs"], "hpreact": ANSWERS["hpreact"]}
    async with walking(Fakes().answers("names", **answers), size=size) as pilot:
        await go_to(pilot, "dhpreact")
        await press(pilot, "f4", "f4", "f4", "f5")
        await wait_for_text(pilot, "dhpreact = (1.0 - h**2) * dh", "card")
        await press(pilot, "f12", "f12", "f12", "f12", "f5")
        await show(pilot, "card")
        await wait_for_text(pilot, "dhpreact = (1.0 - h**2) * dh", "card")


async def test_the_form_that_people_know_leads_and_the_exact_one_stands_beside_it() -> None:
    async with walking(size=LARGE) as pilot:
        await go_to(pilot, "dhpreact")
        await press(pilot, "f5")
        card = unwrapped(pane_text(pilot, "card"))
        known, exact = card.index("dhpreact=(1.0-h**2)*dh"), card.index(unwrapped(ANSWERS["hpreact"]))
        assert known < exact
        await press(pilot, "escape")
        await go_to(pilot, "dprobs")
        await press(pilot, "f5")
        assert "exact to the last bit" not in pane_text(pilot, "card")


@pytest.mark.parametrize("size", SMALL)
async def test_each_new_hint_is_in_sight(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        await go_to(pilot, "dprobs")
        for number, hint in enumerate(NOTES.backward["probs"].hints, 1):
            await press(pilot, "f4")
            await wait_for_text(pilot, f"Hint {number}: {' '.join(hint.replace('`', '').split()[:3])}", "card")


@pytest.mark.parametrize("size", SMALL)
async def test_the_first_lines_on_a_statement_are_in_sight(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        await show(pilot, "card")
        for name in ("emb", "embcat", "hprebn"):
            first = " ".join(NOTES.forward[name].split()[:6])
            await wait_for_text(pilot, first.replace("`", ""), "card")
            await press(pilot, "end", "n")


async def test_hints_are_remembered_in_the_file() -> None:
    fakes = Fakes()
    async with walking(fakes, size=LARGE) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f4", "f4")
        assert backend(pilot).asked("save")[-1] == ("probs", SavedAnswer("", hints=2))
        await submit(pilot, ANSWERS["probs"])
        assert backend(pilot).asked("save")[-1] == ("probs", SavedAnswer(ANSWERS["probs"], hints=2))
    async with walking(fakes, size=LARGE) as pilot:
        await go_to(pilot, "dprobs")
        card = unwrapped(pane_text(pilot, "card"))
        assert [plain(hint) in card for hint in NOTES.backward["probs"].hints] == [True, True, False]


@pytest.mark.slow
async def test_the_finish_tells_what_it_took_and_what_comes_next() -> None:
    fakes = Fakes()
    fakes.solutions["names"] = {node: SavedAnswer(code) for node, code in ANSWERS.items()}
    fakes.solutions["names"]["probs"] = SavedAnswer(ANSWERS["probs"], revealed=True, hints=3)
    async with walking(fakes, size=(80, 24)) as pilot:
        await press(pilot, "f8")
        await show(pilot, "card")
        await wait_for_text(pilot, "26 of 26, 1 revealed, 3 hints. g trains it; next: cross-entropy.", "card")
    fakes.answers("cross-entropy", logits="dlogits = logits")
    async with walking(fakes, size=(80, 24)) as pilot:
        await press(pilot, "f8")
        await show(pilot, "card")
        await wait_for_text(pilot, "next: batchnorm", "card")


async def test_the_finish_tells_what_is_still_to_do() -> None:
    fakes = Fakes()
    fakes.solutions["names"] = {node: SavedAnswer(code) for node, code in ANSWERS.items()} | {
        "h": SavedAnswer("dh = h", hints=1)
    }
    async with walking(fakes) as pilot:
        await press(pilot, "f8")
        await wait_for_text(pilot, "25 of 26, 1 hint; still to do: h.", "card")
