"""Practice on the command line: what is due, and how far each lesson has come."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.lesson.practice.deck import Review, ReviewKind
from ninja_tui.lesson.practice.deck_file import record

TODAY = date.today()


@pytest.fixture
def deck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "state" / "deck.json"
    monkeypatch.setenv("NINJA_TUI_DECK", str(path))
    monkeypatch.chdir(tmp_path)
    return path


def passed(node: str, days: int, lesson: str = "names") -> Review:
    """It passed so many days ago, without help: seven days later it is due."""
    return Review(ReviewKind.PASSED, lesson, node, TODAY - timedelta(days))


def test_without_a_deck_there_is_nothing_to_practise(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["practice"]) == 0
    said = "nothing to practise yet: a gradient that passes in a lesson, or is revealed, comes into the deck\n"
    assert capsys.readouterr().out == said
    assert not deck.exists()


@pytest.mark.parametrize(("days", "when"), [(5, "in 2 days"), (6, "tomorrow"), (0, "in 7 days")])
def test_where_nothing_is_due_it_says_when_it_will_be(
    deck: Path, capsys: pytest.CaptureFixture[str], days: int, when: str
) -> None:
    record(deck, [passed("probs", days), passed("h", 0)])
    assert main(["practice"]) == 0
    assert capsys.readouterr().out == f"nothing is due; next: {when}\n"


def test_what_is_due_is_asked_in_the_app_which_needs_a_terminal(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(deck, [passed("probs", 8)])
    assert main(["practice"]) == 2
    assert "gradients are due, and the app, which asks for them, needs a terminal" in capsys.readouterr().err


def test_the_list_tells_what_has_passed_and_what_is_due(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(deck, [passed("probs", 8), passed("h", 8), passed("W1", 1), passed("a", 1, "micrograd")])
    Path("solutions.py").write_text("# %% lesson: names\ndprobs = 1\ndh = 2\n", encoding="utf-8")
    assert main(["list"]) == 0
    lines = {words[0]: " ".join(words[1:8]) for line in capsys.readouterr().out.splitlines() if (words := line.split())}
    assert lines["names"].startswith("2 of 26 answered 3 passed 2")
    assert lines["micrograd"].startswith("0 of 15 answered 1 passed")
    assert lines["train"].startswith("0 of 13 answered Exercise")


def test_a_damaged_deck_is_told_beside_the_list(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deck.parent.mkdir()
    deck.write_text("no deck", encoding="utf-8")
    assert main(["list"]) == 0
    said = capsys.readouterr()
    assert "names" in said.out
    assert said.err.count("\n") == 1
    assert f"the practice deck {deck} is damaged" in said.err
