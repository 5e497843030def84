"""What locks a worker in: all of it, what is left where the kernel has less, and what there is without any."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ninja_tui.cli import main
from ninja_tui.doctor import diagnose
from ninja_tui.engine.events import Opened, RunsUnlocked
from ninja_tui.engine.protocol.probing import Forbidden
from ninja_tui.engine.workers import client
from tests.app.real_backend import started
from tests.helpers import right_answers, some_names

pytestmark = [pytest.mark.processes, pytest.mark.skipif(not Path("/proc").exists(), reason="locks are Linux's")]

WITHOUT_LANDLOCK = "Lock(None, seccomp.computing(opens_files=False), seccomp.computing(opens_files=True), None)"
WITHOUT_ANY = "Lock(None, None, None, None)"
NETWORK = "import torch\nw = torch.ones(2, requires_grad=True)\nh = w * 2\nloss = h.sum()\n"
LESSON = """# %% setup
import torch
w = torch.ones(2, requires_grad=True)
parameters = [w]
# %% minibatch
k = 2
# %% forward
h = w * k
loss = h.sum()
"""


@pytest.fixture
def lock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of workers that has this lock."""
    modules = "from ninja_tui.engine.workers.lock import Lock, seccomp; "
    boot = client.BOOT.replace("main({descriptor})", f"main({{descriptor}}, {request.param})")
    client.stop_server()
    monkeypatch.setattr(client, "BOOT", boot.replace("import main; ", f"import main; {modules}"))
    yield
    client.stop_server()


def submissions(folder: Path, count: int) -> list[str]:
    """Files that each read a secret in an answer, and have a right one behind it."""
    (folder / "some.txt").write_text(some_names(), encoding="utf-8")
    (folder / "secret").write_text("SECRET-42", encoding="utf-8")
    reads = f"import os\ndprobs = float(os.read(os.open({str(folder / 'secret')!r}, 0), 9))"
    text = f"{right_answers()['logprobs']}\n{reads}\n{right_answers()['counts_sum']}"
    paths = [folder / f"student{number}.py" for number in range(count)]
    for path in paths:
        path.write_text(text, encoding="utf-8")
    return [*map(str, paths), "--data", str(folder / "some.txt")]


def test_a_locked_worker_can_do_nothing_of_what_is_forbidden() -> None:
    assert {attempt.what for attempt in diagnose().attempts if attempt.refused is None} == set()


@pytest.mark.parametrize("lock", [WITHOUT_LANDLOCK], indirect=True)
@pytest.mark.usefixtures("lock")
def test_without_landlock_seccomp_opens_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {attempt.what for attempt in diagnose().attempts if attempt.refused is None} == set()
    main(["replay", *submissions(tmp_path, 2)])
    printed = capsys.readouterr()
    assert "SECRET-42" not in printed.out
    assert "Operation not permitted" in printed.out


@pytest.mark.parametrize("lock", [WITHOUT_ANY], indirect=True)
@pytest.mark.usefixtures("lock")
def test_without_a_lock_many_files_are_refused_unless_trusted_and_one_has_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed = {attempt.what for attempt in diagnose().attempts if attempt.refused is None}
    assert {Forbidden.READ, Forbidden.WRITE, Forbidden.CONNECT, Forbidden.FORK} <= allowed
    assert main(["doctor"]) == 1
    assert "Not protected" in capsys.readouterr().out

    assert main(["replay", *submissions(tmp_path, 2)]) == 2
    printed = capsys.readouterr()
    assert "--trust" in printed.err + printed.out
    assert "SECRET-42" not in printed.out

    assert main(["replay", *submissions(tmp_path, 2), "--trust"]) == 1
    printed = capsys.readouterr()
    assert "SECRET-42" in printed.out
    assert "warning" not in printed.err

    assert main(["replay", *submissions(tmp_path, 1)]) == 1
    printed = capsys.readouterr()
    assert "SECRET-42" in printed.out
    assert "warning: nothing on this system locks" in printed.err


@pytest.mark.parametrize("lock", [WITHOUT_ANY], indirect=True)
@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("train theirs.py --steps 1 --sample 0", f"{NETWORK}loss.backward()\ndh = torch.ones(2)\n"),
        ("export theirs.py --html page.html", f"{NETWORK}loss.backward()\ndh = torch.ones(2)\n"),
        ("check .", LESSON),
    ],
)
def test_without_a_lock_every_command_that_runs_a_file_warns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str, code: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("theirs.py", "forward.py"):
        Path(name).write_text(code, encoding="utf-8")
    main(command.split())
    assert "warning: nothing on this system locks" in capsys.readouterr().err


@pytest.mark.parametrize("lock", [WITHOUT_ANY], indirect=True)
@pytest.mark.usefixtures("lock")
@pytest.mark.parametrize("lasts", ["", "while True: pass\n"])
def test_without_a_lock_the_app_is_warned_before_a_file_runs(tmp_path: Path, lasts: str) -> None:
    script = tmp_path / "theirs.py"
    script.write_text(f"{lasts}{NETWORK}")
    with started(tmp_path / "solutions.py", lesson=str(script)) as real:
        assert real.event(RunsUnlocked).path == script
        if not lasts:
            real.event(Opened)


@pytest.mark.parametrize("lock", [WITHOUT_ANY], indirect=True)
@pytest.mark.usefixtures("lock")
def test_without_a_lock_a_lesson_of_our_own_needs_no_warning(tmp_path: Path) -> None:
    with started(tmp_path / "solutions.py", lesson="micrograd") as real:
        assert not any(isinstance(each, RunsUnlocked) for each in real.events(Opened))


@pytest.mark.parametrize("lock", [WITHOUT_LANDLOCK], indirect=True)
@pytest.mark.usefixtures("lock")
def test_a_file_that_is_locked_in_needs_no_warning(tmp_path: Path) -> None:
    script = tmp_path / "mine.py"
    script.write_text(NETWORK)
    with started(tmp_path / "solutions.py", lesson=str(script)) as real:
        assert not any(isinstance(each, RunsUnlocked) for each in real.events(Opened))
