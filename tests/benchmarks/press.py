"""A key press without the terminal: how long an evaluation of each of the lesson's own answers takes.

Run by hand: ``python -m tests.benchmarks.press``. With ``--beside PYTHON``, the interpreter of an older checkout, the
same is measured there in the same run, answer by answer in turn, and the table has the ratio.

The first evaluation of an answer is what a key press costs: nothing about it is known yet. ``again`` is the median of
some more, as of keys that change nothing that matters. The double loop is ``dC`` written as two loops over a batch.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROUNDS = 8
DOUBLE_LOOP = """dC = torch.zeros_like(C)
for k in range(Xb.shape[0]):
    for j in range(Xb.shape[1]):
        dC[Xb[k,j]] += demb[k,j]
"""
MODULES = {
    "bench": ("ninja_tui.engine.evaluate.bench", "ninja_tui.engine.workbench"),
    "typing": ("ninja_tui.engine.evaluate.typing", "ninja_tui.engine.live"),
    "client": ("ninja_tui.engine.workers.client", "ninja_tui.engine.process"),
    "program": ("ninja_tui.lesson.program", "ninja_tui.lesson.answers"),
}
"""Where things are now, and where they were in older checkouts."""


def _module(name: str) -> Any:
    for path in MODULES[name]:
        try:
            return importlib.import_module(path)
        except ModuleNotFoundError:
            continue
    raise SystemExit(f"no module for {name}")


def evaluations() -> Iterator[tuple[str, list[float]]]:
    """For each answer the seconds of its evaluations, the first one first."""
    bench_module, typing = _module("bench"), _module("typing")
    read_lesson = importlib.import_module("ninja_tui.lesson.read").read_lesson
    _module("client").start_server()
    lesson = read_lesson("names")
    solution = Path(importlib.import_module("ninja_tui").__file__ or "").parent / "lessons" / "names" / "solution.py"
    program = _module("program").read_program(solution.read_text(encoding="utf-8"), lesson.asks, "solution.py")
    bench = bench_module.Workbench(lesson, bench_module.Options())
    bench.open()
    judge = typing.LiveJudge(bench)
    try:
        for answer in (*program.answers, None):
            node = answer.node if answer is not None else "C"
            last = next(each for each in program.answers if each.node == node)
            steps = program.steps[: last.steps[0]]
            code = DOUBLE_LOOP if answer is None else "\n".join(program.steps[each].code for each in last.steps)
            own = frozenset(each.node for each in program.answers if each.last < last.steps[0])
            place = typing.Place.after(node, steps, program.answers, own)
            judge.prepare(place)
            time.sleep(0.4)  # nobody types at once; the next runner is made in the meantime
            times: list[float] = []
            for _ in range(ROUNDS + 1):
                started = time.perf_counter()
                verdict = judge.evaluate(code, place)
                times.append(time.perf_counter() - started)
                if not verdict.passed:
                    raise SystemExit(f"{node}: {verdict}")
            yield f"d{node}" if answer is not None else "dC, two loops", times
    finally:
        judge.close()
        bench.close()


def measured(python: str | None) -> Iterator[tuple[str, list[float], list[float]]]:
    """Each answer with its times, and those of the older checkout."""
    if python is None:
        for name, times in evaluations():
            yield name, times, []
        return
    command = [python, str(Path(__file__).resolve()), "--raw"]
    root = Path(python).parents[2]
    surroundings = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root, env=surroundings
    ) as old:
        assert old.stdin is not None and old.stdout is not None
        for name, times in evaluations():
            print(file=old.stdin, flush=True)  # it goes on: the two never run at the same time
            yield name, times, json.loads(old.stdout.readline())[1]
        old.stdin.close()


def main() -> int:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(description="How long the evaluation of an answer takes.")
    parser.add_argument("--beside", metavar="PYTHON", help="the interpreter in the .venv of an older checkout")
    parser.add_argument("--raw", action="store_true", help="print the seconds as lines of JSON")
    options = parser.parse_args()
    if options.raw:
        waiting = evaluations()
        while sys.stdin.readline() and (each := next(waiting, None)) is not None:
            print(json.dumps(each), flush=True)
        return 0
    shown = Table(title="The evaluation of an answer, in ms")
    for heading in ("answer", "first", "again", "old: first", "again", "first: ratio", "again: ratio"):
        shown.add_column(heading, justify="left" if heading == "answer" else "right")
    firsts: list[float] = []
    for name, new, old in measured(options.beside):
        firsts.append(new[0])
        figures = [new[0], statistics.median(new[1:])]
        before = [old[0], statistics.median(old[1:])] if old else []
        ratios = [f"{now / then:.2f}" for now, then in zip(figures, before, strict=False)]
        shown.add_row(name, *(f"{each * 1e3:.1f}" for each in (*figures, *before)), *ratios)
    shown.caption = f"median of the first: {statistics.median(firsts) * 1e3:.1f} ms"
    Console().print(shown)
    return 0


if __name__ == "__main__":
    sys.exit(main())
