"""Which files a folder holds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ninja_tui.lesson.notebook.data_files import files_for
from ninja_tui.lesson.syntax.fragment import Fragment
from ninja_tui.replay import find
from ninja_tui.replay.paths import handed_in, hidden_from
from tests.helpers import a_file

FENCED = "# Text\n```python\nx = 1\n```\n"


def found(*paths: Path) -> list[str]:
    """What is found, relative to the first of ``paths``."""
    return [os.path.relpath(each.path, paths[0]) for each in find(paths)]


def test_a_folder_stands_for_its_scripts_notebooks_and_markdown_in_order(tmp_path: Path) -> None:
    (tmp_path / "b" / "c").mkdir(parents=True)
    for name in ("z.py", "a.ipynb", "b/1.PY", "b/c/2.qmd", "data.csv", "Makefile"):
        a_file(tmp_path, FENCED if name.endswith("qmd") else "x = 1", name)
    assert found(tmp_path) == ["a.ipynb", "z.py", "b/1.PY", "b/c/2.qmd"]


def test_markdown_without_code_is_no_submission_unless_it_is_named(tmp_path: Path) -> None:
    readme = a_file(tmp_path, "# Only text", "README.md")
    a_file(tmp_path, FENCED, "work.md")
    assert found(tmp_path) == ["work.md"]
    assert [each.path for each in find([readme])] == [readme]


def test_hidden_files_and_checkpoints_are_left_out(tmp_path: Path) -> None:
    for folder in (".ipynb_checkpoints", "__pycache__", ".git"):
        (tmp_path / folder).mkdir()
        a_file(tmp_path / folder, "x = 1", "a.py")
    for name in (".hidden.py", "a-checkpoint.ipynb", "a.py"):
        a_file(tmp_path, "x = 1", name)
    assert found(tmp_path) == ["a.py"]


def test_links_and_pipes_in_a_folder_are_left_out(tmp_path: Path) -> None:
    secret = a_file(tmp_path, "x = 1", "secret.py")
    folder = tmp_path / "handed-in"
    folder.mkdir()
    a_file(folder, "x = 1", "a.py")
    (folder / "link.py").symlink_to(secret)
    (folder / "round").symlink_to(folder)
    os.mkfifo(folder / "pipe.py")
    assert found(folder) == ["a.py"]
    assert [each.path.name for each in find([folder / "link.py"])] == ["link.py"]


def test_files_that_are_named_come_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    paths = [a_file(tmp_path, "x = 1", name) for name in ("b.txt", "a.py", "b.txt")]
    assert [each.path for each in find(paths)] == paths


def test_a_folder_without_any_is_a_problem_in_its_place(tmp_path: Path) -> None:
    (each,) = find([tmp_path])
    assert each.problem == f"the folder {tmp_path} holds no script, notebook or Markdown file with code"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_read_is_a_problem_and_the_others_are_found(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    a_file(tmp_path, "x = 1", "a.py")
    assert [each.problem for each in find([tmp_path])] == [
        None,
        f"the folder {closed} cannot be read: Permission denied",
    ]


def test_a_folder_that_goes_away_or_a_name_too_long_is_no_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (each,) = find([tmp_path / ("x" * 5000)])
    assert each.problem is None  # it is told when it is judged
    monkeypatch.setattr(os, "scandir", lambda _: (_ for _ in ()).throw(FileNotFoundError(2, "No such file")))
    assert next(each.problem for each in find([tmp_path])) == f"the folder {tmp_path} cannot be read: No such file"


def test_folders_of_any_depth_are_walked(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
    deep.mkdir(parents=True)
    a_file(deep, "x = 1", "a.py")
    assert len(find([tmp_path])) == 1


def test_files_that_are_handed_in_side_by_side_do_not_see_each_other(tmp_path: Path) -> None:
    anna, bob = tmp_path / "anna.py", tmp_path / "bob.py"
    of_carl = tmp_path / "carl"
    of_carl.mkdir()
    for each in (anna, bob, of_carl / "mine.py", of_carl / "helper.py"):
        each.write_text("import torch\n", encoding="utf-8")
    everything = {each.resolve() for each in (anna, bob, of_carl / "mine.py", of_carl / "helper.py")}
    assert hidden_from(anna, [tmp_path], handed_in([tmp_path])) == everything - {anna.resolve()}
    assert hidden_from(of_carl / "mine.py", [tmp_path], handed_in([tmp_path])) == frozenset()
    assert hidden_from(anna, [anna, bob], handed_in([anna, bob])) == {bob.resolve()}


def test_what_is_hidden_is_neither_opened_nor_imported(tmp_path: Path) -> None:
    (tmp_path / "bob.py").write_text("SECRET = 42\n", encoding="utf-8")
    code = "import bob\ntext = open('bob.py').read()\nrows = open('rows.csv').read()\n"
    (tmp_path / "rows.csv").write_text("1,2\n", encoding="utf-8")
    fragments = [Fragment.at(code, 1)]
    assert "bob.py" in dict(files_for(tmp_path / "anna.py", fragments, None))
    served = dict(files_for(tmp_path / "anna.py", fragments, None, frozenset({(tmp_path / "bob.py").resolve()})))
    assert "rows.csv" in served
    assert not any("SECRET" in text for text in served.values())
