"""Decides whether an answer is right, from what it gave in each world.

LOCAL and FRESH must hold. If RANDOM holds too, the formula is right for any upstream. If it does not, the answer
is a closed form (it depends on none of its consumers' gradients), or it leans on a structure that is really there,
which VACUOUS tells from one that only seems to be there because a gradient is 0. For a gradient that is itself 0 up
to rounding, RANDOM decides alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch

from ninja_tui.engine.judge.compare import broadcasts, columns, distance, largest_entry
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.notes import note_on
from ninja_tui.engine.judge.targets import Targets
from ninja_tui.engine.protocol.judging import Evidence
from ninja_tui.engine.protocol.verdict import Kind, Path, Status, Verdict, Warning
from ninja_tui.engine.protocol.worlds import World

PASSING = 1e-9
"""The largest difference that passes in float64, as a share of the gradient's largest entry."""
PASSING_FLOAT32 = 1e-5
"""The same, for a gradient that comes out in float32 even where all else is float64."""
CLOSED_FORM = "closed form: needs none of its consumers' gradients"
ANY_UPSTREAM = "holds for any upstream"

Relative = Mapping[World, float]
"""By world the largest difference over the gradient's largest entry."""


@dataclass(frozen=True)
class _Decision:
    """Whether an answer passes, for which upstream gradients (``probe``), and with which warnings."""

    passed: bool = True
    probe: str | None = None
    warnings: tuple[Warning, ...] = ()


_FAILS = _Decision(passed=False)


def judge(targets: Targets, evidence: Evidence[torch.Tensor]) -> Verdict:
    """The verdict on one answer. Where it gave no gradient in float32 its status is ERROR, with a diagnosis at most."""
    node, traits = evidence.node, evidence.traits
    own = frozenset({targets.gradient_name(node)})
    evidence = replace(evidence, traits=replace(traits, depends=traits.depends - own))
    expected = targets.target(World.FLOAT32, node).expected
    verdict = Verdict(node, Status.ERROR, tuple(expected.shape), vacuous=node in targets.vacuous)
    actual = evidence.gradients.get(World.FLOAT32)
    if actual is None:
        mistake = diagnose(targets, evidence)
        return replace(verdict, diagnosis=None if mistake is None else mistake.diagnosis)
    worlds: list[World] = [world for world in evidence.gradients if world is not World.FLOAT32]
    relative = {world: off(targets, evidence, world) for world in worlds}
    decision = _FAILS
    if actual.dtype == expected.dtype:
        decision = _decide(targets, evidence, relative)
    mistake = None if decision.passed else diagnose(targets, evidence)
    if mistake is None and not decision.passed:
        mistake = Finding(Kind.UNKNOWN, "no known kind of mistake")
    compared = columns(actual, expected)
    comparable = broadcasts(tuple(actual.shape), tuple(expected.shape))
    verdict = replace(
        verdict,
        status=Status.PASS if decision.passed else Status.FAIL,
        shape=tuple(actual.shape),
        exact=compared.exact,
        approximate=compared.approximate,
        maxdiff=compared.maxdiff,
        relative=relative.get(World.LOCAL) if comparable else None,
        chained=relative.get(World.CHAINED),
        warnings=_warnings(decision, evidence, same_shape=actual.shape == expected.shape),
        probe=decision.probe,
        paths=_paths(targets, evidence, mistake),
        diagnosis=None if mistake is None else mistake.diagnosis,
    )
    if Warning.STRUCTURE in verdict.warnings:
        verdict = replace(verdict, leans=tuple(map(targets.gradient_name, _upstream_used(targets, evidence))))
    hidden_by = _zeros_that_hide(targets, evidence, relative)
    return replace(verdict, note=note_on(verdict, actual, expected, hidden_by))


def _holds(evidence: Evidence[torch.Tensor], relative: Relative, world: World) -> bool:
    """Whether the gradient of ``world`` is right; False where there is none."""
    if world not in relative:
        return False
    double = evidence.gradients[world].dtype is torch.float64
    return relative[world] <= (PASSING if double else PASSING_FLOAT32)


