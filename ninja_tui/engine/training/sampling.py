"""The loss of a trained network over whole splits, and the names that it invents."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.training.config import SAMPLING_SEED
from ninja_tui.engine.training.messages import SplitLosses
from ninja_tui.lesson.syntax.fragment import Fragment

ROWS = 8192
"""Rows that are predicted at once."""


class Sampler:
    """Runs a lesson's cells ``calibrate`` and ``predict`` on the parameters in ``namespace``."""

    def __init__(
        self, code: LessonCode, namespace: Namespace, calibrate: Fragment | None, predict: Fragment | None
    ) -> None:
        self._code, self._namespace = code, namespace
        self._calibrate, self._predict = calibrate, predict
        self._calibrated: tuple[int, Namespace] | None = None
        self._generator = torch.Generator().manual_seed(SAMPLING_SEED)

    def forget(self) -> None:
        """The parameters have changed: calibrates anew when it is next needed."""
        self._calibrated = None

    def evaluate(self, step: int) -> SplitLosses:
        """The mean cross-entropy over each split, with the parameters after ``step`` steps.

        Raises Refused where the lesson has no cell ``predict``.
        """
        run = self._after(step)
        return SplitLosses(self._loss(run, "Xtr", "Ytr"), self._loss(run, "Xdev", "Ydev"))

    def sample(self, step: int, count: int, seed: int | None, longest: int) -> tuple[str, ...]:
        """``count`` names, each to the end that the network gives it, or to ``longest`` characters.

        With a ``seed`` the stream of random numbers starts there; without, it goes on.
        """
        if seed is not None:
            self._generator.manual_seed(seed)
        run = self._after(step)
        size, characters = run.get("block_size"), run.get("itos")
        if not isinstance(size, int) or not isinstance(characters, dict):
            raise Refused(f"{self._code.where}: to sample, the set-up must bind block_size and itos")
        return tuple(self._name(run, size, characters, longest) for _ in range(count))

    def _name(self, run: Namespace, size: int, characters: dict[int, object], longest: int) -> str:
        context, name = [0] * size, ""
        while len(name) < longest:
            probs = F.softmax(self._logits(run, torch.tensor([context])), 1)
            index = int(torch.multinomial(probs, num_samples=1, generator=self._generator))
            if index == 0:
                break
            name += str(characters[index])
            context = [*context[1:], index]
        return name

    def _loss(self, run: Namespace, inputs: str, targets: str) -> float | None:
        X, Y = run.get(inputs), run.get(targets)  # noqa: N806 - the field's names
        if not isinstance(X, torch.Tensor) or not isinstance(Y, torch.Tensor) or not len(X):
            return None
        total = 0.0
        for some, wanted in zip(torch.split(X, ROWS), torch.split(Y, ROWS), strict=True):
            with torch.no_grad():
                total += F.cross_entropy(self._logits(run, some), wanted, reduction="sum").item()
        return total / len(X)

    def _after(self, step: int) -> Namespace:
        """The names that ``predict`` reads, after ``step`` steps."""
        if self._predict is None or not self._predict.code.strip():
            raise Refused(f"{self._code.where} has no cell `# %% predict`")
        if self._calibrated is None or self._calibrated[0] != step:
            run = dict(self._namespace)
            if self._calibrate is not None:
                with torch.no_grad():
                    run_fragment(self._calibrate, self._code, run)
            self._calibrated = (step, run)
        return self._calibrated[1]

    def _logits(self, run: Namespace, context: torch.Tensor) -> torch.Tensor:
        assert self._predict is not None
        names = {**run, "context": context}
        with torch.no_grad():
            run_fragment(self._predict, self._code, names)
        logits = names.get("logits")
        if not isinstance(logits, torch.Tensor) or logits.shape[:1] != context.shape[:1]:
            raise Refused(f"{self._code.where}: the cell `predict` must bind logits of shape (rows, vocab)")
        return logits.detach()
