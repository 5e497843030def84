"""The solutions file as the backend with processes writes and reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine import process_backend
from ninja_tui.engine.events import (
    ChangedOutside,
    Conflicting,
    LessonRead,
    NotSaved,
    Opened,
    Saved,
)
from ninja_tui.engine.protocol.verdict import Upstream
from ninja_tui.lesson.answer_file import Conflict, Version
from ninja_tui.lesson.solutions import SavedAnswer, read_solutions
from ninja_tui.replay import Request, replay
from tests.app.real_backend import started
from tests.app.support import ANSWERS, NODES, SOME_NAMES

pytestmark = pytest.mark.processes


def saved(path: Path) -> dict[str, str]:
    """The answers that the file holds."""
    answers = read_solutions(path, "names").answers("names", NODES)
    return {node: answer.code for node, answer in answers.items()}


def test_a_saved_answer_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with started(path) as real:
        real.backend.save("probs", SavedAnswer(ANSWERS["probs"]), NODES)
        assert real.event(Saved) == Saved("probs", path, SavedAnswer(ANSWERS["probs"]))
        assert saved(path) == {"probs": ANSWERS["probs"]}


MINE = """\
# my notes: nobody touches them
import math


def scaled(x):
    return x * math.sqrt(4.0)


# %% lesson: other
# %% probs
dprobs = 'of another lesson'

# %% lesson: names
# %% a cell of my own
half = 0.5
# %% probs
dprobs = probs  # wrong, I think
# %% h
dh = dlogits @ W2.T

