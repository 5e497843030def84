"""The prompt: what it says of code while it is typed, and what Enter makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import Status, Warning
from tests.app.fake_backend import Changes, Fakes, Question
from tests.app.support import (
    ANSWERS,
    backend,
    clear_prompt,
    feedback,
    go_to,
    in_prompt,
    pane_text,
    press,
    prompt_code,
    screen_text,
    session,
    settle,
    styles_of,
    submit,
    table_rows,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    walking,
    walking_with_processes,
    write_answer,
)

SMALL = (80, 24)
PASSES: Changes = {"status": Status.PASS, "exact": True, "approximate": True, "maxdiff": 0.0, "diagnosis": None}


async def test_the_verdict_is_there_while_one_types() -> None:
    """Shape, exact, approximate, maxdiff and status, without Enter; nothing is submitted."""
    rounded: Changes = {"status": Status.PASS, "approximate": True, "maxdiff": 1e-9, "diagnosis": None}
    async with walking(Fakes(verdicts={"dprobs = dlogprobs / probs": rounded}), size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        assert prompt_code(pilot) == "dprobs = "
        assert "shape needed (32, 27)" in pane_text(pilot, "prompt")
        await type_text(pilot, "dlogprobs")
        await wait_for_text(pilot, "fail", "prompt")
        shown = pane_text(pilot, "prompt")
        assert "shape ✓ (32, 27)" in shown
        assert "exact no" in shown
        assert "approx no" in shown
        assert "maxdiff" in shown
        await type_text(pilot, " / probs")
        await wait_for_text(pilot, "pass", "prompt")
        assert "approx yes" in pane_text(pilot, "prompt")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        assert "maxdiff 0" in pane_text(pilot, "prompt")
        assert session(pilot).entry("probs").code == ""
        assert backend(pilot).asked("save") == []


async def test_a_wrong_answer_stays_and_can_be_left_behind() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs * dlogprobs")
        await wait_for_text(pilot, "✗ probs", "gradients")
        assert "fail" in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        assert "backward 2/26 dprobs" in screen_text(pilot)
        await press(pilot, "f8")
        assert "backward 3/26 dcounts_sum_inv" in screen_text(pilot)
        assert in_prompt(pilot)
        assert prompt_code(pilot) == "dcounts_sum_inv = "
        await press(pilot, "alt+p")
        assert prompt_code(pilot) == "dprobs = probs * dlogprobs"
        await wait_for_text(pilot, "fail", "prompt")


async def test_a_syntax_error_has_its_place_in_red() -> None:
    """Python's own message, the line and column, and a caret under it; and nothing is submitted."""
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        for code, where, message, caret in (
            ("dprobs = dlogprobs)", "line 1, column 19", "unmatched ')'", " " * 18 + "^"),
            ("dprobs = 1 +* 2", "line 1, column 13", "invalid syntax", " " * 12 + "^"),
            ("x = 1\nreturn dlogprobs", "line 2, column 1", "'return' outside function", "^^^^^^^^^^^^^^^^"),
        ):
            await write_answer(pilot, code)
            await wait_for_text(pilot, f"{where}: {message}", "prompt")
            assert caret in pane_text(pilot, "prompt")
            error = feedback(pilot).error
            assert error is not None
            assert (error.message, error.where) == (message, where)
            (red,) = {style.color for style in styles_of(pilot, "prompt", message)}
            await press(pilot, "enter")
            assert prompt_code(pilot) == code
            assert message in pane_text(pilot, "prompt")
            await write_answer(pilot, "dprobs = dlogprobs")
            await wait_for_text(pilot, "fail", "prompt")
            assert {style.color for style in styles_of(pilot, "prompt", "fail")} == {red}
        assert session(pilot).entry("probs").code == ""


async def test_unfinished_code_is_no_error() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        for typed in ("(1.0 /", " probs", ") *", " dlogprobs.sum(", "1, 'keep"):
            await type_text(pilot, typed)
            assert feedback(pilot).message == ""
            assert feedback(pilot).verdict is None
            shown = [line.strip() for line in pane_text(pilot, "prompt").splitlines()[1:-1] if line.strip()]
            assert shown[-1] == "· shape needed (32, 27)"


ERRORS = {
    "dprobs = no_such_name * 2": "NameError: name 'no_such_name' is not defined",
    "dprobs = 'text'": "dprobs is of type str, not a tensor of shape (32, 27)",
    "x = 1\ndprobs = x / 0": "line 2: ZeroDivisionError: division by zero",
}


