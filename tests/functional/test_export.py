"""``ninja-tui export``: what it writes, what runs in Jupyter, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from ninja_tui.cli import main
from ninja_tui.lesson.read import read_lesson
from tests.helpers import SOLUTION, a_file, run, solution_with

pytestmark = pytest.mark.processes

LINE = re.compile(r"(\w+) +\| exact: (\w+) +\| approximate: (\w+) +\| maxdiff: (\S+)")
MICROGRAD = read_lesson("micrograd").solution


def solution() -> Path:
    assert MICROGRAD is not None
    return MICROGRAD


def executed(path: Path, steps: int = 20) -> nbformat.NotebookNode:
    """The notebook after a kernel has run it from top to bottom, in its folder; its training takes few steps."""
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"^steps = 5_000", f"steps = {steps}", cell.source)
    return NotebookClient(book, timeout=120, resources={"metadata": {"path": str(path.parent)}}).execute()


def printed(book: nbformat.NotebookNode) -> str:
    return "".join(
        output.text
        for cell in book.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stdout"
    )


def compared(book: nbformat.NotebookNode) -> dict[str, tuple[bool, bool, float]]:
    """What the notebook's own ``cmp`` printed, by node."""
    return {
        node: (exact == "True", close == "True", float(maxdiff))
        for node, exact, close, maxdiff in LINE.findall(printed(book))
    }


def verdicts(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, tuple[bool, bool, float]]:
    """The same columns as replay has them, of all answers that gave a gradient."""
    capsys.readouterr()
    main(["replay", str(path), "--json", "-"])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    return {
        node["node"]: (node["exact"], node["approximate"], node["maxdiff"])
        for lesson in file["lessons"]
        for node in lesson["nodes"]
        if node["shape"] is not None
    }


@pytest.mark.slow
def test_the_lectures_exercise_runs_in_jupyter_and_shows_replays_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, page = tmp_path / "mine.ipynb", tmp_path / "mine.html"
    assert main(["export", str(SOLUTION), "--notebook", str(book), "--html", str(page), "--steps", "50"]) == 0
    said = capsys.readouterr().out
    assert "26 of 26 pass" in said
    assert [str(each) in said for each in (book, page, tmp_path / "names.txt")] == [True] * 3
    done = executed(book)
    shown = compared(done)
    assert len(shown) == 26
    assert shown == verdicts(SOLUTION, capsys)
    names = printed(done).split("mean loss of the last tenth")[1].split("\n")[1:]
    assert len([name for name in names if name]) >= 15
    html = page.read_text(encoding="utf-8")
    assert html.count('<section class="answer pass"') == 26
    assert "50 steps" in html


@pytest.mark.slow
def test_wrong_answers_are_exported_marked_and_the_notebook_runs_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(
        tmp_path,
        solution_with(
            probs="dprobs = -(1.0 / probs) * dlogprobs", h="dh = dlogits @ W2", bnvar="", b2="db2 = dlogits.sum()[None]"
        ),
    )
    book, page = tmp_path / "mine.ipynb", tmp_path / "mine.html"
    assert main(["export", str(path), "--notebook", str(book), "--html", str(page), "--steps", "0"]) == 1
    shown, wanted = compared(executed(book)), verdicts(path, capsys)
    assert len(shown) == 24
    assert shown == wanted
    assert not shown["probs"][1]
    html = page.read_text(encoding="utf-8")
    assert html.count('<section class="answer fail"') == 2
    assert html.count('<section class="answer error"') == 1
    assert html.count("<figure") >= 2
    assert "Training" not in html


def test_a_page_of_a_network_of_ones_own_has_its_graph_and_its_differences(tmp_path: Path) -> None:
    text = (
        "import torch\ntorch.manual_seed(0)\nx = torch.randn(4, 3)\nW = torch.randn(3, 2, requires_grad=True)\n"
        "h = torch.tanh(x @ W)\nloss = (h**2).mean()\nloss.backward()\ndh = 2 * h / h.numel()\n"
        "dW = x.T @ (dh * (1 - h**2)) * 2\n"
    )
    page = tmp_path / "own.html"
    assert main(["export", str(a_file(tmp_path, text)), "--html", str(page)]) == 1
    html = page.read_text(encoding="utf-8")
    assert '<svg class="graph"' in html
    assert html.count('<figure class="heat">') == 1
    assert "Training" not in html


