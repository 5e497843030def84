"""A report in which all that strangers wrote is plain: one line each, bounded, and nothing in it that does not print.

An exception's text, a class's name, a name in a dict or the label of a comparison could hold a line break and then a
line of a report, or what moves a terminal's cursor.
"""

from __future__ import annotations

from dataclasses import replace

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.formatting import plain
from ninja_tui.replay.reports import FileReport, LessonReport

LONGEST_NAME = 200
"""Characters of a name."""


def cleaned(report: FileReport) -> FileReport:
    """``report`` in plain text; but for its path, and for code, which are made visible where they are shown."""
    return replace(
        report,
        error=_sentence(report.error),
        notes=tuple(map(plain, report.notes)),
        lessons=tuple(map(_lesson, report.lessons)),
    )


def _lesson(lesson: LessonReport) -> LessonReport:
    return replace(
        lesson,
        lesson=_name(lesson.lesson),
        torch=_name(lesson.torch),
        verdicts=tuple(map(_verdict, lesson.verdicts)),
        comparisons=tuple(replace(each, label=_name(each.label)) for each in lesson.comparisons),
        stopped=_sentence(lesson.stopped),
        revealed=frozenset(map(_name, lesson.revealed)),
        code={(_name(node), line): code for (node, line), code in lesson.code.items()},
    )


def _verdict(verdict: Verdict) -> Verdict:
    diagnosis = verdict.diagnosis
    return replace(
        verdict,
        node=_name(verdict.node),
        named=None if verdict.named is None else _name(verdict.named),
        error=_sentence(verdict.error),
        note=_sentence(verdict.note),
        probe=_sentence(verdict.probe),
        diagnosis=None if diagnosis is None else replace(diagnosis, message=plain(diagnosis.message)),
    )


def _name(name: str) -> str:
    return plain(name, LONGEST_NAME)


def _sentence(sentence: str | None) -> str | None:
    return None if sentence is None else plain(sentence)