# the end
"""


def test_what_a_file_holds_already_stays_and_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text(MINE, encoding="utf-8")
    with started(path) as real:
        assert real.event(LessonRead).saved["probs"].code.startswith("dprobs = probs")
        real.event(Opened)
        real.backend.save("probs", SavedAnswer(ANSWERS["probs"]), NODES)
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"]), NODES)
        real.backend.save("logprobs", SavedAnswer("", revealed=True), NODES)
        real.backend.save("logprobs", SavedAnswer("dlogprobs = half * logprobs", revealed=True), NODES)
        real.backend.prepare("logprobs", Upstream.PASSING, {})
        assert real.verdict("logprobs", "dlogprobs = half * logprobs").error is None  # a name of the file's own
    lines = iter(path.read_text().splitlines())
    kept = [line for line in MINE.splitlines() if line.strip() and "wrong, I think" not in line]
    assert [line for line in kept if line not in lines] == []  # each of them, in this order
    assert path.read_text().count("# revealed: dlogprobs") == 1
    assert list(saved(path)) == ["logprobs", "probs", "h"]
    assert saved(path)["probs"] == ANSWERS["probs"]
    assert saved(path)["logprobs"] == "dlogprobs = half * logprobs"


def test_a_file_that_someone_else_edits_meanwhile(tmp_path: Path) -> None:
    """An editor beside the app: what it wrote is there afterwards, and what it defines can be used."""
    path = tmp_path / "solutions.py"
    with started(path) as real:
        real.event(Opened)
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"]), NODES)
        real.event(Saved)
        edited = path.read_text().replace("# %% logprobs", "# %% mine\nthird = 3.0\n# %% logprobs")
        path.write_text(edited + "# %% h\ndh = of_the_editor\n# a last word\n")
        code = "dprobs = dlogprobs / probs * third / 3.0"
        real.backend.prepare("probs", Upstream.PASSING, {})
        assert real.verdict("probs", code).approximate
        real.backend.save("probs", SavedAnswer(code), NODES)
        real.event(Saved)
    text = path.read_text()
    assert [part for part in ("third = 3.0", "dh = of_the_editor", "# a last word") if part not in text] == []
    assert saved(path)["logprobs"] == ANSWERS["logprobs"]


def test_to_reveal_writes_over_no_answer_that_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("# %% lesson: names\n# %% logprobs\ndlogprobs = of_the_editor\n")
    with started(path) as real:
        for _ in range(2):
            real.backend.save("logprobs", SavedAnswer("", revealed=True), NODES)
            real.event(Saved)
    assert path.read_text().count("# revealed: dlogprobs") == 1
    assert "dlogprobs = of_the_editor" in path.read_text()


def test_a_revealed_answer_is_marked_in_the_report(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with started(path) as real:
        real.backend.save("logprobs", SavedAnswer("", revealed=True), NODES)
        real.event(Saved)
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"], revealed=True), NODES)
        real.event(Saved)
    assert path.read_text().count("# revealed: dlogprobs") == 1
    assert ANSWERS["logprobs"] in path.read_text()
    (file,) = replay(Request((path,), options=SOME_NAMES)).files
    assert file.lessons[0].revealed == {"logprobs"}
    assert file.lessons[0].passed == 1


def test_a_file_that_is_no_python_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "C[ix] [red]x[" / "red] [bold"
    folder.mkdir(parents=True)
    path = folder / "[b]solutions[i].py"
    with started(path) as real:
        real.event(LessonRead)
        path.write_text("dprobs = [\n")
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"]), NODES)
        not_saved = real.event(NotSaved)
        assert not_saved.node == "logprobs"
        assert "C[ix] [red]x[/red] [bold/[b]solutions[i].py" in not_saved.reason
        assert "line 1: '[' was never closed" in not_saved.reason
        assert path.read_text() == "dprobs = [\n"
        path.write_text("")
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"]), NODES)
        real.event(Saved)
        assert saved(path) == {"logprobs": ANSWERS["logprobs"]}


def test_close_waits_for_an_answer_that_is_being_written(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    with started(path) as real:
        real.event(LessonRead)
        real.backend.save("logprobs", SavedAnswer(ANSWERS["logprobs"]), NODES)
        real.event(Saved)
        path.unlink()
        real.backend.save("probs", SavedAnswer(ANSWERS["probs"]), NODES)
    assert saved(path) == {"logprobs": ANSWERS["logprobs"], "probs": ANSWERS["probs"]}  # the one of before, too
    assert [each.name for each in tmp_path.iterdir()] == ["solutions.py"]


def test_an_answer_that_cannot_be_written_is_tried_again_until_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_backend, "AGAIN", 0.05)
    path = tmp_path / "mine" / "solutions.py"
    with started(path) as real:
        real.event(LessonRead)
        real.backend.save("probs", SavedAnswer(ANSWERS["probs"]), NODES)
        assert "its folder does not exist" in real.event(NotSaved).reason
        assert set(real.backend.unsaved) == {"probs"}
        real.event(NotSaved)
        path.parent.mkdir()
        assert real.event(Saved).node == "probs"
        assert real.backend.unsaved == {}
    assert saved(path) == {"probs": ANSWERS["probs"]}


def test_what_could_not_be_written_is_known_after_the_end(tmp_path: Path) -> None:
    with started(tmp_path / "mine" / "solutions.py") as real:
        real.event(LessonRead)
        real.backend.save("probs", SavedAnswer(ANSWERS["probs"]), NODES)
    assert real.backend.unsaved == {"probs": SavedAnswer(ANSWERS["probs"])}


def test_two_apps_on_one_file_lose_no_answer_and_know_of_each_other(tmp_path: Path) -> None:
    """Another node of the other app is there afterwards; the same node is asked about."""
    path = tmp_path / "solutions.py"
    with started(path) as one, started(path) as two:
        one.event(LessonRead)
        two.event(LessonRead)
        for node in ("h", "probs", "logits"):
            one.backend.save(node, SavedAnswer(f"d{node} = 1"), NODES)
            two.backend.save("logprobs", SavedAnswer(f"dlogprobs = {node}"), NODES)
            assert two.event(Saved).node == "logprobs"
            assert one.event(Saved).node == node
        assert saved(path) == {
            "h": "dh = 1",
            "probs": "dprobs = 1",
            "logits": "dlogits = 1",
            "logprobs": "dlogprobs = logits",
        }
        two.backend.save("h", SavedAnswer("dh = 2"), NODES)
        conflict = two.event(Conflicting)
        assert conflict == Conflicting("h", Conflict(SavedAnswer("dh = 2"), SavedAnswer("dh = 1")))
        assert saved(path)["h"] == "dh = 1"
        two.backend.settle("h", Version.MINE)
        assert two.event(Saved).node == "h"
        one.backend.prepare("probs", Upstream.PASSING, {})
        while "h" not in (changed := one.event(ChangedOutside).answers):
            pass
        assert changed["h"] == SavedAnswer("dh = 2")