def test_a_script_of_ones_own_becomes_a_notebook(tmp_path: Path) -> None:
    text = "import torch\nw = torch.tensor(2.0, requires_grad=True)\nloss = w**2\nloss.backward()\ndw = 2 * w\n"
    book = tmp_path / "own.ipynb"
    assert main(["export", str(a_file(tmp_path, text)), "--notebook", str(book)]) == 0
    (cell,) = nbformat.read(book, as_version=4).cells
    assert cell.source == text.rstrip()


def test_what_is_there_is_not_written_over_unless_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = a_file(tmp_path, "mine", "page.html")
    options = [str(solution()), "--html", str(page), "--steps", "0"]
    assert main(["export", *options]) == 2
    assert capsys.readouterr().err == f"ninja-tui: {page} is there already; --force writes over it\n"
    assert page.read_text() == "mine"
    assert main(["export", *options, "--force"]) == 0
    assert page.read_text().startswith("<!doctype html>")


def test_another_word_list_beside_the_notebook_is_not_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = a_file(tmp_path, "anna\n", "names.txt")
    book = tmp_path / "mine.ipynb"
    assert main(["export", str(SOLUTION), "--notebook", str(book)]) == 2
    assert "holds other words" in capsys.readouterr().err
    assert (words.read_text(), book.exists()) == ("anna\n", False)


@pytest.mark.slow
def test_a_list_of_ones_own_stands_beside_the_notebook(tmp_path: Path) -> None:
    words = a_file(
        tmp_path,
        "\n".join(f"{a}{b}{c}" for a in "abcdefghijklmnopqrstuvwxyz" for b in "aeiou" for c in "nr"),
        "w.csv.txt",
    )
    folder = tmp_path / "out"
    folder.mkdir()
    book = folder / "mine.ipynb"
    assert main(["export", str(SOLUTION), "--notebook", str(book), "--data", str(words), "--sample", "0"]) in (0, 1)
    assert (folder / "w.csv.txt").exists()
    assert len(compared(executed(book))) == 26


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "what is to be written? --notebook FILE, --html FILE, or both"),
        (["--html", "nowhere/page.html"], "nowhere/page.html cannot be written: there is no folder nowhere"),
        (["--html", "one", "--notebook", "one"], "the notebook and the page cannot both be one"),
        (["--html", "mine.py", "--force"], "mine.py is the file that is exported: name another one"),
        (["--html", "page.html", "--lesson", "names"], "mine.py holds nothing for the lesson `names`"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    a_file(tmp_path, "# %% lesson: micrograd\nderr = 2 * err\n")
    assert main(["export", "mine.py", *options]) == 2
    assert capsys.readouterr().err == f"ninja-tui: {said}\n"
    assert [each.name for each in tmp_path.iterdir()] == ["mine.py"]


def test_of_a_file_with_several_lessons_a_notebook_needs_to_be_told_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, "# %% lesson: micrograd\nderr = 2 * err\n# %% lesson: layernorm\ndpred = pred * 0\n")
    book = tmp_path / "mine.ipynb"
    assert main(["export", str(path), "--notebook", str(book)]) == 2
    assert "--lesson micrograd, layernorm" in capsys.readouterr().err
    assert main(["export", str(path), "--notebook", str(book), "--lesson", "micrograd"]) == 1
    assert "micrograd" in nbformat.read(book, as_version=4).cells[0].source


def test_a_notebook_is_not_made_of_a_notebook_and_is_told_so_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, "{}", "mine.ipynb")
    assert main(["export", str(path), "--notebook", str(tmp_path / "other.ipynb")]) == 2
    assert "is a notebook already; --html FILE writes a page of it" in capsys.readouterr().err


def test_a_file_that_cannot_be_used_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert main(["export", str(a_file(tmp_path, "dprobs = (\n")), "--html", str(page)]) == 2
    assert capsys.readouterr().err.startswith("ninja-tui: ")
    assert not page.exists()


@pytest.mark.slow
def test_an_answer_without_an_end_costs_the_training_and_no_more(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    path = a_file(tmp_path, "# %% lesson: micrograd\nderr = 2 * err\nwhile True:\n    dout = derr\n")
    done = run("export", str(path), "--html", str(page), "--timeout", "1", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "nothing was trained: dout found no end" in page.read_text(encoding="utf-8")
