"""Decides whether an answer is right, from what it gave in each world.

LOCAL and UNIVERSE must hold. If RANDOM holds too, the formula is right for any upstream. If it does not, the answer
is a closed form (it depends on none of its consumers' gradients), or it leans on a structure that is really there,
which VACUOUS tells from one that only seems to be there because a gradient is 0. For a gradient that is itself 0 up
to rounding, RANDOM decides alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

from ninja_tui.engine.judge.compare import Columns, broadcasts, columns, largest_entry
from ninja_tui.engine.judge.diagnosis import diagnose
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.targets import Reckoning
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

PASSING = 1e-9
"""The largest difference that passes in float64, as a share of the gradient's largest entry."""
PASSING_SINGLE = 1e-5
"""The same, for a gradient that comes out in float32 even where all else is float64."""
CLOSED_FORM = "closed form: needs none of its readers' gradients"


@dataclass(frozen=True)
class Evidence:
    """What is known of one answer: its gradients and errors by world, and what its text tells.

    ``depends`` are the names that it depends on. ``restored`` is its LOCAL gradient when names that answers
    before it had bound to something else are the lesson's again (``clobbered``: name, node, where).
    """

    node: str
    gradients: Mapping[World, torch.Tensor]
    errors: Mapping[World, str] = field(default_factory=dict)
    depends: frozenset[str] = frozenset()
    multiplies: bool = False
    multiplies_matrices: bool = False
    reads_grad: bool = False
    restored: torch.Tensor | None = None
    clobbered: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def from_body(
        cls, body: Mapping[str, Any], own: str, gradients: Mapping[World, torch.Tensor], restored: torch.Tensor | None
    ) -> Evidence:
        """From a request's plain data; ``own`` is the name of the node's gradient."""
        return cls(
            node=str(body["node"]),
            gradients=gradients,
            errors={World(key): str(error) for key, error in body["errors"].items()},
            depends=frozenset(body["depends"]) - {own},
            multiplies=bool(body["multiplies"]),
            multiplies_matrices=bool(body["multiplies_matrices"]),
            reads_grad=bool(body["reads_grad"]),
            restored=restored,
            clobbered=tuple((str(name), str(node), str(where)) for name, node, where in body["clobbered"]),
        )


def judge(reckoning: Reckoning, evidence: Evidence) -> dict[str, Any]:
    """The verdict as plain data: columns of ``cmp``, status, warnings, probe, paths, note and diagnosis."""
    node = evidence.node
    expected = reckoning.target(World.FLOAT32, node).expected
    vacuous = node in reckoning.vacuous
    said: dict[str, Any] = {"expected_shape": list(expected.shape), "vacuous": vacuous}
    single = evidence.gradients.get(World.FLOAT32)
    if single is None:
        found = diagnose(reckoning, evidence)
        return {**said, "diagnosis": None if found is None else found.plain()}
    seen = columns(single, expected)
    relative: dict[World, float] = {
        world: off(reckoning, evidence, world) for world in evidence.gradients if world is not World.FLOAT32
    }
    passed, probe, warnings = _decide(reckoning, evidence, relative)
    if single.dtype != expected.dtype:
        passed, probe, warnings = False, None, []
    leans = [reckoning.gradient(node) for node in _used(reckoning, evidence)] if "structure" in warnings else []
    if passed and single.shape != expected.shape:
        warnings.insert(0, "shape")
    if passed and evidence.reads_grad:
        warnings.append("reads-grad")
    found = None if passed else diagnose(reckoning, evidence) or Finding(Kind.UNKNOWN, "no known kind of mistake")
    own = relative.get(World.LOCAL)
    return {
        **said,
        "shape": list(single.shape),
        "exact": seen.exact,
        "approximate": seen.approximate,
        "maxdiff": seen.maxdiff,
        "relative": None if own is None or not broadcasts(tuple(single.shape), tuple(expected.shape)) else own,
        "chained": relative.get(World.CHAINED),
        "passed": passed,
        "probe": probe,
        "leans": leans,
        "warnings": warnings,
        "paths": _paths(reckoning, evidence, found, passed=passed),
        "note": _note(seen, single, expected, passed=passed, vacuous=vacuous)
        or (None if passed or not seen.approximate else _accepted(reckoning, evidence, relative)),
        "diagnosis": None if found is None else found.plain(),
    }


def _holds(evidence: Evidence, relative: Mapping[World, float], world: World) -> bool:
    """Whether the gradient of ``world`` is right; False where there is none."""
    if world not in relative:
        return False
    plain = evidence.gradients[world].dtype is torch.float64
    return relative[world] <= (PASSING if plain else PASSING_SINGLE)


