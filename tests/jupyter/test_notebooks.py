"""Notebooks in real kernels: the lecture's exercise, right and wrong, and what becomes of processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager, start_new_kernel

from tests.jupyter.support import NETWORK, answers, executed, shown, write_names
from tests.jupyter.test_shell import DH, FORWARD, IN_A_WORKER, SETUP, children, waits_for

pytestmark = [pytest.mark.processes, pytest.mark.slow]

WITHOUT_NETWORK = """import socket
def refuse(self, address, connect=socket.socket.connect):
    assert self.family == socket.AF_UNIX, f'a connection to {address}'
    return connect(self, address)
socket.socket.connect = refuse"""
LOAD = "%load_ext ninja_tui\nfrom ninja_tui import cmp"


def test_the_lectures_exercise_answered_right(tmp_path: Path) -> None:
    write_names(tmp_path)
    compared = "cmp('probs', dprobs, probs)\ncmp('hprebn', dhprebn, hprebn)"
    notebook = executed([WITHOUT_NETWORK, LOAD, *NETWORK, answers(), compared, "%ninja"], tmp_path)
    assert "exact: True  | approximate: True  | maxdiff: 0.0" in shown(notebook.cells[-2])
    told = shown(notebook.cells[-1])
    assert told.startswith("the session   26 of 26 pass")
    assert "✗" not in told
    html = shown(notebook.cells[-1], "text/html")
    assert "26 of 26 pass" in html
    assert html.count('class="badge pass"') == 26
    assert "<svg" not in html


def test_the_lectures_exercise_with_mistakes(tmp_path: Path) -> None:
    write_names(tmp_path)
    code = answers(
        W2="dW2 = dlogits.T @ h",
        b2="db2 = -dlogits.sum(0)",
        probs="dprobs = dlogprobs",
        bngain="dbngain = dhpreact * bnraw",
    )
    notebook = executed([LOAD, *NETWORK, code, "%ninja", "cmp('b2', db2, b2)", "%ninja bngain"], tmp_path)
    told, html = shown(notebook.cells[-3]), shown(notebook.cells[-3], "text/html")
    assert "22 of 26 pass · 4 fail" in told
    for node, kind in (("dW2", "transposed"), ("db2", "sign"), ("dbngain", "not-summed")):
        (line,) = [each for each in told.split("\n") if each.startswith("✗ In [5]") and f"  {node}  " in each]
        assert line.endswith(kind)
        assert f'<span class="label">{kind}</span>' in html
    assert html.count("<svg") >= 2
    assert "| exact: False | approximate: False | maxdiff:" in shown(notebook.cells[-2])
    assert "not summed over axis 0: `bngain` (1, 64) was broadcast there" in shown(notebook.cells[-1])


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    (tmp_path / "points.csv").write_text("\n".join(str(each % 5 - 2) for each in range(24)), encoding="utf-8")
    manager, client = start_new_kernel(cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def run(client: BlockingKernelClient, *cells: str) -> list[str]:
    """What cells show, as text."""
    told: list[str] = []

    def hook(message: dict[str, dict[str, object]]) -> None:
        content = message["content"]
        data = content.get("data")
        text = data["text/plain"] if isinstance(data, dict) else content.get("text") or content.get("evalue")
        if text is not None:
            told.append(str(text))

    for cell in cells:
        client.execute_interactive(cell, output_hook=hook, timeout=120)
    return told


def process_of(client: BlockingKernelClient) -> int:
    return int(run(client, "import os; print(os.getpid())")[-1])


def test_the_server_dies_with_a_kernel_that_is_killed(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    manager, client = kernel
    told = run(client, SETUP, FORWARD, DH, "%load_ext ninja_tui", "%ninja", "%ninja")
    assert told[-2:] == ["the session   1 of 1 pass · 1 exact"] * 2
    (server,) = children(process_of(client))
    manager.signal_kernel(9)
    assert waits_for(lambda: not is_alive(server))


def is_alive(process: int) -> bool:
    told = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False).stdout
    return bool(told.strip()) and not told.startswith("Z")


def test_an_interrupt_ends_the_judging_and_not_the_session(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    manager, client = kernel
    run(client, SETUP, FORWARD, DH, "%load_ext ninja_tui", "%ninja")
    run(client, f"import sys, time\nif {IN_A_WORKER}: time.sleep(60)")
    client.execute("%ninja --timeout 50")
    time.sleep(3)
    began = time.monotonic()
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=30)
    assert time.monotonic() - began < 10
    assert reply["content"]["evalue"] == "interrupted: nothing was judged"
    (server,) = children(process_of(client))
    assert waits_for(lambda: children(server) == [])
    assert "1 of 1 pass" in run(client, "%ninja --timeout 1")[-1]


def test_a_restart_says_that_cells_are_to_be_run_again(kernel: tuple[KernelManager, BlockingKernelClient]) -> None:
    manager, client = kernel
    run(client, SETUP, FORWARD, DH, "%load_ext ninja_tui", "%ninja")
    manager.restart_kernel(now=True)
    client.wait_for_ready(timeout=60)
    told = "\n".join(run(client, "%load_ext ninja_tui", "%ninja"))
    assert "after a restart of the kernel, run them again" in told
