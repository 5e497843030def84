"""What a person reads where gradients are wrong: a few lines for each input, and never two Jacobians."""

from __future__ import annotations

from collections.abc import Sequence

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.formatting import number_text, one_line, shape_text
from ninja_tui.testing.judgement import Judgement

LONGEST_CODE = 100
STATEMENT = "the derivative of this statement", "the derivative of the function"
"""What a lesson has in its statements, a test has in its function."""


def message(name: str, judgements: Sequence[Judgement], *, strict: bool) -> str:
    """All that there is to say on the gradients that ``name`` returned."""
    failing = [each for each in judgements if not is_right(each, strict=strict)]
    total = len(judgements)
    what = "the gradient" if total == 1 else f"{len(failing)} of {total} gradients"
    verb = "is" if total == 1 or len(failing) == 1 else "are"
    wrong = "wrong" if any(each.verdict.status is Status.FAIL for each in failing) else "not right"
    head = f"{name}: {what} {verb} {wrong}"
    rows = [_failing(each) if each in failing else [f"✓ {_input(each)}"] for each in judgements]
    return "\n".join([head, *(line for row in rows for line in row)])


def is_right(judgement: Judgement, *, strict: bool) -> bool:
    """Whether a gradient is right; ``strict``: and there is nothing else to say on it."""
    return judgement.verdict.passed and not (strict and judgement.words)


def _failing(judgement: Judgement) -> list[str]:
    verdict, line = judgement.verdict, judgement.line
    facts = [
        _input(judgement),
        "" if verdict.diagnosis is None else str(verdict.diagnosis.kind),
        "error" if verdict.status is Status.ERROR else "",
        "" if verdict.maxdiff is None or verdict.approximate else f"maxdiff {number_text(verdict.maxdiff)}",
        "" if line is None else line.place,
    ]
    lines = [f"✗ {'  '.join(each for each in facts if each)}"]
    if line is not None and line.code:
        lines.append(f"    {one_line(line.code, LONGEST_CODE)}")
    sentences = _sentences(judgement)
    if not verdict.passed and verdict.shape not in (None, verdict.expected_shape):
        shape = shape_text(verdict.shape)
        sentences += [] if any(shape in each for each in sentences) else [f"its shape is {shape}"]
    return [*lines, *(f"  {one_line(each)}" for each in sentences)]


def _sentences(judgement: Judgement) -> list[str]:
    verdict = judgement.verdict
    if verdict.passed:
        return [*map(str, judgement.words)]
    told = "" if verdict.diagnosis is None else verdict.diagnosis.message.replace(*STATEMENT)
    return [each for each in (verdict.error, told) if each]


def _input(judgement: Judgement) -> str:
    return f"{judgement.name} {shape_text(judgement.verdict.expected_shape)}"
