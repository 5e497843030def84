"""What a sentence claims of a person's own numbers, counted again from the gradients alone."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch

from ninja_tui.engine.judge.case import Case
from ninja_tui.engine.judge.evidence import Observed
from ninja_tui.engine.protocol.worlds import World

CLOSE = 1e-6
ALIKE = 1 - 1.001e-4
"""Of entries that are off by as much, up to rounding, the first is named."""
ENTRIES = r"(?:(?P<count>\d+) of (?P<total>\d+) entries|(?P<every>every entry)|(?P<single>it))"
WORLDS = {
    "with other numbers, ": (World.RANDOM, World.VACUOUS, World.FRESH),
    "for any upstream gradient ": (World.RANDOM,),
}


@dataclass(frozen=True)
class Numbers:
    """An answer beside the right gradient in one world."""

    actual: torch.Tensor
    expected: torch.Tensor
    parts: dict[str, torch.Tensor]
    scalars: dict[str, float]

    @property
    def wrong(self) -> torch.Tensor:
        return (self.actual - self.expected).abs() > 1e-7 * self.expected.abs().max()

    @property
    def nonzero(self) -> torch.Tensor:
        return self.expected.abs() > 1e-12 * self.expected.abs().max()


def numbers(case: Case, observed: Observed, world: World) -> Numbers | None:
    gradient = observed.gradients.get(world)
    if gradient is None:
        return None
    target, statements = case.target(world, observed.node), case.statements(world)
    try:
        actual = gradient.double().expand(target.expected.shape)
    except RuntimeError:
        actual = gradient.double()
    parts = {" ".join(statements.binds(index)): part.double() for index, part in target.parts.items()}
    scalars: dict[str, float] = {}
    for name in (observed.node, *case.upstream(world)):
        for index in statements.consumers(name):
            operands = statements.operands(index)
            scalars |= {key: float(value) for key, value in operands.items() if value.numel() == 1}
    return Numbers(actual, target.expected.double(), parts, scalars)


def claims(case: Case, observed: Observed, message: str) -> tuple[int, list[str]]:
    """How many claims of ``message`` were counted again, and those that are not true."""
    worlds: tuple[World, ...] = (World.LOCAL,)
    for words, others in WORLDS.items():
        if message.startswith(words):
            worlds, message = others, message.removeprefix(words)
    there = [each for world in worlds if (each := numbers(case, observed, world)) is not None]
    if not there:
        return 0, []
    results = [_counted(each, message, case.statements(World.LOCAL).count) for each in there]
    return min(results, key=lambda result: len(result[1]))


def _counted(own: Numbers, message: str, n: int | None) -> tuple[int, list[str]]:
    checks = [
        (rf"{ENTRIES} (?:is|are) off by the factor (?P<factor>.+?)(?:; the others are 0)?$", _factor),
        (rf"{ENTRIES} (?:is|are) off by the same factor", _factor),
        (rf"{ENTRIES} (?:has|have) the wrong sign(?P<rest>; the others are 0|, the others are right)?$", _sign),
        (
            r"the path through `(?P<path>[^`]+)` (?:is off by the factor (?P<factor>.+)|(?P<sign>has the wrong sign))$",
            _path,
        ),
        (r"the path through `(?P<path>[^`]+)` is counted twice", _path),
        (rf"(?:^|: |off in ){ENTRIES} (?:is|are) off, farthest the one at \[(?P<place>[^\]]*)\]", _worst),
        (rf"(?:: )off in {ENTRIES}$", _worst),
        (r"(?P<extra>\d+) of (?P<total>\d+) entries gets? a gradient and should not", _extra),
        (r"(?P<lost>\d+)(?: of (?P<total>\d+) entries)? gets? (?:none|no gradient) and should", _lost),
        (rf"{ENTRIES} (?:is|are) off by (?:the same (?P<offset>[-\d.e+]+)|one and the same number)", _offset),
        (r"not summed over (?P<axes>axis[^:]+):", _not_summed),
        (r"summed too far: over (?P<extra>axis.+?)(?: as well: .*)?$", _over_summed),
        (r"^every entry is 0", _zero),
        (r"not finite", _not_finite),
    ]
    counted, false = 0, []
    for pattern, check in checks:
        found = re.search(pattern, message)
        if found is not None and " on the path through" not in message:
            counted += 1
            if not check(own, found, n):
                false.append(f"{check.__name__}: {message}")
    return counted, false


def _count(own: Numbers, found: re.Match[str], where: torch.Tensor) -> bool:
    groups = found.groupdict()
    if groups.get("single"):
        return where.numel() == 1
    if groups.get("every"):
        return bool(where.all())
    return (int(found["count"]), int(found["total"])) == (int(where.sum().item()), where.numel())


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool((one - other).abs().max() <= CLOSE * max(float(other.abs().max()), float(one.abs().max())))


def _ratio(actual: torch.Tensor, expected: torch.Tensor) -> float:
    return float((actual * expected).sum() / (expected * expected).sum())


def _factor(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    factor = _ratio(own.actual, own.expected)
    named = found.groupdict().get("factor")
    right = named is None or _is(factor, named, own, n)
    return right and _same(own.actual, factor * own.expected) and _count(own, found, own.nonzero)


def _is(factor: float, named: str, own: Numbers, n: int | None) -> bool:
    """Whether a factor is what it is called."""
    sign = -1.0 if named.startswith("-") else 1.0
    named = named.removeprefix("-")
    for name, value in re.findall(r"`([^`]+)` = ([-\d.e+]+)", named):
        if name not in own.scalars or not math.isclose(own.scalars[name], float(value), rel_tol=1e-5):
            return False
    formula = re.sub(r"^n = \d+$", "n", named.split(", with")[0])
    formula = re.sub(r"^`([^`]+)` = .*$", r"\1", formula).replace("`", "")
    formula = re.sub(r"1 over the square root of (\d+)", r"\1**-0.5", formula)
    formula = re.sub(r"the square root of (\d+)", r"\1**0.5", formula).replace(" squared", "**2")
    value = eval(formula, {"__builtins__": {}}, {**own.scalars, **({"n": n} if n else {})})
    return math.isclose(factor, sign * value, rel_tol=1e-5)


def _sign(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    if found["rest"] == ", the others are right":
        return _same(own.actual[own.wrong], -own.expected[own.wrong]) and _count(own, found, own.wrong)
    return _same(own.actual, -own.expected) and _count(own, found, own.nonzero)


def _path(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    part = own.parts[found["path"]]
    rest = own.actual - (own.expected - part)
    if not bool((part.abs() > 1e-7 * own.expected.abs().max()).any()):
        return True  # nothing of it is to be seen here
    factor, groups = _ratio(rest, part), found.groupdict()
    if not _same(rest + own.expected, factor * part + own.expected):
        return True  # another path is off as well
    if groups.get("sign"):
        return math.isclose(factor, -1.0, rel_tol=1e-4)
    return _is(factor, groups["factor"], own, n) if groups.get("factor") else math.isclose(factor, 2.0, rel_tol=1e-4)


def _worst(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    gap = (own.actual - own.expected).abs()
    place = found.groupdict().get("place")
    farthest = place is None or gap[tuple(int(each) for each in place.split(", "))] >= ALIKE * gap.max()
    return bool(farthest) and _count(own, found, own.wrong)


def _extra(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    return int(found["extra"]) == int((own.wrong & ~own.nonzero).sum()) and int(found["total"]) == own.wrong.numel()


def _lost(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    none = own.actual.abs() <= 1e-7 * own.expected.abs().max()
    return int(found["lost"]) == int((none & own.nonzero).sum())


def _offset(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    gaps = (own.actual - own.expected)[own.wrong]
    told = found["offset"] is None or math.isclose(float(gaps[0]), float(found["offset"]), rel_tol=1e-5)
    return (
        told and bool((gaps - gaps[0]).abs().max() <= 1e-6 * own.expected.abs().max()) and _count(own, found, own.wrong)
    )


def _not_summed(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    summed = own.actual.sum_to_size(own.expected.shape)
    axes = {int(axis) for axis in re.findall(r"axis (\d+)", found["axes"])}
    lead = own.actual.dim() - own.expected.dim()
    padded = (*[1] * lead, *own.expected.shape)
    long = {axis for axis in range(own.actual.dim()) if padded[axis] == 1 and own.actual.shape[axis] > 1}
    wanted = [own.expected, *own.parts.values()]
    return long <= axes and any(_same(summed, _ratio(summed, each) * each) for each in wanted)


def _over_summed(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    """All along those axes of the tensor is alike: the sum was spread over it again, or is one number."""
    different = len(set(own.actual.reshape(-1).tolist()))
    return own.actual.numel() < own.expected.numel() or different < own.actual.numel()


def _zero(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    return bool(own.actual.abs().max() <= 1e-9 * own.expected.abs().max())


def _not_finite(own: Numbers, found: re.Match[str], n: int | None) -> bool:
    return not bool(torch.isfinite(own.actual).all() and torch.isfinite(own.expected).all())
