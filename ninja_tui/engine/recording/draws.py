"""Other values for a record: fresh parameters, another minibatch, of both signs and of other sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ninja_tui.engine.recording.record import Leaf, Root, Use
from ninja_tui.engine.recording.replay import double_precision, doubled

SMALLEST = 0.5
"""The standard deviation of what stands for a parameter that is 0 everywhere."""


@dataclass(frozen=True)
class Recipe:
    """How values are drawn: with ``seed``, parameters ``spread`` times as large as they are.

    ``sign`` multiplies them; ``even``: data and parameters get one size. ``near``: parameters are not drawn, but stay
    within about this share of what they are.
    """

    seed: int
    spread: float = 1.0
    sign: float = 1.0
    even: bool = False
    positive: bool = False
    near: float = 0.0


def generator(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def parameter(value: torch.Tensor, recipe: Recipe, salt: int) -> torch.Tensor:
    """Another value for a parameter, or for data that nothing else is known of; whole numbers stay."""
    if not (value.is_floating_point() or value.is_complex()):
        return value
    size = float(value.square().mean().sqrt()) if value.numel() else 0.0
    size = 1.0 if recipe.even or not 0.0 < size < float("inf") else size
    size = SMALLEST if not bool((value != 0).any()) else size
    drawn = torch.randn(value.shape, generator=generator(recipe.seed + 7919 * salt), dtype=torch.float64)
    if recipe.near:
        return (value * (1 + recipe.near * drawn.clamp(-2, 2))).to(value.dtype)
    if value.numel() == 1:  # far enough from 0 that its sign is no chance
        drawn = drawn.sign() * (0.3 + drawn.abs())
    drawn = drawn.abs() if recipe.positive else drawn * recipe.sign
    return (drawn * size * recipe.spread).to(value.dtype)


def leaf(source: Leaf, recipe: Recipe) -> torch.Tensor:
    """Another value for a leaf: drawn again, other data of its kind, or, for numbers in the code, the same."""
    value = doubled(source.value)
    if source.root is Root.DRAWN:
        drawn = _drawn_again(source, recipe)
        return value if drawn is None else _sized(drawn, recipe)
    if source.root is Root.LITERAL and value.numel() <= 1:
        return value
    chance = generator(recipe.seed + 104729 * source.number)
    if not value.is_floating_point() or is_structured(value):
        if value.dim() == 0 or value.is_complex() or _is_progression(value):
            return value
        return value[torch.randperm(value.shape[0], generator=chance)]
    noise = torch.randn(value.shape, generator=chance, dtype=torch.float64).clamp(-2, 2)
    return _sized(value * (1 + 0.3 * noise), recipe)


def _sized(value: torch.Tensor, recipe: Recipe) -> torch.Tensor:
    if not recipe.even or not value.is_floating_point() or is_structured(value):
        return value
    size = float(value.square().mean().sqrt()) if value.numel() else 0.0
    return value / size if 0.0 < size < float("inf") else value


def is_structured(value: torch.Tensor) -> bool:
    """Whether floating-point values are what other values may rely on: whole numbers, or rows that sum to 1."""
    if not value.is_floating_point() or not value.numel():
        return True
    if not bool(torch.isfinite(value).all()) or bool((value == value.round()).all()):
        return True
    if value.dim() and bool((value >= 0).all()):
        sums = value.sum(-1)
        return bool(((sums - 1).abs() < 1e-5).all())
    return len(torch.unique(value)) <= 2 < value.numel()  # a mask, divided by what it keeps


def _is_progression(value: torch.Tensor) -> bool:
    """Whether whole numbers go up or down in equal steps, as those of ``arange``: other values may rely on it."""
    if value.dim() != 1 or value.is_floating_point() or value.dtype is torch.bool or len(value) < 2:
        return False
    steps = value[1:] - value[:-1]
    return bool((steps == steps[0]).all())


def _drawn_again(source: Leaf, recipe: Recipe) -> torch.Tensor | None:
    """What the random generator gives another time; None where only the first draw is known to be right."""
    draw = source.draw
    if draw is None or draw.inputs[1:] or (draw.inputs and not isinstance(draw.args[0], Use)):
        return None
    seed = recipe.seed + 15485863 * source.number
    args = [generator(seed) if isinstance(arg, torch.Generator) else arg for arg in draw.args]
    if args and isinstance(args[0], Use):
        args[0] = torch.empty(source.value.shape, dtype=source.dtype)
    kwargs = {key: arg for key, arg in draw.kwargs.items() if key not in ("layout", "device", "pin_memory")}
    if kwargs.get("generator") is not None:
        kwargs["generator"] = generator(seed)
    state = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        with double_precision():
            drawn = _call(draw.function, args, kwargs)
    finally:
        torch.random.set_rng_state(state)
    if drawn is None or drawn.shape != source.value.shape:
        return None
    return doubled(drawn)


def _call(function: Callable[..., object], args: list[object], kwargs: dict[str, object]) -> torch.Tensor | None:
    try:
        result = function(*args, **kwargs)
    except (RuntimeError, TypeError, ValueError):
        return None
    return result if isinstance(result, torch.Tensor) else None
