"""What kind of wrong: a kind and one sentence, drawn from what an answer gave, that teach and do not tell.

A mistake is looked for where it shows best: with random upstream gradients if the answer depends on them, so that
nothing is small or sparse by chance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import same
from ninja_tui.engine.judge.mistakes import Mistakes
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

if TYPE_CHECKING:
    from ninja_tui.engine.judge.judge import Evidence
    from ninja_tui.engine.judge.targets import Reckoning

SIZES = re.compile(r"size|shape|dimension|broadcast|inconsistent", re.IGNORECASE)
DTYPES = re.compile(r"dtype|scalar type|Float did not match|expected .*Float", re.IGNORECASE)


def diagnose(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    """The mistake in a wrong answer; None for an error that says itself what it is."""
    clobbered = _clobbered(reckoning, evidence)
    if clobbered is not None:
        return clobbered
    if World.FLOAT32 not in evidence.gradients:
        return _of_error(reckoning, evidence)
    certain = Mistakes(reckoning, evidence, World.LOCAL)
    for world in _looks(reckoning, evidence):
        case = Mistakes(reckoning, evidence, world)
        for test in case.tests():
            found = test()
            if found is not None:
                return found
        certain = case
    if evidence.node in reckoning.vacuous:
        return Finding(Kind.UNKNOWN, "of no known kind")
    return Finding(Kind.UNKNOWN, f"of no known kind; {certain.worst()}")


def _looks(reckoning: Reckoning, evidence: Evidence) -> list[World]:
    """The worlds in which the answer is wrong, the most telling first: with random upstream if it reads any."""
    node = evidence.node
    reads = any(reckoning.gradient(name) in evidence.depends for name in reckoning.upstream[World.FLOAT32])
    random = reads or node in reckoning.vacuous
    order = (World.RANDOM, World.LOCAL, World.VACUOUS) if random else (World.LOCAL, World.RANDOM, World.VACUOUS)
    there = [world for world in order if world in evidence.gradients and not evidence.gradients[world].is_complex()]
    wrong = [world for world in there if not same(evidence.gradients[world], reckoning.target(world, node).expected)]
    return wrong or there or [World.FLOAT32]


def _clobbered(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    if evidence.restored is None or not evidence.clobbered:
        return None
    target = reckoning.target(World.LOCAL, evidence.node).expected
    if not same(evidence.restored, target):
        return None
    name, node, where = evidence.clobbered[0]
    by = f"the answer to `{node}`, {where}," if node else where
    return Finding(Kind.CLOBBERED, f"`{name}` is not the lesson's any more: {by} bound or changed it before")


def _of_error(reckoning: Reckoning, evidence: Evidence) -> Finding | None:
    error = evidence.errors.get(World.FLOAT32, "")
    node, statements = evidence.node, reckoning.statements(World.LOCAL)
    shape = tuple(reckoning.target(World.FLOAT32, node).expected.shape)
    if evidence.reads_grad:
        return Finding(Kind.READS_GRAD, "a `.grad` is empty here: the gradient is to be computed, not read")
    if error.startswith("RuntimeError") and DTYPES.search(error):
        return Finding(Kind.WRONG_DTYPE, "the operands have different dtypes; a gradient is floating point")
    if not (error.startswith(("RuntimeError", "IndexError", "ValueError")) and SIZES.search(error)):
        return None
    known = statements.shapes(evidence.depends)
    operands = ", ".join(f"{name} {size}" for name, size in known.items())
    told = f"operands: {operands}; {reckoning.gradient(node)} must be {shape}"
    through_matrix = any(statements.multiplies_matrices(index) for index in statements.consumers(node))
    if through_matrix and evidence.multiplies and not evidence.multiplies_matrices:
        return Finding(Kind.ELEMENTWISE, f"forward is a matrix product, so backward is one too, not `*`; {told}")
    if evidence.multiplies_matrices:
        return Finding(Kind.TRANSPOSED, f"the inner sizes do not meet: which operand is to be transposed? {told}")
    return Finding(Kind.SHAPE, f"these shapes do not go together; {told}")
