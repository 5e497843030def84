"""The index that a person types, and what part of a tensor it takes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ninja_tui.engine.protocol.views import Slice
from ninja_tui.tui.tensor_index import Axes, parse_index


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("", ()),
        (" [3, :, 0:5] ", (3, Slice(), Slice(0, 5))),
        ("-1, ::2,", (-1, Slice(step=2))),
        ("[2:]", (Slice(2),)),
    ],
)
def test_an_index_is_read_as_python_reads_it(text: str, index: tuple[int | Slice, ...]) -> None:
    assert parse_index(text) == index


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("foo", "`foo` is neither a whole number nor a slice such as 0:5"),
        ("3, x:2", "`x:2` is neither a whole number nor a slice such as 0:5"),
        ("1:2:3:4", "`1:2:3:4` is neither a whole number nor a slice such as 0:5"),
        ("3,,1", "`` is neither a whole number nor a slice such as 0:5"),
        ("1.5", "`1.5` is neither a whole number nor a slice such as 0:5"),
        ("9" * 30, f"`{'9' * 30}` is too large"),
        ("::-1", "`::-1`: PyTorch knows no step that is not positive"),
        ("::0", "`::0`: PyTorch knows no step that is not positive"),
    ],
)
def test_what_is_no_index_is_named_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match="`") as raised:
        parse_index(text)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("text", ["", "3", "-1", "3, 1", "2:, 1", "::5", ":, :, 3", "1:4, -1, ::3", "3, 1, 2"])
def test_the_elements_of_a_part_know_their_index_in_the_whole(text: str) -> None:
    shape = (6, 3, 10)
    whole = np.arange(6 * 3 * 10).reshape(shape)
    slices = parse_index(text)
    part = whole[tuple(slice(each.start, each.stop, each.step) if isinstance(each, Slice) else each for each in slices)]
    axes = Axes.of(shape, slices)
    assert axes.count == part.size
    for flat, value in enumerate(part.flat):
        assert whole[axes.index(flat)] == value
        assert axes.flat(axes.index(flat)) == flat
    outside = set(itertools.product(*map(range, shape))) - {axes.index(flat) for flat in range(part.size)}
    assert all(axes.flat(index) is None for index in outside)
    assert len(axes.kept) == part.ndim
