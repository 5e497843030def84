"""The functions that a record may call, by name: PyTorch's own operators, and a few of this package's."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import torch

from ninja_tui.engine.recording.operators import OPAQUE, leaky, outside, part_of, same, with_part

NAMESPACE = "aten"
OF_THIS_PACKAGE: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (part_of, with_part, leaky, same, outside)
}
NAME = re.compile(rf"{NAMESPACE}::(\w+)\.(\w+)")
REACH_OUTSIDE = frozenset({"Storage", "Stream"})
"""Types of arguments that are no numbers and no tensors."""


def full_name(function: Callable[..., Any]) -> str:
    """``aten::add.Tensor``, or the name of one of this package's functions."""
    schema: Any = getattr(function, "_schema", None)
    if schema is None:
        return str(getattr(function, "__name__", type(function).__name__))
    return f"{schema.name}.{schema.overload_name or 'default'}"


@functools.cache
def function_called(name: str) -> Callable[..., Any] | None:
    """The function with that full name; None for one that a record may not call."""
    if name in OF_THIS_PACKAGE:
        return OF_THIS_PACKAGE[name]
    parts = NAME.fullmatch(name)
    if parts is None or parts[1] in OPAQUE:
        return None
    packet = getattr(torch.ops.aten, parts[1], None)
    function = getattr(packet, parts[2], None) if isinstance(packet, torch._ops.OpOverloadPacket) else None
    return function if isinstance(function, torch._ops.OpOverload) and _only_computes(function) else None


def _only_computes(function: torch._ops.OpOverload[..., Any]) -> bool:
    """Whether an operator makes tensors of tensors and numbers: some read a file, or are a scripting language's."""
    schema = function._schema
    if not torch._C._dispatch_has_kernel(function._name):
        return False
    types = [str(argument.type) for argument in schema.arguments]
    if any(each in REACH_OUTSIDE or "__torch__" in each for each in types):
        return False
    if any(argument.name == "filename" for argument in schema.arguments):
        return False
    return any("Tensor" in str(each.type) for each in schema.returns)
