"""Practice in the app: what comes into the deck, what is asked again, and what the list of lessons says of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ninja_tui.engine.events import Failed, LessonRead, Opened
from ninja_tui.lesson.practice.deck import Card
from ninja_tui.lesson.practice.deck_file import read_deck
from ninja_tui.lesson.practice.variation import Round, Variation
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.solutions import SavedAnswer
from ninja_tui.tui.app import NinjaApp, Practice
from ninja_tui.tui.config import Settings
from ninja_tui.tui.practice.keeper import DeckKeeper
from ninja_tui.tui.session import Session
from tests.app.fake_backend import FakeBackend, Fakes
from tests.app.practice_support import TODAY, practice_with
from tests.app.support import (
    ANSWERS,
    AppPilot,
    backend,
    close_toasts,
    config_with,
    go_to,
    opened_app,
    pane_text,
    press,
    prompt_code,
    ready,
    screen_text,
    session,
    submit,
    unwrapped,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    write_answer,
)

TOMORROW = TODAY + timedelta(1)


def due_card(node: str, box: int = 2, lesson: str = "names", late: int = 0) -> Card:
    """A card that is due, since so many days."""
    return Card(lesson, node, box, TODAY - timedelta(late), TODAY - timedelta(20))


def deck_of(pilot: AppPilot) -> DeckKeeper:
    assert isinstance(pilot.app, NinjaApp)
    return pilot.app._practice.keeper


def card(pilot: AppPilot, node: str, lesson: str = "names") -> Card:
    return deck_of(pilot).deck.card(lesson, node)


async def asked(pilot: AppPilot, node: str, lesson: str = "names") -> FakeBackend:
    """Waits until practice asks for ``node``."""

    def is_it(now: Session) -> bool:
        return now.practice is not None and (now.lesson.name, now.lesson.asks) == (lesson, (node,))

    await ready(pilot, f"practice of {node}", is_it)
    return backend(pilot)


# Into the deck


async def test_a_gradient_that_passes_comes_into_the_deck_by_what_it_took() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await press(pilot, "enter", "f4")
        await submit(pilot, "dprobs = probs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "enter", "f5")
        await submit(pilot, ANSWERS["counts_sum_inv"])
        assert card(pilot, "logprobs") == Card("names", "logprobs", 3, TODAY + timedelta(7), TODAY)
        assert card(pilot, "probs") == Card("names", "probs", 2, TODAY + timedelta(3), TODAY, hints=1, wrong=1)
        assert card(pilot, "counts_sum_inv") == Card("names", "counts_sum_inv", 1, TOMORROW, TODAY, revealed=True)
        await press(pilot, "f5")  # to read why, after it has passed
        assert not card(pilot, "logprobs").revealed


async def test_a_bare_expression_that_passes_at_once_is_no_wrong_try() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "(1.0 / probs) * dlogprobs")
        await press(pilot, "enter")
        await wait_for(pilot, lambda: card(pilot, "probs").passed is not None, "the card")
        assert card(pilot, "probs").wrong == 0


async def test_what_passed_before_there_was_a_deck_comes_in_with_its_marks_and_what_fails_does_not() -> None:
    fakes = Fakes()
    fakes.solutions["names"] = {
        "logprobs": SavedAnswer(ANSWERS["logprobs"], hints=2),
        "probs": SavedAnswer(ANSWERS["probs"], revealed=True),
        "counts": SavedAnswer("dcounts = counts"),
    }
    async with walking(fakes) as pilot:
        assert {each.node: (each.box, each.wrong) for each in deck_of(pilot).deck.cards} == {
            "logprobs": (2, 0), "probs": (1, 0)
        }  # fmt: skip


async def test_the_deck_is_on_the_disk_when_the_app_ends(tmp_path: Path) -> None:
    fakes, path = Fakes(), tmp_path / "deck.json"
    practice = practice_with(fakes, path=path)
    async with walking(fakes, practice=practice) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
    practice.keeper.close()
    assert [each.node for each in read_deck(path).deck.cards] == ["probs"]


async def test_a_deck_that_cannot_be_written_is_told_once_and_the_walk_goes_on(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, path=tmp_path / "file" / "deck.json")) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for_toast(pilot, "Practice is not kept")
        close_toasts(pilot)
        await press(pilot, "enter")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "2 ✓")
        assert len(deck_of(pilot).deck.cards) == 2


async def test_a_damaged_deck_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    path.write_text("[ix]")
    fakes = Fakes()
    async with walking(fakes, practice=Practice(DeckKeeper.opened(path, lambda: TODAY), fakes.practice)) as pilot:
        await wait_for_toast(pilot, "is damaged")
        await wait_for_toast(pilot, "the damaged file is kept beside it")


# What is due


async def test_the_start_tells_what_is_due_and_a_key_asks_for_it() -> None:
    fakes = Fakes().answers("names", probs=ANSWERS["probs"])
    cards = due_card("probs", late=1), due_card("h"), Card("names", "W1", 3, TOMORROW, TODAY)
    async with walking(fakes, practice=practice_with(fakes, *cards)) as pilot:
        await wait_for_text(pilot, "2 due (c)  loss 3.5222")  # wherever the walk is
        await press(pilot, "escape", *["p"] * 40)
        await wait_for_text(pilot, "2 due for practice: c asks them again", "prompt")
        await press(pilot, "c")
        practice = await asked(pilot, "probs")
        await wait_for_text(pilot, "↻ practice dprobs")
        assert prompt_code(pilot) == "dprobs = "
        assert practice.asked_for == Round.of(cards[0], other_sizes=False)
        await wait_for_text(pilot, f"seed {practice.asked_for.seed}", "prompt")
        await wait_for_text(pilot, "practice: your solutions file stays as it is", "prompt")


async def test_earlier_answers_are_hidden_and_the_history_too(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    fakes = Fakes()
    async with walking(fakes, history=history) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "alt+m")
        await asked(pilot, "probs")
        await press(pilot, "up")
        assert prompt_code(pilot) == "dprobs = "
        assert ANSWERS["probs"].partition("= ")[2] not in screen_text(pilot)


@pytest.mark.slow
async def test_passing_moves_a_card_on_and_the_next_is_asked() -> None:
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, due_card("probs", late=1), due_card("h"))) as pilot:
        await press(pilot, "escape", "c")
        practice = await asked(pilot, "probs")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "right: Enter or F8 goes on", "prompt")
        await press(pilot, "enter")
        said = "dprobs passes, and is asked again in 7 days. 1 more is due: Enter or c takes the next"
        await wait_for_text(pilot, said, "prompt")
        assert (card(pilot, "probs").box, card(pilot, "probs").passed) == (3, TODAY)
        await wait_for_text(pilot, "■ practised dprobs  1 more due")
        await wait_for_text(pilot, "dprobs took no help.", "card")
        await press(pilot, "enter")
        await asked(pilot, "h")
        assert practice.closed
        await write_answer(pilot, ANSWERS["h"])
        await press(pilot, "f8")  # submits it, and goes on
        await wait_for_text(pilot, "dh passes, and is asked again in 7 days", "prompt")
        await wait_for_text(pilot, "Nothing more is due; next: in 7 days. l goes to the lessons", "prompt")
        await press(pilot, "enter")
        await wait_for_toast(pilot, "nothing is due; next: in 7 days")
        assert fakes.solutions.get("names", {}) == {}


@pytest.mark.parametrize(("key", "box", "days"), [("f4", 3, 7), ("f5", 1, 1)])
async def test_hints_and_a_revealed_answer_bring_a_card_back_sooner(key: str, box: int, days: int) -> None:
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, due_card("probs", 4))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "probs")
        await press(pilot, key)
        await submit(pilot, ANSWERS["probs"])
        assert (card(pilot, "probs").box, card(pilot, "probs").due) == (box, TODAY + timedelta(days))


@pytest.mark.slow
async def test_a_wrong_answer_says_so_and_the_card_stays_where_it_is() -> None:
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, due_card("probs", 2))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "probs")
        await submit(pilot, "dprobs = probs")
        await wait_for_text(pilot, "not right yet. unknown: no known mistake explains it", "prompt")
        assert "saved, not right" not in pane_text(pilot, "prompt")
        await submit(pilot, ANSWERS["probs"])
        assert (card(pilot, "probs").box, card(pilot, "probs").wrong) == (2, 1)


@pytest.mark.slow
async def test_what_is_left_is_still_due_and_the_key_takes_another() -> None:
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, due_card("probs", late=1), due_card("h"))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "probs")
        await press(pilot, "escape", "n")
        await wait_for_text(
            pilot, "dprobs is still to do: p goes back to it. 1 more is due: c takes the next", "prompt"
        )
        await press(pilot, "c")
        await asked(pilot, "h")
        await press(pilot, "alt+c")
        await asked(pilot, "probs")
        assert card(pilot, "probs").rounds == 2
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "alt+c")
        await asked(pilot, "h")
        await press(pilot, "alt+c")
        await wait_for_toast(pilot, "this is the only gradient that is due")


@pytest.mark.slow
async def test_the_solutions_file_is_as_it_was_and_practice_does_not_train() -> None:
    fakes = Fakes().answers("names", probs="dprobs = probs  # mine")
    async with walking(fakes, practice=practice_with(fakes, due_card("probs"))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "probs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "ctrl+t")
        await wait_for_toast(pilot, "practice does not train")
        await press(pilot, "ctrl+l")
        await wait_for(pilot, lambda: len(pilot.app.screen_stack) == 2, "the list")
        names = [line for line in pane_text(pilot, "lessons").splitlines() if " names " in line]
        assert "▸" not in names[0]
        await press(pilot, "home")
        while "about names" not in pane_text(pilot, "lessons-about"):
            await press(pilot, "down")
        await press(pilot, "enter")
        await ready(pilot, "names", lambda now: now.practice is None)
        await wait_for(pilot, lambda: session(pilot).entry("probs").code == "dprobs = probs  # mine", "the answer")


async def test_the_end_of_practice_offers_what_there_is_to_do_and_no_training() -> None:
    fakes = Fakes()
    async with walking(fakes, size=(80, 24), practice=practice_with(fakes, due_card("probs"))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "probs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "enter")
        await wait_for_text(pilot, "at the end of practice", "prompt")
        offered = screen_text(pilot).splitlines()[-1]
        assert "c Practise  l Lessons" in offered
        assert "Train" not in offered


# A passed node again, and other sizes


async def test_a_node_that_has_not_passed_is_not_practised_again() -> None:
    async with walking() as pilot:
        await press(pilot, "escape", "m")
        await wait_for_toast(pilot, "a gradient can be practised again on the way back")
        await go_to(pilot, "dprobs")
        await press(pilot, "alt+m")
        await wait_for_toast(pilot, "dprobs is practised again once it passes")


@pytest.mark.parametrize("passes", [True, False])
async def test_at_the_end_of_a_round_it_is_said_how_to_have_it_again(passes: bool) -> None:
    fakes = Fakes()
    async with walking(fakes, practice=practice_with(fakes, due_card("h"))) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "h")
        if passes:
            await submit(pilot, ANSWERS["h"])
        await press(pilot, "escape", "n")
        await wait_for_text(pilot, "practised dh")
        await press(pilot, "m")
        await wait_for_toast(pilot, "this round is at its end: p goes back to dh, and there m asks it again")
        before = session(pilot).practice
        await press(pilot, "p", "m")
        await ready(pilot, "another seed", lambda now: now.practice is not None and now.practice != before)


@pytest.mark.slow
async def test_a_passed_node_again_has_another_seed_each_time_and_does_not_move_on_before_it_is_due() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        seeds: list[int | None] = []

        def is_another(now: Session) -> bool:
            return now.practice is not None and now.practice.seed not in seeds

        for _ in range(3):
            await press(pilot, "alt+m")
            await ready(pilot, "another seed", is_another)
            practice = session(pilot).practice
            assert practice is not None
            seeds.append(practice.seed)
            await submit(pilot, ANSWERS["probs"])
        assert len({*seeds}) == 3
        assert (card(pilot, "probs").box, card(pilot, "probs").due) == (3, TODAY + timedelta(7))


async def test_other_sizes_are_a_choice_that_is_kept_and_told() -> None:
    fakes, config = Fakes(), config_with(Settings(questions=False))
    async with walking(fakes, config=config, practice=practice_with(fakes, due_card("probs"))) as pilot:
        await press(pilot, "escape", "k")
        await wait_for_toast(pilot, "practice with other sizes too, from the next question on")
        assert config.settings.other_sizes
        await press(pilot, "c")
        await asked(pilot, "probs")
        practice = session(pilot).practice
        assert practice is not None
        old, new = practice.sizes["batch_size"]
        await wait_for_text(pilot, f"batch_size {old}→{new}", "prompt")
        assert (old, new != 32) == (32, True)
        await press(pilot, "alt+k")
        await wait_for_toast(pilot, "practice with the lesson's own sizes")
        assert not config.settings.other_sizes


async def test_hints_that_tell_the_lessons_own_sizes_are_said_to_be_replaced() -> None:
    fakes, config = Fakes(), config_with(Settings(questions=False, other_sizes=True))
    due = due_card("hprebn", lesson="batchnorm")
    async with walking(fakes, config=config, practice=practice_with(fakes, due)) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "hprebn", "batchnorm")
        card = unwrapped(pane_text(pilot, "card"))
        assert unwrapped("drawn from the operation: the lesson's own tell other sizes") in card
        assert unwrapped("has no note") not in card


async def test_where_a_lesson_does_not_run_with_other_sizes_that_is_told() -> None:
    fakes = Fakes(held=(Opened,))
    practice = practice_with(fakes, due_card("probs"))
    start = Practice(practice.keeper, practice.make_backend, Round("names", "probs", 5, other_sizes=True))
    async with opened_app(fakes, practice=start) as pilot:
        await wait_for(pilot, lambda: bool(backend(pilot).held), "the lesson")
        lesson = session(pilot).lesson
        plain = Variation(5, problem="it does not run with other sizes")
        backend(pilot).emit(LessonRead(lesson, {}, {}, plain))
        backend(pilot).release()
        await wait_for_text(pilot, "no other sizes: it does not run with other sizes", "prompt")
        assert card(pilot, "probs").rounds == 1


# From the command line, and what cannot be


async def test_the_app_can_begin_with_practice() -> None:
    fakes = Fakes()
    practice = practice_with(fakes, due_card("b2"))
    start = Practice(practice.keeper, practice.make_backend, Round.of(practice.keeper.due()[0], other_sizes=False))
    async with opened_app(fakes, practice=start) as pilot:
        await asked(pilot, "b2")
        await wait_for_text(pilot, "↻ practice db2")


async def test_what_cannot_be_practised_is_left_out_and_the_next_is_asked() -> None:
    fakes = Fakes()
    practice = practice_with(fakes, due_card("probs", late=1), due_card("h"))

    def fails(asked: Round, emit: object) -> FakeBackend:
        fakes.opening_error = "names has no `probs`" if asked.node == "probs" else ""
        return fakes.practice(asked, emit)  # type: ignore[arg-type]  # as it was given

    async with walking(fakes, practice=Practice(practice.keeper, fails)) as pilot:
        await press(pilot, "escape", "c")
        await asked(pilot, "h")
        await wait_for_toast(pilot, "names has no `probs`. It is left out for now")
        await submit(pilot, ANSWERS["h"])
        await press(pilot, "enter")
        await wait_for_text(pilot, "Nothing more is due", "prompt")


async def test_where_nothing_can_be_practised_there_is_the_lesson() -> None:
    fakes = Fakes()
    practice = practice_with(fakes, due_card("probs"))

    def fails(asked: Round, emit: object) -> FakeBackend:
        made = fakes.practice(asked, emit)  # type: ignore[arg-type]  # as it was given
        made.start = lambda: made.emit(Failed("the lesson is gone"))  # type: ignore[method-assign]
        return made

    async with walking(fakes, practice=Practice(practice.keeper, fails)) as pilot:
        await press(pilot, "escape", "c")
        await wait_for_toast(pilot, "the lesson is gone. It is left out for now")
        await ready(pilot, "names", lambda now: now.practice is None)
        assert pilot.app.return_code is None


# The list of lessons


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_the_list_tells_what_has_passed_and_what_is_due(size: tuple[int, int]) -> None:
    fakes = Fakes()
    far = TODAY + timedelta(9)
    cards = [
        *(Card("micrograd", f"n{number}", 3, far, TODAY) for number in range(15)),
        *(due_card(node, lesson="train") for node in read_lesson("train").asks[:12]),
        *(Card("layernorm", f"n{number}", 3, far, TODAY) for number in range(4)),
    ]
    async with walking(fakes, size=size, practice=practice_with(fakes, *cards)) as pilot:
        await press(pilot, "escape", "l")
        found = {}
        for text in pane_text(pilot, "lessons").splitlines():
            words = text.split()
            if words and words[0] in ("micrograd", "train", "layernorm", "attention"):
                found[words[0]] = " ".join(words[2 : 5 if "due" in words[:6] else 4])
        assert found == {
            "micrograd": "15/15 done", "train": "12/13 12 due", "layernorm": "4/17 pass", "attention": "0/22 open"
        }  # fmt: skip
        await wait_for_text(pilot, "12 due: c practises them")
        await press(pilot, "c")
        await asked(pilot, read_lesson("train").asks[0], "train")
