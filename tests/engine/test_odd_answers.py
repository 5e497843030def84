"""Answers that give, leave behind or do something odd: each costs itself at the most."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.typing import LiveJudge, Place
from ninja_tui.engine.protocol.verdict import Status
from tests.helpers import right_answers, run, solution_with, some_names, verdicts

pytestmark = pytest.mark.processes

LATER = dict.fromkeys(list(right_answers())[8:], "")
"""Left out, where the first eight nodes show as much."""

ODD = {
    "too many dimensions": "dprobs = torch.zeros([1] * 65)",
    "the largest float": "dprobs = torch.full_like(probs, torch.finfo(probs.dtype).max)",
    "a billion entries": "dprobs = torch.zeros(10**9, dtype=torch.int8)",
    "as many as a view can have": "dprobs = torch.zeros(1).expand(2**40)",
    "many entries": "dprobs = torch.ones(2_000_000)",
    "a long outer axis": "dprobs = torch.ones(3_000, 1, 1)",
    "no entry": "dprobs = torch.empty(0, 27)",
    "quantized": "dprobs = torch.quantize_per_tensor(probs, 0.1, 0, torch.qint8)",
    "sparse": "dprobs = probs.to_sparse()",
    "nested": "dprobs = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])",
    "on no device": "dprobs = torch.empty(32, 27, device='meta')",
    "a conjugate": "dprobs = torch.conj(torch.ones(32, 27, dtype=torch.complex64))",
    "a subclass": "class T(torch.Tensor): pass\ndprobs = torch.ones(32, 27).as_subclass(T)",
}


@pytest.mark.parametrize("code", ODD.values(), ids=ODD.keys())
def test_whatever_an_answer_gives_costs_that_answer(bench: Workbench, code: str) -> None:
    judged = verdicts(bench, solution_with(probs=code, **LATER))
    assert judged.pop("probs").status in (Status.FAIL, Status.ERROR)
    assert {verdict.status for verdict in judged.values()} == {Status.PASS}


@pytest.mark.parametrize("code", [code for code in ODD.values() if "10**9" not in code])
def test_whatever_an_answer_gives_costs_that_answer_while_it_is_typed(bench: Workbench, code: str) -> None:
    judge = LiveJudge(bench)
    try:
        assert judge.evaluate(code, Place("probs")).status in (Status.FAIL, Status.ERROR, Status.TIMEOUT)
        assert judge.evaluate(right_answers()["probs"], Place("probs")).passed
    finally:
        judge.close()


LEFT_BEHIND = {
    "inference tensors": "with torch.inference_mode():\n    {code}",
    "an inference tensor that others change": "with torch.inference_mode():\n    {code}\n    probs = probs + 0",
    "the default dtype": "torch.set_default_dtype(torch.float64)\n{code}",
    "gradients that are recorded": "torch.set_grad_enabled(True)\n{code}",
}


@pytest.mark.parametrize("code", LEFT_BEHIND.values(), ids=LEFT_BEHIND.keys())
def test_what_an_answer_leaves_behind_does_not_change_the_next(bench: Workbench, code: str) -> None:
    judged = verdicts(bench, solution_with(logprobs=code.format(code="dlogprobs = torch.zeros_like(logprobs)")))
    wrong = {node for node, verdict in judged.items() if not verdict.passed}
    assert wrong == {"logprobs"}


def test_answers_made_in_inference_mode_are_right(bench: Workbench) -> None:
    inside = {
        node: "with torch.inference_mode():\n" + "".join(f"    {line}\n" for line in code.split("\n"))
        for node, code in right_answers().items()
    }
    assert {verdict.status for verdict in verdicts(bench, solution_with(**inside)).values()} == {Status.PASS}


STOP_AFTER_REPLY = """\
import gc, os, signal
(channel,) = [thing for thing in gc.get_objects() if type(thing).__name__ == "Channel"]
send = type(channel).send
def send_and_stop(self, *frames, **named):
    send(self, *frames, **named)
    os.kill(os.getpid(), signal.{name})
type(channel).send = send_and_stop
"""
"""The reply to the statement is sent, and then its process answers nothing any more."""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGSTOP", "SIGKILL"])
def test_a_process_that_stops_just_after_its_reply_costs_the_answer_that_stopped_it(
    bench: Workbench, name: str
) -> None:
    began = time.monotonic()
    code = f"dprobs = (exec({STOP_AFTER_REPLY.format(name=name)!r}, {{}}), (1.0 / probs) * dlogprobs)[1]"
    judged = verdicts(bench, solution_with(probs=code, **LATER))
    assert [node for node, verdict in judged.items() if not verdict.passed] == ["probs"]
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_a_process_that_stops_behind_the_last_answer_is_an_error_of_that_answer(bench: Workbench) -> None:
    code = right_answers()["logprobs"] + "\nimport threading, os, signal, time\n"
    code += "def stop(dlogprobs=dlogprobs):\n    time.sleep(0.001)\n    os.kill(os.getpid(), signal.SIGSTOP)\n"
    judged = verdicts(bench, code + "dlogprobs += 0 * bool(threading.Thread(target=stop).start())\n")
    assert not judged["logprobs"].passed


@pytest.mark.slow
def test_a_process_that_stops_while_nothing_is_typed_costs_nothing(bench: Workbench) -> None:
    judge = LiveJudge(bench)
    stopping = "import os, signal, threading, time\ndef stop():\n    time.sleep(0.05)\n"
    stopping += "    os.kill(os.getpid(), signal.SIGSTOP)\nthreading.Thread(target=stop).start()\n"
    try:
        judge.evaluate(stopping + right_answers()["probs"], Place("probs"))
        time.sleep(0.3)
        assert judge.evaluate(right_answers()["probs"], Place("probs")).passed
    finally:
        judge.close()


SHADOWS = (
    "random", "token", "copy", "torch", "numpy", "struct", "enum", "typing", "msgspec", "json", "logging", "select",
    "signal", "argparse", "rich", "jupytext",
)  # fmt: skip


def test_no_module_beside_a_file_is_imported_by_a_process_of_ours(tmp_path: Path) -> None:
    for shadow in SHADOWS:
        (tmp_path / f"{shadow}.py").write_text(f"raise SystemExit('{shadow} is imported')\n", encoding="utf-8")
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    (tmp_path / "mine.py").write_text(right_answers()["logprobs"], encoding="utf-8")
    done = run("--replay", "mine.py", "--data", "some.txt", cwd=tmp_path)
    assert done.stderr == ""
    assert "1 of 26 pass" in done.stdout


def test_no_worker_has_the_current_folder_on_its_path(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text(some_names(), encoding="utf-8")
    looks = f"{{'', '.', {str(tmp_path)!r}}} & set(sys.path)"
    answer = f"import sys\n{right_answers()['logprobs']}\ndlogprobs *= 0 if {looks} else 1\n"
    (tmp_path / "mine.py").write_text(answer, encoding="utf-8")
    done = run("--replay", "mine.py", "--data", "some.txt", cwd=tmp_path)
    assert "1 of 26 pass" in done.stdout
