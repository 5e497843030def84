"""What holds for the notes of all lessons, those that are written and those that are drawn from operations."""

from __future__ import annotations

import itertools
import re

import pytest

from ninja_tui.lesson.hints.build import rule_note
from ninja_tui.lesson.hints.question import question
from ninja_tui.lesson.hints.texts import RULES
from ninja_tui.lesson.model import Lesson, NodeNote
from ninja_tui.lesson.notes import parse_notes
from ninja_tui.lesson.read import lesson_names, read_lesson
from ninja_tui.lesson.solutions import bundled_answers
from ninja_tui.lesson.syntax.literals import computed_values
from tests.helpers import pasteable

LESSONS = {name: read_lesson(name) for name in lesson_names()}
WRITTEN = [(name, node) for name, lesson in LESSONS.items() for node in lesson.asks]
LARGEST_OVERLAP = 0.6
"""Share of the shorter text's words that the other may have too."""
_COMMON = (
    "a an and all are as at be by each else for from gets has have how in into is it its many of on once one only or "
    "other than that the there they this to two was what where which with you "
    "gradient gradients upstream times entry entries derivative local every"
)
COMMON = frozenset(_COMMON.split())


def words(text: str) -> set[str]:
    """The words that say something; code in backticks is one, and so is a number."""
    return {word for word in re.findall(r"`[^`]*`|\w+", text.lower()) if word not in COMMON}


def overlap(first: str, second: str) -> float:
    """Which share of the shorter text's words are in both."""
    one, other = words(first), words(second)
    return len(one & other) / max(1, min(len(one), len(other)))


def repeats(*texts: str) -> dict[tuple[str, str], float]:
    """The pairs of which one says again what the other says."""
    pairs = itertools.combinations(texts, 2)
    found = {(a, b): overlap(a, b) for a, b in pairs if min(len(words(a)), len(words(b))) >= 3}
    return {pair: share for pair, share in found.items() if share > LARGEST_OVERLAP}


def card_before_hints(lesson: Lesson, node: str, note: NodeNote) -> str:
    return f"{question(lesson, lesson.node(node), {})} {note.shape}"


@pytest.mark.parametrize(("name", "node"), WRITTEN)
def test_the_second_of_three_hints_holds_the_derivative_and_nothing_before_it_does(name: str, node: str) -> None:
    lesson = LESSONS[name]
    note = lesson.notes.backward[node]
    principle, derivative, structure = note.hints
    assert re.search(r"∂|\bderivative\b", derivative)
    for text in (card_before_hints(lesson, node, note), principle, structure):
        assert "∂" not in text
        assert "derivative" not in text


@pytest.mark.parametrize(("name", "node"), WRITTEN)
def test_no_hint_says_again_what_stands_on_the_card(name: str, node: str) -> None:
    note = LESSONS[name].notes.backward[node]
    assert repeats(*note.hints) == {}
    assert repeats(note.shape, note.hints[0]) == repeats(note.shape, note.hints[2]) == {}


@pytest.mark.parametrize(("name", "node"), WRITTEN)
def test_what_stands_there_before_the_last_hint_does_not_say_what_to_sum(name: str, node: str) -> None:
    """The shape says how a tensor was used on the way forward; what follows from it is the person's to find."""
    shape = LESSONS[name].notes.backward[node].shape
    assert re.findall(r"summed|sums over|keeps?\b|contracted|gradient", shape) == []


@pytest.mark.parametrize(("name", "node"), WRITTEN)
def test_no_hint_gives_code_of_an_answer(name: str, node: str) -> None:
    note = LESSONS[name].notes.backward[node]
    assert pasteable((*note.hints, note.shape), node) == []
    codes = [code for form in bundled_answers(LESSONS[name])[node] for code in computed_values(form)]
    held = [code for code in codes if len(code) > 3 and any(code in hint for hint in note.hints)]
    assert held == []


def test_every_rule_has_its_derivative_in_the_second_hint_alone() -> None:
    for rule in RULES.values():
        assert "derivative" in rule.derivative
        principle, structure = rule.ends
        assert "derivative" not in principle
        assert repeats(rule.derivative, principle, structure) == {}


@pytest.mark.parametrize("name", LESSONS)
def test_what_is_drawn_from_operations_has_three_hints_that_do_not_repeat(name: str) -> None:
    lesson = LESSONS[name]
    for node in lesson.nodes:
        note = rule_note(lesson, node, {})
        principle, derivative, structure = (re.sub(r"Through `\w+`:", "", hint) for hint in note.hints)
        assert "derivative" in derivative
        assert "derivative" not in f"{card_before_hints(lesson, node.name, note)} {principle}"
        assert repeats(principle, derivative, structure) == {}


def test_a_label_that_has_no_place_is_told() -> None:
    text = "# x\n\n## Backward\n\n### h\n\n- **Maths**: 2h.\n- **Hint**: a.\n- **shape**: (3,).\n"
    note = parse_notes(text).backward["h"]
    assert (note.unknown, note.hints, note.shape) == (("Maths",), ("a.",), "(3,).")
