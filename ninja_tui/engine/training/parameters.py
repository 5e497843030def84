"""A training's parameters and sources of random numbers: snapshots of them, and other values."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ninja_tui.engine.protocol.messages import Refused
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.stepping import is_finite


@dataclass(frozen=True)
class Snapshot:
    """Copies of the parameters, and the states of all sources of random numbers."""

    tensors: dict[str, torch.Tensor]
    generators: tuple[tuple[torch.Generator, torch.Tensor], ...]
    python: Any
    numpy: Any


class Parameters:
    """The tensors called ``names`` in a namespace. They stay the same objects: only their values change."""

    def __init__(self, names: Sequence[str], namespace: Namespace) -> None:
        self._tensors: dict[str, torch.Tensor] = {name: namespace[name] for name in names}
        generators = [value for value in namespace.values() if isinstance(value, torch.Generator)]
        self._generators = list({id(each): each for each in (*generators, torch.default_generator)}.values())
        self._initial = self.snapshot()

    def tensors(self) -> dict[str, torch.Tensor]:
        """The parameters by name."""
        return dict(self._tensors)

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        copies = {name: value.detach().clone() for name, value in self._tensors.items()}
        states = tuple((each, each.get_state()) for each in self._generators)
        return Snapshot(copies, states, random.getstate(), np.random.get_state())

    def restore(self, snapshot: Snapshot) -> None:
        """Everything as it was."""
        with torch.no_grad():
            for name, value in snapshot.tensors.items():
                self._tensors[name].copy_(value)
        for generator, state in snapshot.generators:
            generator.set_state(state)
        random.setstate(snapshot.python)
        np.random.set_state(snapshot.numpy)

    def reset(self) -> None:
        """Everything as it was at first."""
        self.restore(self._initial)

    @contextlib.contextmanager
    def untouched(self) -> Iterator[None]:
        """Whatever happens within is undone."""
        snapshot = self.snapshot()
        try:
            yield
        finally:
            self.restore(snapshot)

    def require_gradients(self, *, needed: bool) -> None:
        """Whether autograd follows the parameters."""
        for value in self._tensors.values():
            value.requires_grad_(needed and value.is_floating_point())

    def are_finite(self) -> bool:
        """Whether every entry of every parameter is a finite number."""
        return all(is_finite(value) for value in self._tensors.values())

    def load(self, values: Mapping[str, torch.Tensor]) -> None:
        """Other values for all parameters; raises Refused where one is missing or has another shape or dtype."""
        for name, tensor in self._tensors.items():
            value = values.get(name)
            if value is None:
                raise Refused(f"the parameter `{name}` is missing")
            if value.shape != tensor.shape or value.dtype != tensor.dtype:
                raise Refused(f"the parameter `{name}` is {tuple(tensor.shape)}, not {tuple(value.shape)}")
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                tensor.copy_(values[name])
