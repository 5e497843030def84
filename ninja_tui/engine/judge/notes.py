"""Why ``cmp`` and the status disagree, in one sentence."""

from __future__ import annotations

import torch

from ninja_tui.engine.judge.compare import ulps
from ninja_tui.engine.protocol.verdict import Verdict

UPSTREAM_OFF = "right from its upstream gradients; the numbers are off because those are"


def note_on(verdict: Verdict, actual: torch.Tensor, expected: torch.Tensor, hidden_by: tuple[str, ...]) -> str | None:
    """The sentence, or None. ``hidden_by`` are upstream gradients that are 0, and hide what is wrong."""
    if verdict.passed:
        return UPSTREAM_OFF if verdict.adrift else _on_pass(verdict, actual, expected)
    if not verdict.approximate or not bool(torch.isfinite(expected).all()):
        return None
    if verdict.vacuous:
        return "vacuous: the true gradient is 0, and cmp accepts anything below 1e-8; the formula is wrong all the same"
    if hidden_by:
        names = ", ".join(hidden_by)
        return f"cmp accepts it because {names} is 0; what becomes of {names} is wrong all the same"
    return "these numbers are close here, but the formula does not hold with other numbers"


def _on_pass(verdict: Verdict, actual: torch.Tensor, expected: torch.Tensor) -> str | None:
    if verdict.vacuous:
        return "vacuous: the true gradient is 0, so what cmp compares is rounding, and its columns say nothing here"
    if not verdict.approximate and verdict.shape != verdict.expected_shape and verdict.maxdiff is None:
        return "the values are right, in a shape that cmp cannot compare"
    if not verdict.exact:
        off = ulps(actual, expected)
        units = "1 unit" if off == 1 else f"{off} units"
        return f"rounding, not your maths: off by at most {units} in the last place"
    return None
