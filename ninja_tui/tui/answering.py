"""The answers of the session: drafts are judged as they are typed, submitted ones are kept and saved."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ninja_tui.engine.backend import Backend
from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.model import Node
from ninja_tui.lesson.solutions import SavedAnswer, tidy
from ninja_tui.lesson.syntax.answer_form import AnswerForm, answer_form
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.completeness import Completeness, completeness
from ninja_tui.tui import texts, watching
from ninja_tui.tui.feedback import Feedback
from ninja_tui.tui.history import History, Place
from ninja_tui.tui.practice.texts import NOT_SAVED, difference
from ninja_tui.tui.session import Keeping, Session


@dataclass(frozen=True)
class Step:
    """What comes of Enter, or of a verdict: the session, feedback to show, code for the prompt, or a step on."""

    session: Session
    feedback: Feedback | None = None
    code: str | None = None
    steps_on: bool = False


class Answering:
    """Holds drafts, and the code whose verdict is awaited.

    ``_if_it_passes`` has, by node, code that is submitted as soon as it is known to be right.
    """

    def __init__(self, backend: Backend, history: History) -> None:
        self._backend, self._history = backend, history
        self._drafts: dict[str, str] = {}
        self._awaited = ""
        self._latest: Judged | None = None
        self._if_it_passes: dict[str, str] = {}

    def prepare(self, session: Session) -> None:
        """Has the backend make ready for answers to the current node."""
        if session.node is not None and session.facts is not None:
            self._backend.prepare(session.node.name, session.upstream, session.verdicts())

    def begin(self, session: Session, node: Node) -> str:
        """Goes to ``node``: what its prompt begins with is its draft, the submitted code, or ``d<node> =``."""
        self._history.go(Place(session.lesson.name, node.name), node.gradient)
        return self._drafts.get(node.name) or session.entry(node.name).code or f"{node.gradient} = "

    def typed(self, session: Session, text: str) -> Feedback | None:
        """Has complete code judged, then None; otherwise feedback to show at once."""
        node = session.node
        if node is None:
            return None
        self._drafts[node.name] = text
        self._awaited = ""
        self._latest = None
        code = tidy(text)
        if self._if_it_passes.get(node.name) != code:
            self._if_it_passes.pop(node.name, None)
        reason = _why_not_judged(code, node)
        if reason is None and session.facts is None:
            reason = "PyTorch is starting; this is judged as soon as it is there"
        if reason is not None:
            return _refusal(session, node, reason)
        self._awaited = code
        self._backend.judge(node.name, code)
        return None

    def awaits(self, text: str) -> bool:
        """Whether the verdict on ``text`` is still to come."""
        return bool(self._awaited) and self._awaited == tidy(text)

    def submitted(self, session: Session, text: str) -> Step:
        """Keeps complete code in the session, the file and the history; right and unchanged, it steps on.

        A bare expression is submitted only if it passes.
        """
        node, code = session.node, tidy(text)
        if node is None:
            return Step(session)
        reason = _why_not_judged(code, node)
        form = answer_form(code, node.gradient) if reason is None else None
        if form is None:
            return Step(session, _refusal(session, node, reason or f"{node.gradient} is still to come"))
        entry = session.entry(node.name)
        passed = form.code == entry.code and entry.verdict is not None and entry.verdict.passed
        if passed and entry.keeping is not Keeping.UNSAVED:
            return Step(session, steps_on=True)
        if not form.bare:
            session = self._keep(session, node.name, form.code)
            return Step(session, self.typed(session, text))
        if self._latest is None:
            self._if_it_passes[node.name] = code
            return Step(session)
        if not self._latest.verdict.passed:
            feedback = judged_feedback(session, node, self._latest)
            return Step(session, replace(feedback, message=watching.only_watched(self._latest.verdict, node.gradient)))
        return Step(self._keep(session, node.name, form.code, self._latest.verdict), code=form.code)

    def left(self, session: Session, text: str) -> Session:
        """Steps on from the current node: a right answer that was not submitted is, now or once it is judged."""
        node, code = session.node, tidy(text)
        if node is None or (form := _form(code, node)) is None or form.code == session.entry(node.name).code:
            return session
        if self._latest is None:
            self._if_it_passes[node.name] = code
        elif self._latest.verdict.passed:
            return self._keep(session, node.name, form.code, self._latest.verdict)
        return session

    def judged(self, session: Session, judged: Judged, text: str) -> Step:
        """The session with a verdict in it, and feedback if it is the verdict on the ``text`` in the prompt."""
        node = session.lesson.node(judged.node)
        form = answer_form(judged.code, node.gradient) or AnswerForm(judged.code)
        session = session.judged(node.name, form.code, judged.verdict)
        submits = self._if_it_passes.get(node.name) == judged.code
        if submits:
            del self._if_it_passes[node.name]
        if submits and judged.verdict.passed:
            session = self._keep(session, node.name, form.code, judged.verdict)
        if node != session.node or judged.code != tidy(text):
            return Step(session)
        self._awaited = ""
        self._latest = judged
        feedback = judged_feedback(session, node, judged)
        if submits and not judged.verdict.passed:
            feedback = replace(feedback, message=watching.only_watched(judged.verdict, node.gradient))
        return Step(session, feedback, form.code if submits and judged.verdict.passed else None)

    def anew(self, session: Session, text: str) -> Feedback | None:
        """Feedback on the ``text`` in the prompt as the session now is; None where its verdict is not known."""
        latest = self._latest
        if session.node is None or latest is None or latest.node != session.node.name or latest.code != tidy(text):
            return None
        return judged_feedback(session, session.node, latest)

    def has_draft(self, session: Session, node: Node) -> bool:
        """Whether code for ``node`` was typed, and not submitted."""
        draft = tidy(self._drafts.get(node.name, ""))
        return draft not in ("", f"{node.gradient} =", session.entry(node.name).code)

    def take(self, node: str, code: str) -> None:
        """Has ``code`` in the prompt when the walk comes to ``node``."""
        self._drafts[node] = code

    def recalled(self, step: int, text: str) -> str | None:
        """The history's earlier (-1) or later (1) entry."""
        return self._history.step(step, text)

    def reveal(self, session: Session, node: Node) -> Session:
        """The session with the node's answer revealed; the file remembers it."""
        return self._marked(session, session.revealed(node.name), node)

    def hint(self, session: Session, node: Node) -> Session | None:
        """The session with one more hint to the node, which the file remembers; None where there is none."""
        hinted = session.hinted(node.name)
        return None if hinted is None else self._marked(session, hinted, node)

    def _marked(self, before: Session, after: Session, node: Node) -> Session:
        """``after``; what has been shown of the node is saved without its code, which the file has."""
        entry = after.entry(node.name)
        if entry != before.entry(node.name):
            self._backend.save(node.name, SavedAnswer("", entry.revealed, entry.hints), after.walk)
        return after

    def _keep(self, session: Session, node: str, code: str, verdict: Verdict | None = None) -> Session:
        """The session with ``code`` submitted for ``node``; the file and the history have it too."""
        if session.node is not None and session.node.name == node:
            self._history.add(code)
        self._drafts[node] = code
        session = session.submitted(node, code)
        entry = session.entry(node)
        self._backend.save(node, SavedAnswer(entry.code, entry.revealed, entry.hints), session.walk)
        return session if verdict is None else session.judged(node, code, verdict)


