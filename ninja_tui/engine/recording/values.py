"""Which value each tensor has at each moment, whatever has changed the memory that it stands in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import torch

from ninja_tui.engine.recording.memory import Storage, Tag, forget, is_dense
from ninja_tui.engine.recording.operators import part_of, same, with_part
from ninja_tui.engine.recording.record import Leaf, Number, Operation, Record, Root, Use

aten = torch.ops.aten

_recording: list[Values] = []
"""What records at this moment."""


@contextlib.contextmanager
def unrecorded() -> Iterator[None]:
    """What happens to tensors within it is recorded by nobody: it is no doing of the program that runs."""
    with contextlib.ExitStack() as stack:
        for each in _recording:
            stack.enter_context(each.paused())
        yield


class Values:
    """The values of tensors, by their numbers in ``record``."""

    def __init__(self) -> None:
        self.record = Record()
        self.is_paused = 0
        self._owner = object()  # not ourselves: a tensor that led back here would never be freed
        self._epoch = 0
        self._branches = 0

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Within it ``unrecorded`` pauses this."""
        _recording.append(self)
        try:
            yield
        finally:
            _recording.remove(self)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What happens to tensors within it is not recorded."""
        self.is_paused += 1
        try:
            yield
        finally:
            self.is_paused -= 1

    def number(self, tensor: torch.Tensor) -> Number:
        """The value that ``tensor`` has now."""
        tag = self._tag_of(tensor)
        storage = self._storage_of(tensor)
        if tag is not None and (storage is None or tag.writes == storage.writes):
            return tag.number
        if storage is not None and tensor.layout is torch.strided:
            return self._alias(tensor, storage, tag)
        return self.leaf(tensor, Root.OUTSIDE)

    def adopt(self, tensor: torch.Tensor, number: Number) -> None:
        """Takes ``tensor`` for the value ``number``, of which it is a copy."""
        forget(tensor)
        self.tag(tensor, number)

    def stand_for(self, tensor: torch.Tensor, number: Number) -> Number:
        """A new value for ``tensor``, which takes the place of the value ``number``."""
        forget(tensor)
        stand_in = self.call(same, (Use(number),))
        self.tag(tensor, stand_in)
        return stand_in

    def branch(self) -> int:
        """What is recorded from here on is dropped by ``rejoin``, which takes this mark."""
        self._branches += 1
        self._epoch = self._branches
        return len(self.record.steps)

    def rejoin(self, mark: int) -> None:
        """Drops what was recorded since ``branch``; tensors that were made since are forgotten."""
        self.record.drop_after(mark)
        self._epoch = 0

    def _tag_of(self, tensor: torch.Tensor) -> Tag | None:
        tag = getattr(tensor, "_recorded", None)
        valid = isinstance(tag, Tag) and tag.owner is self._owner and tag.epoch in (0, self._epoch)
        return tag if valid else None

    def _storage_of(self, tensor: torch.Tensor) -> Storage | None:
        if tensor.layout is not torch.strided:
            return None
        storage = getattr(tensor.untyped_storage(), "_recorded", None)
        valid = isinstance(storage, Storage) and storage.owner is self._owner and storage.epoch in (0, self._epoch)
        return storage if valid else None

    def leaf(self, tensor: torch.Tensor, root: Root, exact: torch.Tensor | None = None) -> Number:
        """A new value, for a tensor that no recorded operation has computed."""
        with self.paused(), torch.no_grad():
            value = tensor.detach().clone() if exact is None else exact
        number = self.record.new()
        self.record.steps.append(Leaf(number, value, root, tensor.dtype))
        self.tag(tensor, number)
        return number

    def _alias(self, tensor: torch.Tensor, storage: Storage, tag: Tag | None) -> Number:
        """The value of a tensor whose memory was changed through another one, or that came about unseen."""
        flat = self._flat(storage)
        number = self.call(part_of, (Use(flat), list(tensor.shape), list(tensor.stride()), tensor.storage_offset()))
        if tag is not None:
            self.record.before[number] = tag.number
        self._put(tensor, number, storage.writes)
        return number

    def _flat(self, storage: Storage) -> Number:
        """The value of all of a tensor's memory."""
        if storage.flat is None:
            size, stride, offset = storage.geometry
            if offset == 0 and is_dense(size, stride):
                storage.flat = storage.origin
            else:
                extent = (
                    offset + 1 + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) if size else offset + 1
                )
                empty = self.call(aten.zeros_like.default, (Use(storage.origin),))
                empty = self.call(aten.new_zeros.default, (Use(empty), [extent]))
                args = (Use(empty), Use(storage.origin), list(size), list(stride), offset)
                storage.flat = self.call(with_part, args)
        return storage.flat

    def call(self, function: Callable[..., Any], args: tuple[Any, ...]) -> Number:
        """Adds an operation that gives one tensor, which nobody has executed."""
        number = self.record.new()
        inputs = tuple(arg.number for arg in args if isinstance(arg, Use))
        self.record.steps.append(Operation(function, args, {}, inputs, (number,)))
        return number

    def tag(self, tensor: torch.Tensor, number: Number) -> None:
        """Notes which value a new tensor has."""
        writes = 0
        if tensor.layout is torch.strided:
            storage = self._storage_of(tensor)
            if storage is None:
                geometry = (tuple(tensor.shape), tuple(tensor.stride()), int(tensor.storage_offset()))
                memory: Any = tensor.untyped_storage()
                memory._recorded = Storage(self._owner, self._epoch, number, geometry)
            else:
                writes = storage.writes
        self._put(tensor, number, writes)

    def _put(self, tensor: Any, number: Number, writes: int) -> None:
        """The tag goes onto the tensor itself, and so ends with it; PyTorch declares no such attribute."""
        tensor._recorded = Tag(self._owner, self._epoch, number, writes)

    def is_current(self, tensor: torch.Tensor) -> bool:
        """Whether an operator has returned a tensor that it was given, as it was."""
        tag, storage = self._tag_of(tensor), self._storage_of(tensor)
        return tag is not None and storage is not None and tag.writes == storage.writes

    def changed(self, tensor: torch.Tensor, number: Number) -> None:
        """``number`` is what ``tensor`` is now; what shares its memory has changed as well."""
        tag, storage = self._tag_of(tensor), self._storage_of(tensor)
        if tag is not None:
            self.record.before[number] = tag.number
        if storage is None:
            self.tag(tensor, number)
            return
        size, stride = tuple(tensor.shape), tuple(tensor.stride())
        elements = tensor.untyped_storage().nbytes() // max(1, tensor.element_size())
        if tensor.storage_offset() == 0 and tensor.numel() == elements and is_dense(size, stride):
            storage.flat = number
        else:
            args = (Use(self._flat(storage)), Use(number), list(size), list(stride), tensor.storage_offset())
            storage.flat = self.call(with_part, args)
        storage.writes += 1
        self._put(tensor, number, storage.writes)
