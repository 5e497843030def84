"""What there is to say on an answer, in sentences."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import WARNING_WORDS, Verdict, Warning


def sentences_on(verdict: Verdict) -> list[str]:
    """What there is to say on an answer: an error, the diagnosis, a shape, why ``cmp`` and the status disagree."""
    reads_grad = verdict.diagnosis is not None and verdict.diagnosis.kind == "reads-grad"
    words = [verdict.error] if verdict.error and not reads_grad else []
    if verdict.diagnosis is not None:
        words.append(verdict.diagnosis.message)
    words += about_warnings(verdict)
    if verdict.note:
        words.append(verdict.note)
    return list(dict.fromkeys(words))


def about_warnings(verdict: Verdict) -> list[str]:
    """What there is to say on its warnings."""
    words = []
    if verdict.passed and verdict.shape != verdict.expected_shape and Warning.SUMMED in verdict.warnings:
        words.append(f"shape {verdict.shape} for {verdict.expected_shape}")
    elif verdict.passed and verdict.shape != verdict.expected_shape:
        words.append(f"a gradient has its tensor's shape: {verdict.expected_shape}, not {verdict.shape}")
    if verdict.probe and any(w in (Warning.STRUCTURE, Warning.CLOSED_FORM) for w in verdict.warnings):
        words.append(verdict.probe)
    return words + [WARNING_WORDS[warning] for warning in verdict.warnings if warning in WARNING_WORDS]
