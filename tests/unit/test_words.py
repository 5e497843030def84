from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.errors import UsageError
from ninja_tui.lesson.words import parse_words, word_list_text
from tests.helpers import SOLUTION, replay_json

WORDS = ["emma", "olivia", "ava", "zoé", "mia", "noah", "liam", "theo", "ida", "uwe"]
LINES = "\n".join(WORDS) + "\n"


def a_file(folder: Path, content: str | bytes, name: str = "words.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# What is read


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        LINES.rstrip(),
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\n\n  "),
        "Name\n" + LINES,
        "name\r\n" + LINES.replace("\n", "\r\n"),
        "Name,Sex\n" + LINES.replace("\n", ",F\n"),
        "id,name,count\r\n" + "".join(f"{number},{word},7\r\n" for number, word in enumerate(WORDS)),
        '"Name","Note"\n' + "".join(f'"{word}","one, ""two"",\nthree"\n' for word in WORDS),
        "Name,Sex\n\n" + LINES.replace("\n", " ,F\n,\n\n"),
    ],
    ids="lines no-last-newline crlf blanks Name name-crlf two-columns third-column quoted gaps".split(),  # noqa: SIM905
)
def test_words_are_read_from_lines_or_from_the_name_column(text: str) -> None:
    assert parse_words(text, "words.txt") == WORDS


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    path = a_file(tmp_path, b"\xef\xbb\xbf" + LINES.encode())
    assert parse_words(word_list_text(path), "words.txt") == WORDS


def test_a_csv_is_known_by_its_ending_too(tmp_path: Path) -> None:
    path = a_file(tmp_path, 'Who\n"emma"\n', "words.csv")
    with pytest.raises(UsageError, match="without a column `Name` or `name`"):
        word_list_text(path)


# What is refused


UNUSABLE: list[tuple[str, bytes, str]] = [
    ("empty.txt", b"", "is empty"),
    ("blank.txt", b" \n\n\t\n", "is empty"),
    ("bom.txt", b"\xef\xbb\xbf", "is empty"),
    ("header.csv", b"Name,Sex\n", "is empty"),
    ("gaps.csv", b"Name,Sex\n,F\n,M\n", "is empty"),
    ("commas.csv", b",\n,\n", "is empty"),
    ("quotes.csv", b'""\n""\n', "is empty"),
    ("latin.txt", "zoé\nrené\n".encode("latin-1"), "is not text (UTF-8)"),
    ("picture.txt", b"\x89PNG\r\n\x1a\n\x00\x00", "is not text"),
    ("zeros.txt", b"emma\x00\nava\n", "is not text"),
    ("dot.txt", b"emma\nst.john\nava\n", "holds a `.` in line 2 ('st.john')"),
    ("dot.csv", b"Name,Sex\nemma,F\nst.john,M\n", "holds a `.` in line 3 ('st.john')"),
    ("one.txt", b"emma\n", "holds 1 word; at least 2 are needed"),
    ("columns.csv", b"Given,Sex\nemma,F\n", "is a CSV without a column `Name` or `name`"),
    ("long.csv", b'Name,Sex\n"' + b"x" * 200_000 + b'",F\n', "is no readable CSV"),
]


def refused(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What ``--data path`` says: one sentence on stderr, nothing on stdout, exit 2."""
    code = main(["--replay", str(SOLUTION), "--data", str(path)])
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert said.err.startswith("ninja-tui: ")
    assert said.err.count("\n") == 1
    assert str(path) in said.err
    return said.err


@pytest.mark.parametrize(("name", "content", "said"), UNUSABLE, ids=[case[0] for case in UNUSABLE])
def test_a_list_that_cannot_be_used_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes, said: str
) -> None:
    assert said in refused(a_file(tmp_path, content, name), capsys)


def test_a_missing_list_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "does not exist" in refused(tmp_path / "nothing.txt", capsys)


def test_a_directory_is_one_sentence_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a directory" in refused(tmp_path, capsys)


# Other words and another seed in a lesson


@pytest.mark.processes
def test_another_vocabulary_gives_other_shapes_and_the_solution_still_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, report = replay_json(SOLUTION, capsys, "--data", str(a_file(tmp_path, LINES)))
    (lesson,) = report["files"][0]["lessons"]
    size = len(set("".join(WORDS))) + 1
    shapes = {node["node"]: node["expected_shape"] for node in lesson["nodes"]}
    assert (code, lesson["passed"], lesson["total"]) == (0, 26, 26)
    assert (shapes["probs"], shapes["b2"], shapes["C"]) == ([32, size], [size], [size, 10])


@pytest.mark.processes
def test_the_same_words_give_the_same_loss_in_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    quoted = '"Name"\r\n' + "".join(f'"{word}"\r\n' for word in WORDS)
    losses = []
    for path in (a_file(tmp_path, LINES), a_file(tmp_path, quoted, "quoted.csv")):
        _, report = replay_json(SOLUTION, capsys, "--data", str(path))
        losses.append(report["files"][0]["lessons"][0]["loss"])
    assert losses[0] == losses[1]


@pytest.mark.processes
def test_another_seed_gives_another_loss_and_the_solution_still_passes(capsys: pytest.CaptureFixture[str]) -> None:
    _, usual = replay_json(SOLUTION, capsys)
    code, other = replay_json(SOLUTION, capsys, "--seed", "1")
    (first,), (second,) = usual["files"][0]["lessons"], other["files"][0]["lessons"]
    assert (first["seed"], second["seed"]) == (2147483647, 1)
    assert first["loss"] != second["loss"]
    assert (code, second["passed"], second["total"]) == (0, 26, 26)


@pytest.mark.parametrize("seed", ["x", "-1", "1.5", "", str(2**64)])
def test_a_seed_that_is_none_is_exit_2(capsys: pytest.CaptureFixture[str], seed: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--replay", str(SOLUTION), f"--seed={seed}"])
    assert ended.value.code == 2
    assert "--seed" in capsys.readouterr().err
