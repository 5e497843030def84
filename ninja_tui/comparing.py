"""``cmp``: the comparison of the lectures' notebooks, and under it what kind of wrong a gradient is.

It runs where the person's own code runs, and needs PyTorch alone; what names a mistake is loaded with the first one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import torch

from ninja_tui.formatting import one_line

WIDTH = 15
"""Columns of the label, as in the notebook."""
LONGEST_LABEL = 80
LONGEST_REASON = 200
MOST_STEPS = 500
"""Of the graph behind a tensor so many operations are looked at for their shapes."""


def cmp(s: str, dt: torch.Tensor, t: torch.Tensor) -> None:
    """Compares ``dt``, a gradient computed by hand, with ``t.grad``, autograd's, and prints a line on it.

    The line is the notebook's: ``torch.all(dt == t.grad)``, ``torch.allclose(dt, t.grad)`` and the largest absolute
    difference, with ``s`` as its label. Where something is wrong, lines below it tell the shape, and the kind of
    mistake, if the values and the graph show it: what is off by rounding alone is not wrong.

    Where there is nothing to compare, as for a ``t`` without a gradient or shapes that do not broadcast, the line says
    so. Nothing is raised. ``t.grad`` of a tensor that is computed is kept if ``t.retain_grad()`` was called before
    ``loss.backward()``.
    """
    print(*_lines(s, dt, t), sep="\n")


def _lines(label: object, dt: object, t: object) -> Iterator[str]:
    s = label if isinstance(label, str) else str(label)
    gradient = _gradient_of(t)
    if isinstance(gradient, str):
        yield f"{s:{WIDTH}s} | not compared: {gradient}"
        return
    if not isinstance(dt, torch.Tensor):
        yield f"{s:{WIDTH}s} | not compared: the second argument is to be a gradient, and is {_a(dt)}"
        return
    close = True
    try:
        ex = torch.all(dt == gradient).item()
        app = torch.allclose(dt, gradient)
        maxdiff = (dt - gradient).abs().max().item()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        yield f"{s:{WIDTH}s} | not compared: {_why_not(dt, gradient, error)}"
    else:
        yield f"{s:{WIDTH}s} | exact: {ex!s:5s} | approximate: {app!s:5s} | maxdiff: {maxdiff}"
        if ex and dt.shape == gradient.shape:
            return
        close = bool(app)
    try:
        words = [*_mistakes(s, dt, gradient, t)]
    except (RuntimeError, TypeError):  # memory for float64, or what a kind of tensor cannot do: the line stands alone
        words = []
    if not words and not close:
        words = ["no mistake is seen: rounding may explain the difference"]
    yield from (f"{'':{WIDTH}s} | {each}" for each in words)


def _gradient_of(t: object) -> torch.Tensor | str:
    """The gradient that ``t`` holds, or why there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of a tensor that keeps none: the line says it
        gradient = getattr(t, "grad", None)
    if isinstance(gradient, torch.Tensor):
        return gradient
    if not isinstance(t, torch.Tensor):
        return f"the third argument is to be the tensor itself, and is {_a(t)}"
    if not t.requires_grad:
        return "the tensor does not require a gradient, so autograd has none for it"
    if not t.is_leaf and not t.retains_grad:
        return "autograd keeps no gradient of this tensor: call t.retain_grad() on it before loss.backward()"
    return "the tensor has no gradient yet: call loss.backward() first, and if it has run, the loss does not use it"


def _a(value: object) -> str:
    """What a value is that is no tensor: ``None``, or the name of its class."""
    return "None" if value is None else f"of the type {type(value).__name__}"


def _why_not(dt: torch.Tensor, gradient: torch.Tensor, error: Exception) -> str:
    shapes = f"{tuple(dt.shape)} and {tuple(gradient.shape)}"
    from ninja_tui.engine.judge.compare import broadcasts  # an error alone needs it

    if not broadcasts(tuple(dt.shape), tuple(gradient.shape)):
        return f"the shapes do not broadcast: {shapes}"
    if dt.dtype != gradient.dtype:
        return "the dtypes are not the same"
    if dt.device != gradient.device:
        return f"the gradient is on {dt.device}, its tensor on {gradient.device}"
    if not _is_dense(dt, gradient):
        return "a sparse gradient is not compared: give both as dense tensors"
    if not dt.numel():
        return f"there are no entries: {shapes}"
    return one_line(str(error), LONGEST_REASON)


def _is_dense(*tensors: torch.Tensor) -> bool:
    return all(each.layout is torch.strided for each in tensors)


def _mistakes(label: str, dt: torch.Tensor, gradient: torch.Tensor, t: object) -> Iterator[str]:
    """What is wrong, in words; nothing where it cannot be told."""
    if not _is_dense(dt, gradient) or dt.device != gradient.device or gradient.is_meta or not gradient.numel():
        return
    from ninja_tui.engine.judge.plain_mistakes import mistake_in  # a right gradient needs none of it
    from ninja_tui.engine.recording.values import unrecorded

    with unrecorded(), torch.no_grad():  # what is looked at here the program does not compare
        found = mistake_in(one_line(label, LONGEST_LABEL), dt, gradient, [gradient.shape, *_shapes_behind(t)])
    shapes = f"shape {tuple(dt.shape)}, and its tensor is {tuple(gradient.shape)}"
    if dt.shape != gradient.shape and (found is None or str(tuple(dt.shape)) not in found.message):
        yield shapes
    if found is not None:
        yield found.message if found.kind == "unknown" else f"{found.kind}: {found.message}"


def _shapes_behind(t: object) -> Iterator[torch.Size]:
    """The shapes of the tensors of which autograd's graph computes ``t``."""
    waiting = [getattr(t, "grad_fn", None)]
    seen: set[object] = set()
    while waiting and len(seen) < MOST_STEPS:
        step = waiting.pop()
        if step is None or step in seen:
            continue
        seen.add(step)
        yield from (torch.Size(each.shape) for each in getattr(step, "_input_metadata", ()))
        waiting += [before for before, _ in step.next_functions]
