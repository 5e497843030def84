"""Files that strangers made or named: each is read, or refused at once in a sentence that may be shown."""

from __future__ import annotations

import io
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ninja_tui.errors import Excerpt, UsageError
from ninja_tui.formatting import LONGEST_LINE, one_line, printable
from ninja_tui.lesson.classify import classify, locate
from ninja_tui.lesson.files import LARGEST_NOTEBOOK, LARGEST_TEXT, STDIN, exists
from ninja_tui.lesson.notebook.discover import discover, read_definitions
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import read_folder, read_text
from ninja_tui.lesson.solutions import read_solutions
from ninja_tui.lesson.words import word_list_text

READERS: dict[str, Callable[[Path], object]] = {
    "classify": classify,
    "open": lambda path: open_lesson(str(path)),
    "discover": discover,
    "definitions": read_definitions,
    "solutions": lambda path: read_solutions(path, "names"),
    "words": word_list_text,
    "text": lambda path: read_text(path, "the file"),
}
EVERY_READER = pytest.mark.parametrize("read", READERS.values(), ids=READERS)


def refused(read: Callable[[Path], object], path: Path) -> str:
    with pytest.raises(UsageError) as raised:
        read(path)
    sentence = str(raised.value)
    assert sentence.isprintable() and len(sentence) <= LONGEST_LINE
    return sentence


@EVERY_READER
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "pipe.py"
    os.mkfifo(path)
    assert f"{path} is a pipe, not a file" in refused(read, path)


@EVERY_READER
@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices")
def test_a_device_is_refused(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "zero.ipynb"
    path.symlink_to("/dev/zero")
    assert f"{path} is a device, not a file" in refused(read, path)


@EVERY_READER
def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object]) -> None:
    monkeypatch.chdir(tmp_path)  # its path may be short only
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.py")
        assert "is a socket, not a file" in refused(read, Path("socket.py"))


@EVERY_READER
def test_a_sparse_file_is_told_its_size_and_the_limit(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "sparse.py"
    with path.open("wb") as stream:
        stream.truncate(10**12)
    assert "sparse.py is 1000000 MB; at most 5 MB are read" in refused(read, path)


def test_a_notebook_may_be_larger_for_its_pictures(tmp_path: Path) -> None:
    path = tmp_path / "large.ipynb"
    with path.open("wb") as stream:
        stream.truncate(LARGEST_NOTEBOOK + 3_000_000)
    assert "large.ipynb is 23 MB; at most 20 MB are read" in refused(classify, path)
    assert "large.ipynb is 23 MB; at most 20 MB are read" in refused(discover, path)


@EVERY_READER
@pytest.mark.parametrize("name", ["a" * 300 + ".py", "a/" * 3000 + "b.py"])
def test_a_name_that_is_too_long(tmp_path: Path, read: Callable[[Path], object], name: str) -> None:
    assert "File name too long" in refused(read, tmp_path / name)


@EVERY_READER
def test_a_name_that_no_file_can_have(tmp_path: Path, read: Callable[[Path], object]) -> None:
    sentence = refused(read, tmp_path / "a\0b\x1b[31m\nc\udcff.py")
    assert "a�b�[31m c?.py" in sentence


@EVERY_READER
def test_links_that_go_round(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "round.py"
    path.symlink_to(path)
    assert "round.py" in refused(read, path)


@EVERY_READER
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="everything is open to root")
def test_an_unreadable_file_and_folder(tmp_path: Path, read: Callable[[Path], object]) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    path = folder / "any.py"
    path.write_text("x = 1")
    path.chmod(0)
    assert "cannot be read: Permission denied" in refused(read, path)
    folder.chmod(0)
    try:
        assert "cannot be read: Permission denied" in refused(read, path)
        assert "Permission denied" in refused(lambda each: read_folder(each.parent), path)
    finally:
        folder.chmod(0o700)


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stat = Path.stat

    def denied(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.name == "any.py":
            raise PermissionError(13, "Permission denied")
        return stat(self, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(Path, "stat", denied)
    for read in (classify, exists, lambda path: locate(str(path))):
        assert refused(read, tmp_path / "any.py").endswith("any.py cannot be read: Permission denied")


def test_standard_input_is_read_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            assert size is not None and size >= 0
            return b"#" * size

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Endless()))
    assert "the file <stdin> is larger than 5 MB, and no more is read" in refused(classify, STDIN)
    assert LARGEST_TEXT == 5_000_000


@pytest.mark.parametrize(
    "encoding", ["punycode", "idna", "unicode_escape", "raw-unicode-escape", "utf-7", "rot13", "no"]
)
def test_an_encoding_in_which_nobody_writes_is_read_as_utf_8(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "odd.py"
    path.write_text(f"# coding: {encoding}\nx = '\\ud800 +2AA-'\n")
    assert "\\ud800 +2AA-" in read_text(path, "the file")


# What is shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("C[ix] é 日本 → x", "C[ix] é 日本 → x"),
        ("a\nb\r\nc\td\x0ce\u2028f", "a b  c d e f"),
        ("\x1b]0;title\x07\x9b31m\u202e", "�]0;title��31m�"),
        ("a\0b\ud800", "a�b?"),
    ],
)
def test_one_line_is_printable(text: str, shown: str) -> None:
    assert one_line(text) == shown
    assert one_line(shown) == shown == printable(shown)


def test_a_long_line_keeps_its_ends() -> None:
    shown = one_line("first " + "x" * 10_000 + " last")
    assert len(shown) == LONGEST_LINE and shown.startswith("first x") and shown.endswith("x last") and " … " in shown


def test_a_sentence_with_a_strangers_words_can_be_shown() -> None:
    assert (
        str(UsageError("there is no lesson `\x1b[2J\nfile.py: all pass`"))
        == "there is no lesson `�[2J file.py: all pass`"
    )


def test_a_line_of_code_is_shown_around_what_is_meant() -> None:
    code = "x = " + "a + " * 100_000 + "\x1b)"
    excerpt = Excerpt(1, code, len(code) - 1, len(code))
    assert len(excerpt.code) == 200 and excerpt.code.endswith("�)")
    assert excerpt.code[excerpt.start : excerpt.end] == ")"
    short = Excerpt(1, "\tx = (", 5, 6)
    assert (short.code, short.start, short.end) == ("\tx = (", 5, 6)
