"""The app is killed at twenty moments around the saving of an answer; ``python -m tests.kill_loop`` does it at more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill_loop import Moment, killed, moments

pytestmark = [pytest.mark.processes, pytest.mark.slow]

NAMED = {("link", True), ("replace", False)}
"""The moments between which the new file has a name of its own."""


@pytest.mark.parametrize("moment", list(moments(20)), ids=str)
def test_kill_9_loses_nothing_that_is_called_saved(tmp_path: Path, moment: Moment) -> None:
    result = killed(moment, tmp_path)
    assert not result.lost
    assert result.left == ()
    assert len(result.litter) <= 1  # a kill at a time, and not at a step, may come between the two moments too
    if moment.step:
        assert len(result.litter) == int((moment.step, moment.after) in NAMED)
        assert not result.called_saved
        assert result.on_disk == (moment == Moment(step="replace", after=True))
