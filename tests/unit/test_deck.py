"""The deck of practice: which box a card is in, when it is due, and the file that keeps it."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninja_tui.errors import UsageError
from ninja_tui.lesson.practice.deck import INTERVALS, Card, Deck, Progress, Review, ReviewKind, in_days
from ninja_tui.lesson.practice.deck_file import read_deck, record

DAY = date(2030, 5, 17)
BEGUN, HINT, REVEALED, WRONG, PASSED = ReviewKind


def answered(*kinds: ReviewKind, node: str = "probs", on: date = DAY) -> Deck:
    """The deck after these in the lesson."""
    return Deck().after(Review(kind, "names", node, on) for kind in kinds)


def practised(card: Card, *kinds: ReviewKind, on: date) -> Card:
    """The card after a round of practice."""
    deck = Deck((card,)).after(Review(kind, card.lesson, card.node, on, in_practice=True) for kind in (BEGUN, *kinds))
    return deck.card(card.lesson, card.node)


@pytest.mark.parametrize(
    ("kinds", "days"),
    [
        ([PASSED], 7),
        ([WRONG, WRONG, PASSED], 7),
        ([WRONG, WRONG, WRONG, PASSED], 3),
        ([HINT, PASSED], 3),
        ([HINT, HINT, WRONG, PASSED], 3),
        ([REVEALED, PASSED], 1),
        ([HINT, REVEALED, PASSED], 1),
    ],
)
def test_the_more_help_a_gradient_took_the_sooner_it_is_asked_again(kinds: list[ReviewKind], days: int) -> None:
    (card,) = answered(*kinds).cards
    assert (card.passed, card.due) == (DAY, DAY + timedelta(days))


def test_what_was_only_revealed_is_asked_tomorrow_and_what_was_only_tried_is_not() -> None:
    (card,) = answered(REVEALED).cards
    assert (card.passed, card.due) == (None, DAY + timedelta(1))
    (card,) = answered(HINT, WRONG).cards
    assert (card.passed, card.due, card.hints, card.wrong) == (None, None, 1, 1)


def test_revealing_once_more_does_not_put_it_off() -> None:
    deck = answered(REVEALED).after([Review(REVEALED, "names", "probs", DAY + timedelta(1))])
    assert deck.due(DAY + timedelta(1)) == list(deck.cards)


def test_the_marks_of_the_file_count_for_what_passed_before_there_was_a_deck() -> None:
    (hinted,) = Deck().after([Review(PASSED, "names", "probs", DAY, hints=2)]).cards
    (revealed,) = Deck().after([Review(PASSED, "names", "probs", DAY, revealed=True)]).cards
    assert [(each.hints, each.revealed, each.box) for each in (hinted, revealed)] == [(2, False, 2), (0, True, 1)]


@given(st.lists(st.sampled_from([HINT, REVEALED, WRONG, PASSED])), st.integers(0, 100))
def test_once_passed_in_its_lesson_nothing_there_moves_a_card(kinds: list[ReviewKind], later: int) -> None:
    deck = answered(PASSED)
    assert deck.after(Review(kind, "names", "probs", DAY + timedelta(later)) for kind in kinds) == deck


def due_cards() -> st.SearchStrategy[Card]:
    """Cards that have been due for some days."""
    return st.builds(
        lambda box, late, rounds: Card("names", "h", box, DAY - timedelta(late), DAY - timedelta(90), rounds=rounds),
        st.integers(1, len(INTERVALS)),
        st.integers(0, 60),
        st.integers(0, 9),
    )


@given(due_cards())
def test_a_pass_without_help_moves_a_card_on_by_one_box(card: Card) -> None:
    after = practised(card, PASSED, on=DAY)
    assert after.box == min(card.box + 1, 5)
    assert after.due == DAY + timedelta(INTERVALS[after.box - 1])


@given(due_cards(), st.lists(st.sampled_from([HINT, WRONG]), min_size=1))
def test_help_brings_a_card_back_sooner_than_a_pass_without(card: Card, helps: list[ReviewKind]) -> None:
    aided, unaided = practised(card, *helps, PASSED, on=DAY), practised(card, PASSED, on=DAY)
    assert aided.due is not None
    assert unaided.due is not None
    assert aided.due > DAY
    assert aided.due < unaided.due or card.box == 5
    assert aided.box == (max(card.box - 1, 1) if HINT in helps else card.box)


@given(due_cards(), st.lists(st.sampled_from([HINT, WRONG])), st.booleans())
def test_what_is_revealed_is_asked_tomorrow_whether_it_then_passes_or_not(
    card: Card, before: list[ReviewKind], passes: bool
) -> None:
    after = practised(card, *before, REVEALED, *([PASSED] if passes else []), on=DAY)
    assert (after.box, after.due) == (1, DAY + timedelta(1))


@given(due_cards(), st.lists(st.sampled_from([HINT, REVEALED, WRONG, PASSED])))
def test_nothing_counts_after_the_pass_until_practice_asks_again(card: Card, kinds: list[ReviewKind]) -> None:
    assert practised(card, PASSED, *kinds, on=DAY) == practised(card, PASSED, on=DAY)


@given(due_cards())
def test_what_is_asked_and_left_is_still_due(card: Card) -> None:
    assert practised(card, on=DAY).is_due(DAY)
    assert practised(card, HINT, WRONG, on=DAY).is_due(DAY)


@given(due_cards())
def test_a_wrong_try_counts_also_where_the_round_is_left_after_it(card: Card) -> None:
    resumed = practised(practised(card, WRONG, on=DAY), PASSED, on=DAY)
    assert resumed.box == practised(card, WRONG, PASSED, on=DAY).box == card.box


@given(due_cards())
def test_a_wrong_try_counts_in_its_round_only(card: Card) -> None:
    passed = practised(card, WRONG, PASSED, on=DAY)
    assert passed.due is not None
    assert practised(passed, PASSED, on=passed.due).box == min(card.box + 1, 5)


def test_a_pass_before_the_day_comes_does_not_move_a_card_on() -> None:
    card = Card("names", "h", 4, DAY + timedelta(2), DAY)
    after = practised(card, PASSED, on=DAY)
    assert (after.box, after.due) == (4, DAY + timedelta(14))


@given(st.lists(st.tuples(st.sampled_from(ReviewKind), st.booleans(), st.integers(0, 40)), max_size=30))
def test_whatever_happens_a_card_is_one_that_can_be(happenings: list[tuple[ReviewKind, bool, int]]) -> None:
    deck = Deck()
    for kind, in_practice, day in happenings:
        deck = deck.after([Review(kind, "names", "h", DAY + timedelta(day), in_practice=in_practice)])
        (card,) = deck.cards
        assert (card.box == 0) == (card.due is None)
        assert 0 <= card.box <= len(INTERVALS)
        assert card.passed is None or card.due is not None


def test_what_has_waited_longest_is_asked_first() -> None:
    def card(node: str, box: int, days: int) -> Card:
        return Card("names", node, box, DAY + timedelta(days), DAY)

    deck = Deck(
        (card("a", 2, 0), card("b", 1, 0), card("c", 5, -1), card("d", 1, 3), card("e", 2, 9), Card("names", "f"))
    )
    assert [each.node for each in deck.due(DAY)] == ["c", "b", "a"]
    assert deck.next_due(DAY) == DAY + timedelta(3)
    assert deck.next_due(DAY + timedelta(9)) is None
    assert deck.progress("names", DAY) == Progress(passed=5, due=3)
    assert deck.progress("train", DAY) == Progress()


@pytest.mark.parametrize(("days", "said"), [(-3, "today"), (0, "today"), (1, "tomorrow"), (2, "in 2 days")])
def test_a_day_is_told_from_today(days: int, said: str) -> None:
    assert in_days(DAY + timedelta(days), DAY) == said


# The file


def passed(node: str) -> Review:
    return Review(PASSED, "names", node, DAY)


def test_what_was_recorded_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "of" / "somebody" / "deck.json"
    record(path, [passed("probs"), Review(REVEALED, "names", "h", DAY)])
    written = record(path, [passed("W1")])
    assert read_deck(path) == written
    assert [card.node for card in written.deck.cards] == ["probs", "h", "W1"]
    assert written.deck.card("names", "h") == Card("names", "h", 1, DAY + timedelta(1), revealed=True)


def test_two_apps_at_once_lose_none_of_their_cards(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"

    def app(name: str) -> None:
        for number in range(15):
            record(path, [passed(f"{name}{number}")])

    apps = [threading.Thread(target=app, args=(name,)) for name in "ab"]
    for each in apps:
        each.start()
    for each in apps:
        each.join()
    assert {card.node for card in read_deck(path).deck.cards} == {
        f"{name}{number}" for name in "ab" for number in range(15)
    }


GOOD = {"lesson": "names", "node": "probs", "box": 3, "due": "2030-05-24", "passed": "2030-05-17"}


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", []),
        (b"\xff\xfe", []),
        (b"{", []),
        (b"[" * 100_000, []),
        (b'{"version": 1}', []),
        (json.dumps({"version": 1, "cards": [GOOD, {"lesson": "names"}]}).encode(), ["probs"]),
        (json.dumps({"version": 1, "cards": [{**GOOD, "box": 6}, {**GOOD, "node": "h"}]}).encode(), ["h"]),
        (json.dumps({"version": 1, "cards": [{**GOOD, "due": None}]}).encode(), []),
        (json.dumps({"version": 1, "cards": [{**GOOD, "due": "soon"}, 7]}).encode(), []),
    ],
)
def test_a_damaged_file_is_told_and_kept_aside_and_what_can_be_read_of_it_stays(
    tmp_path: Path, content: bytes, kept: list[str]
) -> None:
    path = tmp_path / "deck.json"
    path.write_bytes(content)
    reading = read_deck(path)
    assert "is damaged" in reading.problem
    assert [card.node for card in reading.deck.cards] == kept
    assert path.read_bytes() == content  # reading changes nothing
    record(path, [passed("W1")])
    assert (tmp_path / "deck-damaged-1.json").read_bytes() == content
    after = read_deck(path)
    assert (after.problem, [card.node for card in after.deck.cards]) == ("", [*kept, "W1"])


def json_values() -> st.SearchStrategy[object]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("2030-05-17")
    names = st.sampled_from(["version", "cards", *Card.__dataclass_fields__]) | st.text(max_size=3)
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(names, inner), max_leaves=20)


@pytest.mark.slow
@given(st.binary() | json_values().map(lambda value: json.dumps({"version": 1, "cards": [GOOD, value]}).encode()))
def test_whatever_is_in_the_file_reading_it_raises_nothing_and_what_is_recorded_is_kept(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "deck.json")
        path.write_bytes(content)
        before = read_deck(path)
        if before.usable:
            assert record(path, [passed("W1")]).deck == before.deck.after([passed("W1")])
            assert read_deck(path).problem == ""
        assert content in {each.read_bytes() for each in Path(folder).iterdir()} or not before.problem


def test_a_second_damage_does_not_go_over_the_first(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    for content in ("one", "two"):
        path.write_text(content)
        record(path, [passed("W1")])
    assert [(tmp_path / f"deck-damaged-{number}.json").read_text() for number in (1, 2)] == ["one", "two"]


@pytest.mark.parametrize(
    "content",
    [
        '{"version": 2, "cards": []}',
        '{"version": 2, "cards": [{"front": "h"}]}',
        '{"version": 2, "cards": {"names": {"h": 3}}}',
        '{"decks": [], "version": 7}',
    ],
)
def test_the_file_of_a_newer_version_is_left_alone_whatever_is_in_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "deck.json"
    path.write_text(content)
    assert "newer ninja-tui" in read_deck(path).problem
    with pytest.raises(UsageError, match="newer ninja-tui"):
        record(path, [passed("W1")])
    assert path.read_text() == content
    assert [each.name for each in tmp_path.iterdir()] == ["deck.json"]


def test_a_directory_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    reading = read_deck(tmp_path)
    assert (reading.usable, reading.problem) == (
        False,
        f"the practice deck {tmp_path} is a directory; practice is not kept",
    )
    with pytest.raises(UsageError, match="is a directory"):
        record(tmp_path, [passed("W1")])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cards", "told"), [([GOOD, 7], "1 card can"), ([GOOD, {**GOOD, "node": "h"}, 7], "2 cards can")]
)
def test_how_much_of_a_damaged_file_can_be_read_is_counted(tmp_path: Path, cards: list[object], told: str) -> None:
    path = tmp_path / "deck.json"
    path.write_text(json.dumps({"version": 1, "cards": cards}))
    assert f"{told} be read" in read_deck(path).problem


def test_a_link_stays_a_link_and_no_device_is_written(tmp_path: Path) -> None:
    (tmp_path / "deck.json").symlink_to(tmp_path / "elsewhere.json")
    record(tmp_path / "deck.json", [passed("W1")])
    assert (tmp_path / "deck.json").is_symlink()
    assert len(read_deck(tmp_path / "elsewhere.json").deck.cards) == 1
    assert len(record(Path(os.devnull), [passed("W1")]).deck.cards) == 1
    assert read_deck(Path(os.devnull)).deck == Deck()


def test_a_folder_that_cannot_be_written_is_an_error_and_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    record(path, [passed("W1")])
    path.chmod(0o400)
    with pytest.raises(OSError):
        record(path, [passed("W2")])
    assert [card.node for card in read_deck(path).deck.cards] == ["W1"]
