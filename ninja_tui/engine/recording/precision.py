"""Float64 runs of code that was written for float32."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from types import FunctionType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class _Float64Instead(TorchFunctionMode):
    """Makes ``.float()`` and every ``torch.float32`` that a call is given mean float64."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is torch.Tensor.float:
            func = torch.Tensor.double
        return func(*map(_double, args), **{key: _double(arg) for key, arg in (kwargs or {}).items()})


def _double(arg: Any) -> Any:
    """float64 in the place of float32, by any of its names."""
    if arg is torch.float32:
        return torch.float64
    if arg is torch.FloatTensor:
        return torch.DoubleTensor
    return "torch.DoubleTensor" if isinstance(arg, str) and arg == "torch.FloatTensor" else arg


@contextlib.contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Within it new tensors are of ``dtype`` ("float32" or "float64"), whatever constants the code makes."""
    if dtype == "float32":
        yield
        return
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with _Float64Instead():
            yield
    finally:
        torch.set_default_dtype(before)


def _is_own(value: object) -> bool:
    """Whether ``value`` is of a class that the lesson's own code defines: such objects may hold tensors."""
    return type(value).__module__ == "lesson" and hasattr(value, "__dict__")


def rebind(namespace: dict[str, Any]) -> None:
    """Makes the functions that the lesson's own code defines read their globals from ``namespace``, where they are."""
    for name, value in namespace.items():
        if type(value) is FunctionType and value.__module__ == "lesson" and value.__globals__ is not namespace:
            bound = FunctionType(value.__code__, namespace, value.__name__, value.__defaults__, value.__closure__)
            bound.__kwdefaults__, bound.__module__ = value.__kwdefaults__, value.__module__
            namespace[name] = bound


def cast(value: Any, dtype: torch.dtype, done: dict[int, Any]) -> Any:
    """A detached copy of ``value``: floating tensors of ``dtype``, also inside lists, tuples and dicts.

    ``done`` maps what was copied already (by id), so that a tensor that has two names stays one tensor.
    """
    if id(value) in done:
        return done[id(value)]
    copy = value
    if isinstance(value, torch.Tensor):
        detached = value.detach()
        copy = detached.to(dtype, copy=True) if detached.is_floating_point() else detached.clone()
    elif isinstance(value, torch.nn.Module):
        copy = deepcopy(value).to(dtype)
    elif type(value) in (list, tuple) and any(isinstance(item, torch.Tensor) or _is_own(item) for item in value):
        copy = type(value)(cast(item, dtype, done) for item in value)
    elif _is_own(value):
        copy = done[id(value)] = object.__new__(type(value))
        copy.__dict__ = {name: cast(held, dtype, done) for name, held in vars(value).items()}
    elif type(value) is dict and any(isinstance(item, torch.Tensor) for item in value.values()):
        copy = {key: cast(item, dtype, done) for key, item in value.items()}
    done[id(value)] = copy
    return copy
