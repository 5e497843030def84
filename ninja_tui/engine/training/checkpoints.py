"""Saved training runs: parameters, losses and names in one NumPy archive."""

from __future__ import annotations

import json
import zipfile
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ninja_tui.engine.protocol.wire import SIZES, TensorData
from ninja_tui.errors import UsageError

_PARAMETER = "parameter."


@dataclass(frozen=True)
class SavedRun:
    """A trained network of ``lesson``: its parameters by name, the loss of every step, the names it invented."""

    lesson: str
    backward: str
    steps: int
    train_loss: float | None
    val_loss: float | None
    names: tuple[str, ...]
    losses: array[float]
    parameters: Mapping[str, TensorData]


def save_run(path: Path, run: SavedRun) -> None:
    """Writes ``run``; raises UsageError where it cannot be written."""
    import numpy as np  # 0.1 s: only where a run is saved or read

    about = {
        "lesson": run.lesson,
        "backward": run.backward,
        "steps": run.steps,
        "train_loss": run.train_loss,
        "val_loss": run.val_loss,
        "names": run.names,
    }
    arrays: dict[str, Any] = {"about": np.array(json.dumps(about)), "losses": np.array(run.losses, dtype=np.float32)}
    for name, tensor in run.parameters.items():
        arrays[_PARAMETER + name] = np.frombuffer(tensor.data, dtype=tensor.dtype).reshape(tensor.shape)
    try:
        with path.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
    except OSError as error:
        raise UsageError(f"the run cannot be saved in {path}: {error.strerror or error}") from None


def load_run(path: Path) -> SavedRun:
    """Reads what ``save_run`` wrote; raises UsageError for any other file. No code in a file is ever run."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            about = json.loads(str(arrays["about"]))
            parameters = {
                name.removeprefix(_PARAMETER): TensorData(
                    str(arrays[name].dtype), tuple(arrays[name].shape), arrays[name].tobytes()
                )
                for name in arrays.files
                if name.startswith(_PARAMETER) and str(arrays[name].dtype) in SIZES
            }
            return SavedRun(
                lesson=str(about["lesson"]),
                backward=str(about["backward"]),
                steps=int(about["steps"]),
                train_loss=about["train_loss"],
                val_loss=about["val_loss"],
                names=tuple(str(name) for name in about["names"]),
                losses=array("f", arrays["losses"].astype(np.float32).tolist()),
                parameters=parameters,
            )
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path} is no saved run: {type(error).__name__}") from None


def free_path(folder: Path, lesson: str) -> Path:
    """The first of ``run-<lesson>-1.npz``, ``-2``, … in ``folder`` that is not there yet."""
    number = 1
    while (folder / f"run-{lesson}-{number}.npz").exists():
        number += 1
    return folder / f"run-{lesson}-{number}.npz"


def saved_paths(folder: Path, lesson: str) -> list[Path]:
    """The runs of ``lesson`` in ``folder``, the newest first."""
    found = folder.glob(f"run-{lesson}-*.npz")
    return sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
