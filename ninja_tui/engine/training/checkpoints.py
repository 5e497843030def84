"""Saved training runs: parameters, losses and names in one NumPy archive."""

from __future__ import annotations

import io
import json
import zipfile
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ninja_tui.engine.protocol.tensor_data import SIZES, TensorData
from ninja_tui.engine.training.config import Backward
from ninja_tui.errors import UsageError
from ninja_tui.lesson.writing import write_whole

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PARAMETER = "parameter."


@dataclass(frozen=True)
class RunSummary:
    """A trained network of ``lesson``, and the names that it invented."""

    lesson: str
    backward: Backward
    steps: int
    train_loss: float | None
    val_loss: float | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class SavedRun(RunSummary):
    """The same with the loss of every step, and the parameters by name."""

    losses: array[float]
    parameters: Mapping[str, TensorData]


def save_run(path: Path, run: SavedRun) -> None:
    """Has ``run`` on the disk, whole; raises UsageError where it cannot be written."""
    import numpy as np  # 0.1 s: only where a run is saved or read

    summary = json.dumps({field.name: getattr(run, field.name) for field in fields(RunSummary)})
    arrays: dict[str, NDArray[Any]] = {"about": np.array(summary), "losses": np.array(run.losses, dtype=np.float32)}
    for name, tensor in run.parameters.items():
        arrays[_PARAMETER + name] = np.frombuffer(tensor.data, dtype=tensor.dtype).reshape(tensor.shape)
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    try:
        write_whole(path, stream.getvalue())
    except OSError as error:
        raise UsageError(f"the run cannot be saved in {path}: {error.strerror or error}") from None


def load_run(path: Path) -> SavedRun:
    """Reads what ``save_run`` wrote; raises UsageError for any other file. No code in a file is ever run."""
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as arrays:
            summary = msgspec.convert(json.loads(str(arrays["about"])), RunSummary)
            parameters = {
                name.removeprefix(_PARAMETER): TensorData(
                    str(arrays[name].dtype), tuple(arrays[name].shape), arrays[name].tobytes()
                )
                for name in arrays.files
                if name.startswith(_PARAMETER) and str(arrays[name].dtype) in SIZES
            }
            losses = array("f", arrays["losses"].astype(np.float32).tolist())
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, msgspec.ValidationError) as error:
        raise UsageError(f"{path} is no saved run: {type(error).__name__}") from None
    values = {field.name: getattr(summary, field.name) for field in fields(RunSummary)}
    return SavedRun(losses=losses, parameters=parameters, **values)


def free_path(folder: Path, lesson: str) -> Path:
    """The first of ``run-<lesson>-1.npz``, ``-2``, … in ``folder`` that is not there yet."""
    number = 1
    while (folder / f"run-{lesson}-{number}.npz").exists():
        number += 1
    return folder / f"run-{lesson}-{number}.npz"


def saved_paths(folder: Path, lesson: str) -> list[Path]:
    """The runs of ``lesson`` in ``folder``, the newest first."""
    paths = folder.glob(f"run-{lesson}-*.npz")
    return sorted(paths, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)
