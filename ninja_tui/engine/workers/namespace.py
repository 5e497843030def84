"""What code binds and changes in a namespace."""

from __future__ import annotations

import reprlib
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

import torch

from ninja_tui.engine.protocol.answering import Bound
from ninja_tui.engine.protocol.tensor_data import TensorData
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.recording.packing import pack

ANSWER = "<answer>"
MOST_OUTPUT = 2000
"""Characters that are kept of what code prints."""
MOST_WRITTEN = 200
"""Characters that are kept of a value that is no tensor."""
LARGEST_GRADIENT = 1 << 26
"""Bytes; more than that is no gradient of any tensor here."""
DEEPEST = 8
"""Lists in lists that are copied, of what code is tried on."""
BY_ANY_NAME = frozenset({"globals", "locals", "vars", "dir", "eval", "exec", "compile", "__import__"})
"""What reaches names that are not written in the code."""

Code = str | types.CodeType
_short = reprlib.Repr()


def bound(namespace: Namespace, name: str) -> Bound:
    """What ``name`` is bound to."""
    if name not in namespace:
        return Bound()
    value = namespace[name]
    if isinstance(value, bool | int | float):
        return Bound(type(value).__name__, pack(torch.tensor(float(value))), _written(value))
    if not isinstance(value, torch.Tensor):
        return Bound(type(value).__name__, text=_written(value))
    tensor = packed(value)
    return Bound(_kind(value), None) if tensor is None else Bound("Tensor", tensor)


def _written(value: object) -> str:
    """How Python writes a value, as much of it as fits a line."""
    try:
        return " ".join(_short.repr(value).split())[:MOST_WRITTEN]
    except Exception:  # a class of a person's own may raise whatever it likes
        return ""


def packed(tensor: torch.Tensor) -> TensorData | None:
    """The tensor's bytes; None where it has none that can travel."""
    try:
        if tensor.numel() * tensor.element_size() > LARGEST_GRADIENT:
            return None
        return pack(tensor)
    except Exception:  # a class of a person's own may raise whatever it likes
        return None


def _kind(tensor: torch.Tensor) -> str:
    """What kind of tensor it is that cannot travel."""
    try:
        if tensor.layout is not torch.strided:
            return f"{tensor.layout} tensor"
        return f"tensor of shape {tuple(tensor.shape)} and dtype {tensor.dtype}"
    except Exception:
        return type(tensor).__name__


def compiled(code: str) -> tuple[Code, set[str]]:
    """``code`` compiled, and the names that it uses; as it is, and none, where it cannot be compiled."""
    try:
        whole = compile(code, ANSWER, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code, set()
    return whole, names_used(whole)


def names_used(code: types.CodeType) -> set[str]:
    """The names that ``code``, and the functions in it, read, bind or ask an attribute by."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_used(constant)
    return names


def version(value: object) -> tuple[int, int]:
    """Changes when a name is bound to another object, or its tensor is changed in place."""
    if isinstance(value, torch.Tensor) and not value.is_inference():
        return id(value), value._version
    return id(value), 0


class Copies:
    """Copies of values that code may change: tensors, by ``clone``, and lists, tuples and dicts with what is in them.

    What is one object before the copy is one object after it. Anything else stays what it is.
    """

    def __init__(self, clone: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._clone = clone
        self._made: dict[int, tuple[object, Any]] = {}

    def of(self, value: Any, depth: int = 0) -> Any:
        """The copy of ``value``."""
        if id(value) in self._made:
            return self._made[id(value)][1]
        if isinstance(value, torch.Tensor):
            copy: Any = self._clone(value)
        elif type(value) is tuple and depth < DEEPEST:
            copy = tuple(self.of(each, depth + 1) for each in value)
        elif type(value) in (list, deque, dict, defaultdict, OrderedDict) and depth < DEEPEST:
            copy = value.copy()
        else:
            return value
        self._made[id(value)] = value, copy  # before what is in it, which may be itself
        if isinstance(value, list | deque):
            for index, each in enumerate(value):
                copy[index] = self.of(each, depth + 1)
        elif isinstance(value, dict):
            for key, each in value.items():
                copy[key] = self.of(each, depth + 1)
        return copy


def unseen_sharers(namespace: Namespace, watch: Iterable[str], names: Iterable[str]) -> dict[str, torch.Tensor]:
    """Copies of the ``watch``ed tensors whose memory one of ``names`` shares unseen, as ``x.data`` does."""
    addresses = {_address(namespace.get(name)) for name in names} - {None}
    return {name: namespace[name].clone() for name in watch if _address(namespace.get(name)) in addresses}


def differs(value: object, before: torch.Tensor) -> bool:
    """Whether ``value`` is no longer the tensor ``before``."""
    same = isinstance(value, torch.Tensor) and value.layout is before.layout and torch.equal(value, before)
    return not same


def _address(value: object) -> int | None:
    """Where a plain tensor's elements are; None for anything else."""
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided or not value.numel():
        return None
    return value.data_ptr()


def memory_of(tensor: torch.Tensor) -> int:
    """Tells apart the memory that tensors stand in, also that of their views."""
    return tensor.untyped_storage().data_ptr() if tensor.layout is torch.strided else id(tensor)
