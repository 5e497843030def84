"""On the way forward a step asks for its shape before it shows the tensor."""

from __future__ import annotations

import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events

from ninja_tui.engine.events import Event, Opened, Viewed
from ninja_tui.lesson.read import read_lesson
from ninja_tui.tui.config import Known, Settings
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.screens.paned import PANES
from ninja_tui.tui.session import Phase
from ninja_tui.tui.themes import THEMES
from tests.app.canned import NAMES
from tests.app.fake_backend import Fakes
from tests.app.support import (
    AppPilot,
    backend,
    click_on,
    config_with,
    focused,
    go_to,
    opened_app,
    pane_text,
    press,
    screen_lines,
    screen_text,
    session,
    settle,
    styles_of,
    table_rows,
    type_text,
    unwrapped,
    visible,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    walking_with_processes,
)

STATEMENTS = read_lesson("names").statements
SMALL, WIDE = (80, 24), (120, 40)


@asynccontextmanager
async def asked(
    fakes: Fakes | None = None, *, size: tuple[int, int] = SMALL, lesson: str = "names"
) -> AsyncIterator[AppPilot]:
    """The app, with questions."""
    async with walking(fakes, size=size, lesson=lesson, config=config_with(Settings())) as pilot:
        yield pilot


async def to_question(pilot: AppPilot, name: str) -> None:
    """To the statement that binds ``name``, by the find list."""
    await press(pilot, "slash")
    await type_text(pilot, name)
    await press(pilot, "enter")
    assert question(pilot).startswith(f"What shape will {name} have?")


def question(pilot: AppPilot) -> str:
    """The first line of the prompt."""
    return pane_text(pilot, "prompt").splitlines()[1].strip()


def footer(pilot: AppPilot) -> str:
    return screen_lines(pilot)[-1].strip()


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_the_first_question_explains_itself_in_one_line(size: tuple[int, int]) -> None:
    async with asked(size=size) as pilot:
        lines = [line.strip() for line in pane_text(pilot, "prompt").splitlines()]
        assert lines[1].startswith("What shape will emb have?")
        assert lines[2] == "emb = C (27, 10)[Xb (32, 3)]"
        assert lines[3] == "type it (as 32, 1), or Enter shows it · o: no more questions"
        assert "at a question" in lines[0]
        assert footer(pilot).startswith("Enter Show  0-9 Answer  o Ask no more")


@pytest.mark.parametrize("size", [SMALL, WIDE])
@pytest.mark.parametrize("keys", [("enter", "enter"), ("n", "n"), ("f8", "f8"), ("alt+n", "enter")])
async def test_who_only_presses_on_sees_each_tensor_and_walks(size: tuple[int, int], keys: tuple[str, str]) -> None:
    shows, steps = keys
    async with asked(size=size) as pilot:
        for number, statement in enumerate(STATEMENTS):
            (name,) = statement.binds
            assert session(pilot).position == number
            assert question(pilot).startswith(f"What shape will {name} have?")
            await press(pilot, shows)
            assert session(pilot).position == number
            assert question(pilot).startswith(f"{NAMES[name]}: ")
            assert f"{name} {NAMES[name]} = " in pane_text(pilot, "prompt")
            await press(pilot, steps)
        assert session(pilot).phase is Phase.TURN


@pytest.mark.parametrize("answer", ["32, 1", "(32,1)", "32 1", "[32, 1]"])
async def test_a_right_answer_is_confirmed(answer: str) -> None:
    async with asked() as pilot:
        await to_question(pilot, "counts_sum")
        await type_text(pilot, answer)
        assert question(pilot) == f"What shape will counts_sum have?  {answer}"
        assert "Enter answers" in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        assert question(pilot) == "✓ right, (32, 1): sum(1, keepdim=True) keeps axis 1 with size 1"
        assert "counts_sum (32, 1) = counts (32, 27).sum(1, keepdim=True)" in pane_text(pilot, "prompt")
        assert "at a question" not in screen_text(pilot)


