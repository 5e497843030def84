"""The prompt: what it says of code while it is typed, and what Enter makes of it."""

from __future__ import annotations

from pathlib import Path

from ninja_tui.engine.protocol.verdict import Status
from tests.app.support import (
    ANSWERS,
    clear_prompt,
    go_to,
    in_prompt,
    live,
    pane_text,
    prompt_code,
    screen_text,
    session,
    styles_of,
    submit,
    table_rows,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    walking,
    write_answer,
)

SMALL = (80, 24)


async def test_the_verdict_is_there_while_one_types(tmp_path: Path) -> None:
    """Shape, exact, approximate, maxdiff and status, without Enter; nothing is submitted."""
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        assert prompt_code(pilot) == "dprobs = "
        assert "shape needed (32, 27)" in pane_text(pilot, "prompt")
        await type_text(pilot, "dlogprobs")
        await wait_for_text(pilot, "fail", "prompt")
        said = pane_text(pilot, "prompt")
        assert "shape (32, 27) of (32, 27)" in said
        assert "exact no" in said
        assert "approx. no" in said
        assert "maxdiff" in said
        await type_text(pilot, " / probs")
        await wait_for_text(pilot, "pass", "prompt")
        assert "approx. yes" in pane_text(pilot, "prompt")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        assert "maxdiff 0" in pane_text(pilot, "prompt")
        assert session(pilot).entry("probs").code == ""
    assert not path.exists()


