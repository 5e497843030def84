"""What several test files need: the bundled solution in parts, and files and code judged."""

from __future__ import annotations

import ast
import functools
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ninja_tui.cli import main
from ninja_tui.engine.evaluate.bench import Workbench
from ninja_tui.engine.evaluate.program import Comparison, ProgramJudge
from ninja_tui.engine.protocol.verdict import Status, Verdict
from ninja_tui.lesson.model import Lesson
from ninja_tui.lesson.read import LESSONS, read_lesson
from ninja_tui.lesson.solutions import Solutions, read_solutions
from ninja_tui.lesson.words import read_words

NAMES = LESSONS / "names"
SOLUTION = NAMES / "solution.py"
WALK = [
    "logprobs",
    "probs",
    "counts_sum_inv",
    "counts_sum",
    "counts",
    "norm_logits",
    "logit_maxes",
    "logits",
    "h",
    "W2",
    "b2",
    "hpreact",
    "bngain",
    "bnraw",
    "bnbias",
    "bnvar_inv",
    "bnvar",
    "bndiff2",
    "bndiff",
    "bnmeani",
    "hprebn",
    "embcat",
    "W1",
    "b1",
    "emb",
    "C",
]


@functools.cache
def names_lesson() -> Lesson:
    """The names lesson, read once."""
    return read_lesson("names")


@functools.cache
def some_names() -> str:
    """Every twentieth of the lesson's names: the shapes are the same, and what a new runner costs is not."""
    return "\n".join(read_words("names.txt")[::20])


@functools.cache
def right_answers() -> dict[str, str]:
    """The bundled solution's code by node."""
    return {node: answer.code for node, answer in read_solutions(SOLUTION, "names").answers("names", WALK).items()}


def solution_with(**changes: str) -> str:
    """The bundled solution with other code for some nodes; an empty text leaves a node out."""
    answers = {**right_answers(), **changes}
    cells = [f"# %% {node}\n{answers[node]}\n" for node in WALK if answers[node]]
    return "# %% lesson: names\n" + "".join(cells)


def a_file(folder: Path, text: str, name: str = "mine.py") -> Path:
    """A new file in ``folder`` that holds ``text``."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def is_code(span: str) -> bool:
    """Whether ``span`` is more than a name: an assignment, an operation, a call or an index."""
    try:
        tree = ast.parse(span)
    except SyntaxError:
        return True
    plain = (ast.Module, ast.Expr, ast.Name, ast.Load, ast.Attribute, ast.Constant)
    return any(not isinstance(part, plain) for part in ast.walk(tree))


def pasteable(hints: Iterable[str], node: str) -> list[str]:
    """What in ``hints`` could be pasted as a part of the answer to ``node``: its gradient's name, and code."""
    found = [hint for hint in hints if re.search(rf"\bd{node}\b", re.sub(r"`[^`]*`", "", hint))]
    return found + [span for hint in hints for span in re.findall(r"`([^`]*)`", hint) if is_code(span)]


def rerun(bench: Workbench, code: str, timeout: float = 10.0) -> tuple[list[Verdict], list[Comparison]]:
    """Every verdict on ``code``, in file order, and what its own calls of ``cmp`` gave."""
    program = Solutions(code, "solutions.py", "names").program("names", WALK)
    judging = ProgramJudge(bench, program, timeout)
    return judging.judge_all(), judging.comparisons


def verdicts(bench: Workbench, code: str, timeout: float = 10.0) -> dict[str, Verdict]:
    """The verdicts on ``code`` by node; each node has one answer at the most."""
    found, _ = rerun(bench, code, timeout)
    by_node = {verdict.node: verdict for verdict in found}
    assert len(by_node) == len(found)
    return by_node


EXACT = {(Status.PASS, True)}
"""What ``others`` gives where all the others pass exactly."""


def others(by_node: dict[str, Verdict], node: str) -> set[tuple[Status, bool]]:
    """The statuses and ``exact`` of all nodes but one."""
    return {(verdict.status, verdict.exact) for name, verdict in by_node.items() if name != node}


def replay_json(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code of ``--replay`` and the report that it writes to stdout."""
    capsys.readouterr()
    code = main(["--replay", str(path), "--json", "-", *options])
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, report


def run(
    *arguments: str, cwd: Path, environment: dict[str, str] | None = None, timeout: float = 120.0
) -> subprocess.CompletedProcess[str]:
    """``python -m ninja_tui`` as a process of its own, without a terminal; hangs are errors."""
    return subprocess.run(
        [sys.executable, "-m", "ninja_tui", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
