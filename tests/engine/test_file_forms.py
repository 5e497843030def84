"""The files in which people keep code: notebooks of any maker, Markdown with fences, magics, other encodings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.discover import discover
from ninja_tui.lesson.notebook.parse import fragments_of
from ninja_tui.lesson.read import read_text
from tests.engine.notebook_support import (
    ANSWERS,
    BACKWARD,
    CELLS,
    COMPARED,
    FORWARD,
    SETUP,
    found,
    notebook,
    plain,
    same,
    told,
)  # fmt: skip


def holds_the_exercise(path: Path, text: str | bytes) -> tuple[str, ...]:
    """Asserts that a file of that content holds what the plain exercise holds; the notes on it."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    discovery = discover(path)
    (each,) = discovery.lessons
    assert told(each) == plain()
    return discovery.notes


def lines_of(name: str, text: str) -> list[tuple[str, int]]:
    """The statements in a text, each with its line."""
    fragments, _ = fragments_of(source_of(Path(name), text))
    return [(fragment.code, fragment.line) for fragment in fragments]


# Notebooks


@pytest.mark.parametrize(
    "cells",
    [
        [{"cell_type": "code", "source": cell} for cell in CELLS],
        [{"source": cell.splitlines(keepends=True)} for cell in CELLS],
        [{"cell_type": "code", "source": [cell], "metadata": None, "outputs": None} for cell in CELLS],
        [{"cell_type": "markdown", "source": "x = 1"}, *({"cell_type": "code", "source": cell} for cell in CELLS)],
        [{"cell_type": "raw", "source": "---"}, *({"cell_type": "code", "input": cell} for cell in CELLS)],
        [{"cell_type": "code", "source": None}, *({"cell_type": "code", "source": cell} for cell in CELLS)],
        [
            {"cell_type": "code", "source": "ls | wc", "metadata": {"vscode": {"languageId": "shellscript"}}},
            *({"cell_type": "code", "source": cell, "metadata": {"vscode": 3}} for cell in CELLS),
        ],
    ],
)
@pytest.mark.parametrize("around", [{}, {"nbformat": 4}, {"metadata": {}, "nbformat": "4", "nbformat_minor": None}])
def test_notebooks_that_lack_what_the_format_asks_for(
    tmp_path: Path, cells: list[object], around: dict[str, object]
) -> None:
    assert holds_the_exercise(tmp_path / "made.ipynb", json.dumps({"cells": cells, **around})) == ()


@pytest.mark.parametrize("name", ["exercise.ipynb.txt", "exercise.json", "exercise", "exercise.py", "exercise.IPYNB"])
def test_a_notebook_is_known_by_what_it_holds(tmp_path: Path, name: str) -> None:
    text = notebook(tmp_path / "saved.ipynb", CELLS).read_text("utf-8")
    assert holds_the_exercise(tmp_path / name, text) == ()
    assert discover(tmp_path / name).lessons[0].lesson.starts


def test_a_notebook_in_another_language_is_named() -> None:
    text = json.dumps({"cells": [{"source": "x <- 1"}], "metadata": {"kernelspec": {"language": "R"}}})
    with pytest.raises(UsageError, match=r"the notebook any\.ipynb is in R, not in Python"):
        source_of(Path("any.ipynb"), text)


# Magics


def test_what_is_timed_runs(tmp_path: Path) -> None:
    timed = FORWARD.replace("hidden = ", "%time hidden = ").replace("loss = ", "%prun -l 5 -q loss = ")
    answers = ANSWERS.replace("dscores -= ", "%time dscores -= ").replace("dbias = dpre", "dbias = %time dpre")
    assert same(tmp_path, [*SETUP, timed, f"{BACKWARD}\n%timeit loss.sum()", answers, COMPARED]) == ()


@pytest.mark.parametrize("magic", ["%%time", "%%capture out", "\n%%time", "%%script python", "%%prun -q"])
def test_cells_under_a_magic_run(tmp_path: Path, magic: str) -> None:
    cells = [*SETUP, f"{magic}\n{FORWARD}", BACKWARD, f"{magic}\n\n{ANSWERS}", COMPARED]
    assert same(tmp_path, cells) == ()


