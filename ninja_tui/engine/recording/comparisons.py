"""What a program compares with a gradient of autograd's, whichever function of whichever library does it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch

from ninja_tui.engine.recording.record import Comparison, Number, Record

PROGRAM = "<program>"
"""The file name of the code that is recorded."""
MOST_LEFT = 8
"""So many tensors of one statement are looked at."""
LARGEST = 1_000_000

Met = tuple[Number, torch.Tensor]


class Comparisons:
    """Notes comparisons in ``record``; ``number`` tells the value that a tensor has."""

    def __init__(self, record: Record, number: Callable[[torch.Tensor], Number]) -> None:
        self._record, self._number = record, number
        self._left: list[Met] = []
        self._measured: Met | None = None
        self._by_shape: Comparison | None = None

    def met(self, one: torch.Tensor, other: torch.Tensor) -> None:
        """Two tensors are compared."""
        self._pair((self._number(one), one), (self._number(other), other))

    def left(self, tensor: torch.Tensor) -> None:
        """A tensor becomes an array of NumPy's, or a number: two of one statement may be compared there."""
        if tensor.numel() > LARGEST or not tensor.is_floating_point():
            return
        met = self._number(tensor), tensor.detach()
        for earlier in self._left:
            if earlier[1].shape == tensor.shape:
                self._pair(earlier, met)
        self._left = [*self._left[-MOST_LEFT:], met]

    def measured(self, tensor: torch.Tensor, side: int) -> None:
        """The shape of a tensor is compared, on the left (0) or the right (1).

        With another shape than its tensor's no gradient is right, whether values are compared then or not.
        """
        met = self._number(tensor), tensor.detach()
        if side == 0:
            self._measured = met
        elif self._measured is not None:
            if self._measured[1].shape != tensor.shape:
                self._by_shape = self._pair(self._measured, met)
            self._measured = None

    def statement_is_over(self) -> None:
        """What follows is compared with nothing that came before."""
        self._left.clear()

    def _pair(self, one: Met, other: Met) -> Comparison | None:
        read, line = self._record.read, _line()
        for (number, tensor), (gradient, reference) in ((one, other), (other, one)):
            owner = read.get(gradient)
            if owner is not None and number not in read and number != owner:
                self._compared_after_all(owner, line)
                value, expected = tensor.detach().clone(), reference.detach().clone()
                comparison = Comparison(number, owner, value, expected, len(self._record.steps), line)
                self._record.comparisons.append(comparison)
                return comparison
        return None

    def _compared_after_all(self, owner: Number, line: int) -> None:
        """Forgets a shape that was another's, where the same line goes on with values: it has been put right."""
        before, self._by_shape = self._by_shape, None
        if before is not None and (before.owner, before.line) == (owner, line):
            self._record.comparisons[:] = [each for each in self._record.comparisons if each is not before]


def _line() -> int:
    """The line at the top of the program that runs; 0 where none does."""
    line, frame = 0, sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == PROGRAM:
            line = frame.f_lineno
    return line
