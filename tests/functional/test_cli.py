"""``replay`` as a command: files, exit codes, what is printed where, and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ninja_tui import __version__
from ninja_tui.cli import main
from tests.helpers import SOLUTION, WALK, a_file, replay_json, right_answers, run, solution_with, some_names

pytestmark = pytest.mark.processes

GOLDEN = Path(__file__).parent / "golden"  # UPDATE_GOLDEN=1 in the environment writes what is there anew


@pytest.fixture
def some(tmp_path: Path) -> str:
    """The path of a word list on which a lesson opens fast."""
    path = tmp_path / "some-names.txt"
    path.write_text(some_names(), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def no_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parallel test runs tell their workers how wide the terminal is; here there is none."""
    monkeypatch.delenv("COLUMNS", raising=False)


# Exit codes, and what is printed where


def test_the_bundled_solution_is_a_quiet_summary_and_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(SOLUTION)]) == 0
    said = capsys.readouterr()
    summary, vacuous = said.out.rstrip().split("\n")
    assert summary == f"{SOLUTION}  names   26 of 26 pass · 26 exact"
    assert vacuous.startswith("· dlogit_maxes, db1: vacuous: the true gradient is 0")
    assert said.err == ""


def test_verbose_is_a_table_of_all_answers_below_the_summary(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["replay", str(SOLUTION), "-v"]) == 0
    lines = capsys.readouterr().out.rstrip().split("\n")
    assert "26 of 26 pass · 26 exact" in lines[0]
    header = ["node", "shape", "exact", "approximate", "maxdiff", "status", "line"]
    assert [word for word in header if word not in lines[2]] == []
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")]
    assert [row[0] for row in rows] == WALK
    assert rows[1] == ["probs", "(32, 27)", "yes", "yes", "0", "pass", "6"]


def test_a_file_with_mistakes_is_exit_1_and_says_how_many_of_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    text = solution_with(h="dh = h", C="", probs="dprobs = C[ix]['[bold]']", W1="dW1 = [1]")
    assert main(["--replay", str(a_file(tmp_path, text)), "--data", some]) == 1
    said = capsys.readouterr()
    assert said.out.split("\n")[0].endswith("names   22 of 26 pass · 1 fail · 2 error · 1 missing · 22 exact")
    assert "dW1 is of type list, not a tensor of shape (30, 64)" in said.out
    assert said.err == ""


def test_a_word_on_the_shape_stands_beside_the_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    path = a_file(tmp_path, "dbngain = (bnraw * dhpreact).sum(0)\ncmp('bngain', dbngain, bngain)\n")
    assert main(["--replay", str(path), "--data", some]) == 1
    said = capsys.readouterr().out
    assert "mine.py:1  dbngain  shape: a gradient has its tensor's shape: (1, 64), not (64,)" in said
    assert "· cmp is exact: bngain" in said


def test_brackets_in_names_and_errors_are_printed_as_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    folder = tmp_path / "[bold]"
    folder.mkdir()
    path = a_file(
        folder, "raise_ = ValueError('C[ix] [red]x[/red]')\ndC = [C] and (_ for _ in ()).throw(raise_)\n", "[ix].py"
    )
    assert main(["--replay", str(path), str(path), "--data", some]) == 1
    said = capsys.readouterr().out
    assert "^ ValueError: C[ix] [red]x[/red]" in said
    assert "    2 │ dC = [C] and (_ for _ in ()).throw(raise_)" in said
    assert f"{path}:2:1  dC  error" in said


def test_a_revealed_answer_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str) -> None:
    text = f"# %% probs\n# revealed: dprobs\n{right_answers()['probs']}\n"
    path = str(a_file(tmp_path, text))
    main(["replay", path, "--data", some])
    assert "revealed, not found: dprobs" in capsys.readouterr().out
    main(["replay", path, "--data", some, "-v"])
    assert "pass revealed" in capsys.readouterr().out