async def test_an_exception_gives_its_own_message() -> None:
    scripts: dict[str, Changes | Callable[[Question], Changes]] = {
        code: {"status": Status.ERROR, "shape": None, "error": error, "diagnosis": None}
        for code, error in ERRORS.items()
    }
    async with walking(Fakes(verdicts=scripts)) as pilot:
        await go_to(pilot, "dprobs")
        for code, status, message in (
            *((code, Status.ERROR, error) for code, error in ERRORS.items() if "\n" not in code),
            ("dprobs = probs.sum()", Status.FAIL, "upstream:"),
            *((code, Status.ERROR, error) for code, error in ERRORS.items() if "\n" in code),
        ):
            await write_answer(pilot, code)
            await wait_for_text(pilot, message, "prompt")
            verdict = feedback(pilot).verdict
            assert verdict is not None
            assert verdict.status is status
            assert status in pane_text(pilot, "prompt")
        await press(pilot, "enter")
        await wait_for_text(pilot, "✗ probs", "gradients")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        await wait_for_text(pilot, "= probs", "gradients")


@pytest.mark.slow
async def test_a_slow_answer_is_shown_as_running_and_the_app_goes_on() -> None:
    """Held back, and released after another step: it is the table's, and no longer the prompt's."""
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        backend(pilot).hold(Judged)
        await write_answer(pilot, "dprobs = dlogprobs")
        await wait_for_text(pilot, "… running", "prompt")
        await press(pilot, "f2")
        assert "Esc closes" in screen_text(pilot)
        await press(pilot, "escape", "enter")
        await wait_for_text(pilot, "judging…", "gradients")
        await press(pilot, "f8")
        assert "backward 3/26 dcounts_sum_inv" in screen_text(pilot)
        backend(pilot).release()
        await wait_for_text(pilot, "✗ probs", "gradients")
        assert "fail" not in pane_text(pilot, "prompt")


async def test_a_verdict_that_comes_late_replaces_no_newer_one() -> None:
    """Of two verdicts in reverse order, that on the code in the prompt is shown, and the other one nowhere."""
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = dlogprobs")
        await wait_for_text(pilot, "fail", "prompt")
        backend(pilot).hold(Judged)
        await write_answer(pilot, ANSWERS["probs"])
        backend(pilot).release(lambda events: events[::-1])
        await wait_for_text(pilot, "exact yes", "prompt")
        await settle(pilot)
        assert "exact yes" in pane_text(pilot, "prompt")
        assert session(pilot).entry("probs").verdict is None


