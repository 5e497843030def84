"""What is submitted is saved, and the next start goes on from it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ninja_tui.engine.events import ChangedOutside, NotSaved, Opened, OpenElsewhere, Saved
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.protocol.views import Frame, View, ViewRequest
from ninja_tui.lesson.answer_file import Version
from ninja_tui.lesson.solutions import SavedAnswer, read_solutions
from ninja_tui.tui.screens.file_questions import UNREAD
from ninja_tui.tui.screens.walk import WalkScreen
from tests.app.fake_backend import Fakes
from tests.app.support import (
    ANSWERS,
    NODES,
    AppPilot,
    backend,
    close_toasts,
    go_to,
    pane_text,
    press,
    prompt_code,
    screen_lines,
    screen_text,
    session,
    settle,
    show,
    submit,
    table_rows,
    tap,
    toasts,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    walking_with_processes,
    write_answer,
)

SMALL = (80, 24)


def in_file(fakes: Fakes) -> dict[str, str]:
    """The answers in the file of fake backends."""
    return {node: answer.code for node, answer in fakes.solutions["names"].items()}


def saved(path: Path) -> dict[str, str]:
    """The answers that a real file holds."""
    answers = read_solutions(path, "names").answers("names", NODES)
    return {node: answer.code for node, answer in answers.items()}


@pytest.mark.slow
async def test_quit_and_resume() -> None:
    division: dict[str, object] = {
        "status": Status.ERROR,
        "shape": None,
        "error": "ZeroDivisionError: division by zero",
        "diagnosis": None,
    }
    fakes = Fakes(verdicts={"dcounts_sum_inv = 1 / 0": division})
    async with walking(fakes, size=SMALL) as pilot:
        await answer_three(pilot)
        await press(pilot, "f8", "f5")
        await write_answer(pilot, "dcounts_sum = typed and not submitted")
        await press(pilot, "escape", "q")
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert in_file(fakes) == {
        "logprobs": ANSWERS["logprobs"],
        "probs": "dprobs = probs",
        "counts_sum_inv": "dcounts_sum_inv = 1 / 0",
        "counts_sum": "",
    }

    async with walking(fakes, size=SMALL) as pilot:
        await check_resumed(pilot)
    assert in_file(fakes)["probs"] == ANSWERS["probs"]
    assert in_file(fakes)["logprobs"] == ANSWERS["logprobs"]


async def answer_three(pilot: AppPilot) -> None:
    """A right answer, a wrong one, and one that raises."""
    await go_to(pilot, "dlogprobs")
    await submit(pilot, ANSWERS["logprobs"])
    await press(pilot, "f8")
    await submit(pilot, "dprobs = probs")
    await press(pilot, "f8")
    await write_answer(pilot, "dcounts_sum_inv = 1 / 0")
    await press(pilot, "enter")


async def check_resumed(pilot: AppPilot) -> None:
    """The session goes on at the first open node, with the verdicts on what is saved."""
    assert "backward 4/26 dcounts_sum" in screen_text(pilot)
    assert prompt_code(pilot) == "dcounts_sum = "
    await show(pilot, "gradients")
    rows = table_rows(pilot)
    assert rows["logprobs"][1:5] == ["yes", "yes", "0", "pass"]
    assert rows["probs"][4] == "fail"
    assert rows["counts_sum_inv"][4] == "error"
    assert rows["counts_sum"][4:6] == ["open", "revealed"]
    assert "1 ✓" in screen_text(pilot)
    await press(pilot, "alt+p", "alt+p")
    assert prompt_code(pilot) == "dprobs = probs"
    await wait_for_text(pilot, "fail", "prompt")
    await submit(pilot, ANSWERS["probs"])


@pytest.mark.slow
@pytest.mark.processes
async def test_quit_and_resume_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking_with_processes(path, size=SMALL) as pilot:
        await answer_three(pilot)
        await wait_for(pilot, lambda: path.exists() and "1 / 0" in path.read_text(), "the answer in the file")
        await press(pilot, "f8", "f5", "escape", "q")
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert saved(path) == {
        "logprobs": ANSWERS["logprobs"],
        "probs": "dprobs = probs",
        "counts_sum_inv": "dcounts_sum_inv = 1 / 0",
        "counts_sum": "",
    }
    async with walking_with_processes(path, size=SMALL) as pilot:
        await check_resumed(pilot)
    assert saved(path)["probs"] == ANSWERS["probs"]
    assert saved(path)["logprobs"] == ANSWERS["logprobs"]


@pytest.mark.slow
@pytest.mark.processes
async def test_after_a_restart_the_last_node_is_judged_with_ones_own_upstream(tmp_path: Path) -> None:
    """As before it, though the verdicts on the file come only after the first on the code in the prompt."""
    path = tmp_path / "solutions.py"
    cells = "".join(f"# %% {node}\n{code}\n" for node, code in ANSWERS.items())
    path.write_text(f"# %% lesson: names\n{cells}")
    last = f"d{NODES[-1]}"
    async with walking_with_processes(path, size=SMALL) as pilot:
        assert f"backward 26/26 d{NODES[-1]}" in screen_text(pilot)
        assert prompt_code(pilot).startswith(f"{last} = ")
        await wait_for_text(pilot, "upstream: demb yours", "prompt")
        assert "26 ✓" in screen_text(pilot)


async def test_an_answer_that_cannot_be_saved_is_saved_with_the_next_enter() -> None:
    fakes = Fakes()
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        fakes.saving_error = "solutions.py, line 9: '(' was never closed"
        await press(pilot, "f8")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_toast(pilot, "dprobs is not saved: solutions.py, line 9: '(' was never closed")
        assert session(pilot).entry("probs").code == ANSWERS["probs"]
        assert in_file(fakes) == {"logprobs": ANSWERS["logprobs"]}

        # mended, Enter once more saves what could not be saved, and does not go on before
        fakes.saving_error = ""
        await press(pilot, "enter")
        assert in_file(fakes) == {"logprobs": ANSWERS["logprobs"], "probs": ANSWERS["probs"]}
        assert "backward 2/26 dprobs" in screen_text(pilot)
        await press(pilot, "enter")
        assert "backward 3/26" in screen_text(pilot)


async def test_an_answer_that_could_not_be_saved_is_saved_with_that_of_another_node() -> None:
    fakes = Fakes(saving_error="the disk is full")
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for_toast(pilot, "dlogprobs is not saved: the disk is full")
        fakes.saving_error = ""
        await press(pilot, "f8")
        await submit(pilot, ANSWERS["probs"])
        assert in_file(fakes) == {"logprobs": ANSWERS["logprobs"], "probs": ANSWERS["probs"]}


async def test_enter_goes_on_while_an_answer_is_still_being_saved() -> None:
    """Saving is slow: a right answer that is on its way to the file is not sent there again."""
    async with walking(Fakes(held=(Saved,)), size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await press(pilot, "enter")
        assert "backward 3/26" in screen_text(pilot)
        assert backend(pilot).asked("save") == [("probs", SavedAnswer(ANSWERS["probs"]))]


@pytest.mark.slow
@pytest.mark.processes
async def test_a_file_that_is_no_python_any_more_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking_with_processes(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for(pilot, lambda: path.exists() and "dlogprobs" in path.read_text(), "the answer in the file")
        whole = path.read_text()
        broken = whole + "# %% mine\nhalf = (\n"
        path.write_text(broken)
        await press(pilot, "f8")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_toast(pilot, "dprobs is not saved:")
        assert path.read_text() == broken
        assert session(pilot).entry("probs").code == ANSWERS["probs"]

        # mended, Enter once more saves what could not be saved
        path.write_text(whole)
        await press(pilot, "enter")
        await wait_for(pilot, lambda: ANSWERS["probs"] in path.read_text(), "the answer in the file")
        assert saved(path) == {"logprobs": ANSWERS["logprobs"], "probs": ANSWERS["probs"]}


@pytest.mark.slow
@pytest.mark.processes
async def test_quitting_at_once_is_quiet(tmp_path: Path) -> None:
    """With everything still on its way: a step, a view, a verdict, an answer to be saved."""
    path = tmp_path / "solutions.py"
    async with walking_with_processes(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        tap(pilot, "enter")
        await wait_for(pilot, lambda: session(pilot).entry("logprobs").code != "", "a submission")
        for key in ("f8", "f10", "f10", "f10", "ctrl+q"):
            tap(pilot, key)
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert saved(path) == {"logprobs": ANSWERS["logprobs"]}


@pytest.mark.parametrize("part", ["#title", "NodePane", "PromptPane"])
async def test_an_event_is_quiet_once_a_part_of_the_screen_is_gone(part: str) -> None:
    async with walking() as pilot:
        await go_to(pilot, "dlogprobs")
        await pilot.app.screen.query_one(part).remove()
        request = ViewRequest("logprobs", View.VALUE, (), Frame(0, 0, 1, 1, 1, 1))
        backend(pilot).view(request)
        backend(pilot).judge("logprobs", "dlogprobs = logprobs")
        backend(pilot).emit(Opened(backend(pilot).facts))
        backend(pilot).recheck()
        await settle(pilot)
        assert pilot.app.return_code is None


async def test_events_that_come_while_the_app_ends_are_quiet() -> None:
    """From a thread, after the last frame."""
    fakes = Fakes(delay=0.02)
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        tap(pilot, "enter")
        await wait_for(pilot, lambda: session(pilot).entry("logprobs").code != "", "a submission")
        for key in ("f8", "f10", "f10", "ctrl+q"):
            tap(pilot, key)
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert in_file(fakes) == {"logprobs": ANSWERS["logprobs"]}


# On the way to the disk


async def test_nothing_is_called_saved_before_it_is_on_the_disk() -> None:
    async with walking(Fakes(held=(Saved,)), size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        assert "right, on its way to the disk" in pane_text(pilot, "prompt")
        assert "saved" not in screen_text(pilot)
        assert "0 ✓" in screen_text(pilot)
        backend(pilot).release()
        await wait_for_text(pilot, "saved: Enter or F8 goes on", "prompt")
        assert "1 ✓" in screen_text(pilot)


async def test_a_wrong_answer_is_not_called_saved_before_it_is() -> None:
    async with walking(Fakes(held=(Saved,)), size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, "dlogprobs = logprobs")
        assert "saved" not in screen_text(pilot)
        backend(pilot).release()
        await wait_for_text(pilot, "saved, not right yet.", "prompt")


async def test_word_that_an_older_answer_is_saved_says_nothing_of_a_newer_one() -> None:
    async with walking(Fakes(held=(Saved,)), size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, "dlogprobs = logprobs")
        await submit(pilot, ANSWERS["logprobs"])
        backend(pilot).release(lambda events: [events[0]])
        await settle(pilot)
        assert "right, on its way to the disk" in pane_text(pilot, "prompt")


async def test_the_title_counts_what_is_not_saved_until_it_is() -> None:
    fakes = Fakes(saving_error="the disk is full")
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        assert "right, but not saved yet" in pane_text(pilot, "prompt")
        assert screen_lines(pilot)[0].rstrip().endswith("1 not saved")
        close_toasts(pilot)
        backend(pilot).write()  # tried again, and no other word of the same
        await settle(pilot)
        assert toasts(pilot) == ""
        fakes.saving_error = ""
        backend(pilot).write()
        await wait_for_toast(pilot, "saved now: dlogprobs")
        await wait_for_text(pilot, "saved: Enter or F8 goes on", "prompt")
        assert "not saved" not in screen_lines(pilot)[0]


async def test_quitting_with_answers_that_are_not_saved_is_asked_about() -> None:
    fakes = Fakes(saving_error="the disk is full")
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        close_toasts(pilot)
        await press(pilot, "ctrl+q")
        assert "1 answer is not saved" in screen_text(pilot)
        assert "the disk is full" in screen_text(pilot)
        await press(pilot, "escape")
        assert pilot.app.return_code is None
        await press(pilot, "ctrl+q", "ctrl+q", "q")
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")


async def test_going_to_another_lesson_with_answers_that_are_not_saved_is_asked_about() -> None:
    fakes = Fakes(saving_error="the disk is full")
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        close_toasts(pilot)
        pilot.app.post_message(WalkScreen.LessonChosen("micrograd"))
        await settle(pilot)
        assert "1 answer is not saved" in screen_text(pilot)
        assert len(fakes.made) == 1
        await press(pilot, "q")
        await wait_for(pilot, lambda: len(fakes.made) == 2, "the other lesson")


# Other programs


@asynccontextmanager
async def asked_about(code: str = "dlogprobs = [b]theirs") -> AsyncIterator[AppPilot]:
    """The app asks which of two answers to the first node stays."""
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        backend(pilot).conflicts["logprobs"] = SavedAnswer(code)
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for_text(pilot, "dlogprobs was changed by another program")
        assert "[b]theirs" in screen_text(pilot)
        assert "-1.0 / n" in screen_text(pilot)
        await asyncio.sleep(UNREAD)
        yield pilot


async def test_where_two_programs_answer_one_node_ones_own_answer_can_be_kept() -> None:
    async with asked_about() as pilot:
        await press(pilot, "m")
        assert backend(pilot).asked("settle") == [("logprobs", Version.MINE)]
        assert prompt_code(pilot) == ANSWERS["logprobs"]
        await wait_for_text(pilot, "saved: Enter or F8 goes on", "prompt")


async def test_where_two_programs_answer_one_node_the_files_answer_can_be_taken() -> None:
    async with asked_about("dlogprobs = theirs  # [b]theirs") as pilot:
        await press(pilot, "f")
        assert backend(pilot).asked("settle") == [("logprobs", Version.FILE)]
        assert prompt_code(pilot) == "dlogprobs = theirs  # [b]theirs"
        assert session(pilot).entry("logprobs").code == "dlogprobs = theirs  # [b]theirs"
        await wait_for_text(pilot, "saved, not right yet", "prompt")


async def test_what_is_put_off_is_not_saved_and_asked_again_at_the_next_enter() -> None:
    async with asked_about() as pilot:
        await press(pilot, "escape")
        assert "1 not saved" in screen_lines(pilot)[0]
        await press(pilot, "f8")
        await submit(pilot, ANSWERS["probs"])  # another node: no question
        assert isinstance(pilot.app.screen, WalkScreen)
        await press(pilot, "alt+p", "enter")
        await wait_for_text(pilot, "dlogprobs was changed by another program")


async def test_a_key_that_was_on_its_way_decides_nothing() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        backend(pilot).conflicts["logprobs"] = SavedAnswer("dlogprobs = theirs")
        await write_answer(pilot, ANSWERS["logprobs"])
        await press(pilot, "enter", "m", "f")
        assert backend(pilot).asked("settle") == []
        assert "dlogprobs was changed" in screen_text(pilot)


async def test_answers_of_another_program_are_taken_over() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        backend(pilot).emit(ChangedOutside({"probs": SavedAnswer("dprobs = theirs"), "h": SavedAnswer("dh = theirs")}))
        await wait_for_toast(pilot, "changed in the file by another program: dprobs, dh")
        assert prompt_code(pilot) == "dprobs = theirs"
        assert session(pilot).entry("h").code == "dh = theirs"
        assert set(backend(pilot).asked("settle")) == {("probs", Version.FILE), ("h", Version.FILE)}


async def test_what_is_typed_is_not_replaced_by_what_another_program_writes() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = half typed")
        backend(pilot).emit(ChangedOutside({"probs": SavedAnswer("dprobs = theirs")}))
        await wait_for_toast(pilot, "changed in the file by another program: dprobs")
        assert prompt_code(pilot) == "dprobs = half typed"
        assert backend(pilot).asked("settle") == []


async def test_an_answer_that_another_program_took_away_is_open_and_still_in_the_prompt() -> None:
    fakes = Fakes().answers("names", probs=ANSWERS["probs"])
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        assert "1 ✓" in screen_text(pilot)
        fakes.solutions.clear()
        backend(pilot).emit(ChangedOutside({"probs": SavedAnswer("")}))
        await settle(pilot)
        assert "0 ✓" in screen_text(pilot)
        assert prompt_code(pilot) == ANSWERS["probs"]


async def test_another_app_on_the_file_is_told_and_stands_in_the_title_while_it_is_there() -> None:
    async with walking(size=SMALL) as pilot:
        backend(pilot).emit(OpenElsewhere(4321))
        await wait_for_toast(pilot, "another ninja-tui (process 4321) has the solutions file open")
        assert screen_lines(pilot)[0].rstrip().endswith("open elsewhere")
        backend(pilot).emit(OpenElsewhere(None))
        await wait_for_toast(pilot, "no other ninja-tui has the solutions file open any more")
        assert "open elsewhere" not in screen_lines(pilot)[0]


@pytest.mark.slow
@pytest.mark.processes
async def test_an_answer_changed_in_the_file_meanwhile_is_asked_about_and_the_others_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking_with_processes(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for_text(pilot, "saved: Enter", "prompt")
        path.write_text("# %% lesson: names\n# %% logprobs\ndlogprobs = theirs\n# %% h\ndh = theirs\n")
        await submit(pilot, "dlogprobs = mine")
        await wait_for_text(pilot, "dlogprobs was changed by another program")
        assert saved(path) == {"logprobs": "dlogprobs = theirs", "h": "dh = theirs"}
        assert session(pilot).entry("h").code == "dh = theirs"
        await asyncio.sleep(UNREAD)
        await press(pilot, "m")
        await wait_for(pilot, lambda: saved(path)["logprobs"] == "dlogprobs = mine", "mine in the file")
        assert saved(path)["h"] == "dh = theirs"


@pytest.mark.slow
@pytest.mark.processes
async def test_a_read_only_file_is_not_replaced_and_written_once_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("# mine\n")
    path.chmod(0o444)
    async with walking_with_processes(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_for_toast(pilot, "dlogprobs is not saved:")
        await wait_for_toast(pilot, "it is read-only")
        assert path.read_text() == "# mine\n"
        path.chmod(0o644)
        await wait_for_text(pilot, "saved: Enter", "prompt")
    assert saved(path) == {"logprobs": ANSWERS["logprobs"]}


async def test_no_answer_of_a_stranger_is_obeyed_by_the_terminal() -> None:
    """Whatever stands in the file: in the prompt, the question, a toast."""
    typing = "dlogprobs = '\x1b]2;title\x07\x1b[21t\x9b6n\x1bP$q\u202e'"
    fakes = Fakes().answers("names", logprobs=typing)
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        assert "]2;title" in pane_text(pilot, "prompt")
        backend(pilot).conflicts["logprobs"] = SavedAnswer(typing)
        shown = screen_text(pilot)
        await submit(pilot, ANSWERS["logprobs"])
        assert "]2;title" in screen_text(pilot)
        shown += screen_text(pilot)
        backend(pilot).emit(NotSaved("probs", "the folder \x1b[31m is gone"))
        await wait_for_toast(pilot, "is gone")
        shown += screen_text(pilot)
    assert set(shown) & set("\x1b\x07\x9b\u202e") == set()
