"""The report for people: what is told and what is quiet, at every width of a terminal, and in a file."""

from __future__ import annotations

import re

import pytest

from ninja_tui.engine.evaluate.program import Comparison
from ninja_tui.engine.protocol.verdict import Diagnosis, Kind, Status, Verdict, Warning
from ninja_tui.lesson.syntax.code_error import CodeError
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.replay import FileReport, LessonReport, Report
from ninja_tui.report.as_text import Detail, print_report

POWER = "`probs`: to another power than the derivative of this statement has"
ROUNDING = "rounding, not your maths: off by at most 1 unit in the last place"
OFF = "right from its upstream gradients; the numbers are off because those are"
ALIASING = "line 9, `dlogits += …`, changes dnorm_logits too: the two names are one tensor"
CODE = {
    ("probs", 6): "dprobs = probs * dlogprobs",
    ("h", 8): "dh = dlogits @ W2",
}


def passing(node: str, line: int, note: str | None = None, maxdiff: float = 0.0) -> Verdict:
    exact = maxdiff == 0
    return Verdict(
        node, Status.PASS, (2, 3), line, (2, 3), exact=exact, approximate=True, maxdiff=maxdiff, note=note, chained=0.0
    )


MISTAKES = (
    passing("logprobs", 3),
    Verdict("probs", Status.FAIL, (2, 3), 6, (2, 3), maxdiff=2.64, diagnosis=Diagnosis(Kind.WRONG_POWER, POWER)),
    passing("counts", 7, ROUNDING, 1e-9),
    Verdict(
        "h", Status.ERROR, (2, 3), 8, error="RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x27 and 64x27)",
        raised=CodeError("", 8, 6, 18, "dh = dlogits @ W2"),
    ),
    Verdict(
        "norm_logits", Status.PASS, (2, 3), 9, (2, 3), exact=True, approximate=True, maxdiff=0.0,
        warnings=(Warning.ALIASING,), diagnosis=Diagnosis(Kind.ALIASING, ALIASING),
    ),
    passing("bnraw", 10, ROUNDING, 1e-9),
    Verdict("C", Status.MISSING, (27, 10)),
)  # fmt: skip


def report(*verdicts: Verdict, **more: object) -> Report:
    """A report on ``mist.py``."""
    code = {key: (Fragment.at(text, key[1]),) for key, text in CODE.items()}
    lesson = LessonReport("names", 1, 3.5, "2.13", len({each.node for each in verdicts}), verdicts, code=code, **more)  # type: ignore[arg-type]
    return Report((FileReport("mist.py", (lesson,)),))