@pytest.mark.parametrize("key", ["enter", "n", "f8"])
async def test_a_wrong_answer_teaches_from_the_operation_in_one_sentence(key: str) -> None:
    async with asked(size=WIDE) as pilot:
        await to_question(pilot, "probs")
        await type_text(pilot, "32, 1")
        await press(pilot, key)
        assert question(pilot) == (
            "it is (32, 27), not (32, 1): counts is (32, 27), counts_sum_inv (32, 1) is spread along axis 1"
        )
        await wait_for_text(pilot, "probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1→27)", "node")
        await wait_for_text(pilot, "(32, 27) float32", "node")
        # it is told there once more, and asked for no more
        await press(pilot, "n")
        assert question(pilot).startswith("What shape will logprobs have?")
        await press(pilot, "p")
        assert question(pilot).startswith("it is (32, 27), not (32, 1)")
        await press(pilot, "n")
        assert question(pilot).startswith("What shape will logprobs have?")


async def test_a_single_number_has_the_shape_of_two_brackets() -> None:
    async with asked() as pilot:
        await to_question(pilot, "loss")
        assert "3.5222" not in screen_text(pilot)
        await type_text(pilot, "()")
        await press(pilot, "enter")
        assert question(pilot) == "✓ right, (): mean() leaves a single number"
        assert "loss 3.5222" in screen_lines(pilot)[0]


@pytest.mark.parametrize("size", [SMALL, WIDE, (120, 60)])
@pytest.mark.parametrize("pane", ["card", "node", "gradients"])
async def test_nothing_on_the_screen_tells_the_shape(size: tuple[int, int], pane: str) -> None:
    """Of the current tensor, and of those ahead: shapes that no tensor has yet stand nowhere."""
    async with asked(size=size) as pilot:
        await press(pilot, f"alt+{PANES.index(pane) + 1}")
        shown = {str(NAMES[name]) for name in ("C", "W1", "b1", "W2", "b2", "bngain", "bnbias", "Xb", "Yb")}
        for statement in STATEMENTS:
            (name,) = statement.binds
            text = screen_text(pilot)
            assert question(pilot).startswith(f"What shape will {name} have?")
            for other in STATEMENTS[statement.index :]:
                shape = str(NAMES[other.binds[0]])
                assert shape == "()" or shape in shown or shape not in text, (name, other.binds[0])
            assert not re.search(rf"\b{name} \(\d*[,)]", text)
            assert "→27" not in text
            assert "→64" not in text
            assert "float32" not in text
            assert "▀" not in pane_text(pilot, "node")
            assert all(cells[0] == "–" for node, cells in table_rows(pilot).items() if node == name)
            shown.add(str(NAMES[name]))
            await press(pilot, "n", "n")


async def test_the_note_on_the_card_keeps_the_numbers_back_until_then() -> None:
    async with asked() as pilot:
        assert "become a (…) tensor" in pane_text(pilot, "card")
        await press(pilot, "enter")
        assert "become a (32, 3, 10) tensor" in pane_text(pilot, "card")
        await press(pilot, "enter")
        assert "in one row of … numbers" in pane_text(pilot, "card")
        await press(pilot, "enter")
        assert "in one row of 30 numbers" in pane_text(pilot, "card")


async def test_the_tensor_is_asked_of_the_backend_only_when_it_is_shown() -> None:
    async with asked(size=WIDE) as pilot:
        await pilot.resize_terminal(130, 45)
        await settle(pilot)
        assert backend(pilot).asked("view") == []
        assert "What shape will it have? Enter shows it." in pane_text(pilot, "node")
        await press(pilot, "enter")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")


async def test_a_view_that_comes_late_is_not_shown() -> None:
    """It was asked for when there were no questions."""
    fakes = Fakes()
    async with asked(fakes, size=WIDE) as pilot:
        await press(pilot, "o")
        backend(pilot).hold(Viewed)
        await press(pilot, "n", "n", "o", "p")
        assert question(pilot).startswith("What shape will embcat have?")
        backend(pilot).release()
        await settle(pilot)
        assert "float32" not in pane_text(pilot, "node")


async def test_digits_are_the_answers_and_with_alt_they_go_to_panes() -> None:
    async with asked() as pilot:
        await press(pilot, "alt+3")
        assert visible(pilot, "node")
        await press(pilot, "2", "4", "1")
        assert visible(pilot, "node")
        assert question(pilot).endswith("have?  241")
        await press(pilot, "backspace", "backspace")
        assert question(pilot).endswith("have?  2")
        await press(pilot, "enter", "2")
        assert visible(pilot, "card")


