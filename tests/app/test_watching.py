"""An expression that binds nothing: an answer where it is right, and watched all the same; and where code raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.events import Judged, Opened
from ninja_tui.engine.protocol.verdict import Status, Watched
from ninja_tui.lesson.solutions import SavedAnswer
from tests.app.fake_backend import Changes, Fakes
from tests.app.real_backend import started
from tests.app.support import (
    ANSWERS,
    backend,
    go_to,
    pane_text,
    press,
    prompt_code,
    session,
    settle,
    type_text,
    wait_for_text,
    walking,
    write_answer,
)

PASSES: Changes = {"status": Status.PASS, "exact": True, "approximate": True, "maxdiff": 0.0, "diagnosis": None}
WATCHED = Watched("float32", "", (32,), (1.0, 0.5, *(0.25,) * 10))
WATCH: Changes = {"status": Status.MISSING, "shape": None, "watched": WATCHED, "diagnosis": None, "maxdiff": None}


async def test_a_bare_expression_is_an_answer() -> None:
    """Judged as it is typed, and saved with the name that it is to have."""
    answer = "dprobs = a / probs"
    fakes = Fakes(verdicts={"a = dlogprobs\na / probs": PASSES})
    async with walking(fakes) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "a = dlogprobs\na / probs")
        await wait_for_text(pilot, "right: Enter submits it", "prompt")
        assert "(32, 27) float32: 0.5 1 …" in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        whole = f"a = dlogprobs\n{answer}"
        assert prompt_code(pilot) == whole
        assert session(pilot).entry("probs").code == whole
        assert backend(pilot).asked("save") == [("probs", SavedAnswer(whole))]


async def test_enter_on_a_bare_expression_waits_for_its_verdict() -> None:
    """Only then it is known whether it is an answer."""
    async with walking(Fakes(verdicts={"probs.sum(1)": WATCH, "dlogprobs / probs": PASSES})) as pilot:
        await go_to(pilot, "dprobs")
        for code, submitted in (("probs.sum(1)", ""), ("dlogprobs / probs", "dprobs = dlogprobs / probs")):
            backend(pilot).hold(Judged)
            await write_answer(pilot, code)
            await press(pilot, "enter")
            assert session(pilot).entry("probs").code == ""
            backend(pilot).release(lambda events: events[-1:])
            await settle(pilot)
            assert session(pilot).entry("probs").code == submitted
            assert ("only watched" in pane_text(pilot, "prompt")) == (submitted == "")
        # whoever types on meanwhile has not meant it
        await write_answer(pilot, "dlogprobs * (1 / probs)")
        backend(pilot).hold(Judged)
        await type_text(pilot, " ")
        await press(pilot, "enter")
        await type_text(pilot, "* 1")
        backend(pilot).release()
        await settle(pilot)
        assert session(pilot).entry("probs").code == "dprobs = dlogprobs / probs"


async def test_an_expression_is_watched_and_changes_nothing() -> None:
    """It shows shape and values; also one of the gradient's shape that is not right is not submitted."""
    async with walking(Fakes(verdicts={"probs.sum(1)": WATCH})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "probs.sum(1)")
        await wait_for_text(pilot, "(32,) float32: 1 0.5 0.25 0.25 0.25 0.25 0.25 0.25 …", "prompt")
        assert "watched" in pane_text(pilot, "prompt")
        assert "fail" not in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        await wait_for_text(pilot, "only watched, nothing is submitted: dprobs has the shape (32, 27)", "prompt")
        await write_answer(pilot, "probs * 2")
        await wait_for_text(pilot, "fail", "prompt")
        assert "(32, 27) float32: 0.5 1 …" in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        await wait_for_text(pilot, "only watched, nothing is submitted: `dprobs = …` submits what is not", "prompt")
        await press(pilot, "f8")
        assert session(pilot).entry("probs").code == ""
        assert backend(pilot).asked("save") == []


@pytest.mark.processes
def test_the_real_backend_watches_and_judges_bare_expressions(tmp_path: Path) -> None:
    with started(tmp_path / "solutions.py") as real:
        real.event(Opened)
        watched = real.verdict("probs", "probs.sum(1, keepdim=True)")
        assert (watched.status, watched.watched and watched.watched.shape) == (Status.MISSING, (32, 1))
        assert watched.watched is not None
        assert [round(each, 4) for each in watched.watched.elements] == [1.0] * 12
        assert real.verdict("probs", "probs.shape").watched == Watched("Size", "torch.Size([32, 27])")
        assert real.verdict("probs", "n").watched == Watched("int", "32")
        right = real.verdict("probs", "a = 1 / probs\na * dlogprobs")
        assert right.passed
        wrong = real.verdict("probs", "dlogprobs * 2")
        assert wrong.status is Status.FAIL
        assert wrong.watched is not None
        assert real.verdict("probs", ANSWERS["probs"]).watched is None


@pytest.mark.processes
def test_the_real_backend_says_where_it_raised_and_which_name_is_meant(tmp_path: Path) -> None:
    with started(tmp_path / "solutions.py") as real:
        real.event(Opened)
        for code, message, where, pointed in (
            ("dprobs = torch.zero_like(probs)", "`zeros_like`", "line 1, column 10", "torch.zero_like"),
            ("x = 1\ndprobs = x * counst", "`counts`", "line 2, column 14", "counst"),
            ("F.onehot(Yb)", "`one_hot`", "line 1, column 1", "F.onehot"),
            ("1 + probs.smu(1)", "`sum`", "line 1, column 5", "probs.smu"),
        ):
            verdict = real.verdict("probs", code)
            assert verdict.status is Status.ERROR
            assert verdict.raised is not None
            assert f"did you mean {message}?" in verdict.raised.message
            assert verdict.raised.where == where
            start, end = verdict.raised.caret.index("^"), len(verdict.raised.caret)
            assert verdict.raised.source[start:end] == pointed
        assert "did you mean" not in (real.verdict("probs", "dprobs = quite_another").error or "")
