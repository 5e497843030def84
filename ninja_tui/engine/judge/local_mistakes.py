"""Mistakes in a statement's own derivative: its operands, their powers, its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.judge.factors import powers
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import CLOSE, factor_of, same, summed_to
from ninja_tui.engine.protocol.verdict import Kind

if TYPE_CHECKING:
    from ninja_tui.engine.judge.mistakes import Mistakes

FEWEST_TOLD = 8
"""A mask is told only where at least one in so many entries is right, and not 0."""


def transposed(case: Mistakes) -> Finding | None:
    """A square gradient lies on its side, or a square operand of a matrix product does."""
    given, wanted = case.given, case.wanted
    if given.dim() >= 2 and given.mT.shape == wanted.shape and factor_of(given.mT, wanted) is not None:
        return Finding(Kind.TRANSPOSED, "the transpose of it is meant", frozenset(case.consumers))
    if len(case.consumers) != 1 or not case.statements.multiplies_matrices(case.consumers[0]):
        return None
    index = case.consumers[0]
    bound = case.statements.binds(index)
    for name, tensor in case.statements.operands(index).items():
        if name == case.node or tensor.dim() < 2 or tensor.shape[-1] != tensor.shape[-2]:
            continue
        upstream, values, told = case.upstream, {name: tensor.mT}, name
        if name in bound:
            if name not in upstream:
                continue
            upstream, values, told = {**upstream, name: upstream[name].mT}, {}, case.gradient(name)
        part = case.statements.with_value(index, case.node, values, upstream)
        if part is not None and factor_of(given, part) is not None:
            message = f"`{told}` lies on its side: it is to be transposed, or it is and should not be"
            return Finding(Kind.TRANSPOSED, message, frozenset(case.consumers))
    return None


def other_power(case: Mistakes) -> Finding | None:
    """A factor of the local derivative stands to another power, or in the place of another."""
    given = case.fitted()
    if given is None:
        return None
    for index, part in case.parts.items():
        whole = case.full if case.full is not None and len(case.parts) == 1 else part
        rest = sum((other for key, other in case.parts.items() if key != index), torch.zeros_like(case.wanted))
        tensors = case.statements.operands(index)
        for names, factor in powers(tensors, whole.shape):
            tried = summed_to(whole * factor, case.wanted)
            if tried is not None and (
                factor_of(given - rest, tried) is not None
                or (len(case.parts) > 1 and factor_of(given, tried) is not None)
            ):
                told = " and ".join(f"`{name}`" for name in names)
                return Finding(
                    Kind.WRONG_POWER,
                    f"{told}: to another power than the derivative of this statement has",
                    frozenset(case.consumers),
                )
    return None


def elementwise(case: Mistakes) -> Finding | None:
    """``*`` where the forward statement has ``@``."""
    matrix = any(case.statements.multiplies_matrices(index) for index in case.consumers)
    if matrix and case.evidence.multiplies and not case.evidence.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, "forward is a matrix product, so backward is one too, not `*`")
    return None


def masked(case: Mistakes) -> Finding | None:
    """Right but for entries that are 0 and should not be, or that should be 0 and are not."""
    given, wanted = case.given, case.wanted
    if given.shape != wanted.shape:
        return None
    alike = (given - wanted).abs() <= CLOSE * largest_entry(wanted)
    right = int((alike & (wanted != 0)).sum().item())
    if right * FEWEST_TOLD < wanted.numel() or bool(alike.all()):
        return None
    wrong = int((~alike).sum().item())
    if not bool((wanted[~alike] != 0).any()):
        kind = Kind.EXTRA_PATH
        message = f"{wrong} of {wanted.numel()} entries should be 0: what did not pass forward does not pass back"
    elif not bool((given[~alike] != 0).any()):
        kind = Kind.MISSING_PATH
        message = f"{wrong} of {wanted.numel()} entries are 0 and should not be: this mask does not belong here"
    else:
        return None
    return Finding(kind, message, frozenset(case.consumers))


def other_factor(case: Mistakes) -> Finding | None:
    """A function of one tensor, entry by entry, with another factor beside the upstream gradient than its own."""
    if len(case.consumers) != 1 or not case.uses_upstream or case.given.shape != case.wanted.shape:
        return None
    index = case.consumers[0]
    bound = case.statements.binds(index)
    if len(bound) == 1 and bound[0] in case.upstream and same(case.given, case.upstream[bound[0]]):
        message = f"{case.gradient(bound[0])} alone: the derivative of this statement is missing"
        return Finding(Kind.WRONG_POWER, message, frozenset(case.consumers))
    alone = len(case.statements.reads(index)) == 1 and len(bound) == 1
    if not alone or case.statements.operands(index)[bound[0]].shape != case.wanted.shape:
        return None
    if 2 * case.wrong_entries(case.given) < case.wanted.numel():
        return None
    return Finding(
        Kind.WRONG_POWER,
        f"the factor beside {case.gradient(bound[0])} is not the derivative of this statement",
        frozenset(case.consumers),
    )
