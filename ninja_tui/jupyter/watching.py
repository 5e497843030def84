"""What has changed from one judging of a session to the next."""

from __future__ import annotations

from dataclasses import dataclass

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.jupyter.shown import passing
from ninja_tui.replay import FileReport


@dataclass(frozen=True)
class News:
    """The verdicts that are other than they were, by identity, and a line on all there are."""

    changed: tuple[Verdict, ...]
    summary: str


@dataclass(frozen=True)
class _Seen:
    """What of a verdict is news if it changes: where it stands is not."""

    lesson: str
    node: str
    gradient: str
    told: tuple[object, ...]


class Watched:
    """What was seen of a session."""

    def __init__(self) -> None:
        self._seen: frozenset[_Seen] = frozenset()

    def see(self, report: FileReport) -> News:
        """What is new in ``report``."""
        found = {
            _Seen(lesson.lesson, each.node, each.gradient, _told(each)): each
            for lesson in report.lessons
            for each in lesson.verdicts
        }
        changed = tuple(verdict for seen, verdict in found.items() if seen not in self._seen)
        self._seen = frozenset(found)
        return News(changed, f"ninja: {passing(report)}, as before")


def _told(verdict: Verdict) -> tuple[object, ...]:
    return verdict.status, verdict.warnings, verdict.diagnosis, verdict.error
