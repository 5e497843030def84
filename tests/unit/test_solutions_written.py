"""How a solutions file is written: whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.lesson.solutions import SavedAnswer, save_answer, write_whole
from tests.helpers import WALK
from tests.unit.test_solutions import held


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def answer_into(path: Path) -> None:
    save_answer(path, "names", "probs", SavedAnswer("dprobs = 1"), WALK)


def test_a_new_file_is_made_whole(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    answer_into(path)
    assert path.read_text(encoding="utf-8") == "# %% lesson: names\n# %% probs\ndprobs = 1\n"
    assert names_in(tmp_path) == ["solutions.py"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("failing", ["replace", "fsync", "write", "chmod"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("dC = 1\n", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "write":
        made = os.fdopen

        def fdopen(*arguments: Any, **named: Any) -> Any:
            stream = made(*arguments, **named)
            stream.write = full
            return stream

        monkeypatch.setattr(os, "fdopen", fdopen)
    else:
        monkeypatch.setattr(os, failing, full)
    with pytest.raises(UsageError, match=r"solutions\.py cannot be written: No space left on device"):
        answer_into(path)
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "dC = 1\n"
    assert names_in(tmp_path) == ["solutions.py"]


def test_a_write_that_is_interrupted_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("dC = 1\n", encoding="utf-8")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "dC = 2\n")
    monkeypatch.undo()
    assert path.read_text(encoding="utf-8") == "dC = 1\n"
    assert names_in(tmp_path) == ["solutions.py"]


def test_the_new_text_is_on_disk_before_it_takes_the_old_ones_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("dC = 1\n", encoding="utf-8")
    seen: list[str] = []
    synced, replaced = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        seen.append(f"sync {os.fstat(descriptor).st_size}")
        synced(descriptor)

    def replace(*arguments: Any, **named: Any) -> None:
        seen.append("replace")
        replaced(*arguments, **named)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_whole(path, "dC = 22\n")
    assert seen[:2] == ["sync 8", "replace"]
    assert path.read_text(encoding="utf-8") == "dC = 22\n"


def test_a_files_mode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    path.write_text("dC = 1\n", encoding="utf-8")
    path.chmod(0o640)
    answer_into(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("there", [True, False], ids=["file", "no file yet"])
def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path, there: bool) -> None:
    target, link = tmp_path / "elsewhere" / "mine.py", tmp_path / "solutions.py"
    target.parent.mkdir()
    if there:
        target.write_text("dC = 1\n", encoding="utf-8")
    link.symlink_to(target)
    answer_into(link)
    assert link.is_symlink()
    assert held(target.read_text(encoding="utf-8"))["probs"].code == "dprobs = 1"
    assert names_in(target.parent) == ["mine.py"]


def test_a_file_changed_by_another_hand_meanwhile_is_not_overwritten_with_less(tmp_path: Path) -> None:
    path = tmp_path / "solutions.py"
    answer_into(path)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("# %% C\ndC = 1\n")
    save_answer(path, "names", "h", SavedAnswer("dh = 1"), WALK)
    assert set(held(path.read_text(encoding="utf-8"))) == {"probs", "C", "h"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"dC = 1\ndprobs = (\n", "line 2"),
        (b"\xff\xfe", "is not text"),
        (b"dC = 1\x00", "is not text"),
    ],
)
def test_a_file_that_is_no_python_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "solutions.py"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said):
        answer_into(path)
    assert path.read_bytes() == content


def test_a_directory_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        answer_into(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        answer_into(tmp_path / "nowhere" / "solutions.py")