async def test_an_answer_is_typed_wherever_the_focus_is() -> None:
    async with asked(size=WIDE) as pilot:
        for pane in ("source", "card", "node", "gradients"):
            await press(pilot, f"alt+{PANES.index(pane) + 1}")
            assert focused(pilot) == pane
            await press(pilot, "3", "2")
            assert question(pilot).endswith("have?  32")
            await press(pilot, "escape")
            assert question(pilot).endswith("have?")
        await press(pilot, "alt+4", "7", "enter")
        assert question(pilot).startswith("it is (32, 3, 10), not (7,)")


async def test_a_pane_on_the_whole_screen_makes_way_for_the_answer() -> None:
    async with asked() as pilot:
        await press(pilot, "alt+3", "z")
        assert not visible(pilot, "prompt")
        assert "What shape will it have? Enter shows it." in screen_text(pilot)
        await press(pilot, "3")
        assert visible(pilot, "prompt")
        assert question(pilot).endswith("have?  3")


async def test_what_is_no_shape_stays_to_be_mended() -> None:
    async with asked() as pilot:
        await press(pilot, "(", "enter")
        assert question(pilot) == "What shape will emb have?  ("
        assert "a shape is its sizes, such as 32, 1; a single number has ()" in pane_text(pilot, "prompt")
        await type_text(pilot, "32, 3, 10")
        assert "a shape is its sizes" not in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        assert question(pilot).startswith("✓ right, (32, 3, 10)")


async def test_a_shape_may_be_pasted() -> None:
    async with asked() as pilot:
        pilot.app.post_message(events.Paste("torch.Size([32, 3, 10])"))
        await wait_for_text(pilot, "have?  ([32, 3, 10])", "prompt")
        await press(pilot, "enter")
        assert question(pilot).startswith("✓ right, (32, 3, 10)")


async def test_a_question_that_is_left_is_still_open() -> None:
    async with asked(size=WIDE) as pilot:
        await press(pilot, "enter", "enter", "3")
        assert question(pilot) == "What shape will embcat have?  3"
        await press(pilot, "p", "n")
        assert question(pilot) == "What shape will embcat have?"
        await click_on(pilot, "source", "bndiff = hprebn")
        assert question(pilot).startswith("What shape will bndiff have?")
        await press(pilot, "t")
        assert session(pilot).phase is Phase.TURN
        await click_on(pilot, "source", "logprobs = probs")
        assert question(pilot).startswith("What shape will logprobs have?")


async def test_after_the_walk_back_has_begun_nothing_is_asked() -> None:
    """Its nodes show all shapes."""
    async with asked() as pilot:
        await go_to(pilot, "dlogprobs")
        await press(pilot, "escape", "slash")
        await type_text(pilot, "embcat = ")
        await press(pilot, "enter")
        assert session(pilot).phase is Phase.FORWARD
        assert question(pilot).startswith("(32, 30): view lays")
        assert "at a question" not in screen_text(pilot)


async def test_a_session_that_goes_on_at_a_node_asks_nothing() -> None:
    async with asked(Fakes().answers("names", logprobs="dlogprobs = 1"), size=WIDE) as pilot:
        assert table_rows(pilot)["probs"][0] == "(32,27)"
        await press(pilot, "escape", "alt+t", "p")
        assert "at a question" not in screen_text(pilot)


async def test_before_the_lesson_has_run_nothing_is_asked() -> None:
    fakes = Fakes(held=(Opened,))
    async with opened_app(fakes, size=SMALL, config=config_with(Settings())) as pilot:
        await wait_for_text(pilot, "the way forward: Enter or n steps on")
        await press(pilot, "enter")
        assert session(pilot).position == 1
        backend(pilot).release()
        await wait_for_text(pilot, "What shape will embcat have?")


