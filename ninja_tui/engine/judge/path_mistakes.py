"""Mistakes in the sum over a node's consumers: paths that are missing, doubled, or have another upstream gradient."""

from __future__ import annotations

import math

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry, same
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import factor_of, multiple_of, subsets, weights_of
from ninja_tui.engine.judge.plain_mistakes import NOTHING
from ninja_tui.engine.judge.scaling import scaled, whole_factor
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World


def left_out(attempt: Attempt) -> Finding | None:
    """Some of the paths, each as it should be, and nothing of the others."""
    actual = attempt.fitted()
    if actual is None or len(attempt.parts) < 2 or whole_factor(attempt) is not None:
        return None
    factors = weights_of(actual, list(attempt.parts.values()))
    if factors is None or {*factors} != {0.0, 1.0}:
        return None
    by = dict(zip(attempt.parts, factors, strict=True))
    return _missing(attempt, by, frozenset(index for index, factor in by.items() if factor))


def weights(attempt: Attempt) -> Finding | None:
    """Each path with a factor: 0 is missing, 2 is double, -1 a sign, another a scale."""
    actual = attempt.fitted()
    if actual is None:
        return None
    whole = whole_factor(attempt)
    if whole is not None:
        return scaled(attempt, whole, "", frozenset(attempt.consumers))
    factors = weights_of(actual, list(attempt.parts.values()))
    if factors is None:
        return None
    if not any(factors) and not attempt.uses_upstream and attempt.has_upstream:
        return without_upstream(attempt)
    by = dict(zip(attempt.parts, factors, strict=True))
    there = frozenset(index for index, factor in by.items() if factor != 0)
    if any(factor == 0 for factor in factors) and all(factor in (0.0, 1.0, -1.0) for factor in factors):
        return _missing(attempt, by, there)
    index, factor = next((index, factor) for index, factor in by.items() if factor != 1.0)
    if factor == 2.0:
        return Finding(Kind.EXTRA_PATH, f"the path through {attempt.consumer_names([index])} is counted twice", there)
    if factor == 0.0:
        return _missing(attempt, by, there)
    at_home = _weights_at_home(attempt)
    home = None if at_home is None else at_home.get(index)
    return scaled(attempt, (factor, home), f"the path through {attempt.consumer_names([index])}", there)


def own_factor(attempt: Attempt) -> Finding | None:
    """A factor that a person's own numbers show, and random upstream gradients do not: these are of another form."""
    home, other = attempt.at_home(), attempt.elsewhere(World.FRESH)
    if home.right or attempt.vacuous or other is None or attempt.expected.numel() < 2:
        return None
    factor, there = (multiple_of(each.actual, each.expected) for each in (home, other))
    if factor is None or there is None or not math.isclose(factor, there, rel_tol=CLOSE):
        return None
    return scaled(home, (factor, factor), "", frozenset(attempt.consumers))


def _missing(attempt: Attempt, by: dict[int, float], there: frozenset[int]) -> Finding:
    missing = [index for index, factor in by.items() if factor == 0]
    ones = f"the one{'s' if len(missing) > 1 else ''} through {attempt.consumer_names(missing)}"
    return Finding(Kind.MISSING_PATH, f"{len(there)} of {len(by)} paths; missing: {ones}", there)


def _weights_at_home(attempt: Attempt) -> dict[int, float] | None:
    """The factors as the person's own numbers have them; None where these do not show them."""
    home = attempt.at_home()
    actual = home.fitted()
    factors = None if actual is None else weights_of(actual, list(home.parts.values()))
    return None if factors is None else dict(zip(home.parts, factors, strict=True))


def other_upstream(attempt: Attempt) -> Finding | None:
    """Another gradient, or nothing, stands where a consumer's belongs: in all paths, or in one."""
    actual = attempt.fitted()
    if actual is None or not attempt.has_upstream:
        return None
    nodes = attempt.targets.upstream(World.FLOAT32)
    read = [name for name in attempt.upstream_read if name in nodes]
    for index in attempt.parts:
        bound = [name for name in attempt.statements.binds(index) if name in attempt.upstream]
        rest = [part for other, part in attempt.parts.items() if other != index]
        shape = attempt.upstream[bound[0]].shape if bound else None
        shown = [attempt.shown_gradient(name) for name in bound]
        if all(_is_silent(attempt, name) for name in bound):
            continue  # a path that is silent here shows nothing
        for other in (*read, None):
            if other is not None and (attempt.shown_gradient(other) in shown or attempt.upstream[other].shape != shape):
                continue
            instead = {
                name: torch.ones_like(attempt.upstream[name]) if other is None else attempt.upstream[other]
                for name in bound
            }
            part = attempt.statements.contributions(attempt.node, {**attempt.upstream, **instead}).get(index)
            if part is None or part.shape != actual.shape:
                continue
            factor = factor_of(actual, part)
            if factor is None and not _holds_first(actual, [part, *rest]):
                continue
            if other is None and factor is not None and not _is_constant(attempt, index, factor):
                continue
            right = ", ".join(shown)
            if other is not None:
                it = attempt.shown_gradient(other)
                return Finding(Kind.NO_UPSTREAM, f"{it} stands where the upstream gradient {right} belongs")
            return Finding(Kind.NO_UPSTREAM, f"the local derivative alone, without the upstream gradient {right}")
    ones = attempt.ones()
    everywhere = list(attempt.statements.contributions(attempt.node, ones).values())
    if len(everywhere) > 1 and same(actual, torch.stack(everywhere).sum(0)):
        return Finding(Kind.NO_UPSTREAM, "the local derivatives alone, without any upstream gradient")
    return None