def off(reckoning: Reckoning, evidence: Evidence, world: World) -> float:
    """The largest difference in ``world`` over the largest entry; infinite where nothing can be compared."""
    return distance(evidence.gradients[world], reckoning.target(world, evidence.node).expected)


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference, after broadcasting, over the largest expected entry."""
    if found.is_complex() or not broadcasts(tuple(found.shape), tuple(expected.shape)):
        return math.inf
    largest = largest_entry(found.double() - expected.double())
    if largest == 0.0:
        return 0.0
    scale = largest_entry(expected)
    return largest / scale if scale else math.inf


def _decide(
    reckoning: Reckoning, evidence: Evidence, relative: Mapping[World, float]
) -> tuple[bool, str | None, list[str]]:
    """Whether it passes, the probe's word, and warnings."""
    holds = partial(_holds, evidence, relative)
    node = evidence.node
    if World.LOCAL not in relative:  # float64 cannot be had of this code: float32 is what there is
        distant = distance(evidence.gradients[World.FLOAT32], reckoning.target(World.FLOAT32, node).expected)
        return distant <= PASSING_SINGLE and node not in reckoning.vacuous, "judged in float32 only", []
    if node in reckoning.vacuous:
        if not holds(World.RANDOM) and _cancels(reckoning, evidence):
            return True, CLOSED_FORM, ["closed-form"]
        return holds(World.RANDOM), "holds for any upstream" if holds(World.RANDOM) else None, []
    if not (holds(World.LOCAL) and holds(World.FRESH)):
        return False, None, []
    if holds(World.RANDOM):
        return True, "holds for any upstream", []
    used = _used(reckoning, evidence)
    if not used:
        return True, CLOSED_FORM, ["closed-form"]
    if holds(World.VACUOUS):
        kind = "sparsity" if all(_sparse(reckoning, node) for node in used) else "structure"
        return True, f"right here, leans on the {kind} of {', '.join(map(reckoning.gradient, used))}", ["structure"]
    return False, None, []


def _cancels(reckoning: Reckoning, evidence: Evidence) -> bool:
    """Whether a gradient that is 0 is computed, from values of the forward pass alone, to come out as rounding.

    So a backward pass that is one function gives it. Zeros, and what reads any gradient, are no such thing.
    """
    names = reckoning.upstream[World.LOCAL]
    if not evidence.depends & names.keys() or evidence.depends & {reckoning.gradient(name) for name in names}:
        return False
    found = [evidence.gradients.get(world) for world in (World.LOCAL, World.FRESH)]
    most = reckoning.rounding(evidence.node)
    return all(each is not None and 0 < largest_entry(each) <= most for each in found)


def _used(reckoning: Reckoning, evidence: Evidence) -> list[str]:
    """The nodes whose upstream gradients the answer depends on."""
    nodes = reckoning.upstream_nodes(evidence.node)
    return sorted(node for node in nodes if reckoning.gradient(node) in evidence.depends)


def _sparse(reckoning: Reckoning, node: str) -> bool:
    upstream = reckoning.upstream[World.LOCAL][node]
    return int(torch.count_nonzero(upstream)) * 2 < upstream.numel()


def _paths(
    reckoning: Reckoning, evidence: Evidence, found: Finding | None, *, passed: bool
) -> list[tuple[list[str], bool]]:
    """For each reader of the node what it binds, and whether its path is in the answer."""
    statements = reckoning.statements(World.LOCAL)
    consumers = statements.consumers(evidence.node)
    missing = set(consumers) if found is None and not passed else set()
    if found is not None:
        missing = set(consumers) if found.present is None else set(consumers) - found.present
    return [(list(statements.binds(index)), index not in missing) for index in consumers]


def _note(seen: Columns, single: torch.Tensor, expected: torch.Tensor, *, passed: bool, vacuous: bool) -> str | None:
    """Why ``cmp`` and the status disagree, or how far approximate is from exact; one sentence, or None."""
    if passed and vacuous:
        return "vacuous: the true gradient is 0, so what cmp compares is rounding, and its columns say nothing here"
    if passed and not seen.approximate and single.shape != expected.shape and seen.maxdiff is None:
        return "the values are right, in a shape that cmp cannot compare"
    if passed and not seen.exact:
        distance_in = ulps(single, expected)
        units = "1 unit" if distance_in == 1 else f"{distance_in} units"
        return f"rounding, not your maths: off by at most {units} in the last place"
    if not passed and vacuous and seen.approximate:
        return "vacuous: the true gradient is 0, and cmp accepts anything below 1e-8; the formula is wrong all the same"
    return None


def _accepted(reckoning: Reckoning, evidence: Evidence, relative: Mapping[World, float]) -> str:
    """Why ``cmp`` accepts what is wrong: a gradient that is 0 hides it, or these numbers do."""
    zero = [node for node in reckoning.upstream_nodes(evidence.node) if node in reckoning.vacuous]
    if zero and all(_holds(evidence, relative, world) for world in (World.LOCAL, World.FRESH)):
        names = ", ".join(map(reckoning.gradient, sorted(zero)))
        return f"cmp accepts it because {names} is 0; what becomes of {names} is wrong all the same"
    return "these numbers are close here, but the formula does not hold where other numbers stand"


def ulps(found: torch.Tensor, expected: torch.Tensor) -> int:
    """The largest distance in units in the last place of the gradient's largest entry (float32)."""
    try:
        gap = largest_entry(found.double() - expected.double())
    except RuntimeError:
        return 0
    top = largest_entry(expected)
    if not math.isfinite(gap) or top == 0.0:
        return 0
    return max(1, round(gap / 2.0 ** (math.frexp(top)[1] - 24)))
