"""``assert_gradients``: raises where a backward pass is wrong, or could not be judged."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from ninja_tui.testing.arguments import Call, is_function, prepared, unbound
from ninja_tui.testing.judging import Judgement, Word, judged, judged_together, numbers_leave
from ninja_tui.testing.message import is_right, message
from ninja_tui.testing.others import RECIPES, as_it_was, drawn, other_parameters
from ninja_tui.testing.passes import BackwardPass, ByHand, Misreturned, NotJudged, OfFunction
from ninja_tui.testing.run import Run, run


class GradientWarning(UserWarning):
    """A gradient is right, as far as it was judged; the text says what was not."""


def assert_gradients(
    function: Callable[..., Any],
    *inputs: Any,
    backward: Callable[..., Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    strict: bool = False,
    seed: int = 0,
) -> None:
    """Raises AssertionError unless ``backward`` gives the gradients of ``function`` for any upstream gradient.

    ``function`` is called as ``function(*inputs, **kwargs)``: a function, a module, or a subclass of
    ``torch.autograd.Function``, whose own ``backward`` is judged if no other is given. ``backward`` is called as
    ``backward(upstream, *inputs, **kwargs)``, where ``upstream`` has the structure of what ``function`` returns: a
    random tensor in the place of each output. If it has an argument ``output``, it is given what ``function``
    returned. It returns the gradients of the inputs that require one (of all floating-point ones, if none does), then
    of the parameters of a module: one tensor, a tuple in that order, or a dict by name.

    Both are run once, on copies of the tensors, and what they do is judged in float64 on other numbers, too: on both
    sides of kinks, and with other upstream gradients. Where a number leaves PyTorch (``.item()``, ``if x > 0``), they
    are run again on other inputs. ``seed`` is that of everything that is drawn; the caller's generators stay as they
    are. What is right and leaves something to say is warned of as a GradientWarning; with ``strict`` it fails.

    Raises TypeError where there is nothing to judge, or ``backward`` does not take its arguments.
    """
    __tracebackhide__ = True
    function = unbound(function)
    call = prepared(function, inputs, kwargs or {}, backward)
    own = _backward(function, backward)
    try:
        runs = _runs(call, own, seed)
        together = numbers_leave(runs[0])
        judgements = judged_together(runs) if together else judged(runs[0])
    except Misreturned as error:
        raise AssertionError(f"{own.name} {error}") from None
    except NotJudged as error:
        raise AssertionError(f"{own.name} could not be judged: {error}") from None
    if not all(is_right(each, strict=strict) for each in judgements):
        raise AssertionError(message(own.name, judgements, strict=strict))
    _warn(own.name, judgements, runs[0])


def _backward(function: Callable[..., Any], backward: Callable[..., Any] | None) -> BackwardPass:
    if backward is not None:
        if not callable(backward):
            raise TypeError(f"backward= takes a function, not {backward!r}")
        return ByHand(backward)
    if is_function(function):
        return OfFunction(function)
    raise TypeError("there is no backward to judge: give one with backward=, or a subclass of torch.autograd.Function")


def _runs(call: Call, own: BackwardPass, seed: int) -> list[Run]:
    """One run; where some of its numbers leave PyTorch further ones, on other inputs, that can be computed."""
    __tracebackhide__ = True
    with as_it_was(call):
        torch.manual_seed(seed)
        runs = [run(call, own, seed)]
    if not numbers_leave(runs[0]):
        return runs
    for place, recipe in enumerate(RECIPES, 1):
        with as_it_was(call), other_parameters(call, recipe):
            torch.manual_seed(seed + place)
            try:
                again = run(drawn(call, recipe), own, seed + 1000 * place)
            except Exception:  # other inputs are not what a person's own code was written for
                continue
            runs.append(again)
    return runs


def _warn(name: str, judgements: Sequence[Judgement], first: Run) -> None:
    """Warns of what is worth a word beside gradients that are right."""
    for word in Word:
        names = ", ".join(each.name for each in judgements if word in each.words)
        if names:
            warnings.warn(f"{name}: {names}: {word}", GradientWarning, stacklevel=3)
    if first.changed:
        changed = ", ".join(first.changed)
        warnings.warn(f"{name} changes in place what it is given: {changed}", GradientWarning, stacklevel=3)
