"""The deck: a card for each gradient that was answered, and when it is asked again.

The scheme is the Leitner system. A card lies in one of five boxes, and is asked again 1, 3, 7, 14 or 30 days after it
was last asked: the later, the higher its box. In the lesson, a gradient that was revealed begins in box 1, one that
took a hint or three wrong tries in box 2, and any other in box 3. In practice, a card that is due and passes at the
first try, without help, goes one box up; after a wrong try it stays; a hint puts it one box down; and what is revealed
goes back into box 1. What passes before it is due stays in its box, and is asked again that many days from then on.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

INTERVALS = (1, 3, 7, 14, 30)
"""Days until a card is asked again, by box: box 1 has the first."""
REVEALED_BOX, HELPED_BOX, UNAIDED_BOX = 1, 2, 3
"""The boxes in which cards begin."""
MANY_TRIES = 3
"""Wrong tries that count like a hint when a card begins."""


class ReviewKind(enum.Enum):
    """What happens to a gradient."""

    BEGUN = "begun"
    """Practice asks for it, for the first time or again after a round that was left."""
    HINT = "hint"
    REVEALED = "revealed"
    WRONG = "wrong"
    """A wrong answer was submitted."""
    PASSED = "passed"


@dataclass(frozen=True)
class Review:
    """Something that happened to the gradient of ``node`` on a day: in practice, or else in its lesson.

    ``hints`` and ``revealed`` are, beside a pass in a lesson, the marks that the solutions file has of it.
    """

    kind: ReviewKind
    lesson: str
    node: str
    on: date
    in_practice: bool = False
    hints: int = 0
    revealed: bool = False


@dataclass(frozen=True)
class Card:
    """The gradient of ``node`` in the deck. ``lesson`` is a bundled lesson's name, or the path of another.

    ``box`` is 0, and ``due`` None, until it has passed or was revealed. ``passed`` is the day of the last pass.
    ``revealed``, ``hints`` and ``wrong`` count in the current round, or in the last one: in the lesson up to the first
    pass, in practice from one question to its pass. ``is_asked`` while a round of practice has not passed.
    """

    lesson: str
    node: str
    box: int = 0
    due: date | None = None
    passed: date | None = None
    revealed: bool = False
    hints: int = 0
    wrong: int = 0
    rounds: int = 0
    is_asked: bool = False

    def is_due(self, on: date) -> bool:
        """Whether it is asked on that day."""
        return self.due is not None and self.due <= on

    def after(self, review: Review) -> Card:
        """The card after ``review``. What happens in its lesson once it has passed there changes nothing."""
        if review.in_practice:
            return self._practised(review)
        return self if self.passed is not None else self._answered(review)

    def _answered(self, review: Review) -> Card:
        match review.kind:
            case ReviewKind.HINT:
                return replace(self, hints=self.hints + 1)
            case ReviewKind.REVEALED if not self.revealed:
                return replace(self, revealed=True)._into(REVEALED_BOX, review.on)
            case ReviewKind.WRONG:
                return replace(self, wrong=self.wrong + 1)
            case ReviewKind.PASSED:
                hints, revealed = max(self.hints, review.hints), self.revealed or review.revealed
                box = HELPED_BOX if hints or self.wrong >= MANY_TRIES else UNAIDED_BOX
                card = replace(self, passed=review.on, hints=hints, revealed=revealed)
                return card._into(REVEALED_BOX if revealed else box, review.on)
        return self

    def _practised(self, review: Review) -> Card:
        if review.kind is ReviewKind.BEGUN:
            wrong = self.wrong if self.is_asked else 0  # a round that was left before it passed goes on
            return replace(self, rounds=self.rounds + 1, is_asked=True, revealed=False, hints=0, wrong=wrong)
        if not self.is_asked:
            return self
        match review.kind:
            case ReviewKind.HINT:
                box = self.box if self.hints else max(self.box - 1, min(self.box, 1))
                return replace(self, hints=self.hints + 1, box=box)
            case ReviewKind.REVEALED:
                return replace(self, revealed=True)._into(REVEALED_BOX, review.on)
            case ReviewKind.WRONG:
                return replace(self, wrong=self.wrong + 1)
        card = replace(self, passed=review.on, is_asked=False)
        return card._into(self._box_of_pass(review.on), review.on)

    def _box_of_pass(self, on: date) -> int:
        is_aided = self.revealed or self.hints or self.wrong
        if not self.box:
            return HELPED_BOX if is_aided else UNAIDED_BOX
        return min(self.box + 1, len(INTERVALS)) if self.is_due(on) and not is_aided else self.box

    def _into(self, box: int, on: date) -> Card:
        return replace(self, box=box, due=on + timedelta(days=INTERVALS[box - 1]))


@dataclass(frozen=True)
class Progress:
    """How many gradients of a lesson have passed, and how many are due."""

    passed: int = 0
    due: int = 0


@dataclass(frozen=True)
class Deck:
    """All cards, each once, in the order in which they came."""

    cards: tuple[Card, ...] = ()

    def card(self, lesson: str, node: str) -> Card:
        """The card of ``node``; a new one where there is none yet."""
        return next((card for card in self.cards if (card.lesson, card.node) == (lesson, node)), Card(lesson, node))

    def after(self, reviews: Iterable[Review]) -> Deck:
        """The deck after ``reviews``, in their order."""
        cards = {(card.lesson, card.node): card for card in self.cards}
        for review in reviews:
            key = review.lesson, review.node
            cards[key] = cards.get(key, Card(*key)).after(review)
        return Deck(tuple(cards.values()))

    def without(self, gone: Collection[tuple[str, str]]) -> Deck:
        """The deck without the cards of these lessons and nodes."""
        return Deck(tuple(card for card in self.cards if (card.lesson, card.node) not in gone))

    def due(self, on: date) -> list[Card]:
        """The cards that are asked on that day: first those that have waited longest, of these those in low boxes."""
        cards = [(card.due, card.box, card) for card in self.cards if card.due is not None and card.due <= on]
        return [card for *_, card in sorted(cards, key=lambda each: each[:2])]

    def next_due(self, on: date) -> date | None:
        """The first day after ``on`` on which a card is asked; None where there is none."""
        return min((card.due for card in self.cards if card.due is not None and card.due > on), default=None)

    def progress(self, lesson: str, on: date, nodes: Collection[str] | None = None) -> Progress:
        """How far ``lesson`` has come, with those of ``nodes`` alone if these are all that it has."""
        cards = [card for card in self.cards if card.lesson == lesson and (nodes is None or card.node in nodes)]
        return Progress(sum(card.passed is not None for card in cards), sum(card.is_due(on) for card in cards))


def nothing_due(deck: Deck, on: date) -> str:
    """A sentence for a day on which nothing is asked."""
    later = deck.next_due(on)
    if later is None:
        return "nothing to practise yet: a gradient that passes in a lesson, or is revealed, comes into the deck"
    return f"nothing is due; next: {in_days(later, on)}"


def in_days(due: date, on: date) -> str:
    """``today``, ``tomorrow``, ``in 2 days``."""
    days = (due - on).days
    return "today" if days <= 0 else "tomorrow" if days == 1 else f"in {days} days"