async def test_numbers_alone_are_no_question() -> None:
    """In a lesson all of whose tensors are single numbers; the panes show what they did."""
    fakes = Fakes(held=(Opened,))
    async with opened_app(fakes, "micrograd", SMALL, config=config_with(Settings())) as pilot:
        await wait_for(pilot, lambda: bool(fakes.made and fakes.made[-1].held), "what running the lesson gave")

        def of_numbers(held: list[Event]) -> list[Event]:
            (opened,) = held
            assert isinstance(opened, Opened)
            shapes: dict[str, tuple[int, ...]] = dict.fromkeys(opened.facts.shapes, ())
            return [Opened(replace(opened.facts, shapes=shapes, names={**shapes}))]

        backend(pilot).release(of_numbers)
        await wait_for_text(pilot, "loss 3.5222")
        assert "at a question" not in screen_text(pilot)
        await press(pilot, "enter", "enter")
        assert session(pilot).position == 2


async def test_a_tensor_that_is_not_in_sight_is_neither_sliced_nor_nudged() -> None:
    async with asked(size=WIDE) as pilot:
        for key in ("s", "x"):
            await press(pilot, key)
            await wait_for_toast(pilot, "Enter shows the tensor first")
            assert len(pilot.app.screen_stack) == 1
            pilot.app.clear_notifications()
        assert backend(pilot).asked("poke") == []
        await press(pilot, "enter", "s")
        await wait_for_text(pilot, "Slice emb")


async def test_a_key_turns_questions_off_and_on_and_the_file_remembers(tmp_path: Path) -> None:
    path, known = tmp_path / "config.toml", Known(THEMES, PANES)
    own = Config.opened(path, known)
    async with walking(config=own, size=SMALL) as pilot:
        await press(pilot, "o")
        await wait_for_toast(pilot, "questions on the way forward: off; o turns them on again")
        assert question(pilot) == "the way forward: Enter or n steps on, p back, t goes to the turn"
        assert "(32, 3, 10) tensor" in unwrapped(pane_text(pilot, "card")).replace("(32,3,10)t", "(32, 3, 10) t")
        await press(pilot, "enter", "enter")
        assert session(pilot).position == 2
    own.close()
    assert tomllib.loads(path.read_text(encoding="utf-8"))["questions"] is False

    own = Config.opened(path, known)
    async with walking(config=own, size=SMALL) as pilot:
        await press(pilot, "enter")
        assert session(pilot).position == 1
        await press(pilot, "o")
        # what is in sight is not asked for
        assert "at a question" not in screen_text(pilot)
        await press(pilot, "enter")
        assert question(pilot).startswith("What shape will hprebn have?")
    own.close()
    assert tomllib.loads(path.read_text(encoding="utf-8"))["questions"] is True


async def test_nothing_moves_when_a_question_is_answered() -> None:
    """And none of it is in a colour that shouts."""
    async with asked(size=WIDE) as pilot:
        await press(pilot, "enter", "enter")
        regions = [pilot.app.screen.query_one(f"#{pane}").region for pane in (*PANES, "prompt")]
        await press(pilot, "3")
        await press(pilot, "enter")
        assert [pilot.app.screen.query_one(f"#{pane}").region for pane in (*PANES, "prompt")] == regions
        plain = {style.color for style in styles_of(pilot, "prompt", " = ")}
        assert {style.color for style in styles_of(pilot, "prompt", "it is ")} == plain
        await press(pilot, "enter")
        assert [pilot.app.screen.query_one(f"#{pane}").region for pane in (*PANES, "prompt")] == regions


async def test_help_says_what_a_question_takes() -> None:
    async with asked(size=(100, 140)) as pilot:
        await press(pilot, "question_mark")
        text = pane_text(pilot, "help")
        assert "Now: at a question" in text
        assert "At a question for a shape" in text
        assert "Questions for shapes on the way forward: on, off" in text


@pytest.mark.slow
@pytest.mark.processes
async def test_with_the_real_processes(tmp_path: Path) -> None:
    async with walking_with_processes(tmp_path / "solutions.py", size=SMALL, config=config_with(Settings())) as pilot:
        await press(pilot, "alt+3")
        for statement in STATEMENTS:
            (name,) = statement.binds
            shape = str(NAMES[name])
            await wait_for_text(pilot, f"What shape will {name} have?", "prompt")
            assert "float32" not in screen_text(pilot)
            await type_text(pilot, shape)
            await press(pilot, "enter")
            assert question(pilot).startswith(f"✓ right, {shape}: ")
            await wait_for_text(pilot, f"{shape} float32", "node")
            await press(pilot, "enter")
        assert session(pilot).phase is Phase.TURN
