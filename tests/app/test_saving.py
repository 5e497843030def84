"""What is submitted is in the file, what else is in the file stays there, and the next start goes on from it."""

from __future__ import annotations

from pathlib import Path

from ninja_tui.lesson.solutions import read_solutions
from tests.app.support import (
    ANSWERS,
    NODES,
    AppPilot,
    go_to,
    prompt_code,
    screen_text,
    session,
    show,
    submit,
    table_rows,
    tap,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    write_answer,
)

SMALL = (80, 24)
MINE = """\
# my notes: nobody touches them
import math


def scaled(x):
    return x * math.sqrt(4.0)


# %% lesson: other
# %% probs
dprobs = 'of another lesson'

# %% lesson: names
# %% a cell of my own
half = 0.5
# %% probs
dprobs = probs  # wrong, I think
# %% h
dh = dlogits @ W2.T

# the end
"""


async def wait_until_saved(pilot: AppPilot, path: Path, text: str) -> None:
    await wait_for(pilot, lambda: path.exists() and text in path.read_text(), f"{text!r} in the file")


def saved(path: Path) -> dict[str, str]:
    """The answers that the file holds."""
    found = read_solutions(path, "names").answers("names", NODES)
    return {node: answer.code for node, answer in found.items()}


async def test_quit_and_resume(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await pilot.press("f8")
        await submit(pilot, "dprobs = probs")
        await pilot.press("f8")
        await write_answer(pilot, "dcounts_sum_inv = 1 / 0")
        await pilot.press("enter")
        await wait_until_saved(pilot, path, "1 / 0")
        await pilot.press("f8", "f5")
        await write_answer(pilot, "dcounts_sum = typed and not submitted")
        await pilot.press("escape", "q")
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert saved(path) == {
        "logprobs": ANSWERS["logprobs"],
        "probs": "dprobs = probs",
        "counts_sum_inv": "dcounts_sum_inv = 1 / 0",
        "counts_sum": "",
    }

    async with walking(path, size=SMALL) as pilot:
        assert "backward 4/26 counts_sum" in screen_text(pilot)
        assert prompt_code(pilot) == "dcounts_sum = "
        await show(pilot, "gradients")
        rows = table_rows(pilot)
        assert rows["logprobs"][1:5] == ["yes", "yes", "0", "pass"]
        assert rows["probs"][4] == "fail"
        assert rows["counts_sum_inv"][4] == "error"
        assert rows["counts_sum"][4:6] == ["open", "revealed"]
        assert "1/26 pass" in screen_text(pilot)
        await pilot.press("f7", "f7")
        assert prompt_code(pilot) == "dprobs = probs"
        await wait_for_text(pilot, "fail", "prompt")
        await submit(pilot, ANSWERS["probs"])
    assert saved(path)["probs"] == ANSWERS["probs"]
    assert saved(path)["logprobs"] == ANSWERS["logprobs"]


async def test_what_a_file_holds_already_stays(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text(MINE)
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        assert prompt_code(pilot).startswith("dprobs = probs")
        await submit(pilot, ANSWERS["probs"])
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await pilot.press("f5")
        await wait_until_saved(pilot, path, "# revealed: dlogprobs")
        await submit(pilot, "dlogprobs = half * logprobs")  # a name of the file's own
        assert "NameError" not in screen_text(pilot)
    lines = iter(path.read_text().splitlines())
    kept = [line for line in MINE.splitlines() if line.strip() and "wrong, I think" not in line]
    assert [line for line in kept if line not in lines] == []  # each of them, in this order
    assert list(saved(path)) == ["logprobs", "probs", "h"]
    assert saved(path)["probs"] == ANSWERS["probs"]
    assert saved(path)["logprobs"] == "dlogprobs = half * logprobs"


async def test_a_file_that_someone_else_edits_meanwhile(tmp_path: Path) -> None:
    """An editor beside the app: what it wrote is there afterwards, and what it defines can be used."""
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_until_saved(pilot, path, "dlogprobs")
        edited = path.read_text().replace("# %% logprobs", "# %% mine\nthird = 3.0\n# %% logprobs")
        path.write_text(edited + "# %% h\ndh = of_the_editor\n# a last word\n")
        await pilot.press("f8")
        await submit(pilot, "dprobs = dlogprobs / probs * third / 3.0")
        await wait_for_text(pilot, "approx. yes", "prompt")
        text = path.read_text()
        assert [part for part in ("third = 3.0", "dh = of_the_editor", "# a last word") if part not in text] == []
        assert saved(path)["logprobs"] == ANSWERS["logprobs"]


async def test_to_reveal_writes_over_no_answer_that_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        path.write_text("# %% lesson: names\n# %% logprobs\ndlogprobs = of_the_editor\n")
        await pilot.press("f5")
        await wait_until_saved(pilot, path, "# revealed: dlogprobs")
        assert "dlogprobs = of_the_editor" in path.read_text()


async def test_a_file_that_is_no_python_any_more_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_until_saved(pilot, path, "dlogprobs")
        whole = path.read_text()
        broken = whole + "# %% mine\nhalf = (\n"
        path.write_text(broken)
        await pilot.press("f8")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_toast(pilot, "dprobs is not saved:")
        assert path.read_text() == broken
        assert session(pilot).entry("probs").code == ANSWERS["probs"]

        # mended, Enter once more saves what could not be saved
        path.write_text(whole)
        await pilot.press("enter")
        await wait_until_saved(pilot, path, ANSWERS["probs"])
        assert saved(path) == {"logprobs": ANSWERS["logprobs"], "probs": ANSWERS["probs"]}


async def test_what_was_submitted_outlives_a_file_that_goes_away(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await wait_until_saved(pilot, path, "dlogprobs")
        path.unlink()
        await pilot.press("f8")
        await submit(pilot, ANSWERS["probs"])
    assert saved(path)["probs"] == ANSWERS["probs"]
    assert [each.name for each in tmp_path.iterdir() if each.suffix == ".part"] == []


async def test_quitting_at_once_is_quiet(tmp_path: Path) -> None:
    """With everything still on its way: a step, a view, a verdict, an answer to be saved."""
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        tap(pilot, "enter")
        await wait_for(pilot, lambda: session(pilot).entry("logprobs").code != "", "a submission")
        for key in ("f8", "f10", "f10", "f10", "ctrl+q"):
            tap(pilot, key)
        await wait_for(pilot, lambda: pilot.app.return_code == 0, "the end")
    assert saved(path) == {"logprobs": ANSWERS["logprobs"]}
