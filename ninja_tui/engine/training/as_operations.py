"""The forward pass of an ``autograd.Function`` as the operations that it is made of, which autograd differentiates."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch.autograd.function import Function, FunctionCtx
from torch.overrides import TorchFunctionMode

TENSOR: Any = torch.Tensor
DETACHES = (TENSOR.detach, TENSOR.data.__get__)
"""In such a forward pass they change nothing: no gradient flows there."""


@contextlib.contextmanager
def forward_as_operations() -> Iterator[None]:
    """Within it no gradient comes through a person's own backward, if its forward can run as operations."""
    function: Any = Function  # its ``apply`` is a method, and no attribute for a type checker
    apply = function.__dict__["apply"]

    def applied(cls: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            with _Attached():
                return _forward(cls, args, kwargs)
        except RuntimeError:  # NumPy, or a change in place that autograd does not allow
            return apply.__func__(cls, *args, **kwargs)

    function.apply = classmethod(applied)
    try:
        yield
    finally:
        function.apply = apply


def _forward(cls: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if cls.setup_context is not Function.setup_context:
        return cls.forward(*args, **kwargs)
    context: Any = FunctionCtx()
    context.needs_input_grad = tuple(isinstance(arg, torch.Tensor) and arg.requires_grad for arg in args)
    return cls.forward(context, *args, **kwargs)


class _Attached(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in DETACHES:
            return torch.ops.aten.alias.default(args[0])
        return func(*args, **(kwargs or {}))
