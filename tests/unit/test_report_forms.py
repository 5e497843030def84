"""A report as CSV, JUnit, web pages and Gradescope's JSON: whole, and safe whatever strangers wrote into it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

import pytest

from ninja_tui.engine.evaluate.program import Comparison
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.errors import Excerpt, UsageError
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.replay import FileReport, LessonReport
from ninja_tui.replay.cleaned import cleaned
from ninja_tui.report.as_csv import COLUMNS, write_csv
from ninja_tui.report.as_gradescope import Grading, write_gradescope
from ninja_tui.report.as_html import page_name, write_index, write_page
from ninja_tui.report.as_json import file_json, record_from, whole_json
from ninja_tui.report.as_junit import write_junit
from ninja_tui.report.as_text import Detail, print_file
from ninja_tui.report.html_style import STYLE
from ninja_tui.report.page import Page
from ninja_tui.report.points import LessonPoints, Points
from ninja_tui.report.records import FileRecord, Tally, record_of
from ninja_tui.report.results import Results

EVIL = "x\n✓ forged  26 of 26 pass\r\x1b[2J\u202e<script>alert(1)</script>]]>&'\"\x00\ud800"
"""What a stranger may put wherever there is text."""
PASS = Verdict("probs", Status.PASS, (2, 3), 6, (2, 3), exact=True, approximate=True, maxdiff=0.0)
FAIL = Verdict("h", Status.FAIL, (2, 3), 8, (3, 2), maxdiff=float("inf"), diagnosis=Diagnosis(Kind.SIGN, "a sign"))
RAISED = Verdict("C", Status.ERROR, (2,), 9, error="E: no", raised=CodeError("E: no", 9, 6, 9, "dC = 1/0"))
MISSING = Verdict("W1", Status.MISSING, (2,))


def file(*verdicts: Verdict, path: str = "a/mine.py", **more: object) -> FileReport:
    lesson = LessonReport("names", 1, 3.5, "2.13", len({each.node for each in verdicts}), verdicts)
    return FileReport(path, (lesson,), **more)  # type: ignore[arg-type]


def record(*verdicts: Verdict, path: str = "a/mine.py", **more: object) -> FileRecord:
    return record_of(file(*verdicts, path=path, **more))


def evil() -> FileReport:
    """A report in which a stranger has had a hand everywhere."""
    verdict = Verdict(
        f"grads['{EVIL}']", Status.ERROR, (2,), 3, error=EVIL, note=EVIL, probe=EVIL, named=EVIL,
        warnings=(Warning.CLOSED_FORM,), diagnosis=Diagnosis(Kind.UNKNOWN, EVIL),
        raised=CodeError(EVIL, 3, 1, 4, EVIL.replace("\n", " ")),
    )  # fmt: skip
    lesson = LessonReport(
        EVIL, 1, 3.5, "2.13", 1, (verdict,), revealed=frozenset({verdict.node}), stopped=EVIL,
        comparisons=(Comparison(1, EVIL, exact=False, approximate=False, maxdiff=1.0),),
    )  # fmt: skip
    path = f"sub/{EVIL}.py".replace("\x00", "")
    return cleaned(FileReport(path, (lesson,), error=EVIL, notes=(EVIL,), excerpt=Excerpt(1, EVIL, 0, 3)))


def written(write: Callable[[TextIO], None]) -> str:
    stream = io.StringIO()
    write(stream)
    stream.getvalue().encode()  # as a file does: no surrogate is left
    return stream.getvalue()


# JSON, and back


def test_a_record_comes_back_from_json_as_it_was() -> None:
    for each in (record(PASS, FAIL, RAISED, MISSING, notes=("n",), sha256="1" * 64), record_of(evil())):
        assert record_from(json.loads(json.dumps(whole_json(each)))) == each


def test_what_is_no_record_is_a_usage_error() -> None:
    for told in ({}, {"path": 1}, {**whole_json(record(PASS)), "status": "fine"}):
        with pytest.raises(UsageError, match="no report on a file"):
            record_from(told)


def test_a_revealed_answer_is_told_in_json() -> None:
    lesson = LessonReport("names", 1, 3.5, "2.13", 1, (PASS,), revealed=frozenset({"probs"}))
    (told,) = file_json(record_of(FileReport("mine.py", (lesson,))))["lessons"]
    assert told["nodes"][0]["revealed"] is True


def test_results_come_back_in_their_order_and_are_known_by_path_and_content() -> None:
    results = Results()
    for position in (3, 0, 2):
        results.add(position, record(PASS, path=f"{position}.py", sha256=str(position)))
    assert [each.path for each in results.records()] == ["0.py", "2.py", "3.py"]
    known = results.find("3.py", "3")
    assert known is not None
    assert known.path == "3.py"
    assert [results.find("3.py", "2"), results.find("2.py", "3"), results.find("3.py", None)] == [None] * 3
    results.close()


# CSV


def rows(*records: FileRecord, points: Points | None = None) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(lambda stream: write_csv(stream, records, points or Points())))))


def test_csv_has_a_row_for_each_answer() -> None:
    told = rows(record(PASS, FAIL, RAISED, MISSING), points=Points(lessons={"names": LessonPoints(2)}))
    assert [row["node"] for row in told] == ["probs", "h", "C", "W1"]
    assert tuple(told[0]) == COLUMNS
    facts = ("file", "lesson", "line", "status", "exact", "maxdiff", "shape", "kind", "message", "points", "max_points")
    assert [told[0][each] for each in facts] == [
        "a/mine.py", "names", "6", "pass", "yes", "0.0", "(2, 3)", "", "", "2", "2",
    ]  # fmt: skip
    assert [told[1][each] for each in ("status", "maxdiff", "kind", "message")] == ["fail", "inf", "sign", "a sign"]
    assert [told[3][each] for each in ("line", "status", "exact", "points")] == ["", "missing", "", "0"]


def test_csv_gives_the_points_of_a_node_once() -> None:
    told = rows(record(PASS, PASS))
    assert [(row["points"], row["max_points"]) for row in told] == [("1", "1"), ("", "")]


def test_csv_has_a_row_for_a_file_that_could_not_be_used() -> None:
    (row,) = rows(record_of(FileReport("mine.py", error="it is empty")))
    assert (row["file"], row["status"], row["message"]) == ("mine.py", "error", "it is empty")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", " =", "\t=", "＝"])
def test_no_cell_of_csv_is_a_formula(sign: str) -> None:
    verdict = Verdict("x", Status.ERROR, (2,), 1, named=f"{sign}d", error=f"{sign}cmd|' /C calc'!A0")
    for row in rows(cleaned_record(file(verdict, path=f"{sign}1.py"))):
        assert [cell for cell in row.values() if cell.lstrip().startswith(("=", "+", "-", "@", "＝"))] == []
        assert row["file"].startswith("'")


def cleaned_record(report: FileReport) -> FileRecord:
    return record_of(cleaned(report))


def test_a_row_of_csv_is_a_line() -> None:
    text = written(lambda stream: write_csv(stream, [record_of(evil())], Points()))
    assert text.count("\n") == text.count("\r\n") == 3
    assert re.sub("[\r\n]", "", text).isprintable()


# JUnit


def junit(*records: FileRecord) -> ElementTree.Element:
    return ElementTree.fromstring(written(lambda stream: write_junit(stream, records)))


def test_junit_has_a_suite_a_file_and_a_case_an_answer() -> None:
    root = junit(record(PASS, FAIL, RAISED, MISSING), record_of(FileReport("b.py", error="it is empty")))
    first, second = root.findall("testsuite")
    assert [first.get(each) for each in ("name", "tests", "failures", "errors")] == ["a/mine.py", "4", "2", "1"]
    assert [case.get("name") for case in first] == ["dprobs", "dh", "dC", "dW1"]
    problems = [(child.tag, child.get("type")) for case in first for child in case if child.tag != "system-out"]
    assert problems == [("failure", "sign"), ("error", "error"), ("failure", "missing")]
    assert [second.get(each) for each in ("name", "tests", "errors")] == ["b.py", "1", "1"]


def test_junit_is_xml_whatever_is_in_it() -> None:
    (suite,) = junit(record_of(evil())).findall("testsuite")
    texts = [value for each in suite.iter() for value in each.attrib.values()]
    assert all(text.isprintable() for text in texts)


# Pages


class Tags(HTMLParser):
    """The tags of a page, and whether each that is opened is closed in its turn."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [str(value) for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def page(each: FileRecord) -> Tags:
    return Tags(written(lambda stream: write_page(stream, each, Points())))


