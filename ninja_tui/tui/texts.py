"""Sentences about the session, for the title and the message under the prompt."""

from __future__ import annotations

from textual.content import Content

from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import WARNING_WORDS, Verdict
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.tui.session import Phase, Session

SEPARATOR = "  ·  "


def title(session: Session | None, lesson: str, progress: str) -> Content:
    """The place in the walk and how many nodes pass; ``progress`` says what is still being waited for."""
    parts = [("ninja-tui", "bold $primary"), (f"  {lesson}", "")]
    if session is not None:
        parts.append((f"{SEPARATOR}{_place(session)}", "bold"))
        parts.append((f"{SEPARATOR}{session.passed}/{len(session.lesson.asks)} pass", ""))
        if session.facts is not None:
            parts.append((f"{SEPARATOR}loss {session.facts.loss:.4f}", "dim"))
    if progress:
        parts.append((f"{SEPARATOR}{progress}…", "$text-warning"))
    return Content.assemble(*parts)


def _place(session: Session) -> str:
    statements, asks = len(session.lesson.statements), len(session.lesson.asks)
    if session.phase is Phase.FORWARD:
        return f"forward {session.position + 1}/{statements}"
    if session.node is not None:
        return f"backward {session.position - statements}/{asks} {session.node.name}"
    return "the turn" if session.phase is Phase.TURN else "the finish"


def next_steps(session: Session) -> str:
    """The prompt's message where there is nothing to type."""
    if session.phase is Phase.FORWARD:
        keys = "the way forward: Enter or n steps on, p back, t goes to the turn"
        return f"{keys}\n{lessons(session)}" if session.position == 0 and session.catalogue else keys
    if session.phase is Phase.TURN:
        first = session.lesson.gradients[session.lesson.asks[0]]
        return f"the turn: from here back, node by node; Enter or n goes to {first}"
    return "the finish: p goes back, / finds a node"


def lessons(session: Session) -> str:
    """All lessons, each with its count of answers; the open one is marked."""
    counts = [
        f"{'▸' if each.name == session.lesson.name else ''}{each.name} {answered(session, each)}/{each.asked}"
        for each in session.catalogue
    ]
    return f"lessons (l): {'  '.join(counts)}"


def answered(session: Session, lesson: LessonSummary) -> int:
    """How many answers there are for a lesson: for the open one as it is now."""
    if lesson.name != session.lesson.name:
        return lesson.answered
    return sum(1 for node in session.lesson.asks if session.entry(node).code)


def verdict_message(session: Session, judged: Judged) -> str:
    """Under a verdict: the error or the diagnosis, the next step, the upstream gradients, the output."""
    verdict = judged.verdict
    parts = [verdict.error] if verdict.error else []
    if len(verdict.paths) > 1 and not verdict.passed:
        parts.append(_paths(verdict))
    if verdict.diagnosis is not None:
        parts.append(f"{verdict.diagnosis.kind}: {verdict.diagnosis.message}")
    if verdict.error:
        return SEPARATOR.join(parts)
    if verdict.passed and verdict.shape != verdict.expected_shape:
        parts.append(f"passes, but a gradient has its tensor's shape, {verdict.expected_shape}")
    if verdict.passed and session.entry(judged.node).code == judged.code:
        parts.append("submitted: Enter or F8 goes on")
    elif verdict.passed:
        parts.append("right: Enter submits it")
    if verdict.note:
        parts.append(verdict.note)
    if verdict.adrift:
        parts.append("in training it would be off all the same, by what is wrong upstream")
    if verdict.probe and verdict.passed:
        parts.append(verdict.probe)
    parts += [WARNING_WORDS[warning] for warning in verdict.warnings if warning in WARNING_WORDS]
    parts.append(f"upstream: {', '.join(_upstream(session, judged))}")
    if verdict.output.strip():
        parts.append(f"printed: {' '.join(verdict.output.split())}")
    return SEPARATOR.join(parts)


def _paths(verdict: Verdict) -> str:
    """``paths 1/2: probs ✓ counts_sum ✗``."""
    present = sum(path.present for path in verdict.paths)
    consumers = " ".join(f"{' '.join(path.consumer)} {'✓' if path.present else '✗'}" for path in verdict.paths)
    return f"paths {present}/{len(verdict.paths)}: {consumers}"


def _upstream(session: Session, judged: Judged) -> list[str]:
    """Each upstream gradient with its origin: ``dprobs yours``, ``dcounts reference``, ``dloss is 1``."""
    lesson = session.lesson
    origins = []
    for name in lesson.upstream(lesson.node(judged.node)):
        gradient = lesson.gradients[name]
        if name == lesson.loss:
            origins.append(f"{gradient} is 1")
        else:
            origins.append(f"{gradient} {'yours' if name in judged.own_upstream else 'reference'}")
    return origins
