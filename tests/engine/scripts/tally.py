"""The judge's word beside the truth: escapes, mistakes without a kind, false alarms, gradients left unjudged.

A wrong gradient that passes has escaped; one that no row is about is not told, which is no better for the person.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.engine.scripts.judging import Judgement, Row, judge_scripts
from tests.engine.scripts.right import Variant, variants
from tests.engine.scripts.script import Script
from tests.engine.scripts.wrong import Mutant, mutants

EVERY = int(os.environ.get("CORPUS_EVERY", "1"))
"""Judge only every so manieth text."""
WRONG = ("fail", "error", "timeout")
MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """A text on which the judge is wrong, or says less than it should, and how."""

    rule: str
    code: str
    said: str
    text: str


@dataclass(frozen=True)
class Tally:
    """One network's figures. ``as_expected`` of ``with_kind`` mutants were told by an expected kind."""

    script: str
    mutants: int
    right: int
    escapes: tuple[Finding, ...]
    untold: tuple[Finding, ...]
    unknown: tuple[Finding, ...]
    other_kinds: tuple[Finding, ...]
    with_kind: int
    spoilt: tuple[Finding, ...]
    false_alarms: tuple[Finding, ...]
    unjudged: tuple[Finding, ...]


def tally(script: Script) -> Tally:
    """Judges the mutants and the variants of ``script``."""
    wrong, right = mutants(script)[::EVERY], variants(script)[::EVERY]
    judged = judge_scripts([*(each.text for each in wrong), *(each.text for each in right)])
    return counted(script, wrong, right, judged)


def counted(script: Script, wrong: Sequence[Mutant], right: Sequence[Variant], judged: Sequence[Judgement]) -> Tally:
    """The figures for judgements of ``wrong``, and then of ``right``."""
    told = list(zip(wrong, judged[: len(wrong)], strict=True))
    caught = [(mutant, judgement, failing(mutant, script, judgement)) for mutant, judgement in told]
    clear = [(mutant, judgement, rows) for mutant, judgement, rows in caught if rows and mutant.kinds]
    passed = list(zip(right, judged[len(wrong) :], strict=True))
    return Tally(
        script=script.name,
        mutants=len(wrong),
        right=len(right),
        escapes=tuple(
            _finding(m, judgement) for m, judgement, rows in caught if not rows and _judged(m, script, judgement)
        ),
        untold=tuple(
            _finding(m, judgement) for m, judgement, rows in caught if not rows and not _judged(m, script, judgement)
        ),
        unknown=tuple(_finding(m, judgement) for m, judgement, rows in caught if rows and _unknown(rows)),
        other_kinds=tuple(
            _finding(m, judgement) for m, judgement, rows in clear if not m.kinds & {row.kind for row in rows}
        ),
        with_kind=len(clear),
        spoilt=tuple(
            _finding(mutant, judgement)
            for mutant, judgement, rows in caught
            if any(row.status in WRONG and row not in rows for row in judgement.rows)
        ),
        false_alarms=tuple(_finding(each, judgement) for each, judgement in passed if _alarms(judgement)),
        unjudged=tuple(_finding(each, judgement) for each, judgement in passed if unjudged(each.gradients, judgement)),
    )


def failing(mutant: Mutant, script: Script, judgement: Judgement) -> list[Row]:
    """The rows that tell of the mutant: its own gradient's, or any where the place of its mistake is not one."""
    wrong = [row for row in judgement.rows if row.status in WRONG]
    tensor = script.gradients.get(mutant.gradient)
    own = [row for row in wrong if concerns(row, mutant.gradient, tensor)]
    return own or (wrong if mutant.anywhere else [])


def _judged(mutant: Mutant, script: Script, judgement: Judgement) -> bool:
    """Whether there are rows in which the mutant should have been told."""
    if mutant.anywhere:
        return not unjudged(script.gradients, judgement)
    return not unjudged({mutant.gradient: script.gradients[mutant.gradient]}, judgement)


def _unknown(rows: list[Row]) -> bool:
    return all(row.status == "fail" and row.kind in ("", "unknown") for row in rows)


def _alarms(judgement: Judgement) -> list[Row]:
    return [row for row in judgement.rows if row.status in WRONG]


def unjudged(gradients: Mapping[str, str], judgement: Judgement) -> list[str]:
    """The gradients that no row is about."""
    judged = [row for row in judgement.rows if row.status != MISSING]
    return [
        gradient for gradient, tensor in gradients.items() if not any(concerns(row, gradient, tensor) for row in judged)
    ]


def concerns(row: Row, gradient: str, tensor: str | None) -> bool:
    """Whether ``row`` is about ``gradient``, or about the tensor that it belongs to."""
    if _bare(row.gradient) == _bare(gradient):
        return True
    if tensor is None:
        return row.gradient.partition("[")[0] == gradient.partition("[")[0]
    node = row.node.partition("[t=")[0].replace('"', "'")
    return node == tensor or tensor.endswith(f".{node}")


def _bare(name: str) -> str:
    return name.replace('"', "'").replace(" ", "")


def _finding(of: Mutant | Variant, judgement: Judgement) -> Finding:
    rows = ", ".join(f"{row.gradient} {row.status} {row.kind} {row.said}".strip() for row in judgement.rows)
    return Finding(of.rule, of.code, f"{rows} {judgement.error}".strip(), of.text)
