"""The node's pane: the tensor, your gradient, its difference; slices; scrolling; and whose upstream gradients."""

from __future__ import annotations

import pytest

from ninja_tui.engine.events import Viewed
from ninja_tui.engine.protocol.views import WorstElement
from tests.app.fake_backend import Changes, Fakes, Question
from tests.app.support import (
    ANSWERS,
    AppPilot,
    backend,
    close_toasts,
    go_to,
    pane_text,
    press,
    screen_text,
    settle,
    submit,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    wait_for_toast,
    walking,
    write_answer,
)


async def slice_to(pilot: AppPilot, text: str) -> None:
    """Asks for a slice, by key."""
    await press(pilot, "s", "end", "ctrl+u")
    await type_text(pilot, text)
    await press(pilot, "enter")


def numbered(pilot: AppPilot) -> tuple[list[int], list[int]]:
    """The row and column numbers of the window of values."""
    lines = [line.replace("▀", "").split() for line in pane_text(pilot, "node").splitlines()[1:-1]]
    heads = [line for line in lines if line and all(word.isdigit() for word in line)]
    values = lines[lines.index(heads[0]) + 1 :]
    return [int(line[0]) for line in values if line], [int(word) for word in heads[0]]


async def test_the_statement_its_shapes_and_the_tensor() -> None:
    async with walking() as pilot:
        await press(pilot, "t", "p", "p", "p")
        await wait_for_text(pilot, "float32", "node")
        shown = " ".join(pane_text(pilot, "node").split())
        assert "probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1)" in shown
        assert "read by logprobs" in shown
        for word in ("min ", "max ", "mean ", "std ", "zeros ", "non-finite 0"):
            assert word in shown
        assert "▀" in shown
        assert "the tensor" in shown


async def test_views_go_round_and_autograd_s_comes_only_when_asked_for() -> None:
    code = f"{ANSWERS['probs']}\ndprobs[7, 13] += 0.5"
    async with walking(Fakes(worst={code: WorstElement((7, 13), 0.5, 7, 13)})) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f10")
        await wait_for_text(pilot, "your gradient: no gradient of yours yet", "node")
        await write_answer(pilot, code)
        await wait_for_text(pilot, "fail", "prompt")
        await wait_for_text(pilot, "max 0.5", "node")
        await press(pilot, "escape", "v")
        await wait_for_text(pilot, "worst at [7, 13]: off by 0.5", "node")
        assert "difference" in pane_text(pilot, "node") or "yours − autograd's" in pane_text(pilot, "node")
        await press(pilot, "v")
        await wait_for_text(pilot, "the tensor", "node")
        assert "autograd's gradient" not in screen_text(pilot)
        await press(pilot, "w")
        await wait_for(pilot, lambda: 7 in numbered(pilot)[0] and 13 in numbered(pilot)[1], "the worst in the window")
        await press(pilot, "v")

        await press(pilot, "a")
        await wait_for_text(pilot, "autograd's gradient", "node")
        await wait_for_text(pilot, "max 0", "node")
        await press(pilot, "a")
        await wait_for_text(pilot, "the tensor", "node")
        await press(pilot, "ctrl+g")
        await wait_for_text(pilot, "autograd's gradient", "node")
        await press(pilot, "f8")
        await wait_for_text(pilot, "the tensor", "node")


async def test_a_difference_goes_away_when_the_answer_is_mended() -> None:
    code = "dprobs = -dlogprobs / probs"
    async with walking(Fakes(worst={code: WorstElement((0, 0), 2.0, 0, 0)})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, code)
        await press(pilot, "f10", "f10")
        await wait_for_text(pilot, "worst at [", "node")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        await wait_for(pilot, lambda: "worst at" not in pane_text(pilot, "node"), "no worst element")
        assert "max 0 " in pane_text(pilot, "node")


