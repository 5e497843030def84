"""The command line where nothing has to run: arguments, paths, and numbers in JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ninja_tui import __version__
from ninja_tui.cli import main
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.replay import FileReport, LessonReport, Report
from ninja_tui.report.as_json import json_text
from tests.helpers import SOLUTION, a_file


@pytest.mark.processes
def test_a_missing_file_and_an_empty_folder_are_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, said in (
        (tmp_path / "nothing.py", "does not exist"),
        (tmp_path, "holds no script, notebook or Markdown file with code"),
    ):
        assert main(["--replay", str(path)]) == 2
        printed = capsys.readouterr()
        assert (printed.out, printed.err.count("\n")) == ("", 1)
        assert f"{path} {said}" in printed.err


def test_an_unknown_lesson_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", str(a_file(tmp_path, "dprobs = 1\n")), "--lesson", "nemas"]) == 2
    there = "micrograd, names, cross-entropy, batchnorm, train, dinosaurs, conv1d, attention, layernorm, rmsnorm, rnn"
    said = f"ninja-tui: there is no lesson `nemas`; did you mean `names`? There is: {there}\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("number", "written"), [(float("inf"), "inf"), (float("nan"), "nan"), (0.5, 0.5), (0.0, 0.0), (None, None)]
)
def test_a_number_that_is_not_finite_is_a_string(number: float | None, written: object) -> None:
    verdict = Verdict("probs", Status.FAIL, (2,), maxdiff=number, relative=number)
    loss = 1.0 if number is None else number
    lesson = LessonReport("names", 1, loss, "2.6", 1, (verdict,))
    report = json.loads(json_text(Report((FileReport("mine.py", (lesson,)),))))
    (node,) = report["files"][0]["lessons"][0]["nodes"]
    assert (node["maxdiff"], node["relative"]) == (written, written)
    assert report["files"][0]["lessons"][0]["loss"] == (1.0 if number is None else written)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_timeout_that_is_none_is_exit_2(capsys: pytest.CaptureFixture[str], seconds: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--replay", str(SOLUTION), f"--timeout={seconds}"])
    assert ended.value.code == 2
    assert "--timeout" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert re.fullmatch(rf"ninja-tui {re.escape(__version__)} \(torch 2\.\S+, Textual 8\.\S+, Python 3\.\S+\)\n", told)
