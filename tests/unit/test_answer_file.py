"""Answers on their way into a file that others write too."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from ninja_tui.lesson import answer_file
from ninja_tui.lesson.answer_file import AnswerFile, Conflict, Version, Written
from ninja_tui.lesson.solutions import SavedAnswer, read_solutions
from tests.helpers import WALK


def opened(path: Path) -> AnswerFile:
    file = AnswerFile(path)
    file.open("names", WALK)
    return file


def put(file: AnswerFile, node: str, code: str) -> Written:
    """Submits an answer, and writes."""
    file.submit("names", node, SavedAnswer(code), WALK)
    return file.write()


def held(path: Path) -> dict[str, str]:
    """The answers in the file."""
    answers = read_solutions(path, "names").answers("names", WALK)
    return {node: answer.code for node, answer in answers.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "solutions.py"


def test_a_new_file_is_made(path: Path) -> None:
    file = opened(path)
    assert put(file, "probs", "dprobs = 1") == Written({"probs": SavedAnswer("dprobs = 1")})
    assert path.read_text(encoding="utf-8") == "# %% lesson: names\n# %% probs\ndprobs = 1\n"
    assert file.waiting == {}


def test_answers_that_wait_are_written_together(path: Path) -> None:
    file = opened(path)
    file.submit("names", "probs", SavedAnswer("dprobs = 1"), WALK)
    assert set(put(file, "h", "dh = 2").saved) == {"probs", "h"}
    assert held(path) == {"probs": "dprobs = 1", "h": "dh = 2"}


@pytest.mark.parametrize("there", [True, False], ids=["file", "no file yet"])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "elsewhere" / "mine.py", tmp_path / "solutions.py"
    target.parent.mkdir()
    if there:
        target.write_text("dC = 1\n", encoding="utf-8")
    link.symlink_to(target)
    put(opened(link), "probs", "dprobs = 1")
    assert link.is_symlink()
    assert held(target)["probs"] == "dprobs = 1"
    assert [each.name for each in target.parent.iterdir()] == ["mine.py"]


def test_links_in_a_circle_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.py").symlink_to(tmp_path / "b.py")
    (tmp_path / "b.py").symlink_to(tmp_path / "a.py")
    assert put(AnswerFile(tmp_path / "a.py"), "probs", "dprobs = 1").problem


@pytest.mark.parametrize("code", ["dprobs = 2", "dprobs = 'é'"])
def test_line_breaks_and_the_encoding_stay(path: Path, code: str) -> None:
    path.write_bytes("# coding: latin-1\r\n# %% lesson: names\r\n# %% h\r\ndh = 'ü'\r\n".encode("latin-1"))
    put(opened(path), "probs", code)
    assert path.read_bytes() == (
        f"# coding: latin-1\r\n# %% lesson: names\r\n# %% probs\r\n{code}\r\n# %% h\r\ndh = 'ü'\r\n".encode("latin-1")
    )


def test_an_answer_that_the_files_encoding_does_not_have_costs_no_other(path: Path) -> None:
    path.write_bytes(b"# coding: latin-1\n# %% lesson: names\n")
    file = opened(path)
    file.submit("names", "h", SavedAnswer("dh = 'λ'"), WALK)
    written = put(file, "probs", "dprobs = 1")
    assert "its encoding does not have all characters" in written.problem
    assert written.waiting == ("h",)
    assert held(path) == {"probs": "dprobs = 1"}


# What cannot be written


def test_what_cannot_be_written_waits_and_is_written_with_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = opened(path)
    put(file, "h", "dh = 1")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for failing in ("write", "fsync"):
        with monkeypatch.context() as disk:
            disk.setattr(os, failing, full)
            written = put(file, "probs", "dprobs = 1")
        assert written == Written(waiting=("probs",), problem=f"{path} cannot be written: No space left on device")
        assert path.read_bytes() == before
        assert file.waiting == {"probs": SavedAnswer("dprobs = 1")}
    assert set(put(file, "C", "dC = 1").saved) == {"probs", "C"}
    assert held(path) == {"probs": "dprobs = 1", "C": "dC = 1", "h": "dh = 1"}


def test_a_read_only_file_stays_as_it_is_until_it_may_be_written(path: Path) -> None:
    path.write_text("# %% lesson: names\n")
    path.chmod(0o444)
    file = opened(path)
    assert put(file, "probs", "dprobs = 1").problem == f"{path} cannot be written: it is read-only"
    assert path.read_text() == "# %% lesson: names\n"
    path.chmod(0o644)
    assert set(file.write().saved) == {"probs"}
    assert held(path) == {"probs": "dprobs = 1"}


def test_a_folder_that_is_gone_is_told_and_once_it_is_back_all_answers_are(path: Path) -> None:
    folder = path.parent / "mine"
    folder.mkdir()
    file = opened(folder / "solutions.py")
    put(file, "h", "dh = 1")
    (folder / "solutions.py").unlink()
    folder.rmdir()
    assert put(file, "probs", "dprobs = 1").problem.endswith("cannot be written: its folder does not exist")
    folder.mkdir()
    file.write()
    assert held(folder / "solutions.py") == {"probs": "dprobs = 1", "h": "dh = 1"}


@pytest.mark.parametrize("left", [None, "", "\n"], ids=["gone", "empty", "blank"])
def test_a_file_that_is_gone_or_empty_is_written_with_all_that_it_held(path: Path, left: str | None) -> None:
    path.write_text("# my notes\n# %% lesson: names\n# %% h\ndh = 1\n# %% lesson: other\n# %% h\ndh = 2\n")
    file = opened(path)
    path.unlink() if left is None else path.write_text(left)
    put(file, "probs", "dprobs = 1")
    assert held(path) == {"probs": "dprobs = 1", "h": "dh = 1"}
    assert [part for part in ("# my notes", "# %% lesson: other", "dh = 2") if part not in path.read_text()] == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"dC = 1\ndprobs = (\n", "line 2"), (b"\xff\xfe", "is not text"), (b"dC = 1\x00", "is not text")],
)
def test_a_file_that_is_no_python_is_refused_and_left_as_it_is(path: Path, content: bytes, said: str) -> None:
    file = opened(path)
    path.write_bytes(content)
    written = put(file, "probs", "dprobs = 1")
    assert said in written.problem
    assert written.waiting == ("probs",)
    assert path.read_bytes() == content


def test_a_directory_in_the_files_place_is_refused(tmp_path: Path) -> None:
    file = AnswerFile(tmp_path)
    assert put(file, "probs", "dprobs = 1").problem
    assert file.waiting == {"probs": SavedAnswer("dprobs = 1")}


def test_an_error_of_our_own_is_told_and_loses_no_answer(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = opened(path)

    def wrong(*_: object) -> None:
        raise KeyError("mine")

    with monkeypatch.context() as broken:
        broken.setattr(answer_file, "write_whole", wrong)
        assert put(file, "probs", "dprobs = 1").problem.endswith("KeyError in ninja-tui itself")
    assert set(file.write().saved) == {"probs"}


# What others write


def test_answers_of_others_to_other_nodes_stay_and_are_told(path: Path) -> None:
    file = opened(path)
    put(file, "probs", "dprobs = 1")
    put(opened(path), "h", "dh = 2")
    written = put(file, "C", "dC = 3")
    assert written.changed == {"h": SavedAnswer("dh = 2")}
    assert held(path) == {"probs": "dprobs = 1", "h": "dh = 2", "C": "dC = 3"}
    assert put(file, "C", "dC = 4").changed == {}


def test_the_same_node_is_not_written_over_until_it_is_said_which_stays(path: Path) -> None:
    file = opened(path)
    put(file, "probs", "dprobs = 1")
    put(opened(path), "probs", "dprobs = 2")
    for _ in range(2):
        written = put(file, "probs", "dprobs = 3")
        assert written.conflicts == {"probs": Conflict(SavedAnswer("dprobs = 3"), SavedAnswer("dprobs = 2"))}
        assert held(path) == {"probs": "dprobs = 2"}
    assert set(put(file, "h", "dh = 1").saved) == {"h"}
    file.settle("probs", Version.MINE)
    assert set(file.write().saved) == {"probs"}
    assert held(path) == {"probs": "dprobs = 3", "h": "dh = 1"}
    assert set(put(file, "probs", "dprobs = 4").saved) == {"probs"}


def test_the_files_answer_can_be_taken(path: Path) -> None:
    file = opened(path)
    put(opened(path), "probs", "dprobs = 2")
    put(file, "probs", "dprobs = 3")
    file.settle("probs", Version.FILE)
    assert file.waiting == {}
    assert file.write() == Written()
    assert held(path) == {"probs": "dprobs = 2"}
    assert set(put(file, "probs", "dprobs = 4").saved) == {"probs"}


def test_it_is_asked_again_where_the_file_has_changed_once_more(path: Path) -> None:
    file, other = opened(path), opened(path)
    put(other, "probs", "dprobs = 1")
    put(file, "probs", "dprobs = mine")
    file.settle("probs", Version.MINE)
    put(other, "probs", "dprobs = 2")
    assert file.write().conflicts["probs"].theirs == SavedAnswer("dprobs = 2")


def test_two_who_write_the_same_do_not_conflict(path: Path) -> None:
    file, other = opened(path), opened(path)
    put(other, "probs", "dprobs = 1")
    assert set(put(file, "probs", "dprobs = 1").saved) == {"probs"}
    assert set(put(file, "probs", "dprobs = 2").saved) == {"probs"}


def test_an_answer_that_another_program_took_away_is_told_and_may_be_written(path: Path) -> None:
    file = opened(path)
    put(file, "probs", "dprobs = 1")
    put(file, "h", "dh = 1")
    path.write_text("# %% lesson: names\n# %% h\ndh = 1\n")
    written = put(file, "C", "dC = 1")
    assert written.changed == {"probs": SavedAnswer("")}
    assert set(put(file, "probs", "dprobs = 2").saved) == {"probs"}


def test_a_mark_is_written_over_no_code_and_marks_of_others_stay(path: Path) -> None:
    file, other = opened(path), opened(path)
    other.submit("names", "probs", SavedAnswer("dprobs = 2", hints=3), WALK)
    other.write()
    file.submit("names", "probs", SavedAnswer("", revealed=True, hints=1), WALK)
    assert file.write().saved == {"probs": SavedAnswer("dprobs = 2", revealed=True, hints=3)}


def test_a_mark_does_not_take_the_code_of_an_answer_that_waits(path: Path) -> None:
    file = opened(path)
    file.submit("names", "probs", SavedAnswer("dprobs = 1"), WALK)
    file.submit("names", "probs", SavedAnswer("", hints=1), WALK)
    assert file.write().saved == {"probs": SavedAnswer("dprobs = 1", hints=1)}


def test_many_who_write_at_once_lose_nothing(path: Path) -> None:
    files = [opened(path) for _ in range(4)]
    begin = threading.Barrier(len(files))

    def answer(file: AnswerFile, number: int) -> None:
        begin.wait()
        for node in WALK[number::4][:3]:
            assert set(put(file, node, f"d{node} = {number}").saved) == {node}

    threads = [threading.Thread(target=answer, args=each) for each in zip(files, range(4), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(path) == {node: f"d{node} = {n}" for n in range(4) for node in WALK[n::4][:3]}


def test_what_a_killed_program_left_is_gone_once_the_file_is_opened(path: Path) -> None:
    (path.parent / ".solutions.py.0a1b2c3d.part").write_text("half")
    opened(path)
    assert list(path.parent.iterdir()) == []
