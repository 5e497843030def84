"""What is long or deep is read in time, or refused with the limit, and costs no more than the part that it is."""

from __future__ import annotations

import json
import os
import resource
import warnings
from pathlib import Path

import pytest

from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import OwnNetwork, classify
from ninja_tui.lesson.notebook.cells import source_of
from ninja_tui.lesson.notebook.discover import discover_in
from ninja_tui.lesson.notebook.own_program import own_program
from ninja_tui.lesson.read import percent_cells, read_folder
from ninja_tui.lesson.solutions import Solutions
from ninja_tui.lesson.syntax.parsing import parse_code
from tests.engine.notebook_support import CELLS

SCRIPT = "\n\n".join(CELLS)
SECONDS = 10
"""Of the processor; what is quadratic took minutes."""


def used() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def notebook_text(cells: list[str]) -> str:
    made = [{"cell_type": "code", "metadata": {}, "outputs": [], "source": cell} for cell in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def refusal(name: str, text: str) -> str:
    """What is said of a file of that name and text, by every way to read it."""
    said = set()
    for read in (discover_in, own_program):
        with pytest.raises(UsageError) as raised:
            read(source_of(Path(name), text))
        said.add(str(raised.value))
    (sentence,) = said
    return sentence


# Long files that are read

CHAIN = [
    "import torch\nw = torch.randn(3, requires_grad=True)\nx0 = w",
    *(f"x{number + 1} = x{number} * 2" for number in range(1500)),
    "loss = x1500.sum()\nloss.backward()\ndx1500 = torch.ones(3)",
    *(f"dx{number} = dx{number + 1} * 2" for number in range(1499, 0, -1)),
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("cells", "answers"),
    [
        ([*CELLS, *(f"a{number} = {number}\nprint(a{number})" for number in range(2500))], 8),
        ([*CELLS, "\n".join(f"# a comment, the {number}th" for number in range(90_000))], 8),
        ([*CELLS, f"x = [{', '.join(map(str, range(10_000)))}]"], 8),
        ([*CELLS, "\n".join(f"def f{number}(x):\n    return f{number + 1}(x)" for number in range(1000))], 8),
        (["\n".join(CHAIN)], 1500),
        (["import torch\nw = torch.randn(3, requires_grad=True)\nx = w", *["x = x * 2"] * 1500, "loss = x.sum()"], 0),
        ([*CELLS, "x = '" + "a" * 1_000_000 + "'", "y" * 100_000 + " = 1", " " * 100_000 + "z = 1"], 8),
        ([*CELLS, *["\n".join(f"line {number}: it broke )" for number in range(20))] * 100], 8),
    ],
    ids=["cells", "comments", "list", "functions", "chain", "bound again", "long lines", "broken"],
)
def test_a_long_file_is_read_in_time(cells: list[str], answers: int) -> None:
    before = used()
    source = source_of(Path("long.ipynb"), notebook_text(cells))
    (each,) = discover_in(source).lessons
    own_program(source)
    assert len(each.program.answers) == answers
    assert used() - before < SECONDS


# What is refused with its limit


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        ("\n".join(["x = 1"] * 12_001), "12,000 statements, and no more are read"),
        ("\n" * 100_001, "lines of code; at most 100,000 are read"),
        ("x = [" + "1, " * 60_000 + "]", "has more than 100,000 names, numbers, strings and operators"),
    ],
    ids=["statements", "lines", "tokens"],
)
def test_too_much_code_is_told_with_the_limit(code: str, limit: str) -> None:
    sentence = refusal("long.ipynb", notebook_text([*CELLS, code]))
    assert sentence.startswith("long.ipynb ") and limit in sentence


def test_too_many_losses_are_told() -> None:
    losses = "loss = w.sum()\nloss.backward()\n" * 300
    text = notebook_text(["import torch\nw = torch.randn(3, requires_grad=True)", losses])
    with pytest.raises(UsageError, match=r"^long.ipynb goes backward from 300 losses, too many for its length"):
        discover_in(source_of(Path("long.ipynb"), text))


def test_a_long_solutions_file_is_told_with_the_limit() -> None:
    with pytest.raises(UsageError, match=r"^mine.py has 12,001 statements; at most 12,000 are read$"):
        Solutions("x = 1\n" * 12_001, "mine.py", "names")


def test_a_script_of_too_many_cells() -> None:
    with pytest.raises(UsageError, match=r"^the script has 3,001 cells; at most 3,000 are read$"):
        percent_cells("# %%\nx = 1\n" * 3001)


@pytest.mark.parametrize("line", ["# <<: *a", "# a: " + "b" * 10_000])
def test_a_header_that_grows_while_it_is_read(line: str) -> None:
    with pytest.raises(UsageError, match=r"^the script has a header that is too long to be read, or merges keys"):
        percent_cells(f"# ---\n{line}\n# ---\nx = 1")


def test_a_notebook_of_too_many_values() -> None:
    text = '{"cells": [], "metadata": [' + ",".join(["[]"] * 1_000_001) + "]}"
    with pytest.raises(UsageError, match="too large: it holds more than 2,000,000 values"):
        source_of(Path("many.ipynb"), text)


