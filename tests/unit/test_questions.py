"""A shape as people type it."""

from __future__ import annotations

import pytest

from ninja_tui.tui.questions import LONGEST, edited, parse_shape, pasted


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("32, 1", (32, 1)), ("(32,1)", (32, 1)), ("32 1", (32, 1)), ("[32, 1]", (32, 1)), ("(32, 1", (32, 1)),
        (" 27,", (27,)), ("27", (27,)), ("(27,)", (27,)), ("()", ()), ("[ ]", ()), ("0, 3", (0, 3)),
    ],
)  # fmt: skip
def test_a_shape_may_be_written_in_any_of_the_usual_ways(text: str, shape: tuple[int, ...]) -> None:
    assert parse_shape(text) == shape


@pytest.mark.parametrize("text", ["", " ", "(", ",", ")(", "(]", "x", "-1", "1.5", "①"])
def test_what_is_no_shape_says_what_one_is(text: str) -> None:
    with pytest.raises(ValueError, match=r"sizes, such as 32, 1"):
        parse_shape(text)


@pytest.mark.parametrize(
    ("typed", "key", "character", "after"),
    [
        ("", "3", "3", "3"), ("3", "left_parenthesis", "(", "3("), ("32,", "space", " ", "32, "),
        ("32", "backspace", "\x08", "3"), ("", "backspace", "\x08", ""), ("32", "ctrl+u", "\x15", ""),
        ("", "space", " ", None), ("", "n", "n", None), ("3", "enter", "\r", None), ("3", "up", None, None),
        ("", "alt+3", "3", None), ("3" * LONGEST, "4", "4", "3" * LONGEST),
    ],
)  # fmt: skip
def test_only_what_a_shape_is_typed_with_is_taken(typed: str, key: str, character: str, after: str | None) -> None:
    assert edited(typed, key, character) == after


def test_of_a_paste_the_shape_is_left() -> None:
    assert parse_shape(pasted("", "torch.Size([32, 1])\n")) == (32, 1)
