"""The node's pane: the tensor, your gradient, its difference; slices; scrolling; and whose upstream gradients."""

from __future__ import annotations

import re

import pytest

from ninja_tui.engine.events import Viewed
from ninja_tui.engine.protocol.views import WorstElement
from tests.app.fake_backend import Changes, Fakes, Question
from tests.app.support import (
    ANSWERS,
    AppPilot,
    backend,
    click_on,
    close_toasts,
    go_to,
    pane_text,
    place_of,
    press,
    screen_text,
    settle,
    submit,
    tap,
    type_text,
    unwrapped,
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


def numbered(pilot: AppPilot) -> tuple[list[str], list[int]]:
    """The labels of the lines and the numbers of the columns of the values in sight."""
    lines = [re.split(r"[▀┌┐└┘─│□]", line)[-1].split() for line in pane_text(pilot, "node").splitlines()[1:-1]]
    heads = [line for line in lines if line and all(word.isdigit() for word in line)]
    values = lines[lines.index(heads[0]) + 1 :]
    return [line[0] for line in values if line], [int(word) for word in heads[0]]


def head_lines(pilot: AppPilot) -> list[str]:
    """The lines of the pane, white space made single."""
    return [" ".join(line.split()) for line in pane_text(pilot, "node").splitlines()[1:-1]]


async def test_forward_the_statement_with_its_shapes_and_the_tensor() -> None:
    async with walking() as pilot:
        await press(pilot, "t", "p", "p", "p")
        await wait_for_text(pilot, "float32", "node")
        shown = " ".join(pane_text(pilot, "node").split())
        assert "94 probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1→27)" in shown
        assert "read by logprobs" in shown
        for word in ("min ", "max ", "mean ", "std ", "zeros "):
            assert word in shown
        assert "non-finite" not in shown
        assert "▀" in shown
        assert "blue − · 0 · + orange ±1" in shown
        assert "the tensor" in shown


async def test_backward_the_readers_come_first_each_with_its_upstream_gradient_and_whose_it_is() -> None:
    async with walking(size=(200, 60)) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, ANSWERS["probs"])
        await go_to(pilot, "dcounts")
        await wait_for_text(pilot, "float32", "node")
        assert head_lines(pilot)[:3] == [
            "92 counts_sum (32, 1) = counts (32, 27).sum(1, keepdim=True) ↑ dcounts_sum (32, 1) reference",
            "94 probs (32, 27) = counts (32, 27) * counts_sum_inv (32, 1→27) ↑ dprobs (32, 27) yours ✓",
            "91 counts (32, 27) = norm_logits (32, 27).exp()",
        ]
        await go_to(pilot, "dlogprobs")
        await wait_for_text(pilot, "↑ dloss is 1", "node")
        await go_to(pilot, "dW2")
        await wait_for_text(pilot, "W2 (64, 27) is a parameter", "node")


async def test_whose_upstream_gradient_it_is_follows_the_choice() -> None:
    wrong = "dprobs = dlogprobs"
    async with walking(size=(160, 60)) as pilot:
        await go_to(pilot, "dprobs")
        await submit(pilot, wrong)
        await go_to(pilot, "dcounts_sum_inv")
        await wait_for_text(pilot, "↑ dprobs (32, 27) reference", "node")
        await press(pilot, "f9")
        await wait_for_text(pilot, "↑ dprobs (32, 27) yours ✗", "node")
        await press(pilot, "f9")
        await wait_for_text(pilot, "↑ dprobs (32, 27) reference", "node")


