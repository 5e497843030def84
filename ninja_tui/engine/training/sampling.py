"""What a trained network is worth: its loss over whole splits, and the names that it invents."""

from __future__ import annotations

import ast
import time
from typing import Any

import torch
import torch.nn.functional as F

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.execution import Namespace, run_cell

SEED = 2147483647 + 10
ROWS = 8192
"""Rows that are predicted at once."""
SPLITS = {"train": ("Xtr", "Ytr"), "val": ("Xdev", "Ydev")}


class Sampler:
    """Runs a lesson's cells ``calibrate`` and ``predict``, each (source, line) or None, on the current parameters."""

    def __init__(self, code: LessonCode, calibrate: Any, predict: Any) -> None:
        self.namespace: Namespace = {}
        self._where = code.where
        self._code = code
        self._calibrate, self._predict = calibrate, predict
        self._calibrated: tuple[int, Namespace] | None = None
        self._generator = torch.Generator().manual_seed(SEED)

    def forget(self) -> None:
        """The parameters have changed: calibrates anew when it is next needed."""
        self._calibrated = None

    def evaluate(self, step: int) -> dict[str, Any]:
        """The mean cross-entropy over each split (``train``, ``val``; None without such data), and the ``seconds``.

        ``step`` tells which parameters these are. Raises Refused where the lesson has no cell ``predict``.
        """
        began = time.perf_counter()
        run = self._ready(step)
        losses: dict[str, Any] = {}
        for split, (inputs, targets) in SPLITS.items():
            X, Y = run.get(inputs), run.get(targets)  # noqa: N806 - the field's names
            losses[split] = None
            if isinstance(X, torch.Tensor) and isinstance(Y, torch.Tensor) and len(X):
                total = 0.0
                for some, wanted in zip(torch.split(X, ROWS), torch.split(Y, ROWS), strict=True):
                    with torch.no_grad():
                        total += F.cross_entropy(self._logits(run, some), wanted, reduction="sum").item()
                losses[split] = total / len(X)
        return {**losses, "seconds": time.perf_counter() - began}

    def sample(self, step: int, count: int, seed: int | None, longest: int) -> list[str]:
        """``count`` names, each to the end that the network gives it, or to ``longest`` characters.

        With a ``seed`` the stream of random numbers starts there; without, it goes on.
        """
        if seed is not None:
            self._generator.manual_seed(seed)
        run = self._ready(step)
        size, characters = run.get("block_size"), run.get("itos")
        if not isinstance(size, int) or not isinstance(characters, dict):
            raise Refused(f"{self._where}: to sample, the set-up must bind block_size and itos")
        names: list[str] = []
        for _ in range(count):
            context, name = [0] * size, ""
            while len(name) < longest:
                probs = F.softmax(self._logits(run, torch.tensor([context])), 1)
                index = int(torch.multinomial(probs, num_samples=1, generator=self._generator))
                if index == 0:
                    break
                name += str(characters[index])
                context = [*context[1:], index]
            names.append(name)
        return names

    def _ready(self, step: int) -> Namespace:
        if not self._predict or not self._predict[0].strip():
            raise Refused(f"{self._where} has no cell `# %% predict`")
        if self._calibrated is None or self._calibrated[0] != step:
            run = dict(self.namespace)
            if self._calibrate:
                with torch.no_grad():
                    run_cell(ast.parse(self._calibrate[0]), int(self._calibrate[1]), self._code, run)
            self._calibrated = (step, run)
        return self._calibrated[1]

    def _logits(self, run: Namespace, context: torch.Tensor) -> torch.Tensor:
        own = {**run, "context": context}
        with torch.no_grad():
            run_cell(ast.parse(self._predict[0]), int(self._predict[1]), self._code, own)
        logits = own.get("logits")
        if not isinstance(logits, torch.Tensor) or logits.shape[:1] != context.shape[:1]:
            raise Refused(f"{self._where}: the cell `predict` must bind logits of shape (rows, vocab)")
        return logits.detach()
