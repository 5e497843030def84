"""The file of the deck, in the user's state directory: JSON, written whole, and shared by all apps of the user."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.files import exists, is_folder, is_regular, read_bytes
from ninja_tui.lesson.practice.deck import INTERVALS, Card, Deck, Review
from ninja_tui.lesson.writing import locked_folder, target_of, write_whole

VERSION = 1
LARGEST = 20_000_000
"""Bytes of the file."""
NAME = "the practice deck"
EMPTY = Deck()


class _Version(msgspec.Struct):
    version: int


class _File(_Version):
    cards: list[msgspec.Raw]


class _Written(msgspec.Struct):
    version: int
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class DeckReading:
    """The cards that could be read, and a sentence on what is wrong with the file, if anything is.

    A file that ``is_damaged`` is kept aside before it is written; one that is not ``usable`` is not to be written.
    """

    deck: Deck = EMPTY
    problem: str = ""
    is_damaged: bool = False
    usable: bool = True


def deck_path() -> Path:
    """The file of the deck; ``NINJA_TUI_DECK`` names another one."""
    path = os.environ.get("NINJA_TUI_DECK")
    return Path(path) if path else user_state_path("ninja-tui", appauthor=False) / "deck.json"


def read_deck(path: Path) -> DeckReading:
    """What the file at ``path`` holds; an empty deck where there is none. Raises nothing."""
    try:
        if is_folder(path):
            return DeckReading(problem=f"{NAME} {path} is a directory; practice is not kept", usable=False)
        if not exists(path) or not is_regular(path):
            return DeckReading()
        return _decoded(path, read_bytes(path, NAME, LARGEST))
    except UsageError as error:
        return DeckReading(problem=f"{error}; practice is not kept", usable=False)


def record(path: Path, reviews: Iterable[Review]) -> DeckReading:
    """Writes ``reviews`` into the deck as it is now, and returns what the file then holds.

    The folder is locked meanwhile, so that of two apps none undoes what the other wrote. Cards that are damaged are
    kept in a file beside it. Raises OSError where it cannot be written, and UsageError where it must not be.
    """
    target = target_of(path)
    if exists(target) and not (is_regular(target) or is_folder(target)):
        return DeckReading(Deck().after(reviews))  # /dev/null: nothing is to be kept
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked_folder(target):
        before = read_deck(target)
        if not before.usable:
            raise UsageError(before.problem)
        deck = before.deck.after(reviews)
        if before.is_damaged:
            os.link(target, _aside(target))  # the file itself stays until the new one takes its place
        if before.is_damaged or deck != before.deck:
            content = msgspec.json.encode(_Written(VERSION, deck.cards))
            write_whole(target, msgspec.json.format(content, indent=1) + b"\n")
        return DeckReading(deck)


def _decoded(path: Path, raw: bytes) -> DeckReading:
    try:
        if msgspec.json.decode(raw, type=_Version).version > VERSION:  # whatever else a newer one holds
            return DeckReading(problem=f"{NAME} {path} is of a newer ninja-tui; practice is not kept", usable=False)
        file = msgspec.json.decode(raw, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return _damaged(path, Deck(), one_line(str(error)))
    cards: dict[tuple[str, str], Card] = {}
    problems = []
    for each in file.cards:
        try:
            card = _card(each)
            cards.setdefault((card.lesson, card.node), card)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            problems.append(one_line(str(error)))
    deck = Deck(tuple(cards.values()))
    return _damaged(path, deck, problems[0]) if problems else DeckReading(deck)


def _card(raw: msgspec.Raw) -> Card:
    """Raises ValueError, or msgspec's DecodeError, for what is no card."""
    card = msgspec.json.decode(raw, type=Card)
    if not 0 <= card.box <= len(INTERVALS) or min(card.hints, card.wrong, card.rounds) < 0:
        raise ValueError(f"the card of {card.node!r} has a number that cannot be")
    if (card.due is None) != (card.box == 0):
        raise ValueError(f"the card of {card.node!r} has a box without a day, or a day without a box")
    return card


def _damaged(path: Path, deck: Deck, reason: str) -> DeckReading:
    count = len(deck.cards)
    kept = f"{count} card{'s' if count > 1 else ''} can be read" if count else "A new one begins"
    problem = f"{NAME} {path} is damaged ({reason}). {kept}; the damaged file is kept beside it"
    return DeckReading(deck, problem, is_damaged=True)


def _aside(path: Path) -> Path:
    """A name beside ``path`` that is free."""
    names = (path.with_name(f"{path.stem}-damaged-{number}{path.suffix}") for number in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))