def test_notes_that_are_too_long(tmp_path: Path) -> None:
    (tmp_path / "forward.py").write_text("# %% setup\nw = 1\nparameters = [w]\n# %% forward\nloss = w")
    (tmp_path / "notes.md").write_text("x" * 100_001)
    with pytest.raises(UsageError, match=r"the notes .* is 100 kB; at most 100 kB are read"):
        read_folder(tmp_path)


# What costs only its statement


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "-" * 150 + "1",
        "x = " + " + ".join(["a"] * 150),
        "x = " + "[" * 150 + "]" * 150,
        "x" + ".a()" * 120,
        "x = " + "lambda: " * 150 + "1",
        "if x:\n    pass\n" + "\n".join(["elif x:\n    pass"] * 150),
        "x = 0x" + "f" * 5000,
        "x = '\\d'\n\ny = " + "(" * 1000 + ")" * 1000,
    ],
)
def test_what_is_nested_too_deeply_or_too_large_is_left_out(code: str) -> None:
    program = own_program(source_of(Path("deep.ipynb"), notebook_text([*CELLS, code, "last = 1"])))
    assert program.statements[-1].code == "last = 1" and len(program.notes) == 1
    assert "is left out: " in program.notes[0]
    (each,) = discover_in(source_of(Path("deep.ipynb"), notebook_text([*CELLS, code]))).lessons
    assert len(each.program.answers) == 8


def test_a_deep_expression_in_answers_is_told_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"^mine.py, line 2: nested too deeply; at most 120 levels are read$"):
        Solutions("x = 1\ndprobs = " + "-" * 150 + "1", "mine.py", "names")


def test_reading_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(parse_code("x = '\\d'\ny = 1 is 1").body) == 2


@pytest.mark.parametrize("title", ["minibatch", "calibrate", "predict"])
@pytest.mark.parametrize("code", ["x = 1\nXb elif x:= 3", "x = 1\nix = \x03"])
def test_a_cell_of_a_lesson_that_is_no_python_is_told_with_its_line(tmp_path: Path, title: str, code: str) -> None:
    lesson = "# %% setup\nw = 1\nparameters = [w]\n# %% forward\nloss = w"
    (tmp_path / "forward.py").write_text(f"{lesson}\n# %% {title}\n{code}")
    with pytest.raises(UsageError, match=r"/forward.py, line 8: invalid "):
        read_folder(tmp_path)


# Texts that other tools would split or stretch


@pytest.mark.parametrize("kept", ["\f", "\v", "\x1c", "\x85", "\u2028", "\U000f0000"])
def test_what_is_no_line_break_in_python_is_none_in_a_script(kept: str) -> None:
    (cell,) = percent_cells(f"# %% a\nx = 'a{kept}b'  # c{kept}raise\ny = 1")
    assert cell.source == f"x = 'a{kept}b'  # c{kept}raise\ny = 1" and cell.line == 2


def test_half_a_character_in_a_notebook_is_a_replacement_character() -> None:
    source = source_of(Path("half.ipynb"), '{"cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}]}')
    assert source.cells[0].source == "x = '\N{REPLACEMENT CHARACTER}'"


def test_a_fence_that_never_ends() -> None:
    before = used()
    with pytest.raises(UsageError, match="holds no code"):
        source_of(Path("fence.md"), "```{" + "a" * 200_000 + "\n```\n")
    assert used() - before < 2


@pytest.mark.parametrize(
    "code",
    ["from nothing_zz import " + "a" * 5000, "import " + "a" * 5000, "\n".join(["x = 1", "\x1b[2J" * 500, "x = (("])],
)
def test_notes_on_a_file_can_be_shown(code: str) -> None:
    program = own_program(source_of(Path("notes.ipynb"), notebook_text([*CELLS, f"{code}\nb = {'a' * 5000}"])))
    assert program.notes
    assert all(note.isprintable() and len(note) < 700 for note in program.notes)


# Files beside a script


def test_nothing_outside_the_folder_is_served(tmp_path: Path) -> None:
    folder, outside = tmp_path / "here", tmp_path / "there"
    folder.mkdir()
    outside.mkdir()
    (outside / "secret.py").write_text("key = 1")
    (outside / "key.txt").write_text("secret")
    (folder / "linked.py").symlink_to(outside / "secret.py")
    (folder / "linked.txt").symlink_to(outside / "key.txt")
    (folder / "own.py").write_text("value = 1")
    named = "open('../there/key.txt')\nopen('linked.txt')"
    code = f"import sys\nsys.path.append({str(outside)!r})\nimport secret, linked, own\n{named}"
    path = folder / "any.py"
    path.write_text(f"{code}\n{SCRIPT}")
    kind = classify(path)
    assert isinstance(kind, OwnNetwork)
    assert kind.program.served(None).keys() == {"names.txt", "own.py"}


def test_modules_that_import_each_other_in_a_long_row(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"m{number}.py").write_text(f"import m{(number + 1) % 400}")
    path = tmp_path / "any.py"
    path.write_text(f"import m0\n{SCRIPT}")
    kind = classify(path)
    assert isinstance(kind, OwnNetwork)
    assert len(kind.program.served(None)) == 401


def test_a_pipe_beside_a_script_is_no_file_of_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "points.csv")
    path = tmp_path / "any.py"
    path.write_text(f"open('points.csv')\n{SCRIPT}")
    kind = classify(path)
    assert isinstance(kind, OwnNetwork)
    assert kind.program.served(None).keys() == {"names.txt"}
