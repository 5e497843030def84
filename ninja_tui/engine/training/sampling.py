"""The loss of a network over whole splits, and the names that it invents."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.execution import Namespace, run_fragment
from ninja_tui.engine.training.config import SAMPLING_SEED
from ninja_tui.engine.training.messages import SplitLosses
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.lesson.syntax.names import changed

ROWS = 8192
"""Rows that are predicted at once."""
PREVIEW_ROWS = 2048
"""Rows of a split that a preview calibrates on: enough for a mean, and a thousandth of the time."""
SPLITS = ("Xtr", "Ytr", "Xdev", "Ydev", "Xte", "Yte")
"""The tensors that may have a row for each example of a split."""


class Sampler:
    """Runs a lesson's cells ``calibrate`` and ``predict`` on the parameters in ``namespace``."""

    def __init__(
        self, code: LessonCode, namespace: Namespace, calibrate: Fragment | None, predict: Fragment | None
    ) -> None:
        self._code, self._namespace = code, namespace
        self._calibrate, self._predict = calibrate, predict
        self._calibrated: tuple[int, Namespace] | None = None
        self._generator = torch.Generator().manual_seed(SAMPLING_SEED)
        self._preview_generator = torch.Generator().manual_seed(SAMPLING_SEED)

    def forget(self) -> None:
        """The parameters have changed: calibrates anew when it is next needed."""
        self._calibrated = None
        self._preview_generator.manual_seed(SAMPLING_SEED)

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
        size, characters = self._alphabet(run)
        return tuple(self._name(run, [0] * size, characters, longest) for _ in range(count))

    def preview(self, count: int, longest: int) -> tuple[str, ...]:
        """``count`` names at once from the parameters as they are, calibrated on a part of each split.

        The names of ``sample`` stay what they are without it. A name that ``longest`` cuts ends in an ellipsis.
        """
        run = self._with_copies()
        for name in SPLITS:
            value = run.get(name)
            if isinstance(value, torch.Tensor) and value.dim() and len(value) > PREVIEW_ROWS:
                run[name] = value[:: len(value) // PREVIEW_ROWS]
        self._run_calibrate(run)
        size, characters = self._alphabet(run)
        contexts, names, unended = [[0] * size for _ in range(count)], [""] * count, set(range(count))
        for _ in range(longest):
            for row, index in enumerate(self._drawn(run, contexts, self._preview_generator)):
                if row in unended and index:
                    names[row] += str(characters[index])
                    contexts[row] = [*contexts[row][1:], index]
                else:
                    unended.discard(row)
            if not unended:
                break
        return tuple(name + "…" * (row in unended) for row, name in enumerate(names))

    def _alphabet(self, run: Namespace) -> tuple[int, dict[int, object]]:
        """The length of a context, and the characters by their indices."""
        size, characters = run.get("block_size"), run.get("itos")
        if not isinstance(size, int) or not isinstance(characters, dict):
            raise Refused(f"{self._code.where}: to sample, the set-up must bind block_size and itos")
        return size, characters

    def _name(self, run: Namespace, context: list[int], characters: dict[int, object], longest: int) -> str:
        name = ""
        while len(name) < longest:
            (index,) = self._drawn(run, [context], self._generator)
            if index == 0:
                break
            name += str(characters[index])
            context = [*context[1:], index]
        return name

    def _drawn(self, run: Namespace, contexts: list[list[int]], generator: torch.Generator) -> list[int]:
        """The index of the character that is drawn after each context."""
        probs = F.softmax(self._logits(run, torch.tensor(contexts)), 1)
        return [int(index) for index in torch.multinomial(probs, num_samples=1, generator=generator)]

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
            self._run_calibrate(run)
            self._calibrated = (step, run)
        return self._calibrated[1]

    def _run_calibrate(self, run: Namespace) -> None:
        if self._calibrate is not None:
            with torch.no_grad():
                run_fragment(self._calibrate, self._code, run)

    def _with_copies(self) -> Namespace:
        """The names, with copies of the tensors that the cells change in place: the training goes on with its own."""
        run = dict(self._namespace)
        for cell in (self._calibrate, self._predict):
            for statement in cell.statements if cell is not None else ():
                for name in changed(statement):
                    value = run.get(name)
                    if isinstance(value, torch.Tensor):
                        run[name] = value.detach().clone()
        return run

    def _logits(self, run: Namespace, context: torch.Tensor) -> torch.Tensor:
        assert self._predict is not None
        names = {**run, "context": context}
        with torch.no_grad():
            run_fragment(self._predict, self._code, names)
        logits = names.get("logits")
        if not isinstance(logits, torch.Tensor) or logits.shape[:1] != context.shape[:1]:
            raise Refused(f"{self._code.where}: the cell `predict` must bind logits of shape (rows, vocab)")
        return logits.detach()
