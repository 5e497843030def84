"""Brackets are text: an index, or what could be a tag, is shown whole wherever it turns up."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.lesson.model import Lesson
from tests.app import canned, fake_backend
from tests.app.fake_backend import Changes, Fakes
from tests.app.support import (
    ANSWERS,
    find_open,
    go_to,
    pane_text,
    press,
    prompt_code,
    screen_text,
    session,
    tap,
    type_text,
    wait_for_text,
    wait_for_toast,
    walking,
    write_answer,
)

TAGS = "C[ix] [red]x[/red] [/] [bold"


async def test_in_the_panes_of_the_lesson() -> None:
    async with walking(size=(120, 60)) as pilot:
        assert "emb = C[Xb]" in pane_text(pilot, "source")
        await wait_for_text(pilot, "emb (32, 3, 10) = C (27, 10)[Xb (32, 3)]", "node")
        await press(pilot, "slash")
        assert find_open(pilot)
        assert "emb = C[Xb]" in pane_text(pilot, "find")
        await type_text(pilot, "[range(n), Yb]")
        assert "loss = -logprobs[range(n), Yb].mean()" in pane_text(pilot, "find")
        await press(pilot, "escape")

        await go_to(pilot, "dlogprobs")
        await wait_for_text(pilot, "loss = -logprobs[range(n), Yb].mean()", "source")
        await press(pilot, "f5")
        assert "dlogprobs[range(n), Yb] = -1.0 / n" in pane_text(pilot, "card")
        await press(pilot, "escape", "s")
        await type_text(pilot, "3, 0:5")
        await press(pilot, "enter")
        await wait_for_text(pilot, "[3, 0:5]", "node")
        await press(pilot, "s")
        await wait_for_text(pilot, "3, 0:5")
        await press(pilot, "ctrl+u")
        await type_text(pilot, "[red]x[/red]")
        await press(pilot, "enter")
        assert "[red]x[/red]" in screen_text(pilot)
        await wait_for_text(pilot, "no slice: ")
        assert "red]x[/red" in screen_text(pilot).split("no slice: ")[1]
        await press(pilot, "escape")
        await press(pilot, "s", "ctrl+u")
        await type_text(pilot, "99, 99")
        await press(pilot, "enter")
        await wait_for_text(pilot, "[99, 99]: ", "node")


def failing(error: str) -> Changes:
    return {"status": Status.ERROR, "shape": None, "error": error, "diagnosis": None}


async def test_in_the_prompt_and_its_errors() -> None:
    raising, looking_up = f'raise ValueError("{TAGS}")\ndprobs = 0', f'dprobs = {{}}["{TAGS}"]'
    printing, evaluating = f'print("{TAGS}")\ndprobs = dlogprobs', 'dprobs = eval("[/red] [")'
    fakes = Fakes()
    fakes.verdicts = {
        raising: failing(f"line 1: ValueError: {TAGS}"),
        looking_up: failing(f"KeyError: '{TAGS}'"),
        printing: {"output": f"{TAGS}\n"},
        evaluating: failing("SyntaxError: invalid syntax at [/red] ["),
        f"dprobs = '{TAGS}'": failing("dprobs is of type str, not a tensor of shape (32, 27)"),
    }
    async with walking(fakes) as pilot:
        await go_to(pilot, "dprobs")
        code = f"dprobs = dlogprobs[range(n), Yb]  # {TAGS}"
        await write_answer(pilot, code)
        assert code in pane_text(pilot, "prompt")
        await write_answer(pilot, raising)
        await wait_for_text(pilot, f"ValueError: {TAGS}", "prompt")
        await write_answer(pilot, looking_up)
        await wait_for_text(pilot, f"KeyError: '{TAGS}'", "prompt")
        await write_answer(pilot, printing)
        await wait_for_text(pilot, f"printed: {TAGS}", "prompt")
        assert len(pane_text(pilot, "prompt").split(TAGS)) == 3  # as code, and as what it prints
        await write_answer(pilot, evaluating)
        await wait_for_text(pilot, "SyntaxError: invalid syntax at [/red] [", "prompt")
        await write_answer(pilot, f"dprobs = '{TAGS}'")
        await press(pilot, "enter")
        await wait_for_text(pilot, "error", "gradients")
        assert session(pilot).entry("probs").code == f"dprobs = '{TAGS}'"
        await write_answer(pilot, "dprobs = 1")
        await press(pilot, "up")
        assert prompt_code(pilot) == f"dprobs = '{TAGS}'"


async def test_in_toasts() -> None:
    """The path of the solutions file, and Python's message on what is wrong in it."""
    reason = "C[ix] [red]x[/red] [bold/[b]solutions[i].py, line 1: '[' was never closed"
    async with walking(Fakes(saving_error=reason)) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        tap(pilot, "enter")
        await wait_for_toast(pilot, "dlogprobs is not saved:")
        await wait_for_toast(pilot, "C[ix] [red]x[/red] [bold/[b]solutions[i].py")
        await wait_for_toast(pilot, "line 1: '[' was never closed")


TYPED = "\x1b]0;title\x07\x1b[6n\x9b31m"


async def test_what_a_terminal_obeys_is_not_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lesson whose file, notes and name hold escape sequences."""

    def lesson_of(name: str) -> Lesson:
        lesson = canned.lesson_of(name)
        notes = replace(lesson.notes, intro=f"{TYPED}intro", forward={"emb": f"{TYPED}note"})
        first = replace(lesson.statements[0], code=f"{lesson.statements[0].code}  # {TYPED}code")
        source = lesson.forward.source.replace("\n", f"  # {TYPED}source\n", 1)
        forward = replace(lesson.forward, source=source)
        return replace(lesson, notes=notes, statements=(first, *lesson.statements[1:]), forward=forward)

    monkeypatch.setattr(fake_backend, "lesson_of", lesson_of)
    async with walking() as pilot:
        await wait_for_text(pilot, "]0;title", "source")
        painted = [segment.text for strip in pilot.app.screen._compositor.render_strips() for segment in strip]
        assert any("intro" in text or "note" in text for text in painted)
        assert not any(character in text for text in painted for character in "\x1b\x07\x9b")
