"""Answers that do not come to a gradient: they raise, end their process, or have no end."""

from __future__ import annotations

import pytest

from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.protocol.verdict import Status
from tests.helpers import EXACT, others, solution_with, verdicts

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("dprobs = 1 / 0", "ZeroDivisionError: division by zero"),
        ("dprobs = torch.zeros(3) @ probs", "RuntimeError: "),
        ("dprobs = (1.0 / probz) * dlogprobs", "NameError: name 'probz' is not defined; did you mean `probs`?"),
        ("dprobs = C[ix[Xb]]['[bold]']", "IndexError: "),
        ("dprobs = exit()", "SystemExit"),
        ("dprobs = quit(0)", "SystemExit: 0"),
        ("raise SystemExit(0)\ndprobs = 1 / 0", "ZeroDivisionError"),
        ("dprobs = torch.zeros(10**12)", "RuntimeError: "),
        ("dprobs = [0] * 10**12", "MemoryError"),
        ("f = lambda: f()\ndprobs = f()", "line 6: RecursionError: "),
        ("import os\ndprobs = os._exit(0)", "the answer ended its process"),
        ("import os\ndprobs = os.kill(os.getpid(), 9)", "the answer ended its process"),
        ("import os\ndprobs = os.abort()", "the answer ended its process"),
        ("import ctypes\ndprobs = ctypes.string_at(0)", "the answer ended its process"),
        ("if n == 0:\n    dprobs = 1", "the answer does not bind dprobs"),
        ("dprobs = 1\ndel dprobs\ndprobs += 1", "NameError: name 'dprobs' is not defined"),
        ("dprobs = 1\ndprobs = dprobs + return_", "NameError: name 'return_' is not defined"),
    ],
)
def test_an_answer_that_raises_or_ends_is_an_error_in_its_own_words(bench: Workbench, answer: str, said: str) -> None:
    found = verdicts(bench, solution_with(probs=answer))
    verdict = found["probs"]
    error = str(verdict.error)
    assert (verdict.status, verdict.shape, verdict.exact) == (Status.ERROR, None, False)
    assert error.startswith(said)
    assert "\n" not in error
    assert others(found, "probs") == EXACT


def test_an_error_inside_a_statement_of_several_lines_has_its_own_line(bench: Workbench) -> None:
    code = "# why\ndprobs = torch.zeros_like(probs)\nfor i in range(2):\n    x = i\n    dprobs[i, 99] = 1"
    verdict = verdicts(bench, code)["probs"]
    assert verdict.line == 2
    assert str(verdict.error).startswith("line 5: IndexError: ")


@pytest.mark.parametrize(
    "answer",
    [
        "dprobs = 0\nwhile True:\n    dprobs += 1",
        "import time\ndprobs = time.sleep(3600)",
        "try:\n    while True: pass\nfinally:\n    dprobs = 1",
        "class Slow(Exception):\n    def __str__(self):\n        while n: pass\nif n:\n    dprobs = 1\n    raise Slow",
    ],
    ids=["loop", "sleep", "finally", "message"],
)
def test_an_answer_without_an_end_times_out_and_the_others_are_judged(bench: Workbench, answer: str) -> None:
    found = verdicts(bench, solution_with(probs=answer), timeout=1.0)
    assert (found["probs"].status, found["probs"].error) == (Status.TIMEOUT, "no end after 1 s")
    assert others(found, "probs") == EXACT


@pytest.mark.slow
def test_several_hangs_and_crashes_cost_one_answer_each(bench: Workbench) -> None:
    hang = "while True:\n    {} = 1"
    answers = {"probs": hang.format("dprobs"), "C": hang.format("dC"), "h": "import os\ndh = os._exit(1)"}
    found = verdicts(bench, solution_with(**answers), timeout=1.0)
    assert {node: found[node].status for node in answers} == {
        "probs": Status.TIMEOUT,
        "C": Status.TIMEOUT,
        "h": Status.ERROR,
    }
    assert {verdict.exact for node, verdict in found.items() if node not in answers} == {True}


def test_a_helper_that_hangs_costs_only_what_needs_it(bench: Workbench) -> None:
    helper = "while True:\n    t = 1.0\n"
    found = verdicts(bench, solution_with(probs=f"{helper}dprobs = t / probs * dlogprobs"), timeout=1.0)
    assert found["probs"].status is Status.ERROR
    assert str(found["probs"].error).startswith("NameError")
    assert others(found, "probs") == EXACT


@pytest.mark.parametrize(
    ("answer", "line", "raised"),
    [
        ("dprobs = (1.0 / probz) * dlogprobs", 0, "probz"),
        ("dprobs = dlogprobs * (probs @ h) + 1", 0, "probs @ h"),
        ("größe = 'ü'; dprobs = probs.shape[5]", 0, "probs.shape[5]"),
        ("dprobs = 1.0 / probs\ndprobs *= nobody", 1, "nobody"),
        ("dprobs = torch.ones(1)\nfor k in range(2):\n    dprobs += C[99]", 2, "C[99]"),
        ("def f(x):\n    return x.nothing\n\ndprobs = f(probs)", 1, "x.nothing"),
    ],
)
def test_what_raised_has_its_place(bench: Workbench, answer: str, line: int, raised: str) -> None:
    text = solution_with(probs=answer)
    verdict = verdicts(bench, text)["probs"]
    at = verdict.raised
    assert at is not None
    lines = text.split("\n")
    assert lines[at.line - 1].endswith(at.source)
    assert at.line == lines.index("# %% probs") + 2 + line
    assert at.source[at.column - 1 : at.end_column - 1] == raised
