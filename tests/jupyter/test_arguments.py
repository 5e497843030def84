"""What ``%ninja`` is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.jupyter.arguments import Arguments, help_text, read_arguments


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("", Arguments()),
        ("probs dh", Arguments(("probs", "dh"))),
        ("--watch", Arguments(watch=True)),
        ("--no-watch", Arguments(watch=False)),
        ("-v --strict h[t=2]", Arguments(("h[t=2]",), verbose=True, strict=True)),
        ("--timeout 2.5 --data 'my names.txt'", Arguments(timeout=2.5, data=Path("my names.txt"))),
        ("--help", Arguments(help=True)),
    ],
)
def test_what_is_asked(line: str, asked: Arguments) -> None:
    assert read_arguments(line) == asked


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
        read_arguments(line)


def test_help_names_every_option() -> None:
    assert all(option in help_text() for option in ("--watch", "--no-watch", "--timeout", "--strict", "--data", "NODE"))
