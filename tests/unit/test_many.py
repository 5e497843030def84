"""Many files and their jobs: each gets its report, whatever another does, and a run can be ended at any moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ninja_tui.replay.many
from ninja_tui.engine.protocol.judging import RunLesson
from ninja_tui.engine.protocol.lesson_code import LessonCode
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import Role
from ninja_tui.errors import UsageError
from ninja_tui.replay import FileReport, Jobs, Limits, Request, Submission
from ninja_tui.replay.limits import Stopped, Workers
from tests.helpers import names_lesson

Judge = Callable[[Path], FileReport]


class FakeJudge:
    """Judges by a function; counts how many of its kind work at once."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.interrupted = threading.Event()
        self.closed = 0

    def judge(self, path: Path) -> FileReport:
        return self._judge(path)

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1


def passing(path: Path) -> FileReport:
    return FileReport(str(path))


def submissions(*names: str) -> dict[int, Submission]:
    return dict(enumerate(Submission(Path(name)) for name in names))


def judged(judge: Judge, *names: str, jobs: int = 1, limits: Limits | None = None) -> dict[str, FileReport]:
    """The reports by path."""
    request = Request((), jobs=jobs, limits=limits or Limits())
    with Jobs(request, make=lambda _: FakeJudge(judge)) as running:
        return {report.path: report for _, report in running.judged(submissions(*names))}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ninja_tui.replay.many, "GRACE", 0.05)
    monkeypatch.setattr(ninja_tui.replay.many, "GLANCE", 0.01)


def test_every_file_gets_its_report_at_its_position() -> None:
    names = [f"{number}.py" for number in range(20)]
    with Jobs(Request((), jobs=3), make=lambda _: FakeJudge(passing)) as jobs:
        reports = dict(jobs.judged(submissions(*names)))
    assert [reports[position].path for position in range(20)] == names


def test_as_many_files_are_judged_at_once_as_there_are_jobs() -> None:
    together = threading.Barrier(3, timeout=5)

    def judge(path: Path) -> FileReport:
        together.wait()
        return passing(path)

    assert len(judged(judge, "a.py", "b.py", "c.py", jobs=3)) == 3


@pytest.mark.parametrize("error", [ValueError("a\nb"), RecursionError(), MemoryError(), SystemExit(3), KeyError("x")])
def test_whatever_comes_up_costs_one_file_and_is_an_error_of_ours(error: BaseException) -> None:
    def judge(path: Path) -> FileReport:
        if path.name == "bad.py":
            raise error
        return passing(path)

    reports = judged(judge, "a.py", "bad.py", "c.py")
    assert [name for name, report in reports.items() if report.internal] == ["bad.py"]
    told = str(reports["bad.py"].error)
    assert told.startswith(f"bad.py: internal error: {type(error).__name__}")
    assert told.isprintable()


def test_a_fault_of_python_with_threads_that_parse_costs_nothing() -> None:
    faults = [SystemError("AST constructor recursion depth mismatch (before=52, after=51)")]

    def judge(path: Path) -> FileReport:
        if faults:
            raise faults.pop()
        return passing(path)

    assert judged(judge, "a.py")["a.py"].error is None


def test_a_path_that_is_no_file_is_told_in_its_place() -> None:
    with Jobs(Request(()), make=lambda _: FakeJudge(passing)) as jobs:
        reports = dict(jobs.judged({0: Submission(Path("a.py")), 1: Submission(Path("d"), "the folder d is empty")}))
    assert [reports[position].error for position in (0, 1)] == [None, "the folder d is empty"]


@pytest.mark.usefixtures("impatient")
def test_a_file_over_which_a_job_does_not_come_back_is_given_up_and_the_others_go_on() -> None:
    forever = threading.Event()

    def judge(path: Path) -> FileReport:
        if path.name == "bad.py":
            forever.wait(10)
        return passing(path)

    began = time.monotonic()
    reports = judged(judge, "bad.py", "b.py", "c.py", limits=Limits(file=0.1))
    forever.set()
    assert time.monotonic() - began < 5
    assert reports["bad.py"].error == "bad.py is given up after 0.1 s (--file-timeout)"
    assert [reports[name].error for name in ("b.py", "c.py")] == [None, None]


