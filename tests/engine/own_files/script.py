"""A script of one's own, and how it may go wrong."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = """import torch
import torch.nn as nn
import torch.nn.functional as F
torch.manual_seed(0)
"""


@dataclass(frozen=True)
class Mistake:
    """``new`` in the place of ``old``: the gradient that is wrong then, by its name in the report."""

    old: str
    new: str
    gradient: str


@dataclass(frozen=True)
class OwnScript:
    """A right script: the gradients that must be among its rows, and mistakes in it."""

    code: str
    gradients: str
    mistakes: tuple[Mistake, ...] = ()

    @property
    def text(self) -> str:
        """All of its code."""
        return HEAD + self.code

    def with_mistake(self, mistake: Mistake) -> str:
        """The script with one mistake; raises ValueError where it does not stand in it once."""
        if self.code.count(mistake.old) != 1:
            raise ValueError(f"{mistake.old!r} stands {self.code.count(mistake.old)} times")
        return HEAD + self.code.replace(mistake.old, mistake.new)


def script(code: str, gradients: str, *mistakes: tuple[str, str, str]) -> OwnScript:
    """A script with its mistakes, each ``(old, new, gradient)``."""
    return OwnScript(code.lstrip("\n"), gradients, tuple(Mistake(*each) for each in mistakes))
