"""Mistakes in a closed form at the head of the backward pass: the gradient of a step that ends in the loss.

A fused loss is one step, and nothing flows in but 1: what the answer is to be, the numbers of two worlds tell.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from ninja_tui.engine.judge.attempt import Attempt
from ninja_tui.engine.judge.compare import CLOSE, largest_entry
from ninja_tui.engine.judge.finding import Finding
from ninja_tui.engine.judge.fitting import weights_of
from ninja_tui.engine.judge.plain_mistakes import entries, nonzero
from ninja_tui.engine.protocol.verdict import Kind
from ninja_tui.engine.protocol.worlds import World

SPARE = 2
"""So many more numbers than unknowns make a fit certain."""
LOOSE = 1e-6


def closed_form(attempt: Attempt) -> Finding | None:
    """What is wrong in the closed form of a step to the loss."""
    if attempt.has_upstream or attempt.vacuous or attempt.fitted() is None:
        return None
    return (
        _constant(attempt)
        or _of_operands(attempt)
        or _turned(attempt)
        or _function_left_out(attempt)
        or _by_rows_and_columns(attempt)
        or _rest(attempt)
    )


def _found(attempt: Attempt, kind: Kind, message: str) -> Finding:
    return Finding(kind, message, frozenset(attempt.consumers))


def _pair(attempt: Attempt) -> list[Attempt]:
    """The person's own numbers, and others."""
    return [each for world in (World.LOCAL, World.FRESH) if (each := attempt.in_world(world)) is not None]


def _constant(attempt: Attempt) -> Finding | None:
    """The same in two worlds, or the same in every entry."""
    pair = _pair(attempt)
    if len(pair) < 2:
        return None
    home, other = pair
    if home.actual.shape == other.actual.shape and largest_entry(home.actual - other.actual) <= CLOSE * largest_entry(
        home.actual
    ):
        one = len(set(home.actual.reshape(-1).tolist())) == 1
        what = "one and the same number, " if one and home.actual.numel() > 1 else ""
        message = f"it is {what}the same whatever the parameters are, and the gradient is not: {attempt.worst()}"
        return _found(attempt, Kind.WRONG_DERIVATIVE, message)
    return None


def _of_operands(attempt: Attempt) -> Finding | None:
    """The gradient is made of tensors that stand in the step, and another multiple of one of them is in the answer."""
    names = _alike(attempt)
    more = [each for each in attempt.tensors if each in attempt.evidence.traits.depends and each not in names]
    more = [each for each in more if attempt.tensors[each].shape == attempt.expected.shape]
    return _made_of(attempt, names) or (_made_of(attempt, [*names, *more]) if more else None)


def _made_of(attempt: Attempt, names: list[str]) -> Finding | None:
    pair = _pair(attempt)
    if len(pair) < 2 or len(names) < 2:
        return None
    right = _fit([each.expected for each in pair], pair, names)
    given = _fit([each.actual for each in pair], pair, names)
    if right is None or given is None:
        return None
    off = [name for name in names if not _equal(right[name], given[name])]
    told = [_term(attempt.shown_name(name), right[name], given[name]) for name in off]
    kept = [name for name in names if right[name] and name not in off]
    kind = told[0][0] if len({kind for kind, _ in told}) == 1 else Kind.WRONG_DERIVATIVE
    rest = f"; that of {', '.join(f'`{attempt.shown_name(name)}`' for name in kept)} is right" if kept else ""
    return _found(attempt, kind, ", ".join(words for _, words in told) + rest) if told else None


def _term(name: str, right: float, given: float) -> tuple[Kind, str]:
    if not given:
        return Kind.MISSING_PATH, f"the term of `{name}` is missing"
    if not right:
        return Kind.EXTRA_PATH, f"a multiple of `{name}` is in it and should not be"
    if _equal(given, -right):
        return Kind.SIGN, f"the term of `{name}` has the wrong sign"
    return Kind.SCALE, f"the term of `{name}` is off by a factor"


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= LOOSE * max(abs(one), abs(other))


def _alike(attempt: Attempt) -> list[str]:
    """The tensors of the node's shape that stand in its steps."""
    found: dict[str, None] = {}
    for index in attempt.consumers:
        for name, value in attempt.statements.operands(index).items():
            if value.shape == attempt.expected.shape and name not in attempt.statements.binds(index):
                found[name] = None
    return list(found)


def _fit(values: list[torch.Tensor], pair: list[Attempt], names: list[str]) -> dict[str, float] | None:
    """The factors, one for both worlds, with which the tensors ``names`` add up to ``values``."""
    columns = [torch.cat([_operand(each, name).reshape(-1) for each in pair]) for name in names]
    whole = torch.cat([each.reshape(-1) for each in values])
    if whole.numel() < len(columns) + SPARE:
        return None
    weights = weights_of(whole, columns)
    return None if weights is None else dict(zip(names, weights, strict=True))


def _operand(attempt: Attempt, name: str) -> torch.Tensor:
    for index in attempt.consumers:
        operands = attempt.statements.operands(index)
        if name in operands:
            return operands[name].double()
    return attempt.tensors[name]