async def test_on_a_fail_the_difference_shows_by_itself_with_the_cursor_at_the_worst_element() -> None:
    wrong, worse = "dprobs = -dlogprobs / probs", "dprobs = -dlogprobs"
    fakes = Fakes(worst={wrong: WorstElement((7, 13), 0.5), worse: WorstElement((30, 2), 2.0)})
    async with walking(fakes) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, wrong)
        await wait_for_text(pilot, "worst at [7, 13]: off by 0.5", "node")
        await wait_for(pilot, lambda: "7" in numbered(pilot)[0] and 13 in numbered(pilot)[1], "the worst in the window")
        await write_answer(pilot, worse)
        await wait_for_text(pilot, "worst at [30, 2]: off by 2", "node")
        await wait_for(pilot, lambda: "30" in numbered(pilot)[0] and 2 in numbered(pilot)[1], "the worst in the window")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "the tensor", "node")


async def test_a_view_that_was_chosen_stays_whatever_the_verdict() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f10")
        await write_answer(pilot, "dprobs = -dlogprobs / probs")
        await wait_for_text(pilot, "fail", "prompt")
        await wait_for_text(pilot, "your gradient", "node")
        await go_to(pilot, "dcounts_sum_inv")  # the choice was for that node
        await write_answer(pilot, "dcounts_sum_inv = counts")
        await wait_for_text(pilot, "yours − autograd's", "node")


async def test_an_answer_that_cannot_be_compared_shows_no_difference() -> None:
    code = "dprobs = counts_sum"
    async with walking(Fakes(verdicts={code: {"shape": (5, 5), "maxdiff": None}})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, code)
        await wait_for_text(pilot, "fail", "prompt")
        await settle(pilot)
        assert "the tensor" in pane_text(pilot, "node")


async def test_views_go_round_and_autograd_s_comes_only_when_asked_for() -> None:
    code = f"{ANSWERS['probs']}\ndprobs[7, 13] += 0.5"
    async with walking(Fakes(worst={code: WorstElement((7, 13), 0.5)})) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f10")
        await wait_for_text(pilot, "your gradient: no gradient of yours yet", "node")
        await write_answer(pilot, code)
        await wait_for_text(pilot, "fail", "prompt")
        await wait_for_text(pilot, "max 0.5", "node")
        await press(pilot, "escape", "v")
        await wait_for_text(pilot, "worst at [7, 13]: off by 0.5", "node")
        assert "yours − autograd's" in pane_text(pilot, "node")
        await press(pilot, "v")
        await wait_for_text(pilot, "the tensor", "node")
        assert "autograd's gradient" not in screen_text(pilot)
        await press(pilot, "w")
        await wait_for(pilot, lambda: "7" in numbered(pilot)[0] and 13 in numbered(pilot)[1], "the worst in the window")
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
    async with walking(Fakes(worst={code: WorstElement((0, 0), 2.0)})) as pilot:
        await go_to(pilot, "dprobs")
        await press(pilot, "f10", "f10")
        await write_answer(pilot, code)
        await wait_for_text(pilot, "worst at [", "node")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        await wait_for(pilot, lambda: "worst at" not in pane_text(pilot, "node"), "no worst element")
        assert "max 0 " in pane_text(pilot, "node")


@pytest.mark.slow
async def test_slices() -> None:
    async with walking(size=(120, 50)) as pilot:
        await go_to(pilot, "demb")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")
        await press(pilot, "escape")
        await slice_to(pilot, "3, :")
        await wait_for_text(pilot, "(3, 10) float32", "node")
        assert "[3, :]" in pane_text(pilot, "node")
        await slice_to(pilot, "5:, 1")
        await wait_for_text(pilot, "(27, 10) float32", "node")
        await wait_for(pilot, lambda: numbered(pilot)[0][0] == "5", "labels that count in the whole tensor")
        await slice_to(pilot, "-1, 0:2, ::3")
        await wait_for_text(pilot, "(2, 4) float32", "node")
        await slice_to(pilot, "99")
        await wait_for_text(pilot, "[99]:", "node")
        assert "out of" in pane_text(pilot, "node")

        await slice_to(pilot, "foo")
        assert "no slice: `foo` is neither a whole number nor a slice such as 0:5" in screen_text(pilot)
        await press(pilot, "escape")
        await slice_to(pilot, "")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")


