"""Whether a lesson gives the same numbers whatever the global generators are set to."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import torch

from ninja_tui.engine.protocol.judging import Fingerprints
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.workers.setup import draw_minibatch, set_up


def fingerprints(code: LessonCode, seed: int) -> Fingerprints:
    """Digests of the data that each part of the lesson binds or changes, with ``seed`` for the global generators."""
    namespace = set_up(code, seed)
    prepared = _digests(namespace)
    draw_minibatch(code, namespace)
    drawn = _digests(namespace)
    for statement in code.statements:
        run_fragment(statement, code, namespace)
    return Fingerprints(prepared, _changed(prepared, drawn), _changed(drawn, _digests(namespace)))


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return {name: digest for name, digest in after.items() if before.get(name) != digest}


def _digests(namespace: Namespace) -> dict[str, str]:
    named = {name: value for name, value in namespace.items() if not name.startswith("_") and name != "parameters"}
    data = {name: _plain(value) for name, value in named.items()}
    return {
        name: hashlib.sha256(plain).hexdigest() for name, plain in data.items() if plain is not None
    }  # fmt: skip


def _plain(value: Any) -> bytes | None:
    """The bytes of data; None for what is no data, such as functions and generators."""
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided:
            return None
        whole = value.detach().contiguous().cpu()
        return repr((tuple(value.shape), value.dtype)).encode() + whole.reshape(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(value, bool | int | float | str | bytes):
        return repr(value).encode()
    if isinstance(value, list | tuple):
        parts = [_plain(item) for item in value]
        return None if any(part is None for part in parts) else b"[" + b",".join(part or b"" for part in parts) + b"]"
    if isinstance(value, dict):
        return _plain([*value, *value.values()])
    return None
