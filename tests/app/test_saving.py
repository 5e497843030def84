"""What is submitted is saved, and the next start goes on from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.events import Opened, Saved
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.protocol.views import Frame, View, ViewRequest
from ninja_tui.lesson.solutions import SavedAnswer, read_solutions
from tests.app.fake_backend import Fakes
from tests.app.support import (
    ANSWERS,
    NODES,
    AppPilot,
    backend,
    go_to,
    press,
    prompt_code,
    screen_text,
    session,
    settle,
    show,
    submit,
    table_rows,
    tap,
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
