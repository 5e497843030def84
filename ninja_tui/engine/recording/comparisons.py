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

    def statement_is_over(self) -> None:
        """What follows is compared with nothing that came before."""
        self._left.clear()

    def _pair(self, one: Met, other: Met) -> None:
        read = self._record.read
        for (number, tensor), (gradient, reference) in ((one, other), (other, one)):
            owner = read.get(gradient)
            if owner is not None and number not in read and number != owner:
                value, expected = tensor.detach().clone(), reference.detach().clone()
                self._record.comparisons.append(
                    Comparison(number, owner, value, expected, len(self._record.steps), _line())
                )


def _line() -> int:
    """The line at the top of the program that runs; 0 where none does."""
    line, frame = 0, sys._getframe(1)
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename == PROGRAM:
            line = frame.f_lineno
    return line
