"""The names that complete what is typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ninja_tui.tui.session import Session


@dataclass(frozen=True)
class Completions:
    """``kinds``: each name with its shape, or its type where it is no tensor."""

    kinds: Mapping[str, str] = field(default_factory=dict)

    def matching(self, prefix: str) -> list[tuple[str, str]]:
        """The names that begin with ``prefix``, shortest first, each with its kind."""
        longer = [(name, kind) for name, kind in self.kinds.items() if name.startswith(prefix) and name != prefix]
        return sorted(longer, key=lambda pair: (len(pair[0]), pair[0]))


def completions_at(session: Session) -> Completions:
    """At the current node: the lesson's names, and the gradients that the walk has passed."""
    lesson, facts = session.lesson, session.facts
    if facts is None or session.node is None:
        return Completions()
    kinds = {name: str(kind) for name, kind in facts.names.items()}
    passed = lesson.asks[: lesson.asks.index(session.node.name) + 1]
    kinds |= {lesson.gradients[node]: str(facts.shapes[node]) for node in passed}
    return Completions(kinds | {lesson.gradients[lesson.loss]: "()"})
