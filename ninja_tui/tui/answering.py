"""The answers of the session: drafts are judged as they are typed, submitted ones are kept and saved."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.backend import Backend
from ninja_tui.engine.events import Judged
from ninja_tui.lesson.model import Node
from ninja_tui.lesson.solutions import SavedAnswer, tidy
from ninja_tui.lesson.syntax.completeness import Completeness, binds, completeness
from ninja_tui.tui import texts
from ninja_tui.tui.feedback import Feedback
from ninja_tui.tui.history import History
from ninja_tui.tui.session import Session


@dataclass(frozen=True)
class Submission:
    """The outcome of Enter: the session after it, feedback to show, or a step on."""

    session: Session
    feedback: Feedback | None = None
    steps_on: bool = False


class Answering:
    """Holds drafts, the code whose verdict is awaited, and the nodes whose answers could not be saved."""

    def __init__(self, backend: Backend, history: History) -> None:
        self._backend, self._history = backend, history
        self._drafts: dict[str, str] = {}
        self._awaited = ""
        self._unsaved: set[str] = set()

    def prepare(self, session: Session) -> None:
        """Has the backend make ready for answers to the current node."""
        if session.node is not None and session.facts is not None:
            self._backend.prepare(session.node.name, session.upstream, session.verdicts())

    def text_for(self, session: Session, node: Node) -> str:
        """What the prompt of ``node`` begins with: its draft, the submitted code, or ``d<node> =``."""
        return self._drafts.get(node.name) or session.entry(node.name).code or f"{node.gradient} = "

    def typed(self, session: Session, text: str) -> Feedback | None:
        """Has complete code judged, then None; otherwise feedback to show at once."""
        node = session.node
        if node is None:
            return None
        self._drafts[node.name] = text
        self._awaited = ""
        code = tidy(text)
        message = _why_not_judged(code, node)
        if message is None and session.facts is None:
            message = "PyTorch is starting; this is judged as soon as it is there"
        if message is not None:
            return _feedback(session, node, message)
        self._awaited = code
        self._backend.judge(node.name, code)
        return None

    def awaits(self, text: str) -> bool:
        """Whether the verdict on ``text`` is still to come."""
        return bool(self._awaited) and self._awaited == tidy(text)

    def submitted(self, session: Session, text: str) -> Submission:
        """Keeps complete code in the session, the file and the history; right and unchanged, it steps on."""
        node, code = session.node, tidy(text)
        if node is None:
            return Submission(session)
        message = _why_not_judged(code, node)
        if message is not None:
            return Submission(session, _feedback(session, node, message or f"{node.gradient} is still to come"))
        entry = session.entry(node.name)
        passed = code == entry.code and entry.verdict is not None and entry.verdict.passed
        if passed and node.name not in self._unsaved:
            return Submission(session, steps_on=True)
        self._history.add(code)
        session = session.submitted(node.name, code)
        self._save(session, node.name)
        return Submission(session, self.typed(session, text))

    def saved(self, node: str) -> None:
        """The file holds the answer to ``node``."""
        self._unsaved.discard(node)

    def not_saved(self, node: str) -> None:
        """The answer to ``node`` is saved again with the next submission, of this or any node."""
        self._unsaved.add(node)

    def _save(self, session: Session, node: str) -> None:
        for name in (node, *sorted(self._unsaved - {node})):
            entry = session.entry(name)
            self._backend.save(name, SavedAnswer(entry.code, entry.revealed, entry.hints), session.walk)

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

    def judged(self, session: Session, judged: Judged, text: str) -> tuple[Session, Feedback | None]:
        """The session with a verdict in it, and feedback if it is the verdict on the ``text`` in the prompt."""
        session = session.judged(judged.node, judged.code, judged.verdict)
        node = session.node
        if node is None or node.name != judged.node or judged.code != tidy(text):
            return session, None
        self._awaited = ""
        return session, texts.feedback_on(session, judged, _shape(session, node))


def _why_not_judged(code: str, node: Node) -> str | None:
    """Why ``code`` cannot be judged, which may be empty; None where it can."""
    state, message = completeness(code)
    if state is not Completeness.COMPLETE:
        return message
    return None if binds(code, node.gradient) else f"the code must bind {node.gradient}"


def _feedback(session: Session, node: Node, message: str) -> Feedback:
    return Feedback(_shape(session, node), message=message)


def _shape(session: Session, node: Node) -> tuple[int, ...] | None:
    return session.facts.shapes.get(node.name) if session.facts else None
