"""Training steps run statement by statement: for checks, for timing, and to find where a number went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import CodeType

import torch

from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.codegen.draws import OWN
from ninja_tui.engine.training.codegen.step_source import Part, Piece, Recipe

ROUNDING = 1e-4
"""Relative to a gradient's largest entry: what float32 may lose from the loss down to it."""
NOISE = 1e-6
"""Relative to the largest entry of all gradients: below it is rounding, as the true gradient of ``b1`` is."""


class Stepwise:
    """The statements of a recipe, each compiled by itself; a step runs in a copy of the namespace it is given."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.pieces = recipe.pieces()
        self._codes: list[CodeType] = [compile(piece.tree(), f"<{piece.part}>", "exec") for piece in self.pieces]

    def step(
        self, namespace: Namespace, rate: float, after: Callable[[int, Namespace], None], parts: Sequence[Part] = ()
    ) -> Namespace:
        """One step (of the ``parts``, or whole) with ``rate``; ``after`` is called behind each statement.

        What a statement raises comes out as it is.
        """
        run = dict(namespace)
        run[f"{OWN}rate"] = rate
        for number, (piece, code) in enumerate(zip(self.pieces, self._codes, strict=True)):
            if parts and piece.part not in parts:
                continue
            recorded = self.recipe.with_autograd and piece.part in (Part.FORWARD, Part.AUTOGRAD)
            with torch.set_grad_enabled(recorded):
                exec(code, run)
            after(number, run)
        return run


def seconds(stepwise: Stepwise, namespace: Namespace, rate: float, steps: int) -> list[float]:
    """The seconds that each statement takes in one step, on average over ``steps`` steps after a first one."""
    spent = [0.0] * len(stepwise.pieces)
    last = 0.0

    def after(number: int, _run: Namespace) -> None:
        nonlocal last
        now = time.perf_counter()
        spent[number] += now - last
        last = time.perf_counter()

    for count in range(steps + 1):
        if count == 1:
            spent = [0.0] * len(spent)
        last = time.perf_counter()
        stepwise.step(namespace, rate, after)
    return [each / steps for each in spent]


def non_finite(piece: Piece, run: Namespace) -> list[str]:
    """The tensors that ``piece`` bound or changed and that are not finite throughout."""
    names = [name.removeprefix(OWN) for name in sorted(piece.binds())]
    if piece.part is Part.UPDATE:
        names = [name.removeprefix(OWN) for name in sorted(piece.reads()) if name.startswith(OWN)]
    return [name for name in names if not is_finite(run.get(name))]


def is_finite(value: object) -> bool:
    """Whether ``value`` is anything but a number or tensor with an infinity or NaN in it."""
    if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
        return bool(torch.isfinite(value).all())
    return not isinstance(value, float) or abs(value) < float("inf")


@dataclass(frozen=True)
class Difference:
    """How far a gradient is from autograd's: ``maxdiff``, and ``relative`` to the largest entry of autograd's."""

    shape: tuple[int, ...]
    maxdiff: float
    relative: float
    ok: bool


def difference(yours: object, theirs: torch.Tensor, largest: float) -> Difference | str:
    """Compares a gradient with autograd's, by the values where only the shape differs; what is wrong, if it is no such.

    ``largest`` is the largest entry of all of autograd's gradients of the step.
    """
    if isinstance(yours, int | float):
        yours = torch.tensor(float(yours))
    if not isinstance(yours, torch.Tensor) or yours.layout is not torch.strided or yours.is_complex():
        return f"a {type(yours).__name__} is no gradient"
    try:
        seen = yours.detach().to(theirs.dtype)
        seen = seen.reshape(theirs.shape) if seen.numel() == theirs.numel() else seen.expand(theirs.shape)
    except RuntimeError:
        return f"its shape is {tuple(yours.shape)}, and has to be {tuple(theirs.shape)}"
    maxdiff = float((seen - theirs).abs().max()) if theirs.numel() else 0.0
    own = float(theirs.abs().max()) if theirs.numel() else 0.0
    ok = maxdiff <= ROUNDING * own + NOISE * largest
    return Difference(tuple(yours.shape), maxdiff, maxdiff / own if own else float(maxdiff > 0), ok)
