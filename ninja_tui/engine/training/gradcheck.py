"""A person's gradients against autograd's, on fresh minibatches of the network that is to be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.recording.errors import message_of
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.as_operations import forward_as_operations
from ninja_tui.engine.training.messages import GradientCheck
from ninja_tui.engine.training.recipe import Recipe
from ninja_tui.engine.training.step import Part
from ninja_tui.engine.training.stepping import Stepwise
from ninja_tui.lesson.model import gradient_name

ROUNDING = 1e-4
"""Relative to a gradient's largest entry: what float32 may lose from the loss down to it."""
NOISE = 1e-6
"""Relative to the largest entry of all gradients: below it is rounding, as the true gradient of ``b1`` is."""

Gradients = Mapping[str, torch.Tensor]
"""Autograd's gradients, by their names (``dlogits``)."""


@dataclass(frozen=True)
class _Answered:
    """What the answers bind to one gradient, or the ``error`` that the first of its statements raised."""

    value: object
    error: str = ""


def gradcheck(
    recipe: Recipe, namespace: Namespace, nodes: Sequence[str], minibatches: int
) -> tuple[GradientCheck, ...]:
    """A check for each of ``nodes`` that the loss depends on: the worst of all minibatches.

    Each gradient is computed with autograd's gradients upstream, so that one error stays one error, and again from
    the answers alone. ``recipe`` has the person's answers as they are; the parameters need gradients.
    """
    recorded = Stepwise(replace(recipe, answers=(), replaced=tuple(recipe.parameters)))
    worst: dict[str, GradientCheck] = {}
    for _ in range(minibatches):
        with forward_as_operations():
            forward = recorded.step(namespace, 0.0, lambda *_: None, (Part.MINIBATCH, Part.FORWARD))
        present = [name for name in nodes if getattr(forward.get(name), "requires_grad", False)]
        expected = _autograd(forward, recipe.loss, present)
        forward = _detached(forward, recipe.loss)
        local = _with_autograd_upstream(recipe, forward, expected)
        chained = _chained(recipe, forward, expected)
        noise = NOISE * max(map(largest_entry, expected.values()), default=0.0)
        for name in present:
            check = _check(name, local, chained, expected[gradient_name(name)], noise)
            if name not in worst or _is_worse(check, worst[name]):
                worst[name] = check
    return tuple(worst[name] for name in nodes if name in worst)


def _autograd(forward: Namespace, loss: str, nodes: Sequence[str]) -> Gradients:
    gradients = torch.autograd.grad(forward[loss].sum(), [forward[name] for name in nodes])
    return {gradient_name(name): gradient for name, gradient in zip(nodes, gradients, strict=True)}


def _detached(forward: Namespace, loss: str) -> Namespace:
    detached = {name: value.detach() if isinstance(value, torch.Tensor) else value for name, value in forward.items()}
    return {**detached, gradient_name(loss): torch.ones_like(detached[loss])}


def _with_autograd_upstream(recipe: Recipe, forward: Namespace, expected: Gradients) -> dict[str, _Answered]:
    """By gradient: what the answers bind, with autograd's in its place for those that follow."""
    answered, _ = _run(recipe, forward, expected, substitute=True)
    return answered


def _chained(recipe: Recipe, forward: Namespace, expected: Gradients) -> dict[str, _Answered]:
    """By gradient: what the answers bind in the end, each from those before it."""
    answered, run = _run(recipe, forward, expected, substitute=False)
    return {name: each if each.error else _Answered(run.get(name)) for name, each in answered.items()}


def _run(
    recipe: Recipe, forward: Namespace, expected: Gradients, *, substitute: bool
) -> tuple[dict[str, _Answered], Namespace]:
    """By gradient: its value behind the last statement that binds it; and all names in the end.

    Gradients that no answer binds are left out, and are autograd's; so are those whose answer raises, from there on,
    and with ``substitute`` all of them.
    """
    last = {name: number for number, each in enumerate(recipe.answers) for name in each.binds if name in expected}
    run = {**forward, **{name: value.clone() for name, value in expected.items() if name not in last}}
    answered: dict[str, _Answered] = {}
    for number, statement in enumerate(recipe.answers):
        error = ""
        try:
            with torch.no_grad():
                exec(compile(statement.module(), "<answers>", "exec"), run)
        except BaseException as raised:
            error = message_of(raised)
        for name in sorted(statement.binds & expected.keys()):
            if error and name not in answered:
                answered[name] = _Answered(None, error)
            if last[name] == number:
                value = run.get(name)
                copy = value.clone() if isinstance(value, torch.Tensor) else value
                answered.setdefault(name, _Answered(copy))
                if substitute or answered[name].error:
                    run[name] = expected[name].clone()
    return answered, run


def _check(
    node: str, local: Mapping[str, _Answered], chained: Mapping[str, _Answered], expected: torch.Tensor, noise: float
) -> GradientCheck:
    name = gradient_name(node)
    check = GradientCheck(node, tuple(expected.shape))
    if name not in local:
        return replace(check, missing=True)
    if local[name].error:
        return replace(check, error=local[name].error)
    try:
        value = _tensor(local[name].value)
        difference = _difference(value, expected)
    except ValueError as error:
        return replace(check, error=str(error))
    scale = largest_entry(expected)
    limit = ROUNDING * scale + noise
    return replace(
        check,
        shape=tuple(value.shape),
        fits=difference <= limit,
        fits_chained=_fits(chained[name].value, expected, limit),
        maxdiff=difference,
        relative=difference / scale if scale else float(difference > 0),
    )


def _fits(value: object, expected: torch.Tensor, limit: float) -> bool:
    try:
        return _difference(_tensor(value), expected) <= limit
    except ValueError:
        return False


def _tensor(value: object) -> torch.Tensor:
    """``value`` as a gradient; raises ValueError where it is none."""
    if isinstance(value, int | float):
        return torch.tensor(float(value))
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or value.is_complex():
        raise ValueError(f"a {type(value).__name__} is no gradient")
    return value


def _difference(value: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference, by the values where only the shape differs; raises ValueError for a shape that cannot be.

    ``value`` may have any shape with as many elements, or one that expands to the gradient's.
    """
    try:
        aligned = value.detach().to(expected.dtype)
        same_size = aligned.numel() == expected.numel()
        aligned = aligned.reshape(expected.shape) if same_size else aligned.expand(expected.shape)
    except RuntimeError:
        raise ValueError(f"its shape is {tuple(value.shape)}, and has to be {tuple(expected.shape)}") from None
    return largest_entry(aligned - expected)


def _is_worse(check: GradientCheck, other: GradientCheck) -> bool:
    if check.fits != other.fits:
        return other.fits
    return (check.maxdiff or 0.0) > (other.maxdiff or 0.0)
