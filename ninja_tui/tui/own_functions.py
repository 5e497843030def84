"""What is told of the ``autograd.Function``s of a person's own network."""

from __future__ import annotations

from ninja_tui.engine.protocol.verdict import WARNING_WORDS, Verdict
from ninja_tui.lesson.locations import place
from ninja_tui.tui.session import Session

REFERENCE = "The reference here is the derivative of what their forward computes."


def sentences(session: Session) -> list[str]:
    """One on each argument of a Function whose backward is wrong, not judged, or worth a word."""
    if session.facts is None:
        return []
    return [_sentence(each, session.lesson.starts) for each in session.facts.functions]


def in_training(session: Session) -> str:
    """That autograd trains through a backward that does not pass; empty where it does not."""
    if session.facts is None:
        return ""
    names = dict.fromkeys(each.gradient.split(" → ")[0] for each in session.facts.functions if not each.passed)
    wrong = ", ".join(names)
    return (
        f"autograd's gradients come through {wrong}, which {'do' if len(names) > 1 else 'does'} not pass"
        if wrong
        else ""
    )


def _sentence(verdict: Verdict, starts: tuple[int, ...]) -> str:
    where = f" ({place(verdict.line, starts)})" if verdict.line else ""
    told = verdict.error or ("" if verdict.diagnosis is None else verdict.diagnosis.message)
    told = told or "; ".join(WARNING_WORDS[each] for each in verdict.warnings if each in WARNING_WORDS)
    return f"{verdict.gradient}{where}: {told or verdict.status}"