def test_cells_that_bind_nothing_are_left_out(tmp_path: Path) -> None:
    again = "%%timeit -n 10\nlogs = logs * 2\ndlogs = logs"
    assert same(tmp_path, [*SETUP, FORWARD, BACKWARD, ANSWERS, again, COMPARED]) == ()


def test_an_unknown_magic_is_named(tmp_path: Path) -> None:
    notes = same(tmp_path, [*SETUP, f"%%wandb\n{FORWARD}", BACKWARD, "%%duckdb\nSELECT * FROM x", ANSWERS, COMPARED])
    assert notes == (
        "cell 5, line 1: the magic `%%wandb` is not known here; its cell runs without it",
        "cell 7, line 1: the magic `%%duckdb` is not known here; its cell is left out, for it is no Python",
    )


def test_a_magic_is_looked_for_only_where_python_ends() -> None:
    text = "x = '''\n%time y = 1\n'''\nz = (3\n%time)\n!ls \\\n  -l\nfor k in x:\n    %time a = (k,\n        2)\nb = 1"
    cell = json.dumps({"cells": [{"source": text}]})
    assert lines_of("one.ipynb", cell) == [
        ("x = '''\n%time y = 1\n'''", 2),
        ("z = (3\n%time)", 5),
        ("pass", 7),
        ("for k in x:\n    a = (k,\n        2)", 9),
        ("b = 1", 12),
    ]


def as_exported(cell: str) -> str:
    return f"get_ipython().run_cell_magic('time', '', {cell!r})"


@pytest.mark.parametrize("name", ["notebook.ipynb", "script.py"])
def test_the_string_of_an_exported_magic_is_the_code(tmp_path: Path, name: str) -> None:
    answers = ANSWERS.replace("dpre = (1 - hidden**2) * dhidden", """%run_line""")
    line = 'get_ipython().run_line_magic("time", "dpre = (1 - hidden**2) * dhidden")'
    answers = answers.replace("%run_line", line).replace(
        "dbias = dpre.sum(0)", "get_ipython().magic('time dbias = dpre.sum(0)')"
    )
    more = "get_ipython().run_line_magic('matplotlib', 'inline')\nget_ipython().run_line_magic('timeit', 'x = 3')"
    assert same(tmp_path, [*SETUP, more, as_exported(FORWARD), BACKWARD, answers, as_exported(COMPARED)], name) == ()


def test_lines_of_a_string_are_lines_of_the_file() -> None:
    short = "get_ipython().run_cell_magic('time', '', 'x = 1\\nif x:\\n    y = 2\\n')\nz = 3"
    assert lines_of("one.py", short) == [("x = 1", 1), ("if x:\n    y = 2", 1), ("z = 3", 2)]
    long = "get_ipython().run_cell_magic('time', '', '''x = 1\ny = 2\n''')\nz = 3"
    assert lines_of("one.py", long) == [("x = 1", 1), ("y = 2", 2), ("z = 3", 4)]
    inside = "for k in x:\n    get_ipython().run_line_magic('time', 'y = k')"
    assert lines_of("one.py", inside) == [("for k in x:\n    y = k", 1)]


def test_magics_that_an_export_has_commented_out_stay_comments(tmp_path: Path) -> None:
    colab = (
        "# Commented out IPython magic to ensure Python compatibility.\n# %time hidden = hidden * 2\n# !pip install x"
    )
    whole = "# %%time\n# logs = logs * 2\n"
    cells = [*SETUP, f"{FORWARD}\n{colab}", whole, BACKWARD, f"{colab}\n{ANSWERS}", COMPARED]
    for name in ("notebook.ipynb", "script.py"):
        assert same(tmp_path, cells, name) == ()


def test_a_script_that_is_run_is_imported(tmp_path: Path) -> None:
    (each,) = found(tmp_path, ["%run helpers.py", *CELLS]).lessons
    assert any("from helpers import *" in fragment.code for fragment in each.lesson.setup.fragments)


