"""Brackets are text: an index, or what looks like a tag, is shown whole wherever it turns up."""

from __future__ import annotations

from pathlib import Path

from tests.app.support import (
    ANSWERS,
    find_open,
    go_to,
    pane_text,
    prompt_code,
    screen_text,
    session,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    write_answer,
)

TAGS = "C[ix] [red]x[/red] [/] [bold"


async def test_in_the_panes_of_the_lesson(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py", size=(120, 60)) as pilot:
        assert "emb = C[Xb]" in pane_text(pilot, "source")
        await wait_for_text(pilot, "emb (32, 3, 10) = C (27, 10)[Xb (32, 3)]", "node")
        await pilot.press("slash")
        assert find_open(pilot)
        assert "emb = C[Xb]" in pane_text(pilot, "find")
        await type_text(pilot, "[range(n), Yb]")
        assert "loss = -logprobs[range(n), Yb].mean()" in pane_text(pilot, "find")
        await pilot.press("escape")

        await go_to(pilot, "dlogprobs")
        await wait_for_text(pilot, "loss = -logprobs[range(n), Yb].mean()", "source")
        await pilot.press("f5")
        assert "dlogprobs[range(n), Yb] = -1.0 / n" in pane_text(pilot, "card")
        await pilot.press("escape", "s")
        await type_text(pilot, "3, 0:5")
        await pilot.press("enter")
        await wait_for_text(pilot, "[3, 0:5]", "node")
        await pilot.press("s")
        await wait_for_text(pilot, "3, 0:5")
        await pilot.press("ctrl+u")
        await type_text(pilot, "[red]x[/red]")
        await pilot.press("enter")
        assert "[red]x[/red]" in screen_text(pilot)
        await wait_for_text(pilot, "no slice: ")
        assert "red]x[/red" in screen_text(pilot).split("no slice: ")[1]
        await pilot.press("escape")
        await pilot.press("s", "ctrl+u")
        await type_text(pilot, "99, 99")
        await pilot.press("enter")
        await wait_for_text(pilot, "[99, 99]: ", "node")


async def test_in_the_prompt_and_its_errors(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        code = f"dprobs = dlogprobs[range(n), Yb]  # {TAGS}"
        await write_answer(pilot, code)
        assert code in pane_text(pilot, "prompt")
        await write_answer(pilot, f'raise ValueError("{TAGS}")\ndprobs = 0')
        await wait_for_text(pilot, f"ValueError: {TAGS}", "prompt")
        await write_answer(pilot, f'dprobs = {{}}["{TAGS}"]')
        await wait_for_text(pilot, f"KeyError: '{TAGS}'", "prompt")
        await write_answer(pilot, f'print("{TAGS}")\ndprobs = dlogprobs')
        await wait_for_text(pilot, TAGS, "prompt")
        assert len(pane_text(pilot, "prompt").split(TAGS)) == 3  # as code, and as what it prints
        await write_answer(pilot, 'dprobs = eval("[/red] [")')
        await wait_for(pilot, lambda: "SyntaxError" in pane_text(pilot, "prompt"), "the error")
        await write_answer(pilot, f"dprobs = '{TAGS}'")
        await pilot.press("enter")
        await wait_for_text(pilot, "error", "gradients")
        assert session(pilot).entry("probs").code == f"dprobs = '{TAGS}'"
        await pilot.press("f8", "up")
        assert prompt_code(pilot) == f"dprobs = '{TAGS}'"


async def test_in_toasts(tmp_path: Path) -> None:
    """The path of the solutions file, and Python's words on what is wrong in it."""
    folder = tmp_path / "C[ix] [red]x[" / "red] [bold"
    folder.mkdir(parents=True)
    path = folder / "[b]solutions[i].py"
    async with walking(path) as pilot:
        await go_to(pilot, "dlogprobs")
        path.write_text("dprobs = [\n")
        await write_answer(pilot, ANSWERS["logprobs"])
        tap(pilot, "enter")
        await wait_for_toast(pilot, "dlogprobs is not saved:")
        await wait_for_toast(pilot, "C[ix] [red]x[/red] [bold/[b]solutions[i].py")
        await wait_for_toast(pilot, "line 1: '[' was never closed")
