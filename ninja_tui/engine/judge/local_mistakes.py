"""Mistakes in a statement's own derivative: its operands, their powers, its mask."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry, same
from ninja_tui.engine.judge.factors import powers
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import factor_of, summed_to
from ninja_tui.engine.protocol.verdict import Kind

FEWEST_TOLD = 8
"""A mask is named only where at least one in so many entries is right, and not 0."""


def transposed(attempt: Attempt) -> Finding | None:
    """A square gradient lies on its side, or a square operand of a matrix product does."""
    actual, expected = attempt.actual, attempt.expected
    if actual.dim() >= 2 and actual.mT.shape == expected.shape and factor_of(actual.mT, expected) is not None:
        return Finding(Kind.TRANSPOSED, "the transpose of it is meant", frozenset(attempt.consumers))
    if len(attempt.consumers) != 1 or not attempt.statements.multiplies_matrices(attempt.consumers[0]):
        return None
    index = attempt.consumers[0]
    bound = attempt.statements.binds(index)
    for name, tensor in attempt.statements.operands(index).items():
        if name == attempt.node or tensor.dim() < 2 or tensor.shape[-1] != tensor.shape[-2]:
            continue
        upstream, values, named = attempt.upstream, {name: tensor.mT}, name
        if name in bound:
            if name not in upstream:
                continue
            upstream, values, named = {**upstream, name: upstream[name].mT}, {}, attempt.gradient_name(name)
        part = attempt.statements.with_value(index, attempt.node, values, upstream)
        if part is not None and factor_of(actual, part) is not None:
            message = f"`{named}` lies on its side: it is to be transposed, or it is and should not be"
            return Finding(Kind.TRANSPOSED, message, frozenset(attempt.consumers))
    return None


def other_power(attempt: Attempt) -> Finding | None:
    """A factor of the local derivative stands to another power, or in the place of another."""
    actual = attempt.fitted()
    if actual is None:
        return None
    for index, part in attempt.parts.items():
        whole = attempt.full if attempt.full is not None and len(attempt.parts) == 1 else part
        rest = sum((other for key, other in attempt.parts.items() if key != index), torch.zeros_like(attempt.expected))
        tensors = attempt.statements.operands(index)
        for names, factor in powers(tensors, whole.shape):
            tried = summed_to(whole * factor, attempt.expected)
            if tried is not None and (
                factor_of(actual - rest, tried) is not None
                or (len(attempt.parts) > 1 and factor_of(actual, tried) is not None)
            ):
                named = " and ".join(f"`{name}`" for name in names)
                return Finding(
                    Kind.WRONG_POWER,
                    f"{named}: to another power than the derivative of this statement has",
                    frozenset(attempt.consumers),
                )
    return None


def elementwise(attempt: Attempt) -> Finding | None:
    """``*`` where the forward statement has ``@``."""
    matrix = any(attempt.statements.multiplies_matrices(index) for index in attempt.consumers)
    if matrix and attempt.evidence.traits.multiplies and not attempt.evidence.traits.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, "forward is a matrix product, so backward is one too, not `*`")
    return None


def masked(attempt: Attempt) -> Finding | None:
    """Right but for entries that are 0 and should not be, or that should be 0 and are not."""
    actual, expected = attempt.actual, attempt.expected
    if actual.shape != expected.shape:
        return None
    alike = (actual - expected).abs() <= CLOSE * largest_entry(expected)
    right = int((alike & (expected != 0)).sum().item())
    if right * FEWEST_TOLD < expected.numel() or bool(alike.all()):
        return None
    wrong = int((~alike).sum().item())
    if not bool((expected[~alike] != 0).any()):
        kind = Kind.EXTRA_PATH
        message = f"{wrong} of {expected.numel()} entries should be 0: what did not pass forward does not pass back"
    elif not bool((actual[~alike] != 0).any()):
        kind = Kind.MISSING_PATH
        message = f"{wrong} of {expected.numel()} entries are 0 and should not be: this mask does not belong here"
    else:
        return None
    return Finding(kind, message, frozenset(attempt.consumers))


def other_factor(attempt: Attempt) -> Finding | None:
    """A function of one tensor, entry by entry, with another factor beside the upstream gradient than its own."""
    if len(attempt.consumers) != 1 or not attempt.uses_upstream or attempt.actual.shape != attempt.expected.shape:
        return None
    index = attempt.consumers[0]
    bound = attempt.statements.binds(index)
    if len(bound) == 1 and bound[0] in attempt.upstream and same(attempt.actual, attempt.upstream[bound[0]]):
        message = f"{attempt.gradient_name(bound[0])} alone: the derivative of this statement is missing"
        return Finding(Kind.WRONG_POWER, message, frozenset(attempt.consumers))
    alone = len(attempt.statements.reads(index)) == 1 and len(bound) == 1
    if not alone or attempt.statements.operands(index)[bound[0]].shape != attempt.expected.shape:
        return None
    if 2 * attempt.wrong_entries(attempt.actual) < attempt.expected.numel():
        return None
    return Finding(
        Kind.WRONG_POWER,
        f"the factor beside {attempt.gradient_name(bound[0])} is not the derivative of this statement",
        frozenset(attempt.consumers),
    )
