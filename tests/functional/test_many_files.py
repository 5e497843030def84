"""``replay`` with folders and many files: what is printed, written, gone on with, and what a signal leaves."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import ninja_tui.cli.replaying
from ninja_tui.cli import main
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.replay import FileReport, Jobs, LessonReport, digest_of
from tests.helpers import a_file, right_answers, solution_with, some_names

PASS = Verdict("probs", Status.PASS, (2,), 1, (2,), exact=True, approximate=True, maxdiff=0.0)
FAIL = Verdict("probs", Status.FAIL, (2,), 1, (2,), maxdiff=1.0)


class FakeJudge:
    """Says of each file what its text asks for; remembers which it has judged."""

    def __init__(self, seen: list[str], stop: Callable[[], None] | None) -> None:
        self._seen, self._stop = seen, stop

    def judge(self, path: Path) -> FileReport:
        self._seen.append(path.name)
        text = path.read_text(encoding="utf-8")
        if text == "slow":
            time.sleep(0.3)
        if text == "stop" and self._stop is not None:
            self._stop()
            time.sleep(0.5)
        if text == "raise":
            raise RuntimeError("oh\nno")
        if text == "unusable":
            return FileReport(str(path), error="it is empty", sha256=digest_of(path))
        verdict = FAIL if text == "fail" else PASS
        return FileReport(str(path), (LessonReport("names", 1, 3.5, "2.13", 1, (verdict,)),), sha256=digest_of(path))

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were judged, by fakes."""
    judged: list[str] = []

    def stop() -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(ninja_tui.cli.replaying, "Jobs", partial(Jobs, make=lambda _: FakeJudge(judged, stop)))
    return judged


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three files, of which one fails."""
    path = tmp_path / "handed-in"
    path.mkdir()
    for name, text in (("a.py", "pass"), ("b.py", "fail"), ("c.py", "pass")):
        a_file(path, text, name)
    return path


def report_in(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def paths_in(path: Path) -> list[str]:
    return [Path(each["path"]).name for each in report_in(path)["files"]]


# Printed


def test_a_folder_is_printed_file_by_file_with_a_total(
    seen: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert seen == ["a.py", "b.py", "c.py"]
    assert [line.partition("  ")[0] for line in lines if line.startswith(str(folder))] == [
        f"{folder}/{name}" for name in seen
    ]
    assert lines[-2:] == ["3 files   2 pass · 1 fail", "2 of 3 pass in all"]


def test_files_are_printed_in_order_whichever_is_done_first(
    seen: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_file(folder, "slow", "a.py")
    main(["replay", str(folder), "--jobs", "3"])
    printed = capsys.readouterr().out
    assert printed.index("a.py") < printed.index("b.py") < printed.index("c.py")


@pytest.mark.parametrize(
    ("texts", "options", "code"),
    [
        (["pass", "pass"], [], 0),
        (["pass", "fail"], [], 1),
        (["fail", "unusable"], [], 2),
        (["unusable", "raise"], [], 3),
        (["fail", "unusable"], ["--exit-zero"], 0),
        (["raise", "pass"], ["--exit-zero"], 3),
        (["pass", "stop"], ["--exit-zero"], 130),
    ],
)
def test_the_exit_code_is_that_of_the_worst(
    seen: list[str], tmp_path: Path, texts: list[str], options: list[str], code: int
) -> None:
    paths = [str(a_file(tmp_path, text, f"{number}.py")) for number, text in enumerate(texts)]
    assert main(["replay", *paths, *options]) == code


def test_an_internal_error_costs_one_file_and_is_told_in_a_line(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_file(folder, "raise", "b.py")
    assert main(["replay", str(folder), "--json", str(tmp_path / "r.json")]) == 3
    printed = capsys.readouterr()
    assert printed.err == (f"ninja-tui: {folder}/b.py: internal error: RuntimeError: oh�no (--log FILE says where)\n")
    told = report_in(tmp_path / "r.json")["files"]
    assert [each.get("internal", False) for each in told] == [False, True, False]
    assert printed.out.endswith("2 of 2 pass in all\n")


def test_an_error_of_ours_outside_of_a_file_is_a_sentence_and_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: object) -> None:
        raise ZeroDivisionError("a\nb")

    monkeypatch.setattr(ninja_tui.cli.replaying, "find", failing)
    assert main(["replay", str(folder)]) == 3
    told = capsys.readouterr().err
    assert told.startswith("ninja-tui: internal error: ZeroDivisionError: a�b (test_many_files.py:")
    assert told.count("\n") == 1


def test_points_are_told_by_file_and_in_all(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = a_file(tmp_path, "points = 2.5\n", "points.toml")
    main(["replay", str(folder), "--points", str(points)])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith(("· points", "points"))] == [
        "· points: 2.5 of 2.5", "· points: 0 of 2.5", "· points: 2.5 of 2.5", "points: 5 of 7.5",
    ]  # fmt: skip


# Written


def test_all_forms_are_written(seen: list[str], folder: Path, tmp_path: Path) -> None:
    forms = ["--json", "r.json", "--csv", "r.csv", "--junit", "r.xml", "--gradescope", "g.json", "--html", "pages"]
    options = [each if each.startswith("--") else str(tmp_path / each) for each in forms]
    assert main(["replay", str(folder), *options]) == 1
    report = report_in(tmp_path / "r.json")
    assert list(report) == ["schema", "version", "torch", "options", "files"]
    assert paths_in(tmp_path / "r.json") == ["a.py", "b.py", "c.py"]
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        assert [row["status"] for row in csv.DictReader(stream)] == ["pass", "fail", "pass"]
    assert len(ElementTree.parse(tmp_path / "r.xml").getroot()) == 3
    assert [each["score"] for each in report_in(tmp_path / "g.json")["tests"]] == [1, 0, 1]
    assert len(list((tmp_path / "pages").iterdir())) == 4
    assert [path.name for path in tmp_path.rglob("*.part")] == []


def test_a_single_file_has_the_json_that_it_always_had(seen: list[str], folder: Path, tmp_path: Path) -> None:
    main(["replay", str(folder / "a.py"), "--json", str(tmp_path / "r.json")])
    report = report_in(tmp_path / "r.json")
    assert list(report) == ["schema", "version", "torch", "files"]
    assert list(report["files"][0]) == ["path", "status", "error", "lessons"]


@pytest.mark.parametrize("option", ["--json", "--csv", "--junit", "--gradescope"])
def test_what_cannot_be_written_is_told_before_anything_is_judged(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    nowhere = tmp_path / "nowhere" / "r"
    assert main(["replay", str(folder), option, str(nowhere)]) == 2
    told = capsys.readouterr().err
    assert told == f"ninja-tui: {nowhere} cannot be written: there is no folder {nowhere.parent}\n"
    assert seen == []


def test_a_points_file_that_is_wrong_is_told_before_anything_is_judged(
    seen: list[str], folder: Path, tmp_path: Path
) -> None:
    assert main(["replay", str(folder), "--points", str(a_file(tmp_path, "pints = 1", "points.toml"))]) == 2
    assert seen == []


# Gone on with


def test_what_is_judged_and_unchanged_is_not_judged_again(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "r.json"
    main(["replay", str(folder), "--json", str(results)])
    before = report_in(results)
    seen.clear()
    a_file(folder, "pass", "b.py")
    a_file(folder, "pass", "d.py")
    capsys.readouterr()
    assert main(["replay", str(folder), "--resume", str(results)]) == 0
    assert seen == ["b.py", "d.py"]
    assert paths_in(results) == ["a.py", "b.py", "c.py", "d.py"]
    assert report_in(results)["files"][0] == before["files"][0]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "· 2 of 4 files are as they were, and judged before"
    assert lines[-2:] == ["4 files   4 pass", "4 of 4 pass in all"]


def test_an_internal_error_is_tried_again(seen: list[str], folder: Path, tmp_path: Path) -> None:
    a_file(folder, "raise", "b.py")
    results = str(tmp_path / "r.json")
    main(["replay", str(folder), "--json", results])
    seen.clear()
    main(["replay", str(folder), "--resume", results])
    assert seen == ["b.py"]


def test_a_run_with_other_options_is_not_gone_on_with(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = str(tmp_path / "r.json")
    main(["replay", str(folder), "--json", results])
    seen.clear()
    assert main(["replay", str(folder), "--resume", results, "--strict", "--seed", "3"]) == 2
    assert "was made with another --seed and --strict" in capsys.readouterr().err
    assert seen == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "files": [3], "options": {}}', "[" * 100_000])
def test_what_is_no_report_cannot_be_gone_on_with(
    seen: list[str], folder: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(folder), "--resume", str(a_file(tmp_path, text, "r.json"))]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert seen == []


def test_an_interrupt_leaves_what_is_done_and_the_run_can_be_gone_on_with(
    seen: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "r.json"
    a_file(folder, "stop", "b.py")
    assert main(["replay", str(folder), "--json", str(results), "--csv", str(tmp_path / "r.csv")]) == 130
    printed = capsys.readouterr()
    assert f"{folder}/a.py  names   1 of 1 pass" in printed.out
    assert printed.err == f"ninja-tui: interrupted: 1 of 3 files are judged; go on with --resume {results}\n"
    assert report_in(results)["interrupted"] is True
    assert paths_in(results) == ["a.py"]
    assert len((tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()) == 2
    a_file(folder, "pass", "b.py")
    seen.clear()
    assert main(["replay", str(folder), "--resume", str(results)]) == 0
    assert seen == ["b.py", "c.py"]
    assert "interrupted" not in report_in(results)


def test_watch_judges_what_is_saved_and_nothing_else(
    seen: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds: list[list[str]] = []

    def saved(_: float) -> None:
        """What happens while it waits: b.py is saved, then c.py, then Ctrl-C."""
        if not rounds or rounds[-1] != seen:
            rounds.append([*seen])
            names = ["b.py", "c.py"]
            if len(rounds) > len(names):
                signal.raise_signal(signal.SIGINT)
            else:
                a_file(folder, "pass" * len(rounds), names[len(rounds) - 1])

    monkeypatch.setattr(time, "sleep", saved)
    assert main(["replay", str(folder), "--watch"]) == 0
    assert seen == ["a.py", "b.py", "c.py", "b.py", "c.py"]
    assert capsys.readouterr().out.count("3 pass in all") == 3


# With processes


@pytest.mark.slow
@pytest.mark.processes
def test_four_files_two_at_once_each_with_its_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    names = a_file(tmp_path, some_names(), "names.txt")
    forged = "raise ValueError('x\\n✓ forged  26 of 26 pass\\x1b[2J')"
    a_file(folder, solution_with(), "right.py")
    a_file(folder, solution_with(probs=f"dprobs = 1\n{forged}"), "forged\n.py")
    a_file(folder, "dprobs = (", "broken.py")
    a_file(folder, f"# %% lesson: {folder}\ndprobs = 1\n", "other.py")
    results = tmp_path / "r.json"
    assert main(["replay", str(folder), "--jobs", "2", "--data", str(names), "--json", str(results)]) == 2
    printed = capsys.readouterr()
    told = {Path(each["path"]).name: each for each in report_in(results)["files"]}
    assert {name: (each["status"], len(each["lessons"])) for name, each in told.items()} == {
        "broken.py": ("error", 0), "forged\n.py": ("fail", 1), "other.py": ("error", 0), "right.py": ("pass", 1),
    }  # fmt: skip
    assert f"there is no lesson `{folder}`" in told["other.py"]["error"]
    assert [line for line in printed.out.splitlines() if line.startswith("✓")] == []
    assert printed.out.replace("\n", "").isprintable()


@pytest.mark.slow
@pytest.mark.processes
def test_a_file_whose_time_is_over_keeps_the_verdicts_that_it_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = a_file(tmp_path, some_names(), "names.txt")
    warm = a_file(tmp_path, right_answers()["logprobs"], "1.py")
    slow = a_file(tmp_path, solution_with(counts="dcounts = sum(1 for _ in iter(int, 1))"), "2.py")
    after = a_file(tmp_path, right_answers()["logprobs"], "3.py")
    options = ["--data", str(names), "--file-timeout", "10", "--timeout", "100", "--json", "-"]
    assert main(["replay", str(warm), str(slow), str(after), *options]) == 1
    files = json.loads(capsys.readouterr().out)["files"]
    nodes = {each["node"]: each for each in files[1]["lessons"][0]["nodes"]}
    assert [nodes[name]["status"] for name in ("logprobs", "probs", "counts", "h")] == [
        "pass", "pass", "timeout", "timeout",
    ]  # fmt: skip
    assert nodes["h"]["error"] == "not judged: the limit of a file, 10 s (--file-timeout), is over"
    assert files[1]["sha256"] is None
    assert [each["lessons"][0]["passed"] for each in (files[0], files[2])] == [1, 1]


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_at_once_with_what_is_done(tmp_path: Path, number: signal.Signals, code: int) -> None:
    names = a_file(tmp_path, some_names(), "names.txt")
    folder = tmp_path / "in"
    folder.mkdir()
    a_file(folder, right_answers()["logprobs"], "a.py")
    a_file(folder, "dlogprobs = sum(1 for _ in iter(int, 1))", "b.py")
    results = tmp_path / "r.json"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "ninja_tui", "replay", str(folder), "--json", str(results), "--data", str(names),
            "--timeout", "100",
        ],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    assert "a.py  names   1 of 26 pass" in first
    began = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code
    assert time.monotonic() - began < 5
    assert told == f"ninja-tui: interrupted: 1 of 2 files are judged; go on with --resume {results}\n"
    assert (report_in(results)["interrupted"], paths_in(results)) == (True, ["a.py"])
