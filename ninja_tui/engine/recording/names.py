"""Which tensor stands behind which name, at each moment of a run: variables, items, attributes, module parameters."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FrameType, SimpleNamespace
from typing import Any, NamedTuple

import numpy
import torch

from ninja_tui.engine.recording.function_classes import OWN_MODULES
from ninja_tui.engine.recording.record import Number
from ninja_tui.engine.recording.recorder import Recorder
from ninja_tui.lesson.syntax.instrument import Site, may_be_gradient

MOST_ITEMS = 64
"""Of a list or a dict so many are looked at."""
DEEPEST = 3
LARGEST = 1_000_000
"""Numbers in an array of NumPy's that may be a gradient."""
BARREN, SELDOM = 32, 4096
"""A statement that has met no tensor so often is looked at more seldom, each such time at least."""


class Binding(NamedTuple):
    """A name that stands for another value than before, from ``step`` of the record on.

    ``path`` is a name, or a way to an item, an attribute or a parameter. ``value`` is what a gradient was then; None
    for what nobody would call a gradient.
    """

    path: str
    number: Number
    site: int
    step: int
    function: str
    value: torch.Tensor | None = None


class Names:
    """Notes the bindings of a run in ``bindings``. ``resting`` are sites that need no note the next so many times."""

    def __init__(self, recorder: Recorder, sites: Sequence[Site]) -> None:
        self.bindings: list[Binding] = []
        self._recorder = recorder
        self._sites = sites
        self._latest: dict[tuple[str, str], Number] = {}
        self._without: dict[int, int] = {}
        self.resting: dict[int, int] = {}

    def note(self, site: int, frame: FrameType) -> None:
        """Notes what the statement ``site`` has bound or changed, in ``frame``.

        In an ``autograd.Function`` that is nothing: its forward and backward are judged as they are called.
        """
        if self._recorder.functions.inside:
            return
        place = self._sites[site]
        local, shared = frame.f_locals, frame.f_globals
        found = False
        with torch._C.DisableTorchFunction():
            for name in self._looked_at(place, shared):
                if name in local and local is not shared:
                    value, function = local[name], place.function
                elif name in shared:
                    value, function = shared[name], ""
                else:
                    continue
                for path, tensor in tensors_in(name, value):
                    found = True
                    self._bound(path, tensor, site, function)
                if (name in place.roots or place.binds_unseen) and may_be_gradient(name):
                    found |= self._outside(name, value, site, function)
        if found:
            self._without.pop(site, None)
        else:
            self._rest(site)

    def _looked_at(self, place: Site, shared: Mapping[str, object]) -> Iterable[str]:
        """The names that the statement mentions; where it may bind others unseen, all that may be a gradient's."""
        if not place.binds_unseen:
            return place.mentions
        return dict.fromkeys((*place.mentions, *filter(may_be_gradient, list(shared))))

    def _rest(self, site: int) -> None:
        """A statement that has met no tensor time and again is looked at more and more seldom."""
        without = self._without.get(site, 0) + 1
        self._without[site] = without
        if without > BARREN:
            self.resting[site] = min(2 ** (without - BARREN), SELDOM)

    def _outside(self, path: str, value: object, site: int, function: str) -> bool:
        """Notes a gradient that is an array of NumPy's, or a number: how it was computed is not known."""
        if isinstance(value, Mapping):
            held = [
                self._outside(f"{path}[{key!r}]", each, site, function)
                for key, each in list(value.items())[:MOST_ITEMS]
            ]
            return any(held)
        is_array = isinstance(value, numpy.ndarray) and value.dtype.kind == "f" and value.size <= LARGEST
        if not is_array and not isinstance(value, float | numpy.floating):
            return False
        with self._recorder.paused(), torch.no_grad():
            tensor = torch.tensor(value, dtype=torch.float32)
        self._bound(path, tensor, site, function)
        return True

    def _bound(self, path: str, tensor: torch.Tensor, site: int, function: str) -> None:
        number = self._recorder.number(tensor)
        if self._latest.get((function, path)) == number:
            return
        self._latest[function, path] = number
        value = None
        if may_be_gradient(path) and tensor.is_floating_point():
            with self._recorder.paused(), torch.no_grad():
                value = tensor.detach().clone()
        self.bindings.append(Binding(path, number, site, len(self._recorder.record.steps), function, value))


def tensors_in(path: str, value: object, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors that ``value`` is or holds, each with the way to it."""
    if isinstance(value, torch.Tensor):
        yield path, value
        return
    if depth >= DEEPEST or isinstance(value, str | bytes | int | float | type(None)):
        return
    if isinstance(value, torch.nn.Module):
        for name, parameter in value.named_parameters():
            yield f"{path}.{name}", parameter
        for name, held in vars(value).items():
            if isinstance(held, torch.Tensor):
                yield f"{path}.{name}", held
    elif isinstance(value, Mapping):
        for key, held in list(value.items())[:MOST_ITEMS]:
            if isinstance(key, str | int | tuple):
                yield from tensors_in(f"{path}[{key!r}]", held, depth + 1)
    elif isinstance(value, list | tuple):
        names = getattr(value, "_fields", None)
        for index, held in enumerate(value[:MOST_ITEMS]):
            inner = f"{path}.{names[index]}" if names else f"{path}[{index}]"
            yield from tensors_in(inner, held, depth + 1)
    elif _holds_attributes(value):
        for name, held in list(vars(value).items())[:MOST_ITEMS]:
            yield from tensors_in(f"{path}.{name}", held, depth + 1)


def _holds_attributes(value: Any) -> bool:
    if isinstance(value, type) or not hasattr(value, "__dict__"):
        return False
    own = type(value).__module__ in OWN_MODULES
    return own or isinstance(value, SimpleNamespace) or dataclasses.is_dataclass(value)