def _is_silent(attempt: Attempt, name: str) -> bool:
    """Whether an upstream gradient is 0 up to rounding, as seen from the largest."""
    largest = max(map(largest_entry, attempt.upstream.values()), default=0.0)
    return largest_entry(attempt.upstream[name]) <= NOTHING * largest


def _is_constant(attempt: Attempt, index: int, factor: float) -> bool:
    """Whether an answer is so many times a local derivative elsewhere too: else the factor is made of the upstream."""
    there = attempt.elsewhere(World.FRESH, World.LOCAL)
    if there is None or factor == 1.0:
        return True
    ones = {name: torch.ones_like(there.upstream[name]) for name in there.bound_by(index)}
    part = there.statements.contributions(there.node, {**there.upstream, **ones}).get(index)
    again = None if part is None else factor_of(there.actual, part)
    return again is not None and math.isclose(again, factor, rel_tol=CLOSE)


def _holds_first(actual: torch.Tensor, parts: list[torch.Tensor]) -> bool:
    """Whether ``actual`` is a sum of ``parts``, the first of which is really in it."""
    factors = weights_of(actual, parts) if len(parts) > 1 else None
    return factors is not None and factors[0] != 0


def without_upstream(attempt: Attempt) -> Finding | None:
    """The local derivative alone."""
    if attempt.uses_upstream or not attempt.has_upstream:
        return None
    random = attempt.targets.upstream(World.RANDOM)
    if attempt.evidence.traits.depends & {attempt.gradient_name(name) for name in random}:
        return None
    names = ", ".join(
        attempt.shown_gradient(name) for index in attempt.consumers for name in attempt.statements.binds(index)
    )
    if attempt.evidence.node in attempt.targets.vacuous:
        why = "the true gradient is 0, and only a formula of that could be told right from wrong"
    else:
        why = f"as a closed form it is wrong: {attempt.worst()}"
    return Finding(Kind.NO_UPSTREAM, f"it reads no upstream gradient ({names}), and {why}")


def path_summed(attempt: Attempt) -> Finding | None:
    """One of several paths is summed too far."""
    actual = attempt.fitted()
    if actual is None or len(attempt.parts) < 2 or not attempt.uses_upstream:
        return None
    for index, part in attempt.parts.items():
        if not any(
            attempt.gradient_name(name) in attempt.evidence.traits.depends for name in attempt.statements.binds(index)
        ):
            continue
        rest = actual - sum((other for key, other in attempt.parts.items() if key != index), torch.zeros_like(part))
        for axes in subsets(part.dim()):
            if axes and factor_of(rest, part.sum(axes, keepdim=True).expand(part.shape)) is not None:
                message = f"the path through {attempt.consumer_names([index])} is summed too far"
                return Finding(Kind.OVER_SUMMED, message, frozenset(attempt.consumers))
    return None


def other_path(attempt: Attempt) -> Finding | None:
    """A gradient that has no business here is in it."""
    actual = attempt.fitted()
    if actual is None:
        return None
    for name, tensor in attempt.upstream.items():
        if name not in attempt.upstream_read or tensor.shape != actual.shape:
            continue
        factor = factor_of(actual - attempt.expected, tensor)
        belongs = any(name in attempt.bound_by(index) for index in attempt.consumers)
        if factor is None or (belongs and factor < 0) or not _again(attempt, name, factor):
            continue
        gradient = attempt.shown_gradient(name)
        how = "is in it once more than it should be" if belongs else "is in it and should not be"
        return Finding(Kind.EXTRA_PATH, f"{gradient} {how}, or not like this", frozenset(attempt.consumers))
    return None


def beside_its_own(attempt: Attempt) -> Finding | None:
    """All is right, and what is done with a consumer's upstream gradient is done with another one as well."""
    actual = attempt.fitted()
    if actual is None or actual.numel() < 2 or not attempt.has_upstream:
        return None
    gap, nodes = actual - attempt.expected, attempt.targets.upstream(World.FLOAT32)
    for index in attempt.parts:
        bound = attempt.bound_by(index)
        if len(bound) != 1 or _is_silent(attempt, bound[0]):
            continue
        for name in attempt.upstream_read:
            tensor = attempt.upstream[name]
            if name not in nodes or name in bound or tensor.shape != attempt.upstream[bound[0]].shape:
                continue
            instead = {**attempt.upstream, bound[0]: tensor}
            part = attempt.statements.contributions(attempt.node, instead).get(index)
            if part is None or part.shape != gap.shape or factor_of(gap, part) != 1.0:
                continue
            extra, own = attempt.shown_gradient(name), attempt.shown_gradient(bound[0])
            message = f"{extra} is in it beside the upstream gradient {own}, and should not be"
            return Finding(Kind.EXTRA_PATH, message, frozenset(attempt.consumers))
    return None


def _again(attempt: Attempt, name: str, factor: float) -> bool:
    """Whether another world shows the same, where a single number may show it by chance."""
    if attempt.actual.numel() > 1:
        return True
    if attempt.at_home().right:
        return False
    other = attempt.elsewhere(World.FRESH, World.LOCAL)
    return other is not None and factor_of(other.actual - other.expected, other.upstream[name]) == factor
