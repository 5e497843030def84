"""``--check``: a line for each thing that is wrong with a lesson."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.lesson.read import LESSONS, read_lesson
from tests.helpers import run

FORWARD = """# %% setup
import torch

seed = 7
g = torch.Generator().manual_seed(seed)
w = torch.randn((3, 4), generator=g)
parameters = [w]

# %% minibatch
x = torch.randn((5, 3), generator=g)

# %% forward
y = x @ w
loss = (y**2).mean()
"""
NODE = """
### {name}

- **Shape**: some shape.
- **Hint**: a question.
- **Hint**: a rule.
- **Hint**: a structure.
- **Why**: because.
- **Notice**: something.
"""
NOTES = f"""# small

The gradients of very little.

## Forward

### y

A product.

### loss

A mean.

## Turn

Back.

## Backward
{NODE.format(name="y")}{NODE.format(name="w")}"""
SOLUTION = """# %% lesson: small
# %% y
dy = 2 * y / y.numel()
# %% w
dw = x.T @ dy
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A lesson with which nothing is wrong."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name, text in (("forward.py", FORWARD), ("notes.md", NOTES), ("solution.py", SOLUTION)):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def change(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    capsys.readouterr()
    code = main(["--check", str(folder)])
    return code, capsys.readouterr().out.splitlines()


@pytest.mark.processes
def test_a_folder_is_a_lesson(small: Path) -> None:
    lesson = read_lesson(str(small))
    assert (lesson.name, lesson.asks) == ("small", ("y", "w"))


@pytest.mark.processes
def test_nothing_is_wrong_with_a_right_one(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(small, capsys) == (0, ["small: nothing is wrong with it; 2 gradients to find"])


@pytest.mark.processes
@pytest.mark.parametrize("name", ["micrograd", "conv1d", "attention", "layernorm", "rmsnorm", "rnn"])
def test_nothing_is_wrong_with_the_bundled_ones(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", name]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: nothing is wrong")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (("solution.py", "2 * y", "y"), "solution.py, line 3: dy does not pass (fail): every entry is off"),
        (("solution.py", "x.T @ dy", "x @ dy"), "solution.py, line 5: dw does not pass (error): RuntimeError"),
        (("solution.py", "# %% w\ndw = x.T @ dy\n", ""), "solution.py: no answer to `w`"),
        (("notes.md", NODE.format(name="w"), ""), "notes.md: no notes on `w`, which the lesson asks for"),
        (("notes.md", "- **Hint**: a rule.\n", ""), "notes.md: `y` has 2 hints, not 3"),
        (("notes.md", "- **Hint**: a rule.\n", "- **Hint**: a question.\n"), "notes.md: two hints on `y` are the same"),
        (("notes.md", "- **Why**: because.\n", ""), "notes.md: `y` has no Why"),
        (("notes.md", "- **Why**", "- **Maths**: 2y.\n- **Why**"), "`y` has Maths, which has no place on the card"),
        (("notes.md", "- **Notice**", "- **Aside**: hm.\n- **Notice**"), "`y` has Aside, which has no place"),
        (("notes.md", "### loss", "### lossy"), "under Forward there is `lossy`, which no statement binds"),
        (("notes.md", "The gradients of very little.\n", ""), "notes.md: no introduction"),
        (("notes.md", "a structure.", "it is `2 * y / y.numel()`."), "hint 3 on `y` holds the solution's code"),
        (("notes.md", "a structure.", "take 2*y / y.numel() here."), "hint 3 on `y` holds the solution's code"),
        (("notes.md", "a structure.", "a part is `y.numel()`."), "hint 3 on `y` holds the solution's code"),
        (("forward.py", "(3, 4), generator=g", "(3, 4)"), "unseeded: `w` of the set-up differ from run to run"),
        (("forward.py", "(5, 3), generator=g", "(5, 3)"), "unseeded: `x` of the minibatch differ from run to run"),
        (("forward.py", "x @ w", "torch.dropout(x @ w, 0.5, True)"), "unseeded: `y`, `loss` of the forward"),
        (
            ("forward.py", "seed = 7\n", "seed = 7\nimport random\nwords = random.sample(range(99), 5)\n"),
            "unseeded: `words` of the set-up differ from run to run",
        ),
        (
            ("forward.py", "x = torch", "import numpy\nk = torch.tensor(numpy.random.rand(3))\nx = torch"),
            "unseeded: `k` of the minibatch differ from run to run",
        ),
        (("forward.py", ".mean()", ".mean(1)"), "`loss` is not a single number"),
        (("forward.py", "x @ w", "x @ w.T"), "small/forward.py, line 13: RuntimeError"),
        (("forward.py", "x @ w", "x @ w.detach()"), "`loss` depends on no parameter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(
    small: Path, capsys: pytest.CaptureFixture[str], edit: tuple[str, str, str], found: str
) -> None:
    change(small, *edit)
    code, lines = checked(small, capsys)
    assert code == 1
    told = [line for line in lines if found in line]
    assert len(told) == 1, lines
    if edit[0] == "notes.md":
        assert len(lines) == 1


@pytest.mark.processes
def test_a_lesson_without_notes_and_solution_is_told_both(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "notes.md").unlink()
    (small / "solution.py").unlink()
    code, lines = checked(small, capsys)
    assert code == 1
    assert len(lines) == 4
    assert lines[-1] == "small: solution.py is missing"


@pytest.mark.processes
@pytest.mark.parametrize(
    "seeds",
    [
        "torch.manual_seed(3)\nk = torch.randn(2)",
        "import random\nrandom.seed(3)\nk = random.random()",
        "import numpy\nk = numpy.random.default_rng(3).random(2)",
    ],
)
def test_a_seed_of_any_generator_will_do(small: Path, capsys: pytest.CaptureFixture[str], seeds: str) -> None:
    change(small, "forward.py", "seed = 7\n", f"seed = 7\n{seeds}\n")
    assert checked(small, capsys)[0] == 0


@pytest.mark.processes
def test_a_name_in_a_hint_is_no_code(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(small, "notes.md", "a structure.", "what `numel` says, and `y` and `x.T`.")
    assert checked(small, capsys)[0] == 0


@pytest.mark.processes
@pytest.mark.parametrize(
    ("old", "new"), [("# %% forward", "# %% backward"), ("y = x @ w", "y = ("), ("y = x @ w", "print(x)")]
)
def test_what_cannot_be_read_is_one_sentence_and_exit_2(
    small: Path, capsys: pytest.CaptureFixture[str], old: str, new: str
) -> None:
    change(small, "forward.py", old, new)
    assert main(["--check", str(small)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    first, *excerpt = said.err.rstrip("\n").split("\n")
    assert first.startswith("ninja-tui: small/forward.py")
    assert len(excerpt) == (2 if new.endswith("(") else 0)


def test_what_is_no_lesson_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check", str(tmp_path)]) == 2
    assert main(["--check", str(tmp_path / "nowhere")]) == 2
    assert "there is no lesson" in capsys.readouterr().err


@pytest.mark.processes
def test_it_is_a_command(small: Path) -> None:
    done = run("--check", ".", cwd=small)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_page_for_teachers_shows_a_lesson_that_can_be_read() -> None:
    page = (LESSONS / "README.md").read_text(encoding="utf-8")
    for word in (
        "# %% setup",
        "asks",
        "parameters",
        "- **Hint**",
        "ninja-tui check",
        "unseeded",
        "calibrate",
        "predict",
    ):
        assert word in page
