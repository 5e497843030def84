"""What is true of a script: its gradients by hand beside plain autograd in float64, and no part of the engine.

A script is executed on several draws: with other seeds, and with its parameters rescaled with both signs, so that
every kink is crossed. Every draw executes the text itself, in parts: set-up, forward pass, backward pass, comparison.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import CodeType
from typing import Any

import torch

from tests.engine.scripts.script import Script, assembled

Namespace = dict[str, Any]
WRONG, RIGHT = 1e-6, 1e-8
"""Relative differences from which on a gradient is wrong, and up to which it is right."""
ZERO = 1e-12
"""A gradient up to here is 0."""
NEITHER = 1e-7
"""At least so far off is a gradient of another shape whose values are right."""


@dataclass(frozen=True)
class Draw:
    """Another seed (None: the script's own), and the seed of the parameters' factors, if they are rescaled."""

    seed: int | None
    factors: int | None = None


DRAWS = (Draw(101, 1), Draw(None), Draw(102), Draw(103, 2), Draw(104, 3), Draw(None, 4), Draw(105))

MORE_FACTORS = tuple(Draw(None, factors) for factors in range(5, 30))
"""Where a mutant is looked for that the others do not show: single numbers cross a kink only now and then."""


class Raised(Exception):
    """A script raised while it ran."""


def differences(script: Script, hand: str, compare: str, gradients: Mapping[str, str], draw: Draw) -> dict[str, float]:
    """How far each gradient is off, relative to its largest entry; infinity where the shapes do not fit.

    Raises Raised where the script does.
    """
    torch.set_default_dtype(torch.float64)
    try:
        return dict(_differences(script, hand, compare, gradients, draw))
    finally:
        torch.set_default_dtype(torch.float32)


def _differences(
    script: Script, hand: str, compare: str, gradients: Mapping[str, str], draw: Draw
) -> Iterator[tuple[str, float]]:
    names: Namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        exec(_compiled(_in_double(script.setup, draw)), names)
        if draw.factors is not None:
            _rescale(names, torch.Generator().manual_seed(draw.factors))
        exec(_compiled(_in_double(script.forward, draw)), names)
        try:
            exec(_in_double(hand, draw), names)
            exec(_compiled(_in_double(compare, draw)), names)
        except Exception as error:
            raise Raised(str(error)) from error
    for gradient, tensor in gradients.items():
        given, true = eval(gradient, names), eval(f"({tensor}).grad", names)
        yield gradient, _difference(given, true)


def _difference(given: object, true: torch.Tensor) -> float:
    if not isinstance(given, torch.Tensor):
        return float("inf")
    try:
        gap = float((given.detach() - true).abs().max())
    except RuntimeError:
        return float("inf")
    if not gap < float("inf"):
        return float("inf")
    return max(gap / max(float(true.abs().max()), ZERO), 0.0 if given.shape == true.shape else NEITHER)


@functools.cache
def _compiled(source: str) -> CodeType:
    return compile(source, "script", "exec")


@functools.cache
def _in_double(source: str, draw: Draw) -> str:
    double = source.replace(".float()", ".double()").replace("torch.float32", "torch.float64")
    double = double.replace("torch.manual_seed", "torch.default_generator.manual_seed")  # seeds no other devices
    if draw.seed is None:
        return double
    return re.sub(r"manual_seed\(\d+\)", f"manual_seed({draw.seed})", double)


def _rescale(names: Namespace, generator: torch.Generator) -> None:
    for parameter in parameters(names):
        noise = torch.randn(parameter.shape, generator=generator)
        signs = torch.randn(parameter.shape, generator=generator).sign()
        with torch.no_grad():
            parameter.mul_(signs * (0.5 * noise).exp())


def parameters(names: Namespace) -> list[torch.Tensor]:
    """The leaves that need a gradient: in variables, dicts, lists and modules."""
    found: dict[int, torch.Tensor] = {}

    def visit(value: object) -> None:
        match value:
            case torch.Tensor() if value.is_leaf and value.requires_grad:
                found[id(value)] = value
            case torch.nn.Module():
                found.update({id(each): each for each in value.parameters()})
            case dict():
                for each in value.values():
                    visit(each)
            case list() | tuple():
                for each in value:
                    visit(each)

    for name, value in names.items():
        if not name.startswith("__"):
            visit(value)
    return list(found.values())


def is_wrong(script: Script, hand: str) -> bool:
    """Whether a gradient is wrong on one of the draws, and the script runs on all of them."""
    try:
        found = (differences(script, hand, script.compare, script.gradients, draw) for draw in (*DRAWS, *MORE_FACTORS))
        wrong = any(gap > WRONG for gaps in found for gap in gaps.values())
        return wrong and bool(differences(script, hand, script.compare, script.gradients, DRAWS[1]))
    except Raised:
        return False


def is_right(script: Script, hand: str, compare: str, gradients: Mapping[str, str]) -> bool:
    """Whether every gradient is right, and has its tensor's shape, on all draws."""
    try:
        found = (differences(script, hand, compare, gradients, draw) for draw in DRAWS)
        return all(gap <= RIGHT for gaps in found for gap in gaps.values())
    except Raised:
        return False


def executed(script: Script, hand: str) -> Namespace:
    """The script's names after it ran as it stands, without the comparison."""
    names: Namespace = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(assembled(script, hand, ""), names)
    return names
