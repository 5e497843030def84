"""``%ninja`` in IPython's own shell, with real workers: what a session has computed, judged."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from ninja_tui.jupyter.shown import Judged
from tests.docs.pages import alike, block

pytestmark = [pytest.mark.processes, pytest.mark.slow]

SETUP = """import torch
torch.manual_seed(3)
points = torch.tensor([float(line) for line in open('points.csv')]).view(8, 3)
W = torch.randn(3, 2, requires_grad=True)
b = torch.randn(1, 2, requires_grad=True)"""
FORWARD = """z = points @ W + b
h = torch.tanh(z)
loss = (h ** 2).mean()
for t in (z, h):
    t.retain_grad()
loss.backward()"""
IN_A_WORKER = "'ninja_tui.engine.workers.server' in sys.modules"
DH, DZ, DB = "dh = 2 * h / h.numel()", "dz = (1 - h**2) * dh", "db = dz.sum(0, keepdim=True)"


class Session:
    """A session of IPython, and what it prints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        config = Config()
        config.HistoryManager.hist_file = ":memory:"
        self.shell = InteractiveShell(  # type: ignore[no-untyped-call]
            user_module=ModuleType("session"), config=config
        )
        self._capsys = capsys

    def run(self, *cells: str) -> object:
        """Runs cells; what the last one gave."""
        result: object = None
        for cell in cells:
            result = self.shell.run_cell(cell, store_history=True).result  # type: ignore[no-untyped-call]
        return result

    def judged(self, line: str = "%ninja") -> Judged:
        """What ``%ninja`` gives."""
        result = self.run(line)
        assert isinstance(result, Judged), self.told()
        return result

    def told(self) -> str:
        """What was printed since this was last asked, without colours."""
        out, err = self._capsys.readouterr()
        return re.sub(r"\x1b\[[0-9;]*m", "", out + err)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Session]:
    numbers = (str((7 * each) % 11 / 5 - 1) for each in range(24))
    (tmp_path / "points.csv").write_text("\n".join(numbers), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made = Session(capsys)
    made.run("%load_ext ninja_tui")
    yield made
    made.run("%unload_ext ninja_tui")


def verdicts(judged: Judged) -> dict[str, str]:
    return {each.gradient: str(each.status) for lesson in judged.report.lessons for each in lesson.verdicts}


def test_right_and_wrong_answers_of_a_session(session: Session) -> None:
    session.run(SETUP, FORWARD, DH, DZ, "db = dz")
    judged = session.judged()
    assert verdicts(judged) == {"dh": "pass", "dz": "pass", "db": "fail"}
    assert "✗ In [6], line 1  db" in repr(judged)
    assert "not summed over axis 0" in judged._repr_html_()
    assert "<svg" in judged._repr_html_()


def test_cells_above_the_magic_in_the_same_cell_count_and_those_below_do_not(session: Session) -> None:
    session.run(SETUP, FORWARD)
    assert session.run(f"{DH}\n%ninja h\n{DZ}") is None
    assert verdicts(session.judged()) == {"dh": "pass", "dz": "pass"}
    above = session.run(f"{DB}\n%ninja")
    assert isinstance(above, Judged)
    assert verdicts(above) == {"dh": "pass", "dz": "pass", "db": "pass"}


def test_what_a_cell_awaits_is_judged(session: Session) -> None:
    session.run(SETUP, FORWARD, DH, f"import asyncio\nawait asyncio.sleep(0)\n{DZ}")
    session.run("async def later(value):\n    await asyncio.sleep(0)\n    return -value.sum(0, keepdim=True)")
    assert verdicts(session.judged()) == {"dh": "pass", "dz": "pass"}
    session.run("db = await later(dz)")
    judged = session.judged()
    assert verdicts(judged) == {"dh": "pass", "dz": "pass", "db": "fail"}
    assert not judged.report.notes


def test_a_note_advises_nothing_that_the_magic_does_not_have(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", lambda _="": "0.5")
    session.run(SETUP, FORWARD, "rate = float(input('rate? '))\nstep = rate * W.grad", DH)
    told = session.judged().text()
    assert "asks for `input()`, which nobody can give here" in told
    assert "--setup" not in told


def test_an_answer_given_again_counts_as_it_is_now(session: Session) -> None:
    session.run(SETUP, FORWARD, "dh = 3 * h", DH)
    judged = session.judged()
    assert verdicts(judged) == {"dh": "pass"}
    assert "dh in In [4] (fail)" in repr(judged)
    assert len(session.judged("%ninja -v").report.lessons[0].verdicts) == 2


def test_an_answer_that_raised_is_an_error_with_its_place_until_it_is_mended(session: Session) -> None:
    session.run(SETUP, FORWARD, DH, "dz = (1 - h**2) * dh\ndW = points @ dz\nunreached = 1")
    judged = session.judged()
    assert verdicts(judged) == {"dh": "pass", "dz": "pass", "dW": "error"}
    assert "✗ In [5], line 2  dW  error" in repr(judged)
    assert "what stands below is left out" in repr(judged)
    assert repr(judged).count("RuntimeError") == 1
    session.run("dW = points.T @ dz")
    mended = session.judged()
    assert verdicts(mended) == {"dh": "pass", "dz": "pass", "dW": "pass"}
    assert mended.report.notes == ()


def test_what_there_is_to_do_is_told_before_there_is_anything_to_judge(session: Session) -> None:
    session.run("%ninja")
    assert "nothing has run in this session yet: run the cells with the forward pass" in session.told()
    session.run(SETUP)
    session.run("%ninja")
    assert "cells that have run since the kernel started, with forward pass and loss.backward()" in session.told()


def test_options_and_nodes_that_are_not_there_are_told_in_a_line(session: Session) -> None:
    session.run(SETUP, FORWARD, DH, "%ninja --nothing")
    assert "UsageError: unrecognized arguments: --nothing" in session.told()
    session.run("%ninja dq")
    assert "no gradient of `dq`" in session.told()
    session.run("%ninja --help")
    assert "--no-watch" in session.told()


def test_a_hang_ends_in_time_and_costs_its_statement_alone(session: Session) -> None:
    session.run(SETUP, FORWARD, DH, f"import sys, time\nif {IN_A_WORKER}: time.sleep(60)")
    began = time.monotonic()
    judged = session.judged("%ninja --timeout 2")
    assert time.monotonic() - began < 30
    assert verdicts(judged) == {"dh": "pass"}
    assert "no end after 2 s" in repr(judged)


def test_data_stands_for_a_file_that_is_not_there(session: Session, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text((tmp_path / "points.csv").read_text(encoding="utf-8"), encoding="utf-8")
    session.run(SETUP, FORWARD, DH)
    (tmp_path / "points.csv").unlink()
    session.run("import os\nos.rename('other.csv', 'points.csv')")
    assert verdicts(session.judged()) == {"dh": "pass"}


def test_cmp_in_the_cells_does_no_harm_and_is_not_taken_for_more_than_it_compares(session: Session) -> None:
    session.run(
        SETUP, FORWARD, "from ninja_tui import cmp", DH, DZ, "db = -dz.sum(0, keepdim=True)\ndW = dz.T @ points"
    )
    plain = verdicts(session.judged())
    assert plain == {"dh": "pass", "dz": "pass", "db": "fail", "dW": "fail"}
    session.run("cmp('h', dh, h)\ncmp('z', dz, z)\ncmp('b', db, b)\ncmp('W', dW, W)")
    assert "transposed" in session.told()
    assert verdicts(session.judged()) == plain


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("cmp('z', (1 - h**2) * dh, z)", {"dh": "pass", "dz": "pass"}),
        ("cmp('z', (1 - h) * dh, z)", {"dh": "pass", "dz": "fail"}),
        (f"{DZ}\ncmp('b', dz.sum(0, keepdim=True), b)", {"dh": "pass", "dz": "pass", "db": "pass"}),
        (f"{DZ}\ncmp('W', -points.T @ dz, W)", {"dh": "pass", "dz": "pass", "dW": "fail"}),
    ],
)
def test_what_stands_in_the_call_of_cmp_is_judged_as_it_is(
    session: Session, answer: str, status: dict[str, str]
) -> None:
    session.run(SETUP, FORWARD, "from ninja_tui import cmp", DH, answer)
    judged = session.judged()
    assert verdicts(judged) == status
    assert "wrong-dtype" not in judged.text()


def test_watching_tells_what_changes_and_is_short_where_nothing_does(session: Session) -> None:
    session.run(SETUP)
    session.run("%ninja --watch", FORWARD)
    session.told()
    session.run(DH)
    assert "1 of 1 pass" in session.told()
    session.run("print('hello')", "word = 3")
    assert session.told() == "hello\n"
    session.run("dz = dh")
    told = session.told()
    assert "✗ In [8], line 1  dz" in told
    assert "1 of 2 pass" in told
    session.run("other = dh * 2")
    assert session.told() == "ninja: 1 of 2 pass, as before\n"
    session.run("dW = points @ dz")
    assert "✗ In [10], line 1  dW  error" in session.told()
    session.run("%ninja --no-watch", DZ)
    assert "pass" not in session.told()


def test_an_interrupt_ends_the_judging_and_the_session_goes_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.run(SETUP, FORWARD, DH)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("ninja_tui.jupyter.magic.replay_session", interrupted)
        session.run("%ninja")
    assert "interrupted: nothing was judged" in session.told()
    assert verdicts(session.judged()) == {"dh": "pass"}


def test_answers_to_a_lesson_are_judged_as_a_solutions_file(session: Session) -> None:
    session.run("# %% lesson: micrograd\n# %% o\ndo = 1.0", "dn = 1 - o**2")
    judged = session.judged()
    assert [lesson.lesson for lesson in judged.report.lessons] == ["micrograd"]
    assert "In [" in repr(judged)


def children(process: int) -> list[int]:
    """The processes that a process has started, but for ``ps`` itself."""
    told = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,comm="], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in told.splitlines())
    return [int(row[0]) for row in rows if int(row[1]) == process and row[2] != "ps"]


def waits_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.1)
    return condition()


def test_one_server_is_started_with_the_extension_and_ends_with_it(session: Session) -> None:
    session.run(SETUP, FORWARD, DH)
    before = children(os.getpid())
    session.judged()
    session.judged()
    assert children(os.getpid()) == before
    server = max(before)
    assert waits_for(lambda: children(server) == [])
    session.run("%unload_ext ninja_tui")
    assert waits_for(lambda: server not in children(os.getpid()))
    session.run("%ninja")
    assert "not found" in session.told()
    session.run("%reload_ext ninja_tui")
    assert verdicts(session.judged()) == {"dh": "pass"}


def test_the_page_shows_what_a_session_prints(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")
    shown = block("jupyter", "In [8]: %ninja").split("\n", 2)[2]
    network = (
        SETUP.replace("torch.tensor([float(line) for line in open('points.csv')]).view(8, 3)", "torch.randn(8, 3)"),
        *FORWARD.rsplit("\n", 1),
    )
    session.run(*network, "dh = 2 * h / h.numel()", "dz = (1-h)*dh", "db = dz.sum(0)")
    assert alike(repr(session.judged())).splitlines() == alike(shown).splitlines()
