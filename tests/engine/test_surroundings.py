"""What a person's code finds around it: its own module, arguments, files and packages; and what it cannot do."""

from __future__ import annotations

import builtins
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ninja_tui.engine.recording.surroundings import AsksForInput, script_module, surroundings
from ninja_tui.lesson.notebook.data_files import files_for
from ninja_tui.lesson.served import as_served, content_of
from ninja_tui.lesson.syntax.fragment import Fragment

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs code as that of a file in ``tmp_path``, with what is served to it; the names that it binds."""

    def run(code: str, data: Path | None = None) -> dict[str, Any]:
        code = textwrap.dedent(code)
        path = tmp_path / "net.py"
        module = script_module(path.name)
        with surroundings(module, dict(files_for(path, [Fragment.at(code, 1)], data))):
            exec(compile(code, path.name, "exec"), vars(module))
        return vars(module)

    return run


def test_the_module_of_the_script(run: Run) -> None:
    main = sys.modules["__main__"]
    found = run(
        """
        from __future__ import annotations
        import argparse, pickle, sys
        from dataclasses import dataclass, field
        from typing import ClassVar, NamedTuple
        @dataclass
        class Sizes:
            kind: ClassVar[str] = "small"
            n: int = 24
            more: list = field(default_factory=list)
        parser = argparse.ArgumentParser()
        parser.add_argument("--n", type=int, default=3)
        arguments = parser.parse_args()
        again = pickle.loads(pickle.dumps(Sizes(5)))
        is_main = __name__ == "__main__"
        breakpoint()
        sys.path.append("elsewhere")
        """
    )
    assert found["is_main"] is True
    assert found["arguments"].n == 3
    assert found["again"].n == 5
    assert sys.modules["__main__"] is main and "elsewhere" not in sys.path


def test_what_it_leaves_is_as_it_was(run: Run) -> None:
    before = (
        builtins.open,
        os.path.exists,
        Path.exists,
        list(sys.argv),
        list(sys.meta_path),
        sys.modules.get("requests"),
    )
    with pytest.raises(ZeroDivisionError):
        run("1 / 0")
    assert before == (
        builtins.open, os.path.exists, Path.exists, list(sys.argv), list(sys.meta_path), sys.modules.get("requests")
    )  # fmt: skip


@pytest.mark.parametrize("code", ["n = int(input('n? '))", "import getpass\ngetpass.getpass()"])
def test_nobody_is_asked(run: Run, code: str) -> None:
    with pytest.raises(AsksForInput):
        run(code)


def test_modules_and_packages_beside_the_file(run: Run, tmp_path: Path) -> None:
    files = {
        "single_module_here.py": "value = 1",
        "package_here/__init__.py": "from .inner import value\nfrom . import other",
        "package_here/inner.py": "from package_here.deep.er import base\nvalue = base + 1",
        "package_here/other.py": "# coding: latin-1\nwords = open('some words.txt').read().split()\nname = 'é'",
        "package_here/deep/er.py": "from ..other import words\nbase = len(words)",
        "namespace_here/tools.py": "def double(x): return 2 * x",
        "src/module_in_src.py": "value = 7",
        "some words.txt": "a b c",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text.encode("latin-1" if "other" in name else "utf-8"))
    found = run(
        """
        import sys
        sys.path.insert(0, "src")
        import single_module_here
        import namespace_here.tools as tools
        from package_here import *
        from package_here import value, other
        import module_in_src
        total = (single_module_here.value, value, tools.double(4), module_in_src.value, other.name)
        """
    )
    assert found["total"] == (1, 4, 8, 7, "é")
    (tmp_path / "single_module_here.py").write_text("value = 2")
    assert run("import single_module_here\nv = single_module_here.value")["v"] == 2


def test_what_is_installed_can_be_read_and_not_written(run: Run) -> None:
    found = run(
        """
        import pathlib, msgspec, numpy, importlib.resources
        folder = pathlib.Path(msgspec.__file__).parent
        lengths = [
            len(open(folder / "__init__.py").read()),
            len((folder / "json.py").read_bytes()),
            len(importlib.resources.files("msgspec").joinpath("__init__.py").read_text()),
        ]
        with open(folder / "__init__.py", "w") as file:
            file.write("")
        import csv
        """
    )
    assert all(found["lengths"])
    import msgspec

    assert Path(msgspec.__file__).stat().st_size


def test_files_beside_it_of_any_kind(run: Run, tmp_path: Path) -> None:
    numpy = pytest.importorskip("numpy")
    numpy.save(tmp_path / "X.npy", numpy.arange(6.0))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_text("a,b\r\n1,2\r\n", newline="")
    (tmp_path / "words").write_bytes("Zoë".encode("latin-1"))
    found = run(
        """
        import os, pathlib, numpy as np, pandas as pd
        X = np.load("X.npy")
        table = pd.read_csv(os.path.join("data", "table.csv"))
        there = [pathlib.Path("X.npy").exists(), os.path.isfile("words"), pathlib.Path("no.npy").exists()]
        word = open("words", encoding="latin-1").read()
        raw = open("data/table.csv", newline="").read()
        """
    )
    assert list(found["X"]) == [0, 1, 2, 3, 4, 5]
    assert found["there"] == [True, True, False]
    assert (found["word"], found["raw"]) == ("Zoë", "a,b\r\n1,2\r\n")
    with pytest.raises(FileNotFoundError, match="the file missing"):
        run("import pandas\npandas.read_csv('missing.csv')")


def test_what_is_written_stays_in_memory(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kept.txt").write_text("kept")
    found = run(
        """
        import json, os, pathlib, torch
        os.makedirs("out", exist_ok=True)
        pathlib.Path("log.txt").write_text("one ")
        with open("log.txt", "a") as log:
            log.write("two")
        torch.save({"W": torch.ones(2)}, "model.pt")
        W = torch.load("model.pt")["W"]
        log = open("log.txt").read()
        there = os.path.exists("model.pt")
        import tempfile
        with tempfile.NamedTemporaryFile("w+") as temporary, tempfile.TemporaryFile() as other:
            temporary.write("x")
            named = os.path.basename(temporary.name)
        os.remove("kept.txt")
        pathlib.Path("kept.txt").unlink()
        """
    )
    assert (found["log"], found["there"], found["W"].sum()) == ("one two", True, 2)
    assert found["named"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept.txt"]


@pytest.mark.parametrize(
    "content", [b"", b"text", "Zoë".encode(), b"\xff\x00", b"a\r\nb", b"\0base64:", b"\xef\xbb\xbfx"]
)
def test_bytes_travel_as_text(content: bytes) -> None:
    assert content_of(as_served(content)) == content


def test_what_only_shows_things_need_not_be_installed(run: Run) -> None:
    found = run(
        """
        import matplotlib.pyplot as plt
        import seaborn as sns, wandb
        from matplotlib.colors import ListedColormap
        from tqdm.auto import tqdm, trange
        from IPython.display import display, clear_output
        from google.colab import drive
        drive.mount("/content/drive")
        fig, axes = plt.subplots(2, 2, figsize=(4, 4))
        axes[0, 1].plot([1, 2]).set_title("x")
        for axis in axes.flat:
            axis.grid(True)
        sns.set_theme()
        wandb.init(project="x").log({"loss": 1})
        bar = tqdm(range(3), desc="x")
        total = sum(bar) + sum(trange(4))
        bar.set_postfix(loss=1)
        with tqdm(total=3) as shown:
            shown.update(1)
        display(fig)
        plt.show()
        """
    )
    assert found["total"] == 9
    with pytest.raises(ModuleNotFoundError):
        run("import google.nothing_zz.x")
    with pytest.raises(ModuleNotFoundError):
        run("import nothing_zz")


def test_what_is_fetched_is_what_lies_beside(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a b")
    found = run(
        """
        import urllib.request, requests
        url = "https://example.org/some/words.txt"
        urllib.request.urlretrieve(url, "mine.txt")
        words = [open("mine.txt").read(), urllib.request.urlopen(url).read().decode(), requests.get(url).text]
        near = "words.txt"
        """
    )
    assert found["words"] == ["a b"] * 3
    with pytest.raises(FileNotFoundError):
        run("import urllib.request\nurllib.request.urlretrieve('https://example.org/none.tgz', 'none.tgz')")
    with pytest.raises(ConnectionError, match="nothing is fetched from the network"):
        run("import socket\nsocket.create_connection(('127.0.0.1', 9))")