def printed(
    told: Report, capsys: pytest.CaptureFixture[str], columns: int | None = None, detail: Detail = Detail.FAILURES
) -> list[str]:
    """The lines of a report on a terminal of so many columns; in a file where there are none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        if columns is not None:
            patch.setenv("COLUMNS", str(columns))
        capsys.readouterr()
        print_report(told, detail)
    return capsys.readouterr().out.rstrip("\n").split("\n")


def test_passes_are_quiet_and_failures_come_with_their_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(report(*MISTAKES), capsys) == [
        "mist.py  names   4 of 7 pass · 1 fail · 1 error · 1 missing · 2 exact",
        "✗ mist.py:6  dprobs  2.64e+00  wrong-power",
        "    6 │ dprobs = probs * dlogprobs",
        f"      │          ^^^^^ {POWER}",
        "✗ mist.py:8:6  dh  error",
        "    8 │ dh = dlogits @ W2",
        "      │      ^^^^^^^^^^^^ RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x27 and 64x27)",
        f"⚠ mist.py:9  dnorm_logits  aliasing: {ALIASING}",
        "– 1 missing: dC",
        "· 2 answers differ in the last bits only: rounding, not your maths (-v lists them)",
    ]


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
@pytest.mark.parametrize("detail", Detail)
def test_nothing_is_wider_than_the_terminal_and_no_word_is_lost_or_broken(
    capsys: pytest.CaptureFixture[str], columns: int, detail: Detail
) -> None:
    lines = printed(report(*MISTAKES), capsys, columns, detail)
    assert max(map(len, lines)) <= columns
    words = " ".join(re.sub("[│┃┏┡└━─╇┳┴┘┐┓┩]", " ", " ".join(lines)).split())
    for sentence in (POWER, ALIASING, "RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x27 and 64x27)"):
        assert sentence in words
    for code in CODE.values():
        assert code in words


def test_verbose_lists_all_answers_and_what_was_folded(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(report(*MISTAKES), capsys, 100, Detail.ALL)
    assert f"· mist.py:7  dcounts: {ROUNDING}" in lines
    assert f"· mist.py:10  dbnraw: {ROUNDING}" in lines
    assert not [line for line in lines if "-v lists" in line]
    row = next(line for line in lines if line.startswith("│ norm_logits"))
    assert row.split("│")[6].strip() == "pass aliasing"


def test_the_table_drops_its_inner_borders_below_90_columns_and_is_stacked_where_it_does_not_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {}
    for columns in (90, 89, 40):
        lines = printed(report(*MISTAKES), capsys, columns, Detail.ALL)
        start = next(number for number, line in enumerate(lines) if re.match(r"(│ )?counts ", line))
        rows[columns] = [" ".join(line.split()) for line in lines[start : start + 2]]
    assert rows[90][0] == "│ counts │ (2, 3) │ no │ yes │ 1.00e-09 │ pass │ 7 │"
    assert rows[89][0] == "counts (2, 3) no yes 1.00e-09 pass 7"
    assert rows[40] == ["counts pass line 7", "(2, 3) approximate 1.00e-09"]


def test_what_is_upstream_of_right_answers_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    off = [Verdict(node, Status.PASS, (2,), 1, (2,), chained=0.1, note=OFF, maxdiff=1.0) for node in "abcdefg"]
    *_, line = printed(report(*off), capsys)
    assert line == "· right, but off in training, because an upstream gradient is wrong: da, db, dc, dd and 3 more"


def test_the_same_note_on_several_answers_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    vacuous = [
        Verdict(node, Status.PASS, (2,), 1, (2,), vacuous=True, note="vacuous: so it is", maxdiff=1e-9)
        for node in ("b1", "b2")
    ]
    closed = [
        Verdict(
            node, Status.PASS, (2,), 1, (2,), exact=True, maxdiff=0.0, probe="closed form: needs none",
            warnings=(Warning.CLOSED_FORM,),
        )
        for node in ("x", "y")
    ]  # fmt: skip
    assert printed(report(*vacuous, *closed), capsys)[1:] == [
        "⚠ mist.py  dx, dy  closed form: needs none",
        "· db1, db2: vacuous: so it is",
    ]


def test_a_files_own_comparisons_are_quiet_where_they_are_exact(capsys: pytest.CaptureFixture[str]) -> None:
    comparisons = (
        Comparison(4, "logprobs", exact=True, approximate=True, maxdiff=0.0),
        Comparison(5, "probs", exact=False, approximate=True, maxdiff=1e-9),
    )
    told = report(passing("logprobs", 3), comparisons=comparisons)
    assert printed(told, capsys)[1:] == [
        "· line 5: cmp probs  exact: False  approximate: True  maxdiff: 1.00e-09",
        "· cmp is exact: logprobs",
    ]
    lines = printed(told, capsys, 100, Detail.ALL)
    assert "· line 4: cmp logprobs  exact: True  approximate: True  maxdiff: 0" in lines


def test_a_notebooks_lines_count_in_its_cells(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(report(*MISTAKES, starts=(2, 5)), capsys)
    assert "✗ mist.py, cell 2, line 2  dprobs  2.64e+00  wrong-power" in lines
    assert "    2 │ dprobs = probs * dlogprobs" in lines


def test_a_long_line_of_code_is_cut_around_what_is_meant(capsys: pytest.CaptureFixture[str]) -> None:
    code = f"dprobs = {' + '.join(f'part_{number}' for number in range(100))} + probs.sum()"
    verdict = Verdict(
        "probs", Status.FAIL, (2, 3), 6, (2, 3), maxdiff=2.6, diagnosis=Diagnosis(Kind.OVER_SUMMED, "summed too far")
    )
    lesson = LessonReport("names", 1, 3.5, "2.13", 1, (verdict,), code={("probs", 6): (Fragment.at(code, 6),)})
    for columns in (40, 80, None):
        lines = printed(Report((FileReport("mist.py", (lesson,)),)), capsys, columns)
        shown, carets = [line for line in lines if "│" in line][:2]
        assert len(shown) <= (columns or 200)
        assert shown.startswith("    6 │ …")
        under = [number for number, sign in enumerate(carets) if sign == "^"]
        assert shown[under[0] : under[-1] + 1] == "probs.sum()"


def test_wide_characters_do_not_move_the_carets(capsys: pytest.CaptureFixture[str]) -> None:
    verdict = Verdict("x", Status.FAIL, (2,), 1, diagnosis=Diagnosis(Kind.OVER_SUMMED, "too far"))
    code = {("x", 1): (Fragment.at("dx = {'数': 1}['数'] * y.sum()", 1),)}
    lesson = LessonReport("names", 1, 3.5, "2.13", 1, (verdict,), code=code)
    lines = printed(Report((FileReport("mist.py", (lesson,)),)), capsys)
    assert lines[3].index("^") == lines[2].index("y.sum()") + 2


def test_what_does_not_print_is_made_visible(capsys: pytest.CaptureFixture[str]) -> None:
    source = "dx = '\x1b[2J' # [bold]"
    verdict = Verdict("x", Status.ERROR, (2,), 1, error="E: \x1b[2J\x07", raised=CodeError("", 1, source=source))
    lesson = LessonReport("[red]x", 1, 3.5, "2.13", 1, (verdict,))
    said = "\n".join(printed(Report((FileReport("\x1bmist.py", (lesson,), notes=("\x1b!",)),)), capsys))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert "[red]x" in said
    assert "dx = '�[2J' # [bold]" in said
    assert "note: �!" in said
