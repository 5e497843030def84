"""What is loaded where: the static contracts do not see imports inside functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import right_answers, run, some_names

pytestmark = pytest.mark.processes

HEAVY = ("torch", "numpy", "textual", "rich", "jupytext", "multiprocessing", "tomlkit")


def loaded(code: str, cwd: Path) -> set[str]:
    """Which of the heavy packages are loaded in a new process after ``code``."""
    told = f"{code}\nimport sys\nprint('loaded', *[name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    done = subprocess.run(
        [sys.executable, "-c", told], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    return set(done.stderr.strip().split("\n")[-1].split()[1:])


def after_main(*arguments: str) -> str:
    return f"from ninja_tui.cli import main\ntry:\n    main({list(arguments)})\nexcept SystemExit:\n    pass"


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("--seed", "x"), (), ("replay", "--help"), ("--completion", "zsh")]
)
def test_the_command_line_alone_loads_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert loaded(after_main(*arguments), tmp_path) == set()


def test_replay_loads_neither_torch_nor_textual_in_the_process_that_asks(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    (tmp_path / "mine.py").write_text(right_answers()["logprobs"], encoding="utf-8")
    found = loaded(after_main("--replay", "mine.py", "--data", "some.txt"), tmp_path)
    assert found & {"torch", "numpy", "textual"} == set()


def test_no_process_of_a_replay_loads_textual(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    asked = f'import sys\n{right_answers()["logprobs"]}\ndlogprobs /= 0 if "textual" in sys.modules else 1\n'
    (tmp_path / "mine.py").write_text(asked, encoding="utf-8")
    done = run("--replay", "mine.py", "--data", "some.txt", cwd=tmp_path)
    assert "1 of 26 pass" in done.stdout


def test_cmp_loads_pytorch_and_nothing_else_until_a_gradient_is_wrong(tmp_path: Path) -> None:
    code = """import torch
before = {*sys.modules}
from ninja_tui import cmp
x = torch.ones(2, requires_grad=True)
x.sum().backward()
cmp('x', torch.ones(2), x)
print(*sorted({*sys.modules} - before))"""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1].split() == [
        "ninja_tui",
        "ninja_tui.comparing",
        "ninja_tui.formatting",
        "ninja_tui.version",
    ]


def test_the_package_alone_loads_nothing(tmp_path: Path) -> None:
    assert loaded("import ninja_tui\nninja_tui.__version__", tmp_path) == set()


def test_the_app_loads_neither_torch_nor_numpy_nor_what_writes_files(tmp_path: Path) -> None:
    found = loaded("import ninja_tui.tui.app", tmp_path)
    assert found & {"torch", "numpy", "jupytext", "tomlkit"} == set()
    assert "textual" in found


@pytest.mark.parametrize(
    "module",
    [
        "lesson.read",
        "lesson.words",
        "lesson.solutions",
        "lesson.program",
        "engine.evaluate.bench",
        "engine.process_backend",
    ],
)
def test_lessons_and_the_workbench_load_neither_torch_nor_textual(tmp_path: Path, module: str) -> None:
    found = loaded(f"import ninja_tui.{module}", tmp_path)
    assert found & {"torch", "numpy", "textual"} == set()


def test_a_recording_does_not_import_the_compiler(tmp_path: Path) -> None:
    code = """
from ninja_tui.engine.recording.recorder import Recorder
import torch
recorder = Recorder()
with recorder.running():
    torch.ones(2) * 2
assert len(recorder.record.steps) == 2
if "torch._dynamo" in __import__("sys").modules:
    import textual
"""
    assert "textual" not in loaded(code, tmp_path)
