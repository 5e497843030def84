"""Answers that were given again in a session."""

from __future__ import annotations

from dataclasses import replace

from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.jupyter.attempts import newest
from ninja_tui.jupyter.history import Executed
from ninja_tui.jupyter.watching import Watched
from ninja_tui.lesson.locations import Prompts
from ninja_tui.replay import FileReport, LessonReport

STARTS = Prompts((1, 11, 21, 31))


def verdict(cell: int, node: str = "h", status: Status = Status.PASS) -> Verdict:
    return Verdict(node, status, (2, 3), line=STARTS[cell - 1] + 1)


def report(*verdicts: Verdict) -> FileReport:
    total = len({each.node for each in verdicts})
    return FileReport("the session", (LessonReport("the session", None, 1.0, "2", total, verdicts, starts=STARTS),))


def cells(*ids: str | None) -> list[Executed]:
    return [Executed(number, "x", cell_id) for number, cell_id in enumerate(ids, 1)]


def left(report: FileReport) -> list[tuple[str, Status]]:
    return [(each.node, each.status) for lesson in report.lessons for each in lesson.verdicts]


def test_an_answer_of_a_notebooks_cell_that_ran_again_is_not_counted_but_told() -> None:
    found = newest(report(verdict(2, status=Status.FAIL), verdict(4)), cells("a", "b", "c", "b"))
    assert left(found) == [("h", Status.PASS)]
    assert (found.lessons[0].passed, found.lessons[0].total, found.status) == (1, 1, Status.PASS)
    assert found.notes == ("1 earlier answer was given again since: dh in In [2] (fail) (-v shows it)",)


def test_two_cells_of_a_notebook_both_count() -> None:
    asked = report(verdict(2, status=Status.FAIL), verdict(4))
    assert newest(asked, cells("a", "b", "c", "d")) is asked


def test_without_names_of_cells_the_newest_answer_to_a_gradient_counts() -> None:
    asked = report(
        verdict(2, status=Status.FAIL), verdict(3), verdict(2, "b"), replace(verdict(4, "h[t=2]"), named="dh")
    )
    assert left(newest(asked, cells(None, None, None, None))) == [("b", Status.PASS), ("h[t=2]", Status.PASS)]


def test_two_answers_in_one_cell_both_count() -> None:
    asked = report(verdict(2, status=Status.FAIL), verdict(2))
    assert newest(asked, cells(None, None)) is asked


def test_a_wrong_answer_after_a_right_one_is_the_one_that_counts() -> None:
    found = newest(report(verdict(1), verdict(3, status=Status.FAIL)), cells(None, None, None))
    assert left(found) == [("h", Status.FAIL)]
    assert found.status is Status.FAIL


def test_a_cell_that_was_run_again_and_did_not_start_changes_nothing() -> None:
    again = [*cells("a", "b", "c"), Executed(4, "x", "b", stopped=0)]
    asked = report(verdict(2))
    assert newest(asked, again) is asked


def test_watching_tells_what_is_other_than_it_was() -> None:
    watched = Watched()
    first = watched.see(report(verdict(1), verdict(2, "b", Status.FAIL)))
    assert [each.node for each in first.changed] == ["h", "b"]
    same = watched.see(report(verdict(1), verdict(3, "b", Status.FAIL)))
    assert (same.changed, same.summary) == ((), "ninja: 1 of 2 pass, as before")
    assert [each.node for each in watched.see(report(verdict(1), verdict(4, "b"))).changed] == ["b"]
