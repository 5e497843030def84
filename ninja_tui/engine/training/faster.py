"""What takes a large part of a step, why, and what was tried and does the same faster."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from ninja_tui.engine.judge.compare import largest_entry
from ninja_tui.engine.recording.execution import Namespace
from ninja_tui.engine.training.messages import Faster, StatementCost
from ninja_tui.engine.training.step import Part, StepFragment
from ninja_tui.engine.training.stepping import Stepwise
from ninja_tui.lesson.syntax.vectorize import cause, vectorized

HEAVY = 1 / 3
"""The part of a step from which on a statement is looked at."""
TRIES = 3
ROUNDING = 1e-4
"""Relative to the largest entry: what another order of a sum may change in float32."""
WORTH_IT = 0.5
"""Another statement is only told of if it takes at most this part of the time."""


def costs_of(stepwise: Stepwise, namespace: Namespace, seconds: Sequence[float]) -> tuple[StatementCost, ...]:
    """The cost of each statement; for an answer's that takes ``HEAVY`` of the step, why, and what does it faster."""
    total = sum(seconds)
    costs: list[StatementCost] = []
    for number, (statement, spent) in enumerate(zip(stepwise.statements, seconds, strict=True)):
        why, faster = None, None
        if statement.part is Part.ANSWERS and spent >= HEAVY * total:
            why = cause(statement.statements[0])
            faster = _faster(stepwise, namespace, number, spent)
        costs.append(StatementCost(statement.part, statement.shown_code, statement.line, spent, why, faster))
    return tuple(costs)


def _faster(stepwise: Stepwise, namespace: Namespace, number: int, seconds: float) -> Faster | None:
    """The first candidate that gives, from the names before statement ``number``, what the statement gives."""
    statement = stepwise.statements[number]
    candidates = vectorized(statement.statements[0])
    tried: list[Faster] = []

    def after(ended: int, run: Namespace) -> None:
        if ended == number - 1:
            later = stepwise.statements[number + 1 :]
            faster = (_tried(statement, code, run, later) for code in candidates)
            tried.extend(each for each in faster if each is not None and each.seconds < WORTH_IT * seconds)

    if candidates:
        stepwise.step(namespace, 0.0, after)
    return tried[0] if tried else None


def _tried(statement: StepFragment, code: str, run: Namespace, later: Sequence[StepFragment]) -> Faster | None:
    """``code`` with its time, if it binds the tensors that ``statement`` binds, as far as ``later`` ones read them."""
    candidate = StepFragment.generated(Part.ANSWERS, code)
    needed = {name for name in statement.binds if any(name in each.reads for each in later)} | candidate.binds
    try:
        wanted, _ = _run(statement, run, statement.binds)
        given, seconds = min((_run(candidate, run, statement.binds) for _ in range(TRIES)), key=lambda each: each[1])
    except Exception:
        return None
    same = all(_same(wanted.get(name), given.get(name)) for name in needed)
    return Faster(code, seconds) if same and candidate.binds <= statement.binds else None


def _run(statement: StepFragment, run: Namespace, changed: frozenset[str]) -> tuple[Namespace, float]:
    """The names after ``statement``, and the seconds that it took; what it changes are copies."""
    names = {
        name: value.clone() if name in changed and isinstance(value, torch.Tensor) else value
        for name, value in run.items()
    }
    code = compile(statement.module(), "<answers>", "exec")
    with torch.no_grad():
        began = time.perf_counter()
        exec(code, names)
    return names, time.perf_counter() - began


def _same(one: object, other: object) -> bool:
    if not isinstance(one, torch.Tensor) or not isinstance(other, torch.Tensor):
        return False
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return largest_entry(one - other) <= ROUNDING * largest_entry(one)