# Files that cannot be used


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n", "is not text"),
        (b"dprobs = 1\x00", "is not text"),
        ("dprobs = 'é'".encode("utf-16"), "is not text"),
        (b"%matplotlib inline\ndprobs = 1\n", "computes with no tensors of PyTorch"),
        (
            b"# %% lesson: nemas\ndprobs = 1\n",
            "there is no lesson `nemas`; did you mean `names`? There is: micrograd, names, cross-",
        ),
        (b"# %% lesson: ../names\ndprobs = 1\n", "there is no lesson `../names`"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    assert main(["--replay", str(path)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("ninja-tui: ")
    assert printed.err.count("\n") == 1
    assert said in printed.err


@pytest.mark.parametrize(
    ("content", "said", "shown"),
    [
        (b"x = 1\n\ndprobs = (1.0 / probs\n", "line 3: '(' was never closed", ["dprobs = (1.0 / probs", "         ^"]),
        (b"x = 1\r\n\r\ndprobs = = 1\r\n", "line 3: invalid syntax", ["dprobs = = 1", "         ^"]),
        (b"%matplotlib inline\ndprobs = 1 / probs\n", "line 1: invalid syntax", ["%matplotlib inline", "^"]),
    ],
)
def test_what_is_no_python_is_told_with_its_line_and_a_caret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str, shown: list[str]
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(content)
    assert main(["replay", str(path)]) == 2
    printed = capsys.readouterr()
    sentence, code, caret = printed.err.rstrip("\n").split("\n")
    assert (printed.out, sentence) == ("", f"ninja-tui: {path}, {said}")
    assert [each.partition("│")[2][1:] for each in (code, caret)] == shown


def test_lesson_is_for_files_that_do_not_name_theirs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = a_file(tmp_path, solution_with(probs=""))
    code, report = replay_json(path, capsys, "--lesson", "train")
    assert report["files"][0]["lessons"][0]["lesson"] == "names"
    assert (code, report["files"][0]["lessons"][0]["passed"]) == (1, 25)


def test_an_empty_file_has_everything_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str) -> None:
    code, report = replay_json(a_file(tmp_path, ""), capsys, "--data", some)
    (file,) = report["files"]
    (lesson,) = file["lessons"]
    assert (code, file["status"], lesson["passed"], lesson["total"]) == (1, "fail", 0, 26)
    assert [(node["node"], node["status"], node["line"]) for node in lesson["nodes"]] == [
        (node, "missing", None) for node in WALK
    ]


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_other_newlines_and_a_byte_order_mark_change_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str, newline: str
) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(b"\xef\xbb\xbf" + solution_with().replace("\n", newline).encode())
    code, report = replay_json(path, capsys, "--data", some)
    assert (code, report["files"][0]["lessons"][0]["nodes"][1]["line"]) == (0, 6)


def test_comments_inside_a_statement_do_not_cut_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    code, report = replay_json(
        a_file(tmp_path, solution_with(probs="dprobs = (\n# %% counts\n    (1.0 / probs) * dlogprobs)")),
        capsys,
        "--data",
        some,
    )
    assert (code, report["files"][0]["error"]) == (0, None)


def test_several_files_are_judged_one_by_one_and_an_unusable_one_stops_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    good = a_file(tmp_path, solution_with(), "good.py")
    bad = a_file(tmp_path, "dprobs = (", "bad.py")
    wrong = a_file(tmp_path, solution_with(h="dh = h"), "wrong.py")
    paths = [str(path) for path in (bad, good, tmp_path / "missing.py", wrong)]
    assert main(["--replay", *paths, "--data", some, "--json", "-"]) == 2
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert [(file["path"], file["status"], len(file["lessons"])) for file in report["files"]] == list(
        zip(paths, ["error", "pass", "error", "fail"], [0, 1, 0, 1], strict=True)
    )
    sentences = [line for line in printed.err.split("\n") if line.startswith("ninja-tui: ")]
    assert [sentence.partition(": ")[2].partition(",")[0] for sentence in sentences] == [
        str(bad),
        f"the file {tmp_path / 'missing.py'} does not exist",
    ]


def test_several_files_are_printed_under_their_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    first, second = a_file(tmp_path, solution_with(), "1.py"), a_file(tmp_path, "dC = C\n", "2.py")
    assert main(["--replay", str(first), str(second), "--data", some]) == 1
    said = capsys.readouterr().out.replace("\n", "")
    assert said.index("1.py") < said.index("26 of 26 pass") < said.index("2.py") < said.index("0 of 26 pass")
    assert said.endswith("26 of 52 pass in all")


# JSON


def test_json_for_stdout_is_all_that_is_on_stdout(tmp_path: Path, some: str) -> None:
    path = a_file(tmp_path, "print('noise')\n" + solution_with(probs="dprobs = print('noise')"))
    done = run("--replay", str(path), "--data", some, "--json", "-", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    assert json.loads(done.stdout)["schema"] == 1


def test_json_for_a_file_comes_beside_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str) -> None:
    where = tmp_path / "report.json"
    assert main(["--replay", str(SOLUTION), "--data", some, "--json", str(where)]) == 0
    assert json.loads(where.read_text(encoding="utf-8"))["files"][0]["status"] == "pass"
    assert "26 of 26 pass" in capsys.readouterr().out


def test_json_for_a_place_that_cannot_be_written_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], some: str
) -> None:
    assert main(["--replay", str(SOLUTION), "--data", some, "--json", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"ninja-tui: {tmp_path} cannot be written: ")
    assert said.count("\n") == 1


def test_json_has_the_fields_of_its_schema_in_their_order(capsys: pytest.CaptureFixture[str], some: str) -> None:
    _, report = replay_json(SOLUTION, capsys, "--data", some)
    (file,) = report["files"]
    (lesson,) = file["lessons"]
    assert list(report) == ["schema", "version", "torch", "files"]
    assert (report["schema"], report["version"]) == (1, __version__)
    assert list(file) == ["path", "status", "error", "lessons"]
    assert list(lesson) == ["lesson", "seed", "loss", "passed", "total", "nodes"]
    fields = ["node", "gradient", "line", "status", "shape", "expected_shape", "exact", "approximate", "maxdiff"]
    fields += ["relative", "warnings", "diagnosis", "error"]
    assert {tuple(node) for node in lesson["nodes"]} == {tuple(fields)}


def normal(report: dict[str, Any]) -> dict[str, Any]:
    """A report without what differs between machines.

    Versions go, paths keep their last part; differences of rounding are called so; other numbers keep three digits.
    """

    def number(value: Any) -> Any:
        if not isinstance(value, float) or value == 0.0:
            return value
        return "rounding" if value < 1e-6 else f"{value:.3g}"

    files = [
        {
            **file,
            "path": Path(file["path"]).name,
            "lessons": [
                {
                    **lesson,
                    "loss": number(lesson["loss"]),
                    "nodes": [
                        {
                            **node,
                            "maxdiff": number(node["maxdiff"]),
                            "relative": number(node["relative"]) or "rounding",
                        }
                        if node["shape"] is not None and node["relative"] is not None
                        else node
                        for node in lesson["nodes"]
                    ],
                }
                for lesson in file["lessons"]
            ],
        }
        for file in report["files"]
    ]
    return {**report, "version": "…", "torch": "…", "files": files}


MISTAKES = {
    "logprobs": "dlogprobs = torch.zeros_like(logprobs)\ndlogprobs[range(n), Yb] = -1.0",
    "probs": "dprobs = (1.0 / probz) * dlogprobs",
    "counts_sum_inv": "dcounts_sum_inv = sum(1 for _ in iter(int, 1))",
    "counts": "dcounts = [counts_sum_inv, dprobs]",
    "norm_logits": "dnorm_logits = counts * dcounts\ndnorm_logits[3, 5] = float('nan')",
    "logits": "dlogits = dnorm_logits / 0",
    "W2": "dW2 = dlogits.T @ h",
    "bngain": "dbngain = (bnraw * dhpreact).sum(0)",
    "bnraw": "",
    "bnbias": "dbnbias = dhpreact",
    "C": "dC = torch.ones_like(C)\ndC = torch.zeros_like(C)\ndC.index_put_((Xb,), demb, accumulate=True)",
}


@pytest.mark.parametrize("name", ["solution", pytest.param("mistakes", marks=pytest.mark.slow)])
def test_json_is_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = SOLUTION if name == "solution" else a_file(tmp_path, solution_with(**MISTAKES), "mistakes.py")
    code, report = replay_json(path, capsys, "--timeout", "2")
    text = json.dumps(normal(report), indent=1, ensure_ascii=False) + "\n"
    golden = GOLDEN / f"{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert code == (0 if name == "solution" else 1)


# Arguments and surroundings


def test_without_a_terminal_the_app_is_one_plain_line_and_exit_2(tmp_path: Path) -> None:
    done = run(cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("ninja-tui: the app needs a terminal")
    assert list(tmp_path.iterdir()) == []


def test_replay_works_as_a_command_of_its_own(tmp_path: Path) -> None:
    done = run("--replay", str(SOLUTION), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "26 of 26 pass · 26 exact\n" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_no_unicode_gets_its_report_too(tmp_path: Path, some: str, encoding: str) -> None:
    path = a_file(tmp_path, solution_with(h="", probs="dprobs = größe"))
    environment = {"PYTHONUTF8": "0", "PYTHONIOENCODING": encoding}
    done = run("--replay", str(path), "--data", some, cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stderr) == (1, "")
    assert "24 of 26 pass - 1 error - 1 missing - 24 exact" in done.stdout
    assert "    6 | dprobs = gr" in done.stdout
    assert "      |          ^^^^^ NameError: name 'gr" in done.stdout


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path, some: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ninja_tui", "--replay", str(SOLUTION), "--data", some],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, said = process.communicate(timeout=120)
    assert said == b""


TWO_PATHS = """import torch
torch.manual_seed(2)
w = torch.randn(4, 3, requires_grad=True)
y = w * 1
p, q = y * 2, y**2
loss = (p * q).sum()
for t in (y, p, q):
    t.retain_grad()
loss.backward()
dp = q * 1.0
dq = p * 1.0
dy = 2 * dp
print(dy.shape)
dy += 2 * y * dq
"""


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [("dy = 2 * dp", "dy = 3 * dp", 12), ("dy += 2 * y * dq", "dy += -2 * y * dq", 14)],
)
def test_of_a_sum_in_parts_the_part_that_is_wrong_is_shown(
    right: str, wrong: str, line: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["replay", str(a_file(tmp_path, TWO_PATHS.replace(right, wrong)))])
    told = capsys.readouterr().out.split("\n")
    shown = told.index(f"   {line} │ {wrong}")
    code, carets = told[shown][9:], told[shown + 1][9:]
    assert carets.index("^") == code.index("= ") + 2