def off(targets: Targets, evidence: Evidence[torch.Tensor], world: World) -> float:
    """The largest difference in ``world`` over the largest entry; infinite where nothing can be compared."""
    return distance(evidence.gradients[world], targets.target(world, evidence.node).expected)


def _warnings(decision: _Decision, evidence: Evidence[torch.Tensor], *, same_shape: bool) -> tuple[Warning, ...]:
    if not decision.passed:
        return decision.warnings
    shape = () if same_shape else (Warning.SHAPE,)
    reads_grad = (Warning.READS_GRAD,) if evidence.traits.reads_grad else ()
    return (*shape, *decision.warnings, *reads_grad)


def _decide(targets: Targets, evidence: Evidence[torch.Tensor], relative: Relative) -> _Decision:
    holds = partial(_holds, evidence, relative)
    node = evidence.node
    if World.LOCAL not in relative:  # float64 cannot be had of this code: float32 is what there is
        distant = distance(evidence.gradients[World.FLOAT32], targets.target(World.FLOAT32, node).expected)
        right = distant <= PASSING_FLOAT32 and node not in targets.vacuous
        return _Decision(passed=right, probe="judged in float32 only")
    if node in targets.vacuous:
        if not holds(World.RANDOM) and _cancels(targets, evidence):
            return _Decision(probe=CLOSED_FORM, warnings=(Warning.CLOSED_FORM,))
        return _Decision(probe=ANY_UPSTREAM) if holds(World.RANDOM) else _FAILS
    if not (holds(World.LOCAL) and holds(World.FRESH)):
        return _FAILS
    if holds(World.RANDOM):
        return _Decision(probe=ANY_UPSTREAM)
    used = _upstream_used(targets, evidence)
    if not used:
        return _Decision(probe=CLOSED_FORM, warnings=(Warning.CLOSED_FORM,))
    if holds(World.VACUOUS):
        kind = "sparsity" if all(_sparse(targets, name) for name in used) else "structure"
        leans = ", ".join(map(targets.gradient_name, used))
        return _Decision(probe=f"right here, leans on the {kind} of {leans}", warnings=(Warning.STRUCTURE,))
    return _FAILS


def _cancels(targets: Targets, evidence: Evidence[torch.Tensor]) -> bool:
    """Whether a gradient that is 0 is computed, from values of the forward pass alone, to come out as rounding.

    So a backward pass that is one function gives it. Zeros, and what reads any gradient, are no such thing.
    """
    names, depends = targets.upstream[World.LOCAL], evidence.traits.depends
    if not depends & names.keys() or depends & {targets.gradient_name(name) for name in names}:
        return False
    gradients = [evidence.gradients.get(world) for world in (World.LOCAL, World.FRESH)]
    most = targets.rounding(evidence.node)
    return all(each is not None and 0 < largest_entry(each) <= most for each in gradients)


def _upstream_used(targets: Targets, evidence: Evidence[torch.Tensor]) -> list[str]:
    """The nodes whose upstream gradients the answer depends on."""
    nodes = targets.upstream_nodes(evidence.node)
    return sorted(node for node in nodes if targets.gradient_name(node) in evidence.traits.depends)


def _sparse(targets: Targets, node: str) -> bool:
    upstream = targets.upstream[World.LOCAL][node]
    return int(torch.count_nonzero(upstream)) * 2 < upstream.numel()


def _paths(targets: Targets, evidence: Evidence[torch.Tensor], mistake: Finding | None) -> tuple[Path, ...]:
    """For each consumer of the node whether its path is in the answer."""
    statements = targets.statements(World.LOCAL)
    consumers = statements.consumers(evidence.node)
    missing: set[int] = set()
    if mistake is not None:
        missing = set(consumers) - (mistake.present or frozenset())
    return tuple(Path(statements.binds(index), index not in missing) for index in consumers)


def _zeros_that_hide(targets: Targets, evidence: Evidence[torch.Tensor], relative: Relative) -> tuple[str, ...]:
    """The upstream gradients that are 0, where the answer is right but for what becomes of them."""
    zeros = [node for node in targets.upstream_nodes(evidence.node) if node in targets.vacuous]
    if not all(_holds(evidence, relative, world) for world in (World.LOCAL, World.FRESH)):
        return ()
    return tuple(map(targets.gradient_name, sorted(zeros)))
