"""Keeps the deck while the app is open: what happens is in it at once, and in its file a little later."""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path

from ninja_tui.engine.serial_queue import SerialQueue
from ninja_tui.errors import UsageError
from ninja_tui.lesson.open import gone
from ninja_tui.lesson.practice.deck import Card, Deck, Review, in_days
from ninja_tui.lesson.practice.deck_file import DeckReading, read_deck, record
from ninja_tui.lesson.practice.variation import Round
from ninja_tui.tui.outlook import Outlook

NOTHING_READ = DeckReading()


class _Job(enum.Enum):
    WRITE = "write"


class DeckKeeper:
    """The deck, and the file that keeps it. ``today`` is asked whenever the day matters.

    The file is written in a thread of its own. Whatever goes wrong there is told once, by ``tell``, which that thread
    calls; what could not be written is tried again with what comes next, and when the app ends.
    """

    def __init__(
        self, path: Path | None = None, reading: DeckReading = NOTHING_READ, today: Callable[[], date] = date.today
    ) -> None:
        self.today, self.problem = today, reading.problem
        self.tell: Callable[[str], None] = lambda sentence: None
        self._path = path if reading.usable else None
        self._deck = reading.deck
        self._pending: list[Review] = []
        self._left_out: set[tuple[str, str]] = set()
        self._told = ""
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._thread = SerialQueue()

    @classmethod
    def opened(cls, path: Path, today: Callable[[], date] = date.today) -> DeckKeeper:
        """With what the file holds; what cannot be asked, as its lesson is gone, is left out of all that is told."""
        keeper = cls(path, read_deck(path), today)
        keeper._left_out |= gone(keeper.deck, today())
        return keeper

    @property
    def deck(self) -> Deck:
        """The deck as it is now."""
        with self._lock:
            return self._deck

    @property
    def askable(self) -> Deck:
        """The deck but for what cannot be asked."""
        return self.deck.without(self._left_out)

    def due(self, asked: Round | None = None) -> list[Card]:
        """What is asked today, but for what could not be, and besides what is ``asked``."""
        deck = self.askable.without([(asked.lesson, asked.node)] if asked else [])
        return deck.due(self.today())

    def next_round(self, asked: Round | None = None, *, other_sizes: bool) -> Round | None:
        """The round for what has waited longest, besides what is ``asked``; None where nothing is due."""
        due = self.due(asked)
        return Round.of(due[0], other_sizes=other_sizes) if due else None

    def skip(self, asked: Round) -> None:
        """Does not ask for this any more as long as the app is open."""
        self._left_out.add((asked.lesson, asked.node))

    def outlook(self, asked: Round | None = None) -> Outlook:
        """What there is to practise, besides what is ``asked``."""
        deck, today = self.askable, self.today()
        due = self.due(asked)
        later = deck.next_due(today)
        card = None if asked is None else deck.card(asked.lesson, asked.node)
        again = card.due if card is not None and not card.is_asked else None
        return Outlook(
            len(due),
            in_days(later, today) if later else "",
            in_days(again, today) if again else "",
            {lesson: deck.progress(lesson, today) for lesson in {each.lesson for each in deck.cards}},
        )

    def record(self, reviews: Iterable[Review]) -> None:
        """Has ``reviews`` in the deck, and soon in the file."""
        reviews = list(reviews)
        self._left_out -= {(each.lesson, each.node) for each in reviews}  # its lesson is there again
        with self._lock:
            self._deck = self._deck.after(reviews)
            self._pending += reviews
        if self._path is None:
            return
        if not self._thread.is_alive():
            self._thread.start()
        self._thread.add(self._write, _Job.WRITE)

    def close(self) -> None:
        """Writes what has not been written yet."""
        self._thread.close()
        self._write()

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                pending = list(self._pending)
            if not pending or self._path is None:
                return
            try:
                written = record(self._path, pending)
            except (OSError, UsageError) as error:
                self._tell_once(f"Practice is not kept: {_reason(error, self._path)}.")
                return
            with self._lock:
                del self._pending[: len(pending)]
                self._deck = written.deck.after(self._pending)

    def _tell_once(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self.tell(sentence)


def _reason(error: OSError | UsageError, path: Path) -> str:
    return f"{path} cannot be written ({error.strerror or error})" if isinstance(error, OSError) else str(error)