def test_a_page_tells_all_answers_with_their_code() -> None:
    told = page(record(PASS, FAIL, RAISED, MISSING))
    for words in ("dprobs", "a sign", "E: no", "dC = 1/0", "1 of 4 pass", "missing"):
        assert words in told.words
    assert told.open == []
    assert "mark" in told.seen


def test_a_page_holds_no_markup_of_strangers_and_fetches_nothing() -> None:
    told = page(record_of(evil()))
    assert told.open == []
    assert "script" not in told.seen
    assert told.links == ["index.html"]
    assert "<script>alert(1)</script>" in told.words
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_an_index_leads_to_every_page() -> None:
    records = [record(PASS, path="a.py"), record(FAIL, path="b/a.py"), record_of(evil())]
    told = Tags(written(lambda stream: write_index(stream, records, Points(), interrupted=True)))
    assert told.links == [page_name(each) for each in records]
    assert len(set(told.links)) == 3
    assert all(re.fullmatch(r"[a-z0-9-]+\.html", link) for link in told.links)
    assert "The run was interrupted" in told.words
    assert "script" not in told.seen


def test_a_page_has_the_same_name_again() -> None:
    assert page_name(record(PASS)) == page_name(record(FAIL, RAISED))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read_on_its_ground(scheme: int) -> None:
    block = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
    ground, text = luminance(colours["ground"]), ("text", "quiet", "link", "pass", "fail", "timeout", "missing", "said")
    for name in text:
        high, low = sorted((luminance(colours[name]), ground), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= 4.5, name


# Gradescope


def gradescope(*records: FileRecord, points: Points | None = None) -> dict[str, object]:
    grading = Grading(points or Points(), "names")
    told: dict[str, object] = json.loads(
        written(lambda stream: write_gradescope(stream, records, grading, Tally.of(records)))
    )
    return told


def cases(told: dict[str, object]) -> list[dict[str, object]]:
    found = told["tests"]
    assert isinstance(found, list)
    return found


def test_gradescope_has_a_test_a_node_with_its_points() -> None:
    told = gradescope(record(PASS, FAIL, RAISED, MISSING), points=Points(points=2))
    assert [(each["name"], each["score"], each["max_score"], each["status"]) for each in cases(told)] == [
        ("dprobs", 2, 2, "passed"),
        ("dh", 0, 2, "failed"),
        ("dC", 0, 2, "failed"),
        ("dW1", 0, 2, "failed"),
    ]
    assert cases(told)[2]["output"] == "line 9: error\nE: no\n  dC = 1/0"
    assert str(told["output"]).startswith("1 of 4 gradients pass")
    assert {told[each] for each in ("output_format", "test_output_format", "test_name_format")} == {"text"}


def test_gradescope_fails_a_node_that_is_answered_again_and_wrong() -> None:
    (each,) = cases(gradescope(record(PASS, Verdict("probs", Status.FAIL, (2, 3), 9, (2, 3)))))
    assert (each["score"], each["status"]) == (0, "failed")


def test_gradescope_takes_all_points_of_the_lesson_for_a_file_that_cannot_be_used() -> None:
    (each,) = cases(gradescope(record_of(FileReport("mine.py", error="it is empty"))))
    assert (each["score"], each["max_score"], each["output"]) == (0, 26, "it is empty")


def test_gradescope_names_the_file_where_there_are_several() -> None:
    told = gradescope(record(PASS, path="a.py"), record(PASS, path="b.py"))
    assert [each["name"] for each in cases(told)] == ["a.py: dprobs", "b.py: dprobs"]


# On a terminal


@pytest.mark.parametrize("columns", ["40", "80", None])
@pytest.mark.parametrize("detail", Detail)
def test_no_line_of_a_report_is_a_strangers(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str | None, detail: Detail
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    print_file(Page(), evil(), detail)
    printed = capsys.readouterr().out
    assert "forged" in printed
    assert [line for line in printed.split("\n") if line.startswith(("✓ forged", "forged"))] == []
    assert printed.replace("\n", "").isprintable()


def test_a_long_text_of_a_stranger_is_bounded() -> None:
    long = "x" * 10_000_000
    verdict = Verdict(long, Status.ERROR, (2,), 1, error=long, note=long, diagnosis=Diagnosis(Kind.UNKNOWN, long))
    assert len(json.dumps(whole_json(cleaned_record(file(verdict))))) < 20_000


def test_a_path_stays_as_it_is_in_json() -> None:
    path = "a\nb\udcff.py"
    told = json.loads(json.dumps(file_json(record(PASS, path=path))))
    assert told["path"] == path
    assert Path(told["path"]).name == path
