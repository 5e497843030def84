"""Sentences about the session, for the title and the message under the prompt."""

from __future__ import annotations

from textual.content import Content

from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import WARNING_WORDS, Verdict
from ninja_tui.lesson.catalogue import LessonSummary
from ninja_tui.tui.commands import Mode
from ninja_tui.tui.feedback import Feedback, Tone
from ninja_tui.tui.keymap import either
from ninja_tui.tui.practice.texts import after_round, due
from ninja_tui.tui.session import Keeping, Mark, Phase, Session

WIDEST_BAR, NARROWEST_BAR = 26, 6
"""Columns of the bar in the title; where fewer have room there is none."""


def title(session: Session | None, lesson: str, progress: str, width: int) -> Content:
    """One line of ``width`` columns: the place in the walk, how many nodes pass and fail, the loss.

    ``progress`` says what is still being waited for. What is wrong with the file comes before the loss, and before
    both what is due for practice.
    """
    left = Content.assemble((f" {lesson}", "bold $text-primary"))
    if session is None:
        return left + Content.styled(f"  {progress}…", "$text-warning") if progress else left
    left += Content.assemble("  ", (_place(session), "bold"), "  ")
    right = Content("")
    if progress:
        right = Content.styled(f"{progress}… ", "$text-warning")
    elif session.unsaved:
        right = Content.styled(f"{len(session.unsaved)} not saved ", "bold $text-error")
    elif session.other_app is not None:
        right = Content.styled("open elsewhere ", "$text-warning")
    elif session.facts is not None and not (session.asks_shape and session.tensor == session.lesson.loss):
        right = Content.styled(f"loss {session.facts.loss:.4f} ", "dim")
    if session.outlook.due and session.practice is None and not progress:
        right = (
            Content.styled(f"{session.outlook.due} due ({session.keymap.in_walk('practise')})  ", "$text-accent")
            + right
        )
    counts = _counts(session)
    room = width - left.cell_length - counts.cell_length - right.cell_length - 3
    bar = _bar(session, min(WIDEST_BAR, room)) if room >= NARROWEST_BAR else Content("")
    line = Content.assemble(left, bar, "  " if bar else "", counts)
    gap = width - line.cell_length - right.cell_length
    return line + Content(" " * gap) + right if gap > 0 else line


def _place(session: Session) -> str:
    statements, asks = len(session.lesson.statements), len(session.lesson.asks)
    if session.phase is Phase.FORWARD:
        return f"▶ forward {session.position + 1}/{statements} {session.tensor}"
    if session.practice is not None and session.phase in (Phase.BACKWARD, Phase.FINISH):
        gradient = session.lesson.gradients[session.lesson.asks[0]]
        return f"↻ practice {gradient}" if session.node is not None else f"■ practised {gradient}"
    if session.node is not None:
        return f"◀ backward {session.position - statements}/{asks} {session.node.gradient}"
    return "↩ the turn" if session.phase is Phase.TURN else "■ the finish"


def _counts(session: Session) -> Content:
    """``4 ✓ 1 ✗``; in practice ``2 more due``."""
    if session.practice is not None:
        return Content.styled(f"{session.outlook.due} more due" if session.outlook.due else "", "dim")
    failing = sum(1 for node in session.lesson.asks if session.entry(node).mark is Mark.WRONG)
    parts = [(f"{session.passed} ✓", "$text-success" if session.passed else "dim")]
    parts += [(f" {failing} ✗", "$text-error")] if failing else []
    return Content.assemble(*parts)