# Markdown


def fenced(cells: Sequence[str], info: str, fence: str = "```", option: str = "") -> str:
    blocks = [f"{fence}{info}\n{option}{cell}\n{fence}" for cell in cells]
    return "---\ntitle: It's Ours\n---\n\n# Heading\n\nWords, and `x = 1`.\n\n" + "\n\nWords.\n\n".join(blocks) + "\n"


@pytest.mark.parametrize(
    ("name", "info", "fence", "option"),
    [
        ("a.md", "python", "```", ""),
        ("a.md", "py title='x'", "~~~", ""),
        ("a.markdown", "{.python .numberLines}", "````", ""),
        ("a.qmd", "{python}", "```", "#| echo: false\n"),
        ("a.Rmd", "{python setup, echo=FALSE}", "```", ""),
        ("a.md", "{code-cell} ipython3", "```", ":tags: [hide-input]\n\n"),
        ("a.md", "{code-cell}", ":::", "---\ntags: [x]\n---\n"),
        ("a.txt", "python", "```", ""),
        ("a", " {python}", "```", ""),
    ],
)
def test_fences_are_cells_and_prose_is_prose(tmp_path: Path, name: str, info: str, fence: str, option: str) -> None:
    assert holds_the_exercise(tmp_path / name, fenced(CELLS, info, fence, option)) == ()


def test_blocks_that_are_only_shown_do_not_run_beside_those_that_do(tmp_path: Path) -> None:
    others = "```python\nloss = None\n```\n\n```{r}\nx <- 1\n```\n\n```{python}\n#| eval: false\nloss = 1\n```\n\n"
    others += "```{python, eval=FALSE}\nloss = 2\n```\n\n```bash\nls\n```\n\n```{code-block} python\nloss = 3\n```\n"
    assert holds_the_exercise(tmp_path / "a.qmd", fenced(CELLS, "{python}") + others) == ()


def test_lines_count_in_the_file() -> None:
    text = "Words.\n\n- a list\n\n  ```python\n  x = 1\n  if x:\n      y = 2\n  ```\n\n> ```python\n> z = 3\n\nwords"
    assert lines_of("a.md", text)[:3] == [("x = 1", 6), ("if x:\n    y = 2", 7), ("z = 3", 12)]
    nested = "````{note}\n```{code-cell}\nx = 1\n```\n````\n```text\n```python\n```\n"
    assert lines_of("a.md", nested) == [("x = 1", 3)]


def test_prose_stands_as_comments_between_the_lines_of_a_forward_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(fenced([*SETUP, *FORWARD.split("\n"), BACKWARD], "python"), "utf-8")
    (each,) = discover(path).lessons
    assert "# Words." in each.lesson.forward.source
    compile(each.lesson.forward.source, "a.md", "exec")


# Encodings


def test_a_declared_encoding_is_kept(tmp_path: Path) -> None:
    text = "# -*- coding: latin-1 -*-\nname = 'Zoë'\n" + "\n\n".join(CELLS)
    assert holds_the_exercise(tmp_path / "a.py", text.encode("latin-1")) == ()
    assert "Zoë" in read_text(tmp_path / "a.py", "the file")


@pytest.mark.parametrize(
    "cookie", ["", "# coding: no-such-codec\n", "# coding: rot13\n", "# vim: set fileencoding=utf-8 :\n"]
)
def test_a_mark_of_utf_8_and_odd_declarations(tmp_path: Path, cookie: str) -> None:
    text = cookie + "name = 'Zoë'\n" + "\n\n".join(CELLS)
    assert holds_the_exercise(tmp_path / "a.py", b"\xef\xbb\xbf" * (not cookie) + text.encode()) == ()


def test_what_is_in_no_known_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes("name = 'Zoë'".encode("latin-1"))
    with pytest.raises(UsageError, match=re.escape("is not text (UTF-8)")):
        discover(tmp_path / "a.py")
