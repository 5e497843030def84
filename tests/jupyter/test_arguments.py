"""What ``%ninja`` is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.jupyter.arguments import Asked, asked_in, help_text


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("", Asked()),
        ("probs dh", Asked(("probs", "dh"))),
        ("--watch", Asked(watch=True)),
        ("--no-watch", Asked(watch=False)),
        ("-v --strict h[t=2]", Asked(("h[t=2]",), verbose=True, strict=True)),
        ("--timeout 2.5 --data 'my names.txt'", Asked(timeout=2.5, data=Path("my names.txt"))),
        ("--help", Asked(help=True)),
    ],
)
def test_what_is_asked(line: str, asked: Asked) -> None:
    assert asked_in(line) == asked


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--wacth", "unrecognized arguments: --wacth"),
        ("--timeout soon", "invalid"),
        ("--timeout 0", "invalid"),
        ("--data", "expected one argument"),
        ("'probs", "No closing quotation"),
    ],
)
def test_what_cannot_be_meant_is_told_in_a_sentence(line: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        asked_in(line)


def test_help_names_every_option() -> None:
    assert all(option in help_text() for option in ("--watch", "--no-watch", "--timeout", "--strict", "--data", "NODE"))
