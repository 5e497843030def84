"""What tests of practice need: a day, and a deck for the app."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ninja_tui.lesson.practice.deck import Card, Deck
from ninja_tui.lesson.practice.deck_file import DeckReading
from ninja_tui.tui.app import Practice
from ninja_tui.tui.practice.keeper import DeckKeeper
from tests.app.fake_backend import Fakes

TODAY = date(2030, 5, 17)
"""The day on which tests practise."""


def practice_with(fakes: Fakes, *cards: Card, path: Path | None = None) -> Practice:
    """Practice on fake backends, with these cards in the deck; without a ``path`` no file keeps it."""
    return Practice(DeckKeeper(path, DeckReading(Deck(cards)), lambda: TODAY), fakes.practice)
