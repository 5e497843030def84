"""Other numbers for practice: another seed, and other sizes in a set-up."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Notes
from ninja_tui.lesson.practice.deck import Card
from ninja_tui.lesson.practice.variation import Round, Variation, other_sizes, variations, with_sizes
from ninja_tui.lesson.read import read_lesson
from ninja_tui.lesson.syntax.sizes import with_numbers, written_numbers


def test_the_numbers_that_a_setup_writes_out() -> None:
    bound = ["seed = 3", "n = 10", "x: int = 4", "big = True", "m = n * 2", "for i in []: k = 5", "n2 = n3 = 6"]
    code = "\n".join([*bound, "twice = 1", "twice = 2"])
    assert written_numbers(code) == {"seed": 3, "n": 10}
    assert written_numbers("n = (") == {}


def test_numbers_are_replaced_where_they_stand_and_nothing_else_changes() -> None:
    code = "n_embd = 10  # not 10\nä = 1; steps = 200_000; text = '10'\ndef f(n_embd=10):\n    n_embd = 10\n"
    assert with_numbers(code, {"n_embd": 7, "steps": 5, "text": 3}) == (
        "n_embd = 7  # not 10\nä = 1; steps = 5; text = '10'\ndef f(n_embd=10):\n    n_embd = 10\n"
    )


@given(
    st.dictionaries(st.sampled_from(["batch_size", "n_embd", "block_size", "head_size"]), st.integers(-3, 3000)),
    st.integers(0, 2**32),
)
def test_other_sizes_are_others_and_each_is_told_from_all(numbers: dict[str, int], seed: int) -> None:
    sizes = other_sizes(numbers, seed)
    assert sizes == other_sizes(numbers, seed)
    assert sizes.keys() <= numbers.keys()
    assert not set(sizes.values()) & set(numbers.values())
    assert all(one != other for one, other in combinations(sizes.values(), 2))
    for name, size in sizes.items():
        assert 2 <= numbers[name] <= 1024
        assert max(2, 0.5 * numbers[name]) <= size <= max(1.5 * numbers[name], numbers[name] + 1)


def test_seeds_steps_and_counts_of_heads_stay() -> None:
    numbers = {"seed": 42, "steps": 100, "max_iters": 50, "n_epochs": 4, "n_heads": 2, "n_head": 4}
    assert other_sizes(numbers, 1) == {}


@given(st.integers(0, 2**32), st.sampled_from(["n_heads", "n_head", "heads"]), st.integers(2, 8), st.integers(1, 16))
def test_what_is_split_into_heads_can_still_be(seed: int, name: str, heads: int, head_size: int) -> None:
    sizes = other_sizes({name: heads, "n_embd": heads * head_size, "batch_size": 31}, seed)
    assert sizes.get("n_embd", heads * head_size) % heads == 0


@given(st.integers(0, 2**32))
def test_every_size_of_attention_is_another_and_the_two_heads_stay(seed: int) -> None:
    numbers = written_numbers(read_lesson("attention").setup.source)
    sizes = other_sizes(numbers, seed)
    assert set(sizes) == {"block_size", "n_embd", "head_size", "batch_size"}


def test_the_steps_that_a_lesson_writes_out_one_by_one_are_no_size() -> None:
    form, variation = next(variations(read_lesson("rnn"), Round("rnn", "emb", 3, other_sizes=True)))
    assert set(variation.sizes) == {"n_embd", "n_hidden", "batch_size"}
    assert "block_size: int = 3" in form.setup.source


def test_each_round_of_a_card_has_a_seed_of_its_own_which_stays_its() -> None:
    rounds = [Round.of(Card("names", "h", rounds=number), other_sizes=False) for number in range(50)]
    assert len({each.seed for each in rounds}) == 50
    assert rounds[3] == Round.of(Card("names", "h", rounds=3), other_sizes=False)
    assert Round.of(Card("names", "W1"), other_sizes=False).seed != rounds[0].seed


def test_practice_asks_for_one_gradient_and_begins_with_the_largest_change() -> None:
    lesson = read_lesson("names")
    forms = list(variations(lesson, Round("names", "h", 7, other_sizes=True)))
    assert [form.asks for form, _ in forms] == [("h",)] * 3
    assert [sorted(variation.sizes) for _, variation in forms] == [
        ["batch_size", "block_size", "n_embd", "n_hidden"], ["batch_size"], []
    ]  # fmt: skip
    assert [variation.problem for _, variation in forms] == ["", "", "it does not run with other sizes"]
    first, variation = forms[0]
    assert f"\nn_hidden = {variation.sizes['n_hidden'][1]}\n" in first.setup.source
    assert first.numbers["n_hidden"] == variation.sizes["n_hidden"][1] != lesson.numbers["n_hidden"]
    assert forms[-1][0].setup == lesson.setup


def test_without_other_sizes_only_the_seed_is_another() -> None:
    lesson = read_lesson("names")
    ((form, variation),) = variations(lesson, Round("names", "h", 7))
    assert variation == Variation(7)
    assert (form.setup, form.notes) == (lesson.setup, lesson.notes)


def test_a_lesson_without_sizes_says_so() -> None:
    ((_, variation),) = variations(read_lesson("micrograd"), Round("micrograd", "a", 7, other_sizes=True))
    assert variation == Variation(7, problem="its set-up names no sizes")


def test_a_node_that_is_gone_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="the lesson `names` has no `hh` to practise any more"):
        list(variations(read_lesson("names"), Round("names", "hh", 7)))


def test_notes_that_tell_another_size_are_left_out() -> None:
    lesson = read_lesson("attention")
    changed = with_sizes(lesson, {"batch_size": 5, "head_size": 9})
    for node, note in changed.notes.backward.items():
        assert "(4, 8" not in note.shape
        assert not any("12" in text for text in (note.shape, *note.hints, note.why)), node
    assert changed.notes.backward.keys() < lesson.notes.backward.keys()


@pytest.mark.parametrize(
    ("size", "text", "stays"),
    [
        (6, "Side by side the two sixes, as before.", False),
        (3, "Three numbers for each example.", False),
        (8, "Up to eight readers here.", False),
        (5, "Its twelve columns in a row.", False),
        (5, "Two heads, and three projections.", True),
        (6, "The sixth is one of them; sixty are others.", True),
    ],
)
def test_a_note_that_tells_a_size_in_a_word_is_left_out_too(size: int, text: str, stays: bool) -> None:
    lesson = read_lesson("attention")
    lesson = replace(lesson, numbers={"size": size}, notes=Notes(turn=text))
    assert with_sizes(lesson, {"size": size + 1}).notes.turn == (text if stays else "")