def test_an_interrupt_ends_the_run_with_what_is_done() -> None:
    judges: list[FakeJudge] = []
    forever = threading.Event()

    def judge(path: Path) -> FileReport:
        if path.name == "slow.py":
            forever.wait(10)
        return passing(path)

    def make(_: float) -> FakeJudge:
        judges.append(FakeJudge(judge))
        return judges[-1]

    began = time.monotonic()
    with Jobs(Request(()), make=make) as jobs:
        done: list[str] = []
        for _, report in jobs.judged(submissions("a.py", "slow.py", "c.py")):
            done.append(report.path)
            jobs.interrupt()
        forever.set()
    assert (done, jobs.interrupted) == (["a.py"], True)
    assert judges[0].interrupted.is_set()
    assert time.monotonic() - began < 5


def test_what_is_not_plain_in_a_report_is_made_plain() -> None:
    def judge(path: Path) -> FileReport:
        return FileReport(str(path), error="a\n✓ forged\x1b[2J" + "x" * 5000, notes=("one\ntwo",))

    report = judged(judge, "a.py")["a.py"]
    assert report.error is not None
    assert report.error.startswith("a�✓ forged�[2J")
    assert len(report.error) == 2000
    assert report.notes == ("one�two",)


# Limits


class FakeWorker:
    """Answers nothing: it takes as long as it may, or breaks."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.killed = error, False
        self.limits: list[float] = []

    def request(self, request: object, timeout: float) -> object:
        self.limits.append(timeout)
        if self.error is not None:
            raise self.error
        raise TimedOut

    def kill(self) -> None:
        self.killed = True

    def close(self) -> None:
        self.kill()


@pytest.fixture
def lesson_run() -> RunLesson:
    return RunLesson(LessonCode.of(names_lesson(), None, {}))


def workers(limits: Limits, worker: FakeWorker, began: float = 0.0) -> Workers:
    return Workers(limits, time.monotonic() - began, lambda _: worker)  # type: ignore[arg-type,return-value]


def test_a_set_up_has_its_own_limit(lesson_run: RunLesson) -> None:
    worker = FakeWorker()
    held = workers(Limits(setup=3), worker).start(Role.REFERENCE)
    with pytest.raises(UsageError, match=r"^the set-up did not come to an end in 3 s \(--setup-timeout\)$"):
        held.request(lesson_run, 120)
    assert worker.limits == [3]
    assert worker.killed


def test_a_request_ends_with_the_time_of_its_file(lesson_run: RunLesson) -> None:
    worker = FakeWorker()
    mine = workers(Limits(setup=60, file=5), worker)
    mine.begin_file()
    with pytest.raises(Stopped, match=r"the limit of a file, 5 s \(--file-timeout\), is over"):
        mine.start(Role.REFERENCE).request(lesson_run, 120)
    assert 4 < worker.limits[0] <= 5


def test_a_request_that_takes_too_long_by_itself_is_no_limit_of_a_file(lesson_run: RunLesson) -> None:
    mine = workers(Limits(file=100), FakeWorker())
    mine.begin_file()
    with pytest.raises(TimedOut):
        mine.start(Role.REFERENCE).request(lesson_run, 10)


def test_no_file_begins_after_the_run() -> None:
    mine = workers(Limits(run=5), FakeWorker(), began=6)
    with pytest.raises(Stopped, match=r"the limit of the run, 5 s \(--run-timeout\), is over"):
        mine.begin_file()


def test_a_worker_that_an_interrupt_ended_is_no_answers_fault(lesson_run: RunLesson) -> None:
    worker = FakeWorker(Broken("cut"))
    mine = workers(Limits(), worker)
    held = mine.start(Role.ANSWERS)
    mine.interrupt()
    assert worker.killed
    with pytest.raises(Stopped, match="interrupted"):
        held.request(lesson_run, 10)
    with pytest.raises(Stopped, match="interrupted"):
        mine.start(Role.ANSWERS)


def test_the_status_of_a_file_that_is_not_judged_is_an_error() -> None:
    def judge(path: Path) -> FileReport:
        raise Stopped("the limit of the run, 5 s (--run-timeout), is over")

    report = judged(judge, "a.py")["a.py"]
    assert (report.status, report.internal) == (Status.ERROR, False)
    assert report.error == "a.py is not judged: the limit of the run, 5 s (--run-timeout), is over"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Jobs end with their run."""
    before = threading.active_count()
    yield
    deadline = time.monotonic() + 2
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before
