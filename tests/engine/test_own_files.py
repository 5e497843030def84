"""Scripts of one's own, in the styles in which people write: right ones pass whole, a mistake fails where it is."""

from __future__ import annotations

import pytest

from tests.engine.own_files import containers, habits, modules, passes, recurrent
from tests.engine.own_files.judged import judged
from tests.engine.own_files.script import Mistake, OwnScript

SCRIPTS: dict[str, OwnScript] = {
    **recurrent.SCRIPTS, **modules.SCRIPTS, **containers.SCRIPTS, **habits.SCRIPTS, **passes.SCRIPTS
}  # fmt: skip
WRONG = [(name, mistake) for name, each in SCRIPTS.items() for mistake in each.mistakes]


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_right_script_passes_whole(name: str) -> None:
    rows = judged(SCRIPTS[name].text)
    assert rows.failing == [], rows.told()
    assert set(SCRIPTS[name].gradients.split()) <= set(rows.passing), rows.told()


@pytest.mark.parametrize(("name", "mistake"), WRONG, ids=[f"{name}: {mistake.new}" for name, mistake in WRONG])
def test_a_mistake_fails_where_it_is_and_nowhere_else(name: str, mistake: Mistake) -> None:
    rows = judged(SCRIPTS[name].with_mistake(mistake))
    assert set(rows.failing) == {mistake.gradient}, rows.told()
