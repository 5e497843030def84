"""Answers of a session that were given again: the newest counts, and of those before a word is told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.jupyter.history import Executed
from ninja_tui.lesson.locations import cell_and_line
from ninja_tui.replay import FileReport, LessonReport

MOST_NAMED = 4
_VERSION = re.compile(r" \(line \d+\)|\[t=\d+\]| #\d+")
"""What tells apart tensors of one name."""


@dataclass(frozen=True)
class _Place:
    """Where an answer stands: its cell, by number, and the notebook's cell that this was."""

    number: int
    cell_id: str | None


def newest(report: FileReport, cells: Sequence[Executed]) -> FileReport:
    """``report`` without the answers that were given again.

    That are those of a notebook's cell that ran again later; and where no cell has a name of its own, as in IPython's
    terminal, those to the same gradient in an earlier cell. A note says which, and how they were judged.
    """
    ids = {cell.number: cell.cell_id for cell in cells}
    ran = [cell for cell in cells if cell.stopped != 0]
    last = {cell.cell_id: cell.number for cell in ran if cell.cell_id is not None}
    places = {
        id(verdict): _Place(number, ids.get(number))
        for lesson in report.lessons
        for verdict in lesson.verdicts
        if (number := _cell(verdict, lesson)) is not None
    }
    answers = [verdict for lesson in report.lessons for verdict in lesson.verdicts]
    old = [each for each in answers if _is_old(each, answers, places, last)]
    if not old:
        return report
    dropped = {id(each) for each in old}
    lessons = [
        _with(lesson, tuple(each for each in lesson.verdicts if id(each) not in dropped)) for lesson in report.lessons
    ]
    kept = [lesson for lesson in lessons if lesson.verdicts]
    if len(kept) == 1 and len(lessons) > 1 and report.network is not None:
        kept = [replace(kept[0], lesson=report.path)]
    return replace(report, lessons=tuple(kept), notes=(*report.notes, _told(old, places)))


def _cell(verdict: Verdict, lesson: LessonReport) -> int | None:
    return None if verdict.line is None else cell_and_line(verdict.line, lesson.starts)[0]


def _is_old(
    verdict: Verdict, answers: Sequence[Verdict], places: Mapping[int, _Place], last: Mapping[str, int]
) -> bool:
    place = places.get(id(verdict))
    if place is None:
        return False
    if place.cell_id is not None:
        return last.get(place.cell_id, 0) > place.number
    return any(
        other.number > place.number and other.cell_id is None and _subject(each) == _subject(verdict)
        for each in answers
        if (other := places.get(id(each))) is not None
    )


def _subject(verdict: Verdict) -> tuple[str, str]:
    return verdict.gradient, _VERSION.sub("", verdict.node)


def _with(lesson: LessonReport, verdicts: tuple[Verdict, ...]) -> LessonReport:
    return replace(lesson, verdicts=verdicts, total=len({verdict.node for verdict in verdicts}))


def _told(old: Sequence[Verdict], places: Mapping[int, _Place]) -> str:
    told = [*_each(old[-MOST_NAMED:], places)]
    more = f" and {len(old) - len(told)} more" if len(old) > len(told) else ""
    subject, shows = ("answer was", "it") if len(old) == 1 else ("answers were", "them")
    return f"{len(old)} earlier {subject} given again since: {', '.join(told)}{more} (-v shows {shows})"


def _each(old: Sequence[Verdict], places: Mapping[int, _Place]) -> Iterator[str]:
    for verdict in old:
        yield f"{verdict.gradient} in In [{places[id(verdict)].number}] ({verdict.status})"