def _picked(attempt: Attempt) -> torch.Tensor | None:
    """The entries that a target picks: one in each row of an axis is of the other sign than all others."""
    expected = attempt.expected
    for sign in (expected < 0, expected > 0):
        for axis in reversed(range(expected.dim())):
            if expected.shape[axis] > 2 and bool((sign.sum(axis) == 1).all()):
                return sign
    return None


def _turned(attempt: Attempt) -> Finding | None:
    """Many entries have the wrong sign, and the others are off by something else."""
    told, where = attempt.told()
    actual = told.fitted()
    if actual is None:
        return None
    live = nonzero(told.expected)
    turned = live & ~told.differs(-actual, told.expected)
    if 2 * int(turned.sum().item()) < told.expected.numel() or bool(turned.all()):
        return None
    subject, verb = entries(turned)
    picked = _picked(told)
    others = "those picked are off too" if picked is not None and bool((picked == ~turned).all()) else "others are off"
    has = "has" if verb == "is" else "have"
    return _found(attempt, Kind.SIGN, f"{where}{subject} {has} the wrong sign; {others}")


def _function_left_out(attempt: Attempt) -> Finding | None:
    """Apart from what is picked it is a multiple of a tensor of the step, and should be a function of it."""
    told, where = attempt.told()
    actual, picked = told.fitted(), _picked(told)
    for name in _alike(told):
        for others in [torch.ones_like(told.expected, dtype=torch.bool), *([] if picked is None else [~picked])]:
            value = _operand(told, name)[others]
            given = None if actual is None else actual[others]
            if given is None or given.numel() < 1 + SPARE:
                continue
            square = float((value * value).sum().item())
            factor = float((given * value).sum().item()) / square if square else 0.0
            if factor and largest_entry(given - factor * value) <= CLOSE * largest_entry(given):
                beside = "" if bool(others.all()) else "apart from the entries that are picked, "
                message = f"{where}{beside}it is a multiple of `{told.shown_name(name)}` and not of a function of it"
                return _found(attempt, Kind.WRONG_DERIVATIVE, message)
    return None


def _by_rows_and_columns(attempt: Attempt) -> Finding | None:
    """Each row, or column, or both, has a factor of its own: normalized along another axis, or not at all."""
    told, where = attempt.told()
    actual, expected = told.fitted(), told.expected
    if actual is None or expected.dim() != 2:
        return None
    likely, picked = (actual * expected > 0) & nonzero(expected), _picked(told)
    if picked is not None:
        likely &= ~picked
    rows, columns = expected.shape
    if 2 * int(likely.sum().item()) < expected.numel() or int(likely.sum().item()) < rows + columns + SPARE - 1:
        return None
    places = likely.nonzero()
    ratio = (actual[likely] / expected[likely]).log()
    if largest_entry(ratio - ratio.mean()) <= LOOSE:
        return None
    by_row = torch.nn.functional.one_hot(places[:, 0], rows).double()
    by_column = torch.nn.functional.one_hot(places[:, 1], columns).double()
    choices = (
        ([by_row], "each row is off by a factor of its own"),
        ([by_column], "each column is off by a factor of its own"),
        ([by_row, by_column], "each row and each column is off by a factor of its own: another axis is summed over"),
    )
    for tables, words in choices:
        table = torch.cat(tables, 1)
        fitted = table @ torch.linalg.pinv(table) @ ratio
        if largest_entry(fitted - ratio) <= LOOSE:
            beside = "" if bool(likely.all()) else f", counted over {int(likely.sum())} of {likely.numel()} entries"
            return _found(attempt, Kind.WRONG_DERIVATIVE, f"{where}{words}{beside}")
    return None


def _rest(attempt: Attempt) -> Finding:
    """How many entries are off, whether they are those picked, and along which axis it adds up to 0 no more."""
    told, where = attempt.told()
    words = [
        told.farthest() if told.expected.numel() > 1 else "this step to the loss gives another number",
        *_about_picks(told),
        *_about_sums(told),
    ]
    return _found(attempt, Kind.WRONG_DERIVATIVE, where + "; ".join(words))


def _about_picks(told: Attempt) -> Iterator[str]:
    actual, picked = told.fitted(), _picked(told)
    if actual is None or picked is None:
        return
    wrong = told.differs(actual, told.expected)
    if bool((wrong == picked).all()):
        values = set(actual[picked].tolist())
        yield "those that are picked, one in each row" + (f": all are {values.pop():g}" if len(values) == 1 else "")
    elif bool((wrong == ~picked).all()):
        yield "all but those that are picked"


def _about_sums(told: Attempt) -> Iterator[str]:
    actual, expected = told.fitted(), told.expected
    if actual is None or expected.numel() < 2:
        return
    for axis in range(expected.dim()):
        least = LOOSE * largest_entry(expected)
        if expected.shape[axis] > 1 and largest_entry(expected.sum(axis)) <= least < largest_entry(actual.sum(axis)):
            yield f"along axis {axis} it must add up to 0, and does not"
            return
