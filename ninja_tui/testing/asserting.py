"""``assert_gradients``: raises where a backward pass is wrong, or could not be judged."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.testing.arguments import Call, is_function, prepared, unbound
from ninja_tui.testing.judgement import Judgement, Word
from ninja_tui.testing.judging import floats_leave, judged, judged_together, numbers_leave
from ninja_tui.testing.lines import with_their_frames
from ninja_tui.testing.message import is_right, message
from ninja_tui.testing.others import RECIPES, drawn, other_parameters, state_restored
from ninja_tui.testing.own_functions import judged_functions
from ninja_tui.testing.passes import BackwardPass, ByHand, Misreturned, NotJudged, OfFunction
from ninja_tui.testing.run import Forward, Run


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
    if backward is not None and not callable(backward):
        raise TypeError(f"backward= takes a function, not {backward!r}")
    own = None if backward is None else ByHand(backward)
    name = _name(function) if own is None else own.name
    try:
        with torch.inference_mode(mode=False), torch.enable_grad():
            call = prepared(function, inputs, kwargs or {}, backward)
            found = _of_functions(call, seed) if own is None else _by_hand(call, own, seed)
    except Misreturned as error:
        raise AssertionError(f"{name} {error}") from None
    except NotJudged as error:
        raise AssertionError(f"{name} could not be judged: {error}") from None
    except Exception as error:
        raise with_their_frames(error) from error.__cause__
    if not all(is_right(each, strict=strict) for each in found.judgements):
        raise AssertionError(message(name, found.judgements, strict=strict))
    _warn(name, found)


@dataclass(frozen=True)
class _Found:
    """The verdicts, and what a backward changed in place of what it was given."""

    judgements: Sequence[Judgement]
    changed: tuple[str, ...] = ()


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return f"{name}.backward" if is_function(function) else str(name)


def _of_functions(call: Call, seed: int) -> _Found:
    """The backward of each ``autograd.Function`` in it. Of one alone that a replay cannot follow: by further runs."""
    __tracebackhide__ = True
    with state_restored(call):
        torch.manual_seed(seed)
        judgements = judged_functions(call, seed)
    if not judgements:
        runs = "has none" if is_function(call.function) else "runs no torch.autograd.Function that has one"
        name = getattr(call.function, "__name__", type(call.function).__name__)
        raise TypeError(f"there is no backward to judge: `{name}` {runs}; give yours with backward=")
    if is_function(call.function) and any(each.verdict.status is Status.ERROR for each in judgements):
        return _by_hand(call, OfFunction(call.function), seed)
    return _Found(judgements)


def _by_hand(call: Call, own: BackwardPass, seed: int) -> _Found:
    __tracebackhide__ = True
    runs = _runs(call, own, seed)
    if is_function(call.function) and floats_leave(runs[0], before=runs[0].forward_ends):
        raise NotJudged("its forward takes numbers out of PyTorch, as `.item()` and NumPy do; gradcheck may tell more")
    judgements = judged_together(runs) if numbers_leave(runs[0]) else judged(runs[0])
    return _Found(judgements, runs[0].changed)


def _runs(call: Call, own: BackwardPass, seed: int) -> list[Run]:
    """One run; where some of its numbers leave PyTorch further ones, on other inputs, that can be computed."""
    __tracebackhide__ = True
    with state_restored(call):
        torch.manual_seed(seed)
        runs = [Forward(call, own, seed).backward()]
    if not numbers_leave(runs[0]):
        return runs
    for place, recipe in enumerate(RECIPES, 1):
        with state_restored(call), other_parameters(call, recipe):
            torch.manual_seed(seed + place)
            try:
                forward = Forward(drawn(call, recipe), own, seed + 1000 * place)
            except Exception:  # other inputs are not what a function was written for
                continue
            try:
                runs.append(forward.backward())
            except Exception as error:
                error.add_note(f"{own.name} was run again on other inputs, which the function itself takes")
                raise
    return runs


def _warn(name: str, found: _Found) -> None:
    """Warns of what is worth a word beside gradients that are right."""
    for word in Word:
        names = ", ".join(each.name for each in found.judgements if word in each.words)
        if names:
            warnings.warn(f"{name}: {names}: {word}", GradientWarning, stacklevel=3)
    if found.changed:
        changed = ", ".join(found.changed)
        warnings.warn(f"{name} changes in place what it is given: {changed}", GradientWarning, stacklevel=3)
