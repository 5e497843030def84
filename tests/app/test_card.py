"""Hints one by one, and the answer on request, which stays marked."""

from __future__ import annotations

from pathlib import Path

from ninja_tui.lesson.read import read_lesson
from ninja_tui.replay import Request, replay
from tests.app.support import (
    ANSWERS,
    SOME_NAMES,
    go_to,
    in_prompt,
    pane_text,
    prompt_code,
    screen_text,
    session,
    submit,
    table_rows,
    type_text,
    unwrapped,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
)

LARGE = (120, 60)
NOTES = read_lesson("names").notes


def plain(text: str) -> str:
    """A note as the card shows it, without the breaks of its lines."""
    return unwrapped(text.replace("`", ""))


async def test_hints_come_one_by_one(tmp_path: Path) -> None:
    note = NOTES.backward["probs"]
    assert len(note.hints) == 3
    async with walking(tmp_path / "solutions.py", size=LARGE) as pilot:
        await pilot.press("h")
        await wait_for_toast(pilot, "hints are for the way back")
        await go_to(pilot, "dprobs")
        assert plain(note.maths) in unwrapped(pane_text(pilot, "card"))
        assert "3 more hints" in pane_text(pilot, "card")
        assert not any(plain(hint) in unwrapped(pane_text(pilot, "card")) for hint in note.hints)
        for shown, key in enumerate(("f4", "h", "h"), 1):
            if key == "h":
                await pilot.press("escape")
            await pilot.press(key)
            card = unwrapped(pane_text(pilot, "card"))
            assert [plain(hint) in card for hint in note.hints] == [number < shown for number in range(3)]
        assert "more hint" not in pane_text(pilot, "card")
        await pilot.press("h")
        await wait_for_toast(pilot, "there is no further hint; F5 reveals the answer")
        # they are this node's
        await pilot.press("f8")
        assert "3 more hints" in pane_text(pilot, "card")
        await pilot.press("f7")
        assert plain(note.hints[2]) in unwrapped(pane_text(pilot, "card"))


async def test_what_there_is_to_notice_comes_with_the_right_answer(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py", size=LARGE) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs")
        assert "Notice" not in pane_text(pilot, "card")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "Notice", "card")
        assert plain(NOTES.backward["probs"].notice) in unwrapped(pane_text(pilot, "card"))


async def test_a_revealed_answer_stays_revealed(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=LARGE) as pilot:
        await go_to(pilot, "dlogprobs")
        assert ANSWERS["logprobs"].splitlines()[1] not in screen_text(pilot)
        await type_text(pilot, "half")
        await pilot.press("f5")
        card = pane_text(pilot, "card")
        assert all(line in card for line in ANSWERS["logprobs"].splitlines())
        assert plain(NOTES.backward["logprobs"].why) in unwrapped(card)
        assert "revealed" in table_rows(pilot)["logprobs"]
        assert prompt_code(pilot) == "dlogprobs = half"
        assert in_prompt(pilot)
        await wait_for(pilot, lambda: path.exists() and "# revealed: dlogprobs" in path.read_text())
        await go_to(pilot, "dprobs")
        assert ANSWERS["probs"] not in screen_text(pilot)

    async with walking(path, size=LARGE) as pilot:
        assert "revealed" in table_rows(pilot)["logprobs"]
        await go_to(pilot, "dlogprobs")
        assert ANSWERS["logprobs"].splitlines()[1] in pane_text(pilot, "card")
        assert session(pilot).passed == 0
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for(pilot, lambda: table_rows(pilot)["logprobs"][4:6] == ["pass", "revealed"])
        await pilot.press("f5")  # once more changes nothing
    assert path.read_text().count("# revealed: dlogprobs") == 1
    assert ANSWERS["logprobs"] in path.read_text()

    (file,) = replay(Request((path,), options=SOME_NAMES)).files
    assert file.lessons[0].revealed == {"logprobs"}
    assert file.lessons[0].passed == 1
