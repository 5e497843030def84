"""What the diagnosis is drawn from: the gradients that an answer gave, by kind of trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from ninja_tui.engine.protocol.judging import Clobbered, Operand
from ninja_tui.engine.protocol.worlds import World


@dataclass(frozen=True)
class Traits:
    """``depends`` are the tensors and gradients that an answer was computed from, by name.

    ``multiplies`` and ``multiplies_matrices`` say whether a product, and a matrix product, is among its operations;
    ``reads_grad`` whether it reads the ``.grad`` of its own tensor. ``operands`` are those that code names
    which raised.
    """

    depends: frozenset[str]
    multiplies: bool
    multiplies_matrices: bool
    reads_grad: bool
    operands: tuple[Operand, ...] = ()


@dataclass(frozen=True)
class Observed:
    """The gradients of one answer to ``node``, or its errors, in the trials that tell most.

    ``restored`` is its LOCAL gradient with the lesson's values for the names in ``clobbered``.
    """

    node: str
    gradients: Mapping[World, torch.Tensor]
    errors: Mapping[World, str]
    traits: Traits
    restored: torch.Tensor | None = None
    clobbered: tuple[Clobbered, ...] = ()