@pytest.mark.slow
@pytest.mark.processes
async def test_an_answer_without_end_costs_that_answer_only(tmp_path: Path) -> None:
    async with walking_with_processes(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = dlogprobs\nwhile True: pass")
        await wait_for_text(pilot, "… running", "prompt")
        # meanwhile the app answers: help, back, and on again
        await press(pilot, "f2")
        assert "Esc closes" in screen_text(pilot)
        await press(pilot, "escape", "escape", "p")
        assert "backward 1/26 dlogprobs" in screen_text(pilot)
        await press(pilot, "f8")
        assert "backward 2/26 dprobs" in screen_text(pilot)
        await wait_for_text(pilot, "no end after 2 s", "prompt")
        assert "timeout" in pane_text(pilot, "prompt")
        await press(pilot, "enter", "enter")  # the empty line ends the block
        await wait_for_text(pilot, "✗ probs", "gradients")
        await wait_for_text(pilot, "timeout", "gradients")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        assert session(pilot).entry("probs").mark.value == "="


async def test_what_an_answer_prints_is_shown_and_dloss_is_one() -> None:
    first = f"{ANSWERS['logprobs']}\nprint(dloss)"
    second = f"{ANSWERS['counts']}\nprint('sum', 6 * 7)"
    fakes = Fakes()
    fakes.verdicts = {first: {**PASSES, "output": "tensor(1.)\n"}, second: {**PASSES, "output": "sum\n42\n"}}
    async with walking(fakes, size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, first)
        await wait_for_text(pilot, "printed: tensor(1.)", "prompt")
        assert "upstream: dloss is 1" in pane_text(pilot, "prompt")
        assert "exact yes" in pane_text(pilot, "prompt")
        # where there are two upstream gradients to name, there is room for it all the same
        await go_to(pilot, "dcounts")
        await write_answer(pilot, second)
        await wait_for_text(pilot, "sum 42", "prompt")
        assert "exact yes" in pane_text(pilot, "prompt")


async def test_enter_opens_a_new_line_while_code_is_incomplete() -> None:
    loop = "for k in range(2):\n    dprobs = (1.0 / probs) * dlogprobs"
    async with walking(Fakes(verdicts={loop: PASSES}), size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await type_text(pilot, "(1.0 / probs")
        await press(pilot, "enter")
        assert prompt_code(pilot) == "dprobs = (1.0 / probs\n"
        await type_text(pilot, ") * dlogprobs")
        await press(pilot, "enter")
        await wait_for_text(pilot, "saved: Enter", "prompt")
        assert session(pilot).entry("probs").code == "dprobs = (1.0 / probs\n) * dlogprobs"

        await clear_prompt(pilot)
        await type_text(pilot, "for k in range(2):")
        await press(pilot, "enter")
        assert prompt_code(pilot) == "for k in range(2):\n    "
        await type_text(pilot, "dprobs = (1.0 / probs) * dlogprobs")
        await press(pilot, "enter")
        assert prompt_code(pilot).endswith("dlogprobs\n    ")
        await press(pilot, "enter")
        await wait_for(pilot, lambda: session(pilot).entry("probs").code.startswith("for k"), "a submitted block")
        await wait_for_text(pilot, "exact yes", "prompt")


async def test_enter_submits_nothing_that_is_no_answer() -> None:
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        for code, word in (("", ""), ("dprobs =", ""), ("x = 1", "dprobs"), ("# dprobs = 3", "dprobs")):
            await write_answer(pilot, code)
            await press(pilot, "enter")
            assert word in feedback(pilot).message
            assert session(pilot).entry("probs").code == ""
        assert backend(pilot).asked("save") == []


async def test_ctrl_j_keeps_its_place_among_keys_that_come_at_once() -> None:
    """A fast typist, or a terminal that sends many keys in one go."""
    async with walking(size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await clear_prompt(pilot)
        for key in ("a", "b", "ctrl+j", "c", "d"):
            tap(pilot, key)
        await wait_for(pilot, lambda: len(prompt_code(pilot)) == 5)
        assert prompt_code(pilot) == "ab\ncd"


async def test_a_shape_that_only_broadcasts_passes_with_a_word() -> None:
    broadcasts: Changes = {**PASSES, "shape": (64,), "warnings": (Warning.SHAPE,)}
    async with walking(Fakes(verdicts={"dbnbias = dhpreact.sum(0)": broadcasts})) as pilot:
        await go_to(pilot, "dbnbias")
        await write_answer(pilot, "dbnbias = dhpreact.sum(0)")
        await wait_for_text(pilot, "shape ✗ (64,) needed (1, 64)", "prompt")
        assert "pass" in pane_text(pilot, "prompt")
        await submit(pilot, "dbnbias = dhpreact.sum(0)")
        await wait_for_text(pilot, "a gradient has its tensor's shape, (1, 64)", "prompt")
        await wait_for(pilot, lambda: "(64,)" in pane_text(pilot, "gradients"), "its shape in the table")
        assert table_rows(pilot)["bnbias"][:6] == ["(64,)", "yes", "yes", "0", "pass", "!"]


async def test_f8_submits_what_passes_and_steps_on() -> None:
    """Also where the verdict is still to come; and nothing that fails."""
    async with walking() as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        await wait_for_text(pilot, "right: Enter submits it", "prompt")
        await press(pilot, "f8")
        assert "backward 2/26 dprobs" in screen_text(pilot)
        assert session(pilot).entry("logprobs").code == ANSWERS["logprobs"]
        assert "1 ✓" in screen_text(pilot)

        backend(pilot).hold(Judged)
        await write_answer(pilot, ANSWERS["probs"])
        await press(pilot, "f8")
        await write_answer(pilot, "dcounts_sum_inv = counts")
        await press(pilot, "f8")
        assert "backward 4/26 dcounts_sum" in screen_text(pilot)
        assert session(pilot).entry("probs").code == ""
        backend(pilot).release()
        await wait_for_text(pilot, "2 ✓")
        assert session(pilot).entry("probs").code == ANSWERS["probs"]
        assert [node for node, _ in backend(pilot).asked("save")] == ["logprobs", "probs"]
        await press(pilot, "f7")
        assert prompt_code(pilot) == "dcounts_sum_inv = counts"


@pytest.mark.slow
async def test_while_an_answer_runs_the_shape_needed_is_its_own_nodes() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dbnbias")
        await submit(pilot, "dbnbias = hpreact")
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = probs")
        backend(pilot).hold(Judged)
        await go_to(pilot, "dbnbias")
        assert "shape needed (1, 64)" in pane_text(pilot, "prompt")
        await wait_for_text(pilot, "… running", "prompt")
        assert "shape needed (1, 64)" in pane_text(pilot, "prompt")


async def test_a_verdict_on_what_is_upstream_has_the_code_here_judged_anew() -> None:
    """With the person's own gradient, once it is known to be right."""
    async with walking() as pilot:
        await go_to(pilot, "dlogprobs")
        await write_answer(pilot, ANSWERS["logprobs"])
        backend(pilot).hold(Judged)
        await press(pilot, "enter", "f8")
        await write_answer(pilot, ANSWERS["probs"])
        backend(pilot).release()
        await wait_for_text(pilot, "upstream: dlogprobs yours", "prompt")


async def test_feedback_that_has_no_room_is_counted_and_scrolled_to() -> None:
    printed = " ".join(f"word{number}" for number in range(150))
    async with walking(Fakes(verdicts={"dprobs = dlogprobs": {**PASSES, "output": printed}}), size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = dlogprobs")
        await wait_for_text(pilot, "more lines: Alt+Down", "prompt")
        assert "word149" not in pane_text(pilot, "prompt")
        await press(pilot, *["alt+down"] * 20)
        await wait_for_text(pilot, "word149", "prompt")
        assert "more line" not in pane_text(pilot, "prompt")
        assert prompt_code(pilot) == "dprobs = dlogprobs"