def _bar(session: Session, width: int) -> Content:
    """How much of the walk back passes; in practice there is one gradient alone."""
    if session.practice is not None:
        return Content("")
    halves = round(2 * width * session.passed / max(1, len(session.lesson.asks)))
    filled = "█" * (halves // 2) + "▌" * (halves % 2)
    return Content.assemble((filled, "$text-success"), ("·" * (width - len(filled)), "dim"))


def next_steps(session: Session) -> str:
    """The prompt's message where there is nothing to type."""
    on, back, turn, find, train, leave = map(session.keymap.in_walk, ("on", "back", "turn", "find", "train", "lessons"))
    if session.phase is Phase.FORWARD:
        return f"the way forward: {either('Enter', on)} steps on, {back} back, {turn} goes to the turn"
    if session.phase is Phase.TURN:
        first = session.lesson.gradients[session.lesson.asks[0]]
        return f"the turn: from here back, node by node; {either('Enter', on)} goes to {first}"
    if session.practice is not None:
        gradient = session.lesson.gradients[session.lesson.asks[0]]
        return after_round(gradient, session.outlook, session.keymap, passes=session.passed > 0)
    if session.passed == len(session.lesson.asks):
        return f"the finish: every gradient passes. {train} trains the network on them, {leave} goes to another lesson"
    return f"the finish: {back} goes back, {find} finds a node"


def lessons(session: Session) -> tuple[str, ...]:
    """At the first step what is due, and all lessons, each with its count of answers; the open one is marked."""
    if session.position or not session.catalogue:
        return ()
    counts = [
        f"{'▸' if each.name == session.lesson.name else ''}{each.name} {_count(session, each)}/{each.asked}"
        for each in session.catalogue
    ]
    leave = session.keymap.in_walk("lessons")
    return (*due(session.outlook, session.keymap), f"lessons ({leave}): {'  '.join(counts)}")


def _count(session: Session, lesson: LessonSummary) -> int:
    """How many gradients of a lesson are answered, or, where these are more, passed by the deck."""
    progress = session.outlook.progress.get(lesson.name)
    is_open = lesson.name == session.lesson.name and session.practice is None
    passed = 0 if progress is None or is_open else min(progress.passed, lesson.asked)
    return max(passed, answered(session, lesson))


def answered(session: Session, lesson: LessonSummary) -> int:
    """How many answers there are for a lesson: for the open one as it is now."""
    if lesson.name != session.lesson.name or session.practice is not None:
        return lesson.answered
    return sum(1 for node in session.lesson.asks if session.entry(node).code)


def prompt_title(session: Session | None, mode: Mode) -> Content:
    """What the prompt is for, and whose the keys are."""
    if session is None or session.node is None:
        return Content(f"Prompt · {mode.value}")
    gradient = Content.styled(session.node.gradient, "bold")
    place = "" if session.practice is None else " ── practice, not saved"
    if mode is Mode.TYPING:
        return Content.assemble(gradient, place, f" ── typing · {session.keymap.in_prompt('walk')}: walk keys")
    return Content.assemble(gradient, place, " ── walk keys · Enter: type")


def pane_names(session: Session | None) -> dict[str, str]:
    """The panes by their ids, each with what it is called now: ``Card 1/3``, ``Gradients 4/26``."""
    hints, passed = "", ""
    if session is not None:
        passed = f" {session.passed}/{len(session.lesson.asks)}"
    if session is not None and session.node is not None:
        count = len(session.note(session.node.name).hints)
        hints = f" {session.entry(session.node.name).hints}/{count}" if count else ""
    return {
        "source": "Source",
        "card": f"Card{hints}",
        "node": "Tensor",
        "gradients": f"Gradients{passed}",
        "train": "Train",
    }


def feedback_on(session: Session, judged: Judged, expected_shape: tuple[int, ...] | None) -> Feedback:
    """The verdict, one sentence on it, and the facts: paths, notes, warnings, upstream gradients, output."""
    verdict = judged.verdict
    entry = session.entry(judged.node)
    keeping = entry.keeping if entry.code == judged.code else None
    message, tone = _sentence(verdict, keeping, session)
    facts = _facts(session, judged)
    return Feedback(
        expected_shape, verdict, message, tone=tone, facts=tuple(facts), error=verdict.raised, watched=verdict.watched
    )


PASSING = {
    None: ("right: Enter submits it", Tone.GOOD),
    Keeping.SAVING: ("right, on its way to the disk", Tone.GOOD),
    Keeping.SAVED: ("saved: {on} goes on", Tone.GOOD),
    Keeping.UNSAVED: ("right, but not saved yet: it is tried again", Tone.WARNING),
}
"""The sentence on code that passes, by where it is once it is submitted; ``{on}`` stands for keys."""
PRACTISED = "right: {on} goes on", Tone.GOOD
NOT_PASSING = {
    None: "",
    Keeping.SAVING: "not right yet. ",
    Keeping.SAVED: "saved, not right yet. ",
    Keeping.UNSAVED: "neither saved nor right yet. ",
}
"""How the sentence on other code begins."""


def _sentence(verdict: Verdict, keeping: Keeping | None, session: Session) -> tuple[str, Tone]:
    """The one sentence: the next step where it passes, otherwise what is wrong. ``keeping`` is None for a draft.

    Practice does not say where code is kept: no file has it.
    """
    in_practice = session.practice is not None
    if keeping is not None and in_practice:
        keeping = Keeping.SAVING
    if verdict.passed:
        sentence, tone = PRACTISED if keeping is not None and in_practice else PASSING[keeping]
        return sentence.format(on=either("Enter", session.keymap.in_prompt("on"))), tone
    saved = NOT_PASSING[keeping]
    if verdict.raised is not None:
        return saved.removesuffix(". "), Tone.WARNING
    if verdict.error:
        return f"{saved}{verdict.error}", Tone.ERROR
    if verdict.diagnosis is not None:
        return f"{saved}{verdict.diagnosis.kind}: {verdict.diagnosis.message}", Tone.WARNING
    return saved.removesuffix(". "), Tone.WARNING


def _facts(session: Session, judged: Judged) -> list[str]:
    verdict = judged.verdict
    facts = [_paths(verdict)] if len(verdict.paths) > 1 and not verdict.passed else []
    if verdict.error:
        return (
            facts if verdict.diagnosis is None else [*facts, f"{verdict.diagnosis.kind}: {verdict.diagnosis.message}"]
        )
    if verdict.passed and verdict.shape != verdict.expected_shape:
        facts.append(f"passes, but a gradient has its tensor's shape, {verdict.expected_shape}")
    facts += [verdict.note] if verdict.note else []
    facts += ["in training it would be off, because an upstream gradient is wrong"] if verdict.adrift else []
    facts += [verdict.probe] if verdict.probe and verdict.passed else []
    facts += [WARNING_WORDS[warning] for warning in verdict.warnings if warning in WARNING_WORDS]
    facts.append(f"upstream: {', '.join(_upstream(session, judged))}")
    printed = " ".join(verdict.output.split())
    return [*facts, f"printed: {printed}"] if printed else facts


def _paths(verdict: Verdict) -> str:
    """``paths 1/2: probs ✓  counts_sum ✗``."""
    present = sum(path.present for path in verdict.paths)
    consumers = "  ".join(f"{' '.join(path.consumer)} {'✓' if path.present else '✗'}" for path in verdict.paths)
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
