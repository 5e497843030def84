"""Sentences about the session, for the title and the quiet line under the prompt."""

from __future__ import annotations

from textual.content import Content

from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.tui.session import Phase, Session
from ninja_tui.tui.widgets.prompt import Names


def title(session: Session | None, lesson: str, state: str) -> Content:
    """Where the walk is, how many nodes pass, and what is still being waited for."""
    parts = [("ninja-tui", "bold $primary"), (f"  {lesson}", "")]
    if session is not None:
        parts.append((f"  ·  {_place(session)}", "bold"))
        parts.append((f"  ·  {session.passed}/{len(session.lesson.asks)} pass", ""))
        if session.facts is not None:
            parts.append((f"  ·  loss {session.facts.loss:.4f}", "dim"))
    if state:
        parts.append((f"  ·  {state}…", "$text-warning"))
    return Content.assemble(*parts)


def _place(session: Session) -> str:
    statements, asks = len(session.lesson.statements), len(session.lesson.asks)
    if session.phase is Phase.FORWARD:
        return f"forward {session.position + 1}/{statements}"
    if session.node is not None:
        return f"backward {session.position - statements}/{asks} {session.node.name}"
    return "the turn" if session.phase is Phase.TURN else "the finish"


def way_on(session: Session) -> str:
    """What the prompt says where there is nothing to type."""
    if session.phase is Phase.FORWARD:
        way = "the way forward: Enter or n steps on, p back, t goes to the turn"
        return f"{way}\n{lessons(session)}" if session.position == 0 and session.shelf else way
    if session.phase is Phase.TURN:
        first = session.lesson.gradients[session.lesson.asks[0]]
        return f"the turn: from here back, node by node; Enter or n goes to {first}"
    return "the finish: p goes back, / finds a node"


def lessons(session: Session) -> str:
    """All lessons with what is answered in each, the open one marked."""
    told = [
        f"{'▸' if each.name == session.lesson.name else ''}{each.name} {answered(session, each)}/{each.asked}"
        for each in session.shelf
    ]
    return f"lessons (l): {'  '.join(told)}"


def answered(session: Session, shelved: LessonSummary) -> int:
    """How many answers there are for a lesson: for the open one as it is now."""
    if shelved.name != session.lesson.name:
        return shelved.answered
    return sum(1 for node in session.lesson.asks if session.entry(node).code)


def on_judged(session: Session, told: Judged) -> str:
    """The line under a verdict: an error, a word on the shape, whose upstream gradients were used, what it prints."""
    verdict = told.verdict
    words = [verdict.error] if verdict.error else []
    if len(verdict.paths) > 1 and not verdict.passed:
        words.append(_paths(verdict))
    if verdict.diagnosis is not None:
        words.append(f"{verdict.diagnosis.kind}: {verdict.diagnosis.message}")
    if verdict.error:
        return "  ·  ".join(words)
    if verdict.passed and verdict.shape != verdict.expected_shape:
        words.append(f"passes, but a gradient has its tensor's shape, {verdict.expected_shape}")
    if verdict.passed and session.entry(told.node).code == told.code:
        words.append("submitted: Enter or F8 goes on")
    elif verdict.passed:
        words.append("right: Enter submits it")
    if verdict.note:
        words.append(verdict.note)
    if verdict.adrift:
        words.append("in training it would be off all the same, by what is wrong upstream")
    if verdict.probe and verdict.passed:
        words.append(verdict.probe)
    words.append(f"upstream: {', '.join(_upstream(session, told))}")
    if verdict.output.strip():
        words.append(f"printed: {' '.join(verdict.output.split())}")
    return "  ·  ".join(words)


def _paths(verdict: Verdict) -> str:
    """``paths 1/2: probs ✓ counts_sum ✗``."""
    there = sum(path.present for path in verdict.paths)
    readers = " ".join(f"{' '.join(path.reader)} {'✓' if path.present else '✗'}" for path in verdict.paths)
    return f"paths {there}/{len(verdict.paths)}: {readers}"


def _upstream(session: Session, told: Judged) -> list[str]:
    lesson = session.lesson
    used = []
    for name in lesson.upstream(lesson.node(told.node)):
        gradient = lesson.gradients[name]
        if name == lesson.loss:
            used.append(f"{gradient} is 1")
        else:
            used.append(f"{gradient} {'yours' if name in told.own else 'reference'}")
    return used


def names_for(session: Session) -> Names:
    """What completion offers at the current node: the lesson's names, and the gradients behind it."""
    if session.facts is None or session.node is None:
        return Names()
    known = {name: str(kind) for name, kind in session.facts.names.items()}
    position = session.lesson.asks.index(session.node.name) if session.node.name in session.lesson.asks else 0
    gradients = session.lesson.gradients
    known |= {gradients[name]: str(session.facts.shapes[name]) for name in session.lesson.asks[: position + 1]}
    return Names(known | {gradients[session.lesson.loss]: "()"})
