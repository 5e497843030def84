"""Files as people have them, judged: what surrounds the code, and what it is read from."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from ninja_tui.cli import main
from tests.engine.notebook_support import ANSWERS, BACKWARD, CELLS, COMPARED, FORWARD, NODES, SETUP, notebook, statuses
from tests.helpers import replay_json

pytestmark = [pytest.mark.processes, pytest.mark.slow]

RIGHT = dict.fromkeys(NODES, "pass")


def script(before: str = "", setup: str = "\n".join(SETUP), forward: str = FORWARD, answers: str = ANSWERS) -> str:
    return "\n".join([before, setup, forward, BACKWARD, answers, COMPARED])


PARAMETERS = SETUP[2][SETUP[2].index("weights = ") :]
"""How the exercise makes its parameters."""


def made(parameters: str) -> str:
    """The exercise with other code that makes its parameters."""
    return script(setup="\n".join(SETUP).replace(PARAMETERS, parameters))


EMPTY = """from torch import nn
weights = nn.Parameter(torch.empty(5, 6))
bias = nn.Parameter(torch.empty(6))
readout = nn.Parameter(torch.empty(6, 4))
"""
CASES = {
    "dataclass": script(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Sizes:\n"
        "    batch: int = 8",
        "\n".join(SETUP).replace("size = 8", "size = Sizes().batch"),
    ),
    "arguments": script(
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--size', type=int, default=8)",
        "\n".join(SETUP).replace("size = 8", "size = parser.parse_args().size"),
    ),
    "match": script(
        setup="\n".join(SETUP).replace(
            "size = 8", "match {'size': 8, 'x': 1}:\n    case {'size': size, **rest}:\n        pass"
        )
    ),
    "namespace": script(
        "from types import SimpleNamespace\nsizes = SimpleNamespace(batch=8)",
        "\n".join(SETUP).replace("size = 8", "size = sizes.batch"),
    ),
    "closure": script(
        "def scaled(by):\n    def scale(x):\n        return x * by\n    return scale\nhalf = scaled(0.5)",
        forward=FORWARD.replace("xb @", "half(xb) @"),
        answers=ANSWERS.replace("xb.T", "half(xb).T"),
    ),
    "globals": script(
        "def draw():\n    global inputs, labels\n    torch.manual_seed(3)\n    inputs = torch.randn(60, 5)\n"
        "    labels = torch.arange(60) % 4\ndef prepare():\n    draw()",
        "\n".join(SETUP).replace(SETUP[2][: SETUP[2].index("weights = ")], "prepare()\n"),
    ),
    "global that is bound later": script(
        "def scale(x):\n    return x * factor",
        forward="factor = 0.5\n" + FORWARD.replace("xb @", "scale(xb) @"),
        answers=ANSWERS.replace("xb.T", "scale(xb).T"),
    ),
    "tensor type": script(forward=FORWARD.replace("hidden @", "hidden.type(torch.FloatTensor) @")),
    "cuda type": script(forward=FORWARD.replace("xb @", "xb.type(torch.cuda.FloatTensor) @")),
    "init": made(f"{EMPTY}nn.init.xavier_uniform_(weights)\nnn.init.zeros_(bias)\ntorch.nn.init.normal_(readout)"),
    "init in a loop": made(
        f"{EMPTY}from torch.nn.init import normal_\nfor p in [weights, bias, readout]:\n    normal_(p)"
    ),
    "main": "\n".join([*SETUP[:2], "if __name__ == '__main__':"])
    + "".join(f"\n    {line}" for cell in CELLS[2:] for line in cell.split("\n")),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_scripts(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "script.py"
    path.write_text(CASES[case], encoding="utf-8")
    _, report = replay_json(path, capsys)
    assert statuses(report) == RIGHT


def test_a_package_and_data_beside_a_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pieces").mkdir()
    (tmp_path / "pieces" / "__init__.py").write_text("from .sizes import batch")
    (tmp_path / "pieces" / "sizes.py").write_text("batch = int(open('size.txt').read())")
    (tmp_path / "size.txt").write_text("8")
    cells = [cell.replace("size = 8", "from pieces import batch\nsize = batch") for cell in CELLS]
    _, report = replay_json(notebook(tmp_path / "one.ipynb", cells), capsys)
    assert statuses(report) == RIGHT


def replayed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code, and all that is printed."""
    code = main(["--replay", *arguments])
    printed = capsys.readouterr()
    return code, " ".join((printed.out + printed.err).split())


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        (
            "size = int(input('size? '))",
            "line 16 asks for `input()`, which nobody can give here; with --setup FILE you can define",
        ),
        (
            "from nothing_zz import *",
            "line 16 imports `nothing_zz`, which is not here; with --setup FILE you can define",
        ),
        (
            "from nothing_zz import size",
            "imports `nothing_zz`, which is not here; with --setup FILE you can define size",
        ),
        ("size = len(open('none_zz.csv').read())", "the file none_zz.csv is not here"),
    ],
)
def test_what_is_lacking_is_named_and_can_be_defined(
    needs: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, setup = tmp_path / "script.py", tmp_path / "mine.py"
    path.write_text(script(setup="\n".join(SETUP).replace("size = 8", needs)), encoding="utf-8")
    code, printed = replayed([str(path)], capsys)
    assert code == 2
    assert said in printed
    setup.write_text("size = 8")
    assert replayed([str(path), "--setup", str(setup)], capsys)[0] == 0


@pytest.mark.parametrize("form", ["script", "notebook", "Markdown"])
def test_standard_input(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {
        "script": "\n".join(CELLS),
        "notebook": notebook(tmp_path / "one.ipynb", CELLS).read_text("utf-8"),
        "Markdown": "Words: it's ours.\n\n" + "\n\n".join(f"```python\n{cell}\n```" for cell in CELLS),
    }
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(texts[form].encode())))
    assert main(["--replay", "-", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["files"][0]["path"] == "<stdin>"
    assert statuses(report) == RIGHT
