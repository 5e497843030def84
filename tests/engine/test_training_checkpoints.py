"""Saved training runs: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
import math
import struct
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.training.checkpoints import SavedRun, free_path, load_run, save_run, saved_paths
from ninja_tui.engine.training.config import Backward
from ninja_tui.errors import UsageError

TENSOR = TensorData("float32", (1, 2), struct.pack("<2f", 0.5, -1.25))
RUN = SavedRun(
    lesson="mine",
    backward=Backward.AUTOGRAD,
    steps=3,
    train_loss=2.5,
    val_loss=None,
    names=("ana", ""),
    losses=array("f", [3.0, 2.75, 2.5]),
    parameters={"W": TENSOR},
)
ABOUT = {"lesson": "mine", "backward": "manual", "steps": 3, "train_loss": 2.5, "val_loss": None, "names": ["ana"]}


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    save_run(tmp_path / "run.npz", RUN)
    assert load_run(tmp_path / "run.npz") == RUN


def test_losses_that_are_no_numbers_stay_what_they_are(tmp_path: Path) -> None:
    np.savez(tmp_path / "run.npz", about=np.array(json.dumps({**ABOUT, "val_loss": float("nan")})), losses=np.zeros(1))
    loss = load_run(tmp_path / "run.npz").val_loss
    assert loss is not None and math.isnan(loss)


@pytest.mark.parametrize(
    "about",
    [{**ABOUT, "backward": "mine"}, {**ABOUT, "steps": "three"}, {**ABOUT, "train_loss": [1]}, {"lesson": "mine"}, [1]],
)
def test_a_file_that_says_something_else_is_no_run(tmp_path: Path, about: Any) -> None:
    np.savez(tmp_path / "run.npz", about=np.array(json.dumps(about)), losses=np.zeros(1))
    with pytest.raises(UsageError, match="is no saved run"):
        load_run(tmp_path / "run.npz")


def test_a_file_of_another_kind_is_no_run_and_a_missing_one_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "run.npz").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(UsageError, match="is no saved run"):
        load_run(tmp_path / "run.npz")
    with pytest.raises(UsageError, match="cannot be read"):
        load_run(tmp_path / "none.npz")


def test_runs_are_numbered_and_listed_by_lesson(tmp_path: Path) -> None:
    first = free_path(tmp_path, "mine")
    save_run(first, RUN)
    second = free_path(tmp_path, "mine")
    save_run(second, RUN)
    assert (first.name, second.name) == ("run-mine-1.npz", "run-mine-2.npz")
    assert set(saved_paths(tmp_path, "mine")) == {first, second}
    assert saved_paths(tmp_path, "other") == []
