"""A verdict as the app shows it: the diagnosis, the paths, the worst element, for which upstream it holds."""

from __future__ import annotations

import pytest

from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Path, Status, Warning
from ninja_tui.engine.protocol.views import WorstElement
from tests.app.fake_backend import Changes, Fakes
from tests.app.support import (
    ANSWERS,
    AppPilot,
    backend,
    feedback,
    go_to,
    pane_text,
    press,
    settle,
    styles_of,
    submit,
    table_rows,
    wait_for,
    wait_for_text,
    walking,
    write_answer,
)

PASSES: Changes = {"status": Status.PASS, "exact": True, "approximate": True, "maxdiff": 0.0, "diagnosis": None}


@pytest.mark.parametrize(
    ("gradient", "code", "changes", "shown"),
    [
        (
            "dprobs",
            "dprobs = -(1.0 / probs) * dlogprobs",
            {"diagnosis": Diagnosis(Kind("sign"), "it is −1 times")},
            "sign: ",
        ),
        (
            "dcounts_sum_inv",
            "dcounts_sum_inv = counts * dprobs",
            {"shape": (32, 27), "diagnosis": Diagnosis(Kind("not-summed"), "axis 1 of [range(n), Yb] is not summed")},
            "not-summed: axis 1 of [range(n), Yb] is not summed",
        ),
        (
            "dh",
            "dh = dlogits @ W2",
            {
                "status": Status.ERROR,
                "shape": None,
                "error": "RuntimeError: mat1 and mat2 shapes cannot be multiplied",
                "diagnosis": Diagnosis(Kind("transposed"), "the inner sizes do not meet"),
            },
            "transposed: the inner sizes do not meet",
        ),
    ],
)
async def test_the_kind_of_mistake_stands_under_the_prompt_while_one_types(
    gradient: str, code: str, changes: Changes, shown: str
) -> None:
    async with walking(Fakes(verdicts={code: changes})) as pilot:
        await go_to(pilot, gradient)
        await write_answer(pilot, code)
        await wait_for_text(pilot, shown, "prompt")
        assert backend(pilot).asked("save") == []


async def test_a_node_with_two_readers_shows_which_path_is_there() -> None:
    half = "dcounts = counts_sum_inv * dprobs"
    paths = (Path(("counts_sum",), present=False), Path(("probs",), present=True))
    async with walking(Fakes(verdicts={half: {"paths": paths}})) as pilot:
        await go_to(pilot, "dcounts")
        await write_answer(pilot, half)
        await wait_for_text(pilot, "paths 1/2: counts_sum ✗ probs ✓", "prompt")
        await write_answer(pilot, ANSWERS["counts"])
        await wait_for_text(pilot, "right: Enter submits it", "prompt")
        assert "paths" not in pane_text(pilot, "prompt")


async def test_the_worst_element_is_one_key_away() -> None:
    code = f"{ANSWERS['probs']}\ndprobs[30, 25] += 7.0"
    async with walking(Fakes(worst={code: WorstElement((30, 25), 7.0)})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, code)
        await wait_for(pilot, lambda: feedback(pilot).verdict is not None, "a verdict")
        await press(pilot, "escape", "w")
        await wait_for_text(pilot, "worst at [30, 25]: off by 7", "node")

        def in_sight() -> bool:
            return any(line.split()[-1:] == ["7"] or " 7 " in line for line in rows_of(pilot, 30))

        await wait_for(pilot, in_sight, "the element in the window")


def rows_of(pilot: AppPilot, row: int) -> list[str]:
    """The lines of the node pane's window that are this row's."""
    return [line for line in pane_text(pilot, "node").splitlines() if f" {row} " in line]


@pytest.mark.parametrize(
    ("node", "code", "changes", "cell", "sentence"),
    [
        ("probs", ANSWERS["probs"], {}, "any upstream", "holds for any upstream"),
        (
            "counts_sum_inv",
            "dcounts_sum_inv = (counts * dprobs)[range(n), Yb].reshape(n, 1)",
            {
                **PASSES,
                "warnings": (Warning.STRUCTURE,),
                "leans": ("dprobs",),
                "probe": "right here, leans on the sparsity of dprobs",
            },
            "this dprobs",
            "right here, leans on the sparsity of dprobs",
        ),
        (
            "logits",
            "dlogits = F.softmax(logits, 1)\ndlogits[range(n), Yb] -= 1\ndlogits /= n",
            {
                **PASSES,
                "warnings": (Warning.CLOSED_FORM,),
                "probe": "closed form: needs none of its consumers' gradients",
            },
            "closed form",
            "closed form: needs none of its consumers' gradients",
        ),
    ],
)
async def test_the_table_says_for_which_upstream_an_answer_holds(
    node: str, code: str, changes: Changes, cell: str, sentence: str
) -> None:
    async with walking(Fakes(verdicts={code: changes}), size=(150, 40)) as pilot:
        await go_to(pilot, f"d{node}")
        await submit(pilot, code)
        await wait_for_text(pilot, sentence, "prompt")
        await wait_for(pilot, lambda: " ".join(table_rows(pilot)[node]).endswith(cell), cell)


async def test_a_right_answer_behind_a_wrong_one_is_told_what_training_would_see() -> None:
    async with walking(Fakes(verdicts={ANSWERS["probs"]: {"chained": 0.97}})) as pilot:
        await go_to(pilot, "dprobs")
        await write_answer(pilot, ANSWERS["probs"])
        await wait_for_text(pilot, "in training it would be off, because", "prompt")
        verdict = feedback(pilot).verdict
        assert verdict is not None
        assert verdict.passed


async def test_the_table_takes_its_colours_from_the_theme_as_the_prompt_does() -> None:
    async with walking() as pilot:
        await go_to(pilot, "dlogprobs")
        await submit(pilot, ANSWERS["logprobs"])
        await go_to(pilot, "dprobs")
        await submit(pilot, "dprobs = probs")
        await press(pilot, "f8")
        await write_answer(pilot, "dcounts_sum_inv = counts")
        await wait_for_text(pilot, "fail", "prompt")
        colours = []
        for theme in ("textual-dark", "textual-light"):
            pilot.app.theme = theme
            await settle(pilot)
            (of_table,) = {style.color for style in styles_of(pilot, "gradients", "fail")}
            (of_prompt,) = {style.color for style in styles_of(pilot, "prompt", "fail")}
            assert of_table == of_prompt
            (of_pass,) = {style.color for style in styles_of(pilot, "gradients", "pass")}
            colours.append((of_table, of_pass))
        assert len({*colours[0], *colours[1]}) == 4