async def test_a_wrong_answer_stays_and_can_be_left_behind(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs * dlogprobs")
        await wait_for_text(pilot, "✗ probs", "gradients")
        assert "fail" in pane_text(pilot, "prompt")
        await pilot.press("enter")
        assert "backward 2/26 probs" in screen_text(pilot)
        await pilot.press("f8")
        assert "backward 3/26 counts_sum_inv" in screen_text(pilot)
        assert in_prompt(pilot)
        assert prompt_code(pilot) == "dcounts_sum_inv = "
        await pilot.press("f7")
        assert prompt_code(pilot) == "dprobs = probs * dlogprobs"
        await wait_for_text(pilot, "fail", "prompt")


async def test_syntax_errors_are_a_quiet_line(tmp_path: Path) -> None:
    """Python's own message, in no other colour than any other word there; and nothing is submitted."""
    async with walking(tmp_path / "solutions.py", size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = dlogprobs")
        await wait_for_text(pilot, "upstream:", "prompt")
        quiet = {style.color for style in styles_of(pilot, "prompt", "upstream:")}
        for code, message in (
            ("dprobs = dlogprobs)", "unmatched ')'"),
            ("dprobs = 1 +* 2", "invalid syntax"),
            ("return dlogprobs", "'return' outside function"),
        ):
            await write_answer(pilot, code)
            await wait_for_text(pilot, message, "prompt")
            assert {style.color for style in styles_of(pilot, "prompt", message)} == quiet
            await pilot.press("enter")
            assert prompt_code(pilot) == code
            assert message in pane_text(pilot, "prompt")
        assert session(pilot).entry("probs").code == ""


async def test_unfinished_code_is_no_error(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py", size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        for typed in ("(1.0 /", " probs", ") *", " dlogprobs.sum(", "1, 'keep"):
            await type_text(pilot, typed)
            assert live(pilot).word == ""
            assert live(pilot).verdict is None
            said = [line.strip() for line in pane_text(pilot, "prompt").splitlines()[1:-1] if line.strip()]
            assert said[-1] == "shape needed (32, 27)"


async def test_an_exception_gives_its_own_message(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        for code, status, word in (
            ("dprobs = no_such_name * 2", Status.ERROR, "NameError: name 'no_such_name' is not defined"),
            ("dprobs = probs @ dlogprobs", Status.ERROR, "RuntimeError: mat1 and mat2 shapes cannot be multiplied"),
            ("dprobs = 'text'", Status.ERROR, "dprobs is a str, not a tensor of shape (32, 27)"),
            ("dprobs = probs.sum()", Status.FAIL, "upstream:"),
            ("x = 1\ndprobs = x / 0", Status.ERROR, "line 2: ZeroDivisionError: division by zero"),
        ):
            await write_answer(pilot, code)
            await wait_for_text(pilot, word, "prompt")
            verdict = live(pilot).verdict
            assert verdict is not None
            assert verdict.status is status
        await pilot.press("enter")
        await wait_for_text(pilot, "✗ probs", "gradients")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        await wait_for_text(pilot, "= probs", "gradients")


async def test_an_answer_without_end_costs_that_answer_only(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, "dprobs = dlogprobs\nwhile True: pass")
        await wait_for_text(pilot, "running…", "prompt")
        # meanwhile the app answers: help, back, and on again
        await pilot.press("f2")
        assert "in the walk" in screen_text(pilot)
        await pilot.press("escape", "escape", "p")
        assert "backward 1/26 logprobs" in screen_text(pilot)
        await pilot.press("f8")
        assert "backward 2/26 probs" in screen_text(pilot)
        await wait_for_text(pilot, "no end after 2 s", "prompt")
        assert "timeout" in pane_text(pilot, "prompt")
        await pilot.press("enter", "enter")  # the empty line ends the block
        await wait_for_text(pilot, "✗ probs", "gradients")
        await wait_for_text(pilot, "timeout", "gradients")
        await submit(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        assert session(pilot).entry("probs").mark.value == "="


async def test_what_an_answer_prints_is_shown_and_dloss_is_one(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py", size=SMALL) as pilot:
        await go_to(pilot, "dlogprobs")
        code = "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -dloss / n\nprint(dloss)"
        await write_answer(pilot, code)
        await wait_for_text(pilot, "tensor(1.", "prompt")
        assert "exact yes" in pane_text(pilot, "prompt")
        # where there are two upstream gradients to name, there is room for it all the same
        await go_to(pilot, "dcounts")
        await write_answer(pilot, f"{ANSWERS['counts']}\nprint('sum', 6 * 7)")
        await wait_for_text(pilot, "sum 42", "prompt")
        assert "exact yes" in pane_text(pilot, "prompt")


async def test_enter_opens_a_new_line_while_code_is_incomplete(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py", size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await type_text(pilot, "(1.0 / probs")
        await pilot.press("enter")
        assert prompt_code(pilot) == "dprobs = (1.0 / probs\n"
        await type_text(pilot, ") * dlogprobs")
        await pilot.press("enter")
        await wait_for_text(pilot, "submitted", "prompt")
        assert session(pilot).entry("probs").code == "dprobs = (1.0 / probs\n) * dlogprobs"

        await clear_prompt(pilot)
        await type_text(pilot, "for k in range(2):")
        await pilot.press("enter")
        assert prompt_code(pilot) == "for k in range(2):\n    "
        await type_text(pilot, "dprobs = (1.0 / probs) * dlogprobs")
        await pilot.press("enter")
        assert prompt_code(pilot).endswith("dlogprobs\n    ")
        await pilot.press("enter")
        await wait_for(pilot, lambda: session(pilot).entry("probs").code.startswith("for k"), "a submitted block")
        await wait_for_text(pilot, "exact yes", "prompt")


async def test_enter_submits_nothing_that_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    async with walking(path, size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        for code, word in (("", ""), ("dprobs =", ""), ("x = 1", "dprobs"), ("# dprobs = 3", "dprobs")):
            await write_answer(pilot, code)
            await pilot.press("enter")
            assert word in live(pilot).word
            assert session(pilot).entry("probs").code == ""
    assert not path.exists()


async def test_ctrl_j_keeps_its_place_among_keys_that_come_at_once(tmp_path: Path) -> None:
    """A fast typist, or a terminal that sends many keys in one go."""
    async with walking(tmp_path / "solutions.py", size=SMALL) as pilot:
        await go_to(pilot, "dprobs")
        await clear_prompt(pilot)
        for key in ("a", "b", "ctrl+j", "c", "d"):
            tap(pilot, key, key if len(key) == 1 else None)
        await wait_for(pilot, lambda: len(prompt_code(pilot)) == 5)
        assert prompt_code(pilot) == "ab\ncd"


async def test_a_shape_that_only_broadcasts_passes_with_a_word(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dbnbias")
        await write_answer(pilot, "dbnbias = dhpreact.sum(0)")
        await wait_for_text(pilot, "shape (64,), needed (1, 64)", "prompt")
        assert "pass" in pane_text(pilot, "prompt")
        await submit(pilot, "dbnbias = dhpreact.sum(0)")
        await wait_for_text(pilot, "a gradient has its tensor's shape, (1, 64)", "prompt")
        await wait_for(pilot, lambda: "(64,)" in pane_text(pilot, "gradients"), "its shape in the table")
        assert table_rows(pilot)["bnbias"][:6] == ["(64,)", "yes", "yes", "0", "pass", "!"]
