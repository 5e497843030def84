"""A training's parameters and sources of random numbers: kept, put back, loaded."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.stepping import is_finite


@dataclass(frozen=True)
class Kept:
    """Copies of the parameters, and the states of all sources of random numbers."""

    tensors: dict[str, torch.Tensor]
    states: tuple[tuple[torch.Generator, torch.Tensor], ...]
    python: Any


class Parameters:
    """The tensors called ``names`` in a namespace. They stay the same objects: only their values change."""

    def __init__(self, names: Sequence[str], namespace: Namespace) -> None:
        self._names = tuple(names)
        self._objects = {name: namespace[name] for name in names}
        generators = [value for value in namespace.values() if isinstance(value, torch.Generator)]
        self._generators = list({id(each): each for each in (*generators, torch.default_generator)}.values())
        self._first = self.kept()

    def tensors(self) -> dict[str, torch.Tensor]:
        """The parameters by name."""
        return dict(self._objects)

    def kept(self) -> Kept:
        """Everything as it is now."""
        copies = {name: value.detach().clone() for name, value in self._objects.items()}
        states = tuple((each, each.get_state()) for each in self._generators)
        return Kept(copies, states, random.getstate())

    def restore(self, kept: Kept) -> None:
        """Everything as it was."""
        with torch.no_grad():
            for name, value in kept.tensors.items():
                self._objects[name].copy_(value)
        for generator, state in kept.states:
            generator.set_state(state)
        random.setstate(kept.python)

    def reset(self) -> None:
        """Everything as it was at first."""
        self.restore(self._first)

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever happens within is undone."""
        kept = self.kept()
        try:
            yield
        finally:
            self.restore(kept)

    def require_gradients(self, *, needed: bool) -> None:
        """Whether autograd follows the parameters."""
        for value in self._objects.values():
            value.requires_grad_(needed and value.is_floating_point())

    def are_finite(self) -> bool:
        """Whether every entry of every parameter is a finite number."""
        return all(is_finite(value) for value in self._objects.values())

    def load(self, given: Mapping[str, torch.Tensor]) -> None:
        """Other values for all parameters; raises Refused where one is missing or has another shape or dtype."""
        for name, value in self._objects.items():
            other = given.get(name)
            if other is None:
                raise Refused(f"the parameter `{name}` is missing")
            if other.shape != value.shape or other.dtype != value.dtype:
                raise Refused(f"the parameter `{name}` is {tuple(value.shape)}, not {tuple(other.shape)}")
        with torch.no_grad():
            for name, value in self._objects.items():
                value.copy_(given[name])
