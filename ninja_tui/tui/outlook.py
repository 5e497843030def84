"""What the deck has for today and later, as the session shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ninja_tui.lesson.practice.deck import Progress


@dataclass(frozen=True)
class Outlook:
    """``due`` cards today; ``next`` says when the first after today is, ``again`` when the one that was asked is.

    ``next`` is empty where there is none, ``again`` where it has not passed yet. ``progress`` is that of each lesson
    in the deck.
    """

    due: int = 0
    next: str = ""
    again: str = ""
    progress: Mapping[str, Progress] = field(default_factory=dict)


NOTHING_DUE = Outlook()
