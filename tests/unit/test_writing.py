"""How a file is written: all of it and on the disk, or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ninja_tui.lesson import writing
from ninja_tui.lesson.writing import Held, Presence, clear_parts, locked_folder, write_whole

OLD, NEW = b"dC = 1\n", b"dC = 22\n"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "solutions.py"
    file.write_bytes(OLD)
    return file


@pytest.fixture(params=["without a name", "with a name"])
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The new file has no name until it is whole; or has one from the start, where the system knows no other way."""
    if request.param == "with a name":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


def calls(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    """The names of the functions of ``os`` that are called from here on, with what each was about."""
    seen: list[str] = []

    def noted(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            folder = name == "fsync" and stat.S_ISDIR(os.fstat(arguments[0]).st_mode)
            seen.append("fsync folder" if folder else name)
            return real(*arguments, **named)

        return call

    for name in names:
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    return seen


def test_the_new_file_is_on_the_disk_before_it_takes_the_old_ones_place_and_its_name_afterwards(
    path: Path, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = calls(monkeypatch, "write", "fsync", "replace")
    write_whole(path, NEW)
    assert seen == ["write", "fsync", "replace", "fsync folder"]
    assert path.read_bytes() == NEW
    assert names_in(path.parent) == ["solutions.py"]


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
def test_while_it_is_written_the_new_file_has_no_name_so_that_a_kill_leaves_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append(names_in(path.parent))
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_whole(path, NEW)
    assert seen == [["solutions.py"], ["solutions.py"]]


@pytest.mark.parametrize("failing", ["write", "fchmod", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    path: Path, part: str, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(type(error)):
        write_whole(path, NEW)
    monkeypatch.undo()
    assert path.read_bytes() == OLD
    assert names_in(path.parent) == ["solutions.py"]


def test_a_folder_that_cannot_be_synced_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        synced(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        write_whole(path, NEW)


@pytest.mark.processes
@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="a disk of our own needs Linux, and root")
def test_a_full_disk_costs_nothing_of_the_old_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        path = disk / "solutions.py"
        write_whole(path, OLD)
        with pytest.raises(OSError, match="No space left on device"):
            write_whole(path, b"#" * 100_000)
        assert path.read_bytes() == OLD
        assert names_in(disk) == ["solutions.py"]
        write_whole(path, NEW)
        assert path.read_bytes() == NEW
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_new_file_has_the_mode_of_new_files(tmp_path: Path) -> None:
    mask = os.umask(0)
    os.umask(mask)
    write_whole(tmp_path / "new.py", NEW)
    assert stat.S_IMODE((tmp_path / "new.py").stat().st_mode) == 0o666 & ~mask


def test_a_files_mode_is_kept(path: Path) -> None:
    path.chmod(0o640)
    write_whole(path, NEW)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may write the files of others")
def test_a_files_owner_is_kept(path: Path) -> None:
    os.chown(path, 12345, 23456)
    write_whole(path, NEW)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 23456)


def test_a_read_only_file_is_not_replaced(path: Path) -> None:
    path.chmod(0o444)
    with pytest.raises(PermissionError, match="it is read-only"):
        write_whole(path, NEW)
    assert path.read_bytes() == OLD


def test_a_read_only_folder_is_not_written(path: Path) -> None:
    path.parent.chmod(0o555)
    try:
        with pytest.raises(PermissionError, match="its folder is read-only"):
            write_whole(path, NEW)
    finally:
        path.parent.chmod(0o755)
    assert path.read_bytes() == OLD


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="it is no regular file"):
        write_whole(tmp_path / "pipe", NEW)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_what_killed_programs_left_is_taken_away_and_nothing_else(path: Path) -> None:
    for name in (".solutions.py.0123abcd.part", ".solutions.py.swp", ".other.py.0123abcd.part", "mine.part"):
        (path.parent / name).write_bytes(OLD)
    clear_parts(path)
    assert names_in(path.parent) == [".other.py.0123abcd.part", ".solutions.py.swp", "mine.part", "solutions.py"]


def test_a_folder_is_one_programs_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "LOCK_TIMEOUT", 0.05)
    with locked_folder(path), pytest.raises(Held, match="another program is writing"), locked_folder(path):
        raise AssertionError("both have it")
    with locked_folder(path):
        pass


def test_without_locks_a_folder_is_written_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(fcntl, "flock", none)
    with locked_folder(path):
        write_whole(path, NEW)
    assert path.read_bytes() == NEW


HOLDS = """
import sys
from pathlib import Path
from ninja_tui.lesson.writing import Presence
presence = Presence(Path(sys.argv[1]))
print(presence.other(), flush=True)
sys.stdin.read()
"""


@pytest.mark.processes
def test_a_program_that_has_a_file_open_is_known_of_until_it_ends_however_it_does(path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "None\n"
    mine, another = Presence(path), Presence(path.parent / "another.py")
    assert mine.other() == other.pid
    assert another.other() is None
    other.kill()
    other.wait()
    assert mine.other() is None
    mine.close()
    another.close()
