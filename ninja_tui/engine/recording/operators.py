"""What is to be known of PyTorch's operators: which arguments they change, what they draw, what leaves as a number."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch

OPAQUE = frozenset({"set_", "resize_", "resize_as_", "_resize_output_"})
"""Give a tensor other memory: what it holds then is new."""
FRESH = frozenset({"lift_fresh", "lift"})
ESCAPES = frozenset({"_local_scalar_dense", "equal", "allclose", "is_nonzero", "item"})
DETERMINISTIC_WITHOUT_DROPOUT = {
    "_scaled_dot_product_flash_attention_for_cpu": 3,
    "_scaled_dot_product_flash_attention": 3,
}
"""Operators that draw only where their dropout, the argument in this place, is not 0."""
NOISE = frozenset({"rrelu_with_noise", "rrelu_with_noise_"})


@dataclass(frozen=True)
class Operator:
    """An operator, by its schema."""

    name: str
    opaque: bool
    fresh: bool
    escapes: bool
    seeded: bool
    writes: tuple[tuple[int, str], ...]

    def changed(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[int | str, Any]]:
        """The tensors among the arguments that it changes in place, by their place."""
        for place, name in self.writes:
            if place < len(args):
                if isinstance(args[place], torch.Tensor):
                    yield place, args[place]
            elif name in kwargs:
                yield name, kwargs[name]

    def draws(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a call takes its values from a random number generator."""
        if not self.seeded or self.name in NOISE:
            return False
        place = DETERMINISTIC_WITHOUT_DROPOUT.get(self.name)
        if place is None:
            return True
        return bool(args[place] if place < len(args) else kwargs.get("dropout_p", 0.0))


@functools.cache
def operator(function: Any) -> Operator:
    """What is known of ``function``, an overload of an operator."""
    schema = function._schema
    name = schema.name.split("::")[-1]
    writes = tuple(
        (place, argument.name)
        for place, argument in enumerate(schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    )
    seeded = torch.Tag.nondeterministic_seeded in function.tags
    return Operator(name, name in OPAQUE, name in FRESH, name in ESCAPES, seeded, writes)


def name_of(function: Any) -> str:
    """The name of an operator, without its overload, or of one of the functions below."""
    return operator(function).name if hasattr(function, "_schema") else str(function.__name__)


@functools.cache
def gradient_reads(function: Any) -> bool:
    """Whether ``function`` reads a tensor's ``.grad``."""
    return getattr(function, "__self__", None) in (torch.Tensor.grad, torch.Tensor.__dict__.get("grad"))


def part_of(flat: torch.Tensor, size: list[int], stride: list[int], offset: int) -> torch.Tensor:
    """The view of memory that a tensor of this size and these strides has."""
    return flat.contiguous().as_strided(size, stride, offset)


def with_part(flat: torch.Tensor, part: torch.Tensor, size: list[int], stride: list[int], offset: int) -> torch.Tensor:
    """``flat`` where a view of it has the values of ``part``."""
    # not as_strided_scatter: PyTorch's gradient of its first argument is that of what is replaced
    places = torch.arange(flat.numel(), device=flat.device).as_strided(size, stride, offset)
    return flat.reshape(-1).scatter(0, places.reshape(-1), part.reshape(-1)).reshape(flat.shape)


def leaky(values: torch.Tensor, slopes: torch.Tensor) -> torch.Tensor:
    """``rrelu`` with slopes that were drawn before; they are 1 where a value was positive then."""
    drawn = slopes[slopes != 1]
    otherwise = drawn.mean() if drawn.numel() else slopes.new_tensor(11 / 48)
    return torch.where(values > 0, values, values * torch.where(slopes == 1, otherwise, slopes))


def same(value: torch.Tensor) -> torch.Tensor:
    """The value itself."""
    return value


def outside(value: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
    """What was computed where no operation is recorded, of some tensors: how it depends on them is not known."""
    return value.clone()


class Absent(Exception):
    """Why a value cannot be computed again; the text is for a person."""


def absent(reason: str, *_: torch.Tensor) -> torch.Tensor:
    """Stands for what made such a value, of some tensors; raises Absent."""
    raise Absent(reason)
