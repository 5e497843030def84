"""Practice on the command line: what is due, and how far each lesson has come."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.lesson.practice.deck import Progress, Review, ReviewKind
from ninja_tui.lesson.practice.deck_file import read_deck, record
from ninja_tui.lesson.practice.variation import Round
from ninja_tui.tui.outlook import Outlook
from ninja_tui.tui.practice.keeper import DeckKeeper

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


TINY = """\
# %% setup
import torch
W = torch.ones((3, 2), requires_grad=True)
b = torch.zeros((2,), requires_grad=True)
parameters = [W, b]
# %% forward
h = torch.ones((4, 3)) @ W + b
loss = (h**2).mean()
"""


def test_a_node_that_its_lesson_has_no_more_does_not_count(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(deck, [passed("probs", 8), passed("no_such", 8), passed("neither", 0), passed("x", 9, "no-lesson")])
    assert main(["list"]) == 0
    lines = {words[0]: " ".join(words[1:9]) for line in capsys.readouterr().out.splitlines() if (words := line.split())}
    assert lines["names"].startswith("0 of 26 answered 1 passed 1 due")


def test_what_cannot_be_asked_is_not_due(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = deck.parent.parent / "tiny"
    folder.mkdir()
    (folder / "forward.py").write_text(TINY, encoding="utf-8")
    lesson = str(folder)
    record(deck, [passed("h", 6, lesson), passed("b", 8, lesson), passed("k", 8, lesson), passed("y", 8, "no-lesson")])
    assert main(["practice"]) == 2  # b is due
    (folder / "forward.py").write_text(TINY.replace("b", "c"), encoding="utf-8")
    capsys.readouterr()
    assert main(["practice"]) == 0
    assert capsys.readouterr().out == "nothing is due; next: tomorrow\n"
    (folder / "forward.py").unlink()
    folder.rmdir()
    assert main(["practice"]) == 0
    assert capsys.readouterr().out.startswith("nothing to practise yet")
    assert len(read_deck(deck).deck.cards) == 4


def test_the_app_counts_what_can_be_asked_alone(deck: Path) -> None:
    record(deck, [passed("probs", 8), passed("no_such", 8), passed("y", 8, "no-lesson"), passed("z", 6, "no-lesson")])
    keeper = DeckKeeper.opened(deck, lambda: TODAY)
    assert [(card.lesson, card.node) for card in keeper.due()] == [("names", "probs")]
    outlook = keeper.outlook()
    assert (outlook.due, outlook.next, dict(outlook.progress)) == (1, "", {"names": Progress(1, 1)})
    keeper.skip(Round("names", "probs", 1))
    assert keeper.outlook() == Outlook()
    keeper.record([passed("no_such", 0)])  # as in a lesson that has it again
    assert [card.node for card in keeper.due()] == ["no_such"]
    keeper.close()
    assert len(read_deck(deck).deck.cards) == 4


def test_a_damaged_deck_is_told_beside_the_list(deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deck.parent.mkdir()
    deck.write_text("no deck", encoding="utf-8")
    assert main(["list"]) == 0
    said = capsys.readouterr()
    assert "names" in said.out
    assert said.err.count("\n") == 1
    assert f"the practice deck {deck} is damaged" in said.err
