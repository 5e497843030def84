"""``assert_gradients`` in a run of pytest: the page on it shows what is printed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "pytest.md"


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}.*?\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.processes
@pytest.mark.slow
def test_the_example_prints_what_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "test_layers.py").write_text(block("python title"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "test_layers.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert block("text") in done.stdout, done.stdout
    assert "2 failed" in done.stdout
    assert "ninja_tui" not in done.stdout.replace("from ninja_tui.testing", ""), "our own lines are not shown"


@pytest.mark.processes
def test_the_import_alone_loads_neither_textual_nor_rich() -> None:
    code = "import sys, ninja_tui.testing; print(sorted({'textual', 'rich', 'jupytext'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