@pytest.mark.slow
async def test_slices_and_scrolling() -> None:
    async with walking() as pilot:
        await go_to(pilot, "demb")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")
        await press(pilot, "escape")
        await slice_to(pilot, "3, :")
        await wait_for_text(pilot, "(3, 10) float32", "node")
        assert "[3, :]" in pane_text(pilot, "node")
        await slice_to(pilot, "-1, 0:2, ::3")
        await wait_for_text(pilot, "(2, 4) float32", "node")
        await slice_to(pilot, "99")
        await wait_for_text(pilot, "[99]:", "node")
        assert "out of" in pane_text(pilot, "node")

        await slice_to(pilot, "3 of them")
        assert "no slice: " in screen_text(pilot)
        await press(pilot, "escape")
        await slice_to(pilot, "")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")

        await press(pilot, "3")
        rows, columns = numbered(pilot)
        assert (rows[0], columns[0]) == (0, 0)
        await press(pilot, "down", "down", "right")
        await wait_for(pilot, lambda: numbered(pilot)[0][0] == 2 and numbered(pilot)[1][0] == 1, "the window's place")
        for key in ["pagedown"] * 12 + ["right"] * 20:
            tap(pilot, key)
        await wait_for(pilot, lambda: numbered(pilot)[0][-1] == 95 and numbered(pilot)[1][-1] == 9, "the last element")
        await press(pilot, "up")
        await wait_for(pilot, lambda: numbered(pilot)[0][-1] == 94, "one row up")
        await press(pilot, "home")
        await wait_for(pilot, lambda: numbered(pilot)[0][0] == 0 and numbered(pilot)[1][0] == 0, "the first element")


@pytest.mark.slow
async def test_whose_upstream_gradients() -> None:
    """Yours where they pass; with ``u`` all yours, all the reference's, and round again."""

    def by_upstream(question: Question) -> Changes:
        """With the person's own upstream gradient, once that is wrong, it is not exact."""
        return {} if wrong not in submitted or "logprobs" not in question.own_upstream else {"exact": False}

    wrong, submitted = f"{ANSWERS['logprobs']}\ndlogprobs *= 2", list[str]()
    async with walking(Fakes(verdicts={ANSWERS["probs"]: by_upstream})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "upstream: dlogprobs reference", "prompt")
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await go_to(pilot, "dprobs")
        await wait_for_text(pilot, "upstream: dlogprobs yours", "prompt")
        assert "pass" in pane_text(pilot, "prompt")

        for whose in ("all yours", "all reference"):
            await press(pilot, "f9")
            await wait_for_toast(pilot, f"upstream gradients: {whose}")
            close_toasts(pilot)
        await wait_for_text(pilot, "upstream: dlogprobs reference", "prompt")

        await go_to(pilot, "dlogprobs")
        await submit(pilot, wrong)
        submitted.append(wrong)
        await go_to(pilot, "dprobs")
        await press(pilot, "escape", "u")
        close_toasts(pilot)
        await wait_for_text(pilot, "upstream: dlogprobs reference", "prompt")  # yours does not pass
        await wait_for_text(pilot, "exact yes", "prompt")
        await press(pilot, "escape", "u")
        close_toasts(pilot)
        await wait_for_text(pilot, "upstream: dlogprobs yours", "prompt")
        await wait_for_text(pilot, "exact no", "prompt")


async def test_a_view_that_comes_late_is_not_shown_for_another_tensor() -> None:
    async with walking() as pilot:
        await go_to(pilot, "demb")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")
        backend(pilot).hold(Viewed)
        await press(pilot, "alt+p")
        late = [event for event in backend(pilot).held if isinstance(event, Viewed)]
        await press(pilot, "f8", "f8")
        await wait_for_text(pilot, "C (27, 10) is a parameter", "node")
        for event in late:
            backend(pilot).hold()
            backend(pilot).emit(event)
        await settle(pilot)
        assert "float32" not in pane_text(pilot, "node")
