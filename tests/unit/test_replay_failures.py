"""A replay whose processes fail: it costs that lesson its report, and is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

import ninja_tui.replay.judge
import ninja_tui.replay.many
from ninja_tui.engine.evaluate.bench import Options
from ninja_tui.engine.protocol.verdict import Status
from ninja_tui.engine.protocol.wire import Broken, TimedOut
from ninja_tui.engine.workers.client import WorkerError
from ninja_tui.errors import UsageError
from ninja_tui.lesson.model import Lesson
from ninja_tui.replay import FileJudge, LessonReport, Request, replay
from tests.engine.notebook_support import CELLS, notebook

BUNDLED = "# %% lesson: names\ndprobs = 1 / probs * dlogprobs\n# %% lesson: micrograd\nx = 1\n"


class FailingBench:
    """A bench of the lesson ``failing`` raises ``error`` when it is opened."""

    error: Exception
    failing = "names"
    closed: list[str]

    def __init__(self, lesson: Lesson, _options: Options, *_: object) -> None:
        self.lesson = lesson

    def open(self) -> None:
        if self.lesson.name == self.failing:
            raise self.error

    def close(self) -> None:
        self.closed.append(self.lesson.name)


class FailingJudge:
    """Its one program raises ``error`` when it is judged."""

    error: Exception

    def __init__(self, *_: object) -> None:
        pass

    def judge(self, _progress: object) -> None:
        raise self.error


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type[FailingBench]:
    def passed(_judge: FileJudge, bench: FailingBench, *_: object) -> LessonReport:
        return LessonReport(bench.lesson.name, 1, 0.5, "2.6", 0, ())

    monkeypatch.setattr(ninja_tui.replay.many, "start_server", lambda: None)
    monkeypatch.setattr(ninja_tui.replay.judge, "Workbench", FailingBench)
    monkeypatch.setattr(FileJudge, "_lesson", passed)
    monkeypatch.setattr(FailingBench, "closed", [], raising=False)
    return FailingBench


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Broken("cut"), "names: a worker process ended; it may have run out of memory; try again"),
        (TimedOut("late"), "names: a worker process did not answer in time, and was ended; try again"),
        (WorkerError("a reason"), "names: a reason"),
    ],
)
def test_a_broken_worker_costs_one_bundled_lesson(
    error: Exception, sentence: str, failing: type[FailingBench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "error", error, raising=False)
    path = tmp_path / "answers.py"
    path.write_text(BUNDLED)
    (file,) = replay(Request((path,))).files
    assert [lesson.lesson for lesson in file.lessons] == ["micrograd"]
    assert (file.error, file.notes, file.status) == (None, (sentence,), Status.FAIL)
    assert sorted(failing.closed) == ["micrograd", "names"]


@pytest.mark.parametrize("error", [Broken("cut"), TimedOut("late"), WorkerError("why"), UsageError("why")])
def test_where_nothing_is_left_the_file_has_an_error(
    error: Exception, failing: type[FailingBench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "error", error, raising=False)
    monkeypatch.setattr(FailingJudge, "error", error, raising=False)
    monkeypatch.setattr(ninja_tui.replay.judge, "OwnFileJudge", FailingJudge)
    answers = tmp_path / "answers.py"
    answers.write_text("# %% lesson: names\ndprobs = 1 / probs * dlogprobs\n")
    own = notebook(tmp_path / "one.ipynb", CELLS)
    report = replay(Request((answers, own)))
    assert [file.status for file in report.files] == [Status.ERROR, Status.ERROR]
    assert all(file.error and not file.lessons for file in report.files)
