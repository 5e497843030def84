"""``ninja-tui explain``: a kind of mistake with its example, a warning, or a list of all."""

from __future__ import annotations

import pytest

from ninja_tui.cli import main
from ninja_tui.engine.protocol.verdict import Kind, Warning
from ninja_tui.report.kinds import MISTAKES, WARNINGS


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def unwrapped(text: str) -> str:
    """Text without the ends of its lines, which depend on the width of the terminal."""
    return " ".join(text.split())


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_kind_is_told_with_its_example_and_its_cure(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    printed, mistake = explained(capsys, kind), MISTAKES[kind]
    for part in (mistake.title, mistake.meaning, mistake.example.message, mistake.cure):
        assert part in unwrapped(printed)
    for code in (mistake.example.wrong, mistake.example.right):
        for line in code.splitlines():
            assert f"    {line}\n" in printed


def test_a_name_of_a_kind_and_of_a_warning_tells_both(capsys: pytest.CaptureFixture[str]) -> None:
    printed = unwrapped(explained(capsys, "shape"))
    assert MISTAKES[Kind.SHAPE].title in printed
    assert WARNINGS[Warning.SHAPE] in printed


def test_a_warning_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert WARNINGS[Warning.CLOSED_FORM] in unwrapped(explained(capsys, "closed-form"))


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    words = {line.split()[0] for line in explained(capsys).splitlines() if line}
    assert {*map(str, Kind), *map(str, Warning)} <= words


def test_what_is_no_kind_is_one_sentence_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "not-sumed"]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert "did you mean `not-summed`?" in printed.err
