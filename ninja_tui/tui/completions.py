"""The names that complete what is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ninja_tui.tui.session import Session

TENSOR = "Tensor"
"""The key of what may follow a dot after a tensor."""
_WORD = re.compile(r"[^\W\d]\w*$")
_ATTRIBUTE = re.compile(r"(?:(?P<owner>(?<![\w.])[^\W\d]\w*)|[)\]])\.(?P<word>\w*)$")


@dataclass(frozen=True)
class Completions:
    """``kinds``: each name with its shape, or its type where it is no tensor; ``attributes`` by module."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def behind(self, before: str) -> tuple[str, list[tuple[str, str]]]:
        """For a line up to the cursor the beginning of a name, and what completes it, shortest first, with kinds."""
        attribute = _ATTRIBUTE.search(before)
        if attribute is not None:
            names = self._attributes_of(attribute["owner"])
            return attribute["word"], [(name, "") for name in _matching(names, attribute["word"])]
        word = _WORD.search(before)
        if word is None or before[: word.start()].endswith("."):
            return "", []
        return word.group(), [(name, self.kinds[name]) for name in _matching(self.kinds, word.group())]

    def _attributes_of(self, owner: str | None) -> tuple[str, ...]:
        """Of a module or a tensor; what has no name is a tensor, most of the time."""
        kind = self.kinds.get(owner, "") if owner is not None else "("
        return self.attributes.get(TENSOR if kind.startswith("(") else owner or "", ())


def _matching(names: Iterable[str], prefix: str) -> list[str]:
    """Those that are longer than ``prefix``, if that is not empty: what changes in place comes last."""
    longer = [name for name in names if name.startswith(prefix) and name != prefix] if prefix else []
    return sorted(longer, key=lambda name: (name.endswith("_"), len(name), name))


def completions_at(session: Session) -> Completions:
    """At the current node: the lesson's names, and the gradients that the walk has passed."""
    lesson, facts = session.lesson, session.facts
    if facts is None or session.node is None:
        return Completions()
    kinds = {name: str(kind) for name, kind in facts.names.items()}
    passed = lesson.asks[: lesson.asks.index(session.node.name) + 1]
    kinds |= {lesson.gradients[node]: str(facts.shapes[node]) for node in passed}
    return Completions(kinds | {lesson.gradients[lesson.loss]: "()"}, facts.attributes)
