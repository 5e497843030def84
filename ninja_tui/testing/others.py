"""Other inputs for a function: it is run again on them where a replay could not tell what it would do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import torch

from ninja_tui.engine.recording import draws
from ninja_tui.engine.recording.draws import Recipe
from ninja_tui.engine.recording.record import Leaf, Root
from ninja_tui.testing.arguments import Call, Input, with_tensors

RECIPES = (
    Recipe(seed=1),
    Recipe(seed=2, spread=2.0, sign=-1.0),
    Recipe(seed=3, spread=8.0),
    Recipe(seed=4, spread=0.1),
    Recipe(seed=5, positive=True),
    Recipe(seed=6, spread=-0.1, positive=True),
    Recipe(seed=7, spread=0.3, positive=True),
)


def drawn(call: Call, recipe: Recipe) -> Call:
    """``call`` on other inputs; the parameters of a module stay its own."""
    inputs = tuple(
        each if each.of_module else replace(each, tensor=_other(each, place, recipe))
        for place, each in enumerate(call.inputs)
    )
    tensors = iter([each.tensor for each in inputs])
    args = tuple(with_tensors(each, lambda _: next(tensors)) for each in call.args)
    kwargs = {key: with_tensors(each, lambda _: next(tensors)) for key, each in call.kwargs.items()}
    return replace(call, args=args, kwargs=kwargs, inputs=inputs)


@contextlib.contextmanager
def other_parameters(call: Call, recipe: Recipe) -> Iterator[None]:
    """Within it the parameters of a module have other values."""
    held = [
        (place, each.tensor, each.tensor.detach().clone()) for place, each in enumerate(call.inputs) if each.of_module
    ]
    try:
        with torch.no_grad():
            for place, tensor, value in held:
                tensor.copy_(draws.parameter(value.double(), recipe, place))
        yield
    finally:
        with torch.no_grad():
            for _, tensor, value in held:
                tensor.copy_(value)


@contextlib.contextmanager
def state_restored(call: Call) -> Iterator[None]:
    """Puts the buffers of a module back, the ``.grad`` of its parameters, and the state of the random generator."""
    module = call.function if isinstance(call.function, torch.nn.Module) else None
    gradients = [
        (each.tensor, each.tensor.grad, None if each.tensor.grad is None else each.tensor.grad.detach().clone())
        for each in call.inputs
        if each.of_module
    ]
    held = [
        (part, name, buffer, buffer.detach().clone())
        for part in (module.modules() if module is not None else ())
        for name, buffer in part.named_buffers(recurse=False)
    ]
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            with torch.no_grad():
                for part, name, buffer, value in held:
                    buffer.copy_(value)
                    setattr(part, name, buffer)
                for parameter, gradient, kept in gradients:
                    parameter.grad = gradient if gradient is None or kept is None else gradient.copy_(kept)


def _other(place: Input, salt: int, recipe: Recipe) -> torch.Tensor:
    before = place.tensor.detach()
    if place.asked:
        return draws.parameter(before.double(), recipe, salt).to(before.dtype).requires_grad_()
    return draws.leaf(Leaf(salt, before.clone(), Root.OUTSIDE, before.dtype), recipe).to(before.dtype)