def waiting_feedback(session: Session, node: Node) -> Feedback:
    """Before anything is known of the code in the prompt of ``node``."""
    shapes = session.facts.shapes if session.facts else {}
    if session.practice is not None:
        return Feedback(shapes.get(node.name), facts=(difference(session.practice), NOT_SAVED))
    return Feedback(shapes.get(node.name))


def judged_feedback(session: Session, node: Node, judged: Judged) -> Feedback:
    """The feedback on code that was judged, or only watched."""
    verdict = judged.verdict
    if verdict.status is Status.MISSING and verdict.watched is not None:
        message = watching.watch_message(verdict, node.gradient)
        return replace(waiting_feedback(session, node), message=message, error=verdict.raised, watched=verdict.watched)
    return texts.feedback_on(session, judged, waiting_feedback(session, node).expected_shape)


def _why_not_judged(code: str, node: Node) -> str | CodeError | None:
    """Why ``code`` cannot be judged, which may be empty; None where it can."""
    state, error = completeness(code)
    if state is not Completeness.COMPLETE:
        return error or ""
    return None if answer_form(code, node.gradient) else f"the code must bind {node.gradient}"


def _form(code: str, node: Node) -> AnswerForm | None:
    return answer_form(code, node.gradient) if completeness(code)[0] is Completeness.COMPLETE else None


def _refusal(session: Session, node: Node, reason: str | CodeError) -> Feedback:
    feedback = waiting_feedback(session, node)
    if isinstance(reason, CodeError):
        return replace(feedback, error=reason)
    return replace(feedback, message=reason)