@pytest.mark.slow
async def test_the_cursor_moves_over_the_values_which_follow_it() -> None:
    async with walking(size=(120, 50)) as pilot:
        await go_to(pilot, "demb")
        await wait_for_text(pilot, "(32, 3, 10) float32", "node")
        await press(pilot, "escape", "3")
        await wait_for_text(pilot, "[0, 0, 0] = 0.5", "node")
        assert numbered(pilot)[0][:4] == ["[0,0]", "[0,1]", "[0,2]", "[1,0]"]
        assert numbered(pilot)[1][0] == 0
        await press(pilot, "down", "down", "down", "right")
        await wait_for_text(pilot, "[1, 0, 1] = 3.5", "node")
        assert numbered(pilot)[0][0] == "[0,0]"
        for key in ["pagedown"] * 12 + ["right"] * 20:
            tap(pilot, key)
        await wait_for(
            pilot, lambda: (numbered(pilot)[0][-1], numbered(pilot)[1][-1]) == ("[31,2]", 9), "the last element"
        )
        await press(pilot, "up")
        await wait_for_text(pilot, "[31, 1, 9] = ", "node")
        await press(pilot, "home")
        await wait_for_text(pilot, "[0, 0, 0] = 0.5", "node")
        assert (numbered(pilot)[0][0], numbered(pilot)[1][0]) == ("[0,0]", 0)
        await press(pilot, "end")
        await wait_for_text(pilot, "[31, 2, 9] = 95.5", "node")


async def test_a_click_on_the_heatmap_goes_there_and_the_window_is_framed_in_it() -> None:
    async with walking(size=(160, 60)) as pilot:
        await go_to(pilot, "dcounts")
        await wait_for_text(pilot, "(32, 27) float32", "node")
        column, row = place_of(pilot, "node", "┌")
        await pilot.click(offset=(column + 15, row + 7))
        await wait_for(pilot, lambda: place_of(pilot, "node", "┌")[0] > column, "another place of the frame")
        rows, columns = numbered(pilot)
        assert "14" in rows
        assert columns[0] > 0
        line = next(line for line in pane_text(pilot, "node").splitlines() if " = 14.5" in line)
        index = [int(number) for number in re.findall(r"\d+", line.split("[")[1].split("]")[0])]
        assert index[0] == 14
        assert index[1] in columns
        await click_on(pilot, "node", "15.5")
        await wait_for_text(pilot, f"[15, {columns[0]}] = 15.5", "node")


@pytest.mark.parametrize("size", [(80, 24), (110, 34), (120, 40), (200, 60)])
async def test_no_value_is_cut_at_any_size(size: tuple[int, int]) -> None:
    async with walking(size=size) as pilot:
        await press(pilot, "n", "3")
        await wait_for_text(pilot, "(32, 30) float32", "node")
        region = pilot.app.screen.query_one("#node").region
        rows, columns = numbered(pilot)
        assert rows[0] == "0"
        shown = [line for line in pane_text(pilot, "node").splitlines() if not re.search("orange|float32", line)]
        lines = [line for line in shown if re.search(r"\d\.5\s*$", line)]
        assert len(lines) == len(rows)
        for line in lines:
            assert len(re.findall(r"\b\d+\.5", line)) == len(columns)
            assert len(line) <= region.width - 2


async def test_a_vector_wraps_over_lines_and_a_scalar_is_one_line() -> None:
    async with walking(size=(120, 60)) as pilot:
        await go_to(pilot, "db2")
        await wait_for_text(pilot, "(27,) float32", "node")
        lines = head_lines(pilot)
        first = next(number for number, line in enumerate(lines) if line.startswith("+0 +1 +2"))
        counts = [len(line.split()) - 1 for line in lines[first + 1 :] if line]
        assert sum(counts) == 27
        assert len(counts) > 1
        assert [line.split()[0] for line in lines[first + 1 :] if line] == [
            str(number) for number in range(0, 27, counts[0])
        ]
        await press(pilot, "alt+t", "p")
        await wait_for_text(pilot, "() float32 0.5", "node")
        assert not any("▀" in line or line.startswith("+0") for line in head_lines(pilot))


