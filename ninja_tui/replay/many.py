"""Many files judged at once, each in its turn by one of the jobs; one bad file never costs another.

A job is a thread that drives workers. It may be lost to a file, as to one that takes for ever to read: then another
goes on in its place.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ninja_tui.engine.workers.client import Role, Worker, is_unlocked, start_server
from ninja_tui.errors import UsageError
from ninja_tui.formatting import one_line
from ninja_tui.lesson.files import is_reachable_folder
from ninja_tui.log import trace_of
from ninja_tui.replay.cleaned import cleaned
from ninja_tui.replay.judge import FileJudge
from ninja_tui.replay.limits import Stopped, Workers
from ninja_tui.replay.paths import Submission, find
from ninja_tui.replay.reports import FileReport, Report
from ninja_tui.replay.request import Progress, Request

GRACE = 5.0
"""Seconds beyond a limit after which a job that heeds none is left to itself."""
GLANCE = 0.2
"""Seconds between two looks at the jobs."""
UNLOCKED = "this system has nothing that locks strangers' code in, so that many files are not run; --trust runs them"
_log = logging.getLogger(__name__)


class Judging(Protocol):
    """What judges the files of one job, one after another."""

    def judge(self, path: Path) -> FileReport:
        """The report on a file, an error where it cannot be used. Raises Stopped where no time is left for it."""

    def interrupt(self) -> None:
        """Ends what is under way, at once; from whichever thread."""

    def close(self) -> None:
        """Ends all that was started."""


Make = Callable[[float], Judging]
"""Makes what judges, for a run that began at that moment of ``time.monotonic``."""


@dataclass(frozen=True)
class _Done:
    position: int
    report: FileReport
    job: _Job


class Jobs:
    """Judges files, ``request.jobs`` at once; within ``with``, after which nothing of it runs on.

    Raises UsageError where the set-up file cannot be used.
    """

    def __init__(self, request: Request, progress: Progress = lambda _: None, make: Make | None = None) -> None:
        self._request = request
        self._make = make or _maker(request, progress)
        self._done: queue.SimpleQueue[_Done | None] = queue.SimpleQueue()
        self._to_do: queue.SimpleQueue[tuple[int, Path] | None] = queue.SimpleQueue()
        self._jobs: list[_Job] = []
        self._began = time.monotonic()
        self.interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def judged(self, submissions: Mapping[int, Submission]) -> Iterator[tuple[int, FileReport]]:
        """The reports by position, as they come; where the run is interrupted, those that are done."""
        waiting: dict[int, Submission] = {}
        for position, each in submissions.items():
            if each.problem is not None:
                yield position, cleaned(FileReport(str(each.path), error=each.problem))
            else:
                waiting[position] = each
                self._to_do.put((position, each.path))
        while len(self._jobs) < min(self._request.jobs, len(waiting)):
            self._jobs.append(self._new_job())
        while waiting:
            try:
                done = self._done.get(timeout=0 if self.interrupted else GLANCE)
            except queue.Empty:
                if self.interrupted:
                    return  # what was done by then is told
                yield from self._lost(waiting)
                continue
            if done is not None and done.job in self._jobs and waiting.pop(done.position, None) is not None:
                yield done.position, done.report

    def interrupt(self) -> None:
        """Has ``judged`` end at once; a signal's handler may call it."""
        self.interrupted = True
        self._done.put(None)

    def close(self) -> None:
        """Ends all jobs, whatever they are doing."""
        for job in self._jobs:
            job.end()
            self._to_do.put(None)
        for job in self._jobs:
            job.join(1.0)
        self._jobs.clear()

    def _new_job(self) -> _Job:
        job = _Job(self._make(self._began), self._to_do, self._done)
        job.start()
        return job

    def _lost(self, waiting: dict[int, Submission]) -> Iterator[tuple[int, FileReport]]:
        """Reports on the files over which jobs do not come back, each of which has another in its place from now on."""
        limits, now = self._request.limits, time.monotonic()
        for index, job in enumerate(self._jobs):
            under_way = job.under_way
            if under_way is None:
                continue
            position, path, began = under_way
            ends = [(began, limits.file, "--file-timeout"), (self._began, limits.run, "--run-timeout")]
            over = [(limit, option) for since, limit, option in ends if limit and now > since + limit + GRACE]
            if over and waiting.pop(position, None) is not None:
                job.end()
                self._jobs[index] = self._new_job()
                limit, option = over[0]
                yield position, cleaned(FileReport(str(path), error=f"{path} is given up after {limit:g} s ({option})"))


class _Job(threading.Thread):
    """Takes files and judges them, until there is a None. ``under_way``: position, path and beginning of the one."""

    def __init__(
        self,
        judge: Judging,
        to_do: queue.SimpleQueue[tuple[int, Path] | None],
        done: queue.SimpleQueue[_Done | None],
    ) -> None:
        super().__init__(daemon=True)
        self._judge, self._to_do, self._done = judge, to_do, done
        self._ended = False
        self.under_way: tuple[int, Path, float] | None = None

    def run(self) -> None:
        """Judges files."""
        while not self._ended:
            task = self._to_do.get()
            if task is None:
                break
            position, path = task
            self.under_way = (position, path, time.monotonic())
            report = cleaned(self._report(path))
            self.under_way = None
            self._done.put(_Done(position, report, self))
        self._judge.close()

    def _report(self, path: Path) -> FileReport:
        """The report on one file, whatever comes up."""
        try:
            try:
                return self._judge.judge(path)
            except (
                SystemError
            ):  # two threads that parse at once may raise it, up to Python 3.11.7 (python/cpython#106905)
                return self._judge.judge(path)
        except Stopped as error:
            return FileReport(str(path), error=f"{path} is not judged: {error}")
        except BaseException as error:
            _log.error("%s: %s", one_line(str(path)), trace_of(error))
            self._judge.close()
            return FileReport(str(path), error=_internal(path, error), internal=True)

    def end(self) -> None:
        """Takes nothing more, and gives up what is under way."""
        self._ended = True
        self._judge.interrupt()


def _internal(path: Path, error: BaseException) -> str:
    told = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{path}: internal error: {told} (--log FILE says where)"


def _maker(request: Request, progress: Progress) -> Make:
    """Makes the judges of files; reads the set-up file, once for all."""
    from ninja_tui.lesson.notebook.discover import read_definitions  # only where a file is replayed

    setup = request.options.setup
    definitions = None if setup is None else read_definitions(setup)
    lone = len(request.paths) == 1 and not is_reachable_folder(request.paths[0])
    start_server()
    start = Worker if lone or request.trust else _locked
    return lambda began: FileJudge(request, definitions, Workers(request.limits, began, start), progress, lone=lone)


def _locked(role: Role) -> Worker:
    """A worker of many files. Raises UsageError where nothing locks strangers' code in."""
    worker = Worker(role)
    if is_unlocked():
        worker.close()
        raise UsageError(UNLOCKED)
    return worker


def replay(request: Request, progress: Progress = lambda _: None) -> Report:
    """Judges every file of ``request``. A file that cannot be used has an error in its place.

    Raises UsageError where the set-up file cannot be used.
    """
    submissions = dict(enumerate(find(request.paths)))
    with Jobs(request, progress) as jobs:
        reports = dict(jobs.judged(submissions))
    return Report(tuple(reports[position] for position in submissions))
