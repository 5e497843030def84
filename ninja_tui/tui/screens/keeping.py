"""What becomes of answers on their way to the file, and what other programs do with it."""

from __future__ import annotations

from collections.abc import Callable

from ninja_tui.engine import events
from ninja_tui.engine.backend import Backend
from ninja_tui.lesson.answer_file import Conflict, Version
from ninja_tui.lesson.solutions import SavedAnswer
from ninja_tui.tui.config_file import Config
from ninja_tui.tui.history import History
from ninja_tui.tui.screens.file_questions import ConflictScreen, UnsavedScreen
from ninja_tui.tui.screens.session import SessionScreen
from ninja_tui.tui.session import Keeping, Session

ASKED = "another program has changed it in the file"
"""Why an answer is not saved that was asked about."""


class KeepingScreen(SessionScreen):
    """Says of an answer that it is saved once it is, and asks where two answers meet."""

    def __init__(self, backend: Backend, history: History, lesson: str, config: Config) -> None:
        super().__init__(backend, history, lesson, config)
        self._reasons: dict[str, str] = {}
        self._conflicts: dict[str, Conflict] = {}
        self._late: list[str] = []
        self._asks = False

    def _apply_to(self, session: Session, event: events.Event) -> None:
        match event:
            case events.Saved(node, _, answer):
                self._take_saved(session, node, answer)
            case events.NotSaved(node, reason):
                self._take_not_saved(session, node, reason)
            case events.Conflicting(node, conflict):
                self._take_conflict(session, node, conflict)
            case events.ChangedOutside(answers):
                for node, answer in answers.items():
                    self._take_change(node, answer)
                names = ", ".join(session.lesson.gradients[node] for node in answers)
                self._toast(f"changed in the file by another program: {names}", severity="warning")
                self._backend.recheck()
            case events.OpenElsewhere(other):
                self.session = session.with_other_app(other)
                self._tell_of_other_app(other)
            case _:
                super()._apply_to(session, event)

    def _take_saved(self, session: Session, node: str, answer: SavedAnswer) -> None:
        self._conflicts.pop(node, None)
        if self._reasons.pop(node, None) is not None:
            self._late.append(session.lesson.gradients[node])
        if self._late and not self._reasons:
            self._toast(f"saved now: {', '.join(self._late)}")
            self._late.clear()
        self._show_kept(session.saved(node, answer))

    def _take_not_saved(self, session: Session, node: str, reason: str) -> None:
        told = self._reasons.get(node) == reason and session.entry(node).keeping is Keeping.UNSAVED
        self._reasons[node] = reason
        if not told:
            self._toast(f"{session.lesson.gradients[node]} is not saved: {reason}", severity="error")
        self._show_kept(session.not_saved(node))

    def _take_conflict(self, session: Session, node: str, conflict: Conflict) -> None:
        """Asks, unless the same was asked before: then the next Enter on that node asks again."""
        asked = self._conflicts.get(node) == conflict and session.entry(node).keeping is Keeping.UNSAVED
        self._conflicts[node] = conflict
        self._reasons[node] = ASKED
        self._show_kept(session.not_saved(node))
        if not asked:
            self._ask(node)

    def _ask(self, node: str) -> None:
        """One question at a time; the others wait behind it."""
        if self.session is None or self._asks:
            return
        self._asks, conflict = True, self._conflicts[node]

        def settle(version: Version | None) -> None:
            self._asks = False
            self._settle(node, conflict, version)
            waiting = list(self._conflicts)
            after = waiting[waiting.index(node) + 1 :] if node in waiting else waiting
            if after:
                self._ask(after[0])

        self.app.push_screen(ConflictScreen(self.session.lesson.gradients[node], conflict), settle)

    def _settle(self, node: str, conflict: Conflict, version: Version | None) -> None:
        """Keeps one of two answers; neither goes over the other before that is said."""
        if version is None:
            return
        self._conflicts.pop(node, None)
        if version is Version.FILE:
            self._reasons.pop(node, None)
            self._take(node, conflict.theirs)
        self._backend.settle(node, version)
        if version is Version.FILE:
            self._backend.recheck()

    def _take_change(self, node: str, answer: SavedAnswer) -> None:
        """Takes an answer of another program over, unless one of the person's own is typed or on its way."""
        session = self.session
        if session is None or session.entry(node).keeping is not Keeping.SAVED:
            return
        if self._answering.has_draft(session, session.lesson.node(node)):
            self.session = session.taken(node, answer)  # the prompt keeps what is typed; Enter asks
        else:
            self._take(node, answer)
            if answer.code:
                self._backend.settle(node, Version.FILE)

    def _take(self, node: str, answer: SavedAnswer) -> None:
        """Takes an answer over, into the prompt too; where its code is gone, the prompt keeps that."""
        if self.session is None:
            return
        code = answer.code or self.session.entry(node).code
        self.session = self.session.taken(node, answer)
        self._answering.take(node, code)
        if self.session.node is not None and self.session.node.name == node:
            self._input.put(code)

    def _show_kept(self, session: Session) -> None:
        """The session, and the sentence on the code in the prompt, which says where the code is."""
        self.session = session
        feedback = self._answering.anew(session, self._input.text)
        if feedback is not None:
            self._show(feedback)

    def _tell_of_other_app(self, other: int | None) -> None:
        if other is None:
            self._toast("no other ninja-tui has the solutions file open any more")
        else:
            self._toast(
                f"another ninja-tui (process {other}) has the solutions file open. The answers of both are kept; "
                "where both answer the same gradient, you are asked",
                severity="warning",
            )

    def leave(self, then: Callable[[], None]) -> None:
        """Does ``then``; where answers are not saved, only if the person says so."""
        session = self.session
        if session is None or not session.unsaved:
            then()
            return
        reasons = dict.fromkeys(self._reasons.get(node, "") for node in session.unsaved)
        gradients = [session.lesson.gradients[node] for node in session.unsaved]

        if not isinstance(self.app.screen, UnsavedScreen):
            question = UnsavedScreen(gradients, "; ".join(filter(None, reasons)))
            self.app.push_screen(question, lambda leaves: then() if leaves else None)
