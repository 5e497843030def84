"""The whole walk by key: forward, the turn, and all 26 gradients back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.lesson.read import read_lesson
from ninja_tui.replay import Request, replay
from ninja_tui.tui.session import Phase
from tests.app.support import (
    ANSWERS,
    NODES,
    feedback,
    in_prompt,
    pane_text,
    prompt_code,
    screen_text,
    session,
    table_rows,
    tap,
    type_text,
    wait_for,
    wait_for_text,
    walking_with_processes,
)


@pytest.mark.slow
@pytest.mark.processes
async def test_the_whole_walk_by_key(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    statements = read_lesson("names").statements
    assert (len(statements), len(NODES)) == (20, 26)
    async with walking_with_processes(path, options=Options()) as pilot:
        for number, statement in enumerate(statements, 1):
            await wait_for(pilot, lambda at=number - 1: session(pilot).position == at)  # type: ignore[misc]
            await wait_for_text(pilot, f"▶ {statement.code}", "source")
            assert f"forward {number}/20 {statement.binds[0]}" in screen_text(pilot)
            tap(pilot, ("enter", "n", "f8")[number % 3])

        await wait_for(pilot, lambda: session(pilot).phase is Phase.TURN)
        assert "the turn" in screen_text(pilot).splitlines()[0]
        assert not in_prompt(pilot)
        tap(pilot, "enter")

        for number, node in enumerate(NODES, 1):
            begun = f"d{node} = "
            await wait_for(pilot, lambda begun=begun: in_prompt(pilot) and prompt_code(pilot) == begun)  # type: ignore[misc]
            assert f"backward {number}/26 d{node}" in screen_text(pilot)
            await type_text(pilot, ANSWERS[node].removeprefix(begun))
            await wait_for(pilot, lambda: feedback(pilot).message.startswith("right: Enter submits it"))
            tap(pilot, "enter")
            await wait_for(pilot, lambda: feedback(pilot).message.startswith("saved: Enter or F8 goes on"))
            tap(pilot, "enter")

        await wait_for_text(pilot, "the finish")
        assert "26 ✓" in screen_text(pilot)
        assert "Every gradient passes" in pane_text(pilot, "card")
        await pilot.resize_terminal(120, 90)
        await wait_for(pilot, lambda: len(table_rows(pilot)) == 26, "all rows in sight")
        for node, cells in table_rows(pilot).items():
            assert cells[1:5] == ["yes", "yes", "0", "pass"], (node, cells)

    (file,) = replay(Request((path,))).files
    (lesson,) = file.lessons
    assert (file.status, lesson.passed, lesson.total) == (Status.PASS, 26, 26)
    assert all(verdict.exact for verdict in lesson.verdicts)
