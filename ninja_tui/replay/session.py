"""The cells of a session of IPython to a report, judged as a file of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from ninja_tui.engine.protocol.verdict import Verdict
from ninja_tui.engine.workers.client import Worker, start_server
from ninja_tui.lesson.classify import OwnNetwork, SolutionsFile
from ninja_tui.lesson.locations import place
from ninja_tui.lesson.notebook.cells import SESSION, Source
from ninja_tui.lesson.solutions import LESSON_MARKER
from ninja_tui.replay.judge import FileJudge
from ninja_tui.replay.limits import Workers
from ninja_tui.replay.many import Jobs
from ninja_tui.replay.paths import Submission
from ninja_tui.replay.reports import FileReport, LessonReport
from ninja_tui.replay.request import Progress, Request

_ADVICE = re.compile(r"; with --setup FILE you can define .*$", re.MULTILINE)
"""What a sentence advises for a file; ``%ninja`` has no such option."""


def replay_session(source: Source, request: Request, progress: Progress = lambda _: None) -> FileReport:
    """Judges the cells of a session, made by ``session_source``, by the limits and options of ``request``.

    They are a program of their own, which finds the files of the current folder. Cells that name a lesson
    (``# %% lesson: names``) and make no backward pass are answers to it. An interrupt ends all of it at once.
    """
    start_server()

    def make(began: float) -> _SessionJudge:
        return _SessionJudge(
            FileJudge(request, None, Workers(request.limits, began, Worker), progress, lone=True), source
        )

    with Jobs(request, progress, make) as jobs:
        reports = dict(jobs.judged({0: Submission(SESSION)}))
    return reports[0]


class _SessionJudge:
    """Judges one session, in the place of a file."""

    def __init__(self, judge: FileJudge, source: Source) -> None:
        self._judge, self._source = judge, source

    def judge(self, path: Path) -> FileReport:
        """The report on the session."""
        report = self._judge.judge_read(path, partial(_kind_of, self._source))
        lessons = [self._in_cells(each) for each in report.lessons]
        if len(lessons) > 1 and report.network is not None:
            lessons = [replace(each, lesson=f"backward pass {number}") for number, each in enumerate(lessons, 1)]
        notes = tuple(_ADVICE.sub("", note) for note in report.notes)
        error = None if report.error is None else _ADVICE.sub("", report.error)
        return replace(report, lessons=tuple(lessons), notes=notes, error=error)

    def _in_cells(self, lesson: LessonReport) -> LessonReport:
        """A report whose lines are told by cells."""
        starts = self._source.starts
        verdicts = tuple(_in_cells(each, starts) for each in lesson.verdicts)
        return lesson if lesson.starts else replace(lesson, starts=starts, verdicts=verdicts)

    def interrupt(self) -> None:
        """Ends what is under way, at once; from whichever thread."""
        self._judge.interrupt()

    def close(self) -> None:
        """Ends all that was started."""
        self._judge.close()


def _kind_of(source: Source) -> OwnNetwork | SolutionsFile:
    if LESSON_MARKER.search(source.text) and ".backward(" not in source.text:
        return SolutionsFile(source.path, source.text)
    return OwnNetwork(source)


def _in_cells(verdict: Verdict, starts: tuple[int, ...]) -> Verdict:
    """A verdict whose error names its line by the cell."""
    if verdict.error is None:
        return verdict
    error = _ADVICE.sub("", verdict.error)
    if verdict.raised is not None and error.startswith(line := f"line {verdict.raised.line}: "):
        error = f"{place(verdict.raised.line, starts)}: {error.removeprefix(line)}"
    return replace(verdict, error=error)
