"""What kind of wrong: a kind and one sentence, drawn from what an answer gave, that teach and do not tell.

A mistake is looked for where it shows best: with random upstream gradients if the answer depends on them, so that
nothing is small or sparse by chance.
"""

from __future__ import annotations

import re

from ninja_tui.engine.judge.attempt import Attempt, holds
from ninja_tui.engine.judge.case import Case
from ninja_tui.engine.judge.compare import same
from ninja_tui.engine.judge.evidence import Observed
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.mistakes import LIKELY, MISTAKES
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

SIZES = re.compile(r"size|shape|dimension|broadcast|inconsistent", re.IGNORECASE)
MOST_OPERANDS = 8
"""So many are told of code that raised."""
DTYPES = re.compile(r"dtype|scalar type|Float did not match|expected .*Float", re.IGNORECASE)


def diagnose(targets: Case, evidence: Observed) -> Finding | None:
    """The mistake in a wrong answer; None for an error that says itself what it is."""
    clobbered = _clobbered(targets, evidence)
    if clobbered is not None:
        return clobbered
    if World.FLOAT32 not in evidence.gradients:
        return _of_error(targets, evidence)
    attempts: dict[World, Attempt] = {}
    worlds = _worlds(targets, evidence)
    for mistakes in (MISTAKES, LIKELY):
        for world in worlds:
            if world not in attempts:
                attempts[world] = Attempt(targets, evidence, world)
            for mistake in mistakes:
                finding = mistake(attempts[world])
                if finding is not None:
                    return finding
    if evidence.node in targets.vacuous:
        return Finding(Kind.UNKNOWN, "of no known kind")
    return Finding(Kind.UNKNOWN, f"of no known kind; {attempts[worlds[-1]].worst()}")


def _worlds(targets: Case, evidence: Observed) -> list[World]:
    """The worlds in which the answer is wrong, the most telling first: with random upstream if it reads any."""
    node = evidence.node
    read = [name for name in targets.upstream(World.FLOAT32) if targets.gradient_name(name) in evidence.traits.depends]
    random = (bool(read) or node in targets.vacuous) and not _renamed(targets, node, read)
    first = (World.RANDOM, World.LOCAL) if random else (World.LOCAL, World.FRESH, World.RANDOM)
    order = (*first, World.ALONE, World.FRESH, World.VACUOUS, World.SCALED)
    there = [world for world in order if world in evidence.gradients and not evidence.gradients[world].is_complex()]
    wrong = [world for world in there if not holds(targets, evidence, world)]
    return wrong or there or [World.FLOAT32]


def _renamed(targets: Case, node: str, read: list[str]) -> bool:
    """Whether an upstream gradient has one name in the file and another here: random ones would not be alike."""
    shown = {targets.shown_name(targets.gradient_name(name)): name for name in targets.upstream_nodes(node)}
    return any(shown.get(targets.shown_name(targets.gradient_name(name)), name) != name for name in read)


def _clobbered(targets: Case, evidence: Observed) -> Finding | None:
    if evidence.restored is None or not evidence.clobbered:
        return None
    target = targets.expected(World.LOCAL)
    if not same(evidence.restored, target):
        return None
    first = evidence.clobbered[0]
    by = f"the answer to `{first.node}`, {first.where}," if first.node else first.where
    return Finding(Kind.CLOBBERED, f"`{first.name}` is not the lesson's any more: {by} bound or changed it before")


def _of_error(targets: Case, evidence: Observed) -> Finding | None:
    error = evidence.errors.get(World.FLOAT32, "")
    node, statements = evidence.node, targets.statements(World.LOCAL)
    shape = tuple(targets.expected(World.FLOAT32).shape)
    if evidence.traits.reads_grad:
        return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")
    if error.startswith("RuntimeError") and DTYPES.search(error):
        return Finding(Kind.WRONG_DTYPE, "the operands have different dtypes; a gradient is floating point")
    if not (error.startswith(("RuntimeError", "IndexError", "ValueError")) and SIZES.search(error)):
        return None
    operands = ", ".join(f"{each.name} {each.shape}" for each in evidence.traits.operands[:MOST_OPERANDS])
    told = f"operands: {operands}; " if operands else ""
    shapes = f"{told}{targets.shown_name(targets.gradient_name(node))} must be {shape}"
    through_matrix = any(statements.multiplies_matrices(index, node) for index in statements.consumers(node))
    if through_matrix and evidence.traits.multiplies and not evidence.traits.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, f"forward is a matrix product, so backward is one too, not `*`; {shapes}")
    if evidence.traits.multiplies_matrices:
        return Finding(Kind.TRANSPOSED, f"the inner sizes do not meet: which operand is to be transposed? {shapes}")
    return Finding(Kind.SHAPE, f"these shapes do not go together; {shapes}")
