"""What a name or path is: decided once, from one reading of the file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.errors import UsageError
from ninja_tui.lesson.classify import (
    BundledLesson,
    FileKind,
    LessonFolder,
    OwnNetwork,
    PercentLesson,
    SolutionsFile,
    classify,
    locate,
)  # fmt: skip
from ninja_tui.lesson.model import Origin
from ninja_tui.lesson.notebook.discover import Definitions
from ninja_tui.lesson.open import open_lesson
from ninja_tui.lesson.read import LESSONS
from tests.engine.notebook_support import CELLS, FORWARD, notebook

SCRIPT = "\n\n".join(CELLS)
READS_A_LESSON = "probs = counts * counts_sum_inv\nloss = probs.sum()\ndprobs = dlogprobs / probs"


def kind_of(path: Path, text: str) -> FileKind:
    path.write_text(text, encoding="utf-8")
    return classify(path)


def test_a_bundled_name_comes_before_a_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names").write_text("x = 1")
    assert classify(locate("names")) == BundledLesson("names")
    Path("others").mkdir()
    assert classify(locate("others")) == LessonFolder(Path("others"))
    with pytest.raises(UsageError, match="there is no lesson `nothing`"):
        locate("nothing")


def test_scripts(tmp_path: Path) -> None:
    path = tmp_path / "any.py"
    own = kind_of(path, SCRIPT)
    assert isinstance(own, OwnNetwork) and len(own.discovery.lessons) == 1
    assert isinstance(kind_of(path, "# %% setup\nx = 1\n# %% forward\nloss = x"), PercentLesson)
    assert isinstance(kind_of(path, "# %% setup\nx = 1"), OwnNetwork)
    for text in (READS_A_LESSON, "", "dprobs = 1 / probs", "dprobs = (", f"# %% lesson: names\n{SCRIPT}"):
        assert kind_of(path, text) == SolutionsFile(path, text)
    assert isinstance(kind_of(path, f"{READS_A_LESSON}\nloss.backward()"), OwnNetwork)
    header = "# ---\n# jupyter:\n#   a: [\n# ---\n"
    assert kind_of(path, header + SCRIPT) == SolutionsFile(path, header + SCRIPT)


@pytest.mark.parametrize(
    "text",
    [
        "dh = dlogits @ W2.T",
        "import torch\ndb2 = dlogits.sum(0)",
        "def centred(x):\n    return x - x.mean(0)\ndbndiff = bnvar_inv * centred(dbnraw)",
        "import torch\ndprobs = torch.ones_like(probs",
        "%time dprobs = 1 / probs",
        "from torch import *\ndprobs = ones_like(probs)",
        "def answer():\n    return dprobs * counts_sum_inv",
    ],
)
def test_a_file_of_answers_reads_what_it_does_not_bind(tmp_path: Path, text: str) -> None:
    assert isinstance(kind_of(tmp_path / "any.py", text), SolutionsFile)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import torch\nh = torch.ones(3)\nW1 = torch.ones(3)\ndh = W1 * 2\ndW1 = h", "holds no forward pass"),
        ("import torch\nclass Net:\n    def forward(self):\n        return self.h\ndh = 1", "holds no forward pass"),
        (
            "import numpy as np\nimport matplotlib.pyplot as plt\nh = np.ones(3)\ndh = h",
            "NumPy programs have no autograd",
        ),
        ("import numpy as np\nx = np.ones(3)\nloss = (x * x).sum()\ndx = 2 * x", "NumPy programs have no autograd"),
        ("import jax.numpy as jnp\nprobs = jnp.ones(3)\ndprobs = probs", "computes with JAX"),
        ("from nothing_zz import *\ndh = h * W1", r"line 1 imports `nothing_zz`, which is not here; .*--setup FILE"),
        ("from nothing_zz import make\nw = make()\nloss = w.sum()", "--setup FILE you can define make"),
        ("import os\nn = int(input('n'))\nx = [n]", r"line 2 asks for `input\(\)`, .* --setup FILE you can define n"),
    ],
)
def test_a_script_of_ones_own_is_no_file_of_answers(tmp_path: Path, text: str, said: str) -> None:
    kind = kind_of(tmp_path / "any.py", text)
    assert isinstance(kind, OwnNetwork)
    with pytest.raises(UsageError, match=said):
        _ = kind.program, kind.discovery


def test_numpy_beside_torch_or_an_answer_is_no_numpy_program(tmp_path: Path) -> None:
    path = tmp_path / "any.py"
    assert isinstance(kind_of(path, f"import numpy as np\nk = np.ones(3)\n{SCRIPT}"), OwnNetwork)
    assert isinstance(kind_of(path, "import numpy as np\ndprobs = np.ones(3) / probs"), SolutionsFile)
    (tmp_path / "engine_here.py").write_text("import torch")
    kind = kind_of(path, "import numpy as np\nfrom engine_here import Value\nx = Value(np.ones(3))")
    assert isinstance(kind, OwnNetwork) and len(kind.program.statements) == 3


def test_what_is_lacking_is_noted_where_it_matters(tmp_path: Path) -> None:
    path = tmp_path / "any.py"
    lacks = "import nothing_zz as nothing\nfrom other_zz import scale\nfrom json import dumps\n"
    kind = kind_of(path, f"{lacks}{SCRIPT}\nspare = scale(dumps(3))\nnothing")
    assert isinstance(kind, OwnNetwork)
    assert kind.discovery.notes == (
        "line 2 imports `other_zz`, which is not here; with --setup FILE you can define scale",
    )
    defined = Definitions("scale = abs", frozenset({"scale"}))
    path.write_text(f"{lacks}{SCRIPT}\nspare = scale(3)")
    again = classify(path, defined)
    assert isinstance(again, OwnNetwork) and again.discovery.notes == ()


def test_a_notebook_is_a_network_or_nothing(tmp_path: Path) -> None:
    assert isinstance(classify(notebook(tmp_path / "one.ipynb", CELLS)), OwnNetwork)
    kind = classify(notebook(tmp_path / "two.ipynb", ["dprobs = 1 / probs"]))
    assert isinstance(kind, OwnNetwork)
    with pytest.raises(UsageError, match="holds no forward pass"):
        _ = kind.discovery


def test_what_opens_as_what(tmp_path: Path) -> None:
    path = tmp_path / "any.py"
    path.write_text(SCRIPT)
    assert open_lesson(str(path)).origin is Origin.DISCOVERED
    path.write_text((LESSONS / "names" / "forward.py").read_text())
    assert open_lesson(str(path)).origin is Origin.AUTHORED
    path.write_text(f"# %% lesson: any\n{SCRIPT}")  # answers to it, and it can be walked all the same
    assert open_lesson(str(path)).name == "any"
    path.write_text("dprobs = 1 / probs")
    with pytest.raises(UsageError, match="holds no forward pass"):
        open_lesson(str(path))


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The files that are read, each time that they are."""
    paths: list[Path] = []
    opened = os.open

    def noted(path: Path, *how: int) -> int:
        paths.append(Path(path))
        return opened(path, *how)

    monkeypatch.setattr(os, "open", noted)
    yield paths


