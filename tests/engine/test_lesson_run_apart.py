"""A stranger's lesson runs in a process of its own: its set-up changes nothing where answers to it are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Options, Workbench
from ninja_tui.engine.evaluate.program import ProgramJudge
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.errors import UsageError
from ninja_tui.lesson.read import is_bundled, read_lesson
from ninja_tui.lesson.solutions import Solutions
from tests.engine.test_judged_apart import ATTACKS

pytestmark = pytest.mark.processes

SETUP = """
import sys, builtins
import torch

def in_file():
    return "forward.py" in sys._getframe(2).f_code.co_filename

g = torch.Generator().manual_seed(3)
W = torch.randn(4, 5, generator=g)
V = torch.randn(5, 3, generator=g)
parameters = [W, V]
"""
MINIBATCH = """
x = torch.randn(6, 4, generator=g)
y = torch.randn(6, 3, generator=g)
"""
FORWARD = """
pre = x @ W
h = torch.tanh(pre)
out = h @ V
off = out - y
squares = off ** 2
loss = squares.mean()
"""
RIGHT = """
dsquares = torch.full_like(squares, 1 / 18)
doff = 2 * off * dsquares
dout = doff.clone()
dV = h.T @ dout
dh = dout @ V.T
dpre = (1 - h ** 2) * dh
dW = x.T @ dpre
"""
WRONG = """
dsquares = torch.full_like(squares, 1 / 6)
doff = off * dsquares
dout = doff * 3
dV = h.T @ dout * 3
dh = dout @ V.T * 5
dpre = h * dh * 7
dW = x.T @ dpre * 11
"""
NODES = {"squares", "off", "out", "V", "h", "pre", "W"}


def lesson(folder: Path, attack: str = "") -> Path:
    """The folder of a lesson whose set-up ends in ``attack``."""
    made = folder / "strange"
    made.mkdir()
    text = f"# %% setup{SETUP}{attack}\n# %% minibatch{MINIBATCH}\n# %% forward{FORWARD}"
    (made / "forward.py").write_text(text, encoding="utf-8")
    return made


def judged(folder: Path, answers: str) -> list[Verdict]:
    """The verdicts on ``answers``; none where the lesson cannot be opened, or an answer not be run."""
    bench = Workbench(read_lesson(str(folder)), Options())
    try:
        bench.open()
        program = Solutions(answers, "solutions.py", "strange").program("strange", sorted(NODES))
        return ProgramJudge(bench, program, 10.0).judge_all()
    except UsageError as error:
        assert "\n" not in str(error)
        return []
    finally:
        bench.close()


def test_a_strangers_lesson_is_judged_as_ours_are(tmp_path: Path) -> None:
    folder = lesson(tmp_path)
    assert {each.node for each in judged(folder, RIGHT) if each.passed} == NODES
    assert {each.node for each in judged(folder, WRONG) if not each.passed} == NODES


CAUGHT = (
    "a difference is 0", "all is close", "autograd gives zeros", "the judge says yes", "no verdict fails", "abs is 0",
)  # fmt: skip


@pytest.mark.parametrize("attack", CAUGHT)
def test_wrong_answers_stay_wrong_whatever_its_setup_changes(tmp_path: Path, attack: str) -> None:
    rows = judged(lesson(tmp_path, ATTACKS[attack]), WRONG)
    assert [each.node for each in rows if each.status is Status.PASS] == []


def test_only_bundled_lessons_run_where_they_are_judged(tmp_path: Path) -> None:
    assert is_bundled(read_lesson("names").path)
    assert not is_bundled(read_lesson(str(lesson(tmp_path))).path)
