"""Sees from one session to the next what has happened to gradients, for the deck."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.lesson.practice.deck import Review, ReviewKind
from ninja_tui.tui.session import Entry, Keeping, Session


class Recorder:
    """Compares sessions with ``lesson``, by its name in the deck: in practice, or in the lesson itself."""

    def __init__(self, lesson: str, today: Callable[[], date], *, in_practice: bool) -> None:
        self._lesson, self._today, self._in_practice = lesson, today, in_practice
        self._submitted: set[str] = set()

    def begun(self, node: str) -> Review:
        """Practice asks for ``node``."""
        return self._review(ReviewKind.BEGUN, node)

    def reviews(self, before: Session, after: Session) -> list[Review]:
        """What has happened to the gradients that are asked for."""
        if before.entries is after.entries:
            return []
        asks = after.lesson.asks
        return [each for node in asks for each in self._changes(node, before.entry(node), after.entry(node))]

    def _changes(self, node: str, before: Entry, after: Entry) -> list[Review]:
        reviews = [self._review(ReviewKind.HINT, node)] * max(0, after.hints - before.hints)
        if after.revealed and not before.revealed:
            reviews.append(self._review(ReviewKind.REVEALED, node))
        if after.code != before.code:
            self._submitted.discard(node)
            if after.keeping is not Keeping.SAVED:  # another program's answer is none of this person's tries
                self._submitted.add(node)
        verdict = after.verdict
        if verdict is None or not after.code or (verdict is before.verdict and after.code == before.code):
            return reviews
        if verdict.passed:
            passed = self._review(ReviewKind.PASSED, node)
            marked = passed if self._in_practice else replace(passed, hints=after.hints, revealed=after.revealed)
            reviews.append(marked)
        elif node in self._submitted and verdict.status is not Status.MISSING:
            reviews.append(self._review(ReviewKind.WRONG, node))
        self._submitted.discard(node)
        return reviews

    def _review(self, kind: ReviewKind, node: str) -> Review:
        return Review(kind, self._lesson, node, self._today(), self._in_practice)
