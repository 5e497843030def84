"""What the judge says, as the app shows it: the diagnosis, the paths, the worst element, the probe's word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.support import (
    ANSWERS,
    AppPilot,
    go_to,
    live,
    pane_text,
    submit,
    table_rows,
    wait_for,
    wait_for_text,
    walking,
    write_answer,
)


@pytest.mark.parametrize(
    ("gradient", "code", "said"),
    [
        ("dprobs", "dprobs = -(1.0 / probs) * dlogprobs", "sign: "),
        ("dlogprobs", "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0", "scale: "),
        ("dcounts_sum_inv", "dcounts_sum_inv = counts * dprobs", "not-summed: "),
        ("dh", "dh = h.grad", "reads-grad: "),
        ("dh", "dh = dlogits @ W2", "transposed: the inner sizes do not meet"),
    ],
)
async def test_the_kind_of_mistake_stands_under_the_prompt_while_one_types(
    tmp_path: Path, gradient: str, code: str, said: str
) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, gradient)
        await write_answer(pilot, code)
        await wait_for_text(pilot, said, "prompt")
        assert not (tmp_path / "solutions.py").exists()


async def test_a_node_with_two_readers_shows_which_path_is_there(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dcounts")
        await write_answer(pilot, "dcounts = counts_sum_inv * dprobs")
        await wait_for_text(pilot, "paths 1/2: counts_sum ✗ probs ✓", "prompt")
        await write_answer(pilot, ANSWERS["counts"])
        await wait_for_text(pilot, "right: Enter submits it", "prompt")


async def test_the_worst_element_is_one_key_away(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, f"{ANSWERS['probs']}\ndprobs[30, 25] += 7.0")
        await wait_for(pilot, lambda: live(pilot).verdict is not None, "a verdict")
        await pilot.press("escape", "w")
        await wait_for_text(pilot, "worst at [30, 25]: off by 7", "node")

        def in_sight() -> bool:
            return any(line.split()[-1:] == ["7"] or " 7 " in line for line in rows_of(pilot, 30))

        await wait_for(pilot, in_sight, "the element in the window")


def rows_of(pilot: AppPilot, row: int) -> list[str]:
    """The lines of the node pane's window that are this row's."""
    return [line for line in pane_text(pilot, "node").splitlines() if f" {row} " in line]


@pytest.mark.parametrize(
    ("node", "code", "cell", "sentence"),
    [
        ("probs", ANSWERS["probs"], "any upstream", "holds for any upstream"),
        (
            "counts_sum_inv",
            "dcounts_sum_inv = (counts * dprobs)[range(n), Yb].reshape(n, 1)",
            "this dprobs",
            "right here, leans on the sparsity of dprobs",
        ),
        (
            "logits",
            "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n",
            "closed form",
            "closed form: needs none of its readers' gradients",
        ),
    ],
)
async def test_the_table_says_for_which_upstream_an_answer_holds(
    tmp_path: Path, node: str, code: str, cell: str, sentence: str
) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, f"d{node}")
        await submit(pilot, code)
        await wait_for_text(pilot, sentence, "prompt")
        await wait_for(pilot, lambda: " ".join(table_rows(pilot)[node]).endswith(cell), cell)


async def test_a_right_answer_behind_a_wrong_one_is_told_what_training_would_see(tmp_path: Path) -> None:
    async with walking(tmp_path / "solutions.py") as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0")
        await go_to(pilot, "dprobs")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "in training it would be off all the same", "prompt")
        assert live(pilot).verdict is not None