async def test_without_colour_the_heatmap_has_signs() -> None:
    async with walking(size=(120, 60)) as pilot:
        pilot.app.no_color = True
        await go_to(pilot, "dcounts")
        await wait_for_text(pilot, "─━ below 0 · above +╋  ±1", "node")
        assert "▀" not in pane_text(pilot, "node")
        assert "╋━+─+─" in pane_text(pilot, "node")
        assert "║" in pane_text(pilot, "node")


@pytest.mark.parametrize("height", [18, 24, 30])
async def test_what_has_no_room_is_said_to_have_none(height: int) -> None:
    async with walking(size=(60, height)) as pilot:
        await go_to(pilot, "dcounts")
        await press(pilot, "alt+3")
        await wait_for_text(pilot, "counts_sum (32, 1) =", "node")
        shown = unwrapped(pane_text(pilot, "node"))
        whole = "91counts(32,27)=norm_logits(32,27).exp()" in shown and "zeros" in shown and "blue" in shown
        assert whole != ("⋯" in pane_text(pilot, "node").splitlines()[-1])


async def test_a_poke_moves_the_loss_and_the_person_s_gradient_predicts_it() -> None:
    async with walking(size=(160, 60)) as pilot:
        await go_to(pilot, "dprobs")
        await wait_for_text(pilot, "float32", "node")
        await press(pilot, "escape", "x")
        await wait_for_text(pilot, "probs[0, 0] +0.001 → loss +2.1e-05; no gradient of yours predicts it yet", "node")
        await press(pilot, "e")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "exact yes", "prompt")
        await press(pilot, "ctrl+n")
        await wait_for_text(pilot, "probs[0, 0] +0.001 → loss +2.1e-05; your gradient says 1.05e-05", "node")
        await press(pilot, "escape", "3", "down", "right")
        await wait_for_text(pilot, "[1, 1] = ", "node")
        assert "→ loss" not in pane_text(pilot, "node")
        await press(pilot, "x")
        await wait_for_text(pilot, "probs[1, 1] +0.001", "node")


async def test_a_poke_has_room_on_the_smallest_screen() -> None:
    async with walking(size=(60, 18)) as pilot:
        await go_to(pilot, "dcounts")
        await press(pilot, "alt+3", "e")
        await wait_for_text(pilot, "counts_sum (32, 1) =", "node")
        await press(pilot, "ctrl+n")
        await wait_for_text(pilot, "counts[0, 0] +0.001 → loss +2.1e-05; no gradient of yours predicts it yet", "node")


async def test_autograd_s_gradient_predicts_a_poke_only_where_the_answer_was_revealed() -> None:
    async with walking(size=(160, 60)) as pilot:
        await go_to(pilot, "dprobs")
        await wait_for_text(pilot, "float32", "node")
        await press(pilot, "ctrl+n")
        await wait_for_text(pilot, "no gradient of yours predicts it yet", "node")
        await press(pilot, "f5", "ctrl+n")
        await wait_for_text(pilot, "autograd's gradient says 1.05e-05", "node")


async def test_a_poke_at_the_worst_element_and_of_a_slice_has_the_whole_tensor_s_index() -> None:
    wrong = "dprobs = -dlogprobs / probs"
    async with walking(Fakes(worst={wrong: WorstElement((7, 13), 0.5)}), size=(160, 60)) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, wrong)
        await wait_for_text(pilot, "worst at [7, 13]", "node")
        await press(pilot, "ctrl+n")
        await wait_for_text(pilot, "probs[7, 13] +0.001 → loss", "node")
        await press(pilot, "escape")
        await slice_to(pilot, "5:, 3")
        await wait_for_text(pilot, "(27,) float32", "node")
        await press(pilot, "x")
        await wait_for_text(pilot, "probs[5, 3] +0.001 → loss", "node")


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
