"""Training steps run statement by statement: for checks, for timing, and to find where a number went wrong."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from types import CodeType

import torch

from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.recipe import Recipe
from ninja_tui.engine.training.step import PREFIX, Part, StepFragment

After = Callable[[int, Namespace], None]
"""Called behind a statement, with its number and the names as they are."""


class Stepwise:
    """The statements of a recipe, each compiled by itself; a step runs in a copy of a namespace."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.statements = recipe.statements()
        self._codes: list[CodeType] = [compile(each.module(), f"<{each.part}>", "exec") for each in self.statements]

    def step(self, namespace: Namespace, rate: float, after: After, parts: Sequence[Part] = tuple(Part)) -> Namespace:
        """One step (those of its statements that belong to ``parts``) with the learning rate ``rate``.

        What a statement raises comes out as it is.
        """
        run = dict(namespace)
        run[f"{PREFIX}rate"] = rate
        for number, (statement, code) in enumerate(zip(self.statements, self._codes, strict=True)):
            if statement.part not in parts:
                continue
            recorded = self.recipe.with_autograd and statement.part in (Part.FORWARD, Part.AUTOGRAD)
            with torch.set_grad_enabled(recorded):
                exec(code, run)
            after(number, run)
        return run


def statement_seconds(stepwise: Stepwise, namespace: Namespace, steps: int, seconds: float) -> list[float]:
    """The seconds that each statement takes in one step: the median of the steps after a first one.

    They are ``steps``, or as many as began within ``seconds``, but one at least. The learning rate is 0.
    """
    spent: list[list[float]] = [[] for _ in stepwise.statements]
    last = 0.0

    def after(number: int, _run: Namespace) -> None:
        nonlocal last
        now = time.perf_counter()
        spent[number].append(now - last)
        last = time.perf_counter()

    began = time.perf_counter()
    for count in range(steps + 1):
        if count > 1 and time.perf_counter() - began > seconds:
            break
        last = time.perf_counter()
        stepwise.step(namespace, 0.0, after)
    return [statistics.median(each[1:]) for each in spent]


def non_finite(statement: StepFragment, run: Namespace) -> list[str]:
    """The tensors that ``statement`` bound or changed and that are not finite throughout."""
    names = [name.removeprefix(PREFIX) for name in sorted(statement.binds)]
    if statement.part is Part.UPDATE:
        names = [name.removeprefix(PREFIX) for name in sorted(statement.reads) if name.startswith(PREFIX)]
    return [name for name in names if not is_finite(run.get(name))]


def is_finite(value: object) -> bool:
    """Whether ``value`` is anything but a number or tensor with an infinity or NaN in it."""
    if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
        return bool(torch.isfinite(value).all())
    return not isinstance(value, float) or abs(value) < float("inf")
