"""The prompt's side of the session: what is typed is judged, what is submitted is kept."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.backend import Desk
from ninja_tui.engine.events import Judged
from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.lesson.model import Node
from ninja_tui.lesson.solutions import SavedAnswer, tidy
from ninja_tui.lesson.syntax.completeness import Completeness, binds, completeness
from ninja_tui.tui import texts as words
from ninja_tui.tui.history import History
from ninja_tui.tui.session import Session
from ninja_tui.tui.widgets.prompt import Live


@dataclass(frozen=True)
class Submission:
    """What came of Enter: another session, something to show, or a step on."""

    session: Session
    live: Live | None = None
    goes_on: bool = False


class Answering:
    """Holds what was typed and not submitted, and the code whose verdict is awaited."""

    def __init__(self, desk: Desk, history: History) -> None:
        self._desk, self._history = desk, history
        self._drafts: dict[str, str] = {}
        self._awaited = ""
        self._unsaved: set[str] = set()

    def prepare(self, session: Session) -> None:
        """Has the desk make ready for answers to the current node."""
        if session.node is not None and session.facts is not None:
            self._desk.prepare(session.node.name, session.upstream, session.verdicts())

    def text_for(self, session: Session, node: Node) -> str:
        """What the prompt of ``node`` begins with: what was typed, what is submitted, or the bare name."""
        return self._drafts.get(node.name) or session.entry(node.name).code or f"{node.gradient} = "

    def typed(self, session: Session, text: str) -> Live | None:
        """Has complete code judged; None where its verdict is to be waited for, otherwise what to show at once."""
        node = session.node
        if node is None:
            return None
        self._drafts[node.name] = text
        self._awaited = ""
        code = tidy(text)
        word = _unready(code, node)
        if word is None and session.facts is None:
            word = "PyTorch is starting; this is judged as soon as it is there"
        if word is not None:
            return _live(session, node, None, word)
        self._awaited = code
        self._desk.judge(node.name, code)
        return None

    def awaits(self, text: str) -> bool:
        """Whether the verdict on ``text`` is still to come."""
        return bool(self._awaited) and self._awaited == tidy(text)

    def submitted(self, session: Session, text: str) -> Submission:
        """Keeps complete code: in the session, the file and the history. Unchanged and right, it goes on."""
        node, code = session.node, tidy(text)
        if node is None:
            return Submission(session)
        word = _unready(code, node)
        if word is not None:
            return Submission(session, _live(session, node, None, word or f"{node.gradient} is still to come"))
        entry = session.entry(node.name)
        done = code == entry.code and entry.verdict is not None and entry.verdict.passed
        if done and node.name not in self._unsaved:
            return Submission(session, goes_on=True)
        self._history.add(code)
        session = session.submitted(node.name, code)
        self._save(session, node.name)
        return Submission(session, self.typed(session, text))

    def saved(self, node: str) -> None:
        """The file has the answer to ``node``."""
        self._unsaved.discard(node)

    def not_saved(self, node: str) -> None:
        """It has not: another submission, of this or any node, tries again."""
        self._unsaved.add(node)

    def _save(self, session: Session, node: str) -> None:
        for name in (node, *sorted(self._unsaved - {node})):
            entry = session.entry(name)
            self._desk.save(name, SavedAnswer(entry.code, entry.revealed), session.walk)

    def recalled(self, step: int, text: str) -> str | None:
        """The history's earlier (-1) or later (1) entry."""
        return self._history.step(step, text)

    def reveal(self, session: Session, node: Node) -> Session:
        """The session with the node's answer revealed; the file remembers it."""
        if not session.entry(node.name).revealed:
            self._desk.save(node.name, SavedAnswer("", revealed=True), session.walk)
        return session.revealed(node.name)

    def heard(self, session: Session, told: Judged, text: str) -> tuple[Session, Live | None]:
        """The session with a verdict in it, and what to show if it is the one that is waited for."""
        session = session.judged(told.node, told.code, told.verdict)
        node = session.node
        if node is None or node.name != told.node or told.code != tidy(text):
            return session, None
        self._awaited = ""
        return session, _live(session, node, told.verdict, words.on_judged(session, told))


def _unready(code: str, node: Node) -> str | None:
    """Why ``code`` cannot be judged, in a word that may be empty; None where it can."""
    state, word = completeness(code)
    if state is not Completeness.COMPLETE:
        return word
    return None if binds(code, node.gradient) else f"the code must bind {node.gradient}"


def _live(session: Session, node: Node, verdict: Verdict | None, word: str) -> Live:
    shapes = session.facts.shapes if session.facts else {}
    return Live(shapes.get(node.name), verdict, word)
