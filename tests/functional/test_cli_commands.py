"""The commands of ``ninja-tui``, the flags that stand for them, guesses, and completion in the shell."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.cli.arguments import SHELLS, Command, read_arguments
from ninja_tui.errors import UsageError
from ninja_tui.lesson.read import lesson_names
from tests.helpers import a_file, run, solution_with, some_names

REPLAY = ["mine.py", "other.py", "--json", "-", "--lesson", "names", "--timeout", "3", "--strict", "-v", "--seed", "7"]
TRAIN = ["--sample", "3", "--wrong", "own", "--backward", "autograd", "--data", "names.txt"]


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        (["replay", *REPLAY], ["--replay", *REPLAY]),
        (["train", "mine.py", "--steps", "50", *TRAIN], ["--replay", "mine.py", "--train", "50", *TRAIN]),
        (["list", "--solutions", "mine.py"], ["--list", "--solutions", "mine.py"]),
        (["check", "names", "--data", "names.txt"], ["--check", "names", "--data", "names.txt"]),
    ],
)
def test_a_flag_of_before_means_what_its_command_means(command: list[str], flags: list[str]) -> None:
    asked, before = (vars(read_arguments(each)) for each in (command, flags))
    assert asked.pop("command") == before.pop("command") == command[0]
    names = asked.keys() | before.keys()
    same = [name for name in names if name not in ("list", "check") and asked.get(name) != before.get(name)]
    assert same == []


def test_a_line_without_a_command_opens_what_it_names() -> None:
    asked = read_arguments(["micrograd", "--seed", "3"])
    assert (asked.command, asked.path, asked.seed) == (Command.OPEN, "micrograd", 3)
    assert read_arguments([]).path is None


def test_replay_without_a_file_is_about_the_file_that_the_app_saves() -> None:
    assert read_arguments(["replay", "-v"]).files == [Path("solutions.py")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["nams"], "there is no lesson `nams`; did you mean `names`? There is: micrograd, names, cross-entropy"),
        (["Micrograd"], "there is no lesson `Micrograd`; did you mean `micrograd`?"),
        (["zzz"], "there is no lesson `zzz`; there is: micrograd, names, cross-entropy"),
        (["repaly", "mine.py"], "there is no command `repaly`; did you mean `replay`?"),
        (["chekc"], "there is no command `chekc`; did you mean `check`?"),
        (["mine.ipynb"], "mine.ipynb does not exist"),
        (["folder/mine"], "folder/mine does not exist"),
        (["--lesson", "trian"], "there is no lesson `trian`; did you mean `train`?"),
        (["--list", "--lesson", "nemas"], "there is no lesson `nemas`; did you mean `names`?"),
        (["--check", "names", "--lesson", "nemas"], "there is no lesson `nemas`; did you mean `names`?"),
        (["replay", "--lesson", "nemas", "nothing.py"], "there is no lesson `nemas`; did you mean `names`?"),
        (["check", "layer-norm"], "there is no lesson `layer-norm`; did you mean `layernorm`?"),
        (["--log", "log.txt", "replay", "mine.py"], "the command comes first: ninja-tui replay"),
        (["train"], "the lesson opens by `ninja-tui --lesson train`"),
        (["--replay", "a.py", "b.py", "--train", "5"], "one file is trained at a time"),
        (["-"], "`ninja-tui replay -` reads one"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, line: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(line) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err


def test_an_unknown_lesson_is_an_error_also_where_the_file_names_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, solution_with())
    assert main(["replay", str(path), "--lesson", "nemas"]) == 2
    assert "there is no lesson `nemas`; did you mean `names`?" in capsys.readouterr().err


def test_more_than_one_thing_to_open_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["names", "micrograd"])
    assert ended.value.code == 2
    assert "unrecognized arguments: micrograd" in capsys.readouterr().err


def test_the_list_stands_in_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = a_file(tmp_path, "# %% lesson: names\n# %% probs\ndprobs = 1\n")
    assert main(["list", "--solutions", str(path)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == lesson_names()
    assert {line.split()[0]: line.split()[1:5] for line in lines}["names"] == ["1", "of", "26", "answered"]
    assert len({line.index(" of ") for line in lines}) == 1


@pytest.mark.parametrize("columns", [30, 80, 100])
def test_in_a_terminal_each_lesson_of_the_list_is_one_line_and_elsewhere_all_is_told(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["list"]) == 0
    whole = capsys.readouterr().out.splitlines()
    assert max(map(len, whole)) > 100
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(whole)
    cut = [(line, full) for line, full in zip(lines, whole, strict=True) if line != full]
    assert all(line.endswith("...") and full.startswith(line[:-3]) for line, full in cut)
    assert all(len(line) <= columns or line.endswith("answered   ...") for line, _ in cut)
    assert all(len(full) > columns for _, full in cut)


def test_the_list_follows_the_chapters_of_the_lectures(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["list", "--solutions", str(tmp_path / "none.py")]) == 0
    lines = capsys.readouterr().out.splitlines()
    chapters = [line for line in lines if not line.startswith("  ")]
    assert chapters[:2] == ["micrograd: backpropagation from scratch", "makemore 4: becoming a backprop ninja"]
    assert len(chapters) == len(set(chapters))
    at = lines.index(chapters[1])
    assert [(line.split()[0], line.partition("answered   ")[2][:12]) for line in lines[at + 1 : at + 5]] == [
        ("names", "Exercise 1. "),
        ("cross-entropy", "Exercise 2. "),
        ("batchnorm", "Exercise 3. "),
        ("train", "Exercise 4. "),
    ]


@pytest.mark.processes
def test_standard_input_is_a_dash(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    names = a_file(tmp_path, some_names(), "names.txt")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"dprobs = (1.0 / probs) * dlogprobs\n")))
    assert main(["replay", "-", "--data", str(names), "--json", "-"]) == 1
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert (file["path"], file["lessons"][0]["passed"]) == ("<stdin>", 1)


@pytest.mark.processes
def test_train_trains_on_the_answers_in_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = a_file(tmp_path, some_names(), "names.txt")
    path = a_file(tmp_path, solution_with())
    assert main(["train", str(path), "--data", str(names), "--steps", "20", "--sample", "2"]) == 0
    said = capsys.readouterr().out
    assert "26 of 26 pass" in said
    assert "trained names, manual backward pass: 20 steps" in said


# Completion


def completed(line: str, cwd: Path) -> list[str]:
    """What the shell is told of how ``line`` may go on."""
    told = cwd.parent / "told"
    environment = {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_STDOUT_FILENAME": str(told),
        "COMP_LINE": line, "COMP_POINT": str(len(line)),
    }  # fmt: skip
    done = run(cwd=cwd, environment=environment)
    assert done.returncode == 0
    return [word.strip() for word in told.read_text(encoding="utf-8").split("\n") if word]


@pytest.mark.processes
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ninja-tui re", {"replay"}),
        ("ninja-tui n", {"names", "notes.ipynb"}),
        ("ninja-tui replay", {"replay"}),
        ("ninja-tui replay n", {"notes.ipynb"}),
        ("ninja-tui replay notes.ipynb --lesson mi", {"micrograd"}),
        ("ninja-tui --lesson layer", {"layernorm"}),
        ("ninja-tui check cross", {"cross-entropy"}),
        ("ninja-tui train notes.ipynb --st", {"--steps", "--strict"}),
        ("ninja-tui --replay no", {"notes.ipynb"}),
        ("ninja-tui list --st", set()),
    ],
)
def test_the_shell_completes_commands_lessons_files_and_options(tmp_path: Path, line: str, words: set[str]) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    a_file(folder, "{}", "notes.ipynb")
    assert set(completed(line, folder)) == words


@pytest.mark.processes
def test_a_completion_loads_nothing_heavy(tmp_path: Path) -> None:
    code = "import sys, atexit\nfrom ninja_tui.cli import completion\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) & {"torch", "numpy", "textual", "rich", "jupytext"} == set()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_is_told_how_to_ask(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["--completion", shell]) == 0
    said = capsys.readouterr().out
    assert "ninja-tui" in said
    assert "_ARGCOMPLETE" in said


def test_a_command_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="did you mean `train`"):
        read_arguments(["trains"])
