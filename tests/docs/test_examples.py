"""What the pages show is what is printed: their examples are run, and compared line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from ninja_tui import cmp
from ninja_tui.cli import main
from ninja_tui.cli.arguments import app_parser
from ninja_tui.cli.serving import REACHABLE
from ninja_tui.lesson.practice.deck import Card, Review, ReviewKind
from ninja_tui.lesson.practice.deck_file import record
from ninja_tui.lesson.practice.variation import Round, variations
from ninja_tui.report.points import read_points
from ninja_tui.tui.config import Known, read_settings
from ninja_tui.tui.keymap import read_keymap
from ninja_tui.tui.practice.texts import difference
from ninja_tui.tui.screens.paned import TABS
from ninja_tui.tui.themes import THEMES
from tests.docs.pages import alike, block, blocks, text_of
from tests.helpers import NAMES, SOLUTION, WALK, a_file, names_lesson, right_answers, run, solution_with

running = [pytest.mark.processes, pytest.mark.slow]


def prints(command: str, folder: Path, code: int = 0) -> str:
    """What a call of ``ninja-tui`` prints in a folder; its exit code is ``code``."""
    done = run(*command.split()[1:], cwd=folder, environment={"COLUMNS": "200"})
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def same(shown: str, printed: str) -> None:
    """The lines are the same, but for what depends on the processor."""
    assert alike(printed).splitlines() == alike(shown).splitlines()


class TestReplay:
    pytestmark = running

    def test_the_report_on_mistakes(self, tmp_path: Path) -> None:
        answers = solution_with(
            probs="dprobs = probs * dlogprobs",
            h="dh = dlogits @ W2",
            hpreact="dhpreact = (1 - h**2) * dh",
        )
        a_file(tmp_path, answers, "mist.py")
        same(block("checking", "mist.py"), prints("ninja-tui replay mist.py", tmp_path, 1))

    def test_a_solutions_file(self, tmp_path: Path) -> None:
        a_file(tmp_path, block("answering", "# %% lesson: names"), "solutions.py")
        assert "solutions.py  names   2 of 26 pass · 24 missing · 2 exact" in prints("ninja-tui replay", tmp_path, 1)

    def test_a_function_with_a_wrong_backward(self, tmp_path: Path) -> None:
        a_file(tmp_path, block("own-functions", "class Swish"), "swish.py")
        same(block("own-functions", "swish.py"), prints("ninja-tui replay swish.py", tmp_path, 1))

    def test_export_writes_what_it_says(self, tmp_path: Path) -> None:
        command, shown = block("export", "$ ninja-tui export").split("\n", 1)
        a_file(tmp_path, SOLUTION.read_text(encoding="utf-8"), "solutions.py")
        same(shown, prints(command.removeprefix("$ "), tmp_path))
        assert {"mine.ipynb", "mine.html", "names.txt"} <= {path.name for path in tmp_path.iterdir()}

    def test_the_check_that_an_installation_works(self, tmp_path: Path) -> None:
        version, check, _ = block("install", "$ ninja-tui --version").split("$ ")[1:]
        for shown in (version, check):
            command, printed = shown.split("\n", 1)
            same(re.sub(r"\(.*\)", "", printed), re.sub(r"\(.*\)", "", prints(command, tmp_path)))


class TestInThisProcess:
    pytestmark = pytest.mark.slow

    def test_what_cmp_prints(self, capsys: pytest.CaptureFixture[str]) -> None:
        names: dict[str, Any] = {}
        forward, _, _ = (NAMES / "forward.py").read_text(encoding="utf-8").partition("# %% calibrate")
        exec(forward, names)
        for node in names_lesson().nodes:
            names[node.name].retain_grad()
        names["loss"].backward()
        names["dloss"] = torch.ones(())
        exec("\n".join(right_answers().values()), names)
        cmp("probs", names["dprobs"], names["probs"])
        cmp("bngain", names["bnraw"] * names["dhpreact"], names["bngain"])
        cmp("W2", names["dW2"].T, names["W2"])
        same(block("jupyter", "probs "), capsys.readouterr().out)
        assert block("export", "cmp('probs'").splitlines()[1:] == block("jupyter", "probs ").splitlines()[:1]

    def test_the_second_example_of_the_page_on_pytest_passes(self) -> None:
        (code,) = (each for each in blocks(text_of("pytest")) if each.startswith("layer = "))
        exec(f"import torch\nfrom ninja_tui.testing import assert_gradients\n{code}", {})


class TestPractice:
    @pytest.fixture(autouse=True)
    def deck(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        path = tmp_path / "deck.json"
        monkeypatch.setenv("NINJA_TUI_DECK", str(path))
        monkeypatch.chdir(tmp_path)
        return path

    def reviews(self, nodes: Sequence[str], days: int) -> list[Review]:
        return [Review(ReviewKind.PASSED, "names", node, date.today() - timedelta(days)) for node in nodes]

    def test_where_nothing_is_due(self, deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
        record(deck, self.reviews(["probs"], 5))
        assert main(["practice"]) == 0
        assert f"$ ninja-tui practice\n{capsys.readouterr().out}" == block("practice", "$ ninja-tui practice")

    def test_progress_in_the_list(self, deck: Path, capsys: pytest.CaptureFixture[str]) -> None:
        record(deck, [*self.reviews(WALK[:23], 1), *self.reviews(WALK[23:25], 8)])
        a_file(deck.parent, solution_with(C=""), "solutions.py")
        assert main(["list"]) == 0
        _, shown = block("practice", "$ ninja-tui list").splitlines()
        listed = capsys.readouterr().out.splitlines()
        assert [line for line in listed if line.startswith(shown)] != []

    def test_what_the_screen_says_of_other_numbers(self) -> None:
        asked = Round.of(Card("names", "h"), other_sizes=True)
        _, variation = next(variations(names_lesson(), asked))
        assert block("practice", "other numbers: ") == f"{difference(variation)}\n"


def test_the_settings_that_are_shown_are_taken(tmp_path: Path) -> None:
    path = a_file(tmp_path, block("settings", "theme = "), "config.toml")
    reading = read_settings(path, Known(THEMES, TABS))
    assert reading.problems == read_keymap(reading.settings.keys).problems == ()
    assert (reading.settings.theme, dict(reading.settings.keys)) == ("high-contrast", {"on": "j, f11"})


def test_the_points_that_are_shown_are_taken(tmp_path: Path) -> None:
    points = read_points(a_file(tmp_path, block("teachers", "[lessons.names]"), "points.toml"))
    assert (points.most("names", "C"), points.most("names", "h"), points.most("rnn", "h")) == (5, 2, 1)
    assert (points.approximate, points.warnings, points.revealed) == (1, 0.5, 0)


def test_the_former_flags_go_on_working() -> None:
    text = text_of("command-line")
    (listed,) = re.findall(r"^The flags (.*), which stood for commands", text, re.MULTILINE)
    for flag in re.findall(r"`(--\w+)`", listed):
        assert flag in {option for action in app_parser()._actions for option in action.option_strings}


def test_the_warning_before_others_reach_the_server() -> None:
    assert f"\nninja-tui: {REACHABLE}\n" in block("browser", "$ ninja-tui serve --host")