@pytest.mark.parametrize("text", [SCRIPT, READS_A_LESSON, "# %% setup\nx = 1\n# %% forward\nloss = x"])
def test_a_file_is_read_once(tmp_path: Path, readings: list[Path], text: str) -> None:
    path = tmp_path / "any.py"
    kind_of(path, text)
    assert [each for each in readings if not each.is_relative_to(LESSONS)] == [path]


# Files that cannot be used: one sentence, and exit code 2

CALLS = (["--replay", "{answers}"], ["--replay", "{network}"], ["--replay", "{notebook}"], ["--check", "names"])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    answers, network = tmp_path / "answers.py", tmp_path / "network.py"
    answers.write_text("# %% lesson: names\ndprobs = 1 / probs")
    network.write_text(SCRIPT)
    return {
        "answers": str(answers),
        "network": str(network),
        "notebook": str(notebook(tmp_path / "one.ipynb", CELLS)),
    }


def sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err.startswith("ninja-tui: ") and shown.err.count("\n") == 1
    return shown.err


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_set_up_file(call: list[str], files: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [each.format(**files) for each in call]
    assert "the set-up file nowhere.py does not exist" in sentence([*arguments, "--setup", "nowhere.py"], capsys)


def test_a_set_up_file_that_is_no_python(
    tmp_path: Path, files: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("x = 1\ny = (")
    with pytest.raises(UsageError, match=r"broken.py, line 2: '\(' was never closed"):
        open_lesson(files["network"], broken)
    assert "broken.py, line 2" in sentence(["--replay", files["network"], "--setup", str(broken)], capsys)


def test_a_header_that_is_no_yaml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lesson = tmp_path / "mine"
    lesson.mkdir()
    header = "# ---\n# jupyter:\n#   a: [\n# ---\n"
    (lesson / "forward.py").write_text(f"{header}# %% setup\nx = 1\n# %% forward\n{FORWARD}")
    assert "forward.py cannot be read: its header is no YAML (" in sentence(["--check", str(lesson)], capsys)
    with pytest.raises(UsageError, match=r"forward.py cannot be read: its header is no YAML \(.*\)$"):
        open_lesson(str(lesson))
    script = tmp_path / "network.py"
    script.write_text(header + SCRIPT)
    with pytest.raises(UsageError, match=r"the script .*network.py cannot be read: its header"):
        open_lesson(str(script))
